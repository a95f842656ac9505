//! Which refusals Git is told in its own protocol, and their form if only the path of the request is known.
//!
//! Git shows its user no body of a POST whose status is not 200
//! ([`crate::git::protocol::refusal`]). A status remains for faults before a client could be understood: a
//! request without a credential, which Git then repeats with one, and a body of
//! another type.

use super::actor::Actor;
use super::error::ErrorCode;
use crate::git::protocol::refusal;
use crate::git::protocol::sideband::{Band, SideBand, band};

/// A request of Git's with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GitPost {
    /// A fetch.
    UploadPack,
    /// A push.
    ReceivePack,
}

impl GitPost {
    /// The content type of its answers.
    #[must_use]
    pub(crate) fn answer_type(self) -> &'static str {
        match self {
            Self::UploadPack => "application/x-git-upload-pack-result",
            Self::ReceivePack => "application/x-git-receive-pack-result",
        }
    }

    /// The whole answer that refuses it, where its body was not read. For a push we assume the bands that
    /// every client asks for, since they are offered.
    #[must_use]
    pub(crate) fn refusal(self, named: &str) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::UploadPack => refusal::upload_pack(named, &mut out),
            Self::ReceivePack => refusal::unread_push(named, SideBand::Large, &mut out),
        }
        out
    }
}

/// An `ERR` packet, which every service of Git's has.
#[must_use]
pub(crate) fn error_packet(message: &str) -> String {
    let mut out = Vec::new();
    refusal::upload_pack(message, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends why a pack that was announced does not follow: the client reads it where it expects the
/// pack, on the large side-band.
pub(crate) fn instead_of_pack(message: &str, request_id: &str, out: &mut Vec<u8>) {
    let text = format!("upload-pack: {message}; try again (request {request_id})\n");
    band(Band::Error, text.as_bytes(), SideBand::Large, out);
}

impl ErrorCode {
    /// Whether the refusal of a POST of Git's is sent in-band.
    #[must_use]
    pub(crate) fn is_told_in_band(self, is_anonymous: bool) -> bool {
        match self {
            Self::Unauthorized | Self::Forbidden | Self::NotFound => !is_anonymous,
            Self::UnsupportedMediaType | Self::MethodNotAllowed => false,
            _ => true,
        }
    }
}

impl Actor {
    /// Whether the request had no credential.
    #[must_use]
    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_callers_and_requests_that_are_not_gits_get_a_status() {
        for code in [
            ErrorCode::Unauthorized,
            ErrorCode::Forbidden,
            ErrorCode::NotFound,
        ] {
            assert!(!code.is_told_in_band(true), "{code:?}");
            assert!(code.is_told_in_band(false), "{code:?}");
        }
        for is_anonymous in [true, false] {
            assert!(!ErrorCode::UnsupportedMediaType.is_told_in_band(is_anonymous));
            for code in [
                ErrorCode::RateLimited,
                ErrorCode::Unavailable,
                ErrorCode::MemoryLimit,
                ErrorCode::InternalError,
                ErrorCode::InvalidInput,
            ] {
                assert!(code.is_told_in_band(is_anonymous), "{code:?}");
            }
        }
    }

    #[test]
    fn a_refusal_is_a_packet_that_git_prints() {
        let text = |post: GitPost| String::from_utf8(post.refusal("busy")).unwrap();
        assert_eq!(text(GitPost::UploadPack), "000cERR busy");
        assert_eq!(text(GitPost::ReceivePack), "000a\u{3}busy\n0000");
    }

    #[test]
    fn the_reason_stands_on_band_3() {
        let mut out = b"0008NAK\n".to_vec();
        instead_of_pack("r2: it is gone", "0123", &mut out);
        let told = b"0008NAK\n003b\x03upload-pack: r2: it is gone; try again (request 0123)\n";
        assert_eq!(out, told);
    }
}
