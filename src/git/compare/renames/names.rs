//! The last names of paths.

use gix_object::bstr::ByteSlice as _;

/// The name of a path: the part behind its last slash.
pub(super) fn basename(path: &[u8]) -> &[u8] {
    path.rsplit_once_str("/").map_or(path, |(_, name)| name)
}
