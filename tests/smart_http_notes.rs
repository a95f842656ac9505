//! Notes by REST beside real `git notes`: each reads the other's notes.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use serde_json::{Value, json};
use support::git::Git;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::server;
use ureq::http::Method;

const NOTES: &str = "refs/notes/*:refs/notes/*";

/// A repository with two commits and a tag, and a clone of it.
struct Story {
    _scratch: Scratch,
    rest: Rest,
    hosted: Hosted,
    clone: Git,
    path: String,
}

fn story(name: &str) -> Story {
    let scratch = Scratch::new();
    let rest = server().rest();
    let hosted = rest.create_repository("notes", name);
    let clone = scratch.repository("clone");
    clone.write("file", "one\n");
    clone.commit("first");
    clone.write("file", "two\n");
    clone.commit("second");
    clone.run(&["tag", "-a", "-m", "a tag", "v1", "HEAD^"]);
    clone.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    Story {
        rest: rest.with_bearer(&hosted.token),
        path: hosted.path("/notes"),
        _scratch: scratch,
        hosted,
        clone,
    }
}

impl Story {
    fn add(&self, body: &Value) -> Answer {
        self.rest.post(&self.path, body)
    }

    fn remove(&self, body: &Value) -> Answer {
        self.rest
            .send(Method::DELETE, &self.path, &[], body.to_string().as_bytes())
    }

    fn get(&self, query: &str) -> Answer {
        self.rest.get(&format!("{}?{query}", self.path))
    }

    fn fetch(&self) {
        self.clone
            .run(&["fetch", "--quiet", &self.hosted.url(), &format!("+{NOTES}")]);
    }

    fn push(&self) {
        self.clone
            .run(&["push", "--quiet", &self.hosted.url(), NOTES]);
    }

    fn rev(&self, name: &str) -> String {
        self.clone.run(&["rev-parse", name])
    }
}

/// The pointer, the code and the status of an error.
fn error(answer: &Answer) -> (u16, u64, String) {
    let envelope = answer.json();
    let pointer = envelope["errors"][0]["source"]["pointer"]
        .as_str()
        .unwrap_or_default();
    (
        answer.status,
        answer.error_code(answer.status),
        pointer.to_owned(),
    )
}

#[test]
fn git_notes_reads_notes_written_by_rest() {
    let story = story("written");
    let head = story.rev("HEAD");
    let added = story
        .add(&json!({"object": "main", "note": "reviewed  \n\n\nby me"}))
        .result(201);
    assert_eq!(added["object"], head);
    assert_eq!(
        (&added["ref"], &added["oldHead"]),
        (&json!("refs/notes/commits"), &Value::Null)
    );
    assert_eq!(added["commit"], added["newHead"]);
    story.fetch();
    assert_eq!(
        story.clone.run(&["notes", "show", "HEAD"]),
        "reviewed\n\nby me"
    );
    let more = json!({"object": head, "note": "and more", "action": "append",
                      "expected_ref": added["newHead"]});
    let more = story.add(&more).result(201);
    assert_eq!(more["oldHead"], added["newHead"]);
    story.fetch();
    assert_eq!(
        story.clone.run(&["notes", "show", "HEAD"]),
        "reviewed\n\nby me\n\nand more"
    );
    let other = json!({"object": "v1", "note": "on the tag", "ref": "review"});
    assert_eq!(story.add(&other).result(201)["ref"], "refs/notes/review");
    story.fetch();
    let shown = story.clone.run(&["notes", "--ref", "review", "show", "v1"]);
    assert_eq!(shown, "on the tag");
    let removed = story.remove(&json!({"object": head})).result(200);
    assert_eq!(removed["blob"], Value::Null);
    story.fetch();
    assert_eq!(story.clone.run(&["notes", "list"]), "");
    story.clone.run(&["fsck", "--strict"]);
}

