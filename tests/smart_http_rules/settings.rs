//! Rules are set, shown and refused; certain callers may try them; a fork begins without them.

use super::support::scratch::Scratch;
use super::*;

#[test]
fn rules_that_are_wrong_are_refused_by_their_place() {
    let rest = server().rest();
    let hosted = rest.create_repository("rules-wrong", "wrong");
    let many = Value::from(vec![json!(["*", []]); 101]);
    let long = format!("refs/heads/{}", "x".repeat(230));
    let table = [
        (many, "", "101 rules, at most 100"),
        (
            json!([["*", []], [long, []]]),
            "/1/0",
            "241 bytes, at most 240",
        ),
        (json!([["main", []]]), "/0/0", "begins with 'refs/'"),
        (json!([["refs/*/x", []]]), "/0/0", "no ref matches"),
        (json!([["*", ["no-merge"]]]), "/0/1/0", "unknown variant"),
        (json!([["*", ["no-push", "no-push"]]]), "/0/1/1", "twice"),
        (json!([["*"]]), "/0", "length 1"),
        (json!("*"), "", "sequence"),
    ];
    for (rules, pointer, message) in table {
        let patched = rest.patch(&hosted.path(""), &json!({"ref_rules": rules}));
        let path = "/api/v1/namespaces/rules-wrong/tokens";
        let made = rest.post(path, &json!({"repo": "wrong", "refs": rules}));
        for (answer, field) in [(patched, "/ref_rules"), (made, "/refs")] {
            let error = refused(&answer, 400, INVALID_INPUT);
            assert_eq!(
                error["source"]["pointer"],
                format!("{field}{pointer}"),
                "{error}"
            );
            assert!(
                error["message"].as_str().unwrap().contains(message),
                "{error}"
            );
        }
    }
    assert_eq!(
        rest.get(&hosted.path("")).result(200)["ref_rules"],
        json!([])
    );
    let tokens = rest.get(&hosted.path("/tokens")).result(200);
    assert_eq!(tokens.as_array().unwrap().len(), 1);
    // Rules of such a token would bind nothing, so setting them is an error.
    for scope in ["read", "admin"] {
        let body = json!({"scope": scope, "refs": [["*", ["no-push"]]]});
        let answer = rest.post("/api/v1/namespaces/rules-wrong/tokens", &body);
        let error = refused(&answer, 400, INVALID_INPUT);
        assert_eq!(error["source"]["pointer"], "/refs");
    }
}

#[test]
fn tokens_show_their_rules_where_they_are_made_and_listed() {
    let rest = server().rest();
    let hosted = rest.create_repository("rules-shown", "shown");
    let refs = json!([["refs/heads/agent/*", []], ["*", ["no-push"]]]);
    let tokens = "/api/v1/namespaces/rules-shown/tokens";
    let of_repository = rest.post(tokens, &json!({"repo": "shown", "refs": refs}));
    assert_eq!(of_repository.result(201)["refs"], refs);
    let of_namespace = rest.post(tokens, &json!({"scope": "write", "refs": refs}));
    assert_eq!(of_namespace.result(201)["refs"], refs);
    assert_eq!(rest.get(tokens).result(200)[0]["refs"], refs);
    let listed = rest.get(&hosted.path("/tokens")).result(200);
    assert_eq!(
        (&listed[0]["refs"], &listed[1]["refs"]),
        (&refs, &json!([]))
    );
    let events = rest.get(&hosted.path("/events?limit=100")).result(200);
    let made = events.as_array().unwrap().iter();
    let mut made = made.filter(|event| event["type"] == "cairn.repo.token.created");
    assert_eq!(made.next_back().unwrap()["payload"]["refs"], refs);
}

#[test]
fn a_change_of_rules_is_told_and_takes_their_place() {
    let rest = server().rest();
    let hosted = rest.create_repository("rules-told", "told");
    let (one, two) = (json!([["*", ["no-push"]]]), json!([["*", ["no-delete"]]]));
    set_rules(&hosted, &one);
    set_rules(&hosted, &two);
    // A change that does not name the rules leaves them.
    let shown = rest.patch(&hosted.path(""), &json!({"description": "d"}));
    assert_eq!(shown.result(200)["ref_rules"], two);
    let path = hosted.path("/events?limit=100");
    let changes = || -> Vec<Value> {
        let events = rest.get(&path).result(200);
        let events = events.as_array().unwrap().iter();
        let changes = events.map(|event| event["payload"]["changes"]["ref_rules"].clone());
        changes.filter(|change| !change.is_null()).collect()
    };
    let expected = vec![
        json!({"from": [], "to": one}),
        json!({"from": one, "to": two}),
    ];
    assert_eq!(changes(), expected);
    set_rules(&hosted, &json!([]));
    assert_eq!(changes().len(), 3);
    let write = rest.with_bearer(&hosted.token);
    let answer = write.patch(&hosted.path(""), &json!({"ref_rules": one}));
    refused(&answer, 403, FORBIDDEN);
}

#[test]
fn a_fork_begins_without_the_rules_of_its_source() {
    let rest = server().rest();
    let scratch = Scratch::new();
    let (hosted, work) = scratch.pushed(&rest, "rules-fork", "source");
    set_rules(&hosted, &json!([["*", ["no-push"]]]));
    let fork = rest
        .post(&hosted.path("/fork"), &json!({"name": "fork"}))
        .result(201);
    let path = "/api/v1/namespaces/rules-fork/repos/fork";
    assert_eq!(rest.get(path).result(200)["ref_rules"], json!([]));
    work.commit("goes on");
    let url = fork["clone_url"].as_str().unwrap();
    work.run(&["push", "--quiet", url, "HEAD:refs/heads/main"]);
    let refused = work.fails(&["push", "--quiet", &hosted.url(), "HEAD:refs/heads/main"]);
    assert!(refused.contains("protected: no-push"), "{refused}");
}

