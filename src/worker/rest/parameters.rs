//! Bodies and queries of REST callers, read strictly: it refuses an unknown field, names a wrong
//! one by a JSON pointer, and bounds everything.

mod bounds;
pub(crate) mod downstreams;
mod fsck;
mod import;
mod lifetime;
mod list;
mod pre_receive;
mod quota;
mod receivers;

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) use self::bounds::{
    THRESHOLD_BYTES_MAX, at_most, bounded, cursor, foreign_cursor, page_limit, within,
};
pub(crate) use self::fsck::FsckChange;
pub(crate) use self::import::{NewImport, credential, depth, import_refs};
pub(crate) use self::lifetime::Lifetime;
pub(crate) use self::list::{Direction, ListQuery, Sort, time};
pub(crate) use self::pre_receive::Hook;
pub(crate) use self::quota::{bytes_max, quotas};
pub(crate) use crate::repo_do::contract::strict::query;
use crate::repo_do::contract::{
    ErrorCode, ErrorReply, LocationHint, RefRules, check_branch, is_public_id, present, strict,
};
use crate::storage::jurisdiction::Jurisdiction;
use crate::worker::names::{NamespaceName, RepositoryName};
use crate::worker::signed::issuer::Issuer;

mod tokens;
pub(crate) mod upstream;
pub(crate) mod webhooks;

pub(crate) use tokens::{NewToken, PageAsked, Subject, TokenFilter, TokenQuery};

/// Refuses the query of a route that takes none, by the first parameter in it.
pub(crate) fn no_parameters(query: &str) -> Result<(), ErrorReply> {
    let Some((name, _)) = form_urlencoded::parse(query.as_bytes()).next() else {
        return Ok(());
    };
    let message = "this route takes no parameters in its URL";
    let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
}

/// Bytes of a REST body; the largest honest one has about 2 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 10;
/// Seconds that a token lives unless asked otherwise.
pub(crate) const TTL_SECONDS_DEFAULT: u32 = 86_400;

const TTL_SECONDS: std::ops::RangeInclusive<u32> = 60..=31_536_000;
/// Ten years.
const KEPT_SECONDS_MAX: u32 = 10 * 365 * 86_400;
// A JSON schema counts characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 1024;
const LABEL_CHARACTERS_MAX: usize = 100;
const BRANCH_BYTES_MAX: usize = 255;

/// Body of `POST /namespaces`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNamespace {
    /// Its name.
    pub(crate) namespace: String,
    /// The checks of its repositories, unless they set their own.
    #[serde(default)]
    pub(crate) fsck: FsckChange,
    /// Where its data may be.
    pub(crate) jurisdiction: Option<String>,
}

/// A namespace's jurisdiction; `None` unless given.
pub(crate) fn jurisdiction(given: Option<&str>) -> Result<Option<Jurisdiction>, ErrorReply> {
    let named = |name| {
        let message = "must be 'unrestricted', 'eu', 'us' or 'fedramp'";
        Jurisdiction::named(name)
            .ok_or_else(|| ErrorReply::at(ErrorCode::InvalidInput, "/jurisdiction", message))
    };
    given.map(named).transpose()
}

/// Where the platform is asked to make a repository's object.
pub(crate) fn location(given: Option<&str>) -> Result<Option<LocationHint>, ErrorReply> {
    let named = |name| {
        let message = format!("must be one of {}", LocationHint::ALL.join(", "));
        LocationHint::named(name)
            .ok_or_else(|| ErrorReply::at(ErrorCode::InvalidInput, "/location_hint", message))
    };
    given.map(named).transpose()
}

/// Body of `PATCH /namespaces/:ns`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamespaceChange {
    /// The checks of repositories that are made from now on, unless they set their own.
    #[serde(default)]
    pub(crate) fsck: FsckChange,
    /// Bytes of its repositories together; `null` takes the bound away.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a number differ")]
    pub(crate) bytes_max: Option<Option<u64>>,
    /// Repositories; `null` takes the bound away.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a number differ")]
    pub(crate) repos_max: Option<Option<u64>>,
    /// Whether nobody but the operator gets anything.
    #[serde(default, deserialize_with = "present")]
    pub(crate) suspended: Option<bool>,
    /// Whether pushes are refused.
    #[serde(default, deserialize_with = "present")]
    pub(crate) read_only: Option<bool>,
    /// The issuers of signed tokens that are trusted.
    #[serde(default, deserialize_with = "present")]
    pub(crate) issuers: Option<Vec<Issuer>>,
}

/// Body of a request that has nothing to say; it may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoFields {}

