//! Locks on files (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/locking.md>): the clients' requests
//! become messages for the repository's object, which decides.
//!
//! The branch in a request, `ref` or `refspec`, filters nothing: a lock is on a file of every branch,
//! as the specification has it until more is designed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use worker::Response;

use super::asking::{ask, ask_once, body_bytes};
use super::told;
use crate::repo_do::contract::lfs_locks::{
    ListLocks, LockAnswer, LockList, NewLock, Unlock, VerifiedLocks, path,
};
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::target::Target;
use crate::worker::visit::{Visit, respond};

/// Bytes of a body at most: a path and the name of a branch, each byte escaped.
const BODY_BYTES_MAX: usize = 64 << 10;

/// The body of `POST /locks`; here and below, fields that the specification does not name are ignored.
#[derive(Debug, Deserialize)]
struct Create {
    path: String,
    #[serde(default, rename = "ref")]
    branch: Option<Branch>,
}

/// The branch that a request names.
#[derive(Debug, Deserialize)]
struct Branch {
    #[serde(default)]
    name: Option<String>,
}

/// The body of `POST /locks/verify`.
#[derive(Debug, Deserialize)]
struct Verify {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u32>,
}

/// The body of `POST /locks/:id/unlock`.
#[derive(Debug, Deserialize)]
struct Remove {
    #[serde(default)]
    force: Option<bool>,
}

/// The answer where the file is locked already.
#[derive(Debug, Serialize)]
struct Conflict<'a> {
    lock: &'a Value,
    message: &'a str,
    request_id: &'a str,
}

/// `POST /locks`
pub(super) async fn create(
    visit: &Visit,
    request: web_sys::Request,
    path: &RepositoryPath,
) -> Result<Response, ErrorReply> {
    let created: Create = body(request).await?;
    let new = NewLock {
        path: created.path,
        ref_name: created.branch.and_then(|branch| branch.name),
    };
    let made = ask_once::<LockAnswer>(visit, path, Access::Push, path::CREATE, &new).await;
    match made {
        Ok(made) => answer(201, &made),
        Err(refused) => match (refused.code, &refused.details) {
            (ErrorCode::AlreadyExists, Some(details)) => {
                let conflict = Conflict {
                    lock: &details["lock"],
                    message: &refused.message,
                    request_id: &visit.request_id,
                };
                answer(409, &conflict)
            }
            _ => Err(refused),
        },
    }
}

/// `GET /locks`
pub(super) async fn list(
    visit: &Visit,
    request: &web_sys::Request,
    path: &RepositoryPath,
) -> Result<Response, ErrorReply> {
    let url = request.url();
    let asked = parse_query(Target::of(&url).query)?;
    let list: LockList = ask(visit, path, Access::Read, path::LIST, &asked).await?;
    answer(200, &list)
}

/// `POST /locks/verify`
pub(super) async fn verify(
    visit: &Visit,
    request: web_sys::Request,
    path: &RepositoryPath,
) -> Result<Response, ErrorReply> {
    let Verify { cursor, limit } = body(request).await?;
    let asked = ListLocks {
        cursor: cursor.filter(|cursor| !cursor.is_empty()),
        limit,
        ..ListLocks::default()
    };
    let verified: VerifiedLocks = ask(visit, path, Access::Push, path::VERIFY, &asked).await?;
    answer(200, &verified)
}

/// `POST /locks/:id/unlock`
pub(super) async fn unlock(
    visit: &Visit,
    request: web_sys::Request,
    path: &RepositoryPath,
    id: u64,
) -> Result<Response, ErrorReply> {
    let removed: Remove = body(request).await?;
    let asked = Unlock {
        id,
        force: removed.force.unwrap_or(false),
    };
    let unlocked: LockAnswer = ask_once(visit, path, Access::Push, path::UNLOCK, &asked).await?;
    answer(200, &unlocked)
}

async fn body<T: for<'a> Deserialize<'a>>(request: web_sys::Request) -> Result<T, ErrorReply> {
    let body = body_bytes(request, BODY_BYTES_MAX).await?;
    serde_json::from_slice(&body).map_err(|error| {
        let message = format!("the body is not what this path takes: {error}");
        ErrorReply::new(ErrorCode::InvalidInput, message)
    })
}

/// The query of `GET /locks`. An empty value counts as absent.
fn parse_query(query: &str) -> Result<ListLocks, ErrorReply> {
    let mut asked = ListLocks::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() {
            continue;
        }
        match &*name {
            "path" => asked.path = Some(value.into_owned()),
            "id" => asked.id = Some(value.into_owned()),
            "cursor" => asked.cursor = Some(value.into_owned()),
            "limit" => asked.limit = Some(limit(&value)?),
            _ => {}
        }
    }
    Ok(asked)
}

/// A number of locks; one beyond every bound is as good as the bound.
fn limit(digits: &str) -> Result<u32, ErrorReply> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        let message = "limit: not a whole number";
        return Err(ErrorReply::new(ErrorCode::InvalidInput, message));
    }
    Ok(digits.parse().unwrap_or(u32::MAX))
}

fn answer(status: u16, body: &impl Serialize) -> Result<Response, ErrorReply> {
    let reply = told::json(status, body)?;
    respond(reply).map_err(|error| fault("lfs locks", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_leniently() {
        let read = |query| parse_query(query).unwrap();
        assert_eq!(
            read("path=&id=&cursor=&limit=&refspec="),
            ListLocks::default()
        );
        let asked = read("path=a%2Fb+c.bin&limit=99999999999&refspec=refs/heads/x&later=1");
        assert_eq!(asked.path.as_deref(), Some("a/b c.bin"));
        assert_eq!(asked.limit, Some(u32::MAX));
        for query in ["limit=x", "limit=-1", "limit=1.5"] {
            let refused = parse_query(query).unwrap_err();
            assert_eq!(refused.code, ErrorCode::InvalidInput, "{query}");
        }
    }

    #[test]
    fn a_body_may_have_more_than_is_read() {
        let body = r#"{"path": "a", "ref": {"name": "main", "x": 1}, "more": []}"#;
        let created: Create = serde_json::from_str(body).unwrap();
        assert_eq!(created.path, "a");
        let verify: Verify = serde_json::from_str("{}").unwrap();
        assert_eq!((verify.cursor, verify.limit), (None, None));
        let removed: Remove = serde_json::from_str(r#"{"ref": {}}"#).unwrap();
        assert_eq!(removed.force, None);
    }
}
