//! The costs of a sync: requests to its upstream, and rows written here.

use serde_json::{Value, json};

use super::story::{Upstream, VARIABLES, ask, follow, over, sync};
use super::support::history::History;
use super::support::rest::{Hosted, Rest};
use super::support::server::Server;
use super::support::wait::until;

/// Rows that a sync with nothing new may write.
const ROWS_UNCHANGED: u64 = 2;

/// Rows that a sync with one new commit may write.
const ROWS_ONE_COMMIT: u64 = 25;

fn written(rest: &Rest, hosted: &Hosted) -> u64 {
    let stats = rest.get(&hosted.path("/stats")).result(200);
    stats["sql"]["rows_written"].as_u64().unwrap()
}

/// Rows written so far, once the object writes no more.
fn at_rest(rest: &Rest, hosted: &Hosted) -> u64 {
    let (mut last, mut equal) = (written(rest, hosted), 0);
    until("the object at rest", super::story::PATIENCE, || {
        let now = written(rest, hosted);
        equal = if now == last { equal + 1 } else { 0 };
        last = now;
        (equal == 8).then_some(now)
    })
}

/// The sync, the rows that it writes, and its requests.
fn spent(source: &Upstream, rest: &Rest, hosted: &Hosted) -> (Value, u64, usize) {
    let (rows, asked) = (at_rest(rest, hosted), source.remote.seen().len());
    let id = ask(rest, hosted);
    let done = over(rest, hosted, id);
    let asked = source.remote.seen().len() - asked;
    (done, at_rest(rest, hosted) - rows, asked)
}

#[test]
fn a_sync_costs_what_changed() {
    let variables = [
        VARIABLES[0],
        VARIABLES[1],
        ("CAIRN_SETTLE_SECONDS", "86400"),
    ];
    let server = Server::start_with(&variables);
    let source = Upstream::new(&History::small(711));
    let rest = server.rest();
    let hosted = rest.create_repository("costs", "mirror");
    follow(&rest, &hosted, &source.url(), &json!({ "prune": true }));
    sync(&rest, &hosted);
    let (done, rows, asked) = spent(&source, &rest, &hosted);
    assert_eq!(done["state"], "unchanged");
    assert!(asked <= 2, "{asked} requests");
    assert!(rows <= ROWS_UNCHANGED, "{rows} rows");

    source.commit("one more");
    let (done, rows, asked) = spent(&source, &rest, &hosted);
    println!(
        "one commit: {rows} rows, {asked} requests, {} bytes",
        done["pack_bytes"]
    );
    assert_eq!(done["updated"], 1);
    assert!(asked <= 3, "{asked} requests");
    assert!(rows <= ROWS_ONE_COMMIT, "{rows} rows");
    // The pack has three objects, and no older history.
    assert!(done["pack_bytes"].as_u64() < Some(1000), "{done}");
}

/// By hand: `cargo test --release --test smart_http_mirrors -- --ignored --nocapture many`
#[test]
#[ignore = "makes 52,000 refs; figures by hand"]
fn many_refs_cost_what_changed() {
    let server = Server::start_with(&VARIABLES);
    let source = Upstream::small();
    let tip = source.git.run(&["rev-parse", "main"]);
    let lines: String = (0..52_000)
        .map(|n| format!("create refs/heads/many/{n:06} {tip}"))
        .collect::<Vec<_>>()
        .join("\n");
    source
        .git
        .run_with(&["update-ref", "--stdin"], lines.as_bytes());
    source.git.run(&["pack-refs", "--all"]);
    let rest = server.rest();
    let hosted = rest.create_repository("costs", "many");
    let first = follow(&rest, &hosted, &source.url(), &json!({ "prune": true }));
    assert_eq!(first["created"], 52_001, "{first}");
    for what in ["unchanged", "unchanged", "one commit"] {
        if what == "one commit" {
            source.commit("one more");
        }
        at_rest(&rest, &hosted);
        let cpu = server.cpu_time();
        let (done, rows, asked) = spent(&source, &rest, &hosted);
        println!(
            "{what}: {}, {rows} rows, {asked} requests, {:?}",
            done["state"],
            server.cpu_time().saturating_sub(cpu)
        );
        assert!(rows <= ROWS_ONE_COMMIT, "{rows} rows");
    }
}
