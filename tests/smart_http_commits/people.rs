//! The people of a commit, its times, and its words.

use serde_json::{Value, json};

use crate::support::server::server;
use crate::{Desk, INVALID_INPUT};

fn body(more: &Value) -> Value {
    let mut body = json!({"branch": "main", "message": "m", "allow_empty": true});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

#[test]
fn authors_dates_and_messages_are_as_git_writes_them() {
    let desk = Desk::new("people");
    let message = "  Subject  \n\n\n\nbody \t\n#not a comment\n\n";
    let asked = body(&json!({
        "message": message, "sign_off": true,
        "author": {"name": "Ann <A>", "email": "ann@x.org", "date": "2026-11-29T06:40:56+05:45"},
        "committer": {"name": "Bob", "email": "bob@x.org", "date": "@1700000000 -0330"},
    }));
    desk.post(&asked).result(201);
    let clone = desk.clone("clone");
    let shown = clone.run(&["cat-file", "commit", "HEAD"]);
    // Git's own, of the same words.
    let git = desk
        .scratch
        .repository("git")
        .variable("GIT_AUTHOR_NAME", "Ann <A>")
        .variable("GIT_AUTHOR_EMAIL", "ann@x.org")
        .variable("GIT_AUTHOR_DATE", "2026-11-29T06:40:56+05:45")
        .variable("GIT_COMMITTER_NAME", "Bob")
        .variable("GIT_COMMITTER_EMAIL", "bob@x.org")
        .variable("GIT_COMMITTER_DATE", "@1700000000 -0330");
    git.run(&[
        "commit",
        "--allow-empty",
        "--quiet",
        "--signoff",
        "-m",
        message,
    ]);
    assert_eq!(shown, git.run(&["cat-file", "commit", "HEAD"]));
    assert_eq!(
        clone.run(&["rev-parse", "HEAD"]),
        git.run(&["rev-parse", "HEAD"])
    );
}

#[test]
fn a_commit_is_its_tokens_unless_it_says_otherwise() {
    let desk = Desk::new("labels");
    let label = json!({"repo": desk.hosted.name, "scope": "write", "label": "agent 7"});
    let token = server().rest().make_token("commits", &label);
    let labelled = server().rest().with_bearer(&token.plaintext);
    let path = desk.hosted.path("/commits");
    let shown = |format: &str| {
        let name = format!("clone-{}", desk.scratch.path().read_dir().unwrap().count());
        desk.clone(&name)
            .run(&["log", "-1", &format!("--format={format}")])
    };
    labelled.post(&path, &body(&json!({}))).result(201);
    let id = token.id;
    let who = format!("agent 7 <{id}@cairn.invalid>");
    assert_eq!(
        shown("%an <%ae>|%cn <%ce>|%ai"),
        format!("{who}|{who}|{}", shown("%ci"))
    );
    // An author does not make a committer.
    let author = json!({"author": {"name": "A", "email": "a@x"}});
    labelled.post(&path, &body(&author)).result(201);
    assert_eq!(shown("%an <%ae>|%cn"), "A <a@x>|agent 7");
    // Nobody gave the repository's first token a label, and the operator has none.
    desk.post(&body(&json!({}))).result(201);
    assert_eq!(shown("%an"), "cairn");
    server().rest().post(&path, &body(&json!({}))).result(201);
    assert_eq!(shown("%an <%ae>"), "operator <operator@cairn.invalid>");
}

#[test]
fn words_that_git_would_not_take_are_refused() {
    let desk = Desk::new("words");
    let long = "x".repeat(1025);
    for (more, pointer) in [
        (json!({"message": " \n"}), "/message"),
        (json!({"message": "a\0b"}), "/message"),
        (
            json!({"author": {"name": "<>", "email": "a"}}),
            "/author/name",
        ),
        (
            json!({"author": {"name": "a", "email": "a", "date": "yesterday"}}),
            "/author/date",
        ),
        (
            json!({"committer": {"name": "a", "email": long}}),
            "/committer/email",
        ),
        (
            json!({"author": {"name": "a", "email": "a", "zone": 1}}),
            "/author/zone",
        ),
        (json!({"push_options": ["a", "b\nc"]}), "/push_options/1"),
    ] {
        let error = desk.refused(pointer, 400, |desk| desk.post(&body(&more)));
        assert_eq!(error["code"], INVALID_INPUT, "{error}");
        assert_eq!(error["source"]["pointer"], pointer, "{error}");
    }
}
