//! Differences between commits, the reflog and notes: the paths below [`path`].
//!
//! The query is the client's, unread: the handler of each path reads it strictly
//! ([`super::strict::query`]). The client's `Accept` and conditions come along. The answer has status
//! 200 or 304, the client's content type, and either the whole REST envelope or bytes.

/// Paths of comparisons.
pub(crate) mod path {
    /// How all of them begin.
    pub(crate) const COMPARE: &str = "/compare/";
    /// Followed by `base...head` or `base..head`, percent-encoded as one segment.
    pub(crate) const COMMITS: &str = "/compare/commits/";
    /// The difference between two trees.
    pub(crate) const DIFF: &str = "/compare/diff";
    /// Followed by a commit id: `git format-patch --stdout -1`.
    pub(crate) const COMMIT_PATCH: &str = "/compare/commit-patch/";
    /// Followed by a commit id: the changes of that commit against its first parent, as `git diff` shows
    /// them.
    pub(crate) const COMMIT_DIFF: &str = "/compare/commit-diff/";
    /// The merge bases of several commits.
    pub(crate) const MERGE_BASE: &str = "/compare/merge-base";
    /// Where refs have been.
    pub(crate) const REFLOG: &str = "/compare/reflog";
    /// Notes on commits.
    pub(crate) const NOTES: &str = "/compare/notes";
}

/// The field of a comparison's query that names the repository of the head: `namespace/name`.
pub(crate) const HEAD_REPOSITORY: &str = "head_repository";

/// The headers of the client's that come along.
pub(crate) const FORWARDED_HEADERS: [&str; 2] = ["accept", "if-none-match"];
