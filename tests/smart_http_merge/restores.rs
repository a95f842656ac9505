//! A branch brought back to an earlier state.

use super::{Desk, NO_CHANGE, json};

#[test]
fn a_commit_brings_the_old_tree_back() {
    let desk = Desk::new("restore-commit");
    let old = desk.id("main");
    let body = json!({"branch": "main", "to": "main~1"});
    assert_eq!(
        desk.refused("/restore", &body, 404)["source"]["pointer"],
        "/to"
    );
    let first = desk.id("main~1");
    let body = json!({"branch": "main", "to": first});
    let restored = desk.post("/restore", &body).result(201);
    let head = desk.fetched("main");
    assert_eq!(
        (&restored["status"], &restored["newHead"]),
        (&json!("restored"), &json!(head))
    );
    assert_eq!(
        desk.id(&format!("{head}^{{tree}}")),
        desk.id("main~1^{tree}")
    );
    let shown = desk.git.run(&["log", "-1", "--format=%P %B", &head]);
    assert_eq!(shown, format!("{old} Restore main to {}", &first[..7]));
    assert_eq!(desk.refused("/restore", &body, 409)["code"], NO_CHANGE);
}

#[test]
fn a_move_brings_the_old_commit_back() {
    let desk = Desk::new("restore-move");
    let (old, first) = (desk.id("main"), desk.id("main~1"));
    let body = json!({"branch": "main", "to": first, "how": "move"});
    assert_eq!(desk.post("/restore", &body).result(201)["status"], "moved");
    assert_eq!(desk.fetched("main"), first);
    let missing = json!({"branch": "main", "to": {"reflog": 1_000_000}});
    assert_eq!(
        desk.refused("/restore", &missing, 404)["source"]["pointer"],
        "/to/reflog"
    );
    // The first entry of the reflog is the push of main.
    let body = json!({"branch": "main", "to": {"reflog": 1}, "how": "move"});
    desk.post("/restore", &body).result(201);
    assert_eq!(desk.fetched("main"), old);
    let other = json!({"branch": "topic", "to": {"reflog": 1}});
    assert_eq!(
        desk.refused("/restore", &other, 400)["source"]["pointer"],
        "/to/reflog"
    );
}
