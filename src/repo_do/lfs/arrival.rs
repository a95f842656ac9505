//! Objects that come inside another request, whose bytes this object has: they are noted, put to R2,
//! and then the repository's, as those of an upload are.

use std::cell::RefCell;
use std::rc::Rc;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::keys::take_keys;
use super::room;
use super::transfer::RETRY_SECONDS;
use crate::git::lfs::{LfsOid, Pointer};
use crate::git::store::PackId;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::quota::Quota;
use crate::repo_do::request::room_hold::{Claimant, RoomHold};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::network::store::Purpose;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{BucketError, lfs_key};
use crate::storage::repository::store::RepositoryRecord;

/// Objects that are put to R2 at once: a worker may wait for six answers.
const PUT_AT_ONCE: usize = 4;

/// The repository that gets objects.
pub(crate) struct Arrival<'a> {
    /// The repository's object.
    pub(crate) object: &'a Rc<RepoObject>,
    /// Its store.
    pub(crate) store: &'a Rc<Store>,
    /// The repository, as it may be changed now.
    pub(crate) record: &'a RepositoryRecord,
    /// The namespace's bound on bytes.
    pub(crate) quota: Quota,
    /// The bytes that are claimed at the namespace for objects that begin to come.
    pub(crate) hold: RefCell<Option<RoomHold>>,
}

impl Arrival<'_> {
    /// Notes objects that are about to come, and takes their keys in the network's account. Gives
    /// those that the repository does not have.
    pub(crate) async fn begin(&self, pointers: &[Pointer]) -> Result<Vec<Pointer>, ErrorReply> {
        self.check_room(pointers)?;
        self.claim(pointers).await?;
        let (mut lacking, mut begun) = (Vec::new(), Vec::new());
        for pointer in pointers {
            let Pointer { oid, size } = pointer;
            let key = self.key(oid);
            let object = self.store.begin_lfs_object((oid, *size), &key, now_ms())?;
            if object.is_stored {
                self.store.need_lfs_objects(&[object])?;
            } else {
                lacking.push(*pointer);
                begun.push(object);
            }
        }
        take_keys(
            &self.object.env,
            self.store,
            self.record,
            (&begun, Purpose::Write),
        )
        .await?;
        Ok(lacking)
    }

    /// Claims the bytes that the repository lacks, where the namespace has a bound.
    async fn claim(&self, pointers: &[Pointer]) -> Result<(), ErrorReply> {
        let claimant = Claimant {
            object: self.object,
            store: self.store,
            record: self.record,
        };
        let hold = claimant.claim_objects(pointers.iter().copied()).await?;
        *self.hold.borrow_mut() = hold;
        Ok(())
    }

    /// Puts contents that are held to R2.
    pub(crate) async fn put_all(&self, contents: Vec<(Pointer, &[u8])>) -> Result<(), ErrorReply> {
        let bucket = R2::of(&self.object.env).map_err(|error| failed(&error))?;
        let puts = contents.into_iter().map(|(pointer, content)| {
            let (bucket, key) = (&bucket, self.key(&pointer.oid));
            async move {
                let sha256 = pointer.oid.as_bytes();
                bucket
                    .put_bytes_verified(&key, content.to_vec(), sha256)
                    .await
            }
        });
        let put = stream::iter(puts).buffer_unordered(PUT_AT_ONCE);
        put.try_collect::<()>()
            .await
            .map_err(|error| failed(&error))
    }

    /// Puts a content to R2 that waits in the rows of a pack: only a chunk of it is held at a time.
    pub(crate) async fn put_rows(
        &self,
        pointer: Pointer,
        (rows, chunks): (PackId, u32),
    ) -> Result<(), ErrorReply> {
        let bucket = R2::of(&self.object.env).map_err(|error| failed(&error))?;
        let store = Rc::clone(self.store);
        let pieces = stream::iter(0..chunks).map(move |number| {
            let chunk = store.chunk_uncached(rows, number);
            chunk.map_err(|error| worker::Error::RustError(error.to_string()))
        });
        let (key, sha256) = (self.key(&pointer.oid), pointer.oid.as_bytes());
        let put = bucket.put_stream_verified(&key, pieces, pointer.size, sha256);
        put.await.map_err(|error| failed(&error))
    }

    /// R2 has the bytes of these objects: the repository has them from now on.
    pub(crate) fn finish(&self, pointers: &[Pointer]) -> Result<(), ErrorReply> {
        self.check_room(pointers)?;
        for Pointer { oid, size } in pointers {
            if !self.store.finish_lfs_object((oid, *size), now_ms())? {
                let message = format!("the upload of {oid} was given up: send the request again");
                return Err(ErrorReply::busy(RETRY_SECONDS, message));
            }
        }
        Ok(())
    }

    fn check_room(&self, pointers: &[Pointer]) -> Result<(), ErrorReply> {
        let pointers = pointers.iter().copied();
        let quota = match *self.hold.borrow() {
            // The namespace counts them already.
            Some(_) => Quota::default(),
            None => self.quota,
        };
        room::check(quota, self.store, self.record, pointers)
    }

    fn key(&self, oid: &LfsOid) -> String {
        lfs_key(self.record.network(), oid)
    }
}

fn failed(error: &BucketError) -> ErrorReply {
    ErrorReply::internal("lfs", error)
}