/// Body of `POST /namespaces/:ns/repos`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRepository {
    /// Its name.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: Option<String>,
    /// A branch's short name; `main` unless given.
    pub(crate) default_branch: Option<String>,
    /// Whether pushes are refused.
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Whether every client may fetch.
    #[serde(default)]
    pub(crate) public: bool,
    /// How objects are checked; as the namespace has it unless given.
    #[serde(default)]
    pub(crate) fsck: FsckChange,
    /// Seconds until it deletes itself.
    pub(crate) ttl_seconds: Option<u32>,
    /// When it deletes itself, in place of `ttl_seconds`.
    pub(crate) expires_at: Option<String>,
    /// Seconds without use after which it deletes itself.
    pub(crate) idle_ttl_seconds: Option<u32>,
    /// Where the platform is asked to make its object.
    pub(crate) location_hint: Option<String>,
    /// Its rules about refs.
    #[serde(default)]
    pub(crate) ref_rules: RefRules,
}

/// Body of `POST …/repos/:name/fork`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFork {
    /// The fork's name.
    pub(crate) name: String,
    /// Its namespace; the source's unless given.
    pub(crate) namespace: Option<String>,
    /// Free text; the source's unless given.
    pub(crate) description: Option<String>,
    /// Whether pushes are refused.
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Whether it gets the default branch alone.
    #[serde(default)]
    pub(crate) default_branch_only: bool,
    /// How objects are checked; as the source has it unless given.
    #[serde(default)]
    pub(crate) fsck: FsckChange,
    /// Seconds until it deletes itself.
    pub(crate) ttl_seconds: Option<u32>,
    /// When it deletes itself, in place of `ttl_seconds`.
    pub(crate) expires_at: Option<String>,
    /// Seconds without use after which it deletes itself.
    pub(crate) idle_ttl_seconds: Option<u32>,
    /// Where the platform is asked to make its object.
    pub(crate) location_hint: Option<String>,
    /// Its rules about refs.
    #[serde(default)]
    pub(crate) ref_rules: RefRules,
}

/// Body of `POST …/repos/:name/purge-unreachable`; it may be absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PurgeOptions {
    /// Whether the rest of the fork network is purged as well.
    #[serde(default)]
    pub(crate) network: bool,
}

/// Body of `PATCH …/repos/:name`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoryChange {
    /// Free text; `null` takes it away.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a text differ")]
    pub(crate) description: Option<Option<String>>,
    /// A branch's short name.
    #[serde(default, deserialize_with = "present")]
    pub(crate) default_branch: Option<String>,
    /// Whether pushes are refused.
    #[serde(default, deserialize_with = "present")]
    pub(crate) read_only: Option<bool>,
    /// Whether every client may fetch.
    #[serde(default, deserialize_with = "present")]
    pub(crate) public: Option<bool>,
    /// Whether branches may only move forward: Git's `receive.denyNonFastForwards`.
    #[serde(default, deserialize_with = "present")]
    pub(crate) deny_non_fast_forwards: Option<bool>,
    /// Whether branches may not be deleted: Git's `receive.denyDeletes`.
    #[serde(default, deserialize_with = "present")]
    pub(crate) deny_deletes: Option<bool>,
    /// How objects are checked that are pushed.
    #[serde(default)]
    pub(crate) fsck: FsckChange,
    /// Seconds that objects are kept that no ref or reflog entry reaches: Git's `gc.pruneExpire`.
    #[serde(default, deserialize_with = "present")]
    pub(crate) prune_grace_seconds: Option<u32>,
    /// Seconds that entries of the reflog are kept: Git's `gc.reflogExpire`.
    #[serde(default, deserialize_with = "present")]
    pub(crate) reflog_retention_seconds: Option<u32>,
    /// Seconds that packs are kept that were merged into others.
    #[serde(default, deserialize_with = "present")]
    pub(crate) superseded_grace_seconds: Option<u32>,
    /// Whether clones and fetches are events too.
    #[serde(default, deserialize_with = "present")]
    pub(crate) fetch_events: Option<bool>,
    /// Whether pushed blobs are searched for secrets.
    #[serde(default, deserialize_with = "present")]
    pub(crate) push_protection: Option<bool>,
    /// Seconds without a push after which packs are copied to R2.
    #[serde(default, deserialize_with = "present")]
    pub(crate) settle_seconds: Option<u32>,
    /// Seconds after its publication at which a pack may go cold.
    #[serde(default, deserialize_with = "present")]
    pub(crate) cold_after_seconds: Option<u32>,
    /// Bytes of live packs in SQLite below which none goes cold.
    #[serde(default, deserialize_with = "present")]
    pub(crate) cold_bytes_min: Option<u64>,
    /// Bytes of live packs from which on a ready clone is made.
    #[serde(default, deserialize_with = "present")]
    pub(crate) ready_bytes_min: Option<u64>,
    /// Rules about refs, in the place of those before; an empty list takes them away.
    #[serde(default, deserialize_with = "present")]
    pub(crate) ref_rules: Option<RefRules>,
    /// Bytes of its packs and large files together; `null` takes the bound away.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a number differ")]
    pub(crate) bytes_max: Option<Option<u64>>,
    /// The hook that is asked before a push is published; `null` takes it away.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a hook differ")]
    pub(crate) pre_receive: Option<Option<Hook>>,
    /// Seconds until it deletes itself; `null`: it does not.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a number differ")]
    pub(crate) ttl_seconds: Option<Option<u32>>,
    /// When it deletes itself, in place of `ttl_seconds`; `null`: never.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a text differ")]
    pub(crate) expires_at: Option<Option<String>>,
    /// Seconds without use after which it deletes itself; `null`: it does not.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a number differ")]
    pub(crate) idle_ttl_seconds: Option<Option<u32>>,
}

