//! The work that a pack asks for, which is bounded: a few bytes of deltas can ask for terabytes.
//!
//! Work is counted in bytes of content made. A pack's allowance follows from its own bytes, above a floor
//! that every pack has.

use super::super::super::limits::Limits;
use super::super::parser::error::PackError;

/// The cost of each object besides its bytes, in bytes of work.
const WORK_PER_OBJECT: u64 = 512;

/// How much dearer it is to make an object and hash it than only to make it.
pub(super) const WORK_OF_HASHING: u64 = 8;

/// Bytes that one byte of a pack may become, averaged over the pack. Real histories stay below
/// 100; more than that is allowed for up to [`WORK_OBJECTS`].
const WORK_PER_PACK_BYTE: u64 = 256;

/// Results of large deltas, each of the greatest size, that any pack may become: 4 GiB by the
/// default limits, some 15 s of CPU. A push of a few bytes can make us store that much.
const WORK_OBJECTS: u64 = 8;

/// How much cheaper an object is that came whole: zlib unfolds at most 1,032 times, so that whole
/// objects alone never exceed a pack's allowance.
pub(in super::super) const WORK_OF_WHOLE: u64 = 8;

/// The work done for one pack.
#[derive(Debug, Default)]
pub(super) struct Work {
    bytes: u64,
}

impl Work {
    /// Bytes of work done.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts the work on one object of a pack of which `pack_bytes` have arrived.
    pub(super) fn charge(
        &mut self,
        bytes: u64,
        limits: &Limits,
        pack_bytes: u64,
    ) -> Result<(), PackError> {
        self.bytes = self
            .bytes
            .saturating_add(bytes)
            .saturating_add(WORK_PER_OBJECT);
        let limit = WORK_OBJECTS
            .saturating_mul(limits.large_delta_bytes_max)
            .saturating_add(WORK_PER_PACK_BYTE.saturating_mul(pack_bytes));
        if self.bytes > limit {
            return Err(PackError::TooMuchWork { pack_bytes, limit });
        }
        Ok(())
    }
}
