//! Lists show the sizes of repositories, and namespaces show their sums.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::history::noise;
use super::support::scratch::Scratch;
use super::support::wait;
use super::{rest, shown};

const PATIENCE: Duration = Duration::from_secs(20);

fn names(query: &str) -> Vec<String> {
    rest().repository_names("quota-lists", query)
}

#[test]
fn lists_show_sizes_and_the_namespace_adds_them_up() {
    let scratch = Scratch::new();
    let mut sizes = Vec::new();
    for (name, bytes) in [("small", 1000), ("large", 90_000), ("middle", 20_000)] {
        let hosted = rest().create_repository("quota-lists", name);
        let git = scratch.repository(name);
        git.write("file", noise(3, bytes));
        git.commit(name);
        git.run(&["push", "--quiet", &hosted.url(), "main"]);
        sizes.push(shown(&hosted));
    }
    rest().create_repository("quota-lists", "empty");
    // Each repository tells its namespace after the push.
    let sum = |field: &str| {
        let sizes = sizes.iter().map(|shown| shown[field].as_u64().unwrap());
        sizes.sum::<u64>()
    };
    let namespace = wait::until("the namespace has heard", PATIENCE, || {
        let shown = rest().get("/api/v1/namespaces/quota-lists").result(200);
        (shown["size_bytes"] == sum("size_bytes")).then_some(shown)
    });
    assert_eq!(namespace["object_count"], sum("object_count"));
    assert_eq!(namespace["lfs_bytes"], 0);
    assert_eq!(namespace["repo_count"], 4);
    let all = rest()
        .get("/api/v1/namespaces?search=quota-lists")
        .result(200);
    assert_eq!(all, json!([namespace]));

    let largest_first = ["large", "middle", "small", "empty"];
    assert_eq!(names("sort=size"), largest_first);
    let cursor = |query: &str| {
        let path = format!("/api/v1/namespaces/quota-lists/repos?{query}");
        let info = rest().get(&path).json()["result_info"].clone();
        info["cursor"].as_str().unwrap().to_owned()
    };
    let after = cursor("sort=size&limit=2");
    assert_eq!(
        names(&format!("sort=size&limit=2&cursor={after}")),
        largest_first[2..]
    );
    assert_eq!(names("sort=size&size_min=20000"), ["large", "middle"]);
    assert_eq!(names("sort=size&size_max=20000&size_min=1"), ["small"]);
    let at = |shown: &Value| shown["last_push_at"].as_str().unwrap().to_owned();
    let query = format!("sort=name&last_push_before={}", at(&sizes[1]));
    assert_eq!(names(&query), ["small"]);
    let query = format!("sort=name&last_push_after={}&size_min=1", at(&sizes[1]));
    assert_eq!(names(&query), ["large", "middle"]);
    assert_eq!(names("last_push_before=2020-01-01T00:00:00Z"), [""; 0]);

    let listed = rest().get("/api/v1/namespaces/quota-lists/repos?search=large");
    let listed = &listed.result(200)[0];
    for field in ["size_bytes", "object_count", "lfs_bytes", "last_push_at"] {
        assert_eq!(listed[field], sizes[1][field], "{field}");
    }
    assert_eq!(listed["expires_at"], json!(null));

    for (query, pointer) in [
        ("last_push_before=yesterday", "/last_push_before"),
        ("size_min=-1", "/size_min"),
        ("size_max=1125899906842625", "/size_max"),
    ] {
        let path = format!("/api/v1/namespaces/quota-lists/repos?{query}");
        let refused = rest().get(&path);
        assert_eq!(refused.error_code(400), 10_100, "{query}");
        assert_eq!(refused.json()["errors"][0]["source"]["pointer"], pointer);
    }
    for (query, pointer) in [("size_min=1", "/size_min"), ("public=true", "/public")] {
        let refused = rest().get(&format!("/api/v1/namespaces?{query}"));
        assert_eq!(refused.json()["errors"][0]["source"]["pointer"], pointer);
    }
}

#[test]
fn lists_show_only_who_is_public_or_closed_or_ends() {
    let names =
        |query: &str| rest().repository_names("quota-states", &format!("sort=name&{query}"));
    for (name, settings) in [
        ("agents", json!({ "ttl_seconds": 3600 })),
        ("docs", json!({ "public": true, "read_only": true })),
        ("site", json!({ "public": true })),
        ("work", json!({ "idle_ttl_seconds": 86_400 })),
    ] {
        let mut new = settings;
        new["name"] = json!(name);
        rest().create_repository_with("quota-states", &new);
    }
    assert_eq!(names("public=true"), ["docs", "site"]);
    assert_eq!(names("public=false"), ["agents", "work"]);
    assert_eq!(names("read_only=true"), ["docs"]);
    assert_eq!(names("public=true&read_only=false"), ["site"]);
    assert_eq!(names("expires=true"), ["agents"]);
    assert_eq!(names("expires=false&limit=2"), ["docs", "site"]);
    // Changed, it is listed elsewhere at once.
    let closed = json!({ "public": false, "ttl_seconds": 3600 });
    rest()
        .patch("/api/v1/namespaces/quota-states/repos/site", &closed)
        .result(200);
    assert_eq!(names("public=true"), ["docs"]);
    assert_eq!(names("expires=true"), ["agents", "site"]);

    for (query, pointer) in [
        ("public=maybe", "/public"),
        ("page=1&expires=true", "/expires"),
    ] {
        let path = format!("/api/v1/namespaces/quota-states/repos?{query}");
        let refused = rest().get(&path);
        assert_eq!(refused.error_code(400), 10_100, "{query}");
        assert_eq!(refused.json()["errors"][0]["source"]["pointer"], pointer);
    }
}
