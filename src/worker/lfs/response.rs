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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    const LINKS: Links<'static> = Links {
        base: "https://git.example/git/a/b.git/info/lfs",
        authorization: Some("Bearer x"),
        expires_at_ms: Some(61_000),
        now_ms: 1_000,
    };

    fn told(links: &Links<'_>, operation: Operation, here: Option<u64>) -> Value {
        let asked = AskedObject {
            oid: OID.to_owned(),
            size: 7.into(),
        };
        let oid = LfsOid::from_hex(OID.as_bytes()).unwrap();
        let object = links.object(operation, &asked, Ok((oid, 7, here)));
        serde_json::to_value(BatchResponse::new(vec![object])).unwrap()["objects"][0].take()
    }

    #[test]
    fn an_upload_has_actions_with_the_callers_own_credential() {
        let header = json!({ "Authorization": "Bearer x" });
        let action = |href: String| json!({ "href": href, "header": header, "expires_in": 60 });
        let base = LINKS.base;
        assert_eq!(
            told(&LINKS, Operation::Upload, None),
            json!({
                "oid": OID, "size": 7, "authenticated": true,
                "actions": {
                    "upload": action(format!("{base}/objects/{OID}/7")),
                    "verify": action(format!("{base}/verify")),
                },
            })
        );
        assert_eq!(
            told(&LINKS, Operation::Upload, Some(7)),
            json!({ "oid": OID, "size": 7 })
        );
    }

    #[test]
    fn a_stranger_is_told_to_find_a_credential_if_one_is_needed() {
        let links = Links {
            authorization: None,
            expires_at_ms: None,
            ..LINKS
        };
        let href = format!("{}/objects/{OID}", LINKS.base);
        assert_eq!(
            told(&links, Operation::Download, Some(7)),
            json!({ "oid": OID, "size": 7, "actions": { "download": { "href": href } } })
        );
    }

    #[test]
    fn what_is_not_here_has_an_error_and_no_action() {
        for (operation, here, code) in [
            (Operation::Download, None, 404),
            (Operation::Download, Some(8), 422),
            (Operation::Upload, Some(8), 422),
        ] {
            let told = told(&LINKS, operation, here);
            assert_eq!(told["error"]["code"], code, "{told}");
            assert_eq!(told["actions"], Value::Null);
            assert_eq!(told["authenticated"], Value::Null);
        }
    }

    #[test]
    fn an_expiry_is_within_what_the_specification_allows() {
        for (expires_at_ms, seconds) in [(1_000, 1), (0, 1), (i64::MAX, EXPIRES_IN_MAX)] {
            let links = Links {
                expires_at_ms: Some(expires_at_ms),
                ..LINKS
            };
            let told = told(&links, Operation::Download, Some(7));
            assert_eq!(told["actions"]["download"]["expires_in"], seconds);
        }
    }
}
