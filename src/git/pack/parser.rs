//! The machine that takes a pack as it arrives, in pieces of any size:
//! <https://git-scm.com/docs/gitformat-pack>.
//!
//! Every entry is inflated exactly once. Whole objects are hashed as they pass. Commits, trees,
//! tags and small blobs are held whole, so that the observer can see them and the deltas that
//! follow can build on them; a large blob has no more than a buffer in memory. A delta
//! whose base is at hand becomes an object at once; the rest is the resolver's.

use gix_hash::ObjectId;

use super::super::hash::{ObjectHasher, PackHasher};
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::store::Quarantine;
use super::delta;
use super::entries::{Base, Entry};
use super::entry::{
    self, ENTRY_HEADER_BYTES_MAX, EntryKind, Header, PACK_HEADER_BYTES, PACK_TRAILER_BYTES,
};
use super::incoming::objects::{BaseAtHand, IncomingObjects, Observer, Progress};
use super::incoming::work::WORK_OF_WHOLE;
use error::PackError;

mod between;
pub mod error;

/// Room of the delta buffer that is kept from one delta to the next.
const DELTA_ROOM_BYTES: usize = 1 << 20;

/// Takes one pack. After an error it must not be fed again.
pub struct PackParser {
    objects: IncomingObjects,
    state: State,
    checksum: PackHasher,
    /// Bytes of the stream taken so far.
    offset: u64,
    /// The beginning of a header or trailer that a piece of input cut off.
    carry: Vec<u8>,
    /// The instructions of the delta being received.
    instructions: Vec<u8>,
}

/// The element that the next byte belongs to.
enum State {
    PackHeader,
    EntryHeader,
    Body(Body),
    Trailer,
    Done,
}

/// An entry whose header was read, and the use of its content.
struct Body {
    position: u32,
    size_bytes: u64,
    form: Form,
}

enum Form {
    /// A whole object, held whole.
    Held { kind: ObjectKind, content: Vec<u8> },
    /// A blob that is only hashed.
    Passed { hasher: ObjectHasher },
    /// The instructions of a delta, held whole.
    Delta,
    /// The instructions of a delta, too many to be held: the resolver will read them again.
    LargeDelta,
}

impl PackParser {
    /// A parser at the start of a pack.
    pub fn new(limits: Limits) -> Self {
        Self {
            objects: IncomingObjects::new(limits),
            state: State::PackHeader,
            checksum: PackHasher::default(),
            offset: 0,
            carry: Vec::with_capacity(ENTRY_HEADER_BYTES_MAX),
            instructions: Vec::new(),
        }
    }

    /// Takes the next bytes of the pack.
    pub fn feed(
        &mut self,
        input: &[u8],
        quarantine: &dyn Quarantine,
        observer: &mut dyn Observer,
    ) -> Result<(), PackError> {
        if self.feed_stored(input, quarantine, observer)? < input.len() {
            return Err(PackError::Junk);
        }
        Ok(())
    }

    /// Takes the next bytes of a stored pack, in which others may follow the trailer; gives how
    /// many were the stream's.
    pub(crate) fn feed_stored(
        &mut self,
        input: &[u8],
        quarantine: &dyn Quarantine,
        observer: &mut dyn Observer,
    ) -> Result<usize, PackError> {
        let limit = self.objects.limits.pack_bytes_max;
        if self
            .objects
            .pack
            .pack_bytes()
            .saturating_add(input.len() as u64)
            > limit
        {
            return Err(PackError::PackTooLarge { limit });
        }
        self.objects.pack.append(input, quarantine)?;
        self.objects.received_bytes = self.objects.pack.pack_bytes();
        let mut rest = input;
        while !rest.is_empty() {
            let in_checksum = !matches!(self.state, State::Trailer | State::Done);
            let taken = match self.state {
                State::PackHeader => self.pack_header(rest)?,
                State::EntryHeader | State::Body(_) => self.entries(rest, observer)?,
                State::Trailer => self.trailer(rest)?,
                State::Done => break,
            };
            let (now, later) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            if in_checksum {
                self.checksum.update(now);
            }
            rest = later;
        }
        self.objects.table.check()?;
        Ok(input.len() - rest.len())
    }

    /// Ends the input. An error unless the pack is complete.
    pub fn finish_input(self) -> Result<IncomingObjects, PackError> {
        match self.state {
            State::Done => Ok(self.objects),
            _ => Err(PackError::Truncated {
                pack_bytes: self.offset,
                received: self.objects.progress.objects_received,
                announced: self.objects.progress.objects_announced,
            }),
        }
    }

