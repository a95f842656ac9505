//! Errors of a remote.

use super::super::protocol::pktline::{self, PktLineError};

/// The remote's answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchClientError {
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
    /// A mark (flush, delimiter) that is not allowed at its place.
    #[error("the remote's answer has no pack")]
    NoPack,
    /// The remote's objects are named by another hash.
    #[error("the remote's object format is '{format}', only sha1 is supported")]
    ObjectFormat {
        /// The format that it announces.
        format: String,
    },
    /// The remote lacks a feature that the import needs.
    #[error("the remote does not offer '{feature}'")]
    Lacks {
        /// The capability.
        feature: &'static str,
    },
    /// Longer names than a repository may be given at once.
    #[error(
        "the remote's refs have names of more than {bytes_max} bytes together: ask for some of them \
         with 'refs' or 'branch', and push the others"
    )]
    RefNamesTooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// More refs than a repository may be given at once.
    #[error(
        "the remote has more than {refs_max} refs that are asked for: ask for some of them with \
         'refs' or 'branch', and push the others"
    )]
    TooManyRefs {
        /// The bound.
        refs_max: usize,
    },
}

impl FetchClientError {
    /// A line that is not allowed at its place.
    pub(super) fn unexpected(line: &[u8]) -> Self {
        Self::UnexpectedLine {
            line: pktline::quoted(line),
        }
    }

    /// The remote's own words, made fit to be shown.
    pub(super) fn refused(message: &[u8]) -> Self {
        Self::Refused(pktline::words(message))
    }
}

/// The message of an `ERR` packet.
pub(super) fn err_message(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"ERR ")
}
