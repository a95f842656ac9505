//! Copying with R2 failing at each call, before the call took effect or after.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::super::testing::{Memory, NOW, Store, now, repository};
use super::*;
use crate::git::store::PackStore as _;
use crate::storage::repository::publication::{Publication, RefUpdate};

/// Counts the keys that are held, and removes objects that nobody holds.
struct Holds<'a> {
    bucket: &'a Memory,
    held: RefCell<BTreeSet<String>>,
}

impl Surroundings for Holds<'_> {
    async fn hold(&self, key: &str) -> Result<(), SnapshotError> {
        self.held.borrow_mut().insert(key.to_owned());
        Ok(())
    }

    async fn release(&self, releases: &[Release]) -> Result<(), SnapshotError> {
        for release in releases {
            self.bucket.delete(&release.r2_key).await?;
            self.held.borrow_mut().remove(&release.r2_key);
        }
        Ok(())
    }

    async fn leave(&self) -> Result<(), SnapshotError> {
        for key in self.held.take() {
            self.bucket.delete(&key).await?;
        }
        Ok(())
    }

    async fn pause(&self) {}
}

fn only_pack(store: &Store) -> StoredPack {
    let mut packs = store.stored_packs().unwrap();
    assert_eq!(packs.len(), 1);
    packs.remove(0)
}

/// Copies with one failing call; false when the work was over before it.
fn fault(pack_bytes: usize, nth: u32, took_effect: bool) -> bool {
    let label = format!("call {nth} of {pack_bytes} bytes, took effect: {took_effect}");
    let (store, bytes) = repository(pack_bytes);
    let bucket = Memory {
        countdown: Cell::new(Some(nth)),
        took_effect,
        ..Memory::default()
    };
    let around = Holds {
        bucket: &bucket,
        held: RefCell::default(),
    };
    let securing = Securing {
        store: &store,
        bucket: &bucket,
        around: &around,
        network_id: "network",
    };
    let failed = now(securing.secure(&only_pack(&store))).is_err();
    assert_eq!(failed, only_pack(&store).r2_key.is_none(), "{label}");
    bucket.countdown.set(None);

    let key = now(securing.secure(&only_pack(&store))).unwrap().unwrap();
    assert_eq!(only_pack(&store).r2_key, Some(key.clone()), "{label}");
    assert_eq!(bucket.objects.borrow().get(&key), Some(&bytes), "{label}");
    assert_eq!(store.upload(PackId(1)), Ok(None), "{label}");
    assert!(around.held.borrow().contains(&key), "{label}");
    assert_eq!(bucket.objects.borrow().len(), 1, "{label}");
    // An upload that began although R2 said no is known to nobody; R2 gives it up by itself.
    let strays = bucket.uploads.borrow().len();
    assert!(strays == 0 || took_effect, "{label}: {strays} uploads");
    failed
}

#[test]
fn a_copy_that_fails_anywhere_is_taken_up_by_the_next_run() {
    for pack_bytes in [9, PART_BYTES, PART_BYTES + 77] {
        for took_effect in [false, true] {
            let mut nth = 0;
            while fault(pack_bytes, nth, took_effect) {
                nth += 1;
            }
            let calls = if pack_bytes > PART_BYTES { 7 } else { 3 };
            assert_eq!(nth, calls, "every call was reached");
        }
    }
}

#[test]
fn a_copy_that_r2_has_wrong_is_written_again() {
    let (store, _) = repository(100);
    let bucket = &Memory::default();
    let around = Holds {
        bucket,
        held: RefCell::default(),
    };
    let securing = Securing {
        store: &store,
        bucket,
        around: &around,
        network_id: "network",
    };
    let key = now(securing.secure(&only_pack(&store))).unwrap().unwrap();
    // The same bytes in another repository of the network, where R2 has them wrong.
    let (other, bytes) = repository(100);
    bucket
        .objects
        .borrow_mut()
        .insert(key.clone(), vec![7; 100]);
    let securing = Securing {
        store: &other,
        ..securing
    };
    assert_eq!(
        now(securing.secure(&only_pack(&other))),
        Ok(Some(key.clone()))
    );
    assert_eq!(bucket.objects.borrow()[&key], bytes, "it was mended");
}

#[test]
fn a_cold_pack_says_so_chunk_by_chunk() {
    let (store, bytes) = repository(3 * CHUNK_BYTES + 5);
    let bucket = Memory::default();
    let around = Holds {
        bucket: &bucket,
        held: RefCell::default(),
    };
    let securing = Securing {
        store: &store,
        bucket: &bucket,
        around: &around,
        network_id: "network",
    };
    assert_eq!(store.cool(PackId(1)), Ok(false), "R2 has no copy");
    now(securing.secure(&only_pack(&store))).unwrap();
    assert_eq!(store.drop_cold_chunks(10), Ok(0), "nothing is cold");
    assert_eq!(store.cool(PackId(1)), Ok(true));
    assert_eq!(store.drop_cold_chunks(3), Ok(3));
    assert_eq!(store.drop_cold_chunks(3), Ok(1));
    assert_eq!(store.drop_cold_chunks(3), Ok(0));
    let cold = |chunk| StoreError::Cold { pack: 1, chunk };
    assert_eq!(store.chunk(PackId(1), 2), Err(cold(2)));
    let missing = store.chunk(PackId(1), 4).unwrap_err();
    assert_eq!(missing.cold(), None, "there never was a fifth chunk");
    let chunk = bytes[2 * CHUNK_BYTES..3 * CHUNK_BYTES].to_vec();
    store
        .warm_chunk(PackId(1), 2, chunk.clone(), false)
        .unwrap();
    assert_eq!(*store.chunk(PackId(1), 2).unwrap(), chunk);
    assert_eq!(
        store.chunk_uncached(PackId(1), 2),
        Err(cold(2)),
        "only remembered"
    );
    store.warm_chunk(PackId(1), 2, chunk.clone(), true).unwrap();
    store.warm_chunk(PackId(1), 2, chunk.clone(), true).unwrap();
    assert_eq!(store.chunk_uncached(PackId(1), 2), Ok(chunk));
    assert_eq!(store.drop_cold_chunks(3), Ok(1), "and it goes again");
}