    /// Takes entries, as many as the input has; gives the bytes taken, which are all of them except a
    /// trailer.
    fn entries(&mut self, input: &[u8], observer: &mut dyn Observer) -> Result<usize, PackError> {
        let mut taken = 0;
        while let Some(rest) = input.get(taken..).filter(|rest| !rest.is_empty()) {
            taken += match self.state {
                State::EntryHeader => self.entry_header(rest)?,
                State::Body(_) => self.body(rest, observer)?,
                _ => break,
            };
        }
        Ok(taken)
    }

    fn pack_header(&mut self, input: &[u8]) -> Result<usize, PackError> {
        let taken = self.fill_carry(input, PACK_HEADER_BYTES);
        if let Ok(header) = <&[u8; PACK_HEADER_BYTES]>::try_from(self.carry.as_slice()) {
            let count = entry::parse_pack(header).map_err(PackError::Header)?;
            let limit = self.objects.limits.objects_max;
            if count > limit {
                return Err(PackError::TooManyObjects { count, limit });
            }
            self.carry.clear();
            self.objects.progress.objects_announced = count;
            self.next_entry();
        }
        self.offset += taken as u64;
        Ok(taken)
    }

    fn entry_header(&mut self, input: &[u8]) -> Result<usize, PackError> {
        let carried = self.carry.len();
        let offset = self.offset - carried as u64;
        let wrong = |source| PackError::Entry { offset, source };
        // Nearly always the header is in one piece and nothing has to be copied.
        let mut found = None;
        if carried == 0 {
            found = entry::parse(input).map_err(wrong)?;
        }
        if found.is_none() {
            self.fill_carry(input, ENTRY_HEADER_BYTES_MAX);
            found = entry::parse(&self.carry).map_err(wrong)?;
        }
        let header_bytes = found.map_or(usize::MAX, |header| header.header_bytes);
        let taken = header_bytes.saturating_sub(carried).min(input.len());
        self.offset += taken as u64;
        if let Some(header) = found {
            self.carry.clear();
            self.begin_entry(offset, &header)?;
        }
        Ok(taken)
    }

    fn begin_entry(&mut self, offset: u64, header: &Header) -> Result<(), PackError> {
        let size_bytes = header.size_bytes;
        let (base, form) = match header.kind {
            EntryKind::Whole(kind) => {
                self.objects.check_size(offset, kind, size_bytes)?;
                let held = kind != ObjectKind::Blob || size_bytes <= self.objects.keep_bytes_max();
                let form = if held {
                    Form::Held {
                        kind,
                        content: Vec::new(),
                    }
                } else {
                    Form::Passed {
                        hasher: ObjectHasher::new(kind, size_bytes),
                    }
                };
                (Base::None, form)
            }
            EntryKind::OfsDelta { distance } => (
                Base::Position(self.base_position(offset, distance)?),
                Form::Delta,
            ),
            EntryKind::RefDelta { base_id } => {
                let external_bases = &mut self.objects.table.external_bases;
                let limit = self.objects.limits.ref_deltas_max;
                if external_bases.len() >= limit {
                    return Err(PackError::TooManyRefDeltas { limit });
                }
                external_bases.push(base_id);
                let number = u32::try_from(external_bases.len() - 1).unwrap_or(u32::MAX);
                (Base::External(number), Form::Delta)
            }
        };
        let form = match form {
            Form::Delta if size_bytes > self.objects.limits.delta_bytes_max => Form::LargeDelta,
            form => form,
        };
        if matches!(form, Form::Delta | Form::LargeDelta) {
            self.objects
                .check_large(offset, "instructions", size_bytes)?;
            self.objects.progress.deltas += 1;
            self.objects.charge(size_bytes)?;
        } else {
            self.objects.charge(size_bytes / WORK_OF_WHOLE)?;
        }
        let entry = Entry {
            id: ObjectId::null(gix_hash::Kind::Sha1),
            offset,
            stored_bytes: 0,
            size_bytes: 0,
            kind: None,
            depth: 0,
            base,
        };
        let announced = self.objects.progress.objects_announced;
        let position = self.objects.table.push(entry, announced);
        let position = position.ok_or(PackError::OutOfMemory { announced })?;
        self.objects.inflater.start(size_bytes);
        self.state = State::Body(Body {
            position,
            size_bytes,
            form,
        });
        Ok(())
    }

    /// The position of an ofs-delta's base.
    fn base_position(&self, offset: u64, distance: u64) -> Result<u32, PackError> {
        let first = PACK_HEADER_BYTES as u64;
        let base_offset = offset
            .checked_sub(distance)
            .filter(|&base_offset| base_offset >= first);
        let base_offset = base_offset.ok_or(PackError::BaseOutOfPack { offset, distance })?;
        let position = self.objects.table.position_at(base_offset);
        position.ok_or(PackError::BaseNotAnEntry {
            offset,
            base_offset,
        })
    }

