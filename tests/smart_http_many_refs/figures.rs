//! The costs of a repository with many refs: figures for docs/benchmarks.md, shown by name.

use std::process::Stdio;
use std::time::Instant;

use serde_json::json;
use ureq::http::Method;

use super::story::{Spent, Story, fetch, list, list_below, ls_refs, pulls};
use super::support::remote::Remote;
use super::support::rest::Rest;

/// The figures of operations on a repository of 50,000 or `CAIRN_REFS` refs, for
/// docs/benchmarks.md.
#[test]
#[ignore = "takes minutes, and shows figures"]
#[allow(clippy::too_many_lines, reason = "one figure after the other")]
fn the_cost_of_many_refs() {
    let count = std::env::var("CAIRN_REFS").ok();
    let count = count.map_or(50_000, |count| count.parse().expect("a number"));
    let mut story = Story::begin(200);
    let url = story.hosted.url();
    story.scratch.clone(&url, "clone", &[]);
    story.source.write("more.txt", "more\n");
    let tip = story.source.commit("one more");
    story.source.run(&["push", "--quiet", &url, "main"]);
    let refs = pulls(count, &story.commits);
    story.add_refs(&refs);
    for _ in 0..3 {
        let begun = Instant::now();
        assert!(list_below(&story, "refs/").len() > 50 * count);
        let seconds = begun.elapsed().as_secs_f64();
        println!("ls-refs before maintenance: {seconds:.3} s");
    }
    let begun = Instant::now();
    story.maintain();
    println!("maintenance: {:.3} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    story.maintain();
    println!("maintenance again: {:.3} s", begun.elapsed().as_secs_f64());
    let mut backend = story.scratch.bare_repository("backend/refs.git");
    backend = backend.config("http.receivepack", "true");
    story.source.run(&[
        "push",
        "--quiet",
        &backend.folder().display().to_string(),
        "main",
    ]);
    // As `git pack-refs` writes them; one by one git would wait for the disk each time.
    backend.run(&["pack-refs", "--all"]);
    let packed = backend.folder().join("packed-refs");
    let mut lines = std::fs::read_to_string(&packed).expect("git wrote it");
    for (name, target) in &refs {
        lines.extend([target.as_str(), " ", name.as_str(), "\n"]);
    }
    std::fs::write(&packed, lines).expect("it can be written");
    let remote = Remote::serve(&story.scratch.join("backend"));
    let their = remote.url("refs.git");
    for _ in 0..3 {
        let begun = Instant::now();
        let kind = ("Content-Type", "application/x-git-upload-pack-request");
        let headers = [kind, ("Git-Protocol", "version=2")];
        let path = "/git-upload-pack";
        let body = ls_refs("refs/");
        let answer = Rest::new(&their, None).send(Method::POST, path, &headers, body.as_bytes());
        assert!(answer.body.len() > 50 * count);
        println!("git's own ls-refs: {:.3} s", begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        assert!(list_below(&story, "refs/").len() > 50 * count);
        println!("ls-refs: {:.3} s", begun.elapsed().as_secs_f64());
    }
    let show = |name: &str, spent: Spent| {
        println!(
            "{name}: {:.3} s, heap {} KiB, {} rows read by {} statements",
            spent.time.as_secs_f64(),
            spent.heap_kib,
            spent.rows_read,
            spent.statements
        );
    };
    for round in ["cold", "again"] {
        let begun = Instant::now();
        story
            .source
            .command(&["ls-remote", &their])
            .stdout(Stdio::null())
            .status()
            .expect("runs");
        println!(
            "git's own ls-remote {round}: {:.3} s",
            begun.elapsed().as_secs_f64()
        );
    }
    show(
        "v2 ls-remote",
        story.spent(|story| assert!(list(story, 2) > 0)),
    );
    show(
        "v2 ls-remote twice",
        story.spent(|story| {
            list(story, 2);
            list(story, 2);
        }),
    );
    show(
        "v0 ls-remote",
        story.spent(|story| assert!(list(story, 0) > 0)),
    );
    show(
        "ls-remote of one branch",
        story.spent(|story| {
            story
                .source
                .run(&["ls-remote", &story.hosted.url(), "refs/heads/main"]);
        }),
    );
    show(
        "ls-remote of a prefix",
        story.spent(|story| {
            story
                .source
                .run(&["ls-remote", &story.hosted.url(), "refs/pull/0000*"]);
        }),
    );
    show(
        "fetch of one commit",
        story.spent(|story| {
            let clone = story.scratch.git_in("clone");
            clone.run(&["fetch", "--quiet", "origin"]);
        }),
    );
    let commits = story.commits.clone();
    show(
        "POST: main's tip",
        story.spent(|story| fetch(story, &tip, &commits[0])),
    );
    show(
        "POST: a pull's tip",
        story.spent(|story| fetch(story, &commits[3], &commits[5])),
    );
    story.source.write("again.txt", "again\n");
    story.source.commit("again");
    show(
        "push of one commit",
        story.spent(|story| {
            story
                .source
                .run(&["push", "--quiet", &story.hosted.url(), "main"]);
        }),
    );
    show(
        "list for a push",
        story.spent(|story| {
            let answer = story
                .server
                .rest()
                .with_bearer(&story.hosted.token)
                .get(&story.hosted.git_path("info/refs?service=git-receive-pack"));
            assert_eq!(answer.status, 200);
        }),
    );
    show(
        "REST: a commit of a file",
        story.spent(|story| {
            let body = json!({"branch": "main", "message": "by REST",
            "files": [{"path": "f1", "content": "another line\n"}]});
            story
                .server
                .rest()
                .post(&story.hosted.path("/commits"), &body)
                .result(201);
        }),
    );
    show(
        "REST: refs",
        story.spent(|story| {
            story
                .server
                .rest()
                .get(&story.hosted.path("/refs?prefix=refs/heads/&limit=50"))
                .result(200);
        }),
    );
    show(
        "fork",
        story.spent(|story| {
            story
                .server
                .rest()
                .post(&story.hosted.path("/fork"), &json!({"name": "copy"}))
                .result(201);
        }),
    );
    let clone = |story: &Story, url: &str, name: &str| {
        story
            .scratch
            .git()
            .run(&["clone", "--quiet", "--mirror", url, name]);
    };
    show(
        "mirror",
        story.spent(|story| clone(story, &story.hosted.url(), "mirror.git")),
    );
    let begun = Instant::now();
    clone(&story, &their, "their.git");
    println!("git's own mirror: {:.3} s", begun.elapsed().as_secs_f64());
    let many = story.scratch.bare_repository("many.git");
    many.run(&[
        "fetch",
        "--quiet",
        &story.source.folder().display().to_string(),
        "main",
    ]);
    let mut packed = String::new();
    for number in 0..45_000 {
        let target = &story.commits[number % 200];
        packed.extend([format!("{target} refs/many/{number:05}\n")]);
    }
    std::fs::write(many.folder().join("packed-refs"), packed).expect("it can be written");
    show(
        "push of 45,000 refs",
        story.spent(|story| {
            many.run(&[
                "push",
                "--quiet",
                &story.hosted.url(),
                "refs/many/*:refs/many/*",
            ]);
        }),
    );
}