#[test]
fn the_key_of_a_pack_is_given_back_when_it_goes() {
    let (store, _) = repository(2 * PART_BYTES);
    let bucket = Memory::default();
    let around = Holds {
        bucket: &bucket,
        held: RefCell::default(),
    };
    let securing = Securing {
        store: &store,
        bucket: &bucket,
        around: &around,
        network_id: "network",
    };
    // The first pack goes after its copy, the second on its way.
    now(securing.secure(&only_pack(&store))).unwrap();
    store.remove_pack(PackId(1)).unwrap();
    let (other, _) = repository(3 * PART_BYTES);
    bucket.countdown.set(Some(4));
    let securing_other = Securing {
        store: &other,
        ..securing
    };
    assert!(now(securing_other.secure(&only_pack(&other))).is_err());
    bucket.countdown.set(None);
    other.remove_pack(PackId(1)).unwrap();
    for store in [&store, &other] {
        let securing = Securing { store, ..securing };
        now(securing.end_strays(NOW)).unwrap();
        while now(securing.give_back(NOW)).unwrap() {}
        assert_eq!(store.next_release(), Ok(None));
        assert_eq!(store.stray_uploads(), Ok(Vec::new()));
    }
    assert!(bucket.objects.borrow().is_empty());
    assert!(bucket.uploads.borrow().is_empty());
    assert!(around.held.borrow().is_empty());
}

/// Gives a repository refs with long names, so that its record needs two parts.
fn many_refs(store: &Store) {
    let name = |number| format!("refs/heads/{number:04}{}", "x".repeat(4000));
    let update = |number| RefUpdate {
        name: name(number).into(),
        old: None,
        new: Some(gix_hash::ObjectId::from([1; 20])),
        peeled: None,
    };
    let published = store.publish(&Publication {
        updates: (0..1400).map(update).collect(),
        now_ms: NOW,
        ..Publication::default()
    });
    assert!(published.is_ok());
}

#[test]
fn a_long_record_goes_in_parts_and_is_whole_or_the_one_before() {
    let (store, _) = repository(9);
    let bucket = Memory::default();
    let around = Holds {
        bucket: &bucket,
        held: RefCell::default(),
    };
    let securing = Securing {
        store: &store,
        bucket: &bucket,
        around: &around,
        network_id: "network",
    };
    assert_eq!(now(securing.write_record()), Ok(false), "R2 lacks the pack");
    now(securing.secure(&only_pack(&store))).unwrap();
    assert_eq!(now(securing.write_record()), Ok(true));
    let key = record_key("0123456789abcdef");
    let short = bucket.objects.borrow()[&key].clone();
    many_refs(&store);
    // The second part fails.
    bucket.countdown.set(Some(2));
    assert!(now(securing.write_record()).is_err());
    bucket.countdown.set(None);
    assert_eq!(bucket.objects.borrow()[&key], short);
    assert!(bucket.uploads.borrow().is_empty(), "it was given up");

    assert_eq!(now(securing.write_record()), Ok(true));
    let long = bucket.objects.borrow()[&key].clone();
    assert!(long.len() > PART_BYTES);
    let expect = store.record_window(0..u64::MAX).unwrap().unwrap();
    assert_eq!(long, expect.bytes);
    let calls = bucket.calls.get();
    assert_eq!(now(securing.write_record()), Ok(true));
    assert_eq!(bucket.calls.get(), calls, "nothing has changed since");
}

/// Pushes whenever a key is about to be held.
struct Pusher<'a>(&'a Store);

impl Surroundings for Pusher<'_> {
    async fn hold(&self, key: &str) -> Result<(), SnapshotError> {
        let published = self.0.publish(&Publication {
            updates: vec![RefUpdate {
                name: format!("refs/heads/{key}").into(),
                old: None,
                new: Some(gix_hash::ObjectId::from([2; 20])),
                peeled: None,
            }],
            now_ms: NOW + 1,
            ..Publication::default()
        });
        assert!(published.is_ok());
        Ok(())
    }

    async fn release(&self, _: &[Release]) -> Result<(), SnapshotError> {
        Ok(())
    }

    async fn leave(&self) -> Result<(), SnapshotError> {
        Ok(())
    }

    async fn pause(&self) {}
}

#[test]
fn a_long_record_that_changes_meanwhile_is_left_to_the_next_run() {
    let (store, _) = repository(9);
    let bucket = Memory::default();
    let securing = Securing {
        store: &store,
        bucket: &bucket,
        around: &Pusher(&store),
        network_id: "network",
    };
    now(securing.secure(&only_pack(&store))).unwrap();
    many_refs(&store);
    assert_eq!(now(securing.write_record()), Ok(false));
    assert!(bucket.uploads.borrow().is_empty());
    assert_eq!(bucket.objects.borrow().len(), 1, "the pack");
    assert_eq!(store.recorded(), Ok(None));
}
