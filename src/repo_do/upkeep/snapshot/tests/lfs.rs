//! Objects of Git LFS in R2: shared with forks, given up, taken again while a release is on its way,
//! missed and lost.

use std::cell::Cell;

use super::super::audit::{Audit, LfsCheck};
use super::super::secure::{Securing, Surroundings};
use super::super::testing::{Memory, NOW, Store, now, repository};
use super::{Account, FORK, GRACE_MS, Member, NETWORK, apart, decided, maintain, work};
use crate::git::lfs::LfsOid;
use crate::repo_do::r2::lfs_presence::LfsPresence;
use crate::repo_do::state::failure::SnapshotError;
use crate::storage::network::store::{Purpose, Taking};
use crate::storage::r2::bucket::{Bucket as _, lfs_key};
use crate::storage::r2::recovery_record::RecordReader;
use crate::storage::repository::copies::Release;

fn oid(byte: u8) -> LfsOid {
    LfsOid::from([byte; 32])
}

fn key(oid: &LfsOid) -> String {
    lfs_key(NETWORK, oid)
}

/// An upload from its begin to its end, as the object and the Worker do it.
fn upload(
    (account, id): (&Account, &'static str),
    store: &Store,
    oid: &LfsOid,
) -> Result<(), SnapshotError> {
    let begun = store.begin_lfs_object((oid, 3), &key(oid), NOW)?;
    if begun.is_stored {
        return Ok(());
    }
    store.join_network(NETWORK)?;
    let keys = [key(oid)];
    let take = || account.ledger.take_at(id, &keys, Purpose::Write, begun.at);
    assert_eq!(account.call(take)??, Taking::Taken);
    now(account.bucket.put(&keys[0], vec![7; 3]))?;
    assert!(store.finish_lfs_object((oid, 3), NOW)?);
    Ok(())
}

fn forget(store: &Store, oids: &[LfsOid]) {
    store.forget_lfs_objects(oids, key, NOW).unwrap();
}

/// A network whose messages of release come last: the object was uploaded again meanwhile.
struct Late<'a> {
    member: Member<'a>,
    store: &'a Store,
    again: LfsOid,
}

impl Surroundings for Late<'_> {
    async fn hold(&self, key: &str) -> Result<(), SnapshotError> {
        self.member.hold(key).await
    }

    async fn release(&self, releases: &[Release]) -> Result<(), SnapshotError> {
        upload((self.member.0, self.member.1), self.store, &self.again)?;
        self.member.release(releases).await
    }

    async fn leave(&self) -> Result<(), SnapshotError> {
        self.member.leave().await
    }

    async fn pause(&self) {}
}

#[test]
fn a_release_that_comes_after_a_new_upload_takes_nothing_away() {
    let account = &Account::new(None, false);
    let (store, _) = repository(9);
    upload((account, NETWORK), &store, &oid(1)).unwrap();
    upload((account, NETWORK), &store, &oid(2)).unwrap();
    // All within one millisecond, so that no clock tells the order.
    forget(&store, &[oid(1), oid(2)]);
    let around = Late {
        member: Member(account, NETWORK),
        store: &store,
        again: oid(1),
    };
    let securing = Securing {
        store: &store,
        bucket: &account.bucket,
        around: &around,
        network_id: NETWORK,
    };
    assert_eq!(now(securing.give_back(NOW)), Ok(true));
    let held = account.ledger.held_by(NETWORK).unwrap();
    assert_eq!(held, [key(&oid(1))]);
    account.ring(NOW + GRACE_MS).unwrap();
    let size = |byte| now(account.bucket.size(&key(&oid(byte)))).unwrap();
    assert_eq!((size(1), size(2)), (Some(3), None));
    assert!(store.lfs_object(&oid(1)).unwrap().unwrap().is_stored);
    assert_eq!(
        store.next_release(),
        Ok(None),
        "nothing is left to give back"
    );
    // Given up once more, it goes.
    forget(&store, &[oid(1)]);
    let member = Member(account, NETWORK);
    assert_eq!(now(work(&store, &member).give_back(NOW + 9)), Ok(true));
    account.ring(NOW + GRACE_MS).unwrap();
    assert_eq!(size(1), None);
}

