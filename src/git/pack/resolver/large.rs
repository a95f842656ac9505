//! Deltas whose base, instructions or result are too large to be held.
//!
//! A copy instruction may name any run of its base, so a base that is too large is first inflated
//! into scratch chunks of the quarantine. Then the instructions are inflated piece by piece, and
//! the result is hashed and deflated as it is made. The result is stored whole, so that a reader
//! of a stored object meets no delta that is too large to be held.

use gix_hash::ObjectId;

use super::super::super::hash::ObjectHasher;
use super::super::super::object::ObjectKind;
use super::super::super::store::{CHUNK_BYTES, PackId, Quarantine, Shared, StoreError};
use super::super::delta::{DeltaReader, Run};
use super::super::entries::Base;
use super::super::incoming::appended::Appended;
use super::super::incoming::objects::{IncomingObjects, Sources};
use super::super::parser::error::PackError;
use super::super::reader::blob::BlobReader;

/// A large object, inflated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scratch {
    pub(super) object_id: ObjectId,
    pub(super) scratch_id: PackId,
}

/// The delta being applied.
pub(super) struct LargeDelta {
    pub(super) child: u32,
    base: BaseBytes,
    base_size: u64,
    stage: Stage,
}

/// The source of the base's bytes.
enum BaseBytes {
    Held(Shared),
    /// In scratch chunks, the one read last at hand.
    Scratch {
        scratch_id: PackId,
        at_hand: Option<(u64, Shared)>,
    },
}

enum Stage {
    Spill(Spill),
    Apply(Box<Apply>),
}

/// A base being inflated into scratch chunks.
struct Spill {
    scratch_id: PackId,
    source: SpillSource,
    chunk: Vec<u8>,
    chunks: u32,
    spilled: u64,
}

enum SpillSource {
    /// An entry of the incoming pack: where its next stored bytes are, and where they end.
    Incoming {
        at: u64,
        end: u64,
    },
    Live(Box<BlobReader>),
}

/// Instructions being read.
struct Apply {
    /// Offsets of the next stored bytes of the instructions, and of their end.
    at: u64,
    end: u64,
    inflated: bool,
    /// Instructions inflated and not read yet.
    instructions: Vec<u8>,
    read: usize,
    delta: DeltaReader,
    /// The run of the base that is still to be copied.
    copying: Option<(u64, u64)>,
    output: Option<(Appended, ObjectHasher, u64)>,
}

/// The result of one piece of work.
pub(super) enum Worked {
    More,
    /// The base is in scratch now.
    Spilled(PackId),
    Done,
}

/// The budget of a step.
#[derive(Clone, Copy)]
pub(super) struct StepStores<'a> {
    pub sources: Sources<'a>,
    pub quarantine: &'a dyn Quarantine,
}

/// The base of a large delta.
pub(super) enum LargeBase {
    Held(Shared),
    InScratch(PackId),
    /// To be inflated first.
    Away(Base, ObjectId),
}

impl LargeDelta {
    pub(super) fn begin(
        objects: &mut IncomingObjects,
        child: u32,
        base: LargeBase,
        base_size: u64,
        stores: StepStores<'_>,
    ) -> Result<Self, PackError> {
        let (base, spill) = match base {
            LargeBase::Held(content) => (BaseBytes::Held(content), None),
            LargeBase::InScratch(scratch_id) => (in_scratch(scratch_id), None),
            LargeBase::Away(base, id) => {
                let spill = Spill::begin(objects, base, &id, stores)?;
                (in_scratch(spill.scratch_id), Some(spill))
            }
        };
        let stage = match spill {
            Some(spill) => Stage::Spill(spill),
            None => Stage::Apply(Box::new(Apply::begin(objects, child, stores)?)),
        };
        Ok(Self {
            child,
            base,
            base_size,
            stage,
        })
    }

