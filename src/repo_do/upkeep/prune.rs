//! Leaves out objects that nothing reaches.
//!
//! It finds the objects to keep for one moment, and rewrites packs without the rest from the
//! newest to the oldest. So a commit leaves the graph before its parents do, and the graph is
//! complete at each moment. A push may build on anything in the graph. So no pack is swapped
//! while a push runs, nor after a push was published that the search did not know.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::lfs::LfsPrune;
use super::merge::{Job, PURGE, reserve, reserve_cold};
use super::thoroughness::Thoroughness;
use crate::git::graph::commits::CommitGraph;
use crate::git::limits::Limits;
use crate::git::maintenance::merge::Merge;
use crate::git::maintenance::reach::{Reach, Reached};
use crate::git::maintenance::step::Step;
use crate::git::pack::reader::LivePacks;
use crate::git::store::{PackRecord, ReadError};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::Faults;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::{
    MERGE_BYTES, MERGED_SOURCE_BYTES, REACHED_COMMIT_BYTES, REACHED_OBJECTS_A_BYTE, Reservation,
    SOURCE_OBJECT_BYTES,
};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::snapshot;
use crate::storage::repository::lfs_objects::LfsTotals;
use crate::storage::repository::maintenance_runs::RunFigures;

/// Objects marked between two pauses: about 20 ms of CPU.
const STEP_OBJECTS: usize = 50_000;

/// Targets of refs gathered before those that come twice are left out.
const TARGETS_AT_ONCE: usize = 32_768;

/// Entries of the reflog read at once.
const REFLOG_ROWS: u32 = 5_000;

/// A cold pack up to this size is rewritten for any dead object in it: it costs a request or two.
const SMALL_BYTES: u64 = 4 << 20;

/// Which part of a larger cold pack must be dead.
const DEAD_PART: u64 = 8;

/// The outcome of a prune.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// The removals; `None` when nothing was removed.
    pub(crate) figures: Option<RunFigures>,
    /// The objects of Git LFS among them.
    pub(crate) lfs: LfsTotals,
}

/// Looks for objects that nothing reaches, and removes those older than the grace period; younger ones too,
/// as thoroughly as the caller asks. The same for objects of Git LFS that no pointer names.
pub(crate) async fn prune(
    object: &Rc<RepoObject>,
    thoroughness: Thoroughness,
) -> Result<Pruned, Failure> {
    let store = object.open_store()?;
    let reflog_seq = store.last_reflog_seq()?;
    let _reader = object.readers.enter(Purpose::Look, now_ms());
    let packs = LivePacks::open(Rc::clone(&store), &Limits::DEFAULT)?.only_by_pages();
    let objects = objects_of(packs.records());
    let graph = object.graph.current(&store)?;
    let reservation = Reservation::new(look_bytes(packs.records(), graph.len()))?;
    let _cold = reserve_cold(&store)?;
    let look = Look {
        object,
        store: &store,
        packs: &packs,
        graph: &graph,
        thoroughness,
    };
    let (reached, is_pending) = look.reach().await?;
    drop(reservation);
    let is_purge = thoroughness == Thoroughness::Purge;
    let mut job = Job::new(object, if is_purge { PURGE } else { "prune" });
    let mut figures = RunFigures {
        objects: reached
            .as_ref()
            .map_or(0, |reached| objects.saturating_sub(reached.entries.count())),
        ..RunFigures::default()
    };
    let unchanged = || {
        let moved = store.last_reflog_seq()? != reflog_seq || object.readers.has_push();
        if moved {
            Err(Failure::Overtaken)
        } else {
            Ok(())
        }
    };
    if let Some(reached) = reached {
        let renamed = RefCell::new(Vec::new());
        for pack in (0..packs.pack_count()).rev() {
            let is_whole = reached.has_all(&graph, pack);
            if is_whole && !(is_purge && reached.leans_on_dead(&packs, pack)?) {
                continue;
            }
            unchanged()?;
            let record = packs.records().get(pack as usize).copied();
            let Some(record) = record else { continue };
            let _reservation = reserve(&graph, packs.records(), pack..pack.saturating_add(1))?;
            let merge = Merge::new(pack..pack + 1, Some(Rc::clone(&reached)));
            let before = renamed.borrow().clone();
            let swapped = job.run(&packs, &graph, merge, &before, &unchanged).await?;
            renamed.borrow_mut().push((record.pack_id, swapped.pack_id));
            figures.packs += 1;
            figures.bytes += record.pack_bytes.saturating_sub(swapped.pack_bytes);
        }
    }
    let lfs = LfsPrune {
        object,
        store: &store,
        packs: &packs,
        graph: &graph,
        thoroughness,
    };
    let lfs = lfs.run(&unchanged).await?;
    let is_pending = is_pending || lfs.is_pending;
    // Some objects are kept only because of their age: look again later.
    store.note_prune(now_ms(), if is_pending { -1 } else { reflog_seq })?;
    let grace_ms = store.retention()?.prune_grace_seconds.saturating_mul(1000);
    store.forget_put_blobs(now_ms().saturating_sub(grace_ms))?;
    figures.rows = job.rows;
    let lfs = lfs.removed;
    if lfs.objects > 0 {
        figures.detail = format!("{} lfs objects of {} bytes", lfs.objects, lfs.bytes);
    }
    Ok(Pruned {
        figures: (figures.packs > 0 || lfs.objects > 0).then_some(figures),
        lfs,
    })
}

