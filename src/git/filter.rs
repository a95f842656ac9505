//! Filter-specs: what a partial clone leaves out
//! (<https://git-scm.com/docs/git-rev-list#Documentation/git-rev-list.txt---filterltfilter-specgt>).

use gix_object::bstr::{BStr, ByteSlice};

use super::object::ObjectKind;

/// Which objects of the missing commits are sent. Objects that are wants go in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ObjectFilter {
    /// All.
    #[default]
    Everything,
    /// `blob:none`, or `blob:limit` with 0.
    NoBlobs,
    /// `blob:limit`: only blobs with fewer bytes.
    BlobsBelow(u64),
    /// `tree:0`.
    NoTrees,
}

/// A filter-spec that cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not a filter-spec.
    #[error("invalid filter-spec '{spec}'")]
    Invalid {
        /// What was sent.
        spec: String,
    },
    /// A filter-spec of git's that is not served here.
    #[error("filter '{spec}' not supported")]
    Unsupported {
        /// What was sent.
        spec: String,
    },
}

impl ObjectFilter {
    /// Reads a filter-spec.
    pub fn parse(spec: &BStr) -> Result<Self, FilterError> {
        let invalid = || FilterError::Invalid {
            spec: spec.to_string(),
        };
        if spec == "blob:none" {
            return Ok(Self::NoBlobs);
        }
        if let Some(limit) = spec.strip_prefix(b"blob:limit=") {
            return Ok(match magnitude(limit).ok_or_else(invalid)? {
                0 => Self::NoBlobs,
                limit => Self::BlobsBelow(limit),
            });
        }
        if spec == "tree:0" {
            return Ok(Self::NoTrees);
        }
        let known = ["tree:", "sparse:oid=", "object:type=", "combine:"];
        if known.iter().any(|prefix| spec.starts_with_str(prefix)) {
            return Err(FilterError::Unsupported {
                spec: spec.to_string(),
            });
        }
        Err(invalid())
    }

    /// Whether an object of this kind and size is sent.
    pub fn keeps(self, kind: ObjectKind, size_bytes: u64) -> bool {
        match (self, kind) {
            (Self::NoTrees, ObjectKind::Tree | ObjectKind::Blob)
            | (Self::NoBlobs, ObjectKind::Blob) => false,
            (Self::BlobsBelow(limit), ObjectKind::Blob) => size_bytes < limit,
            _ => true,
        }
    }
}

/// A number with git's suffixes `k`, `m` and `g`.
fn magnitude(text: &[u8]) -> Option<u64> {
    let (digits, unit) = match text.split_last()? {
        (b'k' | b'K', digits) => (digits, 1 << 10),
        (b'm' | b'M', digits) => (digits, 1 << 20),
        (b'g' | b'G', digits) => (digits, 1 << 30),
        _ => (text, 1),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.to_str().ok()?.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spec: &str, expect: Option<ObjectFilter>) {
        assert_eq!(ObjectFilter::parse(spec.into()).ok(), expect, "{spec}");
    }

    #[test]
    fn specs_as_git_writes_them() {
        check("blob:none", Some(ObjectFilter::NoBlobs));
        check("blob:limit=0", Some(ObjectFilter::NoBlobs));
        check("blob:limit=1024", Some(ObjectFilter::BlobsBelow(1024)));
        check("blob:limit=2m", Some(ObjectFilter::BlobsBelow(2 << 20)));
        check("tree:0", Some(ObjectFilter::NoTrees));
        for spec in [
            "",
            "blob:limit=",
            "blob:limit=k",
            "blob:limit=-1",
            "blob:limit=99999999999g",
        ] {
            check(spec, None);
        }
    }

    #[test]
    fn what_git_has_and_we_have_not_is_told_apart() {
        let unsupported = FilterError::Unsupported {
            spec: "tree:1".to_owned(),
        };
        assert_eq!(ObjectFilter::parse("tree:1".into()), Err(unsupported));
        let invalid = FilterError::Invalid {
            spec: "blob:most".to_owned(),
        };
        assert_eq!(ObjectFilter::parse("blob:most".into()), Err(invalid));
    }
}
