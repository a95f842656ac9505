//! The facts about a commit that come from its repository, and only those that a placeholder asked for: most
//! files ask for little.

use gix_hash::ObjectId;
use gix_mailmap::Snapshot;
use gix_object::bstr::BString;

use super::describe::Arguments;

/// The facts that are known.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Short forms and refs.
    pub(crate) names: Option<CommitNames>,
    /// The names that people want to be known by.
    pub(crate) mailmap: Option<Snapshot>,
    /// The text for `%(describe)`.
    pub(crate) description: Option<BString>,
    /// Whether a file has it already: no other gets it.
    pub(crate) is_described: bool,
    /// The time, for dates like "2 days ago".
    pub(crate) now_seconds: i64,
}

impl Known {
    /// Short forms and refs, for a placeholder that needs them.
    pub(super) fn names(&self) -> Result<&CommitNames, Stop> {
        self.names.as_ref().ok_or(Stop::Wanted(Wanted::Names))
    }
}

/// Why a text could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A placeholder asks for something that is not known yet: after it was found, the same can be
    /// asked again.
    Wanted(Wanted),
    /// The text would have more bytes than a file may grow to.
    TooLarge,
}

/// A fact that a placeholder asks for and that is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// [`Known::names`].
    Names,
    /// [`Known::mailmap`].
    Mailmap,
    /// [`Known::description`].
    Description(Arguments),
}

/// The names of a commit in its repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct CommitNames {
    /// The commit's id, its tree's and its parents', each with its short form.
    pub(crate) short: Vec<(ObjectId, BString)>,
    /// The refs that name the commit, in git's order: the branch of `HEAD` is the first.
    pub(crate) refs: Vec<DecoratingRef>,
}

/// A ref that names a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecoratingRef {
    /// Its short name.
    pub(crate) name: BString,
    /// Its kind.
    pub(crate) kind: RefKind,
}

/// How a ref is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefKind {
    /// The branch of `HEAD`.
    Head,
    /// A tag.
    Tag,
    /// Another one.
    Other,
}
