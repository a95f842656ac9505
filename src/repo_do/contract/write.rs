//! Changes of a repository by REST: the paths below [`path`]. A caller that may push may use them.
//!
//! The body is the client's, streamed: the handler of each path reads it. So are its `Content-Type`
//! and `Content-Length`; a body is never encoded. The object gets the client's `Idempotency-Key` as
//! [`super::header::ONCE`]. The answer has status 200 or 201 and the whole REST envelope.

/// Paths of writes.
pub(crate) mod path {
    /// How all of them begin.
    pub(crate) const WRITE: &str = "/write/";
    /// `POST`: a commit.
    pub(crate) const COMMITS: &str = "/write/commits";
    /// `PUT`: a blob.
    pub(crate) const BLOBS: &str = "/write/blobs";
    /// `POST`: refs are made, moved, deleted.
    pub(crate) const REFS: &str = "/write/refs";
    /// `POST`: a merge.
    pub(crate) const MERGE: &str = "/write/merge";
    /// `POST`: the changes of commits on another one.
    pub(crate) const CHERRY_PICK: &str = "/write/cherry-pick";
    /// `POST`: the changes of commits taken back.
    pub(crate) const REVERT: &str = "/write/revert";
    /// `POST`: a branch goes back to an earlier commit.
    pub(crate) const RESTORE: &str = "/write/restore";
    /// `POST` and `DELETE`: notes on commits.
    pub(crate) const NOTES: &str = "/write/notes";
    /// `POST`: whether the rules let a caller change a ref. It changes nothing.
    pub(crate) const RULES_TEST: &str = "/write/rules-test";
}

/// Bytes of the body of a merge, a cherry-pick, a revert and a restore.
pub(crate) const MERGE_BODY_BYTES_MAX: usize = 2 << 20;

/// The types of commits as lines of JSON: the metadata, then the content of the files in pieces. The second
/// is for generated clients, which know no other type of a streamed body.
const LINES: [&str; 2] = ["application/x-ndjson", "application/octet-stream"];

/// The headers of the client's that come along.
pub(crate) const FORWARDED_HEADERS: [&str; 2] = ["content-type", "content-length"];

/// Whether a body of this `Content-Type` is such lines.
pub(crate) fn is_ndjson(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|given| given.split(';').next());
    let is = |essence: &str| LINES.iter().any(|line| essence.eq_ignore_ascii_case(line));
    essence.is_some_and(|essence| is(essence.trim()))
}
