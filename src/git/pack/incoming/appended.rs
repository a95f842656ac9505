//! Objects that came as deltas and are stored whole: their entries are appended to the received
//! stream, behind its trailer, and the table points there.
//!
//! Nothing that reads a stored pack asks where its trailer is: entries are found by the index. A
//! delta that was received so stays in the stream, and nobody reads it again.

use flate2::{Compress, Compression, FlushCompress, Status};

use super::super::super::object::ObjectKind;
use super::super::super::store::Quarantine;
use super::super::entries::{Base, Entry};
use super::super::entry::{self, EntryKind};
use super::super::parser::error::PackError;
use super::objects::IncomingObjects;

/// Bytes of output collected before they are appended.
const OUTPUT_BYTES: usize = 64 << 10;

/// Bytes that may be appended for each byte of the pack.
const APPENDED_PER_PACK_BYTE: u64 = 4;

/// An entry that is being appended.
pub(in super::super) struct Appended {
    position: u32,
    offset: u64,
    /// A compressor, about 300 KiB, set to be fast: the time is the isolate's.
    compress: Compress,
    output: Vec<u8>,
}

impl IncomingObjects {
    /// Begins to store the object of an entry whole: a blob, say, of `size_bytes`.
    pub(in super::super) fn append_whole(
        &self,
        position: u32,
        kind: ObjectKind,
        size_bytes: u64,
    ) -> Appended {
        let mut output = Vec::with_capacity(OUTPUT_BYTES);
        entry::write(&EntryKind::Whole(kind), size_bytes, &mut output);
        Appended {
            position,
            offset: self.pack.pack_bytes(),
            compress: Compress::new(Compression::fast(), true),
            output,
        }
    }

    /// Appends the next bytes of the object.
    pub(in super::super) fn append_content(
        &mut self,
        appended: &mut Appended,
        content: &[u8],
        quarantine: &dyn Quarantine,
    ) -> Result<(), PackError> {
        self.deflate(appended, content, FlushCompress::None, quarantine)
    }

    /// Ends the entry: from now on the object's is this one.
    pub(in super::super) fn append_end(
        &mut self,
        mut appended: Appended,
        quarantine: &dyn Quarantine,
    ) -> Result<(), PackError> {
        self.deflate(&mut appended, &[], FlushCompress::Finish, quarantine)?;
        self.append_output(&mut appended.output, quarantine)?;
        let Appended {
            position, offset, ..
        } = appended;
        let stored_bytes = self.pack.pack_bytes().saturating_sub(offset);
        let limit = u64::from(u32::MAX);
        let stored_bytes = u32::try_from(stored_bytes).map_err(|_| PackError::ObjectTooLarge {
            offset,
            kind: ObjectKind::Blob,
            size: stored_bytes,
            limit,
        })?;
        if let Some(entry) = self.table.get_mut(position) {
            *entry = Entry {
                offset,
                stored_bytes,
                depth: 0,
                base: Base::None,
                ..*entry
            };
        }
        Ok(())
    }

    /// Deflates until all of `content` is taken, or at the end until all is given out.
    fn deflate(
        &mut self,
        appended: &mut Appended,
        content: &[u8],
        flush: FlushCompress,
        quarantine: &dyn Quarantine,
    ) -> Result<(), PackError> {
        let offset = appended.offset;
        let mut rest = content;
        loop {
            let taken = appended.compress.total_in();
            let status = appended
                .compress
                .compress_vec(rest, &mut appended.output, flush)
                .map_err(|_| PackError::Deflate { offset })?;
            let taken = usize::try_from(appended.compress.total_in() - taken).unwrap_or(rest.len());
            rest = rest.get(taken..).unwrap_or_default();
            let is_full = appended.output.len() == appended.output.capacity();
            if is_full {
                self.append_output(&mut appended.output, quarantine)?;
            }
            match flush {
                FlushCompress::Finish if status == Status::StreamEnd => return Ok(()),
                FlushCompress::Finish if is_full => {}
                FlushCompress::Finish => return Err(PackError::Deflate { offset }),
                _ if rest.is_empty() && !is_full => return Ok(()),
                _ if taken == 0 && !is_full => return Err(PackError::Deflate { offset }),
                _ => {}
            }
        }
    }

    /// Counts bytes that are appended. A delta of 30 bytes can make 16 MiB to store, and a large
    /// one 512 MiB; so the bytes that a pack makes us store follow from its own, above the size of a new
    /// version of one largest file.
    fn charge_appended(&mut self, bytes: u64) -> Result<(), PackError> {
        self.appended_bytes = self.appended_bytes.saturating_add(bytes);
        let pack_bytes = self.received_bytes;
        let limit = APPENDED_PER_PACK_BYTE.saturating_mul(pack_bytes);
        let limit = limit.max(self.limits.appended_bytes_min);
        if self.appended_bytes > limit {
            return Err(PackError::TooMuchAppended { pack_bytes, limit });
        }
        Ok(())
    }

    fn append_output(
        &mut self,
        output: &mut Vec<u8>,
        quarantine: &dyn Quarantine,
    ) -> Result<(), PackError> {
        let bytes = output.len() as u64;
        self.charge_appended(bytes)?;
        let limit = self.limits.pack_bytes_max;
        let pack_bytes = self.pack.pack_bytes().saturating_add(bytes);
        if pack_bytes > limit {
            return Err(PackError::PackTooLarge { limit });
        }
        self.pack.append(output, quarantine)?;
        output.clear();
        Ok(())
    }
}
