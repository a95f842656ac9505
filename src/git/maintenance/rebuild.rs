//! Makes the parts of a stored pack again, from its bytes and from the packs before it.
//!
//! [`IndexRebuild`] reads the pack as a push does. An object that came as a delta and was stored
//! whole lies behind the received stream, after its trailer. Those entries are read too, and each
//! takes the place of the received one with the same id. The connectivity walk then makes graph and
//! lists, with every commit of the pack as a tip ([`StoredPack`]), so a commit is proved with the
//! first pack that completes it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::graph::commits::CommitGraph;
use super::super::graph::connectivity::Incoming;
use super::super::graph::made_part::MadePart;
use super::super::hash::ObjectHasher;
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::pack::entries::{Base, Entry, EntryTable};
use super::super::pack::entry::{self, ENTRY_HEADER_BYTES_MAX, EntryKind};
use super::super::pack::incoming::objects::Sources;
use super::super::pack::index::PackIndex;
use super::super::pack::inflate::Inflater;
use super::super::pack::parser::PackParser;
use super::super::pack::parser::error::{PackError, Refusal};
use super::super::pack::reader::LivePacks;
use super::super::pack::resolver::{self, Resolver};
use super::super::store::{
    CHUNK_BYTES, ColdChunk, PackId, PackRecord, PackStore, Part, PartReader, Pieces, Quarantine,
    Scratch, Shared, StoreError,
};
use super::step::Step;

/// A pack's bytes do not give an index.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// They are no pack, or its objects cannot be resolved.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes after the trailer are not an entry that a push appends.
    #[error("the entry appended at offset {offset} is corrupt")]
    Appended {
        /// Its offset.
        offset: u64,
    },
}

impl RebuildError {
    /// As [`StoreError::cold`].
    pub(crate) fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Pack(error) => error.cold(),
            Self::Store(error) => error.cold(),
            Self::Appended { .. } => None,
        }
    }
}

/// The first packs of a repository, with some parts in place of the stored ones.
pub struct Overlay<S> {
    store: S,
    packs: RefCell<Rc<Vec<PackRecord>>>,
    parts: RefCell<HashMap<(PackId, Part), Made>>,
}

/// A part that was made.
#[derive(Clone)]
enum Made {
    /// In one run.
    Joined(Shared),
    /// Of which some may be in scratch.
    Apart(Rc<MadePart>),
}

impl Made {
    fn whole(&self) -> Result<Shared, StoreError> {
        match self {
            Self::Joined(bytes) => Ok(Rc::clone(bytes)),
            Self::Apart(part) => part.whole(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Joined(bytes) => bytes.len(),
            Self::Apart(part) => part.len(),
        }
    }
}

impl<S: PackStore> Overlay<S> {
    /// No packs.
    pub fn new(store: S) -> Self {
        Self {
            store,
            packs: RefCell::default(),
            parts: RefCell::default(),
        }
    }

    /// Adds the next pack and its index.
    pub fn add(&self, record: PackRecord, index: Vec<u8>) {
        self.put(record.pack_id, Part::Index, Rc::new(index));
        self.add_stored(record);
    }

    /// Adds the next pack with the parts that are stored.
    pub(crate) fn add_stored(&self, record: PackRecord) {
        let mut packs = self.packs.borrow().to_vec();
        packs.push(record);
        self.packs.replace(Rc::new(packs));
    }

    /// Sets a part.
    pub fn put(&self, pack_id: PackId, part: Part, bytes: Shared) {
        let made = Made::Joined(bytes);
        self.parts.borrow_mut().insert((pack_id, part), made);
    }

    /// Sets a part that is read by ranges where it is large.
    pub(crate) fn put_apart(&self, pack_id: PackId, part: Part, made: Rc<MadePart>) {
        let made = Made::Apart(made);
        self.parts.borrow_mut().insert((pack_id, part), made);
    }

    /// Whether a part was set of the pack; else the stored one holds.
    pub(crate) fn has(&self, pack_id: PackId, part: Part) -> bool {
        self.parts.borrow().contains_key(&(pack_id, part))
    }

    fn made(&self, pack_id: PackId, part: Part) -> Option<Made> {
        self.parts.borrow().get(&(pack_id, part)).cloned()
    }

    /// Gives up the parts that were set of a pack: the stored ones hold.
    pub(crate) fn use_stored(&self, pack_id: PackId) {
        self.parts.borrow_mut().retain(|(of, _), _| *of != pack_id);
    }

    /// Bytes of the parts that were set of a pack.
    pub(crate) fn part_bytes(&self, pack_id: PackId) -> usize {
        let parts = self.parts.borrow();
        let of_pack = parts.iter().filter(|((of, _), _)| *of == pack_id);
        of_pack.map(|(_, made)| made.len()).sum()
    }

