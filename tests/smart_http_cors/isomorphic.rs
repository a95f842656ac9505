//! isomorphic-git, which is Git in pages, with an HTTP of its own that keeps to the rules of browsers.

use super::clients;
use super::support::scratch::Scratch;
use super::{APP, EVIL, listing};

#[test]
fn git_in_a_page_of_a_listed_origin() {
    let Ok(client) = clients::isomorphic_git() else {
        return;
    };
    let (server, scratch) = (listing(), Scratch::new());
    let hosted = server.rest().create_repository("cors", "page");
    let folder = |name: &str| scratch.join(name).to_str().unwrap().to_owned();
    let (made, cloned) = (folder("made"), folder("cloned"));
    let page = |words: &[&str]| client.run(&hosted.token, &[&["page", APP], words].concat());
    page(&["create", &made, &hosted.remote]);
    page(&["clone", &hosted.remote, &cloned]);
    page(&["commit", &cloned, "11"]);
    page(&["fetch", &made]);

    let mirror = scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    let count = ["rev-list", "--count", "--first-parent", "main"];
    assert_eq!(mirror.run(&count).trim(), "11");

    let other = folder("other");
    let said = client.fails(
        &hosted.token,
        &["page", EVIL, "clone", &hosted.remote, &other],
    );
    assert!(said.contains("a browser shows no answer to GET"), "{said}");
}
