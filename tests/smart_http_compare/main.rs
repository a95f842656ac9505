//! The differences between commits, over REST, with git in a clone as the judge.

// A clock and figures in runs by name; patches are put together from their parts.
#![allow(
    clippy::disallowed_methods,
    clippy::format_push_string,
    clippy::print_stdout
)]
// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod ahead_behind;
mod commits;
mod diffs;
mod elsewhere;
mod histories;
mod refusals;

use support::git::Git;
use support::history::History;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::server;

fn rest() -> Rest {
    server().rest()
}

/// A made history on the server, and a clone of it.
fn made(scratch: &Scratch, name: &str, seed: u64) -> (Hosted, Git) {
    let hosted = rest().create_repository("compare", name);
    let work = scratch.repository(&format!("{name}-work"));
    History::small(seed).make(&work);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let clone = scratch.clone(&hosted.url(), &format!("{name}-clone"), &["--mirror"]);
    (hosted, clone)
}

/// A repository on the server with these commits on `main`, each a list of files; and its work tree.
fn with_commits(scratch: &Scratch, name: &str, commits: &[&[(&str, &[u8])]]) -> (Hosted, Git) {
    let hosted = rest().create_repository("compare", name);
    let work = scratch.repository(name);
    for files in commits {
        for (path, content) in *files {
            work.write(path, content);
        }
        work.commit("a change");
    }
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    (hosted, work)
}

fn get(hosted: &Hosted, rest_of_path: &str) -> Answer {
    rest()
        .with_bearer(&hosted.token)
        .get(&hosted.path(rest_of_path))
}

/// The same, asked for as a patch.
fn patch_of(hosted: &Hosted, rest_of_path: &str) -> Vec<u8> {
    let client = rest().with_bearer(&hosted.token);
    let accept = [("Accept", "text/x-diff")];
    let path = hosted.path(rest_of_path);
    let answer = client.send(ureq::http::Method::GET, &path, &accept, b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/x-diff");
    answer.body
}

fn bytes_of(git: &Git, arguments: &[&str]) -> Vec<u8> {
    let ended = git.try_run(arguments, b"");
    assert!(ended.ok, "{}", ended.stderr);
    ended.stdout
}

fn same_bytes(ours: &[u8], theirs: &[u8], what: &str) {
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        ours == theirs,
        "{what}\n--- ours\n{}\n--- git's\n{}",
        show(ours),
        show(theirs)
    );
}
