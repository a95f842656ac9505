//! The errors of each route. The routes come from the server's own description,
//! so no route is forgotten.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::support::rest::Hosted;
use crate::{CREDENTIALS, INVALID_INPUT, INVALID_NAME, NOT_FOUND, rest};

/// A route with a method that it serves.
struct Operation {
    id: String,
    method: Method,
    template: String,
    takes_body: bool,
    takes_query: bool,
}

/// All of them that are about namespaces.
fn operations() -> Vec<Operation> {
    let description: Value =
        serde_json::from_slice(&rest().get("/api/v1/openapi.json").body).unwrap();
    let mut operations = Vec::new();
    for (template, item) in description["paths"].as_object().unwrap() {
        if !template.contains("/namespaces") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            // A webhook's credential is its signature: stories of mirrors tell what is refused there.
            if operation["operationId"] == "upstreamHook" {
                continue;
            }
            // An answer to HEAD has no body that could say what is wrong.
            if ["parameters", "head"].contains(&method.as_str()) {
                continue;
            }
            let parameters = operation["parameters"].as_array();
            let is_queried = |parameter: &Value| {
                let reference = parameter["$ref"].as_str().unwrap_or_default();
                let name = reference.rsplit('/').next().unwrap_or_default();
                let shared = &description["components"]["parameters"][name];
                [parameter, shared].iter().any(|one| one["in"] == "query")
            };
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                template: template.clone(),
                takes_body: operation.get("requestBody").is_some(),
                takes_query: parameters.is_some_and(|all| all.iter().any(is_queried)),
            });
        }
    }
    assert!(operations.len() > 25, "{}", operations.len());
    operations
}

impl Operation {
    fn path(&self, namespace: &str, name: &str) -> String {
        self.template
            .replace("{namespace}", namespace)
            .replace("{repo}", name)
            .replace("{token}", "0123456789abcdef")
            .replace("{webhook}", "0123456789abcdef")
            .replace("{downstream}", "0123456789abcdef")
            .replace("{id}", "0123456789abcdef")
            .replace("{delivery}", "1")
            .replace("{hash}", &"1".repeat(40))
            .replace("{ref}", "main")
            .replace("{path}", "file")
            .replace("{file}", "main.zip")
    }

    fn is_below_repository(&self) -> bool {
        self.template.contains("{repo}")
    }

    /// Whether it makes the repository that its path names.
    fn makes(&self) -> bool {
        ["importRepository", "recoverRepository"].contains(&self.id.as_str())
    }

    /// Parameters that it needs.
    fn query(&self) -> &'static str {
        match self.template.rsplit('/').next() {
            Some("file") => "?ref=main&path=file",
            Some("grep") => "?pattern=a",
            _ => "",
        }
    }

    /// A correct body.
    fn body(&self) -> Value {
        match self.template.rsplit('/').next() {
            Some("namespaces") => json!({ "namespace": "rest-errors-new" }),
            Some("repos") => json!({ "name": "new" }),
            Some("tokens") => json!({ "repo": "there" }),
            Some("fork") => json!({ "name": "forked" }),
            Some("import" | "upstream") => json!({ "url": "https://example.com/x.git" }),
            Some("recover") => json!({ "repository_id": "0123456789abcdef" }),
            Some("purge-unreachable" | "rotate-secret" | "restore-deleted" | "revoke-all") => {
                json!({})
            }
            Some("revoke-signed") => json!({
                "issuer": "https://issuer.example.com", "jti": "one",
                "expires_at": "2100-01-01T00:00:00Z",
            }),
            Some("rename") => json!({ "name": "renamed" }),
            Some("test") => json!({ "ref": "refs/heads/main", "op": "update" }),
            Some("maintenance") => json!({ "task": "verify" }),
            Some("sync" | "hook") => json!({}),
            Some("webhooks") => json!({ "url": "https://ci.example.com/", "events": ["*"] }),
            Some("{webhook}" | "{downstream}") => json!({ "active": false }),
            Some("downstreams") => json!({ "url": "https://git.example.com/a", "active": false }),
            _ => json!({ "description": "changed" }),
        }
    }

    fn sent(&self) -> Vec<u8> {
        if self.takes_body {
            self.body().to_string().into_bytes()
        } else {
            Vec::new()
        }
    }
}

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

