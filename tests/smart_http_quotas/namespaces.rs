//! Bounds of a namespace.

use std::time::Duration;

use serde_json::{Value, json};

use super::held::{Held, claims};
use super::support::databases::database_of_namespace;
use super::support::history::noise;
use super::support::remote::Remote;
use super::support::rest::{Answer, Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{Server, server};
use super::support::wait;
use super::{QUOTA_EXCEEDED, rest};

const PATIENCE: Duration = Duration::from_secs(20);

fn namespace(name: &str) -> String {
    let made = rest().post("/api/v1/namespaces", &json!({ "namespace": name }));
    made.result(201);
    format!("/api/v1/namespaces/{name}")
}

/// A client with an admin token of the namespace.
fn administrator(namespace: &str) -> Rest {
    let made = rest().make_token(namespace, &json!({ "scope": "admin" }));
    rest().with_bearer(&made.plaintext)
}

fn message(answer: &Answer) -> String {
    assert_eq!(answer.error_code(403), QUOTA_EXCEEDED, "{}", answer.text());
    let message = answer.json()["errors"][0]["message"].clone();
    message.as_str().unwrap().to_owned()
}

#[test]
fn a_namespace_has_no_more_repositories_than_the_operator_allows() {
    let path = namespace("quota-repos");
    let set = |rest: &Rest, body: &Value| rest.patch(&path, body);
    let bounds = set(
        &rest(),
        &json!({ "repos_max": 2, "bytes_max": 1_u64 << 40 }),
    )
    .result(200);
    assert_eq!(bounds["repos_max"], 2);
    assert_eq!(bounds["bytes_max"], 1_u64 << 40);
    let administrator = administrator("quota-repos");
    for body in [json!({ "repos_max": 3 }), json!({ "bytes_max": null })] {
        assert_eq!(set(&administrator, &body).error_code(403), 10_000);
    }
    assert_eq!(administrator.get(&path).result(200)["repos_max"], 2);
    for (body, pointer) in [
        (json!({ "repos_max": -1 }), "/repos_max"),
        (json!({ "repos_max": 1_000_000_001 }), "/repos_max"),
        (json!({ "bytes_max": (1_u64 << 50) + 1 }), "/bytes_max"),
    ] {
        let refused = set(&rest(), &body);
        assert_eq!(refused.error_code(400), 10_100);
        assert_eq!(refused.json()["errors"][0]["source"]["pointer"], pointer);
    }

    let first = rest().create_repository("quota-repos", "first");
    let second = rest().create_repository("quota-repos", "second");
    let third = json!({ "name": "third" });
    let told = "quota exceeded: the namespace has 2 repositories, at most 2";
    let refused = administrator.post(&format!("{path}/repos"), &third);
    assert_eq!(message(&refused), told);
    assert_eq!(message(&rest().post(&first.path("/fork"), &third)), told);
    let import = json!({ "url": "https://example.com/a.git" });
    let refused = rest().post(&format!("{path}/repos/third/import"), &import);
    assert_eq!(message(&refused), told);
    // The refusals left nothing, and the place of a deleted repository can be taken.
    rest().get(&format!("{path}/repos/third")).error_code(404);
    rest().delete(&second.path("")).result(202);
    rest().post(&format!("{path}/repos"), &third).result(201);
    set(&rest(), &json!({ "repos_max": null })).result(200);
    rest().create_repository("quota-repos", "second");
}

#[test]
fn the_repositories_of_a_namespace_share_its_bytes() {
    let path = namespace("quota-bytes");
    let scratch = Scratch::new();
    let push = |hosted: &Hosted, name: &str, bytes: usize| {
        let git = scratch.repository(name);
        git.write("file", noise(bytes as u64, bytes));
        git.commit(name);
        (git.try_run(&["push", &hosted.url(), "main"], b""), git)
    };
    let first = rest().create_repository("quota-bytes", "first");
    let (pushed, _) = push(&first, "first", 60_000);
    assert!(pushed.ok, "{}", pushed.stderr);
    let here = super::shown(&first)["size_bytes"].as_u64().unwrap();
    wait::until_true("the namespace has heard", PATIENCE, || {
        rest().get(&path).result(200)["size_bytes"] == here
    });
    let most = here + 50_000;
    let set = |most: &Value| {
        rest()
            .patch(&path, &json!({ "bytes_max": most }))
            .result(200)
    };
    let told = set(&json!(most));
    assert_eq!(told["bytes_max"], most);
    // The answer came after the repositories were told; a later repository begins with the bound.
    assert_eq!(told["standing"]["left"], 0);
    let second = rest().create_repository("quota-bytes", "second");
    let (refused, git) = push(&second, "second", 70_000);
    let said = refused.stderr;
    let expected = format!(
        "quota exceeded: the namespace has {here} bytes, and this would add more than 50000; at \
         most {most}"
    );
    assert!(said.contains(&expected), "{said}");
    assert!(said.contains("main -> main (quota exceeded)"), "{said}");
    wait::until_true("the room is given back", PATIENCE, || {
        claims("quota-bytes") == 0
    });
    let (pushed, _) = push(&second, "smaller", 20_000);
    assert!(pushed.ok, "{}", pushed.stderr);
    // A fork counts in full, and is refused before it is made.
    let refused = rest().post(&first.path("/fork"), &json!({ "name": "fork" }));
    let message = message(&refused);
    assert!(
        message.contains(&format!("this would add {here}; at most {most}")),
        "{message}"
    );
    rest().get(&format!("{path}/repos/fork")).error_code(404);

    set(&Value::Null);
    git.run(&["push", "--quiet", "--force", &second.url(), "main"]);
}

#[test]
fn pushes_at_the_same_moment_do_not_exceed_the_bound_together() {
    let path = namespace("quota-race");
    let held: Vec<_> = (0..2)
        .map(|number| Held::begin("quota-race", &format!("r{number}"), 300_000))
        .collect();
    let here: u64 = held
        .iter()
        .map(|held| super::shown(&held.hosted)["size_bytes"].as_u64().unwrap())
        .sum();
    let most = here + 400_000;
    rest()
        .patch(&path, &json!({ "bytes_max": most }))
        .result(200);
    // The first has announced its length, and is held in the middle; the second has no room beside it.
    let first = held[0].send_half_and_claim();
    let refused = held[1].send_half().finish();
    assert!(refused.contains("requests under way add 3"), "{refused}");
    let taken = first.finish();
    assert!(taken.contains("ok refs/heads/main"), "{taken}");
    // Once the first is published it counts with its bytes, and the second's room is gone for good.
    let again = held[1].send_half().finish();
    assert!(again.contains("quota exceeded"), "{again}");
    wait::until_true("nothing is held", PATIENCE, || claims("quota-race") == 0);
    rest()
        .patch(&path, &json!({ "bytes_max": most + 300_000 }))
        .result(200);
    let again = held[1].send_half().finish();
    assert!(again.contains("ok refs/heads/main"), "{again}");
}

#[test]
fn a_push_that_fails_gives_its_room_back() {
    let path = namespace("quota-broken");
    let held = Held::begin("quota-broken", "r", 300_000);
    let other = Held::begin("quota-broken", "other", 300_000);
    let most = 400_000;
    rest()
        .patch(&path, &json!({ "bytes_max": most }))
        .result(200);
    let spoilt = held.send_half_and_claim().spoil();
    assert!(!spoilt.contains("ok refs/heads/main"), "{spoilt}");
    wait::until_true("the room is given back", PATIENCE, || {
        claims("quota-broken") == 0
    });
    let taken = other.send_half().finish();
    assert!(taken.contains("ok refs/heads/main"), "{taken}");
    wait::until_true("nothing is held", PATIENCE, || claims("quota-broken") == 0);
}

#[test]
fn the_sizes_of_repositories_count_from_when_the_bound_is_set() {
    let path = namespace("quota-old");
    let old = Held::begin("quota-old", "old", 0);
    let here = super::shown(&old.hosted)["size_bytes"].as_u64().unwrap();
    wait::until_true("the namespace has heard", PATIENCE, || {
        rest().get(&path).result(200)["size_bytes"] == here
    });
    // As it is where the repository comes from a version that told no sizes.
    let database = database_of_namespace(server().state(), "quota-old");
    let forget = "UPDATE repository SET size_bytes = 0";
    database.execute(forget, []).unwrap();
    assert_eq!(rest().get(&path).result(200)["size_bytes"], 0);
    let bound = json!({ "bytes_max": here + 1000 });
    assert_eq!(rest().patch(&path, &bound).result(200)["size_bytes"], here);
}

#[test]
fn an_import_that_does_not_fit_is_cut_off_and_leaves_nothing() {
    let server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let bare = scratch.bare_repository("remotes/source.git");
    let remote = Remote::serve(&scratch.join("remotes"));
    let git = scratch.repository("source");
    git.write("file", noise(5, 600_000));
    git.run(&["add", "."]);
    git.commit("large");
    git.run(&["push", "--quiet", bare.folder().to_str().unwrap(), "main"]);
    bare.run(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    let made = rest.post(
        "/api/v1/namespaces",
        &json!({ "namespace": "quota-import" }),
    );
    made.result(201);
    let path = "/api/v1/namespaces/quota-import";
    let bound = |most: u64| rest.patch(path, &json!({ "bytes_max": most }));
    bound(100_000).result(200);
    let import = json!({ "url": remote.url("source.git") });
    let begin = || rest.post(&format!("{path}/repos/app/import"), &import);
    begin().result(201);
    let shown = || rest.get(&format!("{path}/repos/app"));
    let said = wait::until("the import has failed", PATIENCE, || {
        let shown = shown();
        (shown.status == 404).then(|| shown.text())
    });
    assert!(
        said.contains("quota exceeded: the namespace has 0 bytes"),
        "{said}"
    );
    assert!(said.contains("this would add more than 100000"), "{said}");
    wait::until_true("its room is free", PATIENCE, || {
        rest.get(path).result(200)["size_bytes"] == 0
    });
    bound(1_000_000).result(200);
    let again = wait::until("its name is free", PATIENCE, || {
        let again = begin();
        (again.status == 201).then_some(again)
    });
    assert_eq!(again.status, 201, "{}", again.text());
    wait::until_true("the second import is whole", PATIENCE, || {
        shown().json()["result"]["status"] == "ready"
    });
}
