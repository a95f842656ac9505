//! The error of a ref that a rule did not let change.

use gix_hash::ObjectId;
use serde_json::json;

use crate::git::edit::new_objects::NewObjectError;
use crate::git::receive_pack::ref_rules::ForbiddenChange;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// The rule, by the name of the setting where there is one.
pub(crate) fn rule(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::ReadOnly => "read_only",
        Rejection::Mirrored => "mirrored",
        Rejection::NotPermitted { .. } => "not_permitted",
        Rejection::FunnyRefname | Rejection::LongRefname(_) => "refname",
        Rejection::Forbidden(forbidden) => forbidden.op.name(),
        Rejection::DeletionProhibited => "deny_deletes",
        Rejection::DeletionOfHead => "default_branch",
        Rejection::NonFastForward => "deny_non_fast_forwards",
        Rejection::MissingObjects | Rejection::ShallowUpdate | Rejection::Unpacker => "objects",
        Rejection::NotACommit { .. } => "not_a_commit",
        Rejection::Atomic => "atomic",
        Rejection::Stale { .. } => "stale",
        Rejection::Conflict { .. } => "name_conflict",
        Rejection::HookDeclined { .. } | Rejection::HookFailed { .. } => "pre_receive",
        Rejection::Lifetime(_) => "cairn.ttl",
        Rejection::TooManyRefs(_) => "refs_max",
        Rejection::QuotaExceeded => "bytes_max",
    }
}

/// The error of a request that changes one ref. `name` is the field that names the ref, `guard` the one with
/// the id that it must have.
pub(crate) fn reply(rejection: &Rejection, name: &str, guard: &str) -> ErrorReply {
    let message = rejection.to_string();
    match rejection {
        Rejection::Stale { actual, .. } => moved(guard, Some(*actual).filter(|id| !id.is_null())),
        Rejection::Conflict { with, .. } => {
            ErrorReply::at(ErrorCode::Conflict, name, message).with_details(json!({"with": with}))
        }
        // The same request may succeed later.
        Rejection::HookFailed { .. } => {
            ErrorReply::at(ErrorCode::UpstreamUnavailable, name, message)
        }
        Rejection::NotPermitted { .. } => ErrorReply::new(ErrorCode::Forbidden, message),
        Rejection::TooManyRefs(_) => ErrorReply::at(ErrorCode::MemoryLimit, name, message),
        Rejection::Forbidden(ForbiddenChange { by, pattern, op }) => {
            ErrorReply::at(ErrorCode::RefRefused, name, message)
                .with_details(json!({"rule": op, "by": by, "pattern": pattern}))
        }
        Rejection::QuotaExceeded => ErrorReply::new(ErrorCode::QuotaExceeded, message),
        Rejection::ReadOnly
        | Rejection::Mirrored
        | Rejection::DeletionProhibited
        | Rejection::DeletionOfHead
        | Rejection::NonFastForward
        | Rejection::HookDeclined { .. }
        | Rejection::Atomic => ErrorReply::at(ErrorCode::RefRefused, name, message)
            .with_details(json!({"rule": rule(rejection)})),
        Rejection::FunnyRefname
        | Rejection::LongRefname(_)
        | Rejection::Lifetime(_)
        | Rejection::NotACommit { .. }
        | Rejection::MissingObjects
        | Rejection::ShallowUpdate
        | Rejection::Unpacker => ErrorReply::at(ErrorCode::InvalidInput, name, message),
    }
}

/// 409: the ref is not at the guard's id; the client hears its present id.
pub(crate) fn moved(guard: &str, actual: Option<ObjectId>) -> ErrorReply {
    let message = match actual {
        Some(actual) => format!("the ref is at {actual}"),
        None => "the ref does not exist".to_owned(),
    };
    let actual = actual.map(|actual| actual.to_string());
    ErrorReply::at(ErrorCode::Conflict, guard, message).with_details(json!({"actual": actual}))
}

/// The error of objects that are too large together.
pub(crate) fn full(error: NewObjectError) -> ErrorReply {
    let code = match error {
        NewObjectError::Collision { .. } => ErrorCode::InvalidInput,
        _ => ErrorCode::MemoryLimit,
    };
    ErrorReply::new(code, error.to_string())
}
