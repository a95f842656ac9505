//! What a repository holds, as REST shows it: the paths below [`path`], their query, and the two
//! ways in which the object answers.
//!
//! Lists, commits and trees are answered with the whole REST envelope, which the Worker passes on
//! unread: a tree may have more entries than anybody wants to hold. The bytes of a blob are
//! answered as they are, with status 200, 206 or 304 and the headers that the client gets; of a
//! `HEAD` ([`super::header::HEAD`]) with no body.

use serde::{Deserialize, Serialize};

/// Paths of content.
pub(crate) mod path {
    /// How all of them begin.
    pub(crate) const CONTENT: &str = "/content/";
    /// Refs by name.
    pub(crate) const REFS: &str = "/content/refs";
    /// Commits, newest first.
    pub(crate) const LOG: &str = "/content/log";
    /// Followed by an object id.
    pub(crate) const COMMIT: &str = "/content/commit/";
    /// Followed by an object id.
    pub(crate) const TREE: &str = "/content/tree/";
    /// Followed by an object id.
    pub(crate) const BLOB: &str = "/content/blob/";
    /// The blob at a path of a ref.
    pub(crate) const FILE: &str = "/content/file";
    /// The same, the ref and the path in one.
    pub(crate) const RAW: &str = "/content/raw";
}

/// The query of all of them; which fields a path has, the Worker has checked, and their bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentQuery {
    /// A refname, in short or in full, `HEAD` or a commit id; `HEAD` unless given.
    #[serde(rename = "ref")]
    pub(crate) revision: Option<String>,
    /// Names with slashes between them.
    pub(crate) path: Option<String>,
    /// How refnames begin.
    pub(crate) prefix: Option<String>,
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
    /// Entries of a page.
    pub(crate) limit: Option<u32>,
    /// Entries before the page.
    pub(crate) offset: Option<u32>,
    /// Whether subtrees are listed too.
    pub(crate) recursive: Option<String>,
    /// Whether of a merge only its first parent is followed.
    pub(crate) first_parent: Option<String>,
}

/// What stands before the result in an envelope.
pub(crate) const ENVELOPE_OPEN: &str = r#"{"result":"#;

/// What stands behind it; `result_info` is JSON.
#[must_use]
pub(crate) fn envelope_close(result_info: Option<&str>) -> String {
    let success = r#","success":true,"errors":[],"messages":[]"#;
    match result_info {
        Some(info) => format!("{success},\"result_info\":{info}}}"),
        None => format!("{success}}}"),
    }
}
