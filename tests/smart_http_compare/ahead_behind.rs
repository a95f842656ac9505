//! How far each ref is ahead of another and behind it, with `git for-each-ref` as the judge.

use serde_json::Value;

use crate::support::scratch::Scratch;
use crate::{get, made, with_commits};

/// Name, ahead, behind of each ref, over all pages.
fn counted(refs: &[Value]) -> Vec<String> {
    let lines = refs.iter().filter(|found| found["name"] != "HEAD");
    let lines = lines.map(|found| {
        let (ahead, behind) = (&found["aheadBy"], &found["behindBy"]);
        format!("{} {ahead} {behind}", found["name"].as_str().unwrap())
    });
    lines.collect()
}

#[test]
fn the_counts_of_a_made_history_are_those_of_git() {
    let scratch = Scratch::new();
    let (hosted, git) = made(&scratch, "ahead-behind", 31);
    let commits = git.run(&["rev-list", "--all"]);
    for base in commits.lines().step_by(97).take(3).chain(["HEAD"]) {
        let (mut cursor, mut refs) = (String::new(), Vec::new());
        loop {
            let query = format!("/refs?ahead_behind={base}&limit=7&cursor={cursor}");
            let page = get(&hosted, &query);
            refs.extend(page.result(200).as_array().unwrap().clone());
            let info = page.json()["result_info"].clone();
            cursor = info["cursor"].as_str().unwrap().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        let format = format!("--format=%(refname) %(ahead-behind:{base})");
        let theirs = git.run(&["for-each-ref", "--sort=refname", &format]);
        let theirs: Vec<&str> = theirs.lines().collect();
        assert_eq!(counted(&refs), theirs, "ahead of {base}, and behind it");
    }
}

#[test]
fn a_ref_that_leads_to_no_commit_is_not_counted() {
    let scratch = Scratch::new();
    let (hosted, git) = with_commits(&scratch, "no-commit", &[&[("a", b"1\n")]]);
    git.run(&["tag", "the-file", "main:a"]);
    git.run(&["tag", "-a", "-m", "one", "v1"]);
    git.run(&["push", "--quiet", "--tags", &hosted.url()]);
    let refs = get(&hosted, "/refs?ahead_behind=main&prefix=refs/tags/").result(200);
    assert_eq!(refs[0]["name"], "refs/tags/the-file");
    assert!(refs[0]["aheadBy"].is_null(), "{}", refs[0]);
    assert_eq!(
        (&refs[1]["aheadBy"], &refs[1]["behindBy"]),
        (&0.into(), &0.into())
    );
}