#[test]
fn notes_by_rest_and_by_git_notes_are_the_same_commits() {
    let story = story("same");
    let head = story.rev("HEAD");
    let person = json!({"name": "A U Thor", "email": "a@example.com", "date": "@1700000000 +0100"});
    let git = story
        .clone
        .clone()
        .variable("GIT_AUTHOR_NAME", "A U Thor")
        .variable("GIT_AUTHOR_EMAIL", "a@example.com")
        .variable("GIT_AUTHOR_DATE", "@1700000000 +0100")
        .variable("GIT_COMMITTER_NAME", "A U Thor")
        .variable("GIT_COMMITTER_EMAIL", "a@example.com")
        .variable("GIT_COMMITTER_DATE", "@1700000000 +0100");
    let steps: [(&[&str], Value); 3] = [
        (&["add", "-m", "one"], json!({"note": "one"})),
        (
            &["append", "-m", "two"],
            json!({"note": "two", "action": "append"}),
        ),
        (
            &["add", "-f", "-m", "three"],
            json!({"note": "three", "action": "replace"}),
        ),
    ];
    for (arguments, body) in steps {
        let mut body = body;
        body["object"] = json!(head);
        (body["author"], body["committer"]) = (person.clone(), person.clone());
        let ours = story.add(&body).result(201);
        git.run(&[&["notes"], arguments, &["HEAD"]].concat());
        assert_eq!(
            ours["commit"],
            git.run(&["rev-parse", "refs/notes/commits"])
        );
    }
    let body = json!({"object": head, "author": person, "committer": person});
    let ours = story.remove(&body).result(200);
    git.run(&["notes", "remove", "HEAD"]);
    assert_eq!(
        ours["commit"],
        git.run(&["rev-parse", "refs/notes/commits"])
    );
}

#[test]
fn rest_reads_notes_written_by_git() {
    let story = story("read");
    assert_eq!(story.get("ref=commits").result(200), json!([]));
    let head = story.rev("HEAD");
    let first = story.rev("HEAD^");
    story.clone.run(&["notes", "add", "-m", "by git", "HEAD"]);
    std::fs::write(story.clone.folder().join("binary"), b"\xff\x00\xfe").unwrap();
    story.clone.run(&["hash-object", "-w", "binary"]);
    let blob = story.clone.run(&["hash-object", "binary"]);
    story.clone.run(&["notes", "add", "-C", &blob, "HEAD^"]);
    // Enough of them for directories.
    let lines: Vec<String> = (0..600_u64)
        .map(|n| {
            format!(
                "{head} {:016x}{:024x}\n",
                n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                n
            )
        })
        .collect();
    story
        .clone
        .run_with(&["notes", "copy", "--stdin"], lines.concat().as_bytes());
    assert!(
        story
            .clone
            .run(&["ls-tree", "-r", "--name-only", "refs/notes/commits"])
            .contains('/')
    );
    story.push();
    let note = story.get("object=main").result(200);
    assert_eq!(
        (&note["note"], &note["object"]),
        (&json!("by git\n"), &json!(head))
    );
    assert_eq!(note["head"], story.rev("refs/notes/commits"));
    let note = story
        .get(&format!("object={first}&ref=notes/commits"))
        .result(200);
    assert_eq!(
        (&note["noteBase64"], &note["blob"]),
        (&json!("/wD+"), &json!(blob))
    );
    let mut listed = String::new();
    let mut cursor = String::new();
    loop {
        let page = story.get(&format!("limit=250&cursor={cursor}")).json();
        for note in page["result"].as_array().unwrap() {
            let line = [
                note["blob"].as_str().unwrap(),
                " ",
                note["object"].as_str().unwrap(),
                "\n",
            ];
            listed += &line.concat();
        }
        cursor = page["result_info"]["cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(listed.trim_end(), story.clone.run(&["notes", "list"]));
    // Our own notes stand in git's directories.
    story
        .add(&json!({"object": "v1", "note": "on the tag"}))
        .result(201);
    story.fetch();
    assert_eq!(story.clone.run(&["notes", "show", "v1"]), "on the tag");
    let ours = story.rev("refs/notes/commits^{tree}");
    story
        .clone
        .run(&["update-ref", "refs/notes/commits", "refs/notes/commits^"]);
    story.clone.run(&["notes", "add", "-m", "on the tag", "v1"]);
    assert_eq!(ours, story.rev("refs/notes/commits^{tree}"));
}

#[test]
fn a_note_with_a_key_is_answered_with_the_same_status_again() {
    let story = story("once");
    let send = |method: Method, body: &Value| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "key of a note"),
        ];
        let body = body.to_string();
        (story.rest).send(method, &story.path, &headers, body.as_bytes())
    };
    let note = json!({"object": "main", "note": "seen"});
    let made = send(Method::POST, &note).result(201);
    let again = send(Method::POST, &note);
    assert_eq!(again.result(201), made);
    assert_eq!(again.header("idempotent-replayed"), "true");
}

