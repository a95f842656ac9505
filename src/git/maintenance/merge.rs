//! Merges several packs into one, entry by entry, as they are stored.
//!
//! The sources are neighbours among the live packs. The merged pack gets each object once: the copy
//! of the earliest source that has it. (If one source has an object twice, both copies stay,
//! because deltas may build on either.) Payloads are copied. Only the header of a delta is written
//! again, because its base may have moved. No cycle can arise: along a chain the source never gets
//! later, and within one source the chain is the stored one. An object is compressed again, and
//! stored whole, only if its base is left out because nothing reaches it.
//!
//! The machine works in phases: it reads the ids of the sources side by side to find objects that several
//! have ([`join`]), gives entries their places, copies their bytes, sorts them, and makes their graph and
//! introduced lists ([`parts`]). It reads indexes and lists from end to end, in windows. Where there is
//! scratch it holds 10 bytes for each object, 12 for each commit, and some MiB of tables.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use cairn_deflate::Deflater;
use gix_hash::ObjectId;

use super::super::graph::Spill;
use super::super::graph::commits::CommitGraph;
use super::super::graph::made_part::MadePart;
use super::super::hash::PackHasher;
use super::super::pack::entries::{Base, Entry, EntryTable};
use super::super::pack::entry::{self, EntryKind};
use super::super::pack::incoming::{IncomingPack, Received};
use super::super::pack::index::Row;
use super::super::pack::reader::{LivePacks, Location};
use super::super::store::{Extent, PackId, PackStore, Quarantine, ReadError, Scratch, StoreError};
use super::reach::Reached;
use super::step::Step;
use join::Join;
use parts::PartsMerge;
use sources::{NOWHERE, Sources};

mod join;
mod parts;
mod sources;
mod whole;

/// How much of a step's budget a look at one entry or commit costs, in bytes.
const LOOK_COST: u64 = 256;

/// A merged pack, ready to be published in place of its sources.
#[derive(Debug)]
pub struct Merged {
    /// The packs that it replaces, in the order of publishing.
    pub sources: Vec<PackId>,
    /// Its stream; the tail is not written yet.
    pub received: Received,
    /// Its entries, sorted.
    pub table: EntryTable,
    /// Its Graph part.
    pub graph_part: MadePart,
    /// Its Introduced part.
    pub introduced_part: MadePart,
    /// Whether its parts are in quarantine already.
    pub has_written_parts: bool,
}

/// Merges packs. It does not borrow them, so that others may run between its steps. Every call
/// needs the same packs and graph.
pub struct Merge {
    range: Range<u32>,
    /// Opened by the first step.
    sources: Option<Sources>,
    keep: Option<Rc<Reached>>,
    phase: Phase,
    /// For the tables of the parts.
    spill: Option<Rc<Spill>>,
    object_count: u32,
    table: EntryTable,
    pack: IncomingPack,
    hasher: PackHasher,
    external_numbers: HashMap<ObjectId, u32>,
    /// Made when the first object is deflated again.
    deflater: Option<Box<Deflater>>,
}

enum Phase {
    /// Finds the objects that several sources have.
    Joining(Join),
    /// Gives places to the entries from here on.
    Placing(Location),
    /// Copies the entries from here on, and first the payload of the last one.
    Copying(Location, Option<Extent>),
    /// Sorts the entries by id.
    Sorting,
    Parts(Box<PartsMerge>),
}

impl Merge {
    /// Prepares to merge the packs with these places among `packs`; if `keep` is given, takes only the
    /// objects it has; `keep` must have been found over the same packs.
    pub fn new(range: Range<u32>, keep: Option<Rc<Reached>>) -> Self {
        Self {
            range,
            sources: None,
            keep,
            phase: Phase::Joining(Join::default()),
            spill: None,
            object_count: 0,
            table: EntryTable::default(),
            pack: IncomingPack::default(),
            hasher: PackHasher::default(),
            external_numbers: HashMap::new(),
            deflater: None,
        }
    }

    /// The same where tables that grow large go to scratch: entries to one, parts to the other.
    #[must_use]
    pub(crate) fn spilling_to(mut self, [entries, parts]: [Rc<dyn Scratch>; 2]) -> Self {
        self.table.spill_to(entries);
        self.spill = Some(Rc::new(Spill::new(parts)));
        self
    }

    /// Entries of the packs to merge.
    pub(crate) fn objects<S: PackStore>(&self, packs: &LivePacks<S>) -> u64 {
        let at = |ordinal: u32| usize::try_from(ordinal).unwrap_or(usize::MAX);
        let records = packs
            .records()
            .get(at(self.range.start)..at(self.range.end));
        let counts = records.unwrap_or_default().iter();
        counts.map(|record| u64::from(record.object_count)).sum()
    }

    /// The merged pack in quarantine, once it has a row.
    pub fn pack_id(&self) -> Option<PackId> {
        self.pack.pack_id()
    }

