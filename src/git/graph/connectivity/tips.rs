//! The tips of a walk: those that were given, or all commits of the pack.

use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::object::ObjectKind;
use super::super::super::store::StoreError;
use super::super::commits::CommitGraph;
use super::incoming::Incoming;

/// Entries that are looked at for the next commit at once.
const LOOKS_AT_ONCE: u32 = 1_000;

/// A tip, and the object that refers to it.
#[derive(Clone, Copy)]
pub(super) struct Tip {
    pub(super) id: ObjectId,
    /// The tag that refers to it, and the kind that the tag claims.
    pub(super) tag: Option<(ObjectId, ObjectKind)>,
}

/// The tips that are left.
pub(super) enum TipSource {
    /// These, the next one last.
    These(Vec<ObjectId>),
    /// Commits of the incoming pack.
    Commits {
        /// Those below this position are left. Git packs late commits first, so from the end on most find
        /// their parents proved.
        end: u32,
        /// Those that are not tips.
        left_out: Rc<HashSet<ObjectId>>,
        /// The one that could not be begun with.
        again: Option<ObjectId>,
    },
}

/// The next tip.
pub(super) enum NextTip {
    Is(Tip),
    /// Not found yet.
    Later,
    None,
}

impl TipSource {
    pub(super) fn of(tips: &[ObjectId]) -> Self {
        Self::These(tips.iter().rev().copied().collect())
    }

    pub(super) fn commits_of(object_count: u32, left_out: &Rc<HashSet<ObjectId>>) -> Self {
        Self::Commits {
            end: object_count,
            left_out: Rc::clone(left_out),
            again: None,
        }
    }

    /// The next tip. After an error it is the next one still.
    pub(super) fn next(
        &mut self,
        graph: &CommitGraph,
        incoming: &dyn Incoming,
    ) -> Result<NextTip, StoreError> {
        let untagged = |id| NextTip::Is(Tip { id, tag: None });
        let (end, left_out, again) = match self {
            Self::These(tips) => return Ok(tips.pop().map_or(NextTip::None, untagged)),
            Self::Commits {
                end,
                left_out,
                again,
            } => (end, left_out, again),
        };
        if let Some(id) = again.take() {
            return Ok(untagged(id));
        }
        for _ in 0..LOOKS_AT_ONCE {
            let Some(position) = end.checked_sub(1) else {
                return Ok(NextTip::None);
            };
            let entry = incoming.entry(position);
            if let Some((id, ObjectKind::Commit)) = entry
                && !left_out.contains(&id)
                && graph.lookup(&id)?.is_none()
            {
                *end = position;
                return Ok(untagged(id));
            }
            *end = position;
        }
        Ok(NextTip::Later)
    }

    pub(super) fn put_back(&mut self, id: ObjectId) {
        match self {
            Self::These(tips) => tips.push(id),
            Self::Commits { again, .. } => *again = Some(id),
        }
    }
}
