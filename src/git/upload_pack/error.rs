//! Why a fetch cannot be answered.

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use super::super::filter::FilterError;
use super::super::graph::closure::TreeWalkError;
use super::super::graph::shallow::ShallowError;
use super::super::store::{ColdChunk, ReadError, StoreError};

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A wanted object is not here, or its closure was never proved.
    #[error("upload-pack: not our ref {0}")]
    NotOurRef(ObjectId),
    /// The depth or the time asked for leaves nothing to send.
    #[error(transparent)]
    Shallow(#[from] ShallowError),
    /// The graph was opened over other packs.
    #[error("the graph is not that of the live packs")]
    OtherPacks,
    /// An object that a commit introduces is in no live pack: our corruption.
    #[error("introduced object {id} is missing")]
    Missing {
        /// The object.
        id: ObjectId,
    },
    /// A tree could not be walked.
    #[error(transparent)]
    Walk(#[from] TreeWalkError),
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for PlanError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// Why a fetch cannot be answered: goes to the client as `ERR`.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A ref wanted by name is not there.
    #[error("unknown ref {0}")]
    UnknownRef(BString),
    /// A name of `deepen-not` names no ref.
    #[error("git upload-pack: deepen-not is not a ref: {0}")]
    DeepenNot(BString),
    /// The filter cannot be honoured.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The sparse patterns that a filter names are not there.
    #[error("unable to access sparse blob in '{0}'")]
    SparseBlob(BString),
    /// The object that a filter names for sparse patterns is not a blob.
    #[error("unable to parse sparse filter data in {0}")]
    NotSparsePatterns(ObjectId),
    /// The objects cannot be chosen.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl FetchError {
    /// As [`StoreError::cold`].
    pub(crate) fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Read(error)
            | Self::Plan(PlanError::Read(error) | PlanError::Walk(TreeWalkError::Read(error))) => {
                error.cold()
            }
            _ => None,
        }
    }
}

impl From<StoreError> for FetchError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}
