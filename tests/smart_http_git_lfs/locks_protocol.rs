//! The locks' API itself: statuses, shapes, pages and bounds.

use serde_json::{Value, json};
use ureq::http::Method;

use super::shared::lfs_post;
use crate::support::rest::{Answer, Hosted, Rest};
use crate::support::server::server;

/// A repository with a token of the label `ann`, and one of `bob`.
struct Desk {
    hosted: Hosted,
    ann: String,
    bob: String,
}

impl Desk {
    fn new(name: &str) -> Self {
        let hosted = server().rest().create_repository("locks", name);
        let token = |label: &str| {
            let asked = json!({ "repo": name, "scope": "write", "label": label });
            server().rest().make_token("locks", &asked).plaintext
        };
        Self {
            ann: token("ann"),
            bob: token("bob"),
            hosted,
        }
    }

    fn lock(&self, token: &str, path: &str) -> Answer {
        let asked = json!({ "path": path, "ref": { "name": "refs/heads/main" } });
        lfs_post(&self.hosted, token, "/locks", &asked)
    }

    fn unlock(&self, token: &str, id: &str, force: bool) -> Answer {
        let asked = json!({ "force": force, "ref": { "name": "refs/heads/main" } });
        lfs_post(&self.hosted, token, &format!("/locks/{id}/unlock"), &asked)
    }

    fn list(&self, rest: &Rest, query: &str) -> Answer {
        let path = self.hosted.git_path(&format!("info/lfs/locks{query}"));
        rest.send(Method::GET, &path, &[ACCEPT], b"")
    }

    fn paths(&self, query: &str) -> (Vec<String>, Option<String>) {
        let rest = server().rest().with_bearer(&self.ann);
        let page = good(&self.list(&rest, query), 200);
        (paths(&page["locks"]), cursor(&page))
    }
}

const ACCEPT: (&str, &str) = ("Accept", "application/vnd.git-lfs+json");

#[track_caller]
fn good(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.git-lfs+json"
    );
    answer.json()
}

/// The message of a refusal, which names the request too.
#[track_caller]
fn refused(answer: &Answer, status: u16) -> String {
    let body = good(answer, status);
    assert!(body["request_id"].is_string(), "{body}");
    body["message"].as_str().unwrap().to_owned()
}

fn paths(locks: &Value) -> Vec<String> {
    let locks = locks.as_array().unwrap().iter();
    let paths = locks.map(|lock| lock["path"].as_str().unwrap().to_owned());
    paths.collect()
}

fn cursor(page: &Value) -> Option<String> {
    page["next_cursor"].as_str().map(str::to_owned)
}

#[test]
fn a_lock_is_made_shown_and_removed() {
    let desk = Desk::new("made");
    assert_eq!(desk.paths(""), (vec![], None));
    let made = good(&desk.lock(&desk.ann, "dir/ä b.bin"), 201);
    let lock = &made["lock"];
    assert_eq!(lock["path"], "dir/ä b.bin");
    assert_eq!(lock["owner"]["name"], "ann");
    let at = lock["locked_at"].as_str().unwrap();
    assert!(at.len() == 20 && at.ends_with('Z'), "{at}");

    // A second time it is a conflict, for its owner too, which shows the lock.
    for token in [&desk.ann, &desk.bob] {
        let answer = desk.lock(token, "dir/ä b.bin");
        assert!(refused(&answer, 409).starts_with("lock already created"));
        assert_eq!(&answer.json()["lock"], lock);
    }
    let id = lock["id"].as_str().unwrap();
    let said = refused(&desk.unlock(&desk.bob, id, false), 403);
    assert_eq!(
        said,
        "'dir/ä b.bin' is locked by ann: only force removes it"
    );
    let removed = good(&desk.unlock(&desk.ann, id, false), 200);
    assert_eq!(&removed["lock"], lock);
    let said = refused(&desk.unlock(&desk.ann, id, true), 404);
    assert_eq!(said, format!("there is no lock with the id {id}"));
    good(&desk.lock(&desk.bob, "dir/ä b.bin"), 201);
}

#[test]
fn the_operator_is_an_owner_and_a_token_without_a_label_is_its_id() {
    let desk = Desk::new("owners");
    let operator = crate::support::server::ADMIN_KEY;
    let lock = good(&desk.lock(operator, "a"), 201);
    assert_eq!(lock["lock"]["owner"]["name"], "operator");
    let lock = good(&desk.lock(&desk.hosted.token, "b"), 201);
    let tokens = server()
        .rest()
        .get(&desk.hosted.path("/tokens"))
        .result(200);
    let mut unlabelled = tokens
        .as_array()
        .unwrap()
        .iter()
        .filter(|token| token["label"].is_null());
    let id = &unlabelled.next().unwrap()["id"];
    assert_eq!(&lock["lock"]["owner"]["name"], id);
    // A label that reads as the operator is another owner.
    let asked = json!({ "repo": "owners", "scope": "write", "label": "operator" });
    let liar = server().rest().make_token("locks", &asked).plaintext;
    let page = good(
        &lfs_post(&desk.hosted, &liar, "/locks/verify", &json!({})),
        200,
    );
    assert_eq!(paths(&page["ours"]), Vec::<String>::new());
}

