//! Messages between the Worker and a namespace's object, over `fetch`.
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
//! | `GET /place`, `POST /place/take` | [`TakePlace`] | [`Placed`] (of the object outside of every jurisdiction) |
//! | `POST /reserve` | [`Reserve`] | [`Reserved`] |
//! | `POST /confirm` | [`Confirm`] | [`Done`] |
//! | `POST /touch` | `TouchRepository` of the objects' contract | [`Done`] |
//! | `GET /events?…` | | JSON as the client gets it, or server-sent events |
//! | `POST /events/take` | `HandOver` of the objects' contract | `HandedOver` |
//! | `POST /release` | `ReleaseName` of the objects' contract | [`Done`], whether or not the entry was still that one |
//! | `GET /usage?since_day=…` | | [`NamespaceUsage`], or 404 |
//! | `POST /room` | `AskRoom` of the objects' contract | `Room` |
//! | `POST /room/told` | `TellRoom` of the objects' contract | [`Done`] |
//! | `POST /keep` | `KeptRepository` of the objects' contract | [`Done`] |
//! | `POST /forget` | `ForgetKept` of the objects' contract | [`Done`] |
//! | `GET /deleted?…`, `GET /deleted/one?…` | | see [`deleted_steps`](super::deleted_steps) |
//! | `POST /depart` | `Depart` of the objects' contract | `Departed` |
//! | `GET /repository?name=…` | | [`Entry`], or 404 |
//! | `GET /holds?name=…` | | [`Holds`] |
//! | `GET /candidates?prefix=…` | | `[`[`Candidate`]`…]` |
//! | `POST /relist` | [`Relist`] | [`Relisted`] |
//! | `GET /list?…` | | [`Listing`] |
//! | `POST /admit` | `Admit` of the objects' contract | `Admitted`; 429 after too many unknown tokens |
//! | `POST /token` | [`MakeToken`] | [`SharedToken`]; 404 without the namespace or one of the repositories |
//! | `GET /tokens?…` | [`ListTokens`] | [`SharedTokens`], 404 without a namespace |
//! | `POST /revoke-all` | | [`NamespaceInfo`], or 404 |
//! | `GET /audit?…` | | `Audit` of [`audit`](super::audit), 404 without a namespace |
//! | `POST /revoke` | [`Revoke`] | `RevokedToken`, or 404 |
//! | `GET /issuers` | | `[Issuer…]` of [`signed::issuer`](crate::worker::signed::issuer), without their rules |
//! | `POST /revoke-signed` | [`RevokeSigned`] | [`RevokedSigned`], 404 without a namespace |
//! | `GET /webhooks…`, `POST /webhooks/…` | | see [`webhooks`](super::webhooks) |
//! | `POST /register`, `POST /unregister` | [`Registration`] | [`Done`] (the registry's only) |
//! | `GET /acts?…` | | `Audit` of [`audit`](super::audit) (the registry's only) |
//! | `POST /announce` | [`NamespaceInfo`] | [`Done`] (the registry's only) |
//! | `GET /registered?name=…` | | [`Holds`] (the registry's only) |
//! | `GET /registry?limit=…&cursor=…&search=…` | | [`Registry`] (the registry's only) |
//!
//! The repository's own object decides whether a repository exists. The entry here reserves its
//! name and lists it. When the two disagree (a step between them was lost), the Worker asks the
//! repository's object and repairs the entry.

use serde::{Deserialize, Serialize};

pub(crate) use self::namespace_act::NamespaceAct;
pub(crate) use self::once::{BeginOnce, EndOnce, OnceBegun};
pub(crate) use self::place::{Placed, TakePlace};
pub(crate) use self::signed::{RevokeSigned, RevokedSigned};
pub(crate) use super::lists::{Listed, Listing, Registry};
pub(crate) use super::quota_values::{NamespaceTotals, QuotaChange};
pub(crate) use super::usage::{AskUsage, NamespaceUsage};
use crate::repo_do::contract::{RepositoryInfo, Standing, TokenRecord, TokenState};
use crate::storage::jurisdiction::Jurisdiction;
use crate::storage::namespace::quotas::Quotas;
use crate::worker::signed::issuer::Issuer;
mod namespace_act;
mod once;
mod place;
mod signed;