    /// Works until about `budget_bytes` were copied, or as many looks taken. After an error that
    /// says that bytes are not at hand the step may be repeated.
    pub fn step<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        quarantine: &dyn Quarantine,
        budget_bytes: u64,
    ) -> Result<Step, ReadError> {
        let mut sources = match self.sources.take() {
            Some(sources) => sources,
            None => Sources::open(packs, self.range.clone())?,
        };
        let stepped = self.work(packs, graph, (&mut sources, quarantine), budget_bytes);
        self.sources = Some(sources);
        // An object that scratch could not give would look as if it did not exist.
        self.table.check()?;
        stepped
    }

    fn work<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        (sources, quarantine): (&mut Sources, &dyn Quarantine),
        budget_bytes: u64,
    ) -> Result<Step, ReadError> {
        let mut spent = 0;
        while spent < budget_bytes {
            spent += LOOK_COST;
            match &mut self.phase {
                Phase::Joining(join) => {
                    let (keep, first) = (self.keep.as_deref(), self.range.start);
                    let keeps = |source: usize, position: u32| {
                        let pack = u32::try_from(source).map(|source| first.saturating_add(source));
                        keep.is_none_or(|keep| {
                            keep.entries.contains(pack.unwrap_or(first), position)
                        })
                    };
                    if sources.count() < 2 || !join.step(sources, keeps)? {
                        self.phase = Phase::Placing(self.start());
                    }
                }
                Phase::Placing(at) => {
                    let at = *at;
                    self.place(sources, at, quarantine)?;
                }
                Phase::Copying(_, Some(extent)) => {
                    let extent = *extent;
                    spent += self.copy(packs, extent, quarantine)?;
                }
                Phase::Copying(at, None) => {
                    let at = *at;
                    self.put(packs, sources, at, quarantine)?;
                }
                Phase::Sorting => {
                    let is_sorted = self.table.sort_some();
                    self.table.check()?;
                    if !is_sorted {
                        return Ok(Step::More);
                    }
                    let range = &self.range;
                    let count = self.table.count();
                    let parts = PartsMerge::new(packs, graph, range, (count, self.spill.as_ref()))?;
                    self.phase = Phase::Parts(Box::new(parts));
                }
                Phase::Parts(parts) => {
                    let keep = self.keep.as_deref();
                    if parts.commit(packs, graph, sources, &self.table, keep)? {
                        return Ok(Step::Done);
                    }
                }
            }
        }
        Ok(Step::More)
    }

    /// The first entry of the sources.
    fn start(&self) -> Location {
        Location {
            pack: self.range.start,
            position: 0,
        }
    }

    /// The merged pack. To be called when a step was [`Step::Done`]. `renamed` are packs that were rewritten
    /// since, without new commits, and their present packs.
    pub fn finish<S: PackStore>(
        self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        renamed: &[(PackId, PackId)],
    ) -> Result<Option<Merged>, StoreError> {
        let Phase::Parts(parts) = self.phase else {
            return Ok(None);
        };
        let at = |ordinal: u32| usize::try_from(ordinal).unwrap_or(usize::MAX);
        let range = at(self.range.start)..at(self.range.end);
        let Some(records) = packs.records().get(range) else {
            return Ok(None);
        };
        let sources: Vec<PackId> = records.iter().map(|record| record.pack_id).collect();
        let (graph_part, introduced_part) = parts.finish(graph, &sources, renamed)?;
        Ok(Some(Merged {
            sources,
            received: self.pack.finish(),
            table: self.table,
            graph_part,
            introduced_part,
            has_written_parts: false,
        }))
    }

    /// Gives the next entry its place, or begins the pack when all have theirs.
    fn place(
        &mut self,
        sources: &mut Sources,
        at: Location,
        quarantine: &dyn Quarantine,
    ) -> Result<(), ReadError> {
        let Some(at) = sources.settle(at)? else {
            let start = self.start();
            self.write(&entry::write_pack(self.object_count), quarantine)?;
            self.phase = Phase::Copying(start, None);
            return Ok(());
        };
        let keeps = |keep: &Rc<Reached>| keep.entries.contains(at.pack, at.position);
        let place = if self.keep.as_ref().is_some_and(|keep| !keeps(keep)) {
            NOWHERE
        } else if let Some(place) = sources.standing(at) {
            place
        } else {
            self.object_count += 1;
            self.object_count - 1
        };
        sources.set_place(at, place);
        self.phase = Phase::Placing(Location {
            position: at.position + 1,
            ..at
        });
        Ok(())
    }

    /// Puts the next entry that goes into the pack, its payload yet to be copied; or ends the pack.
    fn put<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        sources: &mut Sources,
        at: Location,
        quarantine: &dyn Quarantine,
    ) -> Result<(), ReadError> {
        let Some(at) = sources.settle(at)? else {
            let trailer = std::mem::take(&mut self.hasher).finish();
            self.pack.append(&trailer, quarantine)?;
            sources.forget_ids();
            self.phase = Phase::Sorting;
            return Ok(());
        };
        let next = Location {
            position: at.position + 1,
            ..at
        };
        // Places are given in this same order, so that an entry goes where its number comes up.
        if sources.place(at) != Some(self.table.count()) {
            self.phase = Phase::Copying(next, None);
            return Ok(());
        }
        if !sources.prepare(at)? {
            return Ok(());
        }
        let row = sources.row(at)?;
        let id = sources.id(at, &row)?;
        if self.loses_base(packs, at, &row)? {
            return self.put_whole(packs, (at, id), quarantine);
        }
        let base = self.base(packs, sources, at, &row)?;
        let (header, skipped) = self.header(packs, at, &row, base)?;
        debug_assert!(
            skipped <= u64::from(row.stored_bytes),
            "a header is longer than its entry"
        );
        let payload_bytes = u64::from(row.stored_bytes).saturating_sub(skipped);
        let stored_bytes = payload_bytes.saturating_add(header.len() as u64);
        let entry = Entry {
            id,
            offset: self.pack.pack_bytes(),
            stored_bytes: u32::try_from(stored_bytes).unwrap_or(u32::MAX),
            size_bytes: row.size_bytes,
            kind: Some(row.kind),
            depth: row.depth,
            base,
        };
        let pushed = self.table.push(entry, self.object_count);
        pushed.ok_or_else(|| StoreError::Failed("no memory for the merged table".to_owned()))?;
        self.write(&header, quarantine)?;
        let payload = Extent {
            pack_id: packs.pack_id(at.pack)?,
            offset: row.offset + skipped,
            length: payload_bytes,
        };
        self.phase = Phase::Copying(next, Some(payload).filter(|payload| payload.length > 0));
        Ok(())
    }

    /// The entry's base in the merged pack.
    fn base<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        sources: &Sources,
        at: Location,
        row: &Row,
    ) -> Result<Base, ReadError> {
        let (id, place) = match row.base {
            Base::None => return Ok(Base::None),
            Base::Position(position) => {
                let base = Location { position, ..at };
                match sources.place(base) {
                    Some(place) => return Ok(Base::Position(place)),
                    None => (packs.id(base)?, None),
                }
            }
            Base::External(number) => {
                let id = packs.external_base(at.pack, number)?;
                (id, sources.find(packs, &id, at.pack)?)
            }
        };
        if let Some(place) = place {
            return Ok(Base::Position(place));
        }
        if packs.find_before(&id, self.range.start)?.is_none() {
            let what = "its delta base is in no earlier pack";
            return Err(ReadError::Corrupt { id, what });
        }
        let next = u32::try_from(self.table.external_bases.len()).unwrap_or(u32::MAX);
        let number = *self.external_numbers.entry(id).or_insert(next);
        if number == next {
            self.table.external_bases.push(id);
        }
        Ok(Base::External(number))
    }

    /// The entry's new header, and how many of its stored bytes that replaces.
    fn header<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        at: Location,
        row: &Row,
        base: Base,
    ) -> Result<(Vec<u8>, u64), ReadError> {
        let mut bytes = Vec::new();
        if base == Base::None {
            return Ok((bytes, 0));
        }
        let header = packs.header(at, row)?;
        let earlier = match base {
            Base::Position(place) => self.table.get(place),
            _ => None,
        };
        let kind = match earlier {
            Some(earlier) => {
                let here = self.pack.pack_bytes();
                debug_assert!(earlier.offset < here, "a base behind its delta");
                EntryKind::OfsDelta {
                    distance: here.saturating_sub(earlier.offset),
                }
            }
            // In an earlier pack, or, where a ref-delta leans on a later entry, still to come.
            None => EntryKind::RefDelta {
                base_id: match row.base {
                    Base::External(number) => packs.external_base(at.pack, number)?,
                    Base::Position(position) => packs.id(Location { position, ..at })?,
                    Base::None => return Ok((bytes, 0)),
                },
            },
        };
        entry::write(&kind, header.size_bytes, &mut bytes);
        Ok((bytes, header.header_bytes as u64))
    }

    /// Copies the part of the payload in one chunk; gives the bytes copied.
    fn copy<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        extent: Extent,
        quarantine: &dyn Quarantine,
    ) -> Result<u64, ReadError> {
        let end = extent.offset.saturating_add(extent.length);
        let (chunk, range) = packs.piece(extent.pack_id, extent.offset, end)?;
        let bytes = chunk.get(range).unwrap_or_default();
        self.write(bytes, quarantine)?;
        let copied = bytes.len() as u64;
        if let Phase::Copying(_, open) = &mut self.phase {
            let length = extent.length.saturating_sub(copied);
            *open = (length > 0).then_some(Extent {
                offset: extent.offset + copied,
                length,
                ..extent
            });
        }
        Ok(copied)
    }

    fn write(&mut self, bytes: &[u8], quarantine: &dyn Quarantine) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        self.pack.append(bytes, quarantine)
    }
}