/// Entries of packs.
fn objects_of(packs: &[PackRecord]) -> u64 {
    packs.iter().map(|pack| u64::from(pack.object_count)).sum()
}

/// Bytes that a search for reached objects holds: for a large pack windows of its index and its lists, for a
/// small one all of them.
fn look_bytes(packs: &[PackRecord], commits: usize) -> u64 {
    let of_pack = |pack: &PackRecord| {
        let objects = u64::from(pack.object_count);
        let read = objects.saturating_mul(SOURCE_OBJECT_BYTES);
        objects / REACHED_OBJECTS_A_BYTE + read.min(MERGED_SOURCE_BYTES)
    };
    let packs: u64 = packs.iter().map(of_pack).sum();
    let commits = (commits as u64).saturating_mul(REACHED_COMMIT_BYTES);
    MERGE_BYTES.saturating_add(packs).saturating_add(commits)
}

/// Whether a cold pack is worth being read and written because of its dead objects.
fn pays(dead_bytes: u64, pack_bytes: u64) -> bool {
    pack_bytes <= SMALL_BYTES || dead_bytes.saturating_mul(DEAD_PART) >= pack_bytes
}

/// A search for reached objects.
struct Look<'a> {
    object: &'a RepoObject,
    store: &'a Rc<Store>,
    packs: &'a LivePacks<Rc<Store>>,
    graph: &'a CommitGraph,
    thoroughness: Thoroughness,
}

