//! Packs merged, and put in the place of their sources in one transaction.
//!
//! Packs whose bytes are here are merged among themselves first, so that R2 has no say in it. Cold
//! ones are taken in by a second look at all packs ([`consolidate`]): their bytes come from R2, in
//! order, and the merged pack goes the way of every new pack.

use std::ops::Range;
use std::rc::Rc;

use crate::git::graph::commits::CommitGraph;
use crate::git::graph::segment::Segment;
use crate::git::graph::unwritten::{MadeOf, UnwrittenParts};
use crate::git::limits::Limits;
use crate::git::maintenance::geometry;
use crate::git::maintenance::merge::{Merge, Merged};
use crate::git::maintenance::step::Step;
use crate::git::pack::reader::LivePacks;
use crate::git::store::{PackId, PackRecord, PackStore as _, Quarantine as _, StoreError};
use crate::repo_do::intake::memory::{entries_of, made_bytes, sorted_bytes};
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::object::{GRACE_MS, RepoObject};
use crate::repo_do::r2::cold::{COLD_BYTES, Faults};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::{
    MERGE_BYTES, MERGED_COMMIT_BYTES, MERGED_OBJECT_BYTES, MERGED_SOURCE_BYTES, Reservation,
    SOURCE_OBJECT_BYTES,
};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::schedule;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::repo_do::state::tables::TableMemory;
use crate::repo_do::upkeep::snapshot;
use crate::storage::db::sql::Database as _;
use crate::storage::repository::maintenance_runs::RunFigures;
use crate::storage::repository::publication::PackPublication;

/// The task that makes whole objects of deltas.
pub(crate) const PURGE: &str = "purge";

/// Objects of the smallest merge whose tables may go to scratch.
const SPILLING_OBJECTS_MIN: u64 = 1 << 15;

/// Bytes copied between two pauses: about 20 ms of CPU.
const STEP_BYTES: u64 = 2 << 20;

/// The packs to merge next of those whose bytes are here, by their places among the live packs.
pub(crate) fn due(store: &Store) -> Result<Option<Range<usize>>, StoreError> {
    let (live, cold) = (store.live_packs()?, store.cold_packs()?);
    Ok(geometry::due(&live, |pack| cold.contains(&pack.pack_id)))
}

/// The packs to merge next of all, some of which are cold; `None` in a fork that nothing was pushed
/// to: the packs that it shares cost nothing as they are.
pub(crate) fn consolidation_due(store: &Store) -> Result<Option<Range<usize>>, StoreError> {
    if !store.has_cold_packs()? {
        return Ok(None);
    }
    let record = store.load()?;
    if record.is_none_or(|record| snapshot::is_untouched_fork(&record)) {
        return Ok(None);
    }
    Ok(geometry::due(&store.live_packs()?, |_| false))
}

/// Merges the packs that are due, among those whose bytes are here.
pub(crate) async fn merge(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    let range = due(&*object.open_store()?)?;
    merge_range(object, "merge", range).await
}

/// Merges the packs that are due, cold packs included.
pub(crate) async fn consolidate(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    let range = consolidation_due(&*object.open_store()?)?;
    merge_range(object, "consolidate", range).await
}

async fn merge_range(
    object: &Rc<RepoObject>,
    task: &'static str,
    range: Option<Range<usize>>,
) -> Result<Option<RunFigures>, Failure> {
    let store = object.open_store()?;
    let live = store.live_packs()?;
    let Some(range) = range else {
        return Ok(None);
    };
    let sources = live.get(range.clone()).unwrap_or_default();
    let objects: u64 = sources
        .iter()
        .map(|pack| u64::from(pack.object_count))
        .sum();
    let graph = object.graph.current(&store)?;
    let ordinal = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let ordinals = ordinal(range.start)..ordinal(range.end);
    let _reservation = reserve(&graph, &live, ordinals.clone())?;
    let _cold = reserve_cold(&store)?;
    let _reader = object.readers.enter(Purpose::Look, now_ms());
    let packs = LivePacks::open(Rc::clone(&store), &Limits::DEFAULT)?.only_by_pages();
    let merge = Merge::new(ordinals, None);
    let mut job = Job::new(object, task);
    let swapped = job.run(&packs, &graph, merge, &[], &|| Ok(())).await?;
    Ok(Some(RunFigures {
        packs: sources.len() as u64,
        objects,
        bytes: swapped.pack_bytes,
        rows: job.rows,
        detail: String::new(),
    }))
}

/// Reserves memory to make one pack of these.
pub(crate) fn reserve(
    graph: &CommitGraph,
    live: &[PackRecord],
    range: Range<u32>,
) -> Result<TableMemory, Failure> {
    let (mut objects, mut commits, mut sources_bytes) = (0_u64, 0_usize, 0_u64);
    for ordinal in range {
        let source = usize::try_from(ordinal).ok().and_then(|at| live.get(at));
        let source = source.map_or(0, |pack| u64::from(pack.object_count));
        objects = objects.saturating_add(source);
        let bytes = source.saturating_mul(SOURCE_OBJECT_BYTES);
        sources_bytes = sources_bytes.saturating_add(bytes.min(MERGED_SOURCE_BYTES));
        let count = graph.segment(ordinal).map_or(0, Segment::len);
        commits = commits.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
    }
    let table_bytes = merged_bytes(u32::try_from(objects).unwrap_or(u32::MAX), commits);
    let bytes = MERGE_BYTES.saturating_add(table_bytes);
    Ok(TableMemory::own(
        bytes.saturating_add(sources_bytes),
        table_bytes,
    )?)
}

