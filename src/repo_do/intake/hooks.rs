//! The messages of an intake to its caller, and its question.

use crate::git::pack::incoming::objects::Progress;

/// How far a pack has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its bytes arrive.
    Receiving {
        /// Bytes of the pack that came.
        bytes: u64,
        /// Its objects.
        progress: Progress,
    },
    /// Its deltas are made into objects.
    Resolving {
        /// Its objects.
        progress: Progress,
        /// Whether none is left.
        is_over: bool,
    },
    /// Walking from its tips.
    Checking {
        /// Commits proved to be complete.
        commits: u32,
    },
}

/// The caller of an intake. A push shows its client the progress, an import notes it, and a caller
/// whose repository may be deleted meanwhile says when that has happened.
pub(crate) trait Hooks {
    /// Called after each step, before others run: once for some 20 ms of work. So it is the place for
    /// a sign of life as well.
    fn at(&self, _stage: Stage) {}

    /// Whether the pack is still wanted. Asked after every wait; after a no nothing more is written,
    /// since another repository may stand in the place of the one that was deleted.
    fn is_wanted(&self) -> bool {
        true
    }
}

/// The hooks of a caller that tells nobody how far the intake is.
pub(crate) struct Unwatched;

impl Hooks for Unwatched {}
