//! The query of an archive, read strictly.

use gix_object::bstr::BString;

use crate::git::compare::paths::PathLimits;
use crate::git::content::lookup::TreePath;
use crate::repo_do::compare::query::{Paths, switch};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::query::{fields, unknown, wrong};

/// The most bytes of the prefix.
const PREFIX_BYTES_MAX: usize = 4096;

/// A client's wishes for an archive.
#[derive(Debug, Default)]
pub(super) struct ArchiveQuery {
    /// Stands before every path.
    pub(super) prefix: BString,
    /// Whether a large file stands in place of its pointer.
    pub(super) with_large_files: bool,
    paths: Paths,
}

impl ArchiveQuery {
    /// Reads a query.
    pub(super) fn read(text: &str) -> Result<Self, ErrorReply> {
        let mut query = Self::default();
        for field in fields(text) {
            let (field, value) = field?;
            match field.as_ref() {
                "prefix" => query.prefix = prefix(&value)?,
                "lfs" => query.with_large_files = switch("lfs", &value)?,
                "path" => query.paths.add(&value)?,
                _ => return Err(unknown(&field)),
            }
        }
        Ok(query)
    }

    /// The limits by path.
    pub(super) fn limits(&self) -> PathLimits {
        self.paths.limits()
    }

    /// The same as places in a tree.
    pub(super) fn places(&self) -> impl Iterator<Item = (&BString, TreePath)> {
        self.paths.iter().map(|path| (path, TreePath::new(path)))
    }
}

/// A prefix that no program unpacks outside of its folder.
fn prefix(text: &str) -> Result<BString, ErrorReply> {
    if text.len() > PREFIX_BYTES_MAX {
        let bytes = text.len();
        let message = format!("a prefix has {PREFIX_BYTES_MAX} bytes at most, this one {bytes}");
        return Err(wrong("prefix", message));
    }
    let leads_out = text.starts_with('/') || text.split('/').any(|name| name == "..");
    if leads_out || text.contains(['\\', '\0']) {
        let message = "a prefix is relative, and has no '..', backslash or NUL".to_owned();
        return Err(wrong("prefix", message));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_named() {
        for (text, pointer) in [
            ("prefix=/a", "/prefix"),
            ("prefix=a/../b", "/prefix"),
            ("prefix=a%5Cb", "/prefix"),
            ("prefix=a&prefix=b", "/prefix"),
            ("path=", "/path"),
            ("lfs=maybe", "/lfs"),
            ("colour=red", "/colour"),
        ] {
            let error = ArchiveQuery::read(text).unwrap_err();
            assert_eq!(error.pointer.unwrap(), pointer, "{text}");
        }
        let many = "path=a&".repeat(101);
        let long = format!("prefix={}", "p".repeat(PREFIX_BYTES_MAX + 1));
        assert!(ArchiveQuery::read(&many).is_err() && ArchiveQuery::read(&long).is_err());
        let query = ArchiveQuery::read("prefix=x-1/&path=a&path=b/c&lfs").unwrap();
        assert!(query.with_large_files && query.places().count() == 2);
        assert_eq!(query.prefix, "x-1/");
    }
}
