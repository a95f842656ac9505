//! Pages of the origins that `CAIRN_CORS_ORIGINS` lists use the server from a browser, and others do not.
//! For servers without it, see `no_answer_lets_other_origins_in` in `smart_http_security`.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../clients/mod.rs"]
mod clients;
use cairn_test_support as support;

mod answers;
mod browser;
mod isomorphic;
mod preflights;
mod rules;

use support::rest::Answer;
use support::server::Server;

/// An origin that the operator lists.
const APP: &str = "https://app.example";

/// Another one, of a developer's machine.
const LOCAL: &str = "http://localhost:5173";

/// Nobody's.
const EVIL: &str = "https://evil.example";

/// A server that lists [`APP`] and [`LOCAL`].
fn listing() -> Server {
    Server::start_with(&[(
        "CAIRN_CORS_ORIGINS",
        "https://app.example, http://localhost:5173",
    )])
}

/// Whether a page of this origin may read the answer; asserts that its headers agree with each other.
fn is_readable_by(answer: &Answer, origin: &str) -> bool {
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let allowed = answer.header("access-control-allow-origin");
    let varies = answer.headers.get_all("vary").iter();
    let mut varies = varies.flat_map(|value| value.to_str().unwrap().split(','));
    let varies = varies.any(|name| name.trim().eq_ignore_ascii_case("origin"));
    assert_eq!(varies, !allowed.is_empty(), "{:?}", answer.headers);
    allowed == origin
}

/// No header of the answer is one of CORS.
fn is_closed(answer: &Answer) -> bool {
    let mut names = answer.headers.keys().map(ureq::http::HeaderName::as_str);
    !names.any(|name| name.starts_with("access-control") || name == "vary")
}
