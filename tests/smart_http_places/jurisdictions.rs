//! All of a namespace is in its place.

use std::time::Duration;

use super::support::git::refs_equal;
use super::support::lfs_files;
use super::support::scratch::Scratch;
use super::support::wait::until_true;
use super::*;

const BACKGROUND: Duration = Duration::from_secs(30);

/// The objects of a namespace that were asked for outside its jurisdiction, except the one that knows where
/// it is.
fn strays(asked: &[Asked], namespace: &str, jurisdiction: &str) -> Vec<Asked> {
    let below = format!("{namespace}/");
    let is_its = |asked: &&Asked| {
        asked.binding == "NETWORK" || asked.name == namespace || asked.name.starts_with(&below)
    };
    let asked = asked.iter().filter(is_its);
    let strays = asked.filter(|asked| asked.jurisdiction != jurisdiction);
    let strays = strays.filter(|asked| !asked.path.starts_with("/place"));
    strays.cloned().collect()
}

/// Stores a large file by Git LFS's own requests.
fn large_file(rest: &Rest, hosted: &Hosted, bytes: &[u8]) -> String {
    let kind = ("content-type", "application/vnd.git-lfs+json");
    let oid = lfs_files::oid(bytes);
    let client = rest.with_bearer(&hosted.token);
    let body = json!({ "operation": "upload", "objects": [{ "oid": oid, "size": bytes.len() }] });
    let batch = hosted.git_path("info/lfs/objects/batch");
    let post = ureq::http::Method::POST;
    let answer = client.send(post, &batch, &[kind], body.to_string().as_bytes());
    let href = &answer.json()["objects"][0]["actions"]["upload"]["href"];
    let path = href
        .as_str()
        .unwrap()
        .splitn(4, '/')
        .nth(3)
        .unwrap()
        .to_owned();
    let kind = [("content-type", "application/octet-stream")];
    let put = client.send(ureq::http::Method::PUT, &format!("/{path}"), &kind, bytes);
    assert_eq!(put.status, 200, "{}", put.text());
    oid
}

