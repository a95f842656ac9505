//! Makes the Graph and Introduced parts of the merged pack from those of its sources, commit by
//! commit. In the order of the sources, parents come first.

use std::ops::Range;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::super::graph::Spill;
use super::super::super::graph::commits::CommitGraph;
use super::super::super::graph::introduced::IntroducedBuilder;
use super::super::super::graph::introduced::scanned::ScannedLists;
use super::super::super::graph::made_part::MadePart;
use super::super::super::graph::segment::{NewCommit, NewParent, Parent, Segment, SegmentBuilder};
use super::super::super::pack::entries::EntryTable;
use super::super::super::pack::reader::{LivePacks, Location};
use super::super::super::store::scan::ScannedPart;
use super::super::super::store::{PackId, PackStore, Part, ReadError, StoreError};
use super::super::reach::Reached;
use super::sources::{NOWHERE, Sources};

/// The parts while they are made. Holds 4 bytes a commit besides the builders.
pub(super) struct PartsMerge {
    sources: Vec<SourceParts>,
    /// The source and the number of the next commit.
    next: (usize, u32),
    segment: SegmentBuilder,
    lists: IntroducedBuilder,
}

struct SourceParts {
    pack: u32,
    pack_id: PackId,
    segment: Segment,
    introduced: ScannedLists,
    /// The sources before, by their places here, that may have commits of this one.
    overlapped: Vec<usize>,
    /// By number: the commit's number in the merged segment.
    numbers: Vec<u32>,
}

impl SourceParts {
    fn number(&self, number: u32) -> Option<u32> {
        let number = *self.numbers.get(usize::try_from(number).ok()?)?;
        (number != NOWHERE).then_some(number)
    }

    fn corrupt(&self) -> StoreError {
        StoreError::Corrupt {
            what: "commit graph",
            pack: self.pack_id.0,
        }
    }
}

impl PartsMerge {
    pub(super) fn new<S: PackStore>(
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        range: &Range<u32>,
        (object_count, spill): (u32, Option<&Rc<Spill>>),
    ) -> Result<Self, StoreError> {
        let (mut sources, mut commits) = (Vec::<SourceParts>::new(), 0_usize);
        for pack in range.clone() {
            let pack_id = packs.pack_id(pack)?;
            let corrupt = |what| StoreError::Corrupt {
                what,
                pack: pack_id.0,
            };
            let record = usize::try_from(pack).ok();
            let record = record.and_then(|at| packs.records().get(at));
            let record = record.ok_or(corrupt("record"))?;
            let segment = graph.segment(pack).ok_or(corrupt("commit graph"))?;
            let segment = if segment.is_paged() {
                Segment::scan(packs.store(), record)?
            } else {
                segment.clone()
            };
            let part = ScannedPart::open(packs.store(), record, Part::Introduced)?;
            let introduced = ScannedLists::open(part)?;
            if introduced.len() != segment.len() {
                return Err(corrupt("introduced lists"));
            }
            let mut overlapped = Vec::new();
            for (at, earlier) in sources.iter().enumerate() {
                if !graph.are_disjoint(earlier.pack_id, pack_id)? {
                    overlapped.push(at);
                }
            }
            let count = usize::try_from(segment.len()).unwrap_or(0);
            commits = commits.saturating_add(count);
            sources.push(SourceParts {
                pack,
                pack_id,
                segment,
                introduced,
                overlapped,
                numbers: Vec::with_capacity(count),
            });
        }
        let (segment, lists) = match spill {
            Some(spill) => (
                SegmentBuilder::spilling_to(spill, Vec::new(), commits),
                IntroducedBuilder::spilling_to(spill, object_count),
            ),
            None => (
                SegmentBuilder::new(Vec::new(), 0),
                IntroducedBuilder::new(object_count),
            ),
        };
        Ok(Self {
            sources,
            next: (0, 0),
            segment,
            lists,
        })
    }

