//! Names that clients cannot store, and names that some clients cannot tell apart.

use serde_json::json;

use super::raw::{NULL, RawPush};
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;

fn create(name: &str) -> Hosted {
    server().rest().create_repository("push-names", name)
}

#[test]
fn a_ref_that_no_client_can_store_is_refused() {
    let (scratch, hosted) = (Scratch::new(), create("long"));
    let source = scratch.repository("source");
    let tip = source.commit("first");
    let (fits, long) = ("f".repeat(240), "l".repeat(241));
    let deep = "d/".repeat(400) + "x";
    // Git's own refs are files, so a client can push these only from a ref of another name.
    let refused = format!("main:refs/heads/{long}");
    let too_deep = format!("main:refs/heads/{deep}");
    let taken = format!("main:refs/heads/{fits}");
    let said = source.fails(&["push", &hosted.url(), "main", &taken, &refused, &too_deep]);
    assert!(
        said.contains("a component of 241 bytes, at most 240"),
        "{said}"
    );
    assert!(said.contains("refname of 812 bytes, at most 768"), "{said}");
    let refs = source.remote_refs(&hosted.url());
    assert!(refs.contains_key(&format!("refs/heads/{fits}")), "{refs:?}");
    assert!(
        !refs.contains_key(&format!("refs/heads/{long}")),
        "{refs:?}"
    );
    scratch.clone(&hosted.url(), "clone", &[]).fsck_strict();

    // Old repositories may have one: it can be deleted, as git's server lets odd names go.
    let gone = RawPush::new()
        .update(&tip, NULL, &format!("refs/heads/{long}"))
        .pack(&source, &[] as &[&str]);
    let lines = gone.send(&hosted).lines;
    assert!(!lines.join("\n").contains("241 bytes"), "{lines:?}");

    let rest = server().rest();
    let body = json!({ "default_branch": long });
    let answer = rest.patch(&hosted.path(""), &body);
    assert!(answer.text().contains("241 bytes"), "{}", answer.text());
    assert_eq!(answer.status, 400);
    let body = json!({ "name": "long-default", "default_branch": long });
    let path = "/api/v1/namespaces/push-names/repos";
    assert_eq!(rest.post(path, &body).status, 400);
}

#[test]
fn names_that_differ_in_case_alone_are_warned_of() {
    let (scratch, hosted) = (Scratch::new(), create("case"));
    let source = scratch.repository("source");
    source.commit("first");
    let push = |refs: &[&str]| {
        let url = hosted.url();
        let arguments = [&["push", url.as_str()], refs].concat();
        let ended = source.try_run(&arguments, b"");
        assert!(ended.ok, "{}", ended.stderr);
        ended.stderr
    };
    let said = push(&["main", "main:feature/one"]);
    assert!(!said.contains("in case alone"), "{said}");
    let said = push(&["main:Feature/One"]);
    let warning =
        "warning: refs/heads/Feature/One differs from refs/heads/feature/one in case alone";
    assert!(said.contains(warning), "{said}");
    // In one push, and not of names that make way in it.
    let said = push(&["main:a/B", "main:A/b", ":feature/one", "main:feature/ONE"]);
    assert!(said.contains("differs from refs/heads/"), "{said}");
    assert_eq!(said.matches("in case alone").count(), 2, "{said}");
    source.commit("second");
    let said = push(&["main", "+main:Feature/One"]);
    assert!(
        !said.contains("in case alone"),
        "a ref that is there: {said}"
    );
    let refs = source.remote_refs(&hosted.url());
    let refs: Vec<_> = refs.keys().filter(|name| *name != "HEAD").collect();
    assert_eq!(refs.len(), 5, "{refs:?}");
}
