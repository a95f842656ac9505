//! The sizes and marks of the format that [`index`](super) describes.

pub const MAGIC: [u8; 4] = *b"CIDX";

pub const VERSION: u32 = 1;

pub const HEADER_BYTES: usize = 20;

pub const FAN_OUT_BYTES: usize = 256 * 4;

pub const ID_BYTES: usize = 20;

pub const POSITION_BYTES: usize = 4;

pub const ENTRY_ROW_BYTES: usize = 24;

/// The entry is stored whole.
pub const NO_BASE: u32 = u32::MAX;

/// The base is the external base with the number in the other bits.
pub const EXTERNAL_BASE: u32 = 1 << 31;

pub const OFFSET_MAX: u64 = (1 << 40) - 1;