fn hosted(name: &str) -> Hosted {
    rest().create_repository("rest-errors", name)
}

#[test]
fn every_operation_needs_a_credential_that_allows_it() {
    let there = hosted("guarded");
    let other = hosted("another");
    let unknown = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    for operation in operations() {
        let path = operation.path("rest-errors", &there.name) + operation.query();
        let method = || operation.method.clone();
        let body = operation.sent();
        for client in [rest().anonymous(), rest().with_bearer(unknown)] {
            let answer = client.send(method(), &path, &JSON, &body);
            assert_eq!(answer.error_code(401), CREDENTIALS, "{}", operation.id);
        }
        let stranger = rest().with_bearer(&other.token);
        let answer = stranger.send(method(), &path, &JSON, &body);
        assert_eq!(answer.error_code(403), CREDENTIALS, "{}", operation.id);
    }
    assert_eq!(rest().get(&there.path("")).status, 200, "nothing was done");
}

#[test]
fn every_operation_on_a_missing_repository_answers_404() {
    hosted("there");
    let of_repositories = operations()
        .into_iter()
        .filter(|operation| operation.is_below_repository() && !operation.makes());
    for operation in of_repositories {
        for namespace in ["rest-errors", "rest-errors-nowhere"] {
            let path = operation.path(namespace, "nowhere") + operation.query();
            let method = operation.method.clone();
            let answer = rest().send(method, &path, &JSON, &operation.sent());
            assert_eq!(answer.error_code(404), NOT_FOUND, "{}", operation.id);
        }
    }
}

#[test]
fn every_operation_refuses_names_that_break_the_rules() {
    for operation in operations() {
        let send = |path: String| {
            let path = path + operation.query();
            rest().send(operation.method.clone(), &path, &JSON, &operation.sent())
        };
        if operation.is_below_repository() {
            for name in ["-x", "x.lock", "a%20b"] {
                let answer = send(operation.path("rest-errors", name));
                assert_eq!(answer.error_code(400), INVALID_NAME, "{}", operation.id);
            }
        }
        if operation.template.contains("{namespace}") {
            let answer = send(operation.path("-x", "there"));
            assert_eq!(answer.error_code(400), INVALID_NAME, "{}", operation.id);
        }
    }
}

#[test]
fn every_body_is_read_strictly() {
    let there = hosted("strict");
    for operation in operations() {
        // A blob is any bytes.
        if !operation.takes_body || operation.id == "putBlob" {
            continue;
        }
        let path = operation.path("rest-errors", &there.name);
        let mut more = operation.body();
        more["nonsense"] = json!(1);
        let bodies = [more.to_string(), "[]".into(), "{".into(), "\"x\"".into()];
        for body in bodies {
            let method = operation.method.clone();
            let answer = rest().send(method, &path, &JSON, body.as_bytes());
            let code = answer.error_code(400);
            assert_eq!(code, INVALID_INPUT, "{} {body}", operation.id);
        }
    }
    let unchanged = rest().get(&there.path("")).result(200);
    assert_eq!(unchanged["description"], Value::Null, "{unchanged}");
}

#[test]
fn every_query_is_read_strictly() {
    let there = hosted("parameters");
    for operation in operations() {
        if !operation.takes_query {
            continue;
        }
        let query = operation.query();
        let more = if query.is_empty() { "?" } else { "&" };
        let path = operation.path("rest-errors", &there.name) + query + more + "nonsense=1";
        let answer = rest().get(&path);
        let code = answer.error_code(400);
        assert_eq!(code, INVALID_INPUT, "{}", operation.id);
    }
}
