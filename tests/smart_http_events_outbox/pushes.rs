//! Pushes: the events of each ref, and the refs without any.

use serde_json::{Value, json};

use super::books::{Told, agreed, id_of, kinds, own};
use super::support::git::Git;
use super::support::history::History;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, server};

const NONE: &str = "0000000000000000000000000000000000000000";

struct Story {
    scratch: Scratch,
    hosted: Hosted,
    id: String,
    work: Git,
}

impl Story {
    fn new(name: &str) -> Self {
        let hosted = server().rest().create_repository("told", name);
        let (scratch, id) = (Scratch::new(), id_of(server(), &hosted));
        let work = scratch.repository("work");
        Self {
            scratch,
            hosted,
            id,
            work,
        }
    }

    fn push(&self, arguments: &[&str]) {
        let url = self.hosted.url();
        self.work
            .run(&[&["push", "--quiet", &url], arguments].concat());
    }

    fn told(&self) -> Vec<Told> {
        own(server(), &self.id)
    }

    /// The events that came since there were so many.
    fn since(&self, count: usize) -> Vec<Told> {
        self.told().split_off(count)
    }

    fn revision(&self, name: &str) -> String {
        let id = self.work.run(&["rev-parse", name]);
        id.trim().to_owned()
    }
}

fn text<'a>(payload: &'a Value, field: &str) -> &'a str {
    payload[field].as_str().unwrap()
}

fn ids(payload: &Value) -> Vec<&str> {
    let commits = payload["commits"].as_array().unwrap();
    commits.iter().map(|commit| text(commit, "id")).collect()
}

/// The newest twenty commits of a range, oldest first, as git lists them.
fn listed(work: &Git, range: &[&str]) -> Vec<String> {
    let list = work.run(&[&["rev-list", "--max-count=20"], range].concat());
    let mut ids: Vec<_> = list.lines().map(str::to_owned).collect();
    ids.reverse();
    ids
}

#[test]
fn a_push_is_told_with_its_commits_its_pusher_and_its_request() {
    let story = Story::new("commits");
    let token = json!({"repo": "commits", "scope": "write", "label": "ci"});
    let made = server()
        .rest()
        .post("/api/v1/namespaces/told/tokens", &token);
    let made = made.result(201);
    story.work.write("file", "one\n");
    let first = story.work.commit("first\n\nWith a body.\n");
    let url = story.hosted.url_with(made["plaintext"].as_str().unwrap());
    let header = "http.extraHeader=x-request-id: the-request";
    let push = [
        "-c", header, "push", "--quiet", "-o", "ci.skip", &url, "main",
    ];
    story.work.run(&push);
    let told = agreed(server(), &story.id);
    assert_eq!(
        kinds(&told),
        ["repo.created", "repo.token.created", "repo.pushed"]
    );
    let pushed = &told[2];
    let actor = json!({"kind": "token", "token_id": made["id"], "label": "ci"});
    assert_eq!(pushed.body["actor"], actor);
    assert_eq!(pushed.body["request_id"], "the-request");
    assert_eq!(pushed.body["namespace"], "told");
    assert_eq!(pushed.body["repo_name"], "commits");
    let time = story
        .work
        .run(&["log", "-1", "--format=%ct%n%an%n%ae%n%cn%n%ce"]);
    let shown: Vec<&str> = time.lines().collect();
    let timestamp = chrono::DateTime::from_timestamp(shown[0].parse().unwrap(), 0).unwrap();
    let timestamp = timestamp.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let expect = json!({
        "repoId": story.id, "ref": "refs/heads/main", "before": NONE, "after": first,
        "forced": false, "totalCommitsCount": 1, "commitsTruncated": false,
        "pushOptions": ["ci.skip"],
        "commits": [{
            "id": first, "message": "first\n\nWith a body.", "messageTruncated": false,
            "timestamp": timestamp, "parents": [],
            "author": {"name": shown[1], "email": shown[2]},
            "committer": {"name": shown[3], "email": shown[4]},
        }],
    });
    assert_eq!(*pushed.payload(), expect);

    // By the operator, two commits.
    story.work.write("file", "two\n");
    story.work.commit("second");
    story.work.write("file", "three\n");
    let third = story.work.commit("third");
    let remote = &story.hosted.remote;
    let url = remote.replacen("://", &format!("://operator:{ADMIN_KEY}@"), 1);
    story.work.run(&["push", "--quiet", &url, "main"]);
    let told = &story.since(3)[0];
    assert_eq!(told.body["actor"], json!({"kind": "operator"}));
    assert_eq!(text(told.payload(), "before"), first);
    assert_eq!(text(told.payload(), "after"), third);
    assert_eq!(told.payload()["totalCommitsCount"], 2);
    assert_eq!(ids(told.payload()), listed(&story.work, &["main~2..main"]));
}

