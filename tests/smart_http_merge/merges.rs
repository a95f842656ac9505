//! One branch merged into another, by each strategy.

use super::{Desk, MERGE_CONFLICT, json};

#[test]
fn a_merge_equals_gits() {
    let desk = Desk::new("clean");
    let expected = desk
        .git
        .run(&["merge-tree", "--write-tree", "main", "topic"]);
    let old = desk.id("main");
    let body = json!({"into": "main", "from": "topic"});
    let merged = desk.post("/merge", &body).result(201);
    let head = desk.fetched("main");
    assert_eq!(merged["status"], "merged");
    assert_eq!(merged["branch"], "main");
    assert_eq!(merged["newHead"], head);
    assert_eq!(merged["commit"], head);
    assert_eq!(merged["oldHead"], old);
    assert_eq!(merged["tree"], expected);
    assert_eq!(merged["mergeBase"], desk.id("main~1"));
    assert_eq!(merged["commits"], json!([head]));
    assert_eq!(merged["filesChanged"], 3);
    let parents = desk.git.run(&["log", "-1", "--format=%P|%B", &head]);
    let topic = desk.id("topic");
    assert_eq!(
        parents,
        format!("{old} {topic}|Merge branch 'topic' into main")
    );
    let again = desk.post("/merge", &body).result(200);
    assert_eq!(
        (&again["status"], &again["newHead"]),
        (&json!("up_to_date"), &json!(head))
    );
}

#[test]
fn strategies_do_as_their_names_say() {
    let desk = Desk::new("strategies");
    let merge = |strategy: &str, into: &str, from: &str| {
        desk.post(
            "/merge",
            &json!({"into": into, "from": from, "strategy": strategy}),
        )
    };
    desk.push("main~1:refs/heads/old");
    let forward = merge("ff_only", "old", "topic").result(201);
    assert_eq!(forward["status"], "fast_forward");
    assert_eq!(forward["commits"], json!([]));
    assert_eq!(desk.fetched("old"), desk.id("topic"));
    desk.push("+main~1:refs/heads/old");
    assert_eq!(
        merge("ff_prefer", "old", "main").result(201)["status"],
        "fast_forward"
    );
    desk.push("main:refs/heads/preferred");
    assert_eq!(
        merge("ff_prefer", "preferred", "topic").result(201)["status"],
        "merged"
    );

    let tree = desk
        .git
        .run(&["merge-tree", "--write-tree", "main", "topic"]);
    desk.push("main:refs/heads/squashed");
    let squashed = merge("squash", "squashed", "topic").result(201);
    let head = desk.fetched("squashed");
    assert_eq!(
        (&squashed["status"], &squashed["tree"]),
        (&json!("squashed"), &json!(tree))
    );
    assert_eq!(
        desk.git.run(&["log", "-1", "--format=%P", &head]),
        desk.id("main")
    );

    desk.push("main:refs/heads/rebased");
    let rebased = merge("rebase", "rebased", "topic").result(201);
    let head = desk.fetched("rebased");
    assert_eq!(rebased["commits"].as_array().unwrap().len(), 2);
    desk.git
        .run(&["checkout", "--quiet", "-b", "by-git", "topic"]);
    desk.git.run(&["rebase", "--quiet", "main"]);
    let shown = |revision: &str| {
        desk.git
            .run(&["log", "-3", "--format=%T %an %ae %at %B", revision])
    };
    assert_eq!(shown(&head), shown("by-git"));
    assert_eq!(
        merge("rebase", "rebased", "topic").result(200)["status"],
        "up_to_date"
    );
}

#[test]
fn a_conflict_changes_nothing_and_is_told_with_its_base() {
    let desk = Desk::new("conflict");
    desk.git
        .run(&["checkout", "--quiet", "-b", "other", "main~1"]);
    desk.git.write("a.txt", "uno\n2\n3\n4\n5\n6\n7\n8\n");
    desk.git.run(&["rm", "--quiet", "dir/b.txt"]);
    desk.git.commit("other: uno");
    desk.push("other");
    let body = json!({"into": "main", "from": "other"});
    let error = desk.refused("/merge", &body, 409);
    assert_eq!(error["code"], MERGE_CONFLICT);
    let details = &error["details"];
    assert_eq!(details["mergeBase"], desk.id("main~1"));
    assert_eq!(details["conflictsTotal"], 2);
    let conflicts = details["conflicts"].as_array().unwrap();
    let base = &desk.id("main~1")[..7];
    assert_eq!(conflicts[0]["path"], "a.txt");
    assert_eq!(conflicts[0]["kind"], "content");
    let marked = format!(
        "<<<<<<< main\none\n||||||| {base}\n1\n=======\nuno\n>>>>>>> other\n2\n3\n4\n5\n6\n7\n8\n"
    );
    assert_eq!(conflicts[0]["content"], marked);
    assert_eq!(conflicts[0]["ours"]["hash"], desk.id("main:a.txt"));
    assert_eq!(conflicts[0]["theirs"]["mode"], "100644");
    assert_eq!(conflicts[1]["path"], "dir/b.txt");
    assert_eq!(conflicts[1]["kind"], "modify_delete");
    assert_eq!(conflicts[1]["theirs"], json!(null));

    let before = desk.traces();
    let dry = json!({"into": "main", "from": "other", "dry_run": true});
    let told = desk.post("/merge", &dry).result(200);
    assert_eq!(
        (&told["dryRun"], &told["status"]),
        (&json!(true), &json!("conflicts"))
    );
    assert_eq!(told["conflicts"], details["conflicts"]);
    let dry = json!({"into": "main", "from": "topic", "dry_run": true});
    let told = desk.post("/merge", &dry).result(200);
    assert_eq!(
        (&told["status"], &told["newHead"]),
        (&json!("merged"), &json!(null))
    );
    assert_eq!(desk.traces(), before, "a dry run left something behind");

    // A conflict that no hunk decides stays one; the hunks are decided.
    let theirs = json!({"into": "main", "from": "other", "on_conflict": "theirs"});
    let error = desk.refused("/merge", &theirs, 409);
    assert_eq!(error["details"]["conflictsTotal"], 1);
}

#[test]
fn sides_that_merged_each_other_have_several_bases() {
    let desk = Desk::new("crossed");
    let git = &desk.git;
    git.run(&["checkout", "--quiet", "-b", "left", "main"]);
    git.run(&["merge", "--quiet", "--no-edit", "topic"]);
    git.run(&["checkout", "--quiet", "-b", "right", "topic"]);
    git.run(&["merge", "--quiet", "--no-edit", "main"]);
    git.write("new.txt", "new\n");
    git.commit("right: new");
    git.run(&["checkout", "--quiet", "left"]);
    git.write("a.txt", "one\n2\n3\n4\n5\nsix\n7\neight\n");
    git.commit("left: six");
    git.run(&["push", "--quiet", &desk.hosted.url(), "left", "right"]);
    let tree = git.run(&["merge-tree", "--write-tree", "left", "right"]);
    let merged = desk
        .post("/merge", &json!({"into": "left", "from": "right"}))
        .result(201);
    assert_eq!(merged["tree"], tree);
    assert_eq!(merged["mergeBases"].as_array().unwrap().len(), 2);
}
