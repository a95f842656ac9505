//! A ref as the database has it, and ranges of names.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

/// A ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefRecord {
    /// The full refname.
    pub name: BString,
    /// The object that it names.
    pub target: ObjectId,
    /// The peeled id of the target, when that is an annotated tag.
    pub peeled: Option<ObjectId>,
}

impl RefRecord {
    /// Room for a ref that is still to be read.
    pub(crate) fn empty() -> Self {
        Self {
            name: BString::default(),
            target: ObjectId::null(gix_hash::Kind::Sha1),
            peeled: None,
        }
    }
}

/// The names with a prefix, from `start` up to but not including `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameRange {
    pub(super) start: Vec<u8>,
    pub(super) end: Vec<u8>,
}

impl NameRange {
    /// Whether the name is in it.
    pub(super) fn contains(&self, name: &[u8]) -> bool {
        self.start.as_slice() <= name && name < self.end.as_slice()
    }

    /// The names that begin with `prefix` and come after `after`.
    pub(super) fn new(prefix: &[u8], after: Option<&BStr>) -> Self {
        let mut start = prefix.to_vec();
        if let Some(after) = after.filter(|after| after.as_bytes() >= prefix) {
            start = after.to_vec();
            // The next possible name.
            start.push(0);
        }
        Self {
            start,
            end: end_of_prefix(prefix),
        }
    }
}

/// The first string after all that begin with `prefix`. No name begins with `0xff`.
fn end_of_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return end;
        }
    }
    vec![0xff]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(end_of_prefix(b"refs/heads/"), b"refs/heads0");
        assert_eq!(end_of_prefix(b"refs/\xff\xff"), b"refs0");
        assert_eq!(end_of_prefix(b""), b"\xff");
        assert_eq!(end_of_prefix(b"\xff"), b"\xff");
    }

    #[test]
    fn a_range_starts_after_the_last_name_seen() {
        let start = |prefix: &[u8], after: &str| NameRange::new(prefix, Some(after.into())).start;
        assert_eq!(start(b"refs/heads/", "refs/heads/a"), b"refs/heads/a\0");
        assert_eq!(start(b"refs/heads/", "refs/a"), b"refs/heads/");
    }
}
