//! The numbers of a segment's format, which [`super`] describes.

pub(super) const MAGIC: &[u8; 4] = b"CGS2";
/// For parts that 0.1 wrote: their sorted numbers have no beginnings of ids beside them.
pub(super) const MAGIC_1: &[u8; 4] = b"CGS1";
pub(super) const HEADER_BYTES: usize = 20;
pub(super) const NO_PARENT: u32 = u32::MAX;
pub(super) const LAST: u32 = 1 << 31;
pub(super) const EXTERNAL: u32 = 1 << 30;
pub(super) const OCTOPUS: u32 = 1 << 29;
pub(super) const ROW: u32 = OCTOPUS - 1;

/// Most commits of one segment: the number must leave room for the marks.
pub(super) const COMMITS_MAX: u32 = ROW;
