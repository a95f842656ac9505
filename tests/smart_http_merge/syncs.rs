//! Forks that take over their source's present commits.

use super::elsewhere::{cloned, commit, forked, path_of};
use super::{CONFLICT, Desk, Hosted, INVALID_INPUT, NOT_FOUND, Rest, Value, json, server};

fn sync(hosted: &Hosted, client: &Rest, body: &Value) -> super::Answer {
    client.post(&hosted.path("/sync-fork"), body)
}

/// Code and field of a refusal.
fn refused(answer: &super::Answer, status: u16) -> (u64, String) {
    let pointer = &answer.json()["errors"][0]["source"]["pointer"];
    let pointer = pointer.as_str().unwrap_or_default().to_owned();
    (answer.error_code(status), pointer)
}

#[test]
fn a_fork_takes_over_its_sources_present_commits() {
    let desk = Desk::new("sync");
    let fork = forked(&desk, "sync-fork", false);
    let operator = server().rest();
    let same = sync(&fork, &operator, &json!({})).result(200);
    assert_eq!(same["status"], "up_to_date");

    let theirs = commit(
        &desk.hosted,
        "main",
        &json!([{"path": "one.txt", "content": "1\n"}]),
    );
    let tried = sync(&fork, &operator, &json!({"dry_run": true})).result(200);
    assert_eq!(
        (&tried["status"], &tried["newHead"]),
        (&json!("fast_forward"), &json!(null))
    );
    let moved = sync(&fork, &operator, &json!({})).result(201);
    assert_eq!(
        (&moved["status"], &moved["newHead"]),
        (&json!("fast_forward"), &json!(theirs))
    );

    // The fork has work of its own from now on.
    let ours = commit(
        &fork,
        "main",
        &json!([{"path": "two.txt", "content": "2\n"}]),
    );
    let theirs = commit(
        &desk.hosted,
        "main",
        &json!([{"path": "three.txt", "content": "3\n"}]),
    );
    let only = json!({"strategy": "ff_only"});
    assert_eq!(sync(&fork, &operator, &only).error_code(409), CONFLICT);
    let stale = json!({"expected_head": theirs});
    assert_eq!(sync(&fork, &operator, &stale).error_code(409), CONFLICT);
    let merged = sync(&fork, &operator, &json!({"branch": "main"})).result(201);
    assert_eq!(merged["status"], "merged");
    let (_scratch, git) = cloned(&fork);
    let shown = git.run(&["log", "-1", "--format=%P|%s", "HEAD"]);
    let message = format!("Merge branch 'main' of {} into main", path_of(&desk.hosted));
    assert_eq!(shown, format!("{ours} {theirs}|{message}"));
}

#[test]
fn a_repository_that_is_not_a_fork_or_lacks_the_branch_is_not_synced() {
    let desk = Desk::new("sync-refused");
    let fork = forked(&desk, "sync-refused-fork", false);
    let operator = server().rest();
    let none = refused(&sync(&desk.hosted, &operator, &json!({})), 400);
    assert_eq!((none.0, none.1.as_str()), (INVALID_INPUT, ""));
    let missing = refused(&sync(&fork, &operator, &json!({"branch": "nowhere"})), 404);
    assert_eq!((missing.0, missing.1.as_str()), (NOT_FOUND, "/branch"));
    let unknown = refused(&sync(&fork, &operator, &json!({"from": "x"})), 400);
    assert_eq!((unknown.0, unknown.1.as_str()), (INVALID_INPUT, "/from"));
    // The token of the fork may not read its source.
    let own = server().rest().with_bearer(&fork.token);
    assert_eq!(sync(&fork, &own, &json!({})).error_code(404), NOT_FOUND);
    let stranger = server().rest();
    let stranger = stranger.with_bearer("cairn_nobody");
    assert_eq!(sync(&fork, &stranger, &json!({})).status, 401);
    // Nothing moved.
    let (_scratch, git) = cloned(&fork);
    assert_eq!(git.run(&["rev-parse", "HEAD"]), desk.id("main"));
}
