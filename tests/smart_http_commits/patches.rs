//! Commits of patches, as `git apply --index` applies them.

use serde_json::{Value, json};

use crate::Desk;

const PATCH_FAILED: u64 = 10_110;

fn body(patch: &str) -> Value {
    json!({"branch": "main", "message": "patched", "patch": patch})
}

#[test]
fn a_patch_makes_the_tree_that_git_makes_of_it() {
    let desk = Desk::new("patch");
    let lines: Vec<String> = (0..40).map(|line| format!("line {line}\n")).collect();
    let text = lines.concat();
    desk.commit(
        "main",
        &[("a.txt", &text), ("moved/from.txt", &text), ("gone", "x\n")],
    );
    let clone = desk.clone("clone");
    clone.write(
        "a.txt",
        text.replace("line 7\n", "seven\n").replace("line 30\n", ""),
    );
    clone.run(&["mv", "moved/from.txt", "to.txt"]);
    clone.run(&["rm", "--quiet", "gone"]);
    clone.write("bytes", b"\x00\x01\x02\xff".repeat(50));
    clone.write("run", "#!/bin/sh\n");
    clone.run(&["update-index", "--chmod=+x", "run"]);
    let patch = clone.run(&["diff", "--cached", "--binary", "--find-renames"]) + "\n";
    let made = desk.post(&body(&patch)).result(201);
    assert_eq!(made["tree"], clone.run(&["write-tree"]));
    assert_eq!(made["filesChanged"], 6);
    desk.clone("after");
    // The same in lines, on a branch of its own, from before.
    let before = clone.run(&["rev-parse", "HEAD"]);
    let mut metadata = body(&patch);
    metadata["branch"] = json!("other");
    metadata["base"] = json!(before);
    let again = desk.post_lines(&crate::lines(&metadata, &[])).result(201);
    assert_eq!(again["tree"], made["tree"]);
}

#[test]
fn a_patch_whose_third_file_does_not_apply_changes_nothing() {
    let desk = Desk::new("patch-bad");
    desk.commit("main", &[("a", "1\n"), ("b", "1\n"), ("c", "another\n")]);
    let one = |file: &str| format!("--- a/{file}\n+++ b/{file}\n@@ -1 +1 @@\n-1\n+2\n");
    let patch = [one("a"), one("b"), one("c")].concat();
    let error = desk.refused("a patch", 422, |desk| desk.post(&body(&patch)));
    assert_eq!(error["code"], PATCH_FAILED, "{error}");
    assert_eq!(error["source"]["pointer"], "/patch");
    assert_eq!(
        error["details"],
        json!({"file": "c", "hunk": 1, "line": 13})
    );
    let mut both = body(&one("a"));
    both["files"] = json!([{"path": "x", "content": ""}]);
    let error = desk.refused("patch and files", 400, |desk| desk.post(&both));
    assert_eq!(error["source"]["pointer"], "/patch");
}
