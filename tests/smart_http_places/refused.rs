//! Refused requests, for which nothing is written.

use std::path::PathBuf;

use super::support::scratch::Scratch;
use super::support::server::server;
use super::*;

/// The databases of namespaces.
fn namespaces(server: &Server) -> Vec<PathBuf> {
    let folder = server.state().join("data/do/-NamespaceDo");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let files = files.map(|file| file.unwrap().path());
    let mut found: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|end| end == "sqlite"))
        .collect();
    found.sort();
    found
}

#[test]
fn where_no_bucket_is_bound_a_jurisdiction_is_refused_before_anything_is_written() {
    let rest = server().rest();
    rest.get("/api/v1/namespaces").result(200);
    let before = namespaces(server());
    for (name, binding) in [
        ("eu", "PACKS_EU"),
        ("us", "PACKS_US"),
        ("fedramp", "PACKS_FEDRAMP"),
    ] {
        let refused = make(&rest, "places-nowhere", name);
        assert_eq!(refused.error_code(400), INVALID_INPUT);
        assert_eq!(pointer(&refused), "/jurisdiction");
        assert!(message(&refused).contains(binding), "{}", message(&refused));
    }
    for other in ["EU", "de", ""] {
        let refused = make(&rest, "places-nowhere", other);
        assert_eq!(refused.error_code(400), INVALID_INPUT);
        assert_eq!(pointer(&refused), "/jurisdiction");
    }
    assert_eq!(namespaces(server()), before);
    let made = make(&rest, "places-nowhere", "unrestricted").result(201);
    assert_eq!(made["jurisdiction"], "unrestricted");
}

#[test]
fn a_platform_without_jurisdictions_says_so() {
    let server = Server::start_with(&[CONFIG]);
    let rest = server.rest();
    let refused = make(&rest, "places-workerd", "eu");
    assert_eq!(refused.error_code(400), INVALID_INPUT);
    let message = message(&refused);
    assert!(message.contains("not implemented in workerd"), "{message}");
    assert_eq!(rest.get("/api/v1/namespaces").result(200), json!([]));
    // A request without a jurisdiction works as ever.
    Scratch::new().pushed(&rest, "places-workerd", "plain");
}

#[test]
fn a_repository_stays_in_its_jurisdiction() {
    let server = platform();
    let (rest, scratch) = (server.rest(), Scratch::new());
    for (namespace, jurisdiction) in [("here", "eu"), ("near", "eu"), ("there", "us")] {
        make(&rest, namespace, jurisdiction).result(201);
    }
    let (hosted, _) = scratch.pushed(&rest, "here", "app");
    scratch.pushed(&rest, "plain", "other");
    for namespace in ["there", "plain"] {
        for act in ["fork", "rename"] {
            let body = json!({ "name": "app", "namespace": namespace });
            let refused = rest.post(&hosted.path(&format!("/{act}")), &body);
            assert_eq!(refused.error_code(409), CONFLICT, "{act} to {namespace}");
            assert_eq!(pointer(&refused), "/namespace");
            assert!(
                message(&refused).contains("is in eu"),
                "{}",
                message(&refused)
            );
        }
        assert_eq!(rest.repository_names(namespace, "search=app"), [""; 0]);
    }
    let from = json!({ "repository": "plain/other", "ref": "main" });
    let merge = rest.post(
        &hosted.path("/merge"),
        &json!({ "into": "main", "from": from }),
    );
    assert_eq!(merge.error_code(404), NOT_FOUND);
    let body = json!({ "name": "moved", "namespace": "near" });
    rest.post(&hosted.path("/rename"), &body).result(200);
    assert_eq!(rest.repository_names("near", ""), ["moved"]);
    assert_eq!(rest.repository_names("here", ""), [""; 0]);
}

#[test]
fn a_namespace_keeps_its_jurisdiction_and_so_does_its_name() {
    let server = platform();
    let rest = server.rest();
    assert_eq!(make(&rest, "acme", "eu").result(201)["jurisdiction"], "eu");
    assert_eq!(make(&rest, "acme", "eu").error_code(409), ALREADY_EXISTS);
    for other in ["us", "unrestricted"] {
        let refused = make(&rest, "Acme", other);
        assert_eq!(refused.error_code(409), CONFLICT, "{other}");
        assert_eq!(pointer(&refused), "/jurisdiction");
    }
    let path = "/api/v1/namespaces/acme";
    let change = rest.patch(path, &json!({ "jurisdiction": "us" }));
    assert_eq!(change.error_code(400), INVALID_INPUT);
    rest.delete(path);
    assert_eq!(rest.get(path).error_code(404), NOT_FOUND);
    assert_eq!(make(&rest, "acme", "us").error_code(409), CONFLICT);
    // Without a wish the name says where.
    let made = rest.post("/api/v1/namespaces", &json!({ "namespace": "acme" }));
    assert_eq!(made.result(201)["jurisdiction"], "eu");

    make(&rest, "plain", "unrestricted").result(201);
    assert_eq!(make(&rest, "plain", "eu").error_code(409), ALREADY_EXISTS);
    rest.delete("/api/v1/namespaces/plain");
    // The Worker may remember for a while that it had none.
    let early = make(&rest, "plain", "eu");
    assert_eq!(early.error_code(409), CONFLICT);
    assert!(
        message(&early).contains("try again in"),
        "{}",
        message(&early)
    );
    make(&rest, "plain", "unrestricted").result(201);
}

#[test]
fn without_its_bucket_a_jurisdiction_is_closed_and_nothing_is_made_elsewhere() {
    let mut server = platform();
    let (rest, scratch) = (server.rest(), Scratch::new());
    make(&rest, "acme", "eu").result(201);
    let (hosted, _) = scratch.pushed(&rest, "acme", "app");
    server.restart_with(&[ENTRY]);
    let rest = server.rest();
    assert_eq!(rest.get(&hosted.path("")).error_code(404), NOT_FOUND);
    let made = rest.post("/api/v1/namespaces/acme/repos", &json!({ "name": "app" }));
    assert_eq!(made.error_code(409), CONFLICT);
    assert!(
        message(&made).contains("jurisdiction eu"),
        "{}",
        message(&made)
    );
    server.restart_with(&[CONFIG, ENTRY]);
    scratch.clone(&hosted.url(), "again", &[]);
}
