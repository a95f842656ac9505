//! What the Worker and a namespace's object say to each other, over `fetch`.
//!
//! The object is named after the namespace in lower case; the one named [`REGISTRY`], which no
//! namespace can be called, keeps the list of namespaces.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /create` | [`CreateNamespace`] | [`NamespaceInfo`], or 409 |
//! | `GET /summary` | | [`NamespaceInfo`], or 404 |
//! | `POST /update` | [`UpdateNamespace`] | [`NamespaceInfo`], or 404 |
//! | `POST /delete` | | [`NamespaceInfo`] as it was, 404, or 409 while names are taken |
//! | `POST /reserve` | [`Reserve`] | [`Reserved`] |
//! | `POST /confirm` | [`Confirm`] | [`Done`] |
//! | `POST /touch` | `TouchRepository` of the objects' contract | [`Done`] |
//! | `POST /release` | `ReleaseName` of the objects' contract | [`Done`], whether or not the entry was still that one |
//! | `GET /repository?name=…` | | [`Entry`], or 404 |
//! | `GET /holds?name=…` | | [`Holds`] |
//! | `GET /candidates?prefix=…` | | `[`[`Candidate`]`…]` |
//! | `POST /relist` | [`Relist`] | [`Relisted`] |
//! | `GET /list?…` | | [`Listing`] |
//! | `POST /admit` | `Admit` of the objects' contract | `Admitted`; 429 after too many unknown tokens |
//! | `POST /token` | [`MakeToken`] | [`SharedToken`]; 404 without the namespace or one of the repositories |
//! | `GET /tokens?…` | [`ListTokens`] | [`SharedTokens`], 404 without a namespace |
//! | `POST /revoke` | [`Revoke`] | `RevokedToken`, or 404 |
//! | `POST /register`, `POST /unregister` | [`NamespaceInfo`] | [`Done`] (the registry's only) |
//! | `POST /announce` | [`NamespaceInfo`] | [`Done`] (the registry's only) |
//! | `GET /registered?name=…` | | [`Holds`] (the registry's only) |
//! | `GET /registry?limit=…&cursor=…&search=…` | | [`Registry`] (the registry's only) |
//!
//! The repository's own object decides whether a repository exists. What stands here reserves
//! its name and lists it; when the two disagree (a step between them was lost), the Worker asks
//! the repository's object and mends the entry.

use serde::{Deserialize, Serialize};

use crate::repo_do::contract::{RepositoryInfo, TokenRecord, TokenState};

/// Paths that the object serves.
pub mod path {
    /// Makes the namespace.
    pub const CREATE: &str = "/create";
    /// The namespace.
    pub const SUMMARY: &str = "/summary";
    /// Changes the namespace's settings.
    pub const UPDATE: &str = "/update";
    /// Deletes the namespace.
    pub const DELETE: &str = "/delete";
    /// Takes a name.
    pub const RESERVE: &str = "/reserve";
    /// Lists a repository that was made.
    pub const CONFIRM: &str = "/confirm";
    /// The entry of one name.
    pub const REPOSITORY: &str = "/repository";
    /// Whether a name is taken.
    pub const HOLDS: &str = "/holds";
    /// Repositories that may have a token.
    pub const CANDIDATES: &str = "/candidates";
    /// Lists repositories that were lost from the list.
    pub const RELIST: &str = "/relist";
    /// The list of repositories.
    pub const LIST: &str = "/list";
    /// Makes a token of the namespace's.
    pub const MAKE_TOKEN: &str = "/token";
    /// The namespace's tokens.
    pub const TOKENS: &str = "/tokens";
    /// Takes a token of the namespace's back.
    pub const REVOKE: &str = "/revoke";
    /// Notes a namespace.
    pub const REGISTER: &str = "/register";
    /// Notes a namespace that is about to be made.
    pub const ANNOUNCE: &str = "/announce";
    /// Whether a namespace is noted.
    pub const REGISTERED: &str = "/registered";
    /// Forgets a namespace.
    pub const UNREGISTER: &str = "/unregister";
    /// The list of namespaces.
    pub const REGISTRY: &str = "/registry";
    /// Begins a request that is to be done once; of the registry too.
    pub const ONCE_BEGIN: &str = "/once/begin";
    /// Ends it.
    pub const ONCE_END: &str = "/once/end";
}

/// Answer of `GET /holds` and of `GET /registered`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// The name is taken, if only by somebody who is about to make a repository.
    Held,
    /// Nobody has the name.
    Free,
    /// There is no list here, and perhaps one was lost.
    Nothing,
}

/// Query of `GET /repository`, `GET /holds` and `GET /registered`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByName {
    /// The repository's name.
    pub name: String,
}

/// Query of `GET /candidates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByPrefix {
    /// How the repository's id starts.
    pub prefix: String,
}

/// Body of `POST /revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    /// The token's id.
    pub token_id: String,
    /// Whether a token that administers the namespace may be meant.
    pub admin_too: bool,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Body of `POST /token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakeToken {
    /// The new token.
    pub token: TokenRecord,
    /// The names of the repositories that it opens; `None`: every one.
    pub repos: Option<Vec<String>>,
}

/// A token of the namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedToken {
    /// The token.
    pub token: TokenRecord,
    /// The names of the repositories that it opens, without those that are gone; `None`: every one.
    pub repos: Option<Vec<String>>,
}

/// Query of `GET /tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTokens {
    /// Those in this state; `None`: in any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TokenState>,
    /// Whether those that administer the namespace are listed too.
    pub admin_too: bool,
    /// The page, from 1.
    pub page: u32,
    /// Tokens a page.
    pub per_page: u32,
}

