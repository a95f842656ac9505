//! Changes that are refused, each with its field, and without a trace.

use super::*;

#[test]
#[allow(clippy::too_many_lines)] // a table of refusals
fn each_refusal_names_its_field_and_changes_nothing() {
    let desk = Desk::new("refused");
    let first = desk.commits[0].clone();
    let blob = desk.source.run(&["rev-parse", "main:file"]);
    let blob = blob.trim();
    let (before, entries) = (desk.refs(), desk.entries());
    let one = |update: Value| desk.post(&json!({"updates": [update]}));
    let name = "refs/heads/x";
    let long = format!("refs/heads/{}", "x".repeat(241));
    let unknown = "1".repeat(40);
    let cases = [
        (
            json!({"name": "main", "new": first}),
            400,
            INVALID_INPUT,
            "name",
        ),
        (
            json!({"name": "refs/heads/a..b", "new": first}),
            400,
            INVALID_INPUT,
            "name",
        ),
        (
            json!({"name": long, "new": first}),
            400,
            INVALID_INPUT,
            "name",
        ),
        (
            json!({"name": "refs/heads/main/x", "new": first}),
            409,
            CONFLICT,
            "name",
        ),
        (json!({"name": name}), 400, INVALID_INPUT, "new"),
        (json!({"name": name, "new": ""}), 400, INVALID_INPUT, "new"),
        (
            json!({"name": name, "new": "nothing"}),
            404,
            NOT_FOUND,
            "new",
        ),
        (
            json!({"name": name, "new": unknown}),
            400,
            INVALID_INPUT,
            "new",
        ),
        (
            json!({"name": name, "new": blob}),
            400,
            INVALID_INPUT,
            "new",
        ),
        (
            json!({"name": name, "new": first, "old": "main"}),
            400,
            INVALID_INPUT,
            "old",
        ),
        (
            json!({"name": name, "new": first, "old": first}),
            409,
            CONFLICT,
            "old",
        ),
        (
            json!({"name": name, "new": null, "old": first}),
            409,
            CONFLICT,
            "old",
        ),
        (
            json!({"name": name, "new": first, "force": true}),
            400,
            INVALID_INPUT,
            "force",
        ),
        (
            json!({"name": name, "new": first, "tag": {"message": "m"}}),
            400,
            INVALID_INPUT,
            "tag",
        ),
        (
            json!({"name": "refs/tags/x", "new": first, "tag": {"message": " \n"}}),
            400,
            INVALID_INPUT,
            "tag/message",
        ),
        (
            json!({"name": "refs/tags/x", "new": unknown, "tag": {"message": "m"}}),
            400,
            INVALID_INPUT,
            "new",
        ),
    ];
    for (update, status, code, field) in cases {
        println!("{update}");
        refused(&one(update), status, code, &format!("/updates/0/{field}"));
    }
    let moved = one(json!({"name": "refs/heads/main", "new": first, "old": first}));
    let error = refused(&moved, 409, CONFLICT, "/updates/0/old");
    assert_eq!(error["details"]["actual"], desk.commits[2]);
    let twice = json!([{"name": name, "new": first}, {"name": name, "new": first}]);
    refused(
        &desk.post(&json!({"updates": twice})),
        400,
        INVALID_INPUT,
        "/updates/1/name",
    );
    refused(
        &desk.post(&json!({"updates": []})),
        400,
        INVALID_INPUT,
        "/updates",
    );
    let many: Vec<_> = (0..1001)
        .map(|n| json!({"name": format!("refs/x/{n}"), "new": first}))
        .collect();
    refused(
        &desk.post(&json!({"updates": many})),
        413,
        TOO_LARGE,
        "/updates",
    );
    let options = json!({"updates": [{"name": name, "new": first}], "push_options": ["a\nb"]});
    refused(&desk.post(&options), 400, INVALID_INPUT, "/push_options/0");
    assert_eq!((desk.refs(), desk.entries()), (before, entries));
}

#[test]
fn the_settings_of_a_repository_hold_for_rest_too() {
    let desk = Desk::new("settings");
    let [first, last] = [0, 2].map(|number| desk.commits[number].clone());
    desk.update(&json!([{"name": "refs/heads/topic", "new": last}]));
    let rule = |settings: Value, update: Value| {
        desk.set(&settings);
        let answer = desk.post(&json!({"updates": [update]}));
        let error = refused(&answer, 403, REF_REFUSED, "/updates/0/name");
        error["details"]["rule"].as_str().unwrap().to_owned()
    };
    let back = json!({"name": "refs/heads/topic", "new": first});
    let gone = json!({"name": "refs/heads/topic", "new": null});
    let strict = json!({"deny_non_fast_forwards": true});
    assert_eq!(rule(strict, back), "deny_non_fast_forwards");
    assert_eq!(rule(json!({"deny_deletes": true}), gone), "deny_deletes");
    let made = json!({"name": "refs/heads/new", "new": first});
    assert_eq!(rule(json!({"read_only": true}), made), "read_only");
    assert_eq!(desk.find("refs/heads/topic"), Some(last));
}