    /// Does a piece of the work: some 64 KiB read and as much, or a chunk, made of it.
    pub(super) fn work(
        &mut self,
        objects: &mut IncomingObjects,
        stores: StepStores<'_>,
    ) -> Result<Worked, PackError> {
        match &mut self.stage {
            Stage::Spill(spill) => {
                if spill.work(objects, stores)? {
                    return Ok(Worked::More);
                }
                let (spilled, scratch_id) = (spill.spilled, spill.scratch_id);
                if spilled != self.base_size {
                    return Err(PackError::NoEntry {
                        position: self.child,
                    });
                }
                self.stage = Stage::Apply(Box::new(Apply::begin(objects, self.child, stores)?));
                Ok(Worked::Spilled(scratch_id))
            }
            Stage::Apply(apply) => {
                let (base, base_size) = (&mut self.base, self.base_size);
                if apply.work(objects, self.child, base, base_size, stores)? {
                    Ok(Worked::More)
                } else {
                    Ok(Worked::Done)
                }
            }
        }
    }
}

fn in_scratch(scratch_id: PackId) -> BaseBytes {
    BaseBytes::Scratch {
        scratch_id,
        at_hand: None,
    }
}

impl BaseBytes {
    /// Bytes of the base at `offset`: at least one, at most `length`.
    fn run(
        &mut self,
        offset: u64,
        length: u64,
        stores: StepStores<'_>,
    ) -> Result<&[u8], PackError> {
        let (bytes, start) = match self {
            Self::Held(content) => (&*content, offset),
            Self::Scratch {
                scratch_id,
                at_hand,
            } => {
                let number = offset / CHUNK_BYTES as u64;
                if at_hand.as_ref().is_none_or(|(held, _)| *held != number) {
                    let chunk = u32::try_from(number).unwrap_or(u32::MAX);
                    let chunk = stores.sources.store.chunk(*scratch_id, chunk)?;
                    *at_hand = Some((number, chunk));
                }
                match at_hand {
                    Some((_, chunk)) => (&*chunk, offset % CHUNK_BYTES as u64),
                    None => return Err(lost(*scratch_id).into()),
                }
            }
        };
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = bytes.get(start..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or_else(|| lost(PackId(0)))?;
        let length = usize::try_from(length).map_or(rest.len(), |length| length.min(rest.len()));
        Ok(rest.get(..length).unwrap_or(rest))
    }
}

fn lost(scratch_id: PackId) -> StoreError {
    StoreError::Missing {
        what: "a chunk of scratch",
        pack: scratch_id.0,
    }
}

impl Spill {
    fn begin(
        objects: &mut IncomingObjects,
        base: Base,
        id: &ObjectId,
        stores: StepStores<'_>,
    ) -> Result<Self, PackError> {
        let source = match base {
            Base::Position(position) => {
                let (header, at, end) = objects.stored_entry(position, stores.sources.store)?;
                objects.inflater.start(header.size_bytes);
                SpillSource::Incoming { at, end }
            }
            Base::External(_) | Base::None => {
                let reader = stores.sources.bases.open(id)?;
                let reader = reader.ok_or(PackError::Unresolved {
                    count: 1,
                    base_id: *id,
                })?;
                SpillSource::Live(Box::new(reader))
            }
        };
        Ok(Self {
            scratch_id: stores.quarantine.open_scratch()?,
            source,
            chunk: Vec::with_capacity(CHUNK_BYTES),
            chunks: 0,
            spilled: 0,
        })
    }

    /// Spills a piece; false when there is no more.
    fn work(
        &mut self,
        objects: &mut IncomingObjects,
        stores: StepStores<'_>,
    ) -> Result<bool, PackError> {
        let more = match &mut self.source {
            SpillSource::Incoming { at, end } => {
                let (piece, done) = objects.inflate_piece(at, *end, stores.sources.store)?;
                self.take(&piece, stores)?;
                !done
            }
            SpillSource::Live(reader) => match stores.sources.bases.next_piece(reader)? {
                Some(piece) => {
                    self.take(&piece, stores)?;
                    true
                }
                None => false,
            },
        };
        if !more && !self.chunk.is_empty() {
            self.write(stores)?;
        }
        Ok(more)
    }