impl Look<'_> {
    /// The objects to keep, or `None` to keep all; and whether some are kept only because of
    /// their age.
    async fn reach(&self) -> Result<(Option<Rc<Reached>>, bool), Failure> {
        let mut reach = Reach::new(self.packs, self.graph);
        let is_purge = self.thoroughness == Thoroughness::Purge;
        if is_purge {
            reach = reach.without_bases();
        }
        for id in self.ref_targets()? {
            if !self.add_root(&mut reach, id).await? {
                let what = "a ref names it, and it is not complete";
                return Err(ReadError::Corrupt { id, what }.into());
            }
        }
        self.finish(&mut reach).await?;
        if self.is_all(&reach) {
            return Ok((None, false));
        }
        if is_purge {
            return Ok((Some(reach.finish()), false));
        }
        let without_time = reach.kept();
        let retention = self.store.retention()?;
        let kept_ms = retention.reflog_ms(self.thoroughness != Thoroughness::Due);
        let since_ms = now_ms().saturating_sub(kept_ms);
        let mut from = Some(1);
        while let Some(seq) = from {
            let mut ids = Vec::new();
            from = self
                .store
                .reflog_ids(seq, since_ms, REFLOG_ROWS, |id| ids.push(id))?;
            for id in ids {
                // An earlier prune may have removed it.
                self.add_root(&mut reach, id).await?;
            }
            self.finish(&mut reach).await?;
        }
        let grace_ms = retention.prune_grace_seconds.saturating_mul(1000);
        let young = self
            .store
            .packs_since(now_ms().saturating_sub(grace_ms).saturating_add(1))?;
        for (pack, record) in (0..).zip(self.packs.records()) {
            if young.contains(&record.pack_id) {
                reach.add_pack(self.graph, pack);
            }
        }
        self.finish(&mut reach).await?;
        let is_pending = reach.kept() > without_time;
        self.spare_cold(&mut reach).await?;
        if self.is_all(&reach) {
            return Ok((None, is_pending));
        }
        Ok((Some(reach.finish()), is_pending))
    }

    /// Keeps the cold packs whole that it does not pay to rewrite.
    async fn spare_cold(&self, reach: &mut Reach) -> Result<(), Failure> {
        let cold = self.store.cold_packs()?;
        let mut candidates = Vec::new();
        for (pack, record) in (0..).zip(self.packs.records()) {
            if cold.contains(&record.pack_id) && !reach.reached().has_all(self.graph, pack) {
                candidates.push((pack, *record));
            }
        }
        if candidates.is_empty() || self.thoroughness != Thoroughness::Due {
            return Ok(());
        }
        let ids: Vec<_> = candidates
            .iter()
            .map(|(_, record)| record.pack_id)
            .collect();
        let shared = snapshot::shared_packs(self.object, self.store, &ids).await?;
        for (pack, record) in candidates {
            let dead_bytes = reach.reached().dead_bytes(self.packs, pack)?;
            if shared.contains(&record.pack_id) || !pays(dead_bytes, record.pack_bytes) {
                reach.add_pack(self.graph, pack);
            }
            pause().await;
            self.object.check_open(self.store)?;
        }
        self.finish(reach).await
    }

    /// As [`Reach::add_root`]; tags and trees that are cold are fetched.
    async fn add_root(&self, reach: &mut Reach, id: ObjectId) -> Result<bool, Failure> {
        let mut faults = Faults::default();
        loop {
            let error = match reach.add_root(self.packs, self.graph, id) {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            let chunk = error.cold().ok_or(error)?;
            faults
                .fetch_cold_chunk(self.object, self.store, chunk)
                .await?;
        }
    }

    fn is_all(&self, reach: &Reach) -> bool {
        let reached = reach.reached();
        (0..self.packs.pack_count()).all(|pack| reached.has_all(self.graph, pack))
    }

    async fn finish(&self, reach: &mut Reach) -> Result<(), Failure> {
        while reach.step(self.packs, self.graph, STEP_OBJECTS)? == Step::More {
            pause().await;
            self.object.check_open(self.store)?;
        }
        Ok(())
    }

    fn ref_targets(&self) -> Result<Vec<ObjectId>, Failure> {
        let (mut ids, mut shrink_at) = (Vec::new(), TARGETS_AT_ONCE);
        self.store.visit_refs(b"refs/", |record| {
            ids.push(record.target);
            // Many refs may name few objects, which is all that is held.
            if ids.len() >= shrink_at {
                ids.sort_unstable();
                ids.dedup();
                shrink_at = ids.len().saturating_add(TARGETS_AT_ONCE);
            }
            ControlFlow::Continue(())
        })?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_packs_and_large_ones_with_an_eighth_dead_pay() {
        assert!(pays(1, SMALL_BYTES));
        let large = 80 * SMALL_BYTES;
        assert!(pays(large / 8, large) && pays(u64::MAX, large));
        assert!(!pays(large / 8 - 1, large) && !pays(0, large));
    }
}