/// Bytes of the tables of a pack that is made of others.
fn merged_bytes(objects: u32, commits: usize) -> u64 {
    let places = u64::from(objects).saturating_mul(MERGED_OBJECT_BYTES);
    let numbers = (commits as u64).saturating_mul(MERGED_COMMIT_BYTES);
    entries_of(objects)
        .saturating_add(places)
        .saturating_add(sorted_bytes(objects))
        .saturating_add(made_bytes(objects, commits))
        .saturating_add(numbers)
}

/// Reserves the memory for reading cold packs, if there are any.
pub(crate) fn reserve_cold(store: &Store) -> Result<Option<Reservation>, Failure> {
    if !store.has_cold_packs()? {
        return Ok(None);
    }
    Ok(Some(Reservation::new(COLD_BYTES)?))
}

/// Work on merged packs, one after the other.
pub(crate) struct Job<'a> {
    object: &'a Rc<RepoObject>,
    task: &'static str,
    /// Rows written so far.
    pub(crate) rows: u64,
}

impl<'a> Job<'a> {
    /// Nothing is written yet.
    pub(crate) fn new(object: &'a Rc<RepoObject>, task: &'static str) -> Self {
        Self {
            object,
            task,
            rows: 0,
        }
    }

    /// Runs one merge to its end. `check` is called in the transaction that swaps the packs.
    /// `renamed` are packs of `packs` that were replaced since, with the packs that replaced them.
    pub(crate) async fn run(
        &mut self,
        packs: &LivePacks<Rc<Store>>,
        graph: &CommitGraph,
        mut merge: Merge,
        renamed: &[(PackId, PackId)],
        check: &dyn Fn() -> Result<(), Failure>,
    ) -> Result<PackPublication, Failure> {
        let store = Rc::clone(packs.store());
        let opened = QuarantinedPack::of_run(Rc::clone(self.object), Rc::clone(&store), self.task);
        let is_large = merge.objects(packs) >= SPILLING_OBJECTS_MIN;
        if is_large {
            // A later sweep removes the scratch that a crash leaves.
            let scheduled = schedule::wake_by(self.object, now_ms() + GRACE_MS).await;
            scheduled.map_err(|error| StoreError::Failed(error.to_string()))?;
            self.object.check_open(&store)?;
        }
        merge = merge.spilling_to([opened.spill(), opened.spill()]);
        let mut faults = Faults::default();
        loop {
            let before = store.database().rows_written();
            let step = merge.step(packs, graph, &opened, STEP_BYTES);
            self.rows += store.database().rows_written().saturating_sub(before);
            match step {
                Ok(Step::Done) => break,
                Ok(Step::More) => {
                    faults.settled();
                    pause().await;
                }
                Err(error) => {
                    let chunk = error.cold().ok_or(error)?;
                    // Each look needs two chunks at most, and the next goes on from it: memory always has the
                    // needed chunks, and no chunk needs a row again. But an object
                    // that a purge makes whole needs all of its chain.
                    if self.task != PURGE {
                        faults.settled();
                    }
                    faults.fetch_cold_chunk(self.object, &store, chunk).await?;
                }
            }
            self.object.check_open(&store)?;
        }
        check()?;
        let gone = || StoreError::Failed("the merge came to no end".to_owned());
        let mut merged = merge.finish(packs, graph, renamed)?.ok_or_else(gone)?;
        if let Some(pack_id) = merged.received.pack_id.filter(|_| is_large) {
            let before = store.database().rows_written();
            self.write_parts((&store, &opened), pack_id, &merged)
                .await?;
            merged.has_written_parts = true;
            self.rows += store.database().rows_written().saturating_sub(before);
            check()?;
        }
        let before = store.database().rows_written();
        let swapped = store.publish_merged(&merged, now_ms())?;
        self.rows += store.database().rows_written().saturating_sub(before);
        opened.forget();
        Ok(swapped)
    }

    /// Writes the parts of a merged pack in steps, so that the transaction that swaps the packs is short.
    async fn write_parts(
        &self,
        (store, opened): (&Store, &QuarantinedPack),
        pack_id: PackId,
        merged: &Merged,
    ) -> Result<(), Failure> {
        let made_of = MadeOf {
            table: &merged.table,
            graph: &merged.graph_part,
            introduced: &merged.introduced_part,
        };
        let mut unwritten = UnwrittenParts::default();
        let mut put = |part, number, row: &[u8]| opened.put_part(pack_id, part, number, row);
        while !unwritten.step(made_of, &mut put)? {
            pause().await;
            self.object.check_open(store)?;
        }
        Ok(())
    }
}