#[test]
fn an_object_that_was_given_up_and_taken_while_another_is_released_stays() {
    let account = &Account::new(None, false);
    let (store, _) = repository(9);
    upload((account, NETWORK), &store, &oid(1)).unwrap();
    forget(&store, &[oid(1)]);
    // The list of releases is read, and then the object is begun and given up again.
    let stale = store.releases_due(NOW).unwrap();
    upload((account, NETWORK), &store, &oid(1)).unwrap();
    forget(&store, &[oid(1)]);
    account
        .ledger
        .release_decided(NETWORK, decided(&stale), NOW + GRACE_MS)
        .unwrap();
    store.end_release(&stale[0]).unwrap();
    let left = store.releases_due(NOW + 9).unwrap();
    assert_eq!(left.len(), 1, "the later release is still to be sent");
    let member = Member(account, NETWORK);
    assert_eq!(now(work(&store, &member).give_back(NOW + 9)), Ok(true));
    assert_eq!(account.ledger.held_by(NETWORK), Ok(vec![]));
}

#[test]
fn an_object_that_a_fork_names_stays_until_the_fork_leaves() {
    let account = &Account::new(None, false);
    let (store, _) = repository(9);
    for byte in 1..=3 {
        upload((account, NETWORK), &store, &oid(byte)).unwrap();
    }
    account.share(&[key(&oid(1)), key(&oid(2))]).unwrap();
    forget(&store, &[oid(1), oid(3)]);
    let member = Member(account, NETWORK);
    while now(work(&store, &member).give_back(NOW)).unwrap() {}
    account.ring(NOW + GRACE_MS).unwrap();
    let there = || {
        let objects = account.bucket.objects.borrow();
        let lfs = objects.keys().filter(|key| key.starts_with("lfs/"));
        lfs.cloned().collect::<Vec<_>>()
    };
    assert_eq!(there(), [key(&oid(1)), key(&oid(2))]);
    account.ledger.leave(FORK, NOW, NOW + GRACE_MS).unwrap();
    account.ring(NOW + GRACE_MS).unwrap();
    assert_eq!(there(), [key(&oid(2))]);
    now(work(&store, &member).take_leave(NETWORK)).unwrap();
    account.ring(NOW + GRACE_MS).unwrap();
    assert!(there().is_empty());
}

#[test]
fn an_audit_names_missing_damaged_unheld_and_stray_objects() {
    let account = &Account::new(None, false);
    let (store, _) = repository(9);
    let member = Member(account, NETWORK);
    let audit = |check| now(work(&store, &member).audit(NETWORK, check)).unwrap();
    // Objects of these bytes have other names: only digests tell.
    for byte in 1..=5 {
        upload((account, NETWORK), &store, &oid(byte)).unwrap();
    }
    let sound = Audit {
        objects: 5,
        lfs_objects: 5,
        ..Audit::default()
    };
    assert_eq!(audit(LfsCheck::Sizes), sound);
    let digests = audit(LfsCheck::Digests);
    assert_eq!((digests.missing, digests.problems.len()), (5, 5));
    let bucket = &account.bucket;
    now(bucket.delete(&key(&oid(2)))).unwrap();
    now(bucket.put(&key(&oid(3)), vec![0; 4])).unwrap();
    now(bucket.put(&key(&oid(9)), vec![0; 4])).unwrap();
    account
        .ledger
        .release(NETWORK, &[key(&oid(4))], NOW)
        .unwrap();
    let astray = [key(&oid(8))];
    account
        .ledger
        .take(NETWORK, &astray, Purpose::Write)
        .unwrap();
    let found = audit(LfsCheck::Sizes);
    let counts = (found.missing, found.unheld, found.astray, found.orphaned);
    assert_eq!(counts, (2, 1, 1, 1), "{found:?}");
    for (byte, told) in [
        (2, "is missing"),
        (3, "has 4 bytes, not 3"),
        (4, "is not in the network's account"),
        (8, "which is named no more"),
        (9, "is named by nobody"),
    ] {
        let key = key(&oid(byte));
        let is_told = |problem: &String| problem.contains(&key) && problem.contains(told);
        assert!(found.problems.iter().any(is_told), "{byte}: {found:?}");
    }
}