    fn body(&mut self, input: &[u8], observer: &mut dyn Observer) -> Result<usize, PackError> {
        let State::Body(body) = &mut self.state else {
            return Ok(0);
        };
        let inflater = &mut self.objects.inflater;
        let step = match &mut body.form {
            Form::Held { content, .. } => inflater.append_to(content, input),
            Form::Delta => inflater.append_to(&mut self.instructions, input),
            Form::Passed { hasher } => inflater.next_piece(input).map(|(step, piece)| {
                hasher.update(piece);
                step
            }),
            Form::LargeDelta => inflater.next_piece(input).map(|(step, _)| step),
        };
        let position = body.position;
        let step = match step {
            Ok(step) => step,
            Err(source) => {
                let offset = self.objects.entry(position)?.offset;
                return Err(PackError::Inflate { offset, source });
            }
        };
        self.offset += step.consumed as u64;
        if step.done {
            self.end_entry(observer)?;
        }
        Ok(step.consumed)
    }

    /// Makes an object of the entry whose last byte was taken, if it can be one already.
    fn end_entry(&mut self, observer: &mut dyn Observer) -> Result<(), PackError> {
        let State::Body(body) = std::mem::replace(&mut self.state, State::EntryHeader) else {
            return Ok(());
        };
        let Body {
            position,
            size_bytes,
            form,
        } = body;
        let offset = self.objects.entry(position)?.offset;
        let stored_bytes = u32::try_from(self.offset - offset).map_err(|_| {
            let (kind, size) = (ObjectKind::Blob, self.offset - offset);
            PackError::ObjectTooLarge {
                offset,
                kind,
                size,
                limit: u64::from(u32::MAX),
            }
        })?;
        if let Some(entry) = self.objects.table.get_mut(position) {
            entry.stored_bytes = stored_bytes;
        }
        match form {
            Form::Held { kind, content } => {
                self.objects
                    .record_whole(position, kind, content, observer)?;
            }
            Form::Passed { hasher } => {
                let id = hasher
                    .finish()
                    .map_err(|_| PackError::Collision { offset })?;
                self.objects
                    .record_passed(position, id, ObjectKind::Blob, size_bytes)?;
            }
            Form::Delta => self.end_delta(position, observer)?,
            Form::LargeDelta => {}
        }
        self.objects.progress.objects_received += 1;
        self.next_entry();
        if matches!(self.state, State::Trailer) {
            self.objects.hash(observer)?;
        }
        Ok(())
    }

    /// Resolves the delta just received if its base is at hand.
    fn end_delta(&mut self, position: u32, observer: &mut dyn Observer) -> Result<(), PackError> {
        let base = self.objects.entry(position)?.base;
        if let Base::Position(base_position) = base
            && let Some((kind, content)) = self.objects.kept(base_position)
            && !self.is_result_large(kind)
        {
            let depth = self.objects.entry(base_position)?.depth;
            let at_hand = BaseAtHand {
                base,
                kind,
                depth,
                content: &content,
            };
            let result =
                self.objects
                    .record_delta(position, &at_hand, &self.instructions, observer)?;
            self.objects.keep(position, kind, &result);
        }
        self.instructions.clear();
        self.instructions.shrink_to(DELTA_ROOM_BYTES);
        Ok(())
    }

    /// Whether the delta just received makes a blob too large to be held. (Applying the delta finds wrong
    /// sizes.)
    fn is_result_large(&self, kind: ObjectKind) -> bool {
        let limit = self.objects.limits.delta_bytes_max;
        let sizes = delta::sizes(&self.instructions);
        kind == ObjectKind::Blob && sizes.is_ok_and(|(_, result)| result > limit)
    }

    fn next_entry(&mut self) {
        let Progress {
            objects_announced,
            objects_received,
            ..
        } = self.objects.progress;
        self.state = if objects_received < objects_announced {
            State::EntryHeader
        } else {
            State::Trailer
        };
    }

    fn trailer(&mut self, input: &[u8]) -> Result<usize, PackError> {
        let taken = self.fill_carry(input, PACK_TRAILER_BYTES);
        self.offset += taken as u64;
        if let Ok(trailer) = <[u8; PACK_TRAILER_BYTES]>::try_from(self.carry.as_slice()) {
            let expected = ObjectId::Sha1(trailer);
            let actual = ObjectId::Sha1(std::mem::take(&mut self.checksum).finish());
            if expected != actual {
                return Err(PackError::Trailer { expected, actual });
            }
            self.state = State::Done;
        }
        Ok(taken)
    }

    /// Moves input to the carry until that has `full` bytes; gives the bytes moved.
    fn fill_carry(&mut self, input: &[u8], full: usize) -> usize {
        let moved = full.saturating_sub(self.carry.len()).min(input.len());
        self.carry
            .extend_from_slice(input.get(..moved).unwrap_or(input));
        moved
    }
}

#[cfg(test)]
mod tests;
