//! Namespaces.

use serde_json::json;

use crate::{ALREADY_EXISTS, INVALID_INPUT, NOT_FOUND, fields, rest};

#[test]
fn namespaces_live_and_die() {
    let created = rest().post("/api/v1/namespaces", &json!({ "namespace": "Rest-Spaces" }));
    let created = created.result(201);
    assert_eq!(
        fields(&created),
        ["namespace", "repo_count", "created_at"].into()
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
