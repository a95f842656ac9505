//! The numbers of the part's format, which [`super`] describes.

pub(super) const MAGIC: &[u8; 4] = b"CGI1";
pub(super) const HEADER_BYTES: usize = 20;
