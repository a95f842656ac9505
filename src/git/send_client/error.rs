//! Errors of a remote that is pushed to.

use super::super::protocol::pktline::{self, PktLineError};

/// Bytes of a remote's own message that are repeated.
pub(super) const MESSAGE_BYTES_MAX: usize = 300;

/// The remote's answer is of no use.
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
    /// The remote cannot do what cannot be done without.
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
        Self::Refused(told(message))
    }
}

/// The remote's own words, made fit to be shown.
pub(super) fn told(message: &[u8]) -> String {
    let message = message.get(..MESSAGE_BYTES_MAX).unwrap_or(message);
    let message = String::from_utf8_lossy(message);
    message.trim().replace(char::is_control, " ")
}
