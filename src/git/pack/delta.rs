//! Deltas: <https://git-scm.com/docs/gitformat-pack#_deltified_representation>.
//!
//! A delta is two sizes (the base's and the result's) and instructions that copy a run of the base
//! or insert bytes of their own. We accept exactly the deltas that git's `patch_delta` accepts.

mod cursor;
mod error;
mod pieces;

use cursor::Cursor;
pub(crate) use error::DeltaError;
pub(crate) use pieces::{DeltaReader, Run};

/// Bytes of the shortest delta: two sizes and one instruction with its operand.
const DELTA_BYTES_MIN: usize = 4;

/// The sizes that a delta names: its base's and its result's, in bytes.
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

#[cfg(test)]
mod tests;
