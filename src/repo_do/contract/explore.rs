//! Reads that go over a history or a tree: the paths below [`path`].
//!
//! The answers have the whole REST envelope, which the Worker passes on unread.

/// Paths of such reads.
pub(crate) mod path {
    /// How all of them begin.
    pub(crate) const EXPLORE: &str = "/explore/";
    /// Followed by an object id: the entries of a directory, each with the commit that changed it last. The
    /// query is a [`ContentQuery`](crate::repo_do::contract::content::ContentQuery).
    pub(crate) const LAST_COMMITS: &str = "/explore/last-commits/";
    /// Refs, each with how far it is ahead of a revision and behind it. The query is a
    /// [`ContentQuery`](crate::repo_do::contract::content::ContentQuery).
    pub(crate) const AHEAD_BEHIND: &str = "/explore/ahead-behind";
    /// Followed by a ref and a path, percent-encoded as one segment. The query is the client's, unread.
    pub(crate) const BLAME: &str = "/explore/blame/";
    /// Lines that match. The query is the client's, unread.
    pub(crate) const GREP: &str = "/explore/grep";
    /// Files by name. The query is the client's, unread.
    pub(crate) const SEARCH: &str = "/explore/search";
}
