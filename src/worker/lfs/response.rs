//! The answer to a client's batch
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md#successful-responses>).

use std::collections::BTreeMap;

use serde::Serialize;

use super::presigned::{EXPIRES_SECONDS, SignedRequest, Signer, Upload};
use super::request::{AskedObject, BASIC, ObjectError, Operation, SHA256};
use crate::repo_do::contract::lfs::LfsOid;
use crate::storage::r2::bucket::lfs_key;

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

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Header<'a> {
    Credential {
        #[serde(rename = "Authorization")]
        authorization: &'a str,
    },
    Signed(BTreeMap<&'static str, String>),
}

#[derive(Debug, Serialize)]
struct ShownError {
    code: u16,
    message: String,
}

/// An object of a batch, and the repository's facts about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    /// Its name.
    pub(super) oid: LfsOid,
    /// Its bytes, as the client says.
    pub(super) size: u64,
    /// Its bytes, if the repository has it.
    pub(super) here: Option<u64>,
    /// The name of its upload, where one began that bypasses the Worker.
    pub(super) upload: Option<&'a str>,
}

/// Where objects go and come from, and with which credential.
#[derive(Clone, Copy)]
pub(super) struct Links<'a> {
    /// The URL of the repository's Git LFS: `<remote>/info/lfs`.
    pub(super) base: &'a str,
    /// The caller's own `Authorization`, which is good for the actions too.
    pub(super) authorization: Option<&'a str>,
    /// When the caller's token ends, and when it is now; in milliseconds since 1970.
    pub(super) expires_at_ms: Option<i64>,
    pub(super) now_ms: i64,
    /// The fork network; R2 keys are made from its id.
    pub(super) network_id: &'a str,
    /// Signs the URLs by which transfers bypass the Worker; `None`: they go through it.
    pub(super) signer: Option<&'a Signer<'a>>,
}

impl<'a> Links<'a> {
    fn action(&self, href: String) -> Action<'a> {
        let seconds = |at_ms: i64| at_ms.saturating_sub(self.now_ms) / 1000;
        Action {
            href,
            header: self
                .authorization
                .map(|authorization| Header::Credential { authorization }),
            // Zero would stand for a time that nobody knows.
            expires_in: self
                .expires_at_ms
                .map(|at_ms| seconds(at_ms).clamp(1, EXPIRES_IN_MAX)),
        }
    }

    fn actions(&self, operation: Operation, found: &Found<'_>) -> Actions<'a> {
        let (base, oid) = (self.base, &found.oid);
        let signed = self.signed(operation, found).map(signed_action);
        match operation {
            Operation::Download => {
                let through_here = || self.action(format!("{base}/objects/{oid}"));
                Actions {
                    download: Some(signed.unwrap_or_else(through_here)),
                    ..Actions::default()
                }
            }
            Operation::Upload => {
                let through_here = || self.action(format!("{base}/objects/{oid}/{}", found.size));
                Actions {
                    upload: Some(signed.unwrap_or_else(through_here)),
                    verify: Some(self.action(format!("{base}/verify"))),
                    ..Actions::default()
                }
            }
        }
    }

    fn signed(&self, operation: Operation, found: &Found<'_>) -> Option<SignedRequest> {
        let signer = self.signer?;
        let r2_key = lfs_key(self.network_id, &found.oid);
        match operation {
            Operation::Download => signer.download(&r2_key),
            Operation::Upload => signer.upload(&Upload {
                r2_key: &r2_key,
                oid: &found.oid,
                size: found.size,
                name: found.upload.filter(|name| !name.is_empty())?,
            }),
        }
    }

    /// The answer to the client about one object.
    pub(super) fn object(
        &self,
        operation: Operation,
        asked: &'a AskedObject,
        found: Result<Found<'_>, ObjectError>,
    ) -> TransferObject<'a> {
        let actions = found.and_then(|found| match (operation, found.here) {
            (_, Some(here)) if here != found.size => {
                let asked = found.size;
                Err(ObjectError::OtherSize { here, asked })
            }
            (Operation::Download, None) => Err(ObjectError::Missing),
            // Without actions the client takes the object for one that is here.
            (Operation::Upload, Some(_)) => Ok(None),
            _ => Ok(Some(self.actions(operation, &found))),
        });
        let (actions, error) = match actions {
            Ok(actions) => (actions, None),
            Err(error) => (None, Some(error)),
        };
        let is_authenticated =
            (self.signer.is_some() || self.authorization.is_some()).then_some(true);
        TransferObject {
            oid: &asked.oid,
            size: &asked.size,
            authenticated: actions.as_ref().and(is_authenticated),
            actions,
            error: error.map(|error| ShownError {
                code: error.code(),
                message: error.to_string(),
            }),
        }
    }
}

/// A request that needs no credential, and must have none.
fn signed_action<'a>(signed: SignedRequest) -> Action<'a> {
    let headers: BTreeMap<_, _> = signed.headers.into_iter().collect();
    Action {
        href: signed.href,
        header: (!headers.is_empty()).then_some(Header::Signed(headers)),
        expires_in: Some(EXPIRES_SECONDS.into()),
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
        network_id: "n",
        signer: None,
    };

    fn told(links: &Links<'_>, operation: Operation, here: Option<u64>) -> Value {
        let asked = AskedObject {
            oid: OID.to_owned(),
            size: 7.into(),
        };
        let oid = LfsOid::from_hex(OID.as_bytes()).unwrap();
        let found = Found {
            oid,
            size: 7,
            here,
            upload: None,
        };
        let object = links.object(operation, &asked, Ok(found));
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
    fn a_missing_object_has_an_error_and_no_action() {
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
