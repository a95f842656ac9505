//! Services that stand beside Git's on other hosts and not here: each is told so in its own
//! protocol. The answer is the same for every name, so that nobody is asked for a credential.

use super::reply::{Reply, git_error};
use crate::repo_do::contract::{ErrorCode, ErrorReply, error_packet};

/// The answer to `git archive --remote`.
pub(crate) const NO_UPLOAD_ARCHIVE: &str =
    "git archive --remote is not served here: git clone --depth=1, and git archive in the clone";

const NO_LFS: &str = "Git LFS is not served here: store the files in the repository itself, or set \
                      lfs.url to a server that has them";

const NO_ARCHIVE: &str = "archives are not made here: git clone --depth=1, and git archive in the \
                          clone; single files are at /api/v1/namespaces/<ns>/repos/<repo>/file";

const NO_PAGE: &str = "this is a Git remote, which has no pages: git clone it, or read it by REST \
                       at /api/v1/namespaces/<ns>/repos/<repo>";

/// A service that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbour {
    /// Locks of Git LFS.
    LfsLocks,
    /// The rest of Git LFS.
    Lfs,
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
            ["info", "lfs", "locks", ..] => Some(Self::LfsLocks),
            ["info", "lfs", ..] => Some(Self::Lfs),
            ["git-upload-archive"] => Some(Self::UploadArchive),
            ["archive" | "-" | "tarball" | "zipball", ..] => Some(Self::Archive),
            [] | [""] | ["tree" | "blob" | "raw" | "commit" | "commits" | "wiki", ..] => {
                Some(Self::Page)
            }
            _ => None,
        }
    }

    /// The methods that it is asked with.
    #[must_use]
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::LfsLocks | Self::Lfs => &["GET", "HEAD", "POST", "PUT", "DELETE"],
            Self::UploadArchive => &["POST"],
            Self::Archive | Self::Page => &["GET", "HEAD"],
        }
    }

    /// Says that it is not here.
    #[must_use]
    pub(crate) fn answer(self, request_id: &str) -> Reply {
        let not_found = |message| git_error(&ErrorReply::new(ErrorCode::NotFound, message));
        match self {
            // git-lfs takes 404 for a server without locks, and goes on with the push.
            Self::LfsLocks => lfs(404, request_id),
            Self::Lfs => lfs(501, request_id),
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

/// <https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md#response-errors>
fn lfs(status: u16, request_id: &str) -> Reply {
    let body = serde_json::json!({ "message": NO_LFS, "request_id": request_id });
    Reply::new(status, "application/vnd.git-lfs+json", body.to_string())
        .with_header("cache-control", "no-cache, no-transform")
        .with_header("x-content-type-options", "nosniff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_by_their_paths() {
        let cases: [(&[&str], Option<Neighbour>); 10] = [
            (&["info", "lfs", "objects", "batch"], Some(Neighbour::Lfs)),
            (&["info", "lfs"], Some(Neighbour::Lfs)),
            (
                &["info", "lfs", "locks", "verify"],
                Some(Neighbour::LfsLocks),
            ),
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
        let reply = Neighbour::Lfs.answer("r1");
        assert_eq!(reply.status, 501);
        assert_eq!(
            reply.header("content-type"),
            Some("application/vnd.git-lfs+json")
        );
        let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["message"], NO_LFS);
        assert_eq!(body["request_id"], "r1");
        assert_eq!(Neighbour::LfsLocks.answer("r1").status, 404);
        let reply = Neighbour::UploadArchive.answer("r1");
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body.get(4..8), Some("ERR "));
        let reply = Neighbour::Archive.answer("r1");
        assert_eq!(reply.status, 404);
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
}
