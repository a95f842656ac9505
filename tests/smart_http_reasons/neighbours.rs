//! Requests for things that other hosts serve beside Git.

use ureq::http::Method;

use super::support::scratch::Scratch;
use super::support::server::server;

#[test]
fn git_archive_is_told_that_it_is_not_served() {
    let rest = server().rest();
    let hosted = rest.create_repository("neighbours", "archive");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    let remote = format!("--remote={}", hosted.url());
    let said = scratch.git().fails(&["archive", &remote, "HEAD"]);
    // Before 2.44 git itself says that it cannot.
    let is_told = said.contains("git archive --remote is not served here");
    assert!(
        is_told || said.contains("operation not supported by protocol"),
        "{said}"
    );
    let content_type = [("Content-Type", "application/x-git-upload-archive-request")];
    let path = "/git/neighbours/archive.git/git-upload-archive";
    let answer = rest.send(
        Method::POST,
        path,
        &content_type,
        b"0012argument HEAD\n0000",
    );
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .text()
            .contains("ERR git archive --remote is not served here")
    );
}

#[test]
fn browsers_and_archives_hear_which_repository_is_here() {
    let rest = server().rest();
    rest.create_repository("neighbours", "pages");
    for (path, words) in [
        ("/git/neighbours/pages.git", "git clone it"),
        ("/git/neighbours/pages/", "git clone it"),
        (
            "/git/neighbours/pages/archive/refs/heads/main.tar.gz",
            "git clone --depth=1",
        ),
        (
            "/git/neighbours/pages/-/archive/main/x.zip",
            "git clone --depth=1",
        ),
    ] {
        let answer = rest.anonymous().get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").starts_with("text/plain"));
        assert!(answer.text().contains(words), "{}", answer.text());
    }
}
