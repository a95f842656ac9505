//! The cost of a signed token for the server. By hand, with the released wasm:
//!
//! ```sh
//! make build && cargo test --test smart_http_signed measured -- --ignored --nocapture
//! ```

#![allow(clippy::print_stdout, reason = "the figures")]

use std::time::Duration;

use serde_json::json;

use super::operators::claims;
use super::signer::Key;
use super::{PLATFORM, Trusting, github, operator, with, world};

/// Requests with each credential, in turns of [`TURN`].
const REQUESTS: u32 = 2000;
const TURN: u32 = 100;

/// CPU time more than with a plain token, for each request.
const MORE_MAX: Duration = Duration::from_millis(2);

#[test]
#[ignore = "a measurement, on a quiet machine: run by name"]
fn a_signed_token_costs_two_milliseconds_at_most() {
    let one = json!([{ "claims": { "repository": "acme/app" }, "scope": "write" }]);
    let trusting = Trusting::new("sig-measured", &one);
    let hosted = &trusting.hosted;
    let own = claims(&[
        ("repo", json!("sig-measured/app")),
        ("iss", json!(PLATFORM)),
    ]);
    let of_operator = |key: &Key| (format!("operator, {}", key.kind), key.sign(&own));
    let mut credentials = vec![("plain".to_owned(), hosted.token.clone())];
    credentials.extend(world().keys.iter().map(of_operator));
    let of_github = trusting.key.sign(&with(&github(), &[]));
    credentials.push(("namespace, RS256 by JWKS and rules".to_owned(), of_github));

    let mut used = vec![Duration::ZERO; credentials.len()];
    // The first turn warms up, and does not count.
    for turn in 0..=REQUESTS / TURN {
        for ((_, token), used) in credentials.iter().zip(&mut used) {
            let client = operator().with_bearer(token);
            let before = world().server.cpu_time();
            for _ in 0..TURN {
                client.get(&hosted.path("/refs")).result(200);
            }
            if turn > 0 {
                *used += world().server.cpu_time().saturating_sub(before);
            }
        }
    }
    let plain = used[0] / REQUESTS;
    println!("plain: {plain:?} a request");
    for ((name, _), used) in credentials.iter().zip(&used).skip(1) {
        let more = (*used / REQUESTS).saturating_sub(plain);
        println!("{name}: {more:?} more");
        assert!(more <= MORE_MAX, "{name}: {more:?}");
    }
}
