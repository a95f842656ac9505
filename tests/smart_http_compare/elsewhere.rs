//! A comparison whose head is in another repository: a fork, or any repository that the caller may read.

use serde_json::{Value, json};

use crate::support::git::Git;
use crate::support::rest::{Answer, Hosted, Rest};
use crate::support::scratch::Scratch;
use crate::{bytes_of, rest, same_bytes, with_commits};

const NOT_FOUND: u64 = 10_200;
const INVALID_INPUT: u64 = 10_100;

/// A repository, its fork with work of its own, and a work tree that has both: `main` is the source's,
/// `theirs` the fork's branch `topic`.
struct Pair {
    source: Hosted,
    fork: Hosted,
    git: Git,
}

impl Pair {
    fn new(scratch: &Scratch, name: &str) -> Self {
        let first: &[&[(&str, &[u8])]] = &[&[("a.txt", b"1\n2\n3\n"), ("b.txt", b"b\n")]];
        let (source, git) = with_commits(scratch, name, first);
        let body = json!({"name": format!("{name}-fork")});
        let fork = Hosted::made("compare", &rest().post(&source.path("/fork"), &body));
        git.run(&["checkout", "--quiet", "-b", "theirs"]);
        git.write("a.txt", "1\ntwo\n3\n");
        git.commit("their change");
        git.write("dir/new.txt", "new\n");
        git.commit("their file");
        git.run(&["push", "--quiet", &fork.url(), "theirs:topic"]);
        git.run(&["checkout", "--quiet", "main"]);
        git.write("b.txt", "of the source\n");
        git.commit("our change");
        git.run(&["push", "--quiet", &source.url(), "main"]);
        Self { source, fork, git }
    }

    fn fork_path(&self) -> String {
        format!("{}/{}", self.fork.namespace, self.fork.name)
    }

    fn compared(&self, client: &Rest, spec: &str, repository: &str) -> Answer {
        let asked = format!("/compare/{spec}?head_repository={repository}");
        client.get(&self.source.path(&asked))
    }

    /// The counts that would show traces of a comparison in the source.
    fn traces(&self) -> Value {
        let stats = rest().get(&self.source.path("/stats")).result(200);
        let counts = ["packs", "refs", "reflog", "quarantine", "objects", "bytes"];
        let mut traces = stats.as_object().unwrap().clone();
        traces.retain(|name, _| counts.iter().any(|count| name.contains(count)));
        assert!(traces.len() >= 3, "{stats}");
        Value::Object(traces)
    }
}

fn blamed(answer: &Answer, status: u16) -> (u64, String) {
    let code = answer.error_code(status);
    let pointer = answer.json()["errors"][0]["source"]["pointer"].clone();
    (code, pointer.as_str().unwrap_or("").to_owned())
}

