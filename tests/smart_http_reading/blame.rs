//! Where the lines of a file come from.

use serde_json::Value;

use super::support::scratch::Scratch;
use super::support::server::server;
use super::{get, hosted, pages, refused};

/// By line of the file: the commit, the line there, the path there.
pub(super) fn lines_of(pages: &[Value]) -> Vec<(u64, String, u64, String)> {
    let ranges = pages
        .iter()
        .flat_map(|page| page["ranges"].as_array().unwrap());
    let number = |range: &Value, field: &str| range[field].as_u64().unwrap();
    let text = |range: &Value, field: &str| range[field].as_str().unwrap().to_owned();
    let lines = ranges.flat_map(|range| {
        (0..number(range, "lines")).map(|at| {
            let (line, original) = (
                number(range, "line") + at,
                number(range, "originalLine") + at,
            );
            (line, text(range, "hash"), original, text(range, "path"))
        })
    });
    lines.collect()
}

#[test]
fn every_line_comes_with_the_commit_that_made_it() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "lines", 8);
    work.run(&["mv", "f0", "moved here"]);
    work.commit("renamed");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let listed = work.run(&["ls-files", "-s"]);
    let mut checked = 0;
    for entry in listed.lines().filter(|entry| entry.starts_with("100")) {
        let path = entry.split_once('\t').unwrap().1;
        // `--line-porcelain` says everything of every line.
        let said = work.run(&["blame", "--line-porcelain", "main", "--", path]);
        let mut expected = Vec::new();
        let mut header = (0, String::new(), 0);
        for line in said.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            if words.len() >= 3 && words[0].len() == 40 && !line.starts_with('\t') {
                let number = |at: usize| words[at].parse::<u64>();
                if let (Ok(original), Ok(line)) = (number(1), number(2)) {
                    header = (line, words[0].to_owned(), original);
                }
            } else if let Some(path) = line.strip_prefix("filename ") {
                let (line, commit, original) = header.clone();
                expected.push((line, commit, original, path.to_owned()));
            }
        }
        let place = path.replace(' ', "%20");
        let pages = pages(&hosted, &format!("/blame/main/{place}"));
        assert_eq!(lines_of(&pages), expected, "{path}");
        assert_eq!(pages[0]["lines"], expected.len(), "{path}");
        let commits = pages[0]["commits"].as_array().unwrap().iter();
        let commits: Vec<&str> = commits
            .map(|commit| commit["hash"].as_str().unwrap())
            .collect();
        for (_, commit, _, _) in &expected {
            assert!(commits.contains(&commit.as_str()), "{commit}");
        }
        checked += expected.len();
        if expected.len() > 4 {
            let part = super::pages(&hosted, &format!("/blame/main/{place}?range=2,4"));
            assert_eq!(lines_of(&part), expected[1..4], "{path}");
        }
    }
    assert!(checked > 300, "{checked}");
}

#[test]
fn a_blame_needs_a_file_and_lines_that_it_has() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "refused-lines", 9);
    work.write("of-two-lines", "one\ntwo\n");
    work.write("folder/long", "x\n".repeat(200_001));
    work.write("empty", "");
    work.commit("files");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    for (path, status, pointer) in [
        ("/blame/main/nowhere", 404, "/path"),
        ("/blame/main/folder", 404, "/path"),
        ("/blame/nowhere/of-two-lines", 404, "/ref"),
        ("/blame/main/folder/long", 413, "/path"),
        ("/blame/main/of-two-lines?range=3,", 400, "/range"),
        ("/blame/main/of-two-lines?range=2,1", 400, "/range"),
        ("/blame/main/of-two-lines?colour=red", 400, "/colour"),
        ("/blame/main/of-two-lines?cursor=AAAA", 400, "/cursor"),
    ] {
        refused(&hosted, path, status, pointer);
    }
    let empty = get(&hosted, "/blame/main/empty").json();
    assert_eq!(empty["result"]["ranges"].as_array().unwrap().len(), 0);
    let path = hosted.path("/blame/main/of-two-lines");
    assert_eq!(server().rest().anonymous().get(&path).status, 401);
}
