//! A namespace whose object is lost: its repositories still serve, their tokens can be taken
//! back, and the operator lists them again.

use std::path::Path;

use serde_json::{Value, json};

use super::support::rest::{Answer, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::{CREDENTIALS, NOT_FOUND, admin, advertisement, made, namespace, tokens};

/// Deletes the data of every namespace's object, the registry's too.
fn lose_namespaces(state: &Path) {
    std::fs::remove_dir_all(state.join("data/do/-NamespaceDo")).unwrap();
}

fn relist(rest: &Rest, namespace: &str, body: &Value) -> Answer {
    rest.post(&format!("/api/v1/namespaces/{namespace}/relist"), body)
}

fn names(listed: &Answer) -> Vec<String> {
    let listed = listed.result(200);
    let listed = listed.as_array().unwrap().iter();
    let mut names: Vec<_> = listed
        .map(|repository| repository["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn tokens_are_revoked_by_their_repository_where_the_namespace_is_lost() {
    let mut server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("tok-lost", "held");
    let (leaked, leaked_id) = made(&operator.post(&tokens("tok-lost"), &json!({ "repo": "held" })));
    let one = hosted.path(&format!("/tokens/{leaked_id}"));
    server.restart_after(lose_namespaces);
    let operator = server.rest();
    let client = operator.with_bearer(&leaked);
    assert_eq!(client.delete(&one).error_code(403), CREDENTIALS);
    let by_namespace = format!("{}/{leaked_id}", tokens("tok-lost"));
    assert_eq!(operator.delete(&by_namespace).error_code(404), NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(operator.delete(&one).result(200)["id"], leaked_id);
        assert_eq!(advertisement(&client, "tok-lost", "held"), 401);
    }
    let unknown = hosted.path("/tokens/0123456789abcdef");
    assert_eq!(operator.delete(&unknown).error_code(404), NOT_FOUND);
}

#[test]
fn an_administrator_of_the_namespace_revokes_by_repository_as_well() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("tok-here", "held");
    let (administering, _) = admin(&operator, "tok-here");
    let (token, id) = made(&operator.post(&tokens("tok-here"), &json!({ "repo": "held" })));
    let one = hosted.path(&format!("/tokens/{id}"));
    let anonymous = operator.anonymous();
    assert_eq!(anonymous.delete(&one).error_code(401), CREDENTIALS);
    operator
        .with_bearer(&administering)
        .delete(&one)
        .result(200);
    assert_eq!(
        advertisement(&operator.with_bearer(&token), "tok-here", "held"),
        401
    );
}

#[test]
fn repositories_of_a_lost_namespace_are_listed_again_from_their_records_and_by_name() {
    let mut server = Server::start();
    let operator = server.rest();
    let scratch = Scratch::new();
    let at_once = json!({ "settle_seconds": 0 });
    let mut settled = Vec::new();
    for (namespace, name) in [
        ("Tok-List", "One"),
        ("tok-list", "two"),
        ("tok-list-2", "three"),
    ] {
        let hosted = operator.create_repository(namespace, name);
        let work = scratch.repository(name);
        work.commit("first");
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
        operator.patch(&hosted.path(""), &at_once).result(200);
        let task = json!({ "task": "snapshot" });
        operator
            .post(&hosted.path("/maintenance"), &task)
            .result(200);
        settled.push(hosted);
    }
    // A repository without content has no record.
    let fresh = operator.create_repository("tok-list", "fresh");
    let before = names(&operator.get(&format!("{}/repos", namespace("tok-list"))));
    assert_eq!(before, ["One", "fresh", "two"]);

    server.restart_after(lose_namespaces);
    let operator = server.rest();
    // The registry is lost as well: the operator finds the namespace by its name.
    assert_eq!(
        operator.get(&namespace("tok-list")).error_code(404),
        NOT_FOUND
    );
    let holder = operator.with_bearer(&settled[0].token);
    assert_eq!(relist(&holder, "tok-list", &json!({})).status, 403);
    let mut cursor = String::new();
    let mut listed = Vec::new();
    for step in 0.. {
        assert!(step < 5, "it does not end");
        let body = json!({ "limit": 1, "cursor": cursor });
        let result = relist(&operator, "TOK-list", &body).result(200);
        assert!(result["records"].as_u64().unwrap() <= 1, "{result}");
        assert_eq!(result["lost"], json!([]));
        let more = result["listed"].as_array().unwrap().iter();
        listed.extend(more.map(|name| name.as_str().unwrap().to_owned()));
        result["cursor"].as_str().unwrap().clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    listed.sort();
    assert_eq!(listed, ["One", "two"]);
    // A second run finds them listed.
    let again = relist(&operator, "tok-list", &json!({})).result(200);
    assert_eq!(
        (&again["records"], &again["listed"]),
        (&json!(3), &json!([]))
    );
    let asked = json!({ "names": ["fresh", "never"] });
    let result = relist(&operator, "tok-list", &asked).result(200);
    assert_eq!(result["listed"], json!(["fresh"]));
    assert_eq!(result["lost"], json!([{ "name": "never" }]));
    let after = names(&operator.get(&format!("{}/repos", namespace("tok-list"))));
    assert_eq!(after, before);
    assert_eq!(
        operator.get(&namespace("tok-list")).result(200)["namespace"],
        "Tok-List"
    );
    // Everything works as it did: names are taken, tokens are made and taken back.
    for hosted in settled.iter().take(2).chain([&fresh]) {
        let holder = operator.with_bearer(&hosted.token);
        assert_eq!(advertisement(&holder, "tok-list", &hosted.name), 200);
    }
    let taken = operator.post(
        &format!("{}/repos", namespace("tok-list")),
        &json!({ "name": "one" }),
    );
    assert_eq!(taken.status, 409);
    let (_, id) = made(&operator.post(&tokens("tok-list"), &json!({ "repo": "two" })));
    operator
        .delete(&format!("{}/{id}", tokens("tok-list")))
        .result(200);
}

#[test]
fn a_lost_repository_is_reported_and_not_listed() {
    let mut server = Server::start();
    let operator = server.rest();
    let scratch = Scratch::new();
    let hosted = operator.create_repository("tok-gone", "held");
    let work = scratch.repository("work");
    work.commit("first");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let id = operator.get(&hosted.path("")).result(200)["id"].clone();
    operator
        .patch(&hosted.path(""), &json!({ "settle_seconds": 0 }))
        .result(200);
    let task = json!({ "task": "snapshot" });
    operator
        .post(&hosted.path("/maintenance"), &task)
        .result(200);
    server.restart_after(|state| {
        lose_namespaces(state);
        std::fs::remove_dir_all(state.join("data/do/-RepoDo")).unwrap();
    });
    let result = relist(&server.rest(), "tok-gone", &json!({})).result(200);
    assert_eq!(result["lost"], json!([{ "id": id, "name": "held" }]));
    assert_eq!(result["listed"], json!([]));
}
