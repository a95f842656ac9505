//! Why a push is not complete.

use gix_hash::ObjectId;

use super::super::super::object::ObjectKind;
use super::super::super::object::facts::FactsError;
use super::super::super::store::{ReadError, StoreError};

/// Why a push cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectivityError {
    /// A pushed tip is nowhere.
    #[error("missing object {id}, which a ref would name")]
    MissingTip {
        /// The object.
        id: ObjectId,
    },
    /// An object is nowhere that another one refers to.
    #[error("missing {kind} {id}, referred to by {referred_by}")]
    Missing {
        /// The object.
        id: ObjectId,
        /// The kind it should have.
        kind: ObjectKind,
        /// The object that refers to it: a commit, tree or tag.
        referred_by: ObjectId,
    },
    /// A commit was found incomplete before, with another tip.
    #[error("commit {id} is not complete")]
    Incomplete {
        /// The commit.
        id: ObjectId,
    },
    /// An object is not of the kind that another one says.
    #[error("object {id} is a {found}, not a {expected} as {referred_by} says")]
    WrongKind {
        /// The object.
        id: ObjectId,
        /// The kind it should have.
        expected: ObjectKind,
        /// The kind it has.
        found: ObjectKind,
        /// The object that refers to it.
        referred_by: ObjectId,
    },
    /// An object that git could not read.
    #[error("malformed object {id}: {problem}")]
    Malformed {
        /// The object.
        id: ObjectId,
        /// The defect.
        problem: FactsError,
    },
    /// Directories are nested too deep.
    #[error("tree {id} lies {depth} levels deep, at most {limit} are allowed")]
    TooDeep {
        /// The tree.
        id: ObjectId,
        /// Its level: 1 for a root tree.
        depth: usize,
        /// The bound.
        limit: usize,
    },
    /// The introduced lists grow beyond their bound, or the segment is full.
    #[error(
        "history moves too many objects: more than {limit} bytes of introduced lists; push the \
         history in parts, older commits first"
    )]
    TooManyIntroduced {
        /// The bound in bytes.
        limit: usize,
    },
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl ConnectivityError {
    /// Whether it is the fault of the tip that was being walked, so that other tips may stand.
    pub fn is_of_tip(&self) -> bool {
        !matches!(self, Self::TooManyIntroduced { .. } | Self::Read(_))
    }
}

impl From<StoreError> for ConnectivityError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

pub(super) fn malformed(id: ObjectId, problem: FactsError) -> ConnectivityError {
    ConnectivityError::Malformed { id, problem }
}

/// The kind that was found must be the one that the referring object says.
pub(super) fn agree(
    id: ObjectId,
    expected: ObjectKind,
    found: ObjectKind,
    referred_by: ObjectId,
) -> Result<(), ConnectivityError> {
    if found == expected {
        return Ok(());
    }
    Err(ConnectivityError::WrongKind {
        id,
        expected,
        found,
        referred_by,
    })
}
