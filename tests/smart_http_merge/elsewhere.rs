//! Merges from a fork, or from any repository of the deployment that the caller may read.

use super::{CONFLICT, Desk, Hosted, INVALID_INPUT, MERGE_CONFLICT, NOT_FOUND, Rest, Value, json};
use super::{Scratch, server};

/// A fork, and a commit in it by REST.
pub fn forked(desk: &Desk, name: &str, only_default: bool) -> Hosted {
    let operator = server().rest();
    let body = json!({"name": name, "default_branch_only": only_default});
    let made = operator.post(&desk.hosted.path("/fork"), &body);
    Hosted::made(&desk.hosted.namespace, &made)
}

pub fn commit(hosted: &Hosted, branch: &str, files: &Value) -> String {
    let client = server().rest().with_bearer(&hosted.token);
    let body = json!({"branch": branch, "message": format!("work on {branch}"), "files": files});
    let made = client.post(&hosted.path("/commits"), &body).result(201);
    made["commit"].as_str().unwrap().to_owned()
}

pub fn path_of(hosted: &Hosted) -> String {
    format!("{}/{}", hosted.namespace, hosted.name)
}

pub fn from(hosted: &Hosted, revision: &str) -> Value {
    json!({"repository": path_of(hosted), "ref": revision})
}

/// A fresh clone by git, checked.
pub fn cloned(hosted: &Hosted) -> (Scratch, super::Git) {
    let scratch = Scratch::new();
    let folder = scratch.join("clone");
    let folder = folder.to_str().unwrap();
    scratch
        .git()
        .run(&["clone", "--quiet", &hosted.url(), folder]);
    let git = scratch.git_in("clone");
    git.run(&["fsck", "--strict", "--no-dangling"]);
    (scratch, git)
}

fn merge_as(client: &Rest, desk: &Desk, body: &Value) -> super::Answer {
    client.post(&desk.hosted.path("/merge"), body)
}

#[test]
fn the_work_of_a_fork_is_merged_back_in_one_request() {
    let desk = Desk::new("elsewhere-back");
    let fork = forked(&desk, "elsewhere-back-fork", false);
    commit(
        &fork,
        "main",
        &json!([{"path": "agent/notes.md", "content": "of the fork\n"}]),
    );
    let theirs = commit(
        &fork,
        "main",
        &json!([{"path": "agent/notes.md", "content": "of the fork, again\n"}]),
    );
    // Meanwhile the source goes on.
    let ours = commit(
        &desk.hosted,
        "main",
        &json!([{"path": "here.txt", "content": "of the source\n"}]),
    );
    let operator = server().rest();
    let body = json!({"into": "main", "from": from(&fork, "main"), "expected_head": ours});
    let merged = merge_as(&operator, &desk, &body).result(201);
    assert_eq!(merged["status"], "merged");
    assert_eq!(merged["mergeBase"], desk.id("main"));
    assert_eq!(merged["filesChanged"], 1);
    let (_scratch, git) = cloned(&desk.hosted);
    let head = git.run(&["rev-parse", "HEAD"]);
    assert_eq!(merged["newHead"], head);
    let shown = git.run(&["log", "-1", "--format=%P|%B", "HEAD"]);
    let message = format!("Merge branch 'main' of {} into main", path_of(&fork));
    assert_eq!(shown, format!("{ours} {theirs}|{message}"));
    let notes = git.run(&["show", "HEAD:agent/notes.md"]);
    assert_eq!(notes, "of the fork, again");
    let tree = git.run(&["merge-tree", "--write-tree", &ours, &theirs]);
    assert_eq!(merged["tree"], tree);

    // All of it is here now.
    let again = merge_as(&operator, &desk, &body).json();
    assert_eq!(again["errors"][0]["source"]["pointer"], "/expected_head");
    let body = json!({"into": "main", "from": from(&fork, "main")});
    let again = merge_as(&operator, &desk, &body).result(200);
    assert_eq!(again["status"], "up_to_date");
    // And the fork takes the objects it lacks, by its own name of it.
    let body = json!({"into": "main", "from": from(&desk.hosted, &head), "strategy": "ff_only"});
    let forward = operator.post(&fork.path("/merge"), &body).result(201);
    assert_eq!(forward["status"], "fast_forward");
    let (_other, git) = cloned(&fork);
    assert_eq!(git.run(&["rev-parse", "HEAD"]), head);
}

