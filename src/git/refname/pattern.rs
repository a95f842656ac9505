//! Patterns of refnames: a refname, the beginning of one and `*`, or `*`.

use gix_object::bstr::BStr;

use super::{REFS, check_stored};

/// Bytes of a pattern. A longer ref is matched by the beginning of its name.
pub const PATTERN_BYTES_MAX: usize = 240;

/// A text that is not a pattern of refnames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// It is too long.
    #[error("the pattern has {bytes} bytes, at most {PATTERN_BYTES_MAX}")]
    TooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// It is not a full refname.
    #[error("the pattern '{pattern}' is neither '*' nor begins with 'refs/'")]
    OutsideRefs {
        /// The pattern.
        pattern: String,
    },
    /// No ref can have such a name.
    #[error("no ref matches the pattern '{pattern}': a '*' stands at its end or nowhere")]
    MatchesNothing {
        /// The pattern.
        pattern: String,
    },
}

/// Whether a pattern matches: a refname, the beginning of one and `*`, or `*`.
#[must_use]
pub(crate) fn matches(pattern: &str, name: &BStr) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix.as_bytes()),
        None => name == pattern.as_bytes(),
    }
}

/// Checks that some ref can match a pattern.
pub(crate) fn check(pattern: &str) -> Result<(), PatternFault> {
    let bytes = pattern.len();
    if bytes > PATTERN_BYTES_MAX {
        return Err(PatternFault::TooLong { bytes });
    }
    if pattern == "*" {
        return Ok(());
    }
    if !pattern.starts_with(REFS) {
        let pattern = pattern.to_owned();
        return Err(PatternFault::OutsideRefs { pattern });
    }
    let is_name = |name: &str| {
        let name = BStr::new(name.as_bytes());
        check_stored(name, usize::MAX).is_ok()
    };
    let is_matched = match pattern.strip_suffix('*') {
        // If any name continues the prefix, one of these does.
        Some(prefix) => ["x", "x/x"]
            .iter()
            .any(|end| is_name(&format!("{prefix}{end}"))),
        None => is_name(pattern),
    };
    if is_matched {
        Ok(())
    } else {
        let pattern = pattern.to_owned();
        Err(PatternFault::MatchesNothing { pattern })
    }
}
