//! A history that is too large for one request, pushed in parts.

use super::support::git::Git;
use super::support::git::refs_equal;
use super::support::history::History;
use super::support::scratch::Scratch;
use super::support::server::Server;

const BYTES_MAX: &str = "150000";

/// Twice the bytes that one push may have.
fn history(scratch: &Scratch) -> Git {
    let source = scratch.repository("source");
    let history = History {
        commits: 600,
        branches: 2,
        ..History::small(61)
    };
    history.make(&source);
    let packed = source.try_run(&["pack-objects", "--all", "--stdout", "-q"], b"");
    let bytes = packed.stdout.len();
    assert!(bytes > 2 * BYTES_MAX.parse::<usize>().unwrap(), "{bytes}");
    source
}

#[test]
fn a_push_that_is_too_large_is_refused_and_its_parts_are_taken() {
    let server = Server::start_with(&[("CAIRN_PUSH_BYTES_MAX", BYTES_MAX)]);
    let hosted = server.rest().create_repository("push", "in-parts");
    let scratch = Scratch::new();
    let source = history(&scratch);
    let url = hosted.url();

    // Git announces its length: Cairn refuses it before reading, in words that Git shows.
    let said = source.fails(&["push", &url, "main"]);
    assert!(
        said.contains("bytes, at most 150000 are taken at once: push the history in parts"),
        "{said}"
    );
    assert!(said.contains("! [remote rejected] main -> main"), "{said}");
    // Its length is not told: refused when there is too much of it, with a way out.
    let streaming = source.clone().config("http.postBuffer", "65536");
    let said = streaming.fails(&["push", &url, "main"]);
    assert!(
        said.contains("exceeds the maximum size of 150000 bytes"),
        "{said}"
    );
    assert!(
        said.contains("push the history in parts, older commits first"),
        "{said}"
    );
    assert_eq!(source.remote_refs(&url).len(), 1, "nothing has changed");

    // As docs/large-repositories.md says.
    let line = source.run(&["rev-list", "--reverse", "--first-parent", "main"]);
    for commit in line.lines().skip(24).step_by(25) {
        let refspec = format!("{commit}:refs/heads/main");
        streaming.run(&["push", "--quiet", &url, &refspec]);
    }
    streaming.run(&["push", "--quiet", &url, "--all"]);
    streaming.run(&["push", "--quiet", &url, "--tags"]);
    let mirror = scratch.clone(&url, "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source, &mirror);
}