#[test]
fn every_strategy_merges_from_another_repository() {
    let desk = Desk::new("elsewhere-strategies");
    let scratch = Scratch::new();
    // No fork: its packs are its own, with deltas, tags and a longer history.
    let other = server()
        .rest()
        .create_repository("merges-elsewhere", "strategies");
    let git = scratch.git();
    git.run(&["clone", "--quiet", &desk.hosted.url(), "work"]);
    let git = scratch.git_in("work");
    let mut lines: Vec<String> = Vec::new();
    for number in 0..40 {
        lines.push(format!("line {number} of a text that makes deltas\n"));
        git.write("long.txt", lines.concat());
        git.commit(&format!("number {number}"));
    }
    git.run(&["tag", "-a", "-m", "a tag", "v1"]);
    git.run(&["push", "--quiet", &other.url(), "main", "v1"]);
    let theirs = git.run(&["rev-parse", "HEAD"]);
    let operator = server().rest();
    let merge = |into: &str, strategy: &str, revision: &str| {
        desk.push(&format!("main:refs/heads/{into}"));
        let body = json!({"into": into, "from": from(&other, revision), "strategy": strategy});
        merge_as(&operator, &desk, &body).result(201)
    };
    let forward = merge("forward", "ff_only", "v1");
    assert_eq!(forward["status"], "fast_forward");
    assert_eq!(forward["commits"], json!([]));
    assert_eq!(desk.fetched("forward"), theirs);
    let body = json!({"into": "topic", "from": from(&other, "main"), "strategy": "squash"});
    let squashed = merge_as(&operator, &desk, &body).result(201);
    let message = desk
        .git
        .run(&["log", "-1", "--format=%B", &desk.fetched("topic")]);
    let expected = format!("Squash branch 'main' of {} into topic", path_of(&other));
    assert_eq!(
        (squashed["status"].as_str(), message),
        (Some("squashed"), expected)
    );
    // The squash has the files, not the commits.
    desk.push("+topic:refs/heads/repeated");
    let body = json!({"into": "repeated", "from": from(&other, "main~0"), "strategy": "rebase"});
    assert_eq!(merge_as(&operator, &desk, &body).error_code(404), NOT_FOUND);
    let body = json!({"into": "repeated", "from": from(&other, "main"), "strategy": "rebase"});
    let rebased = merge_as(&operator, &desk, &body).result(201);
    assert_eq!(rebased["status"], "rebased");
    let head = desk.fetched("repeated");
    let count = desk
        .git
        .run(&["rev-list", "--count", &format!("topic..{head}")]);
    assert_eq!(
        rebased["commits"].as_array().unwrap().len().to_string(),
        count
    );
    // Nothing of the tag came: nobody asked for it.
    let (_clone, git) = cloned(&desk.hosted);
    assert_eq!(git.run(&["tag"]), "");
}

#[test]
fn a_fork_takes_objects_that_lie_in_its_packs_unseen() {
    let desk = Desk::new("elsewhere-unseen");
    // The fork shares the pack that has `topic`, and no ref of the fork reaches it.
    let fork = forked(&desk, "elsewhere-unseen-fork", true);
    let topic = desk.id("topic");
    let alone = json!({"into": "main", "from": topic});
    let client = server().rest();
    let refused = client.post(&fork.path("/merge"), &alone);
    assert_eq!(refused.error_code(404), NOT_FOUND);
    let body = json!({"into": "main", "from": from(&desk.hosted, "topic")});
    let merged = client.post(&fork.path("/merge"), &body).result(201);
    let (_scratch, git) = cloned(&fork);
    assert_eq!(merged["newHead"], git.run(&["rev-parse", "HEAD"]));
    assert_eq!(git.run(&["rev-parse", "HEAD^2"]), topic);
}