#[test]
fn each_ref_of_a_push_has_an_event_of_its_own() {
    let story = Story::new("refs");
    story.work.commit("first");
    story.work.run(&["tag", "-a", "v1", "-m", "tagged"]);
    story.work.run(&["branch", "topic"]);
    story.push(&["main", "topic", "v1"]);
    let told = story.since(1);
    assert_eq!(kinds(&told), ["repo.pushed"; 3]);
    let first = story.revision("main");
    for (told, name) in told.iter().zip(["heads/main", "heads/topic", "tags/v1"]) {
        let payload = told.payload();
        assert_eq!(text(payload, "ref"), format!("refs/{name}"));
        assert_eq!(text(payload, "before"), NONE);
        assert_eq!(ids(payload), [&first], "what the push brought: {name}");
    }
    assert_eq!(text(told[2].payload(), "after"), story.revision("v1"));

    // A branch at a commit that is there already brings nothing; a deletion has no id behind it.
    story.work.run(&["branch", "later"]);
    story.push(&["later", ":topic"]);
    let told = story.since(4);
    assert_eq!(text(told[0].payload(), "ref"), "refs/heads/topic");
    assert_eq!(text(told[0].payload(), "after"), NONE);
    assert_eq!(text(told[1].payload(), "ref"), "refs/heads/later");
    for told in &told {
        assert_eq!(told.payload()["totalCommitsCount"], 0);
        assert_eq!(told.payload()["commitsTruncated"], false);
        assert_eq!(told.payload()["forced"], false);
    }
    agreed(server(), &story.id);
}

#[test]
fn a_ref_that_moves_aside_is_told_as_forced() {
    let story = Story::new("forced");
    for number in 0..3 {
        story.work.write("file", format!("{number}\n"));
        story.work.commit(&format!("commit {number}"));
    }
    let old = story.revision("main");
    story.push(&["main"]);
    story.work.run(&["reset", "--quiet", "--hard", "main~2"]);
    story.work.write("file", "other\n");
    let new = story.work.commit("another");
    story.push(&["--force", "main"]);
    let told = &story.since(2)[0];
    assert_eq!(told.payload()["forced"], true);
    assert_eq!(ids(told.payload()), [&new]);
    // Back again, to a commit that is stored already: also forced, and without a pack.
    story.push(&["--force", &format!("{old}:refs/heads/main")]);
    let told = &story.since(3)[0];
    assert_eq!(told.payload()["forced"], true);
    let range = format!("{new}..{old}");
    assert_eq!(ids(told.payload()), listed(&story.work, &[&range]));
    assert_eq!(told.payload()["totalCommitsCount"], 2);
    // To an ancestor: nothing is new.
    story.push(&["--force", &format!("{old}~1:refs/heads/main")]);
    let told = &story.since(4)[0];
    assert_eq!(told.payload()["forced"], true);
    assert_eq!(told.payload()["totalCommitsCount"], 0);
    // By REST, forward.
    let body = json!({"updates": [{"name": "refs/heads/main", "new": old}]});
    server()
        .rest()
        .post(&story.hosted.path("/refs"), &body)
        .result(200);
    let told = &story.since(5)[0];
    assert_eq!(told.payload()["forced"], false);
    assert_eq!(ids(told.payload()), [&old]);
    assert_eq!(told.body["actor"], json!({"kind": "operator"}));
}