#[test]
#[allow(clippy::too_many_lines)] // a table of refusals
fn what_is_wrong_with_a_note_is_named_and_changes_nothing() {
    let story = story("wrong");
    let added = story
        .add(&json!({"object": "main", "note": "one"}))
        .result(201);
    let head = &added["newHead"];
    let null = "0".repeat(40);
    let long = "x".repeat(300);
    let cases = [
        (
            json!({"object": "main", "note": "two"}),
            (409, 10201, "/object"),
        ),
        (
            json!({"object": "main", "note": " \n\n", "action": "append"}),
            (400, 10100, "/note"),
        ),
        (
            json!({"object": "main", "note": "a\u{0}b"}),
            (400, 10100, "/note"),
        ),
        (
            json!({"object": "main", "note": "one", "action": "replace"}),
            (409, 10312, ""),
        ),
        (
            json!({"object": "none", "note": "x"}),
            (404, 10200, "/object"),
        ),
        (
            json!({"object": null, "note": "x"}),
            (400, 10100, "/object"),
        ),
        (json!({"object": "", "note": "x"}), (400, 10100, "/object")),
        (
            json!({"object": "1".repeat(40), "note": "x"}),
            (404, 10200, "/object"),
        ),
        (
            json!({"object": "main", "note": "x", "ref": "a..b"}),
            (400, 10100, "/ref"),
        ),
        (
            json!({"object": "main", "note": "x", "ref": long}),
            (400, 10100, "/ref"),
        ),
        (
            json!({"object": "main", "note": "x", "action": "edit"}),
            (400, 10100, "/action"),
        ),
        (
            json!({"object": "main", "note": "x", "colour": 1}),
            (400, 10100, "/colour"),
        ),
        (
            json!({"object": "main", "note": "x", "author": {"name": ",", "email": "a"}}),
            (400, 10100, "/author/name"),
        ),
        (
            json!({"object": "main", "note": "x", "expected_ref": null, "action": "replace"}),
            (409, 10310, "/expected_ref"),
        ),
        (
            json!({"object": "main", "note": "x", "expected_ref": "no"}),
            (400, 10100, "/expected_ref"),
        ),
        (
            json!({"object": "main", "note": "x", "push_options": ["a\nb"]}),
            (400, 10100, "/push_options/0"),
        ),
    ];
    for (body, (status, code, pointer)) in cases {
        let answer = story.add(&body);
        assert_eq!(
            error(&answer),
            (status, code, pointer.to_owned()),
            "{body} {}",
            answer.text()
        );
    }
    let answer = story.add(&json!({"object": "main", "note": "x", "expected_ref": null}));
    assert_eq!(&answer.json()["errors"][0]["details"]["actual"], head);
    let answer = story.remove(&json!({"object": "v1"}));
    assert_eq!(error(&answer), (404, 10200, "/object".to_owned()));
    let answer = story.remove(&json!({"object": "main", "expected_ref": null}));
    assert_eq!(error(&answer), (409, 10310, "/expected_ref".to_owned()));
    let queries = [
        ("object=v1", (404, 10200, "/object")),
        (&*format!("object={null}"), (404, 10200, "/object")),
        ("limit=0", (400, 10100, "/limit")),
        ("limit=1001", (400, 10100, "/limit")),
        ("cursor=x", (400, 10100, "/cursor")),
        ("object=main&limit=3", (400, 10100, "/limit")),
        ("ref=a..b", (400, 10100, "/ref")),
    ];
    for (query, (status, code, pointer)) in queries {
        let answer = story.get(query);
        assert_eq!(
            error(&answer),
            (status, code, pointer.to_owned()),
            "{query} {}",
            answer.text()
        );
    }
    assert_eq!(&story.get("object=main").result(200)["head"], head);
    let anonymous = story.rest.anonymous();
    let body = json!({"object": "main", "note": "x"});
    assert_eq!(anonymous.post(&story.path, &body).status, 401);
    assert_eq!(anonymous.get(&story.path).status, 401);
    let admin = server().rest();
    admin
        .patch(&story.hosted.path(""), &json!({"read_only": true}))
        .result(200);
    let answer = story.add(&json!({"object": "v1", "note": "x"}));
    assert_eq!(
        error(&answer),
        (403, 10320, "/ref".to_owned()),
        "{}",
        answer.text()
    );
}
