//! The copies of a repository that is purged, with R2, the account of its network or its own
//! database failing at each call or write, before it took effect or after. Live data is never lost, the
//! record in R2 names only objects that exist, and a repeated purge finishes.

use std::ops::ControlFlow;

use super::super::audit::LfsCheck;
use super::super::purge::{PurgeAccount, PurgedCopies};
use super::super::secure::{Securing, Surroundings};
use super::super::testing::{Memory, NOW, Store, now, repository};
use super::{Account, FORK, Member, NETWORK, PACK_BYTES, apart, decided, maintain, work};
use crate::git::store::{CHUNK_BYTES, PackId, PackStore as _, Part, Quarantine as _};
use crate::repo_do::contract::Holder;
use crate::repo_do::state::failure::SnapshotError;
use crate::storage::db::faulty::Faulty;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::db::sql::Database;
use crate::storage::network::store::NetworkMember;
use crate::storage::r2::bucket::record_key;
use crate::storage::r2::recovery_record::RecordReader;
use crate::storage::repository::copies::Release;
use crate::storage::repository::publication::{PackPublication, Publication, RefUpdate};
use crate::storage::repository::store::RepoStore;
use crate::storage::repository::sweep::Sweep;

const SUCCESSOR_BYTES: usize = CHUNK_BYTES - 9;

impl PurgeAccount for Member<'_> {
    /// In the order of the network's object, which removes the given-up keys within the request.
    async fn purge(&self, releases: Vec<Release>) -> Result<Vec<Holder>, SnapshotError> {
        let account = self.0;
        account.call(|| {
            let releases = decided(&releases);
            account.ledger.release_decided(self.1, releases, NOW)
        })??;
        account.call(|| account.ledger.hasten(NOW))??;
        account.ring(NOW)?;
        let holders = account.call(|| account.ledger.may_still_hold(self.1))??;
        Ok(holders.into_iter().map(Holder::from).collect())
    }
}

/// A repository that is purged, and the call that fails.
#[derive(Debug, Clone, Copy)]
struct Case {
    /// Whether a fork names the pack that was replaced.
    is_forked: bool,
    /// Whether the call or write that fails takes effect all the same.
    took_effect: bool,
}

/// Every case.
fn cases() -> impl Iterator<Item = Case> {
    let all = [(false, false), (false, true), (true, false), (true, true)];
    all.into_iter().map(|(is_forked, took_effect)| Case {
        is_forked,
        took_effect,
    })
}

/// A repository whose only pack was just replaced: R2 has the old one, a record that names it, and a
/// ready clone.
fn replaced(account: &Account, is_forked: bool) -> Store {
    let (store, _) = repository(PACK_BYTES);
    store.join_network(NETWORK).unwrap();
    let member = Member(account, NETWORK);
    maintain(&work(&store, &member), NETWORK, 1).unwrap();
    assert_eq!(account.bucket.objects.borrow().len(), 3);
    if is_forked {
        account.share(&store.r2_keys().unwrap()[..1]).unwrap();
        let fork = NetworkMember {
            repository_id: FORK.to_owned(),
            namespace: "acme".to_owned(),
            name: "fork".to_owned(),
        };
        account.ledger.note_member(&fork).unwrap();
    }
    let old: Vec<PackId> = store
        .live_packs()
        .unwrap()
        .iter()
        .map(|pack| pack.pack_id)
        .collect();
    let pack_id = store.open_pack().unwrap();
    store
        .put_chunk(pack_id, 0, &vec![7; SUCCESSOR_BYTES])
        .unwrap();
    for part in [Part::Index, Part::Graph, Part::Introduced] {
        store.put_part(pack_id, part, 0, &[7; 1000]).unwrap();
    }
    let successor = PackPublication {
        pack_id,
        pack_bytes: SUCCESSOR_BYTES as u64,
        object_count: 2,
    };
    store.supersede(&old, &successor, NOW).unwrap();
    let in_progress = std::collections::BTreeSet::new();
    let sweep = Sweep {
        now_ms: NOW,
        grace_ms: 0,
        superseded_until_ms: INTEGER_MAX,
        rows_max: 99,
        in_progress: &in_progress,
        scrubs: true,
    };
    assert_eq!(store.sweep(sweep), Ok(false));
    store
}

