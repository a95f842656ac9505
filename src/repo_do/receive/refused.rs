//! Why a push fails as a whole.

use std::fmt::Display;

use super::super::contract::{ErrorCode, ErrorReply, Fault};
use super::super::state::failure::SnapshotError;
use crate::git::graph::connectivity::ConnectivityError;
use crate::git::pack::parser::error::PackError;
use crate::git::receive_pack::rules::Rejection;
use crate::git::store::{ReadError, StoreError};
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::request::quota::QuotaExceeded;
use crate::repo_do::request::room_hold::ClaimError;
use crate::storage::fault_log;

/// The push failed as a whole.
pub(super) struct Refused {
    /// Why, for the report's `unpack` line.
    message: String,
    /// The fault for the log, if it is ours.
    fault: Option<Fault>,
    /// The answer by REST, where that is more than the message.
    reply: Option<Box<ErrorReply>>,
}

impl Refused {
    /// Refused because of the push's content.
    pub(super) fn of(message: String) -> Self {
        Self {
            message,
            fault: None,
            reply: None,
        }
    }

    fn told_by(self, reply: ErrorReply) -> Self {
        Self {
            reply: Some(Box::new(reply)),
            ..self
        }
    }

    /// The reason that the report gives each of its refs.
    pub(super) fn rejection(&self) -> Rejection {
        match &self.reply {
            Some(reply) if reply.code == ErrorCode::QuotaExceeded => Rejection::QuotaExceeded,
            _ => Rejection::Unpacker,
        }
    }

    fn caused_by(message: String, kind: &'static str, cause: &dyn Display) -> Self {
        let cause = cause.to_string();
        let fault = Some(Fault { kind, cause });
        Self {
            fault,
            ..Self::of(message)
        }
    }

    /// Logs the fault, if there is one, and gives the client's answer.
    pub(super) fn logged(self) -> String {
        if let Some(fault) = &self.fault {
            fault_log::error(fault.kind, &fault.cause);
        }
        self.message
    }
}

/// The error that REST gives for it.
impl From<Refused> for ErrorReply {
    fn from(refused: Refused) -> Self {
        if let Some(reply) = refused.reply {
            return *reply;
        }
        match refused.fault {
            None => Self::new(ErrorCode::InvalidInput, refused.message),
            fault => Self {
                fault: fault.map(Box::new),
                ..Self::new(ErrorCode::InternalError, refused.message)
            },
        }
    }
}

impl From<QuotaExceeded> for Refused {
    fn from(error: QuotaExceeded) -> Self {
        Self {
            reply: Some(Box::new(error.into())),
            ..Self::of(error.to_string())
        }
    }
}

impl From<ClaimError> for Refused {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Exceeded(error) => error.into(),
            ClaimError::Failed(reply) => reply.into(),
        }
    }
}

/// Another object, or the isolate, cannot serve the push now.
impl From<ErrorReply> for Refused {
    fn from(reply: ErrorReply) -> Self {
        Self {
            fault: reply.fault.as_deref().cloned(),
            ..Self::of(reply.message.clone())
        }
        .told_by(reply)
    }
}

impl From<PackError> for Refused {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Store(error) => error.into(),
            PackError::Base(error) => error.into(),
            error => Self::of(error.to_string()),
        }
    }
}

impl From<IntakeError> for Refused {
    fn from(error: IntakeError) -> Self {
        let message = error.to_string();
        match error {
            IntakeError::Pack(error) => error.into(),
            IntakeError::Connectivity(ConnectivityError::Read(error))
            | IntakeError::Read(error) => error.into(),
            IntakeError::Store(error) => error.into(),
            IntakeError::Cold(error) => error.into(),
            IntakeError::Quota(error) => error.into(),
            error @ IntakeError::Secrets(_) => Self {
                reply: Some(Box::new(ErrorReply::from(error))),
                ..Self::of(message)
            },
            _ => Self::of(message),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::caused_by(error.told().to_owned(), "store", &error)
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Corrupt { .. } => {
                Self::caused_by(error.told().into_owned(), "corruption", &error)
            }
            ReadError::TooLarge { .. } => Self::of(error.told().into_owned()),
        }
    }
}

impl From<SnapshotError> for Refused {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => error.into(),
            error => Self::caused_by(error.to_string(), "r2", &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::store::LastingFault;
    use gix_hash::ObjectId;

    #[test]
    fn a_corrupt_object_refuses_a_push_as_damaged_storage_and_is_logged() {
        let error = ReadError::Corrupt {
            id: ObjectId::from([7; 20]),
            what: "no zlib stream",
        };
        let refused = Refused::from(error.clone());
        assert_eq!(refused.message, LastingFault::Damaged.told());
        let fault = refused.fault.unwrap();
        assert_eq!((fault.kind, fault.cause), ("corruption", error.to_string()));
    }
}