#[test]
fn conflicts_and_dry_runs_leave_nothing_of_the_other_repository() {
    let desk = Desk::new("elsewhere-conflict");
    let fork = forked(&desk, "elsewhere-conflict-fork", false);
    let line = |text: &str| json!([{"path": "dir/b.txt", "content": text}]);
    let big = "x".repeat(600_000);
    commit(&fork, "main", &json!([{"path": "big.txt", "content": big}]));
    let theirs = commit(&fork, "main", &line("theirs\n"));
    let ours = commit(&desk.hosted, "main", &line("ours\n"));
    let operator = server().rest();
    let body = json!({"into": "main", "from": from(&fork, "main")});
    let traces = desk.traces();
    let refused = merge_as(&operator, &desk, &body);
    assert_eq!(refused.error_code(409), MERGE_CONFLICT);
    let details = refused.json()["errors"][0]["details"].clone();
    assert_eq!(details["mergeBase"], desk.id("main"));
    assert_eq!(details["conflicts"][0]["path"], "dir/b.txt");
    let content = details["conflicts"][0]["content"].as_str().unwrap();
    let marker = format!(">>>>>>> {}:main\n", path_of(&fork));
    assert!(content.ends_with(&marker), "{content}");
    let dry = |more: &Value| {
        let mut body = body.clone();
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        merge_as(&operator, &desk, &body).result(200)
    };
    let told = dry(&json!({"dry_run": true}));
    assert_eq!(told["status"], "conflicts");
    let told = dry(&json!({"dry_run": true, "on_conflict": "theirs"}));
    assert_eq!(
        (&told["status"], &told["newHead"]),
        (&json!("merged"), &Value::Null)
    );
    assert_eq!(desk.traces(), traces, "something was left behind");
    let hidden = desk
        .client
        .get(&desk.hosted.path(&format!("/commit/{theirs}")));
    assert_eq!(hidden.error_code(404), NOT_FOUND);

    // A rule, and a guard, are looked at before and after.
    let body = json!({"into": "main", "from": from(&fork, "main"), "strategy": "ff_only"});
    let refused = merge_as(&operator, &desk, &body).json();
    assert_eq!(refused["errors"][0]["source"]["pointer"], "/strategy");
    assert_eq!(refused["errors"][0]["code"], CONFLICT);
    assert_eq!(desk.traces(), traces, "something was left behind");
    let body = json!({"into": "main", "from": from(&fork, "main"), "on_conflict": "theirs"});
    let merged = merge_as(&operator, &desk, &body).result(201);
    assert_eq!(merged["oldHead"], ours);
    let (_scratch, git) = cloned(&desk.hosted);
    assert_eq!(git.run(&["show", "HEAD:dir/b.txt"]), "theirs");
}

#[test]
fn a_credential_must_be_allowed_to_read_the_other_repository() {
    let desk = Desk::new("elsewhere-read");
    let fork = forked(&desk, "elsewhere-read-fork", false);
    commit(
        &fork,
        "main",
        &json!([{"path": "new.txt", "content": "new\n"}]),
    );
    let operator = server().rest();
    let ask = |client: &Rest, repository: &str, dry_run: bool| {
        let from = json!({"repository": repository, "ref": "main"});
        let body = json!({"into": "main", "from": from, "dry_run": dry_run});
        merge_as(client, &desk, &body)
    };
    let path = path_of(&fork);
    // A caller that may not read it gets the same answer as if it did not exist.
    let hidden = ask(&desk.client, &path, false);
    assert_eq!(hidden.error_code(404), NOT_FOUND);
    let missing = ask(&desk.client, "merges/elsewhere-no-such", false);
    let elsewhere = ask(&desk.client, "nobody-at-all/elsewhere-no-such", false);
    let said = |answer: &super::Answer| answer.json()["errors"].clone();
    assert_eq!(said(&hidden), said(&missing));
    assert_eq!(said(&hidden), said(&elsewhere));
    assert_eq!(said(&hidden)[0]["source"]["pointer"], "/from/repository");
    let by_the_operator = ask(&operator, "merges/elsewhere-no-such", false);
    assert_eq!(said(&hidden), said(&by_the_operator));
    // The fork's token reads it, and may not write here.
    let of_the_fork = operator.with_bearer(&fork.token);
    assert_eq!(ask(&of_the_fork, &path, false).error_code(403), 10_000);

    // A token of the namespace opens both.
    let holder = |body: &Value| {
        let made = operator.make_token("merges", body);
        operator.with_bearer(&made.plaintext)
    };
    let admin = holder(&json!({"scope": "admin", "ttl": 600}));
    assert_eq!(ask(&admin, &path, true).result(200)["status"], "merged");
    let both = json!({"ttl": 600, "scope": "write", "repos": [desk.hosted.name, fork.name]});
    assert_eq!(
        ask(&holder(&both), &path, true).result(200)["status"],
        "merged"
    );
    let only = json!({"ttl": 600, "scope": "write", "repos": [desk.hosted.name]});
    assert_eq!(said(&ask(&holder(&only), &path, true)), said(&hidden));

    // A repository's own token may merge from a repository that everybody may read.
    let public = json!({"public": true});
    operator.patch(&fork.path(""), &public).result(200);
    let shouted = path.to_uppercase();
    assert_eq!(
        ask(&desk.client, &shouted, false).result(201)["status"],
        "merged"
    );
}