fn securing<'a, D>(
    store: &'a RepoStore<D>,
    member: &'a Member<'a>,
) -> Securing<'a, D, Memory, Member<'a>> {
    Securing {
        store,
        bucket: &member.0.bucket,
        around: member,
        network_id: NETWORK,
    }
}

/// The work of a purge for the copies.
fn purge<D: Database>(
    store: &RepoStore<D>,
    account: &Account,
) -> Result<PurgedCopies, SnapshotError> {
    let member = &Member(account, NETWORK);
    let securing = securing(store, member);
    now(securing.forget_ready_clone(NOW))?;
    if store.recorded()?.is_some() {
        assert!(now(securing.renew_record())?);
    }
    now(securing.give_up_all())
}

/// After any failure the refs and the live pack are here, and R2 has the objects that its record names.
fn check_whole<D: Database>(store: &RepoStore<D>, bucket: &Memory, label: &str) {
    let mut refs = Vec::new();
    store
        .visit_refs(b"refs/", |found| {
            refs.push(found.name.to_string());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(refs, ["refs/heads/main"], "{label}");
    let live = store.live_packs().unwrap();
    assert_eq!(live.len(), 1, "{label}");
    let chunk = store.chunk(live[0].pack_id, 0).unwrap();
    assert_eq!(chunk.len(), SUCCESSOR_BYTES, "{label}");
    let objects = bucket.objects.borrow();
    let mut reader = RecordReader::new();
    reader.feed(&objects[&record_key(NETWORK)]).unwrap();
    assert_eq!(reader.take_refs().len(), 1, "{label}");
    for pack in reader.finish().unwrap().packs {
        let found = objects.get(&pack.r2_key).map(|bytes| bytes.len() as u64);
        assert_eq!(found, Some(pack.pack_bytes), "{label}: {}", pack.r2_key);
    }
}

/// After a purge that ended: R2 has the live pack, its record, and the packs that a fork still names.
fn check_purged(store: &Store, account: &Account, is_forked: bool, label: &str) {
    let store = &RepoStore::new(store.database(), Box::new(|| NOW));
    check_whole(store, &account.bucket, label);
    let sound = super::super::audit::Audit {
        objects: if is_forked { 2 } else { 1 },
        ..Default::default()
    };
    let member = &Member(account, NETWORK);
    let audit = now(securing(store, member).audit(NETWORK, LfsCheck::Sizes));
    assert_eq!(audit, Ok(sound), "{label}");
    let count = if is_forked { 3 } else { 2 };
    assert_eq!(account.bucket.objects.borrow().len(), count, "{label}");
    assert_eq!(store.next_release(), Ok(None), "{label}");
    assert_eq!(store.ready_clone(), Ok(None), "{label}");
    assert_eq!(account.ledger.next_due(), Ok(None), "{label}");
    let holders = account.ledger.may_still_hold(NETWORK).unwrap();
    assert_eq!(holders.len(), usize::from(is_forked), "{label}");
}

/// One purge with one failing call; false when it was over before that.
fn call_fails(nth: u32, case: Case) -> bool {
    let label = &format!("call {nth}, {case:?}");
    let mut account = Account::new(None, case.took_effect);
    let store = replaced(&account, case.is_forked);
    account.bucket.countdown = std::cell::Cell::new(Some(nth));
    let purged = purge(&store, &account);
    let struck = account.bucket.countdown.get().is_none();
    assert_eq!(purged.is_err(), struck, "{label}: a fault went unnoticed");
    apart(&account, || {
        check_whole(&store, &account.bucket, label);
        let purged = purge(&store, &account).unwrap();
        assert_eq!(purged.holders.len(), usize::from(case.is_forked), "{label}");
        check_purged(&store, &account, case.is_forked, label);
    });
    struck
}

/// The same with one failing write of the repository's database.
fn write_fails(nth: u32, case: Case) -> bool {
    let label = &format!("write {nth}, {case:?}");
    let account = Account::new(None, false);
    let store = replaced(&account, case.is_forked);
    let faulty = Faulty::new(store.database(), nth, case.took_effect);
    let faulty = RepoStore::new(faulty, Box::new(|| NOW));
    let purged = purge(&faulty, &account);
    let struck = faulty.database().has_struck();
    assert_eq!(purged.is_err(), struck, "{label}: a fault went unnoticed");
    check_whole(&faulty, &account.bucket, label);
    // In the same instance, whose memory saw the fault, and after a restart.
    if nth.is_multiple_of(2) {
        purge(&faulty, &account).unwrap();
    }
    drop(faulty);
    let woken = RepoStore::new(store.database(), Box::new(|| NOW));
    purge(&woken, &account).unwrap();
    check_purged(&store, &account, case.is_forked, label);
    struck
}

fn for_every_fault(fails: fn(u32, Case) -> bool, at_least: u32) {
    for case in cases() {
        let mut nth = 0;
        while fails(nth, case) {
            nth += 1;
            assert!(nth < 100, "a purge has an end");
        }
        assert!(nth >= at_least, "every one was reached, {nth} seen");
    }
}

#[test]
fn a_purge_whose_calls_fail_loses_nothing_and_finishes_when_repeated() {
    for_every_fault(call_fails, 12);
}

#[test]
fn a_purge_whose_writes_fail_loses_nothing_and_finishes_when_repeated() {
    for_every_fault(write_fails, 6);
}

/// Pushes that do not end: another is published whenever a pack is about to be copied.
struct Pushed<'a> {
    member: Member<'a>,
    store: &'a Store,
}

impl Surroundings for Pushed<'_> {
    async fn hold(&self, key: &str) -> Result<(), SnapshotError> {
        self.member.hold(key).await?;
        let pack_id = self.store.open_pack()?;
        self.store.put_chunk(pack_id, 0, &pack_id.0.to_be_bytes())?;
        for part in [Part::Index, Part::Graph, Part::Introduced] {
            self.store.put_part(pack_id, part, 0, &[7; 1000])?;
        }
        let push = Publication {
            pack: Some(PackPublication {
                pack_id,
                pack_bytes: 4,
                object_count: 1,
            }),
            updates: vec![RefUpdate {
                name: format!("refs/heads/{}", pack_id.0).into(),
                old: None,
                new: Some(gix_hash::ObjectId::from([1; 20])),
                peeled: None,
            }],
            now_ms: NOW,
            ..Publication::default()
        };
        self.store.publish(&push)?;
        Ok(())
    }

    async fn release(&self, releases: &[Release]) -> Result<(), SnapshotError> {
        self.member.release(releases).await
    }

    async fn leave(&self) -> Result<(), SnapshotError> {
        self.member.leave().await
    }

    async fn pause(&self) {}
}

impl PurgeAccount for Pushed<'_> {
    async fn purge(&self, releases: Vec<Release>) -> Result<Vec<Holder>, SnapshotError> {
        self.member.purge(releases).await
    }
}

#[test]
fn a_purge_gives_nothing_up_while_the_record_still_names_it() {
    let account = Account::new(None, false);
    let store = replaced(&account, false);
    let around = Pushed {
        member: Member(&account, NETWORK),
        store: &store,
    };
    let securing = Securing {
        store: &store,
        bucket: &account.bucket,
        around: &around,
        network_id: NETWORK,
    };
    now(securing.forget_ready_clone(NOW)).unwrap();
    assert_eq!(now(securing.renew_record()), Ok(false));
}