    /// Takes the next commit over; true when there was none.
    pub(super) fn commit<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        places: &Sources,
        table: &EntryTable,
        keep: Option<&Reached>,
    ) -> Result<bool, ReadError> {
        let (at, number) = self.next;
        let Some(source) = self.sources.get(at) else {
            return Ok(true);
        };
        if number >= source.segment.len() {
            self.next = (at + 1, 0);
            return Ok(false);
        }
        let kept = keep.is_none_or(|keep| {
            let node = graph.node(source.pack, number);
            node.is_some_and(|node| keep.has_commit(node))
        });
        let commit_id = source.segment.commit_id(number)?;
        let merged = if kept {
            match self.number_of(&commit_id, source.overlapped.iter().copied())? {
                Some(merged) => merged,
                None => self.take(packs, graph, places, table, (at, number))?,
            }
        } else {
            NOWHERE
        };
        if let Some(source) = self.sources.get_mut(at) {
            source.numbers.push(merged);
        }
        self.next = (at, number + 1);
        Ok(false)
    }

    /// The number of a commit that one of these sources has.
    fn number_of(
        &self,
        commit_id: &oid,
        sources: impl Iterator<Item = usize>,
    ) -> Result<Option<u32>, StoreError> {
        for source in sources.filter_map(|at| self.sources.get(at)) {
            let number = source.segment.lookup(commit_id)?;
            if let Some(number) = number.and_then(|number| source.number(number)) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Adds a commit and its list; gives its number.
    fn take<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        places: &Sources,
        table: &EntryTable,
        (at, number): (usize, u32),
    ) -> Result<u32, ReadError> {
        let missing = StoreError::Missing {
            what: "source",
            pack: 0,
        };
        let source = self.sources.get(at).ok_or(missing)?;
        let mut parents = Vec::new();
        source.segment.for_each_parent(number, |parent| {
            let parent = match parent {
                Parent::Local(number) => source.number(number).map(NewParent::Local),
                Parent::External(row) => self.external(graph, source.segment.external(row)?, at)?,
            };
            parents.push(parent.ok_or_else(|| source.corrupt())?);
            Ok(())
        })?;
        let commit = NewCommit {
            commit_id: source.segment.commit_id(number)?,
            tree_id: source.segment.tree_id(number)?,
            time_seconds: source.segment.time_seconds(number)?,
        };
        let pushed = self.segment.push(&commit, &parents)?;
        let merged = pushed.ok_or_else(|| source.corrupt())?;

        let (mut positions, mut elsewhere) = (Vec::new(), Vec::new());
        let pack = source.pack;
        let (mut listed, mut rows) = (Vec::new(), Vec::new());
        source.introduced.list(number, &mut listed, &mut rows)?;
        for position in listed {
            let at = Location { pack, position };
            match places.place(at) {
                Some(place) => positions.push(place),
                None => elsewhere.push(packs.id(at)?),
            }
        }
        for row in rows {
            elsewhere.push(source.introduced.external(row)?);
        }
        let mut externals = Vec::new();
        for id in elsewhere {
            match table.find(&id) {
                Some(position) => positions.push(position),
                None => externals.push(self.lists.external(id).0),
            }
        }
        for position in &positions {
            self.lists.note_introducer(*position, merged)?;
        }
        self.lists.push(&mut positions, &mut externals)?;
        Ok(merged)
    }

    /// A parent that is not in the commit's own segment.
    fn external(
        &self,
        graph: &CommitGraph,
        commit_id: ObjectId,
        at: usize,
    ) -> Result<Option<NewParent>, StoreError> {
        if let Some(number) = self.number_of(&commit_id, 0..at)? {
            return Ok(Some(NewParent::Local(number)));
        }
        let Some(node) = graph.lookup(&commit_id)? else {
            return Ok(None);
        };
        let generation = graph.generation(node)?;
        Ok(Some(NewParent::External {
            commit_id,
            generation,
        }))
    }

    /// Both parts.
    pub(super) fn finish(
        self,
        graph: &CommitGraph,
        sources: &[PackId],
        renamed: &[(PackId, PackId)],
    ) -> Result<(MadePart, MadePart), StoreError> {
        let is_apart = |pack_id: PackId| {
            for source in sources {
                if *source == pack_id || !graph.are_disjoint(*source, pack_id)? {
                    return Ok(false);
                }
            }
            Ok::<_, StoreError>(true)
        };
        let now = |pack_id: PackId| {
            let renamed = renamed.iter().find(|renamed| renamed.0 == pack_id);
            renamed.map_or(pack_id, |renamed| renamed.1)
        };
        let mut beside = Vec::new();
        for pack_id in graph.pack_ids() {
            if is_apart(pack_id)? {
                beside.push(now(pack_id));
            }
        }
        Ok((self.segment.beside(beside).finish()?, self.lists.finish()?))
    }
}
