//! Commits repeated and taken back.

use super::{Desk, MERGE_CONFLICT, NO_CHANGE, json};

#[test]
fn a_cherry_pick_is_gits() {
    let desk = Desk::new("picks");
    let body = json!({"commits": [desk.id("topic~1"), "topic"], "onto": "main"});
    let picked = desk.post("/cherry-pick", &body).result(201);
    let head = desk.fetched("main");
    assert_eq!(
        (&picked["status"], &picked["newHead"]),
        (&json!("cherry_picked"), &json!(head))
    );
    assert_eq!(picked["commits"].as_array().unwrap().len(), 2);
    desk.git.run(&["cherry-pick", "topic~1", "topic"]);
    let shown = |revision: &str| {
        desk.git
            .run(&["log", "-3", "--format=%T %an %ae %at %B", revision])
    };
    assert_eq!(shown(&head), shown("main"));
    let error = desk.refused("/cherry-pick", &body, 409);
    assert_eq!(error["code"], NO_CHANGE);
    assert_eq!(error["source"]["pointer"], "/commits/0");
    let kept = json!({"commits": ["topic"], "onto": "main", "allow_empty": true});
    desk.post("/cherry-pick", &kept).result(201);
}

#[test]
fn a_revert_is_gits() {
    let desk = Desk::new("reverts");
    let body = json!({"commits": ["main"], "onto": "main"});
    let reverted = desk.post("/revert", &body).result(201);
    let head = desk.fetched("main");
    assert_eq!(reverted["status"], "reverted");
    desk.git.run(&["revert", "--no-edit", "main"]);
    let shown = |revision: &str| desk.git.run(&["log", "-1", "--format=%T %B", revision]);
    assert_eq!(shown(&head), shown("main"));
}

#[test]
fn a_merge_is_reverted_by_one_of_its_parents() {
    let desk = Desk::new("mainline");
    desk.git.run(&["merge", "--quiet", "--no-edit", "topic"]);
    desk.push("main");
    let body = json!({"commits": ["main"], "onto": "main"});
    let error = desk.refused("/revert", &body, 400);
    assert_eq!(error["source"]["pointer"], "/commits/0");
    let beyond = json!({"commits": ["main"], "onto": "main", "mainline": 3});
    assert_eq!(
        desk.refused("/revert", &beyond, 400)["source"]["pointer"],
        "/mainline"
    );
    let body = json!({"commits": ["main"], "onto": "main", "mainline": 1});
    desk.post("/revert", &body).result(201);
    let head = desk.fetched("main");
    desk.git.run(&["revert", "--no-edit", "-m", "1", "main"]);
    let shown = |revision: &str| desk.git.run(&["log", "-1", "--format=%T %B", revision]);
    assert_eq!(shown(&head), shown("main"));
}

#[test]
fn a_pick_that_conflicts_names_its_commit() {
    let desk = Desk::new("pick-conflict");
    desk.git
        .run(&["checkout", "--quiet", "-b", "other", "main~1"]);
    desk.git.write("a.txt", "uno\n2\n3\n4\n5\n6\n7\n8\n");
    let other = desk.git.commit("other: uno");
    desk.push("other");
    let body = json!({"commits": [desk.id("topic~1"), "other"], "onto": "main"});
    let error = desk.refused("/cherry-pick", &body, 409);
    assert_eq!(error["code"], MERGE_CONFLICT);
    assert_eq!(error["details"]["commit"], other);
    assert_eq!(error["details"]["conflicts"][0]["path"], "a.txt");
    let body = json!({"commits": ["other"], "onto": "main", "on_conflict": "theirs"});
    desk.post("/cherry-pick", &body).result(201);
}