    /// All parts that were set, each in one run.
    pub fn into_parts(self) -> Result<HashMap<(PackId, Part), Shared>, StoreError> {
        let parts = self.parts.into_inner().into_iter();
        let joined = parts.map(|(place, made)| Ok((place, made.whole()?)));
        joined.collect()
    }
}

impl<S: PackStore> PackStore for Overlay<S> {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::clone(&self.packs.borrow()))
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        match self.made(pack_id, part) {
            Some(made) => made.whole(),
            None => self.store.part(pack_id, part),
        }
    }

    fn index(&self, pack_id: PackId) -> Result<Pieces, StoreError> {
        match self.made(pack_id, Part::Index) {
            Some(made) => made.whole().map(Pieces::from),
            None => self.store.index(pack_id),
        }
    }

    fn part_reader(&self, pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        match self.made(pack_id, Part::Graph) {
            Some(Made::Joined(_)) => None,
            Some(Made::Apart(part)) => Some(part),
            None => self.store.part_reader(pack_id),
        }
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        self.store.chunk(pack_id, number)
    }
}

/// A quarantine for a pack that is already stored; it writes nothing.
struct Replay<'a> {
    quarantine: &'a dyn Quarantine,
    pack_id: PackId,
}

impl Quarantine for Replay<'_> {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        Ok(self.pack_id)
    }

    fn open_scratch(&self) -> Result<PackId, StoreError> {
        self.quarantine.open_scratch()
    }

    fn drop_scratch(&self, scratch_id: PackId) -> Result<(), StoreError> {
        self.quarantine.drop_scratch(scratch_id)
    }

    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        if pack_id == self.pack_id {
            return Ok(());
        }
        self.quarantine.put_chunk(pack_id, number, bytes)
    }

    fn put_part(&self, pack_id: PackId, _: Part, _: u32, _: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Corrupt {
            what: "a part of a replayed pack",
            pack: pack_id.0,
        })
    }
}

/// Makes the table of a stored pack's entries again.
pub struct IndexRebuild {
    record: PackRecord,
    phase: Phase,
}

enum Phase {
    Feeding(Box<PackParser>, u32),
    Resolving(Box<Resolver>, u64),
    /// The entries, and where the next appended one starts.
    Appended(Box<EntryTable>, u64),
    Failed,
}

impl IndexRebuild {
    /// Begins with this pack.
    pub fn new(record: PackRecord, limits: &Limits) -> Self {
        // Stored entries stay as they are, however long their chains.
        let limits = Limits {
            thin_depth_max: u16::MAX,
            delta_depth_max: u16::MAX,
            // Large deltas are made whole once more, and dropped.
            appended_bytes_min: u64::MAX,
            ..*limits
        };
        Self {
            record,
            phase: Phase::Feeding(Box::new(PackParser::new(limits)), 0),
        }
    }

    /// The same where a table of many entries goes to scratch.
    #[must_use]
    pub fn spilling_to(mut self, scratch: Rc<dyn Scratch>) -> Self {
        if let Phase::Feeding(parser, _) = &mut self.phase {
            parser.spill_to(scratch);
        }
        self
    }

