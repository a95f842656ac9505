//! Names, passwords and tokens.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    KEY, PRIVATE, There, UNPROCESSABLE, head, private, pushed, set_upstream, settled, synced,
    takes_pushes,
};
use crate::support::databases::database_of;
use crate::support::remote::Remote;
use crate::support::rest::{Answer, Hosted};
use crate::support::server::Server;

const ANOTHER_KEY: (&str, &str) = (
    "CAIRN_SECRETS_KEY",
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
);

const FORMER_KEY: (&str, &str) = ("CAIRN_SECRETS_KEY_PREVIOUS", KEY.1);

fn body(remote: &Remote, credentials: &Value) -> Value {
    json!({"url": remote.url("there.git"), "credentials": credentials})
}

fn made(server: &Server, name: &str) -> Hosted {
    server.rest().create_repository("mirrors", name)
}

fn blamed(answer: &Answer) -> (u64, String, String) {
    let code = answer.error_code(422);
    let error = &answer.json()["errors"][0];
    let pointer = error["source"]["pointer"].as_str().unwrap_or_default();
    let message = error["message"].as_str().unwrap();
    (code, pointer.to_owned(), message.to_owned())
}

/// Whether any file below the folder contains these bytes.
fn found_below(folder: &Path, bytes: &[u8]) -> bool {
    let mut entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.any(|path| {
        if path.is_dir() {
            return found_below(&path, bytes);
        }
        let content = std::fs::read(&path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn a_mirror_works_with_credentials_that_nobody_sees() {
    let there = There::new();
    let mut server = Server::start_with(&[PRIVATE, KEY]);
    let remote = private(&there, "robot:hunter2-secret");
    let given = json!({"username": "robot", "password": "hunter2-secret"});
    let hosted = made(&server, "unseen");
    let set = set_upstream(&server, &hosted, &body(&remote, &given));
    assert_eq!(set.result(200)["credentials"], "basic");
    let shown = settled(&server, &hosted);
    assert_eq!(shown["last_error"], Value::Null, "{shown}");
    assert_eq!(head(&hosted), there.git.run(&["rev-parse", "HEAD"]));

    // A token alone becomes the password of a user's name that every host accepts.
    let by_token = private(&there, "x-access-token:token-secret");
    let second = made(&server, "unseen-token");
    let set_token = set_upstream(
        &server,
        &second,
        &body(&by_token, &json!({"token": "token-secret"})),
    );
    assert_eq!(set_token.result(200)["credentials"], "token");
    assert_eq!(settled(&server, &second)["last_error"], Value::Null);

    let client = server.rest();
    let mut told = vec![
        set.text(),
        set_token.text(),
        shown.to_string(),
        server.log(),
    ];
    for path in ["/upstream", "/upstream/syncs", "", "/events"] {
        told.push(client.get(&hosted.path(path)).text());
        told.push(client.get(&second.path(path)).text());
    }
    for text in &told {
        assert!(!text.contains("-secret"), "{text}");
    }
    // No file of the server contains the secrets.
    server.restart_after(|state| {
        assert!(found_below(state, b"there.git"), "the URL is stored");
        assert!(!found_below(state, b"-secret"), "a secret is stored");
    });
    let next = there.commit("two");
    assert_eq!(synced(&server, &hosted)["last_error"], Value::Null);
    assert_eq!(head(&hosted), next);
}

#[test]
fn a_downstream_has_credentials_as_an_upstream_has() {
    let there = There::new();
    takes_pushes(&there, "there.git");
    let server = Server::start_with(&[PRIVATE, KEY]);
    let remote = private(&there, "robot:hunter2-secret");
    let hosted = made(&server, "downstream");
    there.git.write("a", "of this side\n");
    there.git.commit("of this side");
    there.git.run(&["push", "--quiet", &hosted.url(), "main"]);
    let given = json!({"username": "robot", "password": "hunter2-secret"});
    let shown = pushed(&server, &hosted, &body(&remote, &given));
    assert_eq!(shown["credentials"], "basic");
    assert_eq!(shown["last_push"]["outcome"], "pushed", "{shown}");
    let bare = there.scratch.git_in("there.git");
    assert_eq!(
        bare.run(&["rev-parse", "main"]),
        there.git.run(&["rev-parse", "main"])
    );
    // A changed URL needs the credentials again.
    let path = hosted.path(&format!("/downstreams/{}", shown["id"].as_str().unwrap()));
    let moved = json!({"url": remote.url("other.git")});
    let (_, pointer, message) = blamed(&server.rest().patch(&path, &moved));
    assert_eq!(pointer, "/credentials");
    assert!(message.contains("for another url"), "{message}");
    let told = [
        shown.to_string(),
        server.log(),
        server.rest().get(&hosted.path("/events")).text(),
    ];
    assert!(!told.concat().contains("-secret"));
}

#[test]
fn a_server_without_a_key_stores_no_credentials() {
    let there = There::new();
    let mut server = Server::start_with(&[PRIVATE]);
    let remote = there.serve();
    let hosted = made(&server, "keyless");
    let refused = |server: &Server| {
        blamed(&set_upstream(
            server,
            &hosted,
            &body(&remote, &json!({"token": "t"})),
        ))
    };
    let (code, pointer, message) = refused(&server);
    assert_eq!((code, pointer.as_str()), (UNPROCESSABLE, "/credentials"));
    assert!(
        message.contains("CAIRN_SECRETS_KEY is not set"),
        "{message}"
    );
    set_upstream(&server, &hosted, &json!({"url": remote.url("there.git")})).result(200);
    assert_eq!(settled(&server, &hosted)["last_error"], Value::Null);
    assert_ne!(head(&hosted), "");
    server.restart_with(&[PRIVATE, ("CAIRN_SECRETS_KEY", "hunter2")]);
    let (_, _, message) = refused(&server);
    assert!(
        message.contains("CAIRN_SECRETS_KEY must be 32 random bytes"),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn what_was_sealed_with_the_former_key_is_sealed_again() {
    let there = There::new();
    let mut server = Server::start_with(&[PRIVATE, KEY]);
    let remote = private(&there, "robot:secret");
    let given = json!({"username": "robot", "password": "secret"});
    let (runs, sleeps) = (made(&server, "runs"), made(&server, "sleeps"));
    for hosted in [&runs, &sleeps] {
        set_upstream(&server, hosted, &body(&remote, &given)).result(200);
        assert_eq!(settled(&server, hosted)["last_error"], Value::Null);
    }
    server.restart_with(&[PRIVATE, ANOTHER_KEY, FORMER_KEY]);
    assert_eq!(synced(&server, &runs)["last_error"], Value::Null);
    server.restart_with(&[PRIVATE, ANOTHER_KEY]);
    let next = there.commit("with the new key alone");
    assert_eq!(synced(&server, &runs)["last_error"], Value::Null);
    assert_eq!(head(&runs), next);
    // A mirror that did not run meanwhile reports the remedy, and goes on after it.
    let error = synced(&server, &sleeps)["last_error"].to_string();
    assert!(error.contains("give them again"), "{error}");
    set_upstream(&server, &sleeps, &body(&remote, &given)).result(200);
    assert_eq!(settled(&server, &sleeps)["last_error"], Value::Null);
    assert_eq!(head(&sleeps), next);
}

#[test]
fn credentials_are_sent_to_no_other_url() {
    let there = There::new();
    let mut server = Server::start_with(&[PRIVATE, KEY]);
    let remote = private(&there, "robot:secret");
    let elsewhere = there.serve();
    let given = json!({"username": "robot", "password": "secret"});
    let (first, second) = (made(&server, "bound"), made(&server, "bound-other"));
    set_upstream(&server, &first, &body(&remote, &given)).result(200);
    settled(&server, &first);
    for url in [elsewhere.url("there.git"), remote.url("other.git")] {
        let refused = set_upstream(&server, &first, &json!({"url": url}));
        let (_, pointer, message) = blamed(&refused);
        assert_eq!(pointer, "/credentials");
        assert!(message.contains("for another url"), "{message}");
    }
    // The same URL keeps the credentials.
    let kept = set_upstream(&server, &first, &json!({"url": remote.url("there.git")}));
    assert_eq!(kept.result(200)["credentials"], "basic");
    settled(&server, &first);

    // A user who can write the database cannot move credentials to another repository or URL.
    set_upstream(
        &server,
        &second,
        &json!({"url": elsewhere.url("there.git")}),
    )
    .result(200);
    settled(&server, &second);
    let before = elsewhere.seen().len();
    server.restart_after(|state| {
        let find = "SELECT 1 FROM repository WHERE name = ?1";
        let database = |name| database_of(state, "RepoDo", find, name);
        let sealed: String = database("bound")
            .query_row("SELECT credentials FROM upstream", [], |row| row.get(0))
            .unwrap();
        let second = database("bound-other");
        second
            .execute("UPDATE upstream SET credentials = ?1", [&sealed])
            .unwrap();
        let moved = elsewhere.url("there.git");
        database("bound")
            .execute("UPDATE upstream SET url = ?1", [&moved])
            .unwrap();
    });
    for (hosted, said) in [(&second, "do not belong"), (&first, "for another url")] {
        let error = synced(&server, hosted)["last_error"].to_string();
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(elsewhere.seen().len(), before, "somebody else was asked");
}

#[test]
fn wrong_credentials_are_named_and_not_repeated() {
    let there = There::new();
    let server = Server::start_with(&[PRIVATE, KEY]);
    let remote = there.serve();
    let hosted = made(&server, "wrong");
    for credentials in [
        json!({"username": "s3cret"}),
        json!({"username": "s3cret", "password": "s3cret", "token": "s3cret"}),
        json!({"token": "s3cret\n"}),
        json!({"s3cret": 1}),
    ] {
        let refused = set_upstream(&server, &hosted, &body(&remote, &credentials));
        assert_eq!(refused.status, 400, "{}", refused.text());
        let pointer = refused.json()["errors"][0]["source"]["pointer"].clone();
        assert!(
            pointer.as_str().unwrap().starts_with("/credentials"),
            "{pointer}"
        );
        if credentials.get("s3cret").is_none() {
            assert!(!refused.text().contains("s3cret"), "{}", refused.text());
        }
    }
}
