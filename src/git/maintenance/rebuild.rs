//! Makes the parts of a stored pack again, from its bytes and from the packs before it.
//!
//! [`IndexRebuild`] reads the pack as a push does. An object that came as a delta and was stored
//! whole lies behind the received stream, after its trailer. Those entries are read too, and each
//! takes the place of the received one with the same id. The connectivity walk then makes graph and
//! lists, with every commit of the pack as a tip
//! ([`Unpublished`](super::super::graph::unpublished::Unpublished)), so a commit is proved with the
//! first pack that completes it.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::hash::ObjectHasher;
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::pack::entries::{Base, Entry, EntryTable};
use super::super::pack::entry::{self, ENTRY_HEADER_BYTES_MAX, EntryKind};
use super::super::pack::incoming::objects::{IncomingObjects, Sources};
use super::super::pack::inflate::Inflater;
use super::super::pack::parser::PackParser;
use super::super::pack::parser::error::{PackError, Refusal};
use super::super::pack::reader::LivePacks;
use super::super::pack::resolver::{self, Resolver};
use super::super::store::{
    CHUNK_BYTES, ColdChunk, PackId, PackRecord, PackStore, Part, Quarantine, Scratch, StoreError,
};
use super::step::Step;

/// A pack's bytes do not give an index.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// They are not a pack, or its objects cannot be resolved.
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

/// Finds the objects of a stored pack again.
pub struct IndexRebuild {
    record: PackRecord,
    phase: Phase,
    /// Commits seen.
    commits: usize,
}

enum Phase {
    Feeding(Box<PackParser>, u32),
    Resolving(Box<Resolver>, u64),
    /// The objects, and where the next appended one starts.
    Appended(Box<IncomingObjects>, u64),
    Failed,
}

impl IndexRebuild {
    /// Begins with this pack.
    pub fn new(record: PackRecord, limits: &Limits) -> Self {
        // Stored entries stay as they are, however long their chains.
        let limits = Limits {
            thin_depth_max: u16::MAX,
            delta_depth_max: u16::MAX,
            // So do those that were taken when more could be.
            ref_deltas_max: usize::MAX,
            objects_max: u32::MAX,
            // Large deltas are made whole once more, and dropped.
            appended_bytes_min: u64::MAX,
            ..*limits
        };
        Self {
            record,
            commits: 0,
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
    /// When a chunk of the pack or of a base is cold it can be called again once it is here.
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
        let commits = &mut self.commits;
        let mut count = |_, _: &ObjectId, kind, _: &[u8]| {
            *commits = commits.saturating_add(usize::from(kind == ObjectKind::Commit));
            Ok::<(), Refusal>(())
        };
        let store = before.store();
        let fed = match &self.phase {
            Phase::Feeding(_, number) => Some(store.chunk(self.record.pack_id, *number)?),
            _ => None,
        };
        match std::mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Feeding(mut parser, number) => {
                let chunk = fed.unwrap_or_default();
                parser.feed_stored(&chunk, &replay, &mut count)?;
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
                let step = match resolver.step(budget_bytes, sources, &replay, &mut count) {
                    Ok(step) => step,
                    Err(error) => {
                        self.phase = Phase::Resolving(resolver, appended);
                        return Err(error.into());
                    }
                };
                self.phase = match step {
                    resolver::Step::More => Phase::Resolving(resolver, appended),
                    resolver::Step::Done => Phase::Appended(Box::new(resolver.finish()), appended),
                };
            }
            Phase::Appended(objects, offset) if offset >= self.record.pack_bytes => {
                self.phase = Phase::Appended(objects, offset);
                return Ok(Step::Done);
            }
            Phase::Appended(mut objects, offset) => {
                let read = self.read_appended(store, &mut objects.table, offset);
                self.phase = Phase::Appended(objects, *read.as_ref().unwrap_or(&offset));
                read?;
            }
            Phase::Failed => return Err(RebuildError::Appended { offset: 0 }),
        }
        Ok(Step::More)
    }

    /// Deltas that wait for their base, once all bytes were read.
    pub(crate) fn waiting_deltas(&self) -> Option<u32> {
        match &self.phase {
            Phase::Feeding(..) => None,
            Phase::Resolving(resolver, _) => Some(resolver.progress().waiting()),
            Phase::Appended(..) | Phase::Failed => Some(0),
        }
    }

    /// Entries that named the base of their delta by its id, once all bytes were read and none is resolved yet.
    pub(crate) fn ref_deltas(&self) -> usize {
        match &self.phase {
            Phase::Resolving(resolver, _) => resolver.ref_deltas(),
            _ => 0,
        }
    }

    /// Commits that were seen so far.
    pub(crate) fn commits(&self) -> usize {
        self.commits
    }

    /// The objects, their table sorted, once a step was [`Step::Done`].
    pub fn finish(self) -> Option<IncomingObjects> {
        match self.phase {
            Phase::Appended(objects, _) => Some(*objects),
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