    fn take(&mut self, mut piece: &[u8], stores: StepStores<'_>) -> Result<(), PackError> {
        self.spilled += piece.len() as u64;
        while !piece.is_empty() {
            let room = CHUNK_BYTES - self.chunk.len();
            let (now, later) = piece.split_at_checked(room).unwrap_or((piece, &[]));
            self.chunk.extend_from_slice(now);
            piece = later;
            if self.chunk.len() == CHUNK_BYTES {
                self.write(stores)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, stores: StepStores<'_>) -> Result<(), PackError> {
        stores
            .quarantine
            .put_chunk(self.scratch_id, self.chunks, &self.chunk)?;
        self.chunks += 1;
        self.chunk.clear();
        Ok(())
    }
}

impl Apply {
    fn begin(
        objects: &mut IncomingObjects,
        child: u32,
        stores: StepStores<'_>,
    ) -> Result<Self, PackError> {
        let (header, at, end) = objects.stored_entry(child, stores.sources.store)?;
        objects.charge(header.size_bytes)?;
        objects.inflater.start(header.size_bytes);
        Ok(Self {
            at,
            end,
            inflated: false,
            instructions: Vec::new(),
            read: 0,
            delta: DeltaReader::default(),
            copying: None,
            output: None,
        })
    }

    /// Makes a piece of the result; false when it is complete.
    fn work(
        &mut self,
        objects: &mut IncomingObjects,
        child: u32,
        base: &mut BaseBytes,
        base_size: u64,
        stores: StepStores<'_>,
    ) -> Result<bool, PackError> {
        if let Some((offset, length)) = self.copying {
            let run = base.run(offset, length, stores)?;
            let copied = run.len() as u64;
            put(&mut self.output, objects, run, stores)?;
            let rest = length.saturating_sub(copied);
            self.copying = (rest > 0).then_some((offset + copied, rest));
            return Ok(true);
        }
        let wrong = |source| PackError::Delta {
            offset: self.at,
            source,
        };
        let mut input = self.instructions.get(self.read..).unwrap_or_default();
        let before = input.len();
        let run = self.delta.next(&mut input).map_err(wrong)?;
        self.read += before - input.len();
        match run {
            Some(Run::Sizes(base, result)) => {
                self.output = Some(open(objects, child, (base, base_size), result)?);
            }
            Some(Run::Insert(run)) => put(&mut self.output, objects, run, stores)?,
            Some(Run::Copy(offset, length)) => self.copying = Some((offset, length)),
            None if self.inflated => {
                self.delta.finish().map_err(wrong)?;
                self.close(objects, child, stores)?;
                return Ok(false);
            }
            None => {
                let store = stores.sources.store;
                let (piece, done) = objects.inflate_piece(&mut self.at, self.end, store)?;
                (self.instructions, self.read, self.inflated) = (piece, 0, done);
            }
        }
        Ok(true)
    }

    /// Records the object.
    fn close(
        &mut self,
        objects: &mut IncomingObjects,
        child: u32,
        stores: StepStores<'_>,
    ) -> Result<(), PackError> {
        let offset = self.at;
        let Some((appended, hasher, size)) = self.output.take() else {
            return Err(PackError::NoEntry { position: child });
        };
        let id = hasher
            .finish()
            .map_err(|_| PackError::Collision { offset })?;
        objects.record_passed(child, id, ObjectKind::Blob, size)?;
        objects.note_unshown(child, size);
        objects.append_end(appended, stores.quarantine)?;
        objects.progress.deltas_resolved += 1;
        Ok(())
    }
}

/// Opens the result, when the delta has said how large it will be.
fn open(
    objects: &mut IncomingObjects,
    child: u32,
    (base, base_size): (u64, u64),
    result: u64,
) -> Result<(Appended, ObjectHasher, u64), PackError> {
    let offset = objects.entry(child)?.offset;
    if base != base_size {
        let (expected, actual) = (base, base_size);
        let source = super::super::delta::DeltaError::BaseSize { expected, actual };
        return Err(PackError::Delta { offset, source });
    }
    objects.check_large(offset, "result", result)?;
    objects.check_size(offset, ObjectKind::Blob, result)?;
    objects.charge(result)?;
    let kind = ObjectKind::Blob;
    let appended = objects.append_whole(child, kind, result);
    Ok((appended, ObjectHasher::new(kind, result), result))
}

fn put(
    output: &mut Option<(Appended, ObjectHasher, u64)>,
    objects: &mut IncomingObjects,
    run: &[u8],
    stores: StepStores<'_>,
) -> Result<(), PackError> {
    let Some((appended, hasher, _)) = output else {
        return Ok(());
    };
    hasher.update(run);
    objects.append_content(appended, run, stores.quarantine)
}
