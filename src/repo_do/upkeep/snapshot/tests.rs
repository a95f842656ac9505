//! A repository and its fork from the first copy to the end of both, with R2 or the account of their
//! network failing at each call, before it took effect or after. The next run finishes after any failure;
//! nothing is lost, and in the end nothing is left.

use std::cell::Cell;

use super::audit::{Audit, Ledger, LfsCheck};
use super::secure::{Securing, Surroundings};
use super::testing::{Memory, NOW, Store, now, repository};
use crate::git::store::{CHUNK_BYTES, PackId, PackStore as _, Part};
use crate::repo_do::state::failure::SnapshotError;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::network::store::{DEPARTURE_MS, NetworkStore, Purpose, Taking};
use crate::storage::r2::bucket::{Bucket as _, ready_key, record_key};
use crate::storage::repository::copies::Release;
use crate::storage::repository::ready_clone::{ReadyClone, fingerprint};
use crate::storage::repository::store::NewRepository;
use crate::storage::repository::testing::new_repository;

mod lfs;
mod purging;

const NETWORK: &str = "0123456789abcdef";
const FORK: &str = "fork000000000000";
const GRACE_MS: i64 = 1_000;
const PACK_BYTES: usize = CHUNK_BYTES + 5;

/// The account, as the object of a network keeps it; its calls fail as R2's do.
struct Account {
    bucket: Memory,
    ledger: NetworkStore<RusqliteDatabase>,
}

impl Account {
    fn new(nth: Option<u32>, took_effect: bool) -> Self {
        Self {
            bucket: Memory {
                countdown: Cell::new(nth),
                took_effect,
                ..Memory::default()
            },
            ledger: NetworkStore::new(RusqliteDatabase::in_memory().unwrap()),
        }
    }

    fn call<T>(&self, act: impl FnOnce() -> T) -> Result<T, SnapshotError> {
        let ledger = |_| SnapshotError::Ledger {
            key: String::new(),
            message: "injected".to_owned(),
        };
        self.bucket.call("the account", act).map_err(ledger)
    }

    fn share(&self, keys: &[String]) -> Result<(), SnapshotError> {
        let taking = self.call(|| self.ledger.take(FORK, keys, Purpose::Share))??;
        assert_eq!(taking, Taking::Taken);
        Ok(())
    }

    /// Its alarm: removes keys that nobody has named for long enough.
    fn ring(&self, now_ms: i64) -> Result<(), SnapshotError> {
        let keys = self.ledger.begin_removal(now_ms, 9)?;
        for key in &keys {
            now(self.bucket.delete(key))?;
        }
        Ok(self.ledger.removed(&keys, now_ms)?)
    }
}

/// Keys, and when it was decided to give them up.
fn decided(releases: &[Release]) -> impl Iterator<Item = (&str, i64)> + Clone {
    releases
        .iter()
        .map(|release| (release.r2_key.as_str(), release.not_before))
}

/// A repository of the network.
struct Member<'a>(&'a Account, &'static str);

impl Surroundings for Member<'_> {
    async fn hold(&self, key: &str) -> Result<(), SnapshotError> {
        let keys = [key.to_owned()];
        let take = || self.0.ledger.take(self.1, &keys, Purpose::Write);
        assert_eq!(self.0.call(take)??, Taking::Taken);
        Ok(())
    }

    async fn release(&self, releases: &[Release]) -> Result<(), SnapshotError> {
        let due_at = NOW + GRACE_MS;
        Ok(self.0.call(|| {
            let releases = decided(releases);
            self.0.ledger.release_decided(self.1, releases, due_at)
        })??)
    }

    async fn leave(&self) -> Result<(), SnapshotError> {
        let due_at = NOW + GRACE_MS;
        Ok(self.0.call(|| self.0.ledger.leave(self.1, NOW, due_at))??)
    }

    async fn pause(&self) {}
}

impl Ledger for Member<'_> {
    /// In pages of two, so that there is more than one.
    async fn held(&self, after: &str) -> Result<Vec<String>, SnapshotError> {
        Ok(self
            .0
            .call(|| self.0.ledger.held_after(self.1, after, 2))??)
    }

    async fn unheld(&self, keys: Vec<String>) -> Result<Vec<String>, SnapshotError> {
        Ok(self.0.call(|| self.0.ledger.unheld(self.1, &keys))??)
    }

    async fn unnamed(&self, keys: Vec<String>) -> Result<Vec<String>, SnapshotError> {
        Ok(self.0.call(|| self.0.ledger.unnamed(&keys))??)
    }
}

type Work<'a> = Securing<'a, RusqliteDatabase, Memory, Member<'a>>;

fn work<'a>(store: &'a Store, member: &'a Member<'a>) -> Work<'a> {
    Securing {
        store,
        bucket: &member.0.bucket,
        around: member,
        network_id: NETWORK,
    }
}

/// The alarm's work for R2, from any state on.
fn maintain(work: &Work<'_>, id: &str, tip: u8) -> Result<(), SnapshotError> {
    now(work.end_strays(NOW))?;
    for pack in work.store.stored_packs()? {
        now(work.secure(&pack))?;
        work.store.cool(pack.pack_id)?;
        while work.store.drop_cold_chunks(2)? > 0 {}
    }
    now(work.write_record())?;
    let fingerprint = fingerprint(vec![gix_hash::ObjectId::from([tip; 20])]);
    let r2_key = ready_key(id, &fingerprint);
    if work
        .store
        .ready_clone()?
        .is_none_or(|ready| ready.r2_key != r2_key)
    {
        work.store.release_later(&r2_key, NOW + GRACE_MS)?;
        now(work.around.hold(&r2_key))?;
        now(work.bucket.put(&r2_key, vec![tip; 99]))?;
        let ready = ReadyClone {
            r2_key,
            fingerprint,
            response_bytes: 99,
            object_count: 3,
            made_at: NOW,
            written: None,
        };
        work.store.set_ready_clone(&ready, NOW)?;
    }
    while now(work.give_back(NOW))? {}
    Ok(())
}

