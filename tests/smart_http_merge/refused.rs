//! Refused requests, with the field that is at fault.

use super::{CONFLICT, Desk, INVALID_INPUT, NOT_FOUND, Value, json};

#[test]
#[allow(clippy::too_many_lines)] // a table of refusals
fn every_refusal_names_its_field_and_leaves_nothing_behind() {
    let desk = Desk::new("refused");
    let git = &desk.git;
    git.run(&["checkout", "--quiet", "--orphan", "alone"]);
    git.commit("alone");
    desk.push("alone");
    let merge = |more: &Value| {
        let mut body = json!({"into": "main", "from": "topic"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let other = desk.id("topic");
    let cases: [(&str, Value, u16, u64, &str); 21] = [
        (
            "/merge",
            json!({"into": "main"}),
            400,
            INVALID_INPUT,
            "/from",
        ),
        ("/merge?x=1", merge(&json!({})), 400, INVALID_INPUT, "/x"),
        (
            "/merge",
            merge(&json!({"wrong": 1})),
            400,
            INVALID_INPUT,
            "/wrong",
        ),
        (
            "/merge",
            merge(&json!({"strategy": "octopus"})),
            400,
            INVALID_INPUT,
            "/strategy",
        ),
        (
            "/merge",
            merge(&json!({"on_conflict": "mine"})),
            400,
            INVALID_INPUT,
            "/on_conflict",
        ),
        (
            "/merge",
            merge(&json!({"into": "a..b"})),
            400,
            INVALID_INPUT,
            "/into",
        ),
        (
            "/merge",
            merge(&json!({"into": "missing"})),
            404,
            NOT_FOUND,
            "/into",
        ),
        (
            "/merge",
            merge(&json!({"from": "missing"})),
            404,
            NOT_FOUND,
            "/from",
        ),
        (
            "/merge",
            merge(&json!({"from": ""})),
            400,
            INVALID_INPUT,
            "/from",
        ),
        (
            "/merge",
            merge(&json!({"from": "alone"})),
            409,
            CONFLICT,
            "/from",
        ),
        (
            "/merge",
            merge(&json!({"strategy": "ff_only"})),
            409,
            CONFLICT,
            "/strategy",
        ),
        (
            "/merge",
            merge(&json!({"expected_head": other})),
            409,
            CONFLICT,
            "/expected_head",
        ),
        (
            "/merge",
            merge(&json!({"expected_head": "x"})),
            400,
            INVALID_INPUT,
            "/expected_head",
        ),
        (
            "/merge",
            merge(&json!({"message": " "})),
            400,
            INVALID_INPUT,
            "/message",
        ),
        (
            "/merge",
            merge(&json!({"strategy": "rebase", "message": "m"})),
            400,
            INVALID_INPUT,
            "/message",
        ),
        (
            "/merge",
            merge(&json!({"push_options": ["a\nb"]})),
            400,
            INVALID_INPUT,
            "/push_options/0",
        ),
        (
            "/cherry-pick",
            json!({"commits": [], "onto": "main"}),
            400,
            INVALID_INPUT,
            "/commits",
        ),
        (
            "/cherry-pick",
            json!({"commits": ["topic", "missing"], "onto": "main"}),
            404,
            NOT_FOUND,
            "/commits/1",
        ),
        (
            "/revert",
            json!({"commits": ["topic"], "onto": "missing"}),
            404,
            NOT_FOUND,
            "/onto",
        ),
        (
            "/restore",
            json!({"branch": "missing", "to": "topic"}),
            404,
            NOT_FOUND,
            "/branch",
        ),
        (
            "/restore",
            json!({"branch": "main", "to": "topic", "how": "move", "message": "m"}),
            400,
            INVALID_INPUT,
            "/message",
        ),
    ];
    for (route, body, status, code, pointer) in cases {
        let error = desk.refused(route, &body, status);
        assert_eq!(error["code"], code, "{body}: {error}");
        assert_eq!(error["source"]["pointer"], pointer, "{body}: {error}");
    }
}
