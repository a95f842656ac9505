//! The JSON by which a caller asks for a commit. Each field is bounded where it is read into a
//! [`Draft`](super::draft::Draft).

use serde::Deserialize;

use crate::repo_do::contract::present;

/// The body of `POST …/commits`, or its first line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommitBody {
    /// The branch's short name.
    pub(super) branch: String,
    /// The message.
    pub(super) message: String,
    /// The author of the change; the token unless given.
    #[serde(default)]
    pub(super) author: Option<PersonBody>,
    /// The committer; the token unless given.
    #[serde(default)]
    pub(super) committer: Option<PersonBody>,
    /// The guard: the id that the branch must be at; `null`: it must not exist.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and an id differ")]
    pub(super) expected_head: Option<Option<String>>,
    /// The revision that the branch starts from if it does not exist.
    #[serde(default)]
    pub(super) base: Option<String>,
    /// The changes.
    #[serde(default)]
    pub(super) files: Vec<FileBody>,
    /// A unified diff in their place.
    #[serde(default)]
    pub(super) patch: Option<String>,
    /// As `git push -o` sends them.
    #[serde(default)]
    pub(super) push_options: Vec<String>,
    /// Whether `Signed-off-by` is appended to the message.
    #[serde(default)]
    pub(super) sign_off: bool,
    /// Whether a commit that changes nothing is made.
    #[serde(default)]
    pub(super) allow_empty: bool,
    /// Whether contents go through Git LFS where `.gitattributes` says so.
    #[serde(default)]
    pub(super) lfs: bool,
}

/// A name, an address and a date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonBody {
    pub(super) name: String,
    pub(super) email: String,
    #[serde(default)]
    pub(super) date: Option<String>,
}

/// An object of Git LFS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LfsBody {
    pub(super) oid: String,
    pub(super) size: u64,
}

/// One changed file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileBody {
    /// The path, or
    #[serde(default)]
    pub(super) path: Option<String>,
    /// a path of any bytes.
    #[serde(default)]
    pub(super) path_base64: Option<String>,
    /// One of Git's modes.
    #[serde(default)]
    pub(super) mode: Option<String>,
    /// The content as text,
    #[serde(default)]
    pub(super) content: Option<String>,
    /// as any bytes,
    #[serde(default)]
    pub(super) content_base64: Option<String>,
    /// in lines that follow,
    #[serde(default)]
    pub(super) content_id: Option<String>,
    /// as an object of Git LFS that is here,
    #[serde(default)]
    pub(super) lfs: Option<LfsBody>,
    /// or as an object that is here.
    #[serde(default)]
    pub(super) blob: Option<String>,
    /// Bytes of the content that lines bring, if they are known.
    #[serde(default)]
    pub(super) size: Option<u64>,
    /// The path goes.
    #[serde(default)]
    pub(super) delete: bool,
    /// The entry at this path goes to the path above.
    #[serde(default)]
    pub(super) move_from: Option<String>,
    /// The same, a path of any bytes.
    #[serde(default)]
    pub(super) move_from_base64: Option<String>,
}
