//! The query of an archive, read strictly.

use gix_object::bstr::{BString, ByteSlice as _};

use crate::git::compare::paths::PathLimits;
use crate::git::content::lookup::TreePath;
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// The most paths to which an archive may be limited.
const PATHS_MAX: usize = 100;

/// The most bytes of a path, and of the prefix.
const PATH_BYTES_MAX: usize = 4096;

/// What a client asks of an archive.
#[derive(Debug, Default)]
pub(super) struct ArchiveQuery {
    /// Stands before every path.
    pub(super) prefix: BString,
    /// Whether a large file stands in place of its pointer.
    pub(super) with_large_files: bool,
    paths: Vec<BString>,
}

impl ArchiveQuery {
    /// Reads a query.
    pub(super) fn read(text: &str) -> Result<Self, ErrorReply> {
        let mut query = Self::default();
        let mut given = Vec::new();
        for (field, value) in form_urlencoded::parse(text.as_bytes()) {
            if field != "path" && given.contains(&field) {
                return Err(wrong(&field, format!("{field} is given twice")));
            }
            match field.as_ref() {
                "prefix" => query.prefix = prefix(&value)?,
                "lfs" => query.with_large_files = switch("lfs", &value)?,
                "path" => query.add_path(&value)?,
                _ => {
                    let message = format!("this route takes no parameter {field}");
                    return Err(wrong(&field, message));
                }
            }
            given.push(field);
        }
        Ok(query)
    }

    /// The limits by path.
    pub(super) fn limits(&self) -> PathLimits {
        PathLimits::new(self.paths.iter().map(|path| path.as_bytes()))
    }

    /// The same as places in a tree.
    pub(super) fn places(&self) -> impl Iterator<Item = (&BString, TreePath)> {
        self.paths.iter().map(|path| (path, TreePath::new(path)))
    }

    fn add_path(&mut self, path: &str) -> Result<(), ErrorReply> {
        if path.is_empty() || path.len() > PATH_BYTES_MAX {
            let bytes = path.len();
            let message = format!("a path has 1 to {PATH_BYTES_MAX} bytes, this one {bytes}");
            return Err(wrong("path", message));
        }
        if self.paths.len() >= PATHS_MAX {
            return Err(wrong("path", format!("more than {PATHS_MAX} paths")));
        }
        self.paths.push(path.into());
        Ok(())
    }
}

/// A prefix that no program unpacks outside of its folder.
fn prefix(text: &str) -> Result<BString, ErrorReply> {
    if text.len() > PATH_BYTES_MAX {
        let bytes = text.len();
        let message = format!("a prefix has {PATH_BYTES_MAX} bytes at most, this one {bytes}");
        return Err(wrong("prefix", message));
    }
    let leads_out = text.starts_with('/') || text.split('/').any(|name| name == "..");
    if leads_out || text.contains(['\\', '\0']) {
        let message = "a prefix is relative, and has no '..', backslash or NUL".to_owned();
        return Err(wrong("prefix", message));
    }
    Ok(text.into())
}

fn switch(field: &str, value: &str) -> Result<bool, ErrorReply> {
    match value {
        "" | "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => {
            let message = format!("{field} must be true or false, not '{value}'");
            Err(wrong(field, message))
        }
    }
}

fn wrong(field: &str, message: String) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, format!("/{field}"), message)
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
        let many = "path=a&".repeat(PATHS_MAX + 1);
        let long = format!("prefix={}", "p".repeat(PATH_BYTES_MAX + 1));
        assert!(ArchiveQuery::read(&many).is_err() && ArchiveQuery::read(&long).is_err());
        let query = ArchiveQuery::read("prefix=x-1/&path=a&path=b/c&lfs").unwrap();
        assert!(query.with_large_files && query.places().count() == 2);
        assert_eq!(query.prefix, "x-1/");
    }
}
