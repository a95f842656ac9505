//! Parameters of an import.

use serde::Deserialize;

use super::bounds::{bounded, within};
use super::fsck::FsckChange;
use crate::repo_do::contract::{ErrorCode, ErrorReply, RefRules, RefSelection};

const CREDENTIAL_CHARACTERS_MAX: usize = 4096;
/// One less than the depth that Git takes for everything.
const DEPTH_MAX: u32 = 0x7fff_fffe;
/// As many as rules about refs.
const PATTERNS_MAX: usize = 100;

/// Body of `POST …/repos/:name/import`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewImport {
    /// The remote; may hold credentials.
    pub(crate) url: String,
    /// For the remote, unless the URL has them.
    pub(crate) username: Option<String>,
    /// For the remote, unless the URL has them.
    pub(crate) password: Option<String>,
    /// The one branch wanted, by its short name; all unless given.
    pub(crate) branch: Option<String>,
    /// Commits of history wanted from each branch; all unless given.
    pub(crate) depth: Option<u32>,
    /// Which refs are wanted; branches and tags unless given.
    pub(crate) refs: Option<RefsGiven>,
    /// Free text.
    pub(crate) description: Option<String>,
    /// Whether pushes are refused.
    #[serde(default)]
    pub(crate) read_only: bool,
    /// How objects are checked; as the namespace has it unless given.
    #[serde(default)]
    pub(crate) fsck: FsckChange,
    /// Whether objects of Git LFS are taken along.
    #[serde(default = "taken")]
    pub(crate) lfs: bool,
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

/// Which refs an import takes, as a caller says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum RefsGiven {
    /// A word.
    Word(String),
    /// Patterns.
    Patterns(Vec<String>),
}

/// Which refs are imported.
pub(crate) fn import_refs(
    given: Option<RefsGiven>,
    branch: Option<&str>,
) -> Result<RefSelection, ErrorReply> {
    let invalid = |pointer: &str, message: String| {
        Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
    };
    let Some(given) = given else {
        return Ok(RefSelection::default());
    };
    if branch.is_some() {
        let message = "give 'branch' or 'refs', not both".to_owned();
        return invalid("/refs", message);
    }
    let patterns = match given {
        RefsGiven::Word(word) if word == "branches-tags" => return Ok(RefSelection::BranchesTags),
        RefsGiven::Word(word) if word == "all" => return Ok(RefSelection::All),
        RefsGiven::Word(_) => {
            let message = "must be 'branches-tags', 'all' or a list of patterns".to_owned();
            return invalid("/refs", message);
        }
        RefsGiven::Patterns(patterns) => patterns,
    };
    let count = patterns.len();
    if count == 0 || count > PATTERNS_MAX {
        let message = format!("{count} patterns, from 1 to {PATTERNS_MAX} are taken");
        return invalid("/refs", message);
    }
    RefSelection::matching(patterns)
        .or_else(|(place, fault)| invalid(&format!("/refs/{place}"), fault.to_string()))
}

fn taken() -> bool {
    true
}

/// How much history is imported.
pub(crate) fn depth(given: Option<u32>) -> Result<Option<u32>, ErrorReply> {
    match given {
        Some(depth) => within("depth", DEPTH_MAX, 1, Some(depth)).map(Some),
        None => Ok(None),
    }
}

/// A user name or a password for a remote.
pub(crate) fn credential(field: &str, text: Option<String>) -> Result<Option<String>, ErrorReply> {
    bounded(field, CREDENTIAL_CHARACTERS_MAX, text)
}