#[test]
fn the_newest_twenty_of_many_commits_are_told_as_git_lists_them() {
    let story = Story::new("many");
    History::small(5).make(&story.work);
    let refs = story
        .work
        .run(&["for-each-ref", "--format=%(refname)", "refs/heads"]);
    let name = refs.lines().next().unwrap();
    story.push(&[&format!("{name}~5:refs/heads/main")]);
    story.push(&["--force", &format!("{name}:refs/heads/main")]);
    let told = story.since(1);
    for (told, range) in told.iter().zip([
        vec![format!("{name}~5")],
        vec![name.to_owned(), format!("^{name}~5")],
    ]) {
        let range: Vec<&str> = range.iter().map(String::as_str).collect();
        let count = story
            .work
            .run(&[&["rev-list", "--count"], range.as_slice()].concat());
        let count: u64 = count.trim().parse().unwrap();
        assert_eq!(told.payload()["totalCommitsCount"], count);
        assert_eq!(told.payload()["commitsTruncated"], count > 20);
        assert_eq!(ids(told.payload()), listed(&story.work, &range));
        assert_eq!(told.payload()["forced"], false);
    }
}

#[test]
fn a_push_that_changes_nothing_has_no_event() {
    let story = Story::new("nothing");
    let rest = server().rest();
    story.work.write("file", "one\n");
    let first = story.work.commit("first");
    story.push(&["main"]);
    story.work.write("file", "two\n");
    let second = story.work.commit("second");
    let before = story.told();
    // Not sent; the same; stale; refused by a rule, alone and for an atomic push.
    story.push(&["--dry-run", "main"]);
    let refs = story.hosted.path("/refs");
    let same = json!({"updates": [{"name": "refs/heads/main", "old": first, "new": first}]});
    rest.post(&refs, &same);
    let stale = json!({"updates": [{"name": "refs/heads/main", "old": second, "new": null}]});
    assert!(rest.post(&refs, &stale).status >= 400);
    let other = story.scratch.repository("other");
    other.commit("unrelated");
    let url = story.hosted.url();
    other.fails(&["push", &url, "main"]);
    rest.patch(&story.hosted.path(""), &json!({"deny_deletes": true}))
        .result(200);
    let updated = before.len();
    story
        .work
        .fails(&["push", "--atomic", &url, "main:refs/heads/new", ":main"]);
    rest.patch(&story.hosted.path(""), &json!({"read_only": true}))
        .result(200);
    story.work.fails(&["push", &url, "main"]);
    let told = story.since(updated);
    assert_eq!(kinds(&told), ["repo.updated"; 2]);
}

#[test]
fn merges_notes_commits_by_rest_and_refs_are_pushes() {
    let story = Story::new("by-rest");
    let rest = server().rest();
    let path = |rest: &str| story.hosted.path(rest);
    let commit = |branch: &str, file: &str| {
        let body = json!({"branch": branch, "message": format!("adds {file}"),
            "files": [{"path": file, "content": "x\n"}]});
        rest.post(&path("/commits"), &body).result(201)
    };
    commit("main", "a");
    let body = json!({"updates": [{"name": "refs/heads/topic", "new": "main", "old": null}]});
    rest.post(&path("/refs"), &body).result(200);
    commit("topic", "b");
    commit("main", "c");
    let body = json!({"into": "main", "from": "topic"});
    let merged = rest.post(&path("/merge"), &body);
    assert!(merged.status < 300, "{}", merged.text());
    let told = agreed(server(), &story.id);
    assert_eq!(kinds(&told)[1..], ["repo.pushed"; 5]);
    let merge = told.last().unwrap();
    assert_eq!(merge.payload()["totalCommitsCount"], 2, "{merge:?}");
    assert_eq!(merge.body["actor"], json!({"kind": "operator"}));
    assert!(merge.body["request_id"].is_string());
}