/// Paths that the object serves.
pub(crate) mod path {
    /// Makes the namespace.
    pub(crate) const CREATE: &str = "/create";
    /// The namespace.
    pub(crate) const SUMMARY: &str = "/summary";
    /// Changes the namespace's settings.
    pub(crate) const UPDATE: &str = "/update";
    /// Deletes the namespace.
    pub(crate) const DELETE: &str = "/delete";
    /// Where the namespace of this name is kept.
    pub(crate) const PLACE: &str = "/place";
    /// Names the place where the namespace is to be kept.
    pub(crate) const TAKE_PLACE: &str = "/place/take";
    /// Takes a name.
    pub(crate) const RESERVE: &str = "/reserve";
    /// Lists a repository that was made.
    pub(crate) const CONFIRM: &str = "/confirm";
    /// The entry of one name.
    pub(crate) const REPOSITORY: &str = "/repository";
    /// Whether a name is taken.
    pub(crate) const HOLDS: &str = "/holds";
    /// Repositories that may have a token.
    pub(crate) const CANDIDATES: &str = "/candidates";
    /// Lists repositories that were lost from the list.
    pub(crate) const RELIST: &str = "/relist";
    /// The list of repositories that were deleted and can be restored.
    pub(crate) const DELETED: &str = "/deleted";
    /// One of them.
    pub(crate) const DELETED_ONE: &str = "/deleted/one";
    /// The list of repositories.
    pub(crate) const LIST: &str = "/list";
    /// How much the namespace uses.
    pub(crate) const USAGE: &str = "/usage";
    /// Makes a token of the namespace's.
    pub(crate) const MAKE_TOKEN: &str = "/token";
    /// The namespace's tokens.
    pub(crate) const TOKENS: &str = "/tokens";
    /// Takes a token of the namespace's back.
    pub(crate) const REVOKE: &str = "/revoke";
    /// Takes back every token of the namespace and of its repositories.
    pub(crate) const REVOKE_ALL: &str = "/revoke-all";
    /// Administrative acts.
    pub(crate) const AUDIT: &str = "/audit";
    /// The issuers of signed tokens that the namespace trusts.
    pub(crate) const ISSUERS: &str = "/issuers";
    /// Takes a signed token back.
    pub(crate) const REVOKE_SIGNED: &str = "/revoke-signed";
    /// Notes a namespace.
    pub(crate) const REGISTER: &str = "/register";
    /// Notes a namespace that is about to be made.
    pub(crate) const ANNOUNCE: &str = "/announce";
    /// Whether a namespace is noted.
    pub(crate) const REGISTERED: &str = "/registered";
    /// Administrative acts on namespaces as a whole.
    pub(crate) const ACTS: &str = "/acts";
    /// Forgets a namespace.
    pub(crate) const UNREGISTER: &str = "/unregister";
    /// The list of namespaces.
    pub(crate) const REGISTRY: &str = "/registry";
    /// Begins a request that must take effect once; the registry answers it too.
    pub(crate) const ONCE_BEGIN: &str = "/once/begin";
    /// Ends it.
    pub(crate) const ONCE_END: &str = "/once/end";
    /// The webhooks of the namespace or of a repository.
    pub(crate) const WEBHOOKS: &str = "/webhooks";
    /// One of them.
    pub(crate) const WEBHOOK: &str = "/webhooks/one";
    /// Makes a webhook.
    pub(crate) const WEBHOOK_MAKE: &str = "/webhooks/make";
    /// Changes one.
    pub(crate) const WEBHOOK_CHANGE: &str = "/webhooks/change";
    /// Gives one another secret.
    pub(crate) const WEBHOOK_ROTATE: &str = "/webhooks/rotate";
    /// Deletes one.
    pub(crate) const WEBHOOK_DELETE: &str = "/webhooks/delete";
}

