//! What a client is told in answer to a batch
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md#successful-responses>).

use serde::Serialize;

use super::request::{AskedObject, BASIC, ObjectError, Operation, SHA256};
use crate::git::lfs::LfsOid;

/// The largest `expires_in` that the specification allows.
const EXPIRES_IN_MAX: i64 = 2_147_483_647;

/// The answer.
#[derive(Debug, Serialize)]
pub(super) struct BatchResponse<'a> {
    transfer: &'static str,
    objects: Vec<TransferObject<'a>>,
    hash_algo: &'static str,
}

/// One object of it.
#[derive(Debug, Serialize)]
pub(super) struct TransferObject<'a> {
    oid: &'a str,
    size: &'a serde_json::Number,
    /// Whether the actions need no more credentials than they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Actions<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ShownError>,
}

#[derive(Debug, Default, Serialize)]
struct Actions<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    download: Option<Action<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<Action<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify: Option<Action<'a>>,
}

#[derive(Debug, Serialize)]
struct Action<'a> {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Header<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Header<'a> {
    #[serde(rename = "Authorization")]
    authorization: &'a str,
}

#[derive(Debug, Serialize)]
struct ShownError {
    code: u16,
    message: String,
}

/// Where objects go and come from, and with which credential.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links<'a> {
    /// The URL of the repository's Git LFS: `<remote>/info/lfs`.
    pub(super) base: &'a str,
    /// The caller's own `Authorization`, which is good for the actions too.
    pub(super) authorization: Option<&'a str>,
    /// When the caller's token ends, and when it is now; in milliseconds since 1970.
    pub(super) expires_at_ms: Option<i64>,
    pub(super) now_ms: i64,
}

impl<'a> Links<'a> {
    fn action(&self, href: String) -> Action<'a> {
        let seconds = |at_ms: i64| at_ms.saturating_sub(self.now_ms) / 1000;
        Action {
            href,
            header: self
                .authorization
                .map(|authorization| Header { authorization }),
            // Zero would stand for a time that nobody knows.
            expires_in: self
                .expires_at_ms
                .map(|at_ms| seconds(at_ms).clamp(1, EXPIRES_IN_MAX)),
        }
    }

    fn actions(&self, operation: Operation, oid: &LfsOid, size: u64) -> Actions<'a> {
        let base = self.base;
        match operation {
            Operation::Download => Actions {
                download: Some(self.action(format!("{base}/objects/{oid}"))),
                ..Actions::default()
            },
            Operation::Upload => Actions {
                upload: Some(self.action(format!("{base}/objects/{oid}/{size}"))),
                verify: Some(self.action(format!("{base}/verify"))),
                ..Actions::default()
            },
        }
    }

    /// What the client is told of one object. `here`: its bytes, if the repository has it.
    pub(super) fn object(
        &self,
        operation: Operation,
        asked: &'a AskedObject,
        found: Result<(LfsOid, u64, Option<u64>), ObjectError>,
    ) -> TransferObject<'a> {
        let actions = found.and_then(|(oid, size, here)| match (operation, here) {
            (_, Some(here)) if here != size => Err(ObjectError::OtherSize { here, asked: size }),
            (Operation::Download, None) => Err(ObjectError::Missing),
            // Without actions the client takes the object for one that is here.
            (Operation::Upload, Some(_)) => Ok(None),
            _ => Ok(Some(self.actions(operation, &oid, size))),
        });
        let (actions, error) = match actions {
            Ok(actions) => (actions, None),
            Err(error) => (None, Some(error)),
        };
        TransferObject {
            oid: &asked.oid,
            size: &asked.size,
            authenticated: actions.as_ref().and(self.authorization).map(|_| true),
            actions,
            error: error.map(|error| ShownError {
                code: error.code(),
                message: error.to_string(),
            }),
        }
    }
}

impl<'a> BatchResponse<'a> {
    /// The answer with these objects.
    pub(super) fn new(objects: Vec<TransferObject<'a>>) -> Self {
        Self {
            transfer: BASIC,
            objects,
            hash_algo: SHA256,
        }
    }
}
