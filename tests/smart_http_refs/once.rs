//! Writes with an `Idempotency-Key` are done once.

use super::*;

fn replayed(answer: &Answer) -> bool {
    answer.headers.contains_key("idempotent-replayed")
}

#[test]
fn a_write_with_a_key_gets_its_first_answer_again() {
    let desk = Desk::new("once");
    let [first, second] = [0, 1].map(|number| desk.commits[number].clone());
    let topic = |new: &str, old: Value| json!({"updates": [{"name": "refs/heads/topic", "new": new, "old": old}]});
    let made = desk.keyed("/refs", "k1", &topic(&first, Value::Null));
    made.result(200);
    assert!(!replayed(&made));
    desk.update(&json!([{"name": "refs/heads/topic", "new": second}]));
    let entries = desk.entries();
    // Judged again it would be refused: the ref exists.
    let again = desk.keyed("/refs", "k1", &topic(&first, Value::Null));
    assert_eq!((again.status, &again.body), (200, &made.body));
    assert!(replayed(&again));
    // The same of a commit, whose branch has moved since.
    let commit = json!({"branch": "topic", "message": "m", "expected_head": second,
        "files": [{"path": "x", "content": "y"}]});
    let committed = desk.keyed("/commits", "k2", &commit);
    let head = committed.result(201)["commit"].clone();
    let again = desk.keyed("/commits", "k2", &commit);
    assert_eq!((again.status, &again.body), (201, &committed.body));
    assert!(replayed(&again));
    assert_eq!(json!(desk.find("refs/heads/topic")), head);
    assert_eq!(desk.entries().len(), entries.len() + 1);
}

#[test]
fn a_key_belongs_to_one_request_of_one_caller() {
    let desk = Desk::new("keys");
    let body = |name: &str| json!({"updates": [{"name": name, "new": "main", "old": null}]});
    desk.keyed("/refs", "k", &body("refs/heads/a")).result(200);
    for (route, other) in [
        ("/refs", body("refs/heads/b")),
        ("/commits", body("refs/heads/a")),
    ] {
        let answer = desk.keyed(route, "k", &other);
        assert_eq!(answer.error_code(422), INVALID_INPUT);
    }
    assert_eq!(desk.find("refs/heads/b"), None);
    // Another caller's key is another one.
    let operator = Desk {
        client: server().rest(),
        ..desk
    };
    operator
        .keyed("/refs", "k", &body("refs/heads/b"))
        .result(200);
    for wrong in ["", &"k".repeat(256)] {
        let answer = operator.keyed("/refs", wrong, &body("refs/heads/c"));
        assert_eq!(answer.error_code(400), INVALID_INPUT);
    }
}

#[test]
fn a_refused_write_leaves_its_key_free() {
    let desk = Desk::new("free");
    let first = desk.commits[0].clone();
    let wrong = json!({"updates": [{"name": "refs/heads/main", "new": first, "old": first}]});
    refused(
        &desk.keyed("/refs", "k", &wrong),
        409,
        CONFLICT,
        "/updates/0/old",
    );
    let right = json!({"updates": [{"name": "refs/heads/main", "new": first}]});
    let made = desk.keyed("/refs", "k", &right);
    made.result(200);
    assert!(!replayed(&made));
    assert_eq!(
        desk.keyed("/refs", "k", &wrong).error_code(422),
        INVALID_INPUT
    );
}

#[test]
fn a_commit_of_lines_with_a_key_is_done_once() {
    let desk = Desk::new("lines");
    let lines = "{\"metadata\":{\"branch\":\"main\",\"message\":\"m\",\
        \"files\":[{\"path\":\"x\",\"content_id\":\"1\"}]}}\n\
        {\"chunk\":{\"content_id\":\"1\",\"data\":\"eQ==\",\"eof\":true}}\n";
    let path = desk.hosted.path("/commits");
    let headers = [
        ("Content-Type", "application/x-ndjson"),
        ("Idempotency-Key", "l"),
    ];
    let send = |lines: &str| {
        desk.client
            .send(Method::POST, &path, &headers, lines.as_bytes())
    };
    let made = send(lines);
    made.result(201);
    let again = send(lines);
    assert_eq!((again.status, &again.body), (201, &made.body));
    assert!(replayed(&again));
    let other = lines.replace("eQ==", "eg==");
    assert_eq!(send(&other).error_code(422), INVALID_INPUT);
    assert_eq!(desk.entries().len(), 2);
}

#[test]
fn a_killed_server_has_done_a_write_with_its_key_or_not_at_all() {
    let mut server = Server::start();
    let desk = Desk::on(&server, "killed");
    let commit =
        json!({"branch": "main", "message": "m", "files": [{"path": "x", "content": "y"}]});
    let body = json!({"updates": [{"name": "refs/heads/a", "new": "main", "old": null}]});
    let made = desk.keyed("/refs", "a", &body);
    let committed = desk.keyed("/commits", "b", &commit);
    let (first, second) = (made.result(200), committed.result(201));
    server.crash();
    server.restart();
    let client = server.rest().with_bearer(&desk.hosted.token);
    let desk = Desk { client, ..desk };
    let again = desk.keyed("/refs", "a", &body);
    assert_eq!((replayed(&again), again.result(200)), (true, first));
    let again = desk.keyed("/commits", "b", &commit);
    assert_eq!((replayed(&again), again.result(201)), (true, second));
}
