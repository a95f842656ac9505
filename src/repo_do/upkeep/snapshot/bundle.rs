//! The bundle that `bundle-uri` offers: branches and tags with all that they reach, as one file in R2.
//!
//! It is made once pushes have settled, and again when it no longer pays: a bundle that lacks the newest
//! pushes still saves its clients most of a clone, and clients that follow the list take each bundle
//! whole. So another is made only when the repository has half as much again, or when refs no longer reach
//! the bundle's objects.

use std::rc::Rc;

use super::Step;
use super::ready::{RESPONSE_BYTES_MAX, count};
use super::secure::Surroundings as _;
use super::surroundings::RepositorySurroundings;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::fetch::planned::full_clone;
use crate::repo_do::fetch::{bundle as file, bundle_uri, sender};
use crate::repo_do::r2::cold;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::FETCH_BYTES;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::readers::Purpose;
use crate::storage::repository::bundles::{BUNDLE_GRACE_MS, StoredBundle};

/// Branches and tags, which a clone takes by default.
const BUNDLED: [&[u8]; 2] = [b"refs/heads/", b"refs/tags/"];

/// Bytes of the refs in a bundle at most, some thousands: they are read again to see whether the bundle
/// may still be offered. A repository with more has no bundle.
const HEAD_BYTES_MAX: usize = 256 << 10;

impl Step<'_> {
    /// Drops a bundle that must not be offered any more, and makes one where that pays. Whether anything
    /// was done.
    pub(super) async fn refresh_bundle(&self, is_settled: bool) -> Result<bool, ErrorReply> {
        let id = &self.record.id;
        let pack_bytes = self.pack_bytes();
        let found = self.store.bundle(id)?;
        if let Some(bundle) = &found {
            let is_reached =
                bundle_uri::is_reached(self.object, &self.store, &self.record, bundle).await?;
            let has_grown = pack_bytes / 3 > bundle.packed_bytes / 2;
            if self.is_worth_a_clone()? && is_reached && !has_grown {
                return Ok(false);
            }
            if !is_reached {
                let not_before = self.now_ms.saturating_add(BUNDLE_GRACE_MS);
                self.store.drop_bundles(id, not_before)?;
            }
        }
        if !is_settled || !self.is_worth_a_clone()? {
            return Ok(false);
        }
        let former = found.map_or(0, |bundle| bundle.made_at);
        self.make_bundle(former).await
    }

    /// Makes a bundle, later than the former one even where clocks go back. False where the repository
    /// is too large for one.
    async fn make_bundle(&self, former: i64) -> Result<bool, ErrorReply> {
        let (object, store) = (self.object, &self.store);
        let id = &self.record.id;
        let reservations = vec![
            reserve(2 * FETCH_BYTES).await?,
            reserve(cold::COLD_BYTES).await?,
        ];
        // Packs that are superseded meanwhile stay.
        let reader = object.readers.enter(Purpose::Look, now_ms());
        let (head, ids) = file::contents(store, &BUNDLED)?;
        if ids.is_empty() || head.len() > HEAD_BYTES_MAX {
            return Ok(false);
        }
        let sent = full_clone(object, store, ids, reserve).await?;
        let head_bytes = head.len() as u64;
        let bytes = count(object, store, sent.twin())
            .await?
            .saturating_add(head_bytes);
        if bytes > RESPONSE_BYTES_MAX {
            return Ok(false);
        }
        let made_at = now_ms().max(former.saturating_add(1));
        let bundle = StoredBundle::new(id, made_at, (head_bytes, bytes), self.pack_bytes());
        // Until it is offered it may go.
        let not_before = now_ms().saturating_add(BUNDLE_GRACE_MS);
        store.release_later(&bundle.r2_key, not_before)?;
        // Held as packs are: the repository may be deleted while this goes on.
        RepositorySurroundings::new(object, store, &self.record)
            .hold(&bundle.r2_key)
            .await?;
        let keep = (reservations, reader);
        let sender = sender::Sender::bare(object, Rc::clone(store), head, sent, keep);
        let pieces = futures::stream::unfold(Some(sender), sender::next_piece);
        let put = self.bucket.put_stream(&bundle.r2_key, pieces, bytes).await;
        put.map_err(SnapshotError::from)?;
        store.set_bundle(id, &bundle, now_ms())?;
        Ok(true)
    }
}
