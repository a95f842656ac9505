//! Services that stand beside Git's on other hosts and not here: the answer says so in the protocol of each.
//! The answer is the same for every name, so that nobody is asked for a credential.

use super::reply::{Reply, git_error};
use crate::repo_do::contract::{ErrorCode, ErrorReply, error_packet};

/// The answer to `git archive --remote`.
pub(crate) const NO_UPLOAD_ARCHIVE: &str =
    "git archive --remote is not served here: git clone --depth=1, and git archive in the clone";

const NO_ARCHIVE: &str = "archives are not made here: git clone --depth=1, and git archive in the \
                          clone; single files are at /api/v1/namespaces/<ns>/repos/<repo>/file";

const NO_PAGE: &str = "this is a Git remote: git clone it, open /r/<ns>/<repo> in a browser, or read it \
                       by REST at /api/v1/namespaces/<ns>/repos/<repo>";

/// A service that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbour {
    /// `git archive --remote`.
    UploadArchive,
    /// A tarball or zip file, as GitHub and GitLab have them.
    Archive,
    /// A page for a browser.
    Page,
}

impl Neighbour {
    /// The service that a path below a repository belongs to, by its decoded segments.
    #[must_use]
    pub(crate) fn of(segments: &[&str]) -> Option<Self> {
        match segments {
            ["git-upload-archive"] => Some(Self::UploadArchive),
            ["archive" | "-" | "tarball" | "zipball", ..] => Some(Self::Archive),
            [] | [""] | ["tree" | "blob" | "raw" | "commit" | "commits" | "wiki", ..] => {
                Some(Self::Page)
            }
            _ => None,
        }
    }

    /// The methods of its requests.
    #[must_use]
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::UploadArchive => &["POST"],
            Self::Archive | Self::Page => &["GET", "HEAD"],
        }
    }

    /// Says that it is not here.
    #[must_use]
    pub(crate) fn answer(self) -> Reply {
        let not_found = |message| git_error(&ErrorReply::new(ErrorCode::NotFound, message));
        match self {
            Self::UploadArchive => Reply::new(
                200,
                "application/x-git-upload-archive-result",
                error_packet(NO_UPLOAD_ARCHIVE),
            )
            .with_header("cache-control", "no-cache, no-transform"),
            Self::Archive => not_found(NO_ARCHIVE),
            Self::Page => not_found(NO_PAGE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_by_their_paths() {
        let cases: [(&[&str], Option<Neighbour>); 8] = [
            (&["info", "lfs"], None),
            (&["git-upload-archive"], Some(Neighbour::UploadArchive)),
            (&["archive", "main.tar.gz"], Some(Neighbour::Archive)),
            (&["-", "archive", "main", "x.zip"], Some(Neighbour::Archive)),
            (&[], Some(Neighbour::Page)),
            (&["tree", "main"], Some(Neighbour::Page)),
            (&["", "info", "refs"], None),
            (&["git-upload-pack"], None),
        ];
        for (segments, neighbour) in cases {
            assert_eq!(Neighbour::of(segments), neighbour, "{segments:?}");
        }
    }

    #[test]
    fn each_is_told_in_its_own_protocol() {
        let reply = Neighbour::UploadArchive.answer();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body.get(4..8), Some("ERR "));
        let reply = Neighbour::Archive.answer();
        assert_eq!(reply.status, 404);
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
}
