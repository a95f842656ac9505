//! Commits compared: where their histories met, and the commits that each has alone.

use serde_json::Value;

use crate::support::scratch::Scratch;
use crate::{bytes_of, get, made, patch_of, same_bytes};

fn texts(values: &Value) -> Vec<&str> {
    let values = values.as_array().unwrap().iter();
    values.map(|value| value.as_str().unwrap()).collect()
}

#[test]
fn branches_compared_are_as_git_compares_them() {
    let scratch = Scratch::new();
    let (hosted, git) = made(&scratch, "branches", 31);
    let branches = git.run(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
    let branches: Vec<&str> = branches.lines().collect();
    assert!(branches.len() > 2, "{branches:?}");
    for base in &branches {
        for head in &branches {
            let spec = format!("/compare/{base}...{head}");
            let result = get(&hosted, &format!("{spec}?limit=1000")).result(200);
            let counts = git.run(&["rev-list", "--left-right", "--count", &spec[9..]]);
            let ours = format!("{}\t{}", result["behindBy"], result["aheadBy"]);
            assert_eq!(ours, counts, "{spec}");
            let bases = git.run(&["merge-base", "--all", base, head]);
            let mut ours = texts(&result["mergeBases"]);
            let mut theirs: Vec<&str> = bases.lines().collect();
            ours.sort_unstable();
            theirs.sort_unstable();
            assert_eq!(ours, theirs, "{spec}");
            let range = format!("{base}..{head}");
            let log = git.run(&["log", "--format=%H", &range]);
            let commits = result["commits"].as_array().unwrap().iter();
            let ours: Vec<_> = commits
                .map(|commit| commit["hash"].as_str().unwrap())
                .collect();
            assert_eq!(ours, log.lines().collect::<Vec<_>>(), "{spec}");
            let theirs = bytes_of(&git, &["diff", bases.lines().next().unwrap(), head]);
            if bases.lines().count() == 1 {
                same_bytes(&patch_of(&hosted, &spec), &theirs, &spec);
            }
            let theirs = bytes_of(&git, &["diff", base, head]);
            let two_dots = format!("/compare/{base}..{head}");
            same_bytes(&patch_of(&hosted, &two_dots), &theirs, &two_dots);
        }
    }
}

#[test]
fn merge_bases_of_several_are_those_of_git() {
    let scratch = Scratch::new();
    let (hosted, git) = made(&scratch, "bases", 32);
    let commits = git.run(&["rev-list", "--all"]);
    let commits: Vec<&str> = commits.lines().collect();
    for few in commits.windows(4).step_by(5) {
        for some in [&few[..2], &few[..3], few] {
            let query = format!("/merge-base?refs={}", some.join(","));
            let result = get(&hosted, &query).result(200);
            let found = git.try_run(&[&["merge-base", "--all"], some].concat(), b"");
            let mut theirs: Vec<String> = found.text().lines().map(str::to_owned).collect();
            let mut ours = texts(&result["mergeBases"]);
            ours.sort_unstable();
            theirs.sort_unstable();
            assert_eq!(ours, theirs, "{some:?}");
        }
    }
}

#[test]
fn commits_beyond_the_limit_are_counted() {
    let scratch = Scratch::new();
    let (hosted, git) = made(&scratch, "limit", 33);
    let root = git.run(&["rev-list", "--max-parents=0", "main"]);
    let root = root.lines().next().unwrap();
    let result = get(&hosted, &format!("/compare/{root}...main?limit=2")).result(200);
    let count = git.run(&["rev-list", "--count", &format!("{root}..main")]);
    assert_eq!(result["aheadBy"].to_string(), count);
    assert_eq!(result["commits"].as_array().unwrap().len(), 2);
    assert_eq!(result["commitsTruncated"], true);
}