#[test]
fn a_fork_is_compared_with_its_source_and_leaves_nothing_there() {
    let scratch = Scratch::new();
    let pair = Pair::new(&scratch, "elsewhere");
    let git = &pair.git;
    let before = pair.traces();
    let path = pair.fork_path();
    let shown = pair.compared(&rest(), "main...topic", &path).result(200);
    let theirs = git.run(&["rev-parse", "theirs"]);
    assert_eq!(shown["head"], theirs);
    assert_eq!(shown["base"], git.run(&["rev-parse", "main"]));
    assert_eq!(
        shown["mergeBase"],
        git.run(&["merge-base", "main", "theirs"])
    );
    assert_eq!(
        (&shown["aheadBy"], &shown["behindBy"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(shown["commits"][0]["hash"], theirs);
    let files: Vec<&str> = shown["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(files, ["a.txt", "dir/new.txt"]);

    let accept = [("Accept", "text/x-diff")];
    let bytes = |asked: &str| {
        let path = pair.source.path(asked);
        let answer = rest().send(ureq::http::Method::GET, &path, &accept, b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    };
    let ours = bytes(&format!("/compare/main...topic?head_repository={path}"));
    same_bytes(
        &ours,
        &bytes_of(git, &["diff", "main...theirs"]),
        "from the merge base",
    );
    let ours = bytes(&format!(
        "/diff?base=main&head=topic&head_repository={path}"
    ));
    same_bytes(
        &ours,
        &bytes_of(git, &["diff", "main", "theirs"]),
        "tree by tree",
    );

    // The source still lacks the commit and its pack.
    assert_eq!(pair.traces(), before);
    let commit = pair.source.path(&format!("/commit/{theirs}"));
    assert_eq!(rest().get(&commit).error_code(404), NOT_FOUND);

    // The other direction: the request asks the fork, and brings no object that the fork has already.
    let asked = format!(
        "/compare/topic...main?head_repository={}/{}",
        pair.source.namespace, pair.source.name
    );
    let shown = rest().get(&pair.fork.path(&asked)).result(200);
    assert_eq!(
        (&shown["aheadBy"], &shown["behindBy"]),
        (&json!(1), &json!(2))
    );
    let shown = pair.compared(&rest(), "main...main", &path).result(200);
    assert_eq!(
        (&shown["aheadBy"], &shown["behindBy"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn a_head_is_shown_to_whoever_may_read_both_repositories_and_to_nobody_else() {
    let scratch = Scratch::new();
    let pair = Pair::new(&scratch, "elsewhere-read");
    let path = pair.fork_path();
    let of_the_source = rest().with_bearer(&pair.source.token);
    let said = |answer: &Answer| answer.json()["errors"].clone();
    let hidden = pair.compared(&of_the_source, "main...topic", &path);
    let at_repository = (NOT_FOUND, "/head_repository".to_owned());
    assert_eq!(blamed(&hidden, 404), at_repository);
    for absent in ["compare/elsewhere-no-such", "nobody-at-all/elsewhere"] {
        let missing = pair.compared(&of_the_source, "main...topic", absent);
        assert_eq!(said(&missing), said(&hidden), "{absent}");
    }
    // The fork's token opens nothing of the source.
    let of_the_fork = rest().with_bearer(&pair.fork.token);
    let refused = pair.compared(&of_the_fork, "main...topic", &path);
    assert_eq!(refused.error_code(403), 10_000);
    let both = json!({"ttl": 600, "scope": "read", "repos": [pair.source.name, pair.fork.name]});
    let both = rest().make_token("compare", &both).plaintext;
    let both = rest().with_bearer(&both);
    let shown = pair.compared(&both, "main...topic", &path).result(200);
    assert_eq!(shown["aheadBy"], 2);

    // Fetching objects writes rows, so a stranger may not do it, although both repositories are public.
    for hosted in [&pair.source, &pair.fork] {
        let public = json!({"public": true});
        rest().patch(&hosted.path(""), &public).result(200);
    }
    let shown = pair
        .compared(&of_the_source, "main...topic", &path)
        .result(200);
    assert_eq!(shown["aheadBy"], 2);
    let stranger = pair.compared(&rest().anonymous(), "main...topic", &path);
    assert_eq!(
        blamed(&stranger, 401),
        (10_000, "/head_repository".to_owned())
    );
}

#[test]
fn what_is_wrong_with_a_head_elsewhere_is_named() {
    let scratch = Scratch::new();
    let pair = Pair::new(&scratch, "elsewhere-wrong");
    let path = pair.fork_path();
    for (spec, repository, status, code, pointer) in [
        ("main...no-such", path.as_str(), 404, NOT_FOUND, "/head"),
        ("no-such...topic", &path, 404, NOT_FOUND, "/base"),
        (
            "main...topic",
            "app",
            400,
            INVALID_INPUT,
            "/head_repository",
        ),
        (
            "main...topic",
            "a/b/c",
            400,
            INVALID_INPUT,
            "/head_repository",
        ),
        (
            "main...topic",
            "../x",
            400,
            INVALID_INPUT,
            "/head_repository",
        ),
        ("main...topic", "", 400, INVALID_INPUT, "/head_repository"),
    ] {
        let answer = pair.compared(&rest(), spec, repository);
        assert_eq!(
            blamed(&answer, status),
            (code, pointer.to_owned()),
            "{spec} {repository}"
        );
    }
    // A repository does not count as another one for itself.
    let own = format!("{}/{}", pair.source.namespace, pair.source.name);
    let shown = pair.compared(&rest(), "main~0...main", &own);
    assert_eq!(shown.error_code(404), NOT_FOUND);
    let shown = pair.compared(&rest(), "main...main", &own).result(200);
    assert_eq!(shown["aheadBy"], 0);
    let merge_base = pair.source.path(&format!(
        "/merge-base?refs=main,main&head_repository={path}"
    ));
    assert_eq!(
        blamed(&rest().get(&merge_base), 400),
        (INVALID_INPUT, "/head_repository".to_owned())
    );
}

#[test]
#[ignore = "half a minute: pushes 65 MiB"]
fn a_head_that_needs_more_than_64_mib_is_refused_and_leaves_nothing() {
    let scratch = Scratch::new();
    let pair = Pair::new(&scratch, "elsewhere-large");
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_be_bytes()[0]
    };
    let large: Vec<u8> = (0..65 << 20).map(|_| random()).collect();
    pair.git.run(&["checkout", "--quiet", "theirs"]);
    pair.git.write("large", large);
    pair.git.commit("large");
    let (url, before) = (pair.fork.url(), pair.traces());
    pair.git.run(&["push", "--quiet", &url, "theirs:topic"]);
    let refused = pair.compared(&rest(), "main...topic", &pair.fork_path());
    let (_, pointer) = blamed(&refused, 413);
    assert_eq!(pointer, "/head_repository", "{}", refused.text());
    assert_eq!(pair.traces(), before);
}
