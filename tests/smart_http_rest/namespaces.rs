//! Namespaces.

use serde_json::json;

use crate::{ALREADY_EXISTS, INVALID_INPUT, NOT_FOUND, fields, rest};

#[test]
fn namespaces_live_and_die() {
    let created = rest().post("/api/v1/namespaces", &json!({ "namespace": "Rest-Spaces" }));
    let created = created.result(201);
    assert_eq!(
        fields(&created),
        [
            "namespace",
            "jurisdiction",
            "repo_count",
            "created_at",
            "updated_at",
            "fsck",
            "suspended",
            "read_only",
            "tokens_revoked_before",
            "standing",
            "size_bytes",
            "object_count",
            "lfs_bytes",
            "bytes_max",
            "repos_max",
            "issuers",
        ]
        .into()
    );
    assert_eq!(
        (&created["namespace"], &created["repo_count"]),
        (&json!("Rest-Spaces"), &json!(0))
    );
    let again = rest().post("/api/v1/namespaces", &json!({ "namespace": "rest-spaces" }));
    assert_eq!(again.error_code(409), ALREADY_EXISTS);
    let hosted = rest().create_repository("rest-spaces", "one");
    assert!(
        hosted.remote.contains("/git/Rest-Spaces/one.git"),
        "{}",
        hosted.remote
    );
    let path = "/api/v1/namespaces/rest-spaces";
    assert_eq!(rest().get(path).result(200)["repo_count"], 1);
    let listed = rest().get("/api/v1/namespaces?limit=200").result(200);
    let listed = listed.as_array().unwrap();
    assert!(
        listed
            .iter()
            .any(|entry| entry["namespace"] == "Rest-Spaces"),
        "{listed:?}"
    );
    assert_eq!(rest().delete(path).status, 409);
    rest().delete(&hosted.path("")).result(202);
    let answer = rest().delete(path);
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_eq!(rest().get(path).error_code(404), NOT_FOUND);
    assert_eq!(rest().delete(path).error_code(404), NOT_FOUND);
    let unknown = rest().post("/api/v1/namespaces", &json!({ "namespace": "ok", "x": 1 }));
    assert_eq!(unknown.error_code(400), INVALID_INPUT);
}

#[test]
fn lists_of_namespaces_are_paged_and_searched() {
    for name in ["Rest-Many-c", "rest-many-A", "rest-many-b"] {
        let body = json!({ "namespace": name });
        rest().post("/api/v1/namespaces", &body).result(201);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let query = format!("/api/v1/namespaces?search=REST-MANY&limit=2&cursor={cursor}");
        let answer = rest().get(&query);
        let page = answer.result(200);
        let listed = page.as_array().unwrap().iter();
        names.extend(listed.map(|entry| entry["namespace"].as_str().unwrap().to_owned()));
        let info = &answer.json()["result_info"];
        assert_eq!(info["per_page"], 2);
        info["cursor"].as_str().unwrap().clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["rest-many-A", "rest-many-b", "Rest-Many-c"]);
    for query in ["limit=0", "limit=201", "sort=name", "direction=asc", "x=y"] {
        let answer = rest().get(&format!("/api/v1/namespaces?{query}"));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{query}");
    }
}
