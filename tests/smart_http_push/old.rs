//! Histories that old clients wrote: a default repository accepts some, and gives them back as they went in;
//! a strict one refuses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::git::{Git, refs_equal};
use super::support::old_history::{OldHistory, fsck_lines};
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;

const NAMESPACE: &str = "push-old";

fn create(name: &str, strict: Option<bool>) -> Hosted {
    let mut body = json!({ "name": name });
    if let Some(strict) = strict {
        body["fsck"] = json!({ "strict": strict });
    }
    server().rest().create_repository_with(NAMESPACE, &body)
}

fn is_strict(hosted: &Hosted) -> Value {
    let shown = server().rest().get(&hosted.path("")).result(200);
    shown["fsck"]["strict"].clone()
}

/// A clone has the same refs, the same objects, and for git's fsck the same faults.
fn comes_out_the_same(scratch: &Scratch, source: &Git, hosted: &Hosted, name: &str) {
    let clone = scratch.clone(&hosted.url(), name, &["--mirror"]);
    refs_equal(source, &clone);
    assert_eq!(source.objects(&["--all"]), clone.objects(&["--all"]));
    assert_eq!(fsck_lines(source), fsck_lines(&clone));
    // Shallow clones and old clients walk the same dates.
    let url = hosted.url();
    let shallow = scratch.clone(&url, &format!("{name}-shallow"), &["--depth=3", "--bare"]);
    assert_eq!(shallow.run(&["rev-list", "--count", "HEAD"]), "3");
    let recent = ["--shallow-since=2011-03-01", "--bare"];
    let recent = scratch.clone(&url, &format!("{name}-since"), &recent);
    assert_ne!(recent.run(&["rev-list", "--count", "HEAD"]), "0");
}

/// REST shows the same of each commit as git.
fn is_shown(source: &Git, hosted: &Hosted, history: &OldHistory) {
    let rest = server().rest();
    let log = rest.get(&hosted.path("/log?limit=100")).result(200);
    let shown: Vec<_> = log.as_array().unwrap().iter().collect();
    let order = source.run(&["log", "--format=%H", "main"]);
    let hashes: Vec<_> = shown.iter().map(|commit| commit["hash"].as_str()).collect();
    assert_eq!(hashes, order.lines().map(Some).collect::<Vec<_>>());
    for id in &history.commits {
        let path = hosted.path(&format!("/commit/{id}"));
        let commit = rest.get(&path).result(200);
        let person = |format: &str| source.run(&["log", "-1", &format!("--format={format}"), id]);
        assert_eq!(commit["author"]["name"], person("%an"), "{commit}");
        assert_eq!(commit["author"]["email"], person("%ae"), "{commit}");
        let date = commit["authoredAt"].as_str().unwrap();
        let subject = commit["message"].as_str().unwrap().trim();
        let expected = match subject {
            "badTimezone" => "2011-08-17T12:38:50.000Z",
            "missingSpaceBeforeDate" if !person("%at").is_empty() => "2011-03-13T07:06:41.000Z",
            "zeroPaddedDate" => "2011-03-13T07:06:42.000Z",
            // No date that is one: the first of all, as git shows it.
            "badDate" | "badDateOverflow" | "missingEmail" | "missingSpaceBeforeDate" => {
                "1970-01-01T00:00:00.000Z"
            }
            _ => "2011-03-13T07:06:4",
        };
        assert!(date.starts_with(expected), "{subject}: {date}");
        assert_eq!(rest.get(&hosted.path(&format!("/tree/{id}"))).status, 200);
    }
}

#[test]
fn an_old_history_gets_in_and_comes_out_as_it_was() {
    let (scratch, hosted) = (Scratch::new(), create("old", None));
    let source = scratch.repository("source");
    let history = OldHistory::make(&source);
    let url = hosted.url();
    // In several pushes, so that there is something to merge.
    let (first, second) = (&history.commits[4], &history.commits[9]);
    let mut said = String::new();
    for refs in [
        vec![format!("{first}:refs/heads/main")],
        vec![format!("{second}:refs/heads/main")],
        vec![
            "refs/heads/*:refs/heads/*".to_owned(),
            "refs/tags/*:refs/tags/*".to_owned(),
        ],
    ] {
        let mut arguments = vec!["push".to_owned(), url.clone()];
        arguments.extend(refs);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let ended = source.try_run(&arguments, b"");
        assert!(ended.ok, "{}", ended.stderr);
        said += &ended.stderr;
    }
    let told: BTreeSet<_> = history
        .odd
        .iter()
        .map(|(message, id)| {
            assert!(
                said.contains(&format!("warning: object {id}: {message}: ")),
                "{message}: {said}"
            );
            *message
        })
        .collect();
    assert_eq!(told.len(), 16);
    let stats = server().rest().get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["fsck_warnings"], json!(history.counts()));
    comes_out_the_same(&scratch, &source, &hosted, "clone");
    is_shown(&source, &hosted, &history);

    // Merging packs keeps the bytes.
    let rest = server().rest();
    let at_once = json!({ "superseded_grace_seconds": 0 });
    rest.patch(&hosted.path(""), &at_once).result(200);
    for task in ["run", "verify"] {
        let path = hosted.path("/maintenance");
        rest.post(&path, &json!({ "task": task })).result(200);
    }
    comes_out_the_same(&scratch, &source, &hosted, "merged");
    is_shown(&source, &hosted, &history);
}

