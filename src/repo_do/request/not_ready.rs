//! Refusals of a repository whose content has not come yet.

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::repository::store::RepositoryRecord;

/// The repository is being filled from elsewhere, and the request has to wait.
pub(crate) fn being_filled(record: &RepositoryRecord) -> ErrorReply {
    if record.is_recovering {
        let message = "the repository is being recovered";
        return ErrorReply::new(ErrorCode::CreateInProgress, message);
    }
    let message = "the repository is being imported";
    ErrorReply::new(ErrorCode::ImportInProgress, message)
}

/// Refuses to show content that is not here yet.
pub(crate) fn check_filled(record: &RepositoryRecord) -> Result<(), ErrorReply> {
    if record.is_being_filled() {
        return Err(being_filled(record));
    }
    Ok(())
}

/// A fork grows here, and nothing else can be done.
pub(crate) fn in_progress() -> ErrorReply {
    let message = "the repository is being forked";
    ErrorReply::new(ErrorCode::ForkInProgress, message)
}
