//! Signing in, in a real Chromium: by a person, and by pages of others in this person's browser.

use serde_json::json;

use super::reading::PNG;
use super::seen::told;
use super::support::port;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server};

/// A private repository with a picture, and its tip.
fn private(server: &Server, scratch: &Scratch) -> (Hosted, String) {
    let hosted = server.rest().create_repository("pages", "private");
    let source = scratch.repository("source");
    source.write("README.md", "# Stones\n\n![a stone](docs/stone.png)\n");
    source.write("docs/stone.png", PNG);
    source.write("src/main.rs", "// one stone\n");
    let tip = source.commit("Private things");
    source.run(&["push", "-q", &hosted.url(), "main"]);
    (hosted, tip)
}

#[test]
fn somebody_signs_in_reads_a_private_repository_and_signs_out() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let (hosted, tip) = private(&server, &scratch);
    let lasting = json!({ "repo": "private", "scope": "write", "ttl": 86_400 });
    let rest = server.rest();
    let (token, revocable) = (
        rest.make_token("pages", &lasting),
        rest.make_token("pages", &json!({ "scope": "read" })),
    );
    let facts = json!({
        "tip": tip, "token": token.plaintext, "key": ADMIN_KEY,
        "revocable": { "id": revocable.id, "token": revocable.plaintext },
    });
    told("signing_in", &server, &hosted, &facts);
}

#[test]
fn pages_of_others_do_nothing_in_the_name_of_who_is_signed_in() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let (hosted, _) = private(&server, &scratch);
    let facts = json!({ "key": ADMIN_KEY, "port": port::free() });
    told("other_sites", &server, &hosted, &facts);
}