#[test]
fn a_repository_a_fork_and_an_import_begin_with_rules_that_their_maker_gives() {
    let rest = server().rest();
    let scratch = Scratch::new();
    let rules = json!([["refs/heads/main", ["no-push"]]]);
    let body = json!({"name": "made", "ref_rules": rules});
    let hosted = rest.create_repository_with("rules-begin", &body);
    assert_eq!(rest.get(&hosted.path("")).result(200)["ref_rules"], rules);
    let work = scratch.repository("begins");
    work.commit("first");
    let refused = work.fails(&["push", "--quiet", &hosted.url(), "HEAD:refs/heads/main"]);
    assert!(refused.contains("protected: no-push"), "{refused}");
    work.run(&["push", "--quiet", &hosted.url(), "HEAD:refs/heads/other"]);
    // The refs that a fork or an import begins with come in spite of the rules.
    let body = json!({"name": "fork", "default_branch_only": false, "ref_rules": rules});
    let fork = rest.post(&hosted.path("/fork"), &body).result(201);
    let path = "/api/v1/namespaces/rules-begin/repos/fork";
    assert_eq!(rest.get(path).result(200)["ref_rules"], rules);
    let url = fork["clone_url"].as_str().unwrap();
    let refused = work.fails(&["push", "--quiet", url, "HEAD:refs/heads/main"]);
    assert!(refused.contains("protected: no-push"), "{refused}");
    for (path, body) in [
        (
            "/api/v1/namespaces/rules-begin/repos",
            json!({"name": "wrong"}),
        ),
        (
            "/api/v1/namespaces/rules-begin/repos/wrong/import",
            json!({"url": "https://example.com/a.git"}),
        ),
        (hosted.path("/fork").as_str(), json!({"name": "wrong"})),
    ] {
        let mut body = body;
        body["ref_rules"] = json!([["main", []]]);
        let error = super::refused(&rest.post(path, &body), 400, INVALID_INPUT);
        assert_eq!(error["source"]["pointer"], "/ref_rules/0/0", "{path}");
    }
}

#[test]
fn callers_that_may_push_try_rules_and_wrong_questions_are_named() {
    let rest = server().rest();
    let hosted = rest.create_repository("rules-try", "try");
    let ask = |client: &Rest, body: Value| try_rules(client, &hosted, &body);
    let asked = json!({"ref": "refs/heads/x", "op": "create"});
    let about = |token_id: &str| {
        let mut body = asked.clone();
        body["token_id"] = token_id.into();
        body
    };
    let (read_id, read) = token("rules-try", &json!({"repo": "try", "scope": "read"}));
    let (own_id, own) = token("rules-try", &json!({"repo": "try"}));
    let (admin_id, admin) = token("rules-try", &json!({"scope": "admin"}));
    let client = |token: &str| rest.with_bearer(token);
    refused(&ask(&rest.anonymous(), asked.clone()), 401, FORBIDDEN);
    refused(&ask(&client(&read), asked.clone()), 403, FORBIDDEN);
    for token in [&own, &admin] {
        let judged = ask(&client(token), asked.clone()).result(200);
        assert_eq!(judged, json!({"allowed": true}));
    }
    // Only an administrator may ask about another token.
    ask(&client(&own), about(&own_id)).result(200);
    let error = refused(&ask(&client(&own), about(&read_id)), 403, FORBIDDEN);
    assert_eq!(error["source"]["pointer"], "/token_id");
    let judged = ask(&client(&admin), about(&read_id)).result(200);
    let expected = json!({
        "allowed": false, "by": "token", "rule": "not_permitted",
        "message": "the token does not allow pushing",
    });
    assert_eq!(judged, expected);
    // Only the operator sees admin tokens.
    refused(&ask(&client(&admin), about(&admin_id)), 404, NOT_FOUND);
    assert_eq!(ask(&rest, about(&admin_id)).result(200)["allowed"], true);
    // A token of another repository.
    rest.create_repository("rules-try", "other");
    let (other_id, _) = token("rules-try", &json!({"scope": "write", "repos": ["other"]}));
    refused(&ask(&rest, about(&other_id)), 404, NOT_FOUND);
    // Settings are rules too.
    let settings = json!({"deny_deletes": true, "deny_non_fast_forwards": true});
    rest.patch(&hosted.path(""), &settings).result(200);
    for (op, name, rule) in [
        ("delete", "refs/heads/main", "deny_deletes"),
        ("force", "refs/heads/x", "deny_non_fast_forwards"),
    ] {
        let judged = ask(&rest, json!({"ref": name, "op": op})).result(200);
        assert_eq!(
            (&judged["by"], &judged["rule"]),
            (&json!("repository"), &json!(rule))
        );
    }
    let wrong = [
        (json!({"ref": "main", "op": "create"}), "/ref"),
        (json!({"ref": "refs/heads/a..b", "op": "create"}), "/ref"),
        (json!({"op": "create"}), "/ref"),
        (json!({"ref": "refs/heads/x", "op": "merge"}), "/op"),
        (
            json!({"ref": "refs/heads/x", "op": "create", "force": 1}),
            "/force",
        ),
        (
            json!({"ref": "refs/heads/x", "op": "create", "token_id": "x"}),
            "/token_id",
        ),
    ];
    for (body, pointer) in wrong {
        let error = refused(&ask(&rest, body), 400, INVALID_INPUT);
        assert_eq!(error["source"]["pointer"], pointer);
    }
    // Nothing was changed by all of this.
    assert_eq!(rest.get(&hosted.path("/refs")).result(200), json!([]));
}