    /// Works on: a chunk is read, or `budget_bytes` of deltas are resolved, or an appended entry
    /// is read. `before` are the packs published before this one, `quarantine` is for scratch.
    /// When a chunk of the pack or of a base is cold it can be called again once that is mended.
    pub fn step<S: PackStore>(
        &mut self,
        before: &LivePacks<S>,
        quarantine: &dyn Quarantine,
        budget_bytes: u64,
    ) -> Result<Step, RebuildError> {
        let replay = Replay {
            quarantine,
            pack_id: self.record.pack_id,
        };
        let mut ignore = |_, _: &ObjectId, _, _: &[u8]| Ok::<(), Refusal>(());
        let store = before.store();
        let fed = match &self.phase {
            Phase::Feeding(_, number) => Some(store.chunk(self.record.pack_id, *number)?),
            _ => None,
        };
        match std::mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Feeding(mut parser, number) => {
                let chunk = fed.unwrap_or_default();
                parser.feed_stored(&chunk, &replay, &mut ignore)?;
                let end = u64::from(number + 1) * CHUNK_BYTES as u64;
                self.phase = if end < self.record.pack_bytes {
                    Phase::Feeding(parser, number + 1)
                } else {
                    let appended = parser.stream_bytes();
                    let resolver = Resolver::new(parser.finish_input()?);
                    Phase::Resolving(Box::new(resolver), appended)
                };
            }
            Phase::Resolving(mut resolver, appended) => {
                let sources = Sources {
                    store,
                    bases: before,
                };
                let step = match resolver.step(budget_bytes, sources, &replay, &mut ignore) {
                    Ok(step) => step,
                    Err(error) => {
                        self.phase = Phase::Resolving(resolver, appended);
                        return Err(error.into());
                    }
                };
                self.phase = match step {
                    resolver::Step::More => Phase::Resolving(resolver, appended),
                    resolver::Step::Done => {
                        Phase::Appended(Box::new(resolver.finish().table), appended)
                    }
                };
            }
            Phase::Appended(table, offset) if offset >= self.record.pack_bytes => {
                self.phase = Phase::Appended(table, offset);
                return Ok(Step::Done);
            }
            Phase::Appended(mut table, offset) => {
                let read = self.read_appended(store, &mut table, offset);
                self.phase = Phase::Appended(table, *read.as_ref().unwrap_or(&offset));
                read?;
            }
            Phase::Failed => return Err(RebuildError::Appended { offset: 0 }),
        }
        Ok(Step::More)
    }

    /// The entries, sorted, once a step was [`Step::Done`].
    pub fn finish(self) -> Option<EntryTable> {
        match self.phase {
            Phase::Appended(table, _) => Some(*table),
            _ => None,
        }
    }

    /// Reads the entry that was appended at `offset`; gives where it ends.
    fn read_appended<S: PackStore>(
        &self,
        store: &S,
        table: &mut EntryTable,
        offset: u64,
    ) -> Result<u64, RebuildError> {
        let corrupt = || RebuildError::Appended { offset };
        let mut first = Vec::new();
        while first.len() < ENTRY_HEADER_BYTES_MAX {
            match self.piece(store, offset + first.len() as u64) {
                Ok(piece) => first.extend(piece.iter().take(ENTRY_HEADER_BYTES_MAX)),
                Err(error) if error.cold().is_none() && !first.is_empty() => break,
                Err(error) => return Err(error.into()),
            }
        }
        let header = entry::parse(&first).ok().flatten().ok_or_else(corrupt)?;
        let EntryKind::Whole(kind) = header.kind else {
            return Err(corrupt());
        };
        let mut hasher = ObjectHasher::new(kind, header.size_bytes);
        let mut inflater = Inflater::new();
        inflater.start(header.size_bytes);
        let mut end = offset + header.header_bytes as u64;
        loop {
            let piece = self.piece(store, end)?;
            let (step, content) = inflater.next_piece(&piece).map_err(|_| corrupt())?;
            hasher.update(content);
            end += step.consumed as u64;
            if step.done {
                break;
            }
        }
        let id = hasher.finish().map_err(|_| corrupt())?;
        let position = table.find(&id);
        table.check()?;
        let position = position.ok_or_else(corrupt)?;
        let place = table.get_mut(position).ok_or_else(corrupt)?;
        *place = Entry {
            offset,
            stored_bytes: u32::try_from(end - offset).map_err(|_| corrupt())?,
            depth: 0,
            base: Base::None,
            ..*place
        };
        Ok(end)
    }

    /// The pack's bytes from `offset` to the end of their chunk, never none.
    fn piece<S: PackStore>(&self, store: &S, offset: u64) -> Result<Vec<u8>, StoreError> {
        let corrupt = StoreError::Corrupt {
            what: "chunk",
            pack: self.record.pack_id.0,
        };
        let chunk_bytes = CHUNK_BYTES as u64;
        let number = u32::try_from(offset / chunk_bytes).map_err(|_| corrupt.clone())?;
        let start = usize::try_from(offset % chunk_bytes).map_err(|_| corrupt.clone())?;
        let chunk = store.chunk(self.record.pack_id, number)?;
        let piece = chunk.get(start..).filter(|piece| !piece.is_empty());
        piece.map(<[u8]>::to_vec).ok_or(corrupt)
    }
}

/// The last of some packs, seen as one that is being pushed.
pub struct StoredPack<'a, S> {
    packs: &'a LivePacks<S>,
    pack: u32,
}

impl<'a, S: PackStore> StoredPack<'a, S> {
    /// The last of `packs`.
    pub fn last(packs: &'a LivePacks<S>) -> Self {
        Self {
            packs,
            pack: packs.pack_count().saturating_sub(1),
        }
    }

    /// Its commits that the packs before it do not have; `graph` is the graph of those.
    pub fn commits(&self, graph: &CommitGraph) -> Result<Vec<ObjectId>, StoreError> {
        let index = self.packs.index(self.pack)?;
        let mut commits = Vec::new();
        for position in 0..index.len() {
            let entry = index.entry(position).ok_or(StoreError::Corrupt {
                what: "index",
                pack: index.pack_id().0,
            })?;
            if entry.kind == Some(ObjectKind::Commit) && graph.lookup(&entry.id)?.is_none() {
                commits.push(entry.id);
            }
        }
        Ok(commits)
    }
}

impl<S: PackStore> Incoming for StoredPack<'_, S> {
    fn object_count(&self) -> u32 {
        self.packs.index(self.pack).map_or(0, PackIndex::len)
    }

    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)> {
        let index = self.packs.index(self.pack).ok()?;
        let position = index.find(id)?;
        Some((position, index.row(position)?.kind))
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        self.packs.index(self.pack).ok()?.id(position)
    }
}
