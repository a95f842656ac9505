//! The content of a repository, as REST shows it: the paths below [`path`], their query, and the
//! two ways in which the object answers.
//!
//! For lists, commits and trees the object answers with the whole REST envelope, and the Worker
//! passes it on unread, because a tree may be too large to hold. For a blob it answers with the
//! bytes themselves, with status 200, 206 or 304 and the headers that the client gets. A `HEAD`
//! ([`super::header::HEAD`]) gets no body. Where the bytes are those of a large file, the body is empty
//! and [`super::header::R2_KEY`] says where they are.

use serde::{Deserialize, Serialize};

/// Paths of content.
pub(crate) mod path {
    /// How all of them begin.
    pub(crate) const CONTENT: &str = "/content/";
    /// The facts that everybody who may read the repository may know ([`super::About`]).
    pub(crate) const ABOUT: &str = "/content/about";
    /// Where the repository comes from, for the Worker alone: a [`super::Origin`].
    pub(crate) const ORIGIN: &str = "/content/origin";
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
    /// The objects of Git LFS that the repository has.
    pub(crate) const LFS: &str = "/content/lfs";
    /// The commit that a revision stands for, for another repository's object: a [`super::Named`].
    pub(crate) const REVISION: &str = "/content/revision";
}

/// The facts about a repository for everybody who may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Free text, if there is some.
    pub(crate) description: Option<String>,
    /// The commit that `HEAD` leads to, in the form of REST; `None` before the first push.
    pub(crate) tip: Option<serde_json::Value>,
}

/// Where a repository comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// For a fork, `artifacts:` and `namespace/name` of its source; for an import, a URL.
    pub(crate) source: Option<String>,
    /// The name of its default branch.
    pub(crate) default_branch: String,
}

/// The commit that a revision stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    /// Its id, in hex.
    pub(crate) commit: String,
    /// The full name of the ref, of `HEAD` that of its branch; `None` of an id, and of a name that is not
    /// text.
    pub(crate) name: Option<String>,
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
    /// Cursor at which the page before ended.
    pub(crate) cursor: Option<String>,
    /// Entries of a page.
    pub(crate) limit: Option<u32>,
    /// Entries before the page: a number. For a log the Worker takes a cursor in this place as well, as older
    /// clients send it.
    pub(crate) offset: Option<String>,
    /// Whether subtrees are listed too.
    pub(crate) recursive: Option<String>,
    /// Whether of a merge only its first parent is followed.
    pub(crate) first_parent: Option<String>,
    /// Whether of each entry of a tree the commit is wanted that changed it last.
    pub(crate) last_commit: Option<String>,
    /// The revision against which the commits of refs are counted.
    pub(crate) ahead_behind: Option<String>,
    /// Whether of a pointer of Git LFS the bytes are wanted that it stands for.
    pub(crate) lfs: Option<String>,
}

/// Characters of the cursor of a log: [`super::content`]'s handler makes it.
pub(crate) const LOG_CURSOR_CHARACTERS: usize = 38;

/// The envelope up to the result.
pub(crate) const ENVELOPE_OPEN: &str = r#"{"result":"#;

/// The envelope after the result; `result_info` is JSON.
#[must_use]
pub(crate) fn envelope_close(result_info: Option<&str>) -> String {
    let success = r#","success":true,"errors":[],"messages":[]"#;
    match result_info {
        Some(info) => format!("{success},\"result_info\":{info}}}"),
        None => format!("{success}}}"),
    }
}
