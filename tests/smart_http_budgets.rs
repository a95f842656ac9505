//! The bounds on the costs of each operation in the object's database. Statements are time, rows are money:
//! neither may grow unnoticed.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use cairn_test_support as support;

use std::time::Duration;

use serde_json::{Value, json};
use support::history::History;
use support::rest::{Hosted, Rest};
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until_true;
use ureq::http::Method;

/// SQL statements, rows read and rows written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    statements: u64,
    rows_read: u64,
    rows_written: u64,
}

/// The most that each may cost: at most a fifth above the present cost. A commit that raises one says why.
///
/// Rows written: each ref that changes has an event, a row. Now and then there is one more, after the
/// report: how far the namespace has taken events.
const BUDGETS: [(&str, Cost); 11] = [
    ("first push of sixty commits", cost(125, 170, 37)),
    ("push of one commit", cost(34, 63, 12)),
    ("ls-remote", cost(1, 2, 0)),
    ("fetch of one commit", cost(7, 15, 0)),
    ("clone", cost(15, 24, 0)),
    ("REST: a commit of one file", cost(34, 62, 12)),
    ("REST: a blob", cost(25, 49, 10)),
    ("REST: a branch made", cost(27, 40, 5)),
    ("REST: the same with a key", cost(30, 37, 7)),
    ("REST: a page of the reflog", cost(4, 9, 0)),
    ("push of one commit under a hundred rules", cost(34, 63, 12)),
];

const fn cost(statements: u64, rows_read: u64, rows_written: u64) -> Cost {
    Cost {
        statements,
        rows_read,
        rows_written,
    }
}

#[test]
fn no_operation_costs_more_than_its_budget() {
    // Nothing is copied to R2 in the middle of an operation.
    let server = Server::start_with(&[("CAIRN_SETTLE_SECONDS", "86400")]);
    let rest = server.rest();
    let scratch = Scratch::new();
    let hosted = rest.create_repository("budgets", "repository");
    let (url, source) = (hosted.url(), scratch.repository("source"));
    History::small(11).make(&source);
    let spent_by = |operation: &dyn Fn()| spent(&rest, &hosted, operation);

    let first = spent_by(&|| drop(source.run(&["push", "--quiet", "--mirror", &url])));
    let clone = spent_by(&|| drop(scratch.clone(&url, "clone", &[])));
    source.write("notes.txt", "one line\n");
    source.commit("one more");
    let push = spent_by(&|| drop(source.run(&["push", "--quiet", &url, "main"])));
    let fetcher = scratch.git_in("clone");
    let fetch = spent_by(&|| drop(fetcher.run(&["fetch", "--quiet"])));
    let list = spent_by(&|| drop(source.run(&["ls-remote", &url])));
    let body = json!({"branch": "main", "message": "by REST",
        "files": [{"path": "notes.txt", "content": "another line\n"}]});
    let commits = hosted.path("/commits");
    let commit = spent_by(&|| drop(rest.post(&commits, &body).result(201)));
    let blobs = hosted.path("/blobs");
    let blob = spent_by(&|| drop(rest.send(Method::PUT, &blobs, &[], b"a blob").result(201)));

    let made = |name: &str| json!({"updates": [{"name": name, "new": "main", "old": null}]});
    let refs = hosted.path("/refs");
    let branch = spent_by(&|| drop(rest.post(&refs, &made("refs/heads/a")).result(200)));
    let body = made("refs/heads/b").to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "k"),
    ];
    let keyed = || rest.send(Method::POST, &refs, &headers, body.as_bytes());
    let keyed = spent_by(&|| drop(keyed().result(200)));
    let reflog = hosted.path("/reflog?limit=3");
    let reflog = spent_by(&|| drop(rest.get(&reflog).result(200)));

    let ruled = {
        let mut rules = vec![json!(["refs/heads/other/*", ["no-push"]]); 99];
        rules.push(json!(["refs/heads/*", ["no-delete", "no-force-push"]]));
        let rules = json!({ "ref_rules": rules });
        rest.patch(&hosted.path(""), &rules).result(200);
        source.run(&["fetch", "--quiet", &url, "main"]);
        source.run(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
        source.commit("under rules");
        spent_by(&|| drop(source.run(&["push", "--quiet", &url, "main"])))
    };

    let spent: [_; BUDGETS.len()] = [
        first, push, list, fetch, clone, commit, blob, branch, keyed, reflog, ruled,
    ];
    let over: Vec<_> = std::iter::zip(BUDGETS, spent)
        .filter(|((_, budget), spent)| !within(*spent, *budget))
        .map(|((name, budget), spent)| format!("{name}: {spent:?}, and may cost {budget:?}"))
        .collect();
    assert!(over.is_empty(), "beyond BUDGETS:\n{}", over.join("\n"));
}

fn within(spent: Cost, budget: Cost) -> bool {
    spent.statements <= budget.statements
        && spent.rows_read <= budget.rows_read
        && spent.rows_written <= budget.rows_written
}

/// Looks at the figures that must cost the same, one after another, until the object is at rest.
const EQUAL_LOOKS: u32 = 5;

/// Waits until the object does nothing by itself: so the work that one operation leaves to it is not counted
/// for the next one.
fn await_rest(rest: &Rest, hosted: &Hosted) {
    let (mut last, mut cost, mut equal) = (figures(rest, hosted), None, 0);
    until_true("the object is at rest", Duration::from_secs(20), || {
        let now = figures(rest, hosted);
        let look = Some((
            now.statements - last.statements,
            now.rows_read - last.rows_read,
            now.rows_written - last.rows_written,
        ));
        equal = if look == cost { equal + 1 } else { 0 };
        (last, cost) = (now, look);
        equal == EQUAL_LOOKS
    });
}

/// The cost of the operation, without that of reading the figures.
fn spent(rest: &Rest, hosted: &Hosted, operation: &dyn Fn()) -> Cost {
    await_rest(rest, hosted);
    let (before, idle) = (figures(rest, hosted), figures(rest, hosted));
    operation();
    let after = figures(rest, hosted);
    let of = |what: fn(&Cost) -> u64| {
        let look = what(&idle) - what(&before);
        (what(&after) - what(&idle)).saturating_sub(look)
    };
    Cost {
        statements: of(|cost| cost.statements),
        rows_read: of(|cost| cost.rows_read),
        rows_written: of(|cost| cost.rows_written),
    }
}

fn figures(rest: &Rest, hosted: &Hosted) -> Cost {
    let stats = rest.get(&hosted.path("/stats")).result(200);
    let count = |what: &str| {
        let value: &Value = &stats["sql"][what];
        value
            .as_u64()
            .unwrap_or_else(|| panic!("no {what}: {stats}"))
    };
    Cost {
        statements: count("statements"),
        rows_read: count("rows_read"),
        rows_written: count("rows_written"),
    }
}