#[test]
fn a_caller_that_may_not_push_changes_no_ref() {
    let desk = Desk::new("who");
    let body = json!({"updates": [{"name": "refs/heads/x", "new": "main"}]});
    let path = desk.hosted.path("/refs");
    let rest = server().rest();
    assert_eq!(rest.anonymous().post(&path, &body).status, 401);
    let token = json!({"repo": "who", "scope": "read", "ttl": 3600});
    let reader = rest.with_bearer(&rest.make_token("refs", &token).plaintext);
    assert_eq!(reader.post(&path, &body).status, 403);
    let other = rest.create_repository("refs", "who-else");
    assert_eq!(
        rest.with_bearer(&other.token).post(&path, &body).status,
        403
    );
    assert_eq!(desk.refs().len(), 1);
    assert_eq!(rest.post(&path, &body).status, 200, "the operator may");
}

#[test]
fn without_atomic_each_ref_stands_for_itself() {
    let desk = Desk::new("atomic");
    let [first, last] = [0, 2].map(|number| desk.commits[number].clone());
    let updates = json!([
        {"name": "refs/heads/a", "new": first},
        {"name": "refs/heads/main", "new": first, "old": first},
        {"name": "refs/heads/a/b", "new": first},
        {"name": "refs/heads/c", "new": last},
    ]);
    let all = desk.post(&json!({"updates": updates, "atomic": true}));
    let error = refused(&all, 409, CONFLICT, "/updates/1/old");
    assert_eq!(error["details"]["actual"], last);
    let told = &error["details"]["updates"];
    assert_eq!(told[0]["error"]["details"]["rule"], "atomic");
    assert_eq!(desk.refs().len(), 1);
    let each = desk.post(&json!({"updates": updates})).result(200);
    let ok = |number: usize| each["updates"][number]["ok"].as_bool().unwrap();
    assert_eq!([0, 1, 2, 3].map(ok), [true, false, false, true]);
    assert_eq!(each["updates"][1]["error"]["code"], CONFLICT);
    assert_eq!(each["updates"][1]["new"], last, "what it is");
    assert_eq!(
        each["updates"][2]["error"]["details"]["with"],
        "refs/heads/a"
    );
    assert_eq!(desk.refs().len(), 3);
    // A conflict that only publishing finds refuses all too.
    let late =
        json!([{"name": "refs/heads/d", "new": first}, {"name": "refs/heads/d/e", "new": first}]);
    let late = desk.post(&json!({"updates": late, "atomic": true}));
    refused(&late, 409, CONFLICT, "/updates/1/name");
    assert_eq!(desk.refs().len(), 3);
}

#[test]
fn an_object_that_the_repository_does_not_reach_cannot_be_named() {
    let desk = Desk::new("hidden");
    let rest = server().rest();
    let secret = desk.source.run(&["rev-parse", "main"]).trim().to_owned();
    let fork = json!({"name": "hidden-fork", "default_branch_only": true});
    rest.post(&desk.hosted.path("/fork"), &fork).result(201);
    // Its own history is visible to it; it never has later objects of the source.
    let fork_path = "/api/v1/namespaces/refs/repos/hidden-fork";
    let named = json!({"updates": [{"name": "refs/heads/x", "new": secret}]});
    rest.post(&format!("{fork_path}/refs"), &named).result(200);
    // A branch that is not the default one is not the fork's, though its packs are.
    let other = Desk::new("hidden-2");
    other.source.run(&["checkout", "--quiet", "-b", "side"]);
    other.source.write("secret", "s3cret\n");
    let side = other.source.commit("a secret");
    other
        .source
        .run(&["push", "--quiet", &other.hosted.url(), "side"]);
    let fork = json!({"name": "hidden-2-fork", "default_branch_only": true});
    rest.post(&other.hosted.path("/fork"), &fork).result(201);
    let path = "/api/v1/namespaces/refs/repos/hidden-2-fork/refs";
    for tag in [Value::Null, json!({"message": "m"})] {
        let update = json!({"name": "refs/tags/x", "new": side, "tag": tag});
        let answer = rest.post(path, &json!({"updates": [update]}));
        refused(&answer, 400, INVALID_INPUT, "/updates/0/new");
    }
}
