//! Errors of a remote that is pushed to.

use super::super::protocol::pktline::{self, PktLineError};

/// Why an answer of the remote cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendClientError {
    /// The answer is not made of packets.
    #[error(transparent)]
    PktLine(#[from] PktLineError),
    /// The remote refused, in its own words.
    #[error("the remote says: {0}")]
    Refused(String),
    /// A line that is not allowed at its place.
    #[error("the remote sent an unexpected line: '{line}'")]
    UnexpectedLine {
        /// The line, shortened.
        line: String,
    },
    /// The remote's objects are named by another hash.
    #[error("the remote's object format is '{format}', only sha1 is supported")]
    ObjectFormat {
        /// The format that it announces.
        format: String,
    },
    /// The remote lacks a capability that a push needs.
    #[error("the remote does not offer '{feature}'")]
    Lacks {
        /// The capability.
        feature: &'static str,
    },
    /// More refs than can be compared at once.
    #[error("the remote has more than {refs_max} refs that the refspecs reach")]
    TooManyRefs {
        /// The bound.
        refs_max: usize,
    },
    /// Longer names than can be compared at once.
    #[error("the remote's refs have names of more than {bytes_max} bytes together")]
    RefNamesTooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// The answer to a push ended before its report did.
    #[error("the remote's answer ended before its report did")]
    NoReport,
}

impl SendClientError {
    /// A line that is not allowed at its place.
    pub(super) fn unexpected(line: &[u8]) -> Self {
        Self::UnexpectedLine {
            line: pktline::quoted(line),
        }
    }

    /// The remote's own words.
    pub(super) fn refused(message: &[u8]) -> Self {
        Self::Refused(pktline::words(message))
    }
}
