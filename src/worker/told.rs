//! Errors as each face tells them.

use super::reply::{Reply, git_error};
use super::route::RouteError;
use super::route::face::Face;
use super::{envelope, lfs};
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// An error as its face tells it. Where Git's users read it, and where it is our fault, it has the
/// name under which the log has more.
pub(crate) fn shown(face: Face, error: &ErrorReply, request_id: &str) -> Reply {
    let status = error.code.status();
    if status == 401 || (face != Face::Git && status < 429) {
        return told(face, error, request_id);
    }
    told(face, &named(error, request_id), request_id)
}

/// The same with the name under which the log has more.
pub(crate) fn named(error: &ErrorReply, request_id: &str) -> ErrorReply {
    ErrorReply {
        message: format!("{} (request {request_id})", error.message),
        ..error.clone()
    }
}

/// An error in the form of a face.
pub(crate) fn told(face: Face, error: &ErrorReply, request_id: &str) -> Reply {
    match face {
        Face::Git => git_error(error),
        Face::Lfs => lfs::told::error(error, request_id),
        Face::Rest => envelope::failure(error),
    }
}

impl From<RouteError> for ErrorReply {
    fn from(error: RouteError) -> Self {
        let code = match error {
            RouteError::Unknown | RouteError::NoArtifacts => ErrorCode::NotFound,
            RouteError::Name(_) => ErrorCode::InvalidRepoName,
            RouteError::Encoding => ErrorCode::InvalidInput,
        };
        Self::new(code, error.to_string())
    }
}