/// Answer of `GET /tokens`: a page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedTokens {
    /// The page's tokens.
    pub tokens: Vec<SharedToken>,
    /// Tokens in that state altogether.
    pub total_count: u64,
}

/// Body of `POST /once/begin`: a request with an `Idempotency-Key` is about to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginOnce {
    /// What stands for the caller and its key.
    pub key: [u8; 32],
    /// What stands for the request.
    pub request: [u8; 32],
    /// Random.
    pub salt: [u8; 32],
    /// Whether the request may make the first thing that is here.
    pub may_create: bool,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Answer of `POST /once/begin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnceBegun {
    /// The caller does it.
    Yours {
        /// What it is done with.
        salt: [u8; 32],
    },
    /// It was done.
    Answered {
        /// What it was done with.
        salt: [u8; 32],
        /// HTTP status.
        status: u16,
        /// The body, its token taken out.
        answer: String,
    },
    /// Somebody does it now.
    Running,
    /// The key stands for another request.
    AnotherRequest,
    /// Nothing was ever made here, and nothing can be kept.
    NoPlace,
}

/// Body of `POST /once/end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndOnce {
    /// As it was begun.
    pub key: [u8; 32],
    /// Status and body; `None` when the same may be done again.
    pub answer: Option<(u16, String)>,
}

/// The object that lists the namespaces.
pub const REGISTRY: &str = "*";

/// After so long, whoever was making a repository is taken to have died.
pub const CREATE_SECONDS_MAX: i64 = 60;

/// Body of `POST /create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateNamespace {
    /// Its name, as shown.
    pub namespace: String,
    /// What its repositories take, unless they say otherwise.
    #[serde(default)]
    pub fsck_strict: bool,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Body of `POST /update`; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateNamespace {
    /// What repositories take that are made from now on, unless they say otherwise.
    pub fsck_strict: Option<bool>,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceInfo {
    /// Its name, as shown.
    pub namespace: String,
    /// Repositories in it.
    pub repo_count: u64,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// Whether new repositories check objects as git's `--strict` does.
    #[serde(default)]
    pub fsck_strict: bool,
}

/// Body of `POST /reserve`: takes a name for a repository about to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// The namespace's name, as shown if this makes the namespace.
    pub namespace: String,
    /// The repository's name, as shown.
    pub name: String,
    /// Its id.
    pub repository_id: String,
    /// The id of an entry that may be overwritten: its repository is known not to exist.
    pub replaces: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// A branch's short name.
    pub default_branch: String,
    /// Whether pushes are refused.
    pub read_only: bool,
    /// Whether anybody may fetch.
    pub public: bool,
    /// Where its content comes from.
    pub source: Option<String>,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Answer of `POST /reserve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Reserved {
    /// The name is the caller's.
    Won {
        /// The namespace's name, as shown.
        namespace: String,
        /// What the repository takes, unless its maker says otherwise.
        #[serde(default)]
        fsck_strict: bool,
        /// The namespace, if this made it: the registry must hear of it.
        new_namespace: Option<NamespaceInfo>,
    },
    /// The name has an entry.
    Taken(Entry),
}

/// The entry of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The id of the repository.
    pub repository_id: String,
    /// Whether it was confirmed; otherwise it is being made.
    pub confirmed: bool,
    /// When the name was taken, in milliseconds since 1970.
    pub reserved_at_ms: i64,
}

impl Entry {
    /// Whether somebody may still be making it.
    #[must_use]
    pub fn in_progress(&self, now_ms: i64) -> bool {
        let age_ms = now_ms.saturating_sub(self.reserved_at_ms);
        !self.confirmed && age_ms < CREATE_SECONDS_MAX.saturating_mul(1000)
    }
}

/// Body of `POST /relist`: repositories that are there, as their own objects have just said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relist {
    /// The namespace's name, as shown if this makes the namespace.
    pub namespace: String,
    /// The repositories.
    pub infos: Vec<RepositoryInfo>,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Answer of `POST /relist`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relisted {
    /// For each repository, whether it was not listed before.
    pub is_new: Vec<bool>,
    /// The namespace: the registry must hear of it.
    pub namespace: NamespaceInfo,
}

/// Body of `POST /confirm`: the repository exists, and is listed from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// The repository as its own object knows it.
    pub info: RepositoryInfo,
    /// The id that the name was reserved for; another than the repository's when the caller found
    /// that one there which an interrupted request had made.
    pub reserved_id: String,
}

/// A repository that may have a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Its id.
    pub repository_id: String,
}

/// Nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// A repository as the list shows it. Figures and settings may lag behind its own object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its id.
    pub repository_id: String,
    /// Its name, as shown.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// A branch's short name.
    pub default_branch: String,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// Milliseconds since 1970.
    pub updated_at_ms: i64,
    /// Milliseconds since 1970.
    pub last_push_at_ms: Option<i64>,
    /// Where its content came from.
    pub source: Option<String>,
    /// Whether pushes are refused.
    pub read_only: bool,
    /// Whether anybody may fetch.
    pub public: bool,
}

/// Answer of `GET /list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The namespace's name, as shown; `None` when none was made here.
    pub namespace: Option<String>,
    /// One page.
    pub repositories: Vec<Listed>,
    /// Where the next page starts, unless this is the last.
    pub cursor: Option<String>,
}

/// Answer of `GET /registry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    /// One page of names, as shown.
    pub namespaces: Vec<String>,
    /// Where the next page starts, unless this is the last.
    pub cursor: Option<String>,
}
