//! A repository's life: made, changed, forked, filled from elsewhere, deleted; its tokens.

use serde_json::{Value, json};

use super::books::{BACKGROUND, agreed, database, id_of, kinds, own, taken, taken_when};
use super::support::remote::Remote;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::{Server, server};
use super::support::wait::until_true;

#[test]
fn a_new_repository_says_so_first() {
    let rest = server().rest();
    let body = json!({"name": "Made", "description": "things", "default_branch": "trunk"});
    let path = "/api/v1/namespaces/life/repos";
    let header = [
        ("x-request-id", "the-making"),
        ("content-type", "application/json"),
    ];
    let sent = rest.send(
        ureq::http::Method::POST,
        path,
        &header,
        body.to_string().as_bytes(),
    );
    let shown = sent.result(201);
    let id = shown["id"].as_str().unwrap();
    let told = agreed(server(), id);
    assert_eq!(kinds(&told), ["repo.created"]);
    let body = &told[0].body;
    assert_eq!(body["actor"], json!({"kind": "operator"}));
    assert_eq!(body["request_id"], "the-making");
    assert_eq!(
        (&body["namespace"], &body["repo_name"]),
        (&json!("life"), &json!("Made"))
    );
    let payload = told[0].payload();
    assert_eq!(payload["repoId"], id);
    assert_eq!(payload["defaultBranch"], "trunk");
    assert_eq!(payload["description"], "things");
    assert_eq!(
        (&payload["readOnly"], &payload["lastPushAt"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(payload["createdAt"], payload["updatedAt"]);
    assert_eq!(payload["tokenId"].as_str().unwrap().len(), 16);
    // It is made once, however many requests ask for it.
    assert!(rest.post(path, &json!({"name": "made"})).status >= 400);
    assert_eq!(own(server(), id).len(), 1);
}

#[test]
fn a_change_of_settings_tells_both_values() {
    let rest = server().rest();
    let hosted = rest.create_repository("life", "settings");
    let id = id_of(server(), &hosted);
    let change = |body: Value| drop(rest.patch(&hosted.path(""), &body).result(200));
    change(json!({"description": "things", "read_only": true, "settle_seconds": 7}));
    change(json!({"description": "things", "read_only": true}));
    change(json!({"read_only": false, "default_branch": "trunk", "fsck": {"strict": true}}));
    let told = agreed(server(), &id);
    assert_eq!(
        kinds(&told),
        ["repo.created", "repo.updated", "repo.updated"]
    );
    let first = json!({
        "description": {"from": null, "to": "things"},
        "read_only": {"from": false, "to": true},
        "settle_seconds": {"from": null, "to": 7},
    });
    assert_eq!(told[1].payload()["changes"], first);
    assert_eq!(told[1].payload()["readOnly"], true);
    let second = json!({
        "read_only": {"from": true, "to": false},
        "default_branch": {"from": "main", "to": "trunk"},
        "fsck": {"from": {"strict": false}, "to": {"strict": true}},
    });
    assert_eq!(told[2].payload()["changes"], second);
    assert_eq!(told[2].payload()["defaultBranch"], "trunk");
}

#[test]
fn a_first_push_that_moves_head_says_so_behind_its_refs() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let hosted = rest.create_repository("life", "head");
    let work = scratch.repository("work");
    work.commit("first");
    work.run(&["push", "--quiet", &hosted.url(), "main:refs/heads/trunk"]);
    let told = agreed(server(), &id_of(server(), &hosted));
    assert_eq!(
        kinds(&told),
        ["repo.created", "repo.pushed", "repo.updated"]
    );
    let changes = json!({"default_branch": {"from": "main", "to": "trunk"}});
    assert_eq!(told[2].payload()["changes"], changes);
    assert_eq!(told[2].body["actor"], told[1].body["actor"]);
}

#[test]
fn tokens_are_told_without_their_secret() {
    let rest = server().rest();
    let hosted = rest.create_repository("life", "tokens");
    let id = id_of(server(), &hosted);
    let body = json!({"repo": "tokens", "scope": "read", "label": "reader"});
    let made = rest
        .post("/api/v1/namespaces/life/tokens", &body)
        .result(201);
    let token_id = made["id"].as_str().unwrap();
    let one = hosted.path(&format!("/tokens/{token_id}"));
    for _ in 0..2 {
        rest.delete(&one);
    }
    let told = agreed(server(), &id);
    let kinds = kinds(&told);
    assert_eq!(
        kinds,
        ["repo.created", "repo.token.created", "repo.token.revoked"]
    );
    let payload = told[1].payload();
    assert_eq!(
        (&payload["tokenId"], &payload["scope"]),
        (&made["id"], &json!("read"))
    );
    assert_eq!(
        (&payload["label"], &payload["expiresAt"]),
        (&json!("reader"), &made["expires_at"])
    );
    assert_eq!(told[2].payload()["tokenId"], made["id"]);
    let secret = made["plaintext"].as_str().unwrap();
    let all = format!("{told:?}");
    assert!(!all.contains(secret) && !all.contains(&secret[..20]));
}

#[test]
fn an_administrator_of_the_namespace_is_named_by_its_token() {
    let rest = server().rest();
    rest.create_repository("life-admin", "first");
    let body = json!({"scope": "admin", "label": "platform"});
    let made = rest.make_token("life-admin", &body);
    let platform = rest.with_bearer(&made.plaintext);
    let hosted = platform.create_repository("life-admin", "second");
    platform
        .patch(&hosted.path(""), &json!({"public": true}))
        .result(200);
    let told = agreed(server(), &id_of(server(), &hosted));
    let actor = json!({"kind": "namespace", "token_id": made.id, "label": "platform"});
    for told in &told {
        assert_eq!(told.body["actor"], actor, "{told:?}");
    }
    assert_eq!(kinds(&told), ["repo.created", "repo.updated"]);
}

#[test]
fn a_fork_is_told_in_its_own_book_with_its_source() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, _) = scratch.pushed(&rest, "life", "forked");
    let body = json!({"name": "fork", "namespace": "life-forks"});
    let fork = Hosted::made("life-forks", &rest.post(&source.path("/fork"), &body));
    let id = id_of(server(), &fork);
    let told = agreed(server(), &id);
    assert_eq!(kinds(&told), ["repo.forked"]);
    let body = &told[0].body;
    assert_eq!(
        (&body["namespace"], &body["repo_name"]),
        (&json!("life"), &json!("forked"))
    );
    let payload = told[0].payload();
    assert_eq!(
        (
            &payload["namespace"],
            &payload["repoName"],
            &payload["repoId"]
        ),
        (&json!("life-forks"), &json!("fork"), &json!(id))
    );
    // Its source hears nothing.
    let source_id = id_of(server(), &source);
    assert!(!kinds(&own(server(), &source_id)).contains(&"repo.forked"));
    // And it goes on from there.
    let work = scratch.clone(&fork.url(), "clone", &[]);
    work.commit("more");
    work.run(&["push", "--quiet", &fork.url(), "HEAD:refs/heads/more"]);
    let told = agreed(server(), &id);
    assert_eq!(kinds(&told), ["repo.forked", "repo.pushed"]);
    assert_eq!(told[1].body["repo_name"], "fork");
    assert_eq!(told[1].payload()["totalCommitsCount"], 1);
}

