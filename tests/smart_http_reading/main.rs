//! Last commits and blame over REST, with git in a clone as the judge.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod blame;
mod budgets;
mod grep;
mod last_commits;
mod search;

use serde_json::Value;
use support::git::Git;
use support::history::History;
use support::rest::{Answer, Hosted};
use support::scratch::Scratch;
use support::server::server;

fn get(hosted: &Hosted, path: &str) -> Answer {
    let rest = server().rest().with_bearer(&hosted.token);
    rest.get(&hosted.path(path))
}

/// The results of all pages.
fn pages(hosted: &Hosted, path: &str) -> Vec<Value> {
    let mut results = Vec::new();
    let mut cursor = String::new();
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let answer = get(hosted, &format!("{path}{sign}cursor={cursor}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let page = answer.json();
        results.push(page["result"].clone());
        page["result_info"]["cursor"]
            .as_str()
            .unwrap()
            .clone_into(&mut cursor);
        let has_next = answer.header("link").contains("rel=\"next\"");
        assert_eq!(has_next, !cursor.is_empty(), "{path}: {:?}", answer.headers);
        if cursor.is_empty() {
            return results;
        }
    }
}

/// A random history on the server, and in a repository of git's.
fn hosted(scratch: &Scratch, name: &str, seed: u64) -> (Hosted, Git) {
    let work = scratch.repository(name);
    History {
        commits: 150,
        paths: 25,
        ..History::small(seed)
    }
    .make(&work);
    let hosted = server().rest().create_repository("reading", name);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    (hosted, work)
}

fn refused(hosted: &Hosted, path: &str, status: u16, pointer: &str) {
    let answer = get(hosted, path);
    assert_eq!(answer.status, status, "{path}: {}", answer.text());
    let error = &answer.json()["errors"][0];
    assert_eq!(error["source"]["pointer"], pointer, "{path}: {error}");
}