#[test]
fn a_strict_repository_names_refused_objects_and_the_setting() {
    let (scratch, hosted) = (Scratch::new(), create("strict", Some(true)));
    assert_eq!(is_strict(&hosted), true);
    let source = scratch.repository("source");
    let history = OldHistory::make(&source);
    let said = source.fails(&["push", &hosted.url(), "main", "--tags"]);
    // All but a mode and two tags, which git lets in as well.
    let count = history.odd.len() - 3;
    let head = format!("fsck refuses {count} objects, the first 10 are:");
    assert!(said.contains(&head), "{said}");
    let named = said
        .lines()
        .filter(|line| line.contains("error:   commit ") || line.contains("error:   tree "));
    assert_eq!(named.count(), 10, "{said}");
    let setting = r#"the repository's setting {"fsck": {"strict": false}} lets them in"#;
    assert!(said.contains(setting), "{said}");
    let refs = source.remote_refs(&hosted.url());
    assert!(!refs.contains_key("refs/heads/main"), "{refs:?}");

    let rest = server().rest();
    let lenient = json!({ "fsck": { "strict": false } });
    let shown = rest.patch(&hosted.path(""), &lenient).result(200);
    assert_eq!(shown["fsck"]["strict"], false);
    source.run(&["push", &hosted.url(), "main", "--tags"]);
    comes_out_the_same(&scratch, &source, &hosted, "clone");
}

#[test]
fn no_setting_lets_in_objects_that_harm_whoever_clones() {
    let (scratch, hosted) = (Scratch::new(), create("harm", Some(false)));
    let source = scratch.repository("source");
    OldHistory::make(&source);
    let blob = source.run(&["rev-parse", "main:file"]);
    let mut tip = source.run(&["rev-parse", "main"]);
    for name in [".git", "..", ".GIT "] {
        let entry = format!("100644 blob {blob}\t{name}\0");
        let tree = source.run_with(&["mktree", "-z"], entry.as_bytes());
        tip = source.run(&["commit-tree", &tree, "-p", &tip, "-m", name]);
    }
    source.run(&["update-ref", "refs/heads/main", &tip]);
    let said = source.fails(&["push", &hosted.url(), "main"]);
    assert!(said.contains("fsck refuses 3 objects:"), "{said}");
    assert!(
        said.contains("hasDotgit") && said.contains("hasDotdot"),
        "{said}"
    );
    assert!(said.contains("no setting lets them in"), "{said}");
    let refs = source.remote_refs(&hosted.url());
    assert!(!refs.contains_key("refs/heads/main"), "{refs:?}");
}

#[test]
fn a_namespace_has_a_default_and_forks_take_their_sources() {
    let rest = server().rest();
    let namespaces = "/api/v1/namespaces";
    let body = json!({ "namespace": "push-old-strict", "fsck": { "strict": true } });
    let made = rest.post(namespaces, &body).result(201);
    assert_eq!(made["fsck"]["strict"], true);
    let create = |body: &Value| rest.create_repository_with("push-old-strict", body);
    let strict = create(&json!({ "name": "takes-it" }));
    let lenient = create(&json!({ "name": "says-otherwise", "fsck": { "strict": false } }));
    assert_eq!(
        (is_strict(&strict), is_strict(&lenient)),
        (json!(true), json!(false))
    );

    let path = format!("{namespaces}/push-old-strict");
    let change = json!({ "fsck": { "strict": false } });
    assert_eq!(
        rest.patch(&path, &change).result(200)["fsck"]["strict"],
        false
    );
    assert_eq!(rest.get(&path).result(200)["fsck"]["strict"], false);
    assert_eq!(is_strict(&strict), true, "made before");
    assert_eq!(is_strict(&create(&json!({ "name": "made-after" }))), false);
    assert_eq!(
        rest.patch(&format!("{namespaces}/push-old-none"), &change)
            .status,
        404
    );

    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &strict.url(), "main"]);
    let fork = |body: &Value| {
        let made = rest.post(&strict.path("/fork"), body).result(201);
        let shown = made["name"].as_str().unwrap();
        rest.get(&format!("{path}/repos/{shown}")).result(200)["fsck"]["strict"].clone()
    };
    assert_eq!(fork(&json!({ "name": "as-its-source" })), true);
    let own = json!({ "name": "as-asked", "fsck": { "strict": false } });
    assert_eq!(fork(&own), false);
}
