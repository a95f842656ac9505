//! The description of the REST face, as OpenAPI 3.1: a file kept by hand, checked against the routes
//! and the errors by the test below and against the running server by schemathesis.

use crate::worker::envelope;
use crate::worker::reply::Reply;

/// The description.
const DESCRIPTION: &str = include_str!("openapi.json");

/// `GET /api/v1/openapi.json`
#[must_use]
pub(crate) fn answer() -> Reply {
    envelope::verbatim(200, DESCRIPTION.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value};

    use super::*;
    use crate::repo_do::contract::ErrorCode;
    use crate::worker::route::downstreams::DownstreamRoute;
    use crate::worker::route::upstream::UpstreamRoute;
    use crate::worker::route::webhooks::HookRoute;
    use crate::worker::route::{self, Content, RestRoute, Route, Write};

    const NAMESPACE: &str = "/api/v1/namespaces/{namespace}";
    const REPOSITORY: &str = "/api/v1/namespaces/{namespace}/repos/{repo}";

    /// The template of a route's path; nothing for Git's routes.
    #[expect(clippy::too_many_lines, reason = "a line for each route")]
    fn template(route: &Route) -> Option<String> {
        let in_repository = |rest: &str| format!("{REPOSITORY}{rest}");
        Some(match route {
            Route::Git(..)
            | Route::Bundles(..)
            | Route::Lfs(..)
            | Route::Neighbour(..)
            | Route::Page(_)
            | Route::Place
            | Route::Asset(_) => {
                return None;
            }
            Route::FrontPage => "/".to_owned(),
            Route::Health => "/healthz".to_owned(),
            Route::Metrics => "/metrics".to_owned(),
            Route::OpenApi => "/api/v1/openapi.json".to_owned(),
            Route::Rest(route) => match route {
                RestRoute::Session => "/api/v1/session".to_owned(),
                RestRoute::Namespaces => "/api/v1/namespaces".to_owned(),
                RestRoute::Namespace(_) => NAMESPACE.to_owned(),
                RestRoute::Repositories(_) => format!("{NAMESPACE}/repos"),
                RestRoute::Tokens(_) => format!("{NAMESPACE}/tokens"),
                RestRoute::Deleted(_) => format!("{NAMESPACE}/deleted"),
                RestRoute::DeletedOne(..) => format!("{NAMESPACE}/deleted/{{id}}"),
                RestRoute::Restore(_) => in_repository("/restore-deleted"),
                RestRoute::Relist(_) => format!("{NAMESPACE}/relist"),
                RestRoute::Usage(_) => format!("{NAMESPACE}/usage"),
                RestRoute::Events(_) => format!("{NAMESPACE}/events"),
                RestRoute::DeploymentAudit => "/api/v1/audit".to_owned(),
                RestRoute::Audit(_) => format!("{NAMESPACE}/audit"),
                RestRoute::RevokeAll(_) => format!("{NAMESPACE}/tokens/revoke-all"),
                RestRoute::RevokeSigned(_) => format!("{NAMESPACE}/tokens/revoke-signed"),
                RestRoute::Token(..) => format!("{NAMESPACE}/tokens/{{token}}"),
                RestRoute::Repository(_) => in_repository(""),
                RestRoute::Fork(_) => in_repository("/fork"),
                RestRoute::Import(_) => in_repository("/import"),
                RestRoute::Rename(_) => in_repository("/rename"),
                RestRoute::Bundle(_) => in_repository("/bundle"),
                RestRoute::Recover(_) => in_repository("/recover"),
                RestRoute::RepositoryTokens(_) => in_repository("/tokens"),
                RestRoute::RepositoryToken(..) => in_repository("/tokens/{token}"),
                RestRoute::RepositoryEvents(_) => in_repository("/events"),
                RestRoute::Stats(_) => in_repository("/stats"),
                RestRoute::Maintenance(_) => in_repository("/maintenance"),
                RestRoute::Purge(_) => in_repository("/purge-unreachable"),
                RestRoute::Upstream(_, route) => in_repository(match route {
                    UpstreamRoute::Settings => "/upstream",
                    UpstreamRoute::Sync => "/upstream/sync",
                    UpstreamRoute::Syncs => "/upstream/syncs",
                    UpstreamRoute::Hook => "/upstream/hook",
                }),
                RestRoute::Webhooks(owner, route) => {
                    let below = match route {
                        HookRoute::All => "",
                        HookRoute::One(_) => "/{webhook}",
                        HookRoute::Ping(_) => "/{webhook}/ping",
                        HookRoute::RotateSecret(_) => "/{webhook}/rotate-secret",
                        HookRoute::Deliveries(_) => "/{webhook}/deliveries",
                        HookRoute::Delivery(..) => "/{webhook}/deliveries/{delivery}",
                        HookRoute::Redeliver(..) => "/{webhook}/deliveries/{delivery}/redeliver",
                    };
                    let above = match owner.repo {
                        Some(_) => REPOSITORY,
                        None => NAMESPACE,
                    };
                    format!("{above}/webhooks{below}")
                }
                RestRoute::Downstreams(_, route) => in_repository(of_downstreams(route)),
                RestRoute::Content(_, content) => in_repository(match content {
                    Content::Refs => "/refs",
                    Content::Log => "/log",
                    Content::Commit(_) => "/commit/{hash}",
                    Content::Tree(_) => "/tree/{hash}",
                    Content::Blob(_) => "/blob/{hash}",
                    Content::File => "/file",
                    Content::Raw(_) => "/raw/{ref}/{path}",
                    Content::Compare(_) => "/compare/{spec}",
                    Content::Diff => "/diff",
                    Content::CommitPatch(_) => "/commit/{hash}.patch",
                    Content::CommitDiff(_) => "/commit/{hash}.diff",
                    Content::MergeBase => "/merge-base",
                    Content::Reflog => "/reflog",
                    Content::Notes => "/notes",
                    Content::Lfs => "/lfs",
                    Content::Archive(_) => "/archive/{file}",
                    Content::Blame(_) => "/blame/{ref}/{path}",
                    Content::Grep => "/grep",
                    Content::Search => "/search",
                }),
                RestRoute::Write(_, write) => in_repository(match write {
                    Write::Commits => "/commits",
                    Write::Blobs => "/blobs",
                    Write::Refs => "/refs",
                    Write::Merge => "/merge",
                    Write::SyncFork => "/sync-fork",
                    Write::CherryPick => "/cherry-pick",
                    Write::Revert => "/revert",
                    Write::Restore => "/restore",
                    Write::Notes => "/notes",
                    Write::RulesTest => "/rules/test",
                }),
            },
        })
    }

    fn of_downstreams(route: &DownstreamRoute) -> &'static str {
        match route {
            DownstreamRoute::All => "/downstreams",
            DownstreamRoute::One(_) => "/downstreams/{downstream}",
            DownstreamRoute::Push(_) => "/downstreams/{downstream}/push",
            DownstreamRoute::Pushes(_) => "/downstreams/{downstream}/pushes",
        }
    }

    /// A path of every kind that the router knows: of the arms above, one each.
    const PATHS: [&str; 81] = [
        "/",
        "/healthz",
        "/metrics",
        "/api/v1/openapi.json",
        "/api/v1/session",
        "/api/v1/namespaces",
        "/api/v1/namespaces/acme",
        "/api/v1/namespaces/acme/repos",
        "/api/v1/namespaces/acme/relist",
        "/api/v1/namespaces/acme/usage",
        "/api/v1/namespaces/acme/deleted",
        "/api/v1/namespaces/acme/deleted/0123456789abcdef",
        "/api/v1/namespaces/acme/repos/r/restore-deleted",
        "/api/v1/namespaces/acme/events",
        "/api/v1/namespaces/acme/tokens",
        "/api/v1/namespaces/acme/tokens/revoke-signed",
        "/api/v1/namespaces/acme/tokens/0123456789abcdef",
        "/api/v1/namespaces/acme/repos/r/downstreams",
        "/api/v1/namespaces/acme/repos/r/downstreams/0123456789abcdef",
        "/api/v1/namespaces/acme/repos/r/downstreams/0123456789abcdef/push",
        "/api/v1/namespaces/acme/repos/r/downstreams/0123456789abcdef/pushes",
        "/api/v1/audit",
        "/api/v1/namespaces/acme/audit",
        "/api/v1/namespaces/acme/tokens/revoke-all",
        "/api/v1/namespaces/acme/repos/r",
        "/api/v1/namespaces/acme/repos/r/fork",
        "/api/v1/namespaces/acme/repos/r/import",
        "/api/v1/namespaces/acme/repos/r/rename",
        "/api/v1/namespaces/acme/repos/r/bundle",
        "/api/v1/namespaces/acme/repos/r/recover",
        "/api/v1/namespaces/acme/repos/r/tokens",
        "/api/v1/namespaces/acme/repos/r/tokens/0123456789abcdef",
        "/api/v1/namespaces/acme/repos/r/events",
        "/api/v1/namespaces/acme/repos/r/stats",
        "/api/v1/namespaces/acme/repos/r/maintenance",
        "/api/v1/namespaces/acme/repos/r/purge-unreachable",
        "/api/v1/namespaces/acme/repos/r/refs",
        "/api/v1/namespaces/acme/repos/r/log",
        "/api/v1/namespaces/acme/repos/r/commit/x",
        "/api/v1/namespaces/acme/repos/r/tree/x",
        "/api/v1/namespaces/acme/repos/r/blob/x",
        "/api/v1/namespaces/acme/repos/r/file",
        "/api/v1/namespaces/acme/repos/r/raw/main/a",
        "/api/v1/namespaces/acme/repos/r/compare/a...b/c",
        "/api/v1/namespaces/acme/repos/r/diff",
        "/api/v1/namespaces/acme/repos/r/commit/x.patch",
        "/api/v1/namespaces/acme/repos/r/commit/x.diff",
        "/api/v1/namespaces/acme/repos/r/merge-base",
        "/api/v1/namespaces/acme/repos/r/reflog",
        "/api/v1/namespaces/acme/repos/r/rules/test",
        "/api/v1/namespaces/acme/repos/r/notes",
        "/api/v1/namespaces/acme/repos/r/lfs",
        "/api/v1/namespaces/acme/repos/r/archive/a/b.tar.gz",
        "/api/v1/namespaces/acme/repos/r/blame/main/a",
        "/api/v1/namespaces/acme/repos/r/grep",
        "/api/v1/namespaces/acme/repos/r/search",
        "/api/v1/namespaces/acme/repos/r/commits",
        "/api/v1/namespaces/acme/repos/r/blobs",
        "/api/v1/namespaces/acme/repos/r/merge",
        "/api/v1/namespaces/acme/repos/r/sync-fork",
        "/api/v1/namespaces/acme/repos/r/cherry-pick",
        "/api/v1/namespaces/acme/repos/r/revert",
        "/api/v1/namespaces/acme/repos/r/restore",
        "/api/v1/namespaces/acme/repos/r/upstream",
        "/api/v1/namespaces/acme/repos/r/upstream/sync",
        "/api/v1/namespaces/acme/repos/r/upstream/syncs",
        "/api/v1/namespaces/acme/repos/r/upstream/hook",
        "/api/v1/namespaces/acme/webhooks",
        "/api/v1/namespaces/acme/webhooks/0123456789abcdef",
        "/api/v1/namespaces/acme/webhooks/0123456789abcdef/ping",
        "/api/v1/namespaces/acme/webhooks/0123456789abcdef/rotate-secret",
        "/api/v1/namespaces/acme/webhooks/0123456789abcdef/deliveries",
        "/api/v1/namespaces/acme/webhooks/0123456789abcdef/deliveries/1",
        "/api/v1/namespaces/acme/webhooks/0123456789abcdef/deliveries/1/redeliver",
        "/api/v1/namespaces/acme/repos/r/webhooks",
        "/api/v1/namespaces/acme/repos/r/webhooks/0123456789abcdef",
        "/api/v1/namespaces/acme/repos/r/webhooks/0123456789abcdef/ping",
        "/api/v1/namespaces/acme/repos/r/webhooks/0123456789abcdef/rotate-secret",
        "/api/v1/namespaces/acme/repos/r/webhooks/0123456789abcdef/deliveries",
        "/api/v1/namespaces/acme/repos/r/webhooks/0123456789abcdef/deliveries/1",
        "/api/v1/namespaces/acme/repos/r/webhooks/0123456789abcdef/deliveries/1/redeliver",
    ];

    fn description() -> Value {
        serde_json::from_str(DESCRIPTION).unwrap()
    }

    fn paths(description: &Value) -> &Map<String, Value> {
        description["paths"].as_object().unwrap()
    }

    fn operations(item: &Value) -> Vec<(String, &Value)> {
        let fields = item.as_object().unwrap().iter();
        let operations = fields.filter(|(name, _)| *name != "parameters");
        operations
            .map(|(method, operation)| (method.to_uppercase(), operation))
            .collect()
    }

    #[test]
    fn every_route_and_method_is_described_and_nothing_else() {
        let description = description();
        let mut served = BTreeSet::new();
        for path in PATHS {
            let route = route::parse(path).unwrap();
            let template = template(&route).unwrap();
            for method in route.methods() {
                served.insert((template.clone(), (*method).to_owned()));
            }
        }
        let mut described = BTreeSet::new();
        for (path, item) in paths(&description) {
            for (method, _) in operations(item) {
                described.insert((path.clone(), method));
            }
        }
        assert_eq!(described, served);
    }

    #[test]
    fn every_error_is_declared_where_it_may_come() {
        use ErrorCode::{
            AlreadyExists, Forbidden, InternalError, InvalidInput, KeyReused, MemoryLimit,
            NotFound, RangeNotSatisfiable, RateLimited, RemoteAuthRequired, Unauthorized,
            Unavailable, UnsupportedMediaType, UpstreamUnavailable,
        };
        let everywhere = [
            InvalidInput,
            Unauthorized,
            Forbidden,
            NotFound,
            AlreadyExists,
            MemoryLimit,
            RateLimited,
            InternalError,
            UpstreamUnavailable,
            Unavailable,
        ];
        let description = description();
        let resources = paths(&description).iter();
        for (path, item) in resources.filter(|(path, _)| path.contains("/namespaces")) {
            for (method, operation) in operations(item) {
                let mut errors = everywhere.to_vec();
                if method == "POST" {
                    errors.extend([KeyReused, RemoteAuthRequired]);
                }
                if ["POST", "PATCH"].contains(&method.as_str()) {
                    errors.push(UnsupportedMediaType);
                }
                if operation["responses"].get("206").is_some() {
                    errors.push(RangeNotSatisfiable);
                }
                for error in errors {
                    let status = error.status().to_string();
                    let declared = operation["responses"].get(&status);
                    assert!(declared.is_some(), "{method} {path}: {status}");
                }
            }
        }
    }

    #[test]
    fn every_operation_has_an_example() {
        let description = description();
        for (path, item) in paths(&description) {
            for (method, operation) in operations(item) {
                let answers = operation["responses"].as_object().unwrap().iter();
                let answers = answers.filter(|(status, _)| status.starts_with('2'));
                let answers = answers.map(|(_, answer)| answer);
                for shown in answers.chain(operation.get("requestBody")) {
                    let types = shown.get("content").and_then(Value::as_object);
                    for (media_type, content) in types.into_iter().flatten() {
                        let has_one = content.get("example").is_some();
                        assert!(has_one, "{method} {path}: {media_type}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(all: &Value, value: &Value) {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(to)) = fields.get("$ref") {
                        let pointer = to.strip_prefix('#').unwrap();
                        assert!(all.pointer(pointer).is_some(), "{to}");
                    }
                    fields.values().for_each(|field| check(all, field));
                }
                Value::Array(items) => items.iter().for_each(|item| check(all, item)),
                _ => {}
            }
        }
        let description = description();
        check(&description, &description);
        let operations: Vec<&Value> = paths(&description)
            .values()
            .flat_map(operations)
            .map(|(_, operation)| &operation["operationId"])
            .collect();
        for (name, link) in description["components"]["links"].as_object().unwrap() {
            assert!(operations.contains(&&link["operationId"]), "{name}");
        }
    }
}