#[test]
fn everything_of_a_namespace_is_in_its_jurisdiction() {
    let mut server = Server::start_with(&[CONFIG, ENTRY, ("CAIRN_UNDELETE_SECONDS", "600")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let artifacts = "/client/v4/accounts/any/artifacts/namespaces";
    let body = json!({ "namespace": "Acme", "jurisdiction": "eu" });
    assert_eq!(
        rest.post(artifacts, &body).result(201)["jurisdiction"],
        "eu"
    );
    let hook = json!({ "url": "https://example.com/hook", "events": ["repo.pushed"] });
    rest.post("/api/v1/namespaces/acme/webhooks", &hook)
        .result(201);
    let (hosted, work) = scratch.pushed(&rest, "acme", "app");
    let oid = large_file(&rest, &hosted, b"a large file");
    to_r2(&rest, &hosted);
    let fork = rest.post(&hosted.path("/fork"), &json!({ "name": "fork" }));
    let fork = Hosted::made("acme", &fork);
    let forked = scratch.clone(&fork.url(), "forked", &["--mirror"]);
    refs_equal(&forked, &work);
    let large = hosted.git_path(&format!("info/lfs/objects/{oid}"));
    let got = rest.with_bearer(&hosted.token).get(&large);
    assert_eq!(got.body, b"a large file");
    let token = rest.make_token("acme", &json!({ "scope": "read", "label": "all" }));
    scratch.clone(&fork.url_with(&token.plaintext), "by-namespace", &[]);
    rest.delete(&fork.path("")).result(202);
    let listed = rest.get("/api/v1/namespaces/acme/deleted").result(200);
    let restore = json!({ "id": listed[0]["id"] });
    rest.post(&fork.path("/restore-deleted"), &restore)
        .result(200);
    let rename = rest.post(&fork.path("/rename"), &json!({ "name": "renamed" }));
    rename.result(200);
    work.run(&["commit", "--quiet", "--allow-empty", "-m", "another"]);
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    until_true("the webhook's object is told", BACKGROUND, || {
        asked(&server)
            .iter()
            .any(|asked| asked.binding == "WEBHOOK")
    });
    let listed = rest.get("/api/v1/namespaces").result(200);
    assert_eq!(listed[0]["jurisdiction"], "eu");
    let shown = rest.get("/api/v1/namespaces/acme").result(200);
    assert_eq!(
        (&shown["jurisdiction"], &shown["repo_count"]),
        (&"eu".into(), &2.into())
    );

    let all = asked(&server);
    for binding in ["REPO", "NAMESPACE", "NETWORK", "WEBHOOK"] {
        let is_there = |asked: &Asked| asked.binding == binding && asked.jurisdiction == "eu";
        assert!(all.iter().any(is_there), "{binding}");
    }
    assert_eq!(strays(&all, "acme", "eu"), []);
    assert_eq!(questions_for_the_place(&server, "acme"), 0);
    assert_eq!(objects_in(server.state(), "cairn-packs"), 0);
    assert!(objects_in(server.state(), "cairn-packs-eu") >= 3);

    // An isolate that knows nothing finds it again, also for a push alone, and alarms stay where they are.
    server.restart();
    work.run(&["commit", "--quiet", "--allow-empty", "-m", "once more"]);
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    to_r2(&server.rest(), &hosted);
    assert_eq!(strays(&asked(&server), "acme", "eu"), []);
    assert_eq!(questions_for_the_place(&server, "acme"), 1);
    assert_eq!(objects_in(server.state(), "cairn-packs"), 0);
}

#[test]
fn a_lost_repository_is_recovered_from_its_own_bucket() {
    let mut server = platform();
    let (rest, scratch) = (server.rest(), Scratch::new());
    make(&rest, "acme", "eu").result(201);
    let (hosted, work) = scratch.pushed(&rest, "acme", "app");
    let id = rest.get(&hosted.path("")).result(200)["id"].clone();
    to_r2(&rest, &hosted);
    server.restart_after(|state| {
        for class in ["RepoDo", "NamespaceDo"] {
            let folder = state.join("data/do").join(format!("-{class}"));
            std::fs::remove_dir_all(folder).unwrap();
        }
    });
    let rest = server.rest();
    // Where every list is lost, the operator says once more where the namespace is.
    make(&rest, "acme", "eu").result(201);
    let body = json!({ "repository_id": id });
    let path = "/api/v1/namespaces/acme/repos/back/recover";
    let back = Hosted::made("acme", &rest.post(path, &body));
    until_true("the end of a recovery", BACKGROUND, || {
        rest.get(&back.path("")).json()["result"]["status"] == "ready"
    });
    refs_equal(&scratch.clone(&back.url(), "back", &["--mirror"]), &work);
    assert_eq!(objects_in(server.state(), "cairn-packs"), 0);
    // From outside, R2 has no such repository.
    let path = "/api/v1/namespaces/plain/repos/back/recover";
    assert_eq!(rest.post(path, &body).error_code(404), NOT_FOUND);
}

#[test]
fn a_namespace_in_no_jurisdiction_costs_one_question_where_there_are_any() {
    let mut server = platform();
    let (rest, scratch) = (server.rest(), Scratch::new());
    let (hosted, work) = scratch.pushed(&rest, "plain", "app");
    for number in 0..3 {
        work.run(&["commit", "--quiet", "--allow-empty", "-m", "more"]);
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
        scratch.clone(&hosted.url(), &format!("clone-{number}"), &[]);
    }
    // It was asked before the namespace was there, and when it was.
    assert_eq!(questions_for_the_place(&server, "plain"), 2);
    server.restart();
    for _ in 0..2 {
        server.rest().get(&hosted.path("")).result(200);
    }
    assert_eq!(questions_for_the_place(&server, "plain"), 1);
    assert_eq!(strays(&asked(&server), "plain", ""), []);
}
