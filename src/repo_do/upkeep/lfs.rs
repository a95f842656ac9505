//! Removes objects of Git LFS that no pointer names among the objects that refs and reflog reach, and forgets
//! uploads that never ended.
//!
//! git-lfs uploads an object before it pushes the pointer. So an object without a pointer stays for
//! the grace period, which begins when a search first finds no pointer to it. Like the prune of Git's
//! objects, this removes nothing while a push runs, nor after one that the search did not know.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::thoroughness::Thoroughness;
use crate::git::graph::commits::CommitGraph;
use crate::git::lfs::LfsOid;
use crate::git::pack::reader::LivePacks;
use crate::repo_do::lfs::search::{NamedObjects, PointerSearch, search_bytes};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::Reservation;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::schedule::copies_due;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::lfs_life::{LFS_PAGE, LfsClock};
use crate::storage::repository::lfs_objects::LfsTotals;

/// How long an upload may take. A longer one has to be sent again.
const UPLOAD_MS: i64 = 24 * 60 * 60 * 1000;

/// How long an object waits for its pointer, however short the grace period is, unless an operator
/// asks for a prune.
const PUSH_MS: i64 = 60 * 60 * 1000;

/// Entries of the reflog read at once.
const REFLOG_ROWS: u32 = 5_000;

/// The outcome of a prune for objects of Git LFS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PrunedLfs {
    /// The objects that the repository no longer has.
    pub(crate) removed: LfsTotals,
    /// Whether a later prune may remove more, though nothing is pushed.
    pub(crate) is_pending: bool,
}

/// The packs of one moment, whose pointers decide.
pub(crate) struct LfsPrune<'a> {
    pub(crate) object: &'a RepoObject,
    pub(crate) store: &'a Rc<Store>,
    pub(crate) packs: &'a LivePacks<Rc<Store>>,
    pub(crate) graph: &'a CommitGraph,
    pub(crate) thoroughness: Thoroughness,
}

impl LfsPrune<'_> {
    /// Removes the objects that may go. `unchanged` fails once the pointers may be others than those of the
    /// packs.
    pub(crate) async fn run(
        &self,
        unchanged: &dyn Fn() -> Result<(), Failure>,
    ) -> Result<PrunedLfs, Failure> {
        if !self.store.has_lfs_objects()? {
            return Ok(PrunedLfs::default());
        }
        let started_ms = now_ms();
        let network_id = self.store.load()?.ok_or(Failure::Gone)?;
        let network_id = network_id.network();
        self.forget_overdue(network_id).await?;
        let _room = Reservation::new(search_bytes(self.store)?)?;
        let named = self.search().await?;
        let mut removed = LfsTotals::default();
        let mut after = None;
        loop {
            self.object.check_open(self.store)?;
            match unchanged() {
                // The next prune looks again.
                Err(Failure::Overtaken) if self.thoroughness == Thoroughness::Due => {
                    let is_pending = true;
                    return Ok(PrunedLfs {
                        removed,
                        is_pending,
                    });
                }
                unchanged => unchanged?,
            }
            let judged = self.store.judge_lfs_objects(
                after.as_ref(),
                self.clock()?,
                |oid| named.contains(oid),
                |oid| lfs_key(network_id, oid),
            )?;
            removed.add(judged.removed);
            let Some(last) = judged.last else { break };
            after = Some(last);
            pause().await;
        }
        Ok(PrunedLfs {
            removed,
            is_pending: self.store.has_lfs_to_judge(started_ms)?,
        })
    }

    fn clock(&self) -> Result<LfsClock, Failure> {
        let now_ms = now_ms();
        let set_ms = self
            .store
            .retention()?
            .prune_grace_seconds
            .saturating_mul(1000);
        let grace_ms = match self.thoroughness {
            Thoroughness::Due => set_ms.max(PUSH_MS),
            Thoroughness::Asked => set_ms,
            Thoroughness::Purge => 0,
        };
        Ok(LfsClock {
            now_ms,
            unnamed_until_ms: now_ms.saturating_sub(grace_ms),
        })
    }

    async fn forget_overdue(&self, network_id: &str) -> Result<(), Failure> {
        let key_of = |oid: &LfsOid| lfs_key(network_id, oid);
        loop {
            let before_ms = now_ms().saturating_sub(UPLOAD_MS);
            let overdue = self.store.lfs_objects_overdue(before_ms, LFS_PAGE)?;
            if overdue.is_empty() {
                return Ok(());
            }
            self.store.forget_lfs_objects(&overdue, key_of, now_ms())?;
            // Their keys are given back with the copies, and nothing else may make these due.
            copies_due(self.object, now_ms());
            pause().await;
            self.object.check_open(self.store)?;
        }
    }

    /// The objects to which a ref leads or, unless all is purged, an entry of the reflog that counts.
    async fn search(&self) -> Result<NamedObjects, Failure> {
        let mut search = PointerSearch::new(self.object, self.store, self.packs, self.graph);
        let mut roots = Vec::new();
        self.store.visit_refs(b"refs/", |record| {
            roots.push(record.target);
            ControlFlow::Continue(())
        })?;
        roots.sort_unstable();
        roots.dedup();
        search.add_roots(&roots).await?;
        let mut from = Some(1).filter(|_| self.thoroughness != Thoroughness::Purge);
        let is_asked = self.thoroughness != Thoroughness::Due;
        let kept_ms = self.store.retention()?.reflog_ms(is_asked);
        let since_ms = now_ms().saturating_sub(kept_ms);
        while let Some(seq) = from {
            roots.clear();
            let add = |id| roots.push(id);
            from = self.store.reflog_ids(seq, since_ms, REFLOG_ROWS, add)?;
            search.add_roots(&roots).await?;
        }
        let mut named = NamedObjects::of(self.store)?;
        search.find(&mut named).await?;
        Ok(named)
    }
}
