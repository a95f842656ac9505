//! Requests that end because they have done enough, and the pages behind their cursor.

use std::fmt::Write as _;

use serde_json::Value;

use super::support::git::Git;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;
use super::{blame, grep, pages};

/// A history that `git fast-import` made, on the server too.
fn imported(scratch: &Scratch, name: &str, stream: &[u8]) -> (Hosted, Git) {
    let work = scratch.repository(name);
    work.run_with(&["fast-import", "--quiet", "--depth=100"], stream);
    let hosted = server().rest().create_repository("reading", name);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    (hosted, work)
}

/// How a commit begins in a stream.
fn commit(number: usize, out: &mut String) {
    let second = 1_600_000_000 + number;
    writeln!(
        out,
        "commit refs/heads/main\ncommitter C <c@x> {second} +0000\ndata 2\nm"
    )
    .unwrap();
}

fn file(path: &str, content: &str, out: &mut String) {
    let bytes = content.len();
    writeln!(out, "M 100644 inline {path}\ndata {bytes}\n{content}").unwrap();
}

#[test]
fn last_commits_go_on_by_cursor_behind_twenty_thousand_commits() {
    let scratch = Scratch::new();
    let mut stream = String::new();
    commit(0, &mut stream);
    file("old", "1", &mut stream);
    for number in 1..20_100 {
        commit(number, &mut stream);
        if number == 300 {
            file("between", "2", &mut stream);
        }
        if number == 20_050 {
            file("new", "3", &mut stream);
        }
    }
    let (hosted, work) = imported(&scratch, "far", stream.as_bytes());
    let tip = work.run(&["rev-parse", "main"]);
    let found = pages(&hosted, &format!("/tree/{}?last_commit=true", tip.trim()));
    let sizes: Vec<usize> = found
        .iter()
        .map(|page| page.as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [2, 1]);
    for entry in found.iter().flat_map(|page| page.as_array().unwrap()) {
        let name = entry["name"].as_str().unwrap();
        let expected = work.run(&["log", "-1", "--format=%H", "main", "--", name]);
        assert_eq!(entry["lastCommit"]["hash"], expected.trim(), "{name}");
    }
}

#[test]
fn a_search_goes_on_by_cursor_behind_many_bytes() {
    let scratch = Scratch::new();
    let mut stream = String::new();
    // One blob under many names: little to push, much to search.
    let text = "a line in which there is nothing\n".repeat(230_000);
    let bytes = text.len();
    writeln!(stream, "blob\nmark :1\ndata {bytes}\n{text}").unwrap();
    commit(0, &mut stream);
    for number in 0..30 {
        writeln!(stream, "M 100644 :1 {number:02}.txt").unwrap();
    }
    for name in ["00", "05.txt.needle", "zz"] {
        file(name, "hay\na needle in it\n", &mut stream);
    }
    let (hosted, work) = imported(&scratch, "much", stream.as_bytes());
    let found = pages(&hosted, "/grep?ref=main&pattern=needle&limit=100");
    assert!(found.len() > 1, "{found:?}");
    let lasts = found.last().unwrap()["files"].as_array().unwrap().len();
    assert_eq!(lasts, 1);
    let expected = work.run(&["grep", "-n", "-E", "-e", "needle", "main"]);
    assert_eq!(grep::printed(&found), expected.lines().collect::<Vec<_>>());
}

#[test]
fn a_blame_goes_on_by_cursor_behind_many_versions() {
    let scratch = Scratch::new();
    let mut stream = String::new();
    let pad = "x".repeat(1_200);
    let mut lines: Vec<String> = (0..1_000).map(|at| format!("line {at} {pad}")).collect();
    for number in 0..30 {
        commit(number, &mut stream);
        lines[number * 33] = format!("changed by {number} {pad}");
        file("text", &(lines.join("\n") + "\n"), &mut stream);
    }
    let (hosted, work) = imported(&scratch, "versions", stream.as_bytes());
    let found = pages(&hosted, "/blame/main/text");
    assert!(found.len() > 1, "{}", found.len());
    let mut all: Vec<_> = blame::lines_of(&found);
    all.sort_unstable();
    let said = work.run(&["blame", "-s", "-l", "--root", "main", "--", "text"]);
    let expected: Vec<&str> = said.lines().map(|line| &line[..40]).collect();
    assert_eq!(all.len(), expected.len());
    for (at, (line, hash, _, path)) in all.iter().enumerate() {
        assert_eq!(
            (*line, hash.as_str(), path.as_str()),
            (at as u64 + 1, expected[at], "text")
        );
    }
    let ranges = |page: &Value| page["ranges"].as_array().unwrap().len();
    assert!(found.iter().all(|page| ranges(page) > 0));
}