/// Answer of `GET /holds` and of `GET /registered`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holds {
    /// The name is taken, perhaps by a caller that is still making its repository.
    Held,
    /// Nobody has the name.
    Free,
    /// There is no list here, and perhaps one was lost.
    Nothing,
}

/// Query of `GET /repository`, `GET /holds` and `GET /registered`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ByName {
    /// The repository's name.
    pub(crate) name: String,
}

/// Query of `GET /candidates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ByPrefix {
    /// How the repository's id starts.
    pub(crate) prefix: String,
}

/// Body of `POST /revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revoke {
    /// The token's id.
    pub(crate) token_id: String,
    /// Whether a token that administers the namespace may be meant.
    pub(crate) admin_too: bool,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Body of `POST /token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MakeToken {
    /// The new token.
    pub(crate) token: TokenRecord,
    /// The names of the repositories that it opens; `None`: every one.
    pub(crate) repos: Option<Vec<String>>,
}

/// A token of the namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SharedToken {
    /// The token.
    pub(crate) token: TokenRecord,
    /// The names of the repositories that it opens, without those that are gone; `None`: every one.
    pub(crate) repos: Option<Vec<String>>,
}

/// Query of `GET /tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListTokens {
    /// Those in this state; `None`: in any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<TokenState>,
    /// Whether those that administer the namespace are listed too.
    pub(crate) admin_too: bool,
    /// The page, from 1.
    pub(crate) page: u32,
    /// Tokens a page.
    pub(crate) per_page: u32,
    /// In place of the page: the token behind which it begins, as [`TokenPlace::cursor`] has it.
    ///
    /// [`TokenPlace::cursor`]: crate::repo_do::contract::TokenPlace::cursor
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<String>,
}

/// Answer of `GET /tokens`: a page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SharedTokens {
    /// The page's tokens.
    pub(crate) tokens: Vec<SharedToken>,
    /// Tokens in that state altogether.
    pub(crate) total_count: u64,
    /// Whether there are more behind these.
    pub(crate) has_more: bool,
}

/// The object that lists the namespaces.
pub(crate) const REGISTRY: &str = "*";

/// After so long the server takes the maker of a repository to have died.
pub(crate) const CREATE_SECONDS_MAX: i64 = 60;

/// Body of `POST /register` and of `POST /unregister`: a namespace that the registry notes or forgets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// The namespace.
    pub(crate) info: NamespaceInfo,
    /// The act for the log; `None` if the registry is only reminded.
    pub(crate) act: Option<NamespaceAct>,
}

/// Body of `POST /create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CreateNamespace {
    /// Its name, as shown.
    pub(crate) namespace: String,
    /// The checks of its repositories, unless they set their own.
    #[serde(default)]
    pub(crate) fsck_strict: bool,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Body of `POST /update`; an absent field stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UpdateNamespace {
    /// The checks of repositories that are made from now on, unless they set their own.
    pub(crate) fsck_strict: Option<bool>,
    /// Changes of its bounds.
    #[serde(default)]
    pub(crate) quotas: QuotaChange,
    /// Whether nobody but the operator gets anything.
    #[serde(default)]
    pub(crate) suspended: Option<bool>,
    /// Whether pushes are refused.
    #[serde(default)]
    pub(crate) read_only: Option<bool>,
    /// The issuers of signed tokens that are trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuers: Option<Vec<Issuer>>,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamespaceInfo {
    /// Its name, as shown.
    pub(crate) namespace: String,
    /// Where it is kept: the Worker knows, since it asked there.
    #[serde(default)]
    pub(crate) jurisdiction: Jurisdiction,
    /// Repositories in it.
    pub(crate) repo_count: u64,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: i64,
    /// When something last happened in it, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) updated_at_ms: i64,
    /// Whether new repositories check objects as git's `--strict` does.
    #[serde(default)]
    pub(crate) fsck_strict: bool,
    /// The sizes of its repositories together.
    #[serde(default)]
    pub(crate) totals: NamespaceTotals,
    /// Its bounds.
    #[serde(default)]
    pub(crate) quotas: Quotas,
    /// The policies for all of its repositories.
    #[serde(default)]
    pub(crate) standing: Standing,
    /// Repositories that have not been told the newest version of that.
    #[serde(default)]
    pub(crate) untold_count: u64,
    /// The issuers of signed tokens that it trusts.
    #[serde(default)]
    pub(crate) issuers: Vec<Issuer>,
}

