//! Deltas: <https://git-scm.com/docs/gitformat-pack#_deltified_representation>.
//!
//! A delta is two sizes (of the base, of the result) and instructions that copy a run of the base
//! or insert bytes of their own. What is accepted is exactly what git's `patch_delta` accepts.

mod pieces;

pub use pieces::{DeltaReader, Run};

/// Bytes of the shortest delta: two sizes and one instruction with its operand.
const DELTA_BYTES_MIN: usize = 4;

/// Bytes that a copy of "size 0" copies.
const COPY_BYTES_OF_ZERO: usize = 0x1_0000;

/// A delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It ends before its last instruction does.
    #[error("delta is truncated at byte {at}")]
    Truncated {
        /// Where more bytes were needed.
        at: usize,
    },
    /// A size does not fit in 64 bits.
    #[error("delta size field overflows")]
    SizeOverflow,
    /// It was made for another base.
    #[error("delta is for a base of {expected} bytes, its base has {actual}")]
    BaseSize {
        /// The size that the delta names.
        expected: u64,
        /// The size of the base given.
        actual: u64,
    },
    /// The result would be too large to hold.
    #[error("delta result of {size} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// The size that the delta names.
        size: u64,
        /// The bound.
        limit: u64,
    },
    /// Instruction 0 is reserved.
    #[error("delta has the reserved instruction 0 at byte {at}")]
    Reserved {
        /// Where it stands.
        at: usize,
    },
    /// A copy of bytes that the base does not have.
    #[error("delta copies {length} bytes at {offset} from a base of {base} bytes")]
    CopyOutOfBase {
        /// The first byte copied.
        offset: usize,
        /// Bytes copied.
        length: usize,
        /// Bytes of the base.
        base: usize,
    },
    /// The instructions make more or fewer bytes than the delta names.
    #[error("delta makes {actual} bytes or more, it names {expected}")]
    ResultSize {
        /// The size that the delta names.
        expected: u64,
        /// The size reached, that of the excess included.
        actual: u64,
    },
}

/// The sizes that a delta names: of its base and of its result, in bytes.
///
/// The first bytes of a delta are enough.
pub fn sizes(delta: &[u8]) -> Result<(u64, u64), DeltaError> {
    let mut cursor = Cursor {
        bytes: delta,
        at: 0,
    };
    Ok((cursor.size()?, cursor.size()?))
}

/// Applies `delta` to `base`. A result above `result_bytes_max` is refused before it is allocated.
pub fn apply(base: &[u8], delta: &[u8], result_bytes_max: u64) -> Result<Vec<u8>, DeltaError> {
    if delta.len() < DELTA_BYTES_MIN {
        return Err(DeltaError::Truncated { at: delta.len() });
    }
    let mut cursor = Cursor {
        bytes: delta,
        at: 0,
    };
    let expected = cursor.size()?;
    let actual = base.len() as u64;
    if expected != actual {
        return Err(DeltaError::BaseSize { expected, actual });
    }
    let size = cursor.size()?;
    let too_large = DeltaError::TooLarge {
        size,
        limit: result_bytes_max,
    };
    if size > result_bytes_max {
        return Err(too_large);
    }
    let result_bytes = usize::try_from(size).map_err(|_| too_large)?;

    let mut result = Vec::new();
    result
        .try_reserve_exact(result_bytes)
        .map_err(|_| too_large)?;
    while cursor.at < delta.len() {
        let run = cursor.instruction(base)?;
        if run.len() > result_bytes - result.len() {
            let actual = (result.len() as u64).saturating_add(run.len() as u64);
            return Err(DeltaError::ResultSize {
                expected: size,
                actual,
            });
        }
        result.extend_from_slice(run);
    }
    if result.len() != result_bytes {
        return Err(DeltaError::ResultSize {
            expected: size,
            actual: result.len() as u64,
        });
    }
    Ok(result)
}

/// A place in a delta.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn byte(&mut self) -> Result<u8, DeltaError> {
        let byte = *self
            .bytes
            .get(self.at)
            .ok_or(DeltaError::Truncated { at: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    /// A size: seven bits a byte, the lowest first.
    fn size(&mut self) -> Result<u64, DeltaError> {
        let mut size = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits.leading_zeros() < shift {
                return Err(DeltaError::SizeOverflow);
            }
            size |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(size);
            }
        }
        Err(DeltaError::SizeOverflow)
    }

    /// The run of bytes that the next instruction appends: of the base or of the delta itself.
    #[inline]
    fn instruction<'run>(&mut self, base: &'run [u8]) -> Result<&'run [u8], DeltaError>
    where
        'a: 'run,
    {
        let at = self.at;
        match self.byte()? {
            0 => Err(DeltaError::Reserved { at }),
            inserted @ 1..=0x7f => {
                let end = self.at + usize::from(inserted);
                let truncated = DeltaError::Truncated {
                    at: self.bytes.len(),
                };
                let run = self.bytes.get(self.at..end).ok_or(truncated)?;
                self.at = end;
                Ok(run)
            }
            command => {
                let (offset, length) = self.copied(command)?;
                let out_of_base = DeltaError::CopyOutOfBase {
                    offset,
                    length,
                    base: base.len(),
                };
                let end = offset.checked_add(length).ok_or(out_of_base)?;
                base.get(offset..end).ok_or(out_of_base)
            }
        }
    }

    /// The run of the base that a copy instruction names: where it starts and its bytes.
    #[inline]
    fn copied(&mut self, command: u8) -> Result<(usize, usize), DeltaError> {
        let offset = self.operand(command, 4)?;
        let length = match self.operand(command >> 4, 3)? {
            0 => COPY_BYTES_OF_ZERO,
            length => length,
        };
        Ok((offset, length))
    }

    /// A number of up to `width` bytes, lowest first; a clear bit of `present` stands for a byte 0.
    #[inline]
    fn operand(&mut self, present: u8, width: u32) -> Result<usize, DeltaError> {
        let mut value = 0_u32;
        for place in 0..width {
            if present & (1 << place) != 0 {
                value |= u32::from(self.byte()?) << (8 * place);
            }
        }
        Ok(value as usize)
    }
}

#[cfg(test)]
mod tests;
