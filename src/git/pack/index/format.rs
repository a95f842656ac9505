//! The numbers of an index's format, which [`super`] describes.

pub(super) const MAGIC: [u8; 4] = *b"CIDX";
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER_BYTES: usize = 20;
pub(super) const FAN_OUT_BYTES: usize = 256 * 4;
pub(super) const ID_BYTES: usize = 20;
pub(super) const POSITION_BYTES: usize = 4;
pub(super) const ENTRY_ROW_BYTES: usize = 24;

/// The last offset that five bytes hold.
pub(super) const OFFSET_MAX: u64 = (1 << 40) - 1;

/// Items of a run, which is a page for callers that ask for much: 16 to 96 KiB, so that SQLite is asked for
/// about as many ranges as there are rows.
pub(super) const RUN_ITEMS: u32 = 4_096;
