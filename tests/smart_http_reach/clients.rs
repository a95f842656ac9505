//! Fetches of clients that have a part, or say so.

use serde_json::json;
use ureq::http::Method;

use super::rewritten::Story;

#[test]
fn a_partial_clone_fetches_missing_objects() {
    let story = Story::begin("reach-partial");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    story
        .rest
        .patch(&story.source.path(""), &json!({ "public": true }))
        .result(200);
    for (name, url) in [
        ("fork", forked.url()),
        ("public", story.source.remote.clone()),
    ] {
        for filter in ["blob:none", "tree:0"] {
            let folder = format!("{name}-{}", filter.replace(':', "-"));
            let clone = story
                .scratch
                .clone(&url, &folder, &[&format!("--filter={filter}")]);
            // An old state of a file, which is fetched when it is shown.
            let shown = clone.run(&["show", "HEAD~1:kept"]);
            assert!(shown.starts_with("an older state"), "{shown}");
            clone.run(&["log", "-p", "--all"]);
        }
    }
}

#[test]
fn what_a_client_says_it_has_tells_it_nothing() {
    let story = Story::begin("reach-haves");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    // A shallow commit that the client names and does not have: to deepen is to want its parents.
    let packet = |line: &str| format!("{:04x}{line}", line.len() + 4);
    let tip = story.work.run(&["rev-parse", "main"]);
    let on_top = &story.removed.commit;
    let body = format!(
        "{}{}0001{}{}{}{}0000",
        packet("command=fetch"),
        packet("object-format=sha1"),
        packet(&format!("want {tip}\n")),
        packet(&format!("shallow {on_top}\n")),
        packet("deepen 2147483647\n"),
        packet("done\n"),
    );
    let path = forked.git_path("git-upload-pack");
    let headers = [
        ("Git-Protocol", "version=2"),
        ("Content-Type", "application/x-git-upload-pack-request"),
    ];
    let rest = story.rest.with_bearer(&forked.token);
    let answer = rest.send(Method::POST, &path, &headers, body.as_bytes());
    assert!(!answer.text().contains("unshallow"), "{}", answer.text());
}