#[test]
fn a_fault_of_another_repository_is_named() {
    let desk = Desk::new("elsewhere-refused");
    let path = path_of(&desk.hosted);
    let other = server()
        .rest()
        .create_repository("merges-elsewhere", "empty");
    let operator = Desk {
        client: server().rest(),
        ..desk
    };
    let cases: [(Value, u16, u64, &str); 11] = [
        (json!({"repository": path}), 400, INVALID_INPUT, "/from/ref"),
        (
            json!({"ref": "main"}),
            400,
            INVALID_INPUT,
            "/from/repository",
        ),
        (
            json!({"repository": path, "ref": "main", "x": 1}),
            400,
            INVALID_INPUT,
            "/from/x",
        ),
        (
            json!({"repository": 1, "ref": "main"}),
            400,
            INVALID_INPUT,
            "/from/repository",
        ),
        (json!(["main"]), 400, INVALID_INPUT, "/from"),
        (
            json!({"repository": "app", "ref": "main"}),
            400,
            INVALID_INPUT,
            "/from/repository",
        ),
        (
            json!({"repository": "a/b/c", "ref": "main"}),
            400,
            INVALID_INPUT,
            "/from/repository",
        ),
        (
            json!({"repository": "../x", "ref": "main"}),
            400,
            INVALID_INPUT,
            "/from/repository",
        ),
        (
            json!({"repository": path_of(&other), "ref": ""}),
            400,
            INVALID_INPUT,
            "/from/ref",
        ),
        (
            json!({"repository": path_of(&other), "ref": "HEAD"}),
            404,
            NOT_FOUND,
            "/from/ref",
        ),
        (
            json!({"repository": path, "ref": "missing"}),
            404,
            NOT_FOUND,
            "/from",
        ),
    ];
    for (from, status, code, pointer) in cases {
        let body = json!({"into": "main", "from": from});
        let error = operator.refused("/merge", &body, status);
        assert_eq!(error["code"], code, "{body}: {error}");
        assert_eq!(error["source"]["pointer"], pointer, "{body}: {error}");
    }
    let own = json!({"into": "main", "from": {"repository": path, "ref": "topic"}});
    let merged = operator.post("/merge", &own).result(201);
    assert_eq!(merged["status"], "merged");
    // Histories without a common commit.
    commit(
        &other,
        "main",
        &json!([{"path": "alone", "content": "alone\n"}]),
    );
    let body = json!({"into": "main", "from": from(&other, "main")});
    let error = operator.refused("/merge", &body, 409);
    assert_eq!(error["source"]["pointer"], "/from");
    // The branch is looked at first.
    let body = json!({"into": "missing", "from": from(&other, "main")});
    assert_eq!(
        operator.refused("/merge", &body, 404)["source"]["pointer"],
        "/into"
    );
}