/// Body of `POST /reserve`: takes a name for a repository about to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reserve {
    /// The namespace's name, as shown if this makes the namespace.
    pub(crate) namespace: String,
    /// The repository's name, as shown.
    pub(crate) name: String,
    /// Its id.
    pub(crate) repository_id: String,
    /// The id of an entry that may be overwritten: its repository is known not to exist.
    pub(crate) replaces: Option<String>,
    /// Free text.
    pub(crate) description: Option<String>,
    /// A branch's short name.
    pub(crate) default_branch: String,
    /// Whether pushes are refused.
    pub(crate) read_only: bool,
    /// Whether every client may fetch.
    pub(crate) public: bool,
    /// URL from which its content comes.
    pub(crate) source: Option<String>,
    /// The bytes that it comes with, at least: `Some` of a fork and of an import, whose bytes nobody
    /// knows yet.
    #[serde(default)]
    pub(crate) comes_with_bytes: Option<u64>,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

impl Reserve {
    /// The entry that a repository has, to be reserved once more.
    pub(crate) fn again(info: &RepositoryInfo, now_ms: i64) -> Self {
        Self {
            namespace: info.namespace.clone(),
            name: info.name.clone(),
            repository_id: info.repository_id.clone(),
            replaces: None,
            description: info.description.clone(),
            default_branch: info.default_branch.clone(),
            read_only: info.settings.read_only,
            public: info.settings.public,
            source: info.source.clone(),
            comes_with_bytes: None,
            now_ms,
        }
    }
}

/// Answer of `POST /reserve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub(crate) enum Reserved {
    /// The name is the caller's.
    Won {
        /// The namespace's name, as shown.
        namespace: String,
        /// The checks of the repository, unless its maker sets others.
        #[serde(default)]
        fsck_strict: bool,
        /// The policies with which the repository begins.
        #[serde(default)]
        standing: Standing,
        /// The namespace, if this made it; the Worker must then register it.
        new_namespace: Option<NamespaceInfo>,
    },
    /// The name has an entry.
    Taken(Entry),
}

/// The entry of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The id of the repository.
    pub(crate) repository_id: String,
    /// Whether it was confirmed; otherwise it is being made.
    pub(crate) confirmed: bool,
    /// When the name was taken, in milliseconds since 1970.
    pub(crate) reserved_at_ms: i64,
}

impl Entry {
    /// Whether another request may still be making it.
    #[must_use]
    pub(crate) fn in_progress(&self, now_ms: i64) -> bool {
        let age_ms = now_ms.saturating_sub(self.reserved_at_ms);
        !self.confirmed && age_ms < CREATE_SECONDS_MAX.saturating_mul(1000)
    }
}

/// Body of `POST /relist`: repositories that are there, as their own objects have just said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relist {
    /// The namespace's name, as shown if this makes the namespace.
    pub(crate) namespace: String,
    /// The repositories.
    pub(crate) infos: Vec<RepositoryInfo>,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Answer of `POST /relist`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relisted {
    /// For each repository, whether it was not listed before.
    pub(crate) is_new: Vec<bool>,
    /// The namespace: the registry must hear of it.
    pub(crate) namespace: NamespaceInfo,
}

/// Body of `POST /confirm`: the repository exists, and is listed from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirm {
    /// The repository as its own object knows it.
    pub(crate) info: RepositoryInfo,
    /// The id that the name was reserved for; another than the repository's when the caller found
    /// that one there which an interrupted request had made.
    pub(crate) reserved_id: String,
}

/// A repository that may have a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    /// Its name.
    pub(crate) name: String,
    /// Its id.
    pub(crate) repository_id: String,
}

/// Nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {}