#[test]
fn a_record_names_the_objects_and_is_written_again_after_an_upload() {
    let account = &Account::new(None, false);
    let (store, _) = repository(9);
    let member = Member(account, NETWORK);
    store.join_network(NETWORK).unwrap();
    let recorded = || {
        maintain(&work(&store, &member), NETWORK, 1).unwrap();
        let objects = account.bucket.objects.borrow();
        let mut reader = RecordReader::new();
        reader
            .feed(&objects[&format!("records/{NETWORK}")])
            .unwrap();
        let named = reader.take_lfs_objects();
        reader.finish().unwrap();
        named.iter().map(|(oid, _)| *oid).collect::<Vec<_>>()
    };
    assert_eq!(recorded(), []);
    upload((account, NETWORK), &store, &oid(2)).unwrap();
    upload((account, NETWORK), &store, &oid(1)).unwrap();
    store
        .begin_lfs_object((&oid(3), 3), &key(&oid(3)), NOW)
        .unwrap();
    assert_eq!(recorded(), [oid(1), oid(2)]);
    forget(&store, &[oid(1)]);
    assert_eq!(recorded(), [oid(2)]);
}

/// Two objects, one of which a fork has too, given up with one failing call; false when it was over
/// before that.
fn call_fails(nth: u32, took_effect: bool) -> bool {
    let label = &format!("call {nth}, took effect: {took_effect}");
    let mut account = Account::new(None, took_effect);
    let (store, _) = repository(9);
    for byte in 1..=2 {
        upload((&account, NETWORK), &store, &oid(byte)).unwrap();
    }
    account.share(&[key(&oid(1))]).unwrap();
    forget(&store, &[oid(1), oid(2)]);
    account.bucket.countdown = Cell::new(Some(nth));
    let mut failed = false;
    for _ in 0..2 {
        let member = Member(&account, NETWORK);
        let back = now(work(&store, &member).give_back(NOW));
        failed |= back.is_err() || account.ring(NOW + GRACE_MS).is_err();
    }
    let struck = account.bucket.countdown.get().is_none();
    assert_eq!(failed, struck, "{label}: a fault went unnoticed");
    apart(&account, || {
        account.ring(NOW + GRACE_MS).unwrap();
        let left = now(account.bucket.list("lfs/", None)).unwrap();
        assert_eq!(left, [(key(&oid(1)), 3)], "{label}");
        assert_eq!(store.next_release(), Ok(None), "{label}");
        assert_eq!(account.ledger.held_by(NETWORK), Ok(vec![]), "{label}");
    });
    struck
}

#[test]
fn an_object_that_is_given_up_goes_whichever_call_fails() {
    for took_effect in [false, true] {
        let mut nth = 0;
        while call_fails(nth, took_effect) {
            nth += 1;
        }
        assert!(nth >= 2, "every call was reached, {nth} seen");
    }
}

#[test]
fn objects_are_found_by_a_list_for_many_of_them() {
    let bucket = Memory::default();
    let put = |network: &str, byte: u8| {
        let key = lfs_key(network, &oid(byte));
        now(bucket.put(&key, vec![0; usize::from(byte)])).unwrap();
    };
    for byte in [1, 2, 3, 4, 5, 200] {
        put("one", byte);
    }
    put("other", 7);
    let calls = bucket.calls.get();
    let mut presence = LfsPresence::new(&bucket, "one");
    for byte in [1, 2, 3, 4, 5, 6, 7, 200, 201, 202] {
        let expect = (![6, 7, 201, 202].contains(&byte)).then_some(u64::from(byte));
        assert_eq!(now(presence.size(&oid(byte))), Ok(expect), "{byte}");
    }
    // Pages of two: 1 2, 3 4, 5 200, and nothing.
    assert_eq!(bucket.calls.get() - calls, 4);
}
