//! Why a step in a namespace's database gave up.

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::db::sql_error::SqlError;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::listing::ListError;

/// Why a step gave up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The caller hears why.
    #[error(transparent)]
    Refused(#[from] ErrorReply),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] EntryError),
}

/// The refusal where no namespace is.
pub(crate) fn no_namespace() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "there is no such namespace")
}

impl From<SqlError> for StepError {
    fn from(error: SqlError) -> Self {
        Self::Store(error.into())
    }
}

impl From<ListError> for StepError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::InvalidCursor => {
                let message = "the cursor does not belong to this list";
                Self::Refused(ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message))
            }
            ListError::Store(error) => Self::Store(error),
        }
    }
}