#[test]
fn an_import_is_one_event_by_the_caller_that_asked_for_it() {
    let server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let git = scratch.bare_repository("remotes/source.git");
    let remote = Remote::serve(&scratch.join("remotes"));
    let work = scratch.repository("work");
    work.commit("first");
    work.run(&[
        "push",
        "--quiet",
        git.folder().to_str().unwrap(),
        "main",
        "main:topic",
    ]);
    git.run(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    let url = remote.url("source.git");
    let path = "/api/v1/namespaces/life/repos/imported/import";
    let header = [
        ("x-request-id", "the-import"),
        ("content-type", "application/json"),
    ];
    let body = json!({"url": url}).to_string();
    let sent = rest.send(ureq::http::Method::POST, path, &header, body.as_bytes());
    let hosted = Hosted::made("life", &sent);
    until_true("the import", BACKGROUND, || {
        rest.get(&hosted.path("")).result(200)["status"] == "ready"
    });
    let told = agreed(&server, &id_of(&server, &hosted));
    assert_eq!(kinds(&told), ["repo.imported"]);
    let payload = told[0].payload();
    assert_eq!(
        (&payload["sourceUrl"], &payload["branch"]),
        (&json!(url), &json!("main"))
    );
    assert_eq!(told[0].body["actor"], json!({"kind": "operator"}));
    assert_eq!(told[0].body["request_id"], "the-import");
}

#[test]
fn a_deleted_repository_says_so_last_and_is_gone() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = scratch.pushed(&rest, "life", "deleted");
    let id = id_of(server(), &hosted);
    rest.delete(&hosted.path("")).result(202);
    assert_eq!(rest.get(&hosted.path("")).status, 404);
    let told = taken_when(server(), &id, 3);
    assert_eq!(
        kinds(&told),
        ["repo.created", "repo.pushed", "repo.deleted"]
    );
    assert_eq!(told[2].payload()["repoId"], id);
    assert_eq!(told[2].body["actor"], json!({"kind": "operator"}));
    until_true("an empty database", BACKGROUND, || {
        database(server(), &id).is_none()
    });
    // Another one of its name begins at 1, and the book of the first is closed.
    let again = rest.create_repository("life", "deleted");
    work.run(&["push", "--quiet", &again.url(), "main"]);
    let told = agreed(server(), &id_of(server(), &again));
    assert_eq!(kinds(&told), ["repo.created", "repo.pushed"]);
    assert_eq!(taken(server(), &id).len(), 3);
}

#[test]
fn a_repository_made_at_once_in_the_place_of_a_deleted_one_loses_nothing() {
    let rest = server().rest();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let hosted = rest.create_repository("life", "again");
        ids.push(id_of(server(), &hosted));
        rest.delete(&hosted.path("")).result(202);
    }
    for id in ids {
        let told = taken_when(server(), &id, 2);
        assert_eq!(kinds(&told), ["repo.created", "repo.deleted"]);
    }
}

#[test]
fn clones_and_fetches_are_told_where_they_are_asked_for() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = scratch.pushed(&rest, "life", "fetched");
    let id = id_of(server(), &hosted);
    scratch.clone(&hosted.url(), "untold", &[]);
    let on = json!({"fetch_events": true});
    assert_eq!(
        rest.patch(&hosted.path(""), &on).result(200)["fetch_events"],
        true
    );
    let clone = scratch.clone(&hosted.url(), "clone", &[]);
    scratch.clone(&hosted.url(), "second", &[]);
    work.commit("more");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    work.run(&["ls-remote", &hosted.url()]);
    clone.run(&["fetch", "--quiet"]);
    let told = agreed(server(), &id);
    // The second clone is told with others, a minute later.
    let expect = ["repo.updated", "repo.cloned", "repo.pushed", "repo.fetched"];
    assert_eq!(kinds(&told)[2..], expect);
    for told in [&told[3], &told[5]] {
        assert_eq!(*told.payload(), json!({"repoId": id, "count": 1}));
        assert_eq!(told.body["actor"]["kind"], "token");
    }
    let changes = json!({"fetch_events": {"from": false, "to": true}});
    assert_eq!(told[2].payload()["changes"], changes);
}
