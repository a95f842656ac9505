//! Programs for Cloudflare Artifacts work with this server: the real wrangler, the commands that
//! Artifacts' documentation shows, and requests to the paths of its API.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod documented;
mod forms;
mod wrangler;

use serde_json::{Value, json};
use support::server::server;

/// The routes as Artifacts has them. The account may be any.
const ARTIFACTS: &str = "/client/v4/accounts/x/artifacts";

fn names(list: &Value) -> Vec<&str> {
    let entries = list["result"].as_array().unwrap();
    entries
        .iter()
        .map(|repo| repo["name"].as_str().unwrap())
        .collect()
}

#[test]
fn repositories_are_made_shown_listed_by_pages_and_deleted_at_the_paths_of_artifacts() {
    let rest = server().rest();
    let repos = format!("{ARTIFACTS}/namespaces/artifacts-paths/repos");
    for name in ["a", "b", "c", "d", "e"] {
        let made = rest.post(&repos, &json!({ "name": name })).result(201);
        assert_eq!(made["name"], name);
    }
    let shown = rest.get(&format!("{repos}/a")).result(200);
    let same = rest
        .get("/api/v1/namespaces/artifacts-paths/repos/a")
        .result(200);
    assert_eq!(shown["id"], same["id"]);

    let page = |query: &str| rest.get(&format!("{repos}?sort=name&{query}")).json();
    let second = page("page=2&per_page=2");
    assert_eq!(names(&second), ["c", "d"]);
    let info = &second["result_info"];
    assert_eq!(info["page"], 2);
    assert_eq!(info["per_page"], 2);
    assert_eq!(info["total_pages"], 3);
    assert_eq!(info["total_count"], 5);
    // The cursor of a page leads on from it.
    let cursor = info["cursor"].as_str().unwrap();
    assert_eq!(names(&page(&format!("per_page=2&cursor={cursor}"))), ["e"]);
    assert_eq!(names(&page("page=3&per_page=2")), ["e"]);
    assert_eq!(names(&page("page=4&per_page=2")), [""; 0]);
    assert_eq!(page("page=1&search=b")["result_info"]["total_count"], 1);

    rest.delete(&format!("{repos}/a")).result(202);
    assert_eq!(names(&page("page=1&per_page=2")), ["b", "c"]);
    assert_eq!(page("page=1")["result_info"]["total_count"], 4);
}

#[test]
fn namespaces_are_listed_by_pages() {
    let rest = server().rest();
    for name in ["pages-of-ns-1", "pages-of-ns-2", "pages-of-ns-3"] {
        let path = format!("{ARTIFACTS}/namespaces");
        rest.post(&path, &json!({ "namespace": name })).result(201);
    }
    let path = format!("{ARTIFACTS}/namespaces?search=pages-of-ns&per_page=2&page=2");
    let list = rest.get(&path).json();
    assert_eq!(list["result"][0]["namespace"], "pages-of-ns-3");
    assert_eq!(list["result_info"]["count"], 1);
    assert_eq!(list["result_info"]["total_count"], 3);
}

#[test]
fn a_wrong_query_or_path_is_refused_with_its_reason() {
    let rest = server().rest();
    let repos = format!("{ARTIFACTS}/namespaces/artifacts-wrong/repos");
    for query in [
        "page=0",
        "page=201",
        "page=1&cursor=x",
        "per_page=1&limit=1",
        "offset=1",
    ] {
        let answer = rest.get(&format!("{repos}?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
    }
    for path in [
        "/client/v4/accounts/x/r2/buckets",
        "/client/v4/accounts//artifacts/namespaces",
        "/client/v4/user",
    ] {
        let answer = rest.get(path);
        assert_eq!(answer.status, 404, "{path}");
        let text = answer.text();
        assert!(
            text.contains("/client/v4/accounts/<account>/artifacts"),
            "{text}"
        );
    }
    assert_eq!(rest.anonymous().get(&repos).status, 401);
}

#[test]
fn the_log_shows_the_route_that_answered() {
    let rest = server().rest();
    rest.get(&format!(
        "{ARTIFACTS}/namespaces/artifacts-logged/repos?page=1"
    ));
    let of_ours = |line: &Value| line["namespace"] == "artifacts-logged";
    let lines = server().request_lines(|lines| lines.iter().any(of_ours));
    let line = lines.iter().find(|line| of_ours(line)).unwrap();
    assert!(
        !line["route"].as_str().unwrap().contains("client"),
        "{line}"
    );
}
