//! Why a delta cannot be applied.

/// A delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It ends before its last instruction does.
    #[error("delta is truncated at byte {at}")]
    Truncated {
        /// Offset at which more bytes were needed.
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
        /// Its offset.
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
        /// The size reached, with the excess.
        actual: u64,
    },
}
