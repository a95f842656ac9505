//! The cost of push protection in the push of a real repository. By hand, with the released wasm:
//!
//! ```sh
//! make build && SOURCE=tokio.bundle cargo test --test smart_http_push measured -- --ignored --nocapture
//! ```

use std::time::Duration;

use serde_json::json;

use super::support::scratch::Scratch;
use super::support::server::Server;

/// Pushes with and without it, in turn.
const PUSHES: u32 = 6;

#[test]
#[ignore = "a measurement, on a quiet machine: SOURCE names a bundle"]
fn push_protection_costs_a_push_a_tenth_at_most() {
    let server = Server::start_with(&[("CAIRN_SETTLE_SECONDS", "86400")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let work = scratch.bare_repository("work");
    let bundle = std::env::var("SOURCE").unwrap();
    work.run(&["fetch", "--quiet", &bundle, "+refs/*:refs/*"]);
    let mut used = [Duration::ZERO; 2];
    // The first of each warms up, and does not count.
    for push in 0..=PUSHES {
        let mut both = [0, 1];
        if push % 2 == 1 {
            both.reverse();
        }
        for place in both {
            let hosted =
                rest.create_repository("protection-measured", &format!("r-{push}-{place}"));
            let setting = json!({ "push_protection": place == 1 });
            rest.patch(&hosted.path(""), &setting).result(200);
            let before = server.cpu_time();
            work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
            let took = server.cpu_time().saturating_sub(before);
            rest.delete(&hosted.path("?purge=true")).result(202);
            if push > 0 {
                used[place] += took;
            }
        }
    }
    let [without, with] = used.map(|used| used / PUSHES);
    println!("CPU of a push: {without:?}, with push protection {with:?}");
    assert!(with <= without * 11 / 10, "{with:?}");
}
