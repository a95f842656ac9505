//! Whether the parts that were made again of a pack say what the stored ones say.
//!
//! Where they do, the stored ones take their place, so that memory holds the made parts of one pack
//! and not of all. Graphs and lists count on the packs before theirs: from the first pack on that
//! differs, everything that was made stays.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::git::graph::commits::CommitGraph;
use crate::git::graph::segment::Segment;
use crate::git::limits::Limits;
use crate::git::maintenance::compare::{self, Graph};
use crate::git::maintenance::rebuild::Overlay;
use crate::git::pack::index::PackIndex;
use crate::git::pack::reader::LivePacks;
use crate::git::store::{PackId, PackRecord, Part};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::memory::Reservation;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;

/// Commits compared between two pauses.
const COMPARE_STEP_COMMITS: u32 = 500;

/// Bytes of made parts that differ from the stored ones and are held together.
const HELD_BYTES_MAX: usize = 40 << 20;

/// What is known of the packs whose parts were made.
pub(crate) struct AsStored {
    /// The packs whose stored parts say the same.
    same: BTreeSet<PackId>,
    /// Whether all packs so far are among them.
    is_all: bool,
    /// The stored graph of the packs so far.
    graph: CommitGraph,
    /// Bytes of the parts that are held because they differ.
    held_bytes: usize,
    held: Reservation,
}

impl Default for AsStored {
    fn default() -> Self {
        Self {
            same: BTreeSet::new(),
            is_all: true,
            graph: CommitGraph::default(),
            held_bytes: 0,
            held: Reservation::empty_own(),
        }
    }
}

/// The packs, with what is stored and what was made.
pub(super) struct Ground<'a> {
    pub(super) object: &'a RepoObject,
    pub(super) store: &'a Rc<Store>,
    pub(super) overlay: &'a Rc<Overlay<Rc<Store>>>,
    pub(super) records: &'a [PackRecord],
    pub(super) limits: &'a Limits,
}

impl AsStored {
    /// Whether the stored parts of the pack were compared, and say the same.
    pub(super) fn is_same(&self, pack_id: PackId) -> bool {
        self.same.contains(&pack_id)
    }

    /// Bytes reserved for the parts that are held.
    pub(super) fn held_bytes(&self) -> u64 {
        self.held_bytes as u64
    }

    /// Gives up the parts just made of a pack if the stored ones say the same.
    pub(super) async fn settle_pack(
        &mut self,
        ground: &Ground<'_>,
        at: usize,
    ) -> Result<(), Failure> {
        let Some(record) = ground.records.get(at) else {
            return Ok(());
        };
        if self.is_all {
            match self.is_as_stored(ground, at).await {
                Ok(true) => {
                    ground.overlay.use_stored(record.pack_id);
                    self.same.insert(record.pack_id);
                    return Ok(());
                }
                Ok(false) | Err(Failure::Read(_)) => {
                    self.is_all = false;
                    self.graph = CommitGraph::default();
                }
                Err(error) => return Err(error),
            }
        }
        self.hold(ground.overlay.part_bytes(record.pack_id))
    }

    /// Notes that the parts of a pack stay in memory.
    fn hold(&mut self, part_bytes: usize) -> Result<(), Failure> {
        self.held_bytes = self.held_bytes.saturating_add(part_bytes);
        let bytes = self.held_bytes;
        if bytes > HELD_BYTES_MAX {
            let message = format!(
                "the parts that differ from the stored ones have {bytes} bytes, at most \
                 {HELD_BYTES_MAX} are made again at once: push a full clone of the repository to a \
                 new one"
            );
            return Err(Failure::Broken(message));
        }
        Ok(self.held.grow_to(bytes as u64)?)
    }

    async fn is_as_stored(&mut self, ground: &Ground<'_>, at: usize) -> Result<bool, Failure> {
        let so_far = ground.records.get(..=at).unwrap_or(ground.records);
        let graph = self.graph.reopen(&**ground.store, so_far)?;
        let stored = LivePacks::open(Rc::clone(ground.store), ground.limits)?;
        if !stored.records().starts_with(so_far) {
            return Err(Failure::Overtaken);
        }
        let made = LivePacks::open(Rc::clone(ground.overlay), ground.limits)?;
        // Before this pack the stored parts are the made ones.
        let made_graph = self.graph.reopen(&**ground.overlay, made.records())?;
        let ordinal = u32::try_from(at).unwrap_or(u32::MAX);
        let commits = |graph: &CommitGraph| graph.segment(ordinal).map_or(0, Segment::len);
        let count = commits(&graph);
        if count != commits(&made_graph) {
            return Ok(false);
        }
        let pack_id = ground.records.get(at).map(|record| record.pack_id);
        let is_index_made = pack_id.is_some_and(|pack_id| ground.overlay.has(pack_id, Part::Index));
        if is_index_made && !are_same(stored.index(ordinal)?, made.index(ordinal)?) {
            return Ok(false);
        }
        let stored = Graph::new(&stored, &graph);
        let made = Graph::new(&made, &made_graph);
        for number in 0..count {
            if number % COMPARE_STEP_COMMITS == 0 {
                pause().await;
                ground.object.check_open(ground.store)?;
            }
            let Some(node) = graph.node(ordinal, number) else {
                continue;
            };
            let is_found = graph.lookup(&graph.commit_id(node)?)? == Some(node);
            if !is_found || compare::commits(&stored, &made, node)?.is_some() {
                return Ok(false);
            }
        }
        drop((stored, made));
        self.graph = graph;
        Ok(true)
    }
}

fn are_same(stored: &PackIndex, made: &PackIndex) -> bool {
    compare::indexes(stored, made).is_none()
}