#[test]
fn locks_come_in_pages() {
    let desk = Desk::new("pages");
    for number in 1..=5 {
        let token = if number % 2 == 0 {
            &desk.bob
        } else {
            &desk.ann
        };
        good(&desk.lock(token, &format!("{number}.bin")), 201);
    }
    let (first, next) = desk.paths("?limit=2&refspec=refs/heads/other");
    assert_eq!(first, ["1.bin", "2.bin"]);
    let next = next.unwrap();
    let (second, next) = desk.paths(&format!("?limit=2&cursor={next}"));
    assert_eq!(second, ["3.bin", "4.bin"]);
    let (third, last) = desk.paths(&format!("?limit=2&cursor={}", next.unwrap()));
    assert_eq!((third, last), (vec!["5.bin".to_owned()], None));
    assert_eq!(desk.paths("?path=&id=&cursor=&limit=&refspec=").0.len(), 5);
    assert_eq!(desk.paths("?limit=0").0.len(), 5);
    assert_eq!(desk.paths("?limit=4000000000").0.len(), 5);
    assert_eq!(desk.paths("?path=3.bin"), (vec!["3.bin".to_owned()], None));
    assert_eq!(desk.paths("?path=9.bin").0.len(), 0);
    assert_eq!(desk.paths("?id=nonsense").0.len(), 0);
    // More than a number of the database can be.
    let huge = u64::MAX.to_string();
    assert_eq!(desk.paths(&format!("?id={huge}")).0.len(), 0);
    assert_eq!(desk.paths("?id=9007199254740993").0.len(), 0);
    for id in [&huge, "9007199254740993"] {
        refused(&desk.unlock(&desk.ann, id, true), 404);
    }

    // The same in a verification: those of others apart.
    let verify = |body: &Value| {
        good(
            &lfs_post(&desk.hosted, &desk.ann, "/locks/verify", body),
            200,
        )
    };
    let page = verify(&json!({ "ref": { "name": "refs/heads/main" } }));
    assert_eq!(paths(&page["ours"]), ["1.bin", "3.bin", "5.bin"]);
    assert_eq!(paths(&page["theirs"]), ["2.bin", "4.bin"]);
    assert_eq!(cursor(&page), None);
    let page = verify(&json!({ "limit": 2 }));
    assert_eq!(
        (&paths(&page["ours"])[..], &paths(&page["theirs"])[..]),
        (&["1.bin".to_owned()][..], &["2.bin".to_owned()][..])
    );
    let page = verify(&json!({ "limit": 2, "cursor": cursor(&page) }));
    assert_eq!(paths(&page["theirs"]), ["4.bin"]);

    let rest = server().rest().with_bearer(&desk.ann);
    for query in [
        "?cursor=nonsense",
        "?cursor=-1",
        "?cursor=9007199254740993",
        "?limit=x",
        "?limit=-1",
    ] {
        let said = refused(&desk.list(&rest, query), 400);
        assert!(said.contains(&query[1..query.find('=').unwrap()]), "{said}");
    }
}

#[test]
fn readers_see_locks_and_pushers_change_them() {
    let desk = Desk::new("access");
    let id = good(&desk.lock(&desk.ann, "a.bin"), 201)["lock"]["id"].clone();
    let id = id.as_str().unwrap();
    let asked = json!({ "repo": "access", "scope": "read" });
    let rest = server().rest();
    let reader = &rest.make_token("locks", &asked).plaintext;
    let seen = good(&desk.list(&rest.with_bearer(reader), ""), 200);
    assert_eq!(paths(&seen["locks"]), ["a.bin"]);
    for answer in [
        desk.lock(reader, "b.bin"),
        desk.unlock(reader, id, true),
        lfs_post(&desk.hosted, reader, "/locks/verify", &json!({})),
    ] {
        assert_eq!(refused(&answer, 403), "the token does not allow pushing");
    }
    let unknown = desk.list(&rest.anonymous(), "");
    refused(&unknown, 401);
    assert_eq!(unknown.header("lfs-authenticate"), r#"Basic realm="cairn""#);
    rest.patch(&desk.hosted.path(""), &json!({ "public": true }))
        .result(200);
    let seen = good(&desk.list(&rest.anonymous(), ""), 200);
    assert_eq!(paths(&seen["locks"]), ["a.bin"]);
}

#[test]
fn a_lock_is_on_a_path_that_a_tree_can_have() {
    let desk = Desk::new("paths");
    for path in [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/./b",
        ".git/config",
        "a\0b",
    ] {
        let said = refused(&desk.lock(&desk.ann, path), 400);
        assert!(said.starts_with("path: "), "{path:?}: {said}");
    }
    let said = refused(&desk.lock(&desk.ann, &"x".repeat(4097)), 400);
    assert_eq!(said, "path: has 4097 bytes, at most 4096 are taken");
    let long = json!({ "path": "a", "ref": { "name": "r".repeat(4097) } });
    let said = refused(&lfs_post(&desk.hosted, &desk.ann, "/locks", &long), 400);
    assert_eq!(said, "ref.name: has 4097 bytes, at most 4096 are taken");
    for body in [
        json!({}),
        json!({ "path": 1 }),
        json!([]),
        json!({ "path": "a", "ref": "main" }),
    ] {
        refused(&lfs_post(&desk.hosted, &desk.ann, "/locks", &body), 400);
    }
    let huge = json!({ "path": "x".repeat(100_000) });
    refused(&lfs_post(&desk.hosted, &desk.ann, "/locks", &huge), 413);
    assert_eq!(desk.paths(""), (vec![], None));
    // Fields that a later git-lfs may add are let through.
    let more = json!({ "path": "a", "ref": { "name": "main", "x": 1 }, "more": [1] });
    good(&lfs_post(&desk.hosted, &desk.ann, "/locks", &more), 201);
}