/// Reads a body; an empty one reads as `{}`.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ErrorReply> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(body_too_large());
    }
    strict::object(bytes)
}

/// The error of a body beyond [`BODY_BYTES_MAX`].
#[must_use]
pub(crate) fn body_too_large() -> ErrorReply {
    strict::too_large(BODY_BYTES_MAX)
}

/// A namespace's name in a body.
pub(crate) fn namespace(pointer: &str, text: &str) -> Result<NamespaceName, ErrorReply> {
    NamespaceName::parse(text)
        .map_err(|error| ErrorReply::at(ErrorCode::InvalidRepoName, pointer, error.to_string()))
}

/// A repository's name in a body.
pub(crate) fn repository(pointer: &str, text: &str) -> Result<RepositoryName, ErrorReply> {
    RepositoryName::parse(text)
        .map_err(|error| ErrorReply::at(ErrorCode::InvalidRepoName, pointer, error.to_string()))
}

/// A branch's short name, by Git's ref-format rules (`git check-ref-format --branch`).
pub(crate) fn branch<'a>(pointer: &str, text: &'a str) -> Result<&'a str, ErrorReply> {
    let refuse = |why: &str| Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, why));
    if text.len() > BRANCH_BYTES_MAX {
        return refuse("the branch name has more than 255 bytes");
    }
    if text == "HEAD" || text.starts_with('-') {
        return refuse("'HEAD' and names that start with '-' are no branch names");
    }
    match check_branch(text) {
        Ok(()) => Ok(text),
        Err(error) => refuse(&error),
    }
}

/// An id of a repository.
pub(crate) fn public_id<'a>(pointer: &str, text: &'a str) -> Result<&'a str, ErrorReply> {
    if is_public_id(text) {
        return Ok(text);
    }
    let message = "an id has 16 characters of [0-9a-z]";
    Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
}

/// A token's life in seconds.
pub(crate) fn ttl(given: Option<u32>) -> Result<u32, ErrorReply> {
    let seconds = given.unwrap_or(TTL_SECONDS_DEFAULT);
    if TTL_SECONDS.contains(&seconds) {
        return Ok(seconds);
    }
    let (min, max) = (TTL_SECONDS.start(), TTL_SECONDS.end());
    let message = format!("ttl must be {min} to {max} seconds, this is {seconds}");
    Err(ErrorReply::at(ErrorCode::InvalidTtl, "/ttl", message))
}

/// How long something is kept, in seconds.
pub(crate) fn kept(field: &str, given: Option<u32>) -> Result<Option<u32>, ErrorReply> {
    at_most(field, KEPT_SECONDS_MAX, given)
}

/// How many bytes of packs something begins with.
pub(crate) fn threshold(field: &str, given: Option<u64>) -> Result<Option<u64>, ErrorReply> {
    at_most(field, THRESHOLD_BYTES_MAX, given)
}

/// A repository's description.
pub(crate) fn description(text: Option<String>) -> Result<Option<String>, ErrorReply> {
    bounded("description", DESCRIPTION_CHARACTERS_MAX, text)
}

/// A token's label.
pub(crate) fn label(text: Option<String>) -> Result<Option<String>, ErrorReply> {
    bounded("label", LABEL_CHARACTERS_MAX, text)
}

#[cfg(test)]
mod tests;
