//! `POST …/sync-fork`: a merge from the repository that this one was forked from.
//!
//! The object merges as for any merge; here its body is made.

use serde::Deserialize;
use serde_json::{Map, Value};
use worker::Request;

use super::body::body;
use super::other_repository;
use crate::repo_do::contract::content::{Origin, path};
use crate::repo_do::contract::{Actor, ErrorCode, ErrorReply, header, present, write};
use crate::worker::call::Call;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
use crate::worker::visit::Visit;

/// How the record of a fork names its source.
const FORKED_FROM: &str = "artifacts:";

/// The body. Where a field has the same meaning as in a merge, the object reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncFork {
    /// The branch, here and there; the default branch unless given.
    #[serde(default, deserialize_with = "present")]
    branch: Option<String>,
    #[serde(default)]
    strategy: Option<Value>,
    #[serde(default)]
    expected_head: Option<Value>,
    #[serde(default)]
    message: Option<Value>,
    #[serde(default)]
    author: Option<Value>,
    #[serde(default)]
    committer: Option<Value>,
    #[serde(default)]
    on_conflict: Option<Value>,
    #[serde(default)]
    dry_run: Option<Value>,
    #[serde(default)]
    push_options: Option<Value>,
}

impl SyncFork {
    /// The body of the merge.
    fn into_merge(self, source: &str, default_branch: String) -> Value {
        let branch = self.branch.unwrap_or(default_branch);
        let from = serde_json::json!({"repository": source, "ref": format!("refs/heads/{branch}")});
        let strategy = self.strategy.unwrap_or_else(|| "ff_prefer".into());
        let fields = [
            ("into", Some(branch.into())),
            ("from", Some(from)),
            ("strategy", Some(strategy)),
            ("expected_head", self.expected_head),
            ("message", self.message),
            ("author", self.author),
            ("committer", self.committer),
            ("on_conflict", self.on_conflict),
            ("dry_run", self.dry_run),
            ("push_options", self.push_options),
        ];
        let given = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(given.collect::<Map<_, _>>())
    }
}

/// The merge to ask the object for; `once` is the header of a request that takes effect once.
pub(super) async fn call(
    visit: &Visit,
    (fork, actor): (&RepositoryPath, Actor),
    request: &web_sys::Request,
    forwarded: Vec<(&'static str, String)>,
) -> Result<Call, ErrorReply> {
    // The object judges the credential before the body is read.
    let found = objects::repository(visit, fork, actor, Call::get(path::ORIGIN)).await?;
    let origin: Origin = objects::read(found).await?;
    let asked: SyncFork = body(Request::from(Clone::clone(request))).await?;
    let source = origin.source.as_deref();
    let source = source.and_then(|source| source.strip_prefix(FORKED_FROM));
    let source = source.ok_or_else(|| {
        let message = "this repository is no fork of one of this server";
        ErrorReply::new(ErrorCode::InvalidInput, message)
    })?;
    let merge = asked.into_merge(source, origin.default_branch);
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let once = forwarded
        .into_iter()
        .filter(|(name, _)| *name == header::ONCE);
    headers.extend(once);
    headers.extend(other_repository::of(visit, fork, source.to_owned()).await?);
    Ok(Call::post(write::path::MERGE, &merge)?.with_headers(headers))
}

/// A refusal of the merge, in terms of the fields that the client gave.
pub(super) fn refused(mut error: ErrorReply) -> ErrorReply {
    error.pointer = match error.pointer.as_deref() {
        Some("/into" | "/from/ref") => Some("/branch".to_owned()),
        Some("/from" | "/from/repository") => None,
        _ => return error,
    };
    error
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merge(body: &Value) -> Value {
        let asked: SyncFork = serde_json::from_value(body.clone()).unwrap();
        asked.into_merge("demo/app", "main".to_owned())
    }

    #[test]
    fn the_default_branch_goes_forward_or_is_merged_unless_something_else_is_said() {
        let from = json!({"repository": "demo/app", "ref": "refs/heads/main"});
        assert_eq!(
            merge(&json!({})),
            json!({"into": "main", "from": from, "strategy": "ff_prefer"})
        );
        let asked = json!({"branch": "next", "strategy": "ff_only", "dry_run": true});
        let from = json!({"repository": "demo/app", "ref": "refs/heads/next"});
        assert_eq!(
            merge(&asked),
            json!({"into": "next", "from": from, "strategy": "ff_only", "dry_run": true})
        );
        assert!(serde_json::from_value::<SyncFork>(json!({"into": "x"})).is_err());
    }
}