fn fork(source: &Work<'_>, account: &Account) -> Result<Store, SnapshotError> {
    let packs = source.store.shared_packs()?.expect("r2 has them");
    let store = Store::new(RusqliteDatabase::in_memory().unwrap(), Box::new(|| NOW));
    store.begin_fork(&NewRepository {
        id: FORK,
        name: "fork",
        ..new_repository(NOW)
    })?;
    store.join_network(NETWORK)?;
    let keys: Vec<_> = packs.iter().map(|pack| pack.r2_key.clone()).collect();
    let shared = account.share(&keys).and_then(|()| {
        for part in [Part::Index, Part::Graph, Part::Introduced] {
            let rows =
                (0..).map_while(|number| source.store.shared_row(PackId(1), part, number).unwrap());
            for row in rows {
                store.put_part_row(&row)?;
            }
        }
        Ok(store.end_fork(&packs, "refs/heads/main".into(), NOW)?)
    });
    // A fork that fails is ended, by the request or by the alarm.
    let Err(error) = shared else {
        return Ok(store);
    };
    store.begin_deletion()?;
    let member = Member(account, FORK);
    let _ = now(work(&store, &member).take_leave(FORK));
    now(work(&store, &member).take_leave(FORK)).unwrap();
    Err(error)
}

fn sound(work: &Work<'_>, id: &str, label: &str) {
    let audit = now(work.audit(id, LfsCheck::Digests)).unwrap();
    let objects = audit.objects;
    let expected = Audit {
        objects,
        ..Audit::default()
    };
    assert_eq!(audit, expected, "{label}");
    for pack in work.store.stored_packs().unwrap() {
        let wrong = now(work.check_copy(&pack)).unwrap();
        assert_eq!(wrong, None, "{label}");
        // Its chunks are in rows now, whole.
        let chunks = (0..2).map(|number| work.store.chunk(pack.pack_id, number).unwrap().len());
        assert_eq!(chunks.sum::<usize>(), PACK_BYTES, "{label}");
    }
    while work.store.drop_cold_chunks(9).unwrap() > 0 {}
}

/// Does it, and once more when it failed; whether it did.
fn twice(label: &str, mut act: impl FnMut() -> Result<(), SnapshotError>) -> bool {
    let failed = act().is_err();
    if failed {
        act().unwrap_or_else(|error| panic!("{label}: {error}"));
    }
    failed
}

/// The whole life with one failing call; false when it was over before that.
fn life(nth: u32, took_effect: bool, source_first: bool) -> bool {
    let label = &format!("call {nth}, took effect: {took_effect}, source first: {source_first}");
    let account = &Account::new(Some(nth), took_effect);
    let (source, _) = repository(PACK_BYTES);
    let (member, of_fork) = (&Member(account, NETWORK), &Member(account, FORK));
    source.join_network(NETWORK).unwrap();
    let source = &work(&source, member);
    let mut failed = twice(label, || maintain(source, NETWORK, 1));
    failed |= twice(label, || maintain(source, NETWORK, 2));
    let mut forked = None;
    failed |= twice(label, || {
        // The repository of a fork that failed is another one than that of the next.
        account.ledger.forget_departures(NOW + DEPARTURE_MS)?;
        forked = Some(fork(source, account)?);
        Ok(())
    });
    let forked = forked.unwrap();
    let forked = &work(&forked, of_fork);
    failed |= twice(label, || maintain(forked, FORK, 1));
    apart(account, || {
        sound(source, NETWORK, label);
        sound(forked, FORK, label);
    });

    let mut ends = [(source, NETWORK), (forked, FORK)];
    if !source_first {
        ends.reverse();
    }
    let [first, last] = ends;
    failed |= twice(label, || now(first.0.take_leave(first.1)));
    failed |= twice(label, || account.ring(NOW + GRACE_MS));
    apart(account, || sound(last.0, last.1, label));
    let own = |key: &String| key.contains(&format!("y/{}", first.1)) || *key == record_key(first.1);
    assert!(!account.bucket.objects.borrow().keys().any(own), "{label}");
    failed |= twice(label, || now(last.0.take_leave(last.1)));
    failed |= twice(label, || account.ring(NOW + GRACE_MS));
    assert!(account.bucket.objects.borrow().is_empty(), "{label}");
    account
        .ledger
        .forget_departures(NOW + DEPARTURE_MS)
        .unwrap();
    assert_eq!(account.ledger.is_over(), Ok(true), "{label}");
    let struck = account.bucket.countdown.get().is_none();
    assert_eq!(struck, failed, "{label}: a fault went unnoticed");
    failed
}

/// Looks without a fault.
fn apart(account: &Account, look: impl FnOnce()) {
    let countdown = account.bucket.countdown.take();
    look();
    account.bucket.countdown.set(countdown);
}

#[test]
fn after_any_failure_in_a_life_nothing_is_lost_and_nothing_left() {
    for (took_effect, source_first) in [(false, false), (false, true), (true, false), (true, true)]
    {
        let mut nth = 0;
        while life(nth, took_effect, source_first) {
            nth += 1;
            assert!(nth < 200, "a life has an end");
        }
        assert!(nth > 30, "every call was reached, {nth} seen");
    }
}
