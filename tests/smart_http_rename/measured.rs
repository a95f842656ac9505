//! How long a rename takes. By hand: `SOURCE=tokio.bundle cargo test --test smart_http_rename measured -- --ignored
//! --nocapture`

use std::time::{Duration, Instant};

use serde_json::json;

use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;

#[test]
#[ignore = "a measurement: SOURCE names a bundle"]
fn a_large_repository_is_renamed_at_once() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let rest = server.rest();
    let work = scratch.bare_repository("work");
    let bundle = std::env::var("SOURCE").unwrap();
    work.run(&["fetch", "--quiet", &bundle, "+refs/*:refs/*"]);
    let hosted = rest.create_repository("rename-large", "large-0");
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let mut named = hosted;
    for (namespace, at) in [
        ("rename-large", 1),
        ("rename-large", 2),
        ("rename-to", 3),
        ("rename-large", 4),
    ] {
        let to = json!({ "name": format!("large-{at}"), "namespace": namespace });
        let begun = Instant::now();
        rest.post(&named.path("/rename"), &to).result(200);
        let took = begun.elapsed();
        eprintln!("renamed to {namespace}/large-{at} in {took:?}");
        assert!(took < Duration::from_millis(500), "{took:?}");
        named = Hosted {
            namespace: namespace.to_owned(),
            name: format!("large-{at}"),
            ..named
        };
        rest.get(&named.path("")).result(200);
    }
}
