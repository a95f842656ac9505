//! The bodies of merges, cherry-picks, reverts and restores, as JSON.

use std::fmt;

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::git::edit::date::Date;
use crate::git::edit::person::Person;
use crate::git::merge::tree::Favor;
use crate::git::refname;
use crate::repo_do::contract::{ErrorReply, check_branch, present};
use crate::repo_do::neighbour::asking::Elsewhere;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::write::commits::{PersonBody, invalid, object_id, people};
use crate::repo_do::write::request::WriteRequest;

/// Bytes of a JSON body.
pub(super) use crate::repo_do::contract::write::MERGE_BODY_BYTES_MAX as BODY_BYTES_MAX;

/// The body of `POST …/merge`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeBody {
    /// The branch that moves.
    pub(super) into: String,
    /// The commits to merge.
    pub(super) from: MergeFrom,
    #[serde(default)]
    pub(super) strategy: Strategy,
    /// The guard: the id that the branch must be at.
    #[serde(default, deserialize_with = "present")]
    pub(super) expected_head: Option<String>,
    /// The message of the merge.
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) author: Option<PersonBody>,
    #[serde(default)]
    pub(super) committer: Option<PersonBody>,
    #[serde(default)]
    pub(super) on_conflict: OnConflict,
    /// Nothing is changed.
    #[serde(default)]
    pub(super) dry_run: bool,
    #[serde(default)]
    pub(super) push_options: Vec<String>,
}

/// A revision of this repository, or one of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MergeFrom {
    /// A revision of this one.
    Revision(String),
    /// One of another.
    Elsewhere(Elsewhere),
}

impl<'de> Deserialize<'de> for MergeFrom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        // By hand: an untagged enum would not say which field is at fault.
        impl<'de> Visitor<'de> for Either {
            type Value = MergeFrom;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a revision, or an object with repository and ref")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MergeFrom, E> {
                Ok(MergeFrom::Revision(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MergeFrom, A::Error> {
                let map = MapAccessDeserializer::new(map);
                Elsewhere::deserialize(map).map(MergeFrom::Elsewhere)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// How a branch gets the changes of another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Strategy {
    /// By a commit with both as parents.
    #[default]
    Merge,
    /// By moving forward, or not at all.
    FfOnly,
    /// By moving forward, or else by a merge.
    FfPrefer,
    /// By one commit with one parent.
    Squash,
    /// By its commits, repeated.
    Rebase,
}

/// The treatment of lines that both sides changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnConflict {
    /// The request fails.
    #[default]
    Fail,
    /// The branch's own are taken.
    Ours,
    /// The other side's are taken.
    Theirs,
}

impl OnConflict {
    pub(super) fn favor(self) -> Favor {
        match self {
            Self::Fail => Favor::Nobody,
            Self::Ours => Favor::Ours,
            Self::Theirs => Favor::Theirs,
        }
    }
}

/// The body of `POST …/cherry-pick` and `POST …/revert`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PicksBody {
    /// The commits, in order.
    pub(super) commits: Vec<String>,
    /// The branch that moves.
    pub(super) onto: String,
    /// The parent of a merge against which its changes count.
    #[serde(default)]
    pub(super) mainline: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    pub(super) expected_head: Option<String>,
    /// Commits that change nothing any more are made all the same.
    #[serde(default)]
    pub(super) allow_empty: bool,
    /// A revert's author.
    #[serde(default)]
    pub(super) author: Option<PersonBody>,
    #[serde(default)]
    pub(super) committer: Option<PersonBody>,
    #[serde(default)]
    pub(super) on_conflict: OnConflict,
    #[serde(default)]
    pub(super) dry_run: bool,
    #[serde(default)]
    pub(super) push_options: Vec<String>,
}

/// The body of `POST …/restore`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RestoreBody {
    pub(super) branch: String,
    /// The state that it goes back to.
    pub(super) to: RestoreTo,
    #[serde(default)]
    pub(super) how: How,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) author: Option<PersonBody>,
    #[serde(default)]
    pub(super) committer: Option<PersonBody>,
    /// The guard: the id that the branch must be at; `null`: it must not exist.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and an id differ")]
    pub(super) expected_head: Option<Option<String>>,
    #[serde(default)]
    pub(super) push_options: Vec<String>,
}

/// A revision, or an entry of the reflog.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RestoreTo {
    Revision(String),
    Reflog(ReflogId),
}

/// An entry of the reflog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReflogId {
    pub(super) reflog: i64,
}

/// How a branch is brought back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// By a commit that has the old tree.
    #[default]
    Commit,
    /// By force.
    Move,
}

/// A branch that a body names.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// Its short name.
    pub(super) short: String,
    /// Its full name.
    pub(super) name: BString,
    /// The field, as a JSON pointer.
    pub(super) pointer: &'static str,
}

impl Branch {
    /// Checks the name, a short or a full one.
    pub(super) fn new(given: &str, pointer: &'static str) -> Result<Self, ErrorReply> {
        let short = given.strip_prefix(refname::HEADS).unwrap_or(given);
        check_branch(short).map_err(|why| invalid(pointer, why))?;
        Ok(Self {
            short: short.to_owned(),
            name: format!("{}{short}", refname::HEADS).into(),
            pointer,
        })
    }
}

/// The guard of a branch that must exist.
pub(super) fn guard(given: Option<&String>) -> Result<Option<ObjectId>, ErrorReply> {
    let id = given.map(|id| object_id(id)).transpose();
    id.map_err(|why| invalid("/expected_head", why))
}

/// A person as given; the caller otherwise.
pub(super) fn person(
    write: &WriteRequest,
    given: Option<&PersonBody>,
    pointer: &str,
) -> Result<Person, ErrorReply> {
    let now = Date::utc(now_ms().div_euclid(1000));
    people::given_or_caller(given, &write.authorized, now, pointer)
}
