//! R2 in memory, with faults, and a repository to be copied there.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::task::{Context, Poll, Waker};

use crate::git::store::{CHUNK_BYTES, Part, Quarantine as _};
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::r2::bucket::{Bucket, BucketError};
use crate::storage::repository::publication::{PackPublication, Publication, RefUpdate};
use crate::storage::repository::store::RepoStore;
use crate::storage::repository::testing::new_repository;

pub(crate) const NOW: i64 = 1_700_000_000_000;

/// R2 in memory. The call that `countdown` leads to fails, whether or not it took effect.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) objects: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) uploads: RefCell<BTreeMap<String, BTreeMap<u16, Vec<u8>>>>,
    pub(crate) countdown: Cell<Option<u32>>,
    pub(crate) took_effect: bool,
    pub(crate) calls: Cell<u32>,
}

impl Memory {
    /// Makes a call, or fails.
    pub(crate) fn call<T>(&self, key: &str, act: impl FnOnce() -> T) -> Result<T, BucketError> {
        self.calls.set(self.calls.get() + 1);
        let left = self.countdown.get();
        self.countdown
            .set(left.and_then(|left| left.checked_sub(1)));
        if left != Some(0) {
            return Ok(act());
        }
        if self.took_effect {
            act();
        }
        Err(BucketError::Failed {
            what: "a call",
            key: key.to_owned(),
            message: "injected".to_owned(),
        })
    }
}

impl Bucket for Memory {
    async fn size(&self, key: &str) -> Result<Option<u64>, BucketError> {
        self.call(key, || Some(self.objects.borrow().get(key)?.len() as u64))
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, BucketError> {
        let bounds = |at| usize::try_from(at).unwrap();
        let range = bounds(range.start)..bounds(range.end);
        self.call(key, || self.objects.borrow()[key][range].to_vec())
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), BucketError> {
        self.call(key, || {
            self.objects.borrow_mut().insert(key.to_owned(), bytes);
        })
    }

    async fn begin(&self, key: &str) -> Result<String, BucketError> {
        self.call(key, || {
            let upload_id = format!("upload {}", self.calls.get());
            let mut uploads = self.uploads.borrow_mut();
            uploads.insert(upload_id.clone(), BTreeMap::new());
            upload_id
        })
    }

    async fn put_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u16,
        bytes: Vec<u8>,
    ) -> Result<String, BucketError> {
        self.call(key, || {
            let mut uploads = self.uploads.borrow_mut();
            let upload = uploads.get_mut(upload_id).expect("the upload is there");
            upload.insert(number, bytes);
            format!("part {number}")
        })
    }

    async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        etags: &[String],
    ) -> Result<(), BucketError> {
        self.call(key, || {
            let parts = self.uploads.borrow_mut().remove(upload_id);
            let parts = parts.expect("the upload is there");
            assert_eq!(parts.len(), etags.len());
            let whole = parts.into_values().flatten().collect();
            self.objects.borrow_mut().insert(key.to_owned(), whole);
        })
    }

    async fn abort(&self, key: &str, upload_id: &str) -> Result<(), BucketError> {
        self.call(key, || {
            self.uploads.borrow_mut().remove(upload_id);
        })
    }

    async fn delete(&self, key: &str) -> Result<(), BucketError> {
        self.call(key, || {
            self.objects.borrow_mut().remove(key);
        })
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<(String, u64)>, BucketError> {
        self.call(prefix, || {
            let objects = self.objects.borrow();
            let listed = objects.iter().filter(|(key, _)| {
                key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
            });
            let listed = listed.map(|(key, bytes)| (key.clone(), bytes.len() as u64));
            // Pages of two, so that there is more than one.
            listed.take(2).collect()
        })
    }
}

/// Nothing here ever waits.
pub(crate) fn now<T>(work: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(work).poll(&mut context) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

pub(crate) type Store = RepoStore<RusqliteDatabase>;

/// A repository with one live pack of `pack_bytes`.
pub(crate) fn repository(pack_bytes: usize) -> (Store, Vec<u8>) {
    let store = Store::new(RusqliteDatabase::in_memory().unwrap(), Box::new(|| NOW));
    let created = store.create(&new_repository(NOW));
    assert_eq!(created, Ok(true));
    let bytes: Vec<u8> = (0..=250).cycle().take(pack_bytes).collect();
    let pack_id = store.open_pack().unwrap();
    for (number, chunk) in (0..).zip(bytes.chunks(CHUNK_BYTES)) {
        store.put_chunk(pack_id, number, chunk).unwrap();
    }
    for part in [Part::Index, Part::Graph, Part::Introduced] {
        store.put_part(pack_id, part, 0, &[0; 1000]).unwrap();
    }
    let id = gix_hash::ObjectId::from([1; 20]);
    let published = store.publish(&Publication {
        pack: Some(PackPublication {
            pack_id,
            pack_bytes: bytes.len() as u64,
            object_count: 3,
        }),
        updates: vec![RefUpdate {
            name: "refs/heads/main".into(),
            old: None,
            new: Some(id),
            peeled: None,
        }],
        now_ms: NOW,
        ..Publication::default()
    });
    assert!(published.is_ok());
    (store, bytes)
}
