//! Tokens.

use serde_json::{Value, json};

use crate::{
    INVALID_INPUT, INVALID_NAME, INVALID_TTL, NOT_FOUND, blamed, fields, is_public_id, rest, tokens,
};

#[test]
fn tokens_are_made_listed_and_revoked() {
    let hosted = rest().create_repository("rest-tokens", "held");
    let body = json!({ "repo": "held", "scope": "read", "ttl": 60, "label": "a robot" });
    let made = rest().post(&tokens("rest-tokens"), &body).result(201);
    assert_eq!(
        fields(&made),
        [
            "id",
            "plaintext",
            "scope",
            "label",
            "expires_at",
            "refs",
            "clone_url"
        ]
        .into()
    );
    assert!(is_public_id(&made["id"]), "{made}");
    assert_eq!(
        (&made["scope"], &made["label"]),
        (&json!("read"), &json!("a robot"))
    );
    let default = rest()
        .post(&tokens("rest-tokens"), &json!({ "repo": "HELD" }))
        .result(201);
    assert_eq!(
        (&default["scope"], &default["label"]),
        (&json!("write"), &Value::Null)
    );

    let list = |query: &str| {
        let answer = rest().get(&hosted.path(&format!("/tokens{query}")));
        let ids: Vec<Value> = answer
            .result(200)
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["id"].clone())
            .collect();
        (ids, answer.json())
    };
    let (ids, envelope) = list("");
    assert_eq!(ids.len(), 3, "{envelope}");
    let expected = [
        "id",
        "scope",
        "label",
        "state",
        "created_at",
        "expires_at",
        "refs",
        "last_used_at",
    ];
    assert_eq!(fields(&envelope["result"][0]), expected.into());
    assert!(!envelope.to_string().contains("cairn_"), "{envelope}");
    let info = json!({
        "page": 1, "per_page": 50, "total_pages": 1, "count": 3, "total_count": 3, "cursor": "",
    });
    assert_eq!(envelope["result_info"], info);
    let (first, _) = list("?per_page=2&page=1");
    let (second, envelope) = list("?per_page=2&page=2");
    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!(envelope["result_info"]["total_pages"], 2);
    assert_eq!(list("?per_page=2&page=3").0.len(), 0);
    let cursor_of = |envelope: &Value| {
        let cursor = &envelope["result_info"]["cursor"];
        cursor.as_str().unwrap().to_owned()
    };
    let (start, envelope) = list("?limit=2&cursor=");
    assert_eq!(start, first);
    let (end, envelope) = list(&format!("?limit=2&cursor={}", cursor_of(&envelope)));
    assert_eq!((&end, cursor_of(&envelope).as_str()), (&second, ""));
    let info = json!({ "per_page": 2, "count": 1, "total_count": 3, "cursor": "" });
    assert_eq!(envelope["result_info"], info);

    let client = rest().with_bearer(made["plaintext"].as_str().unwrap());
    let path = "/git/rest-tokens/held.git/info/refs?service=git-upload-pack";
    assert_eq!(client.get(path).status, 200);
    let (_, envelope) = list("");
    let used = envelope["result"]
        .as_array()
        .unwrap()
        .iter()
        .find(|token| token["id"] == made["id"]);
    assert!(used.unwrap()["last_used_at"].is_string(), "{envelope}");

    let one = format!("{}/{}", tokens("rest-tokens"), made["id"].as_str().unwrap());
    assert_eq!(rest().delete(&one).result(200), json!({ "id": made["id"] }));
    assert_eq!(client.get(path).status, 401);
    assert_eq!(list("").0.len(), 2);
    assert_eq!(list("?state=revoked").0, [made["id"].clone()]);
    assert_eq!(list("?state=expired").0.len(), 0);
    assert_eq!(list("?state=all").0.len(), 3);
    // Revoking again changes nothing; another namespace does not reach it.
    assert!([200, 404].contains(&rest().delete(&one).status));
    rest().create_repository("rest-tokens-2", "held");
    let id = default["id"].as_str().unwrap();
    let elsewhere = format!("{}/{id}", tokens("rest-tokens-2"));
    assert_eq!(rest().delete(&elsewhere).error_code(404), NOT_FOUND);
    let client = rest().with_bearer(default["plaintext"].as_str().unwrap());
    assert_eq!(client.get(path).status, 200);
}

#[test]
fn token_requests_are_read_strictly() {
    let hosted = rest().create_repository("rest-token-input", "held");
    let path = tokens("rest-token-input");
    for (ttl, status) in [
        (59, 400),
        (60, 201),
        (31_536_000, 201),
        (31_536_001, 400),
        (0, 400),
    ] {
        let answer = rest().post(&path, &json!({ "repo": "held", "ttl": ttl }));
        assert_eq!(answer.status, status, "{ttl}: {}", answer.text());
        if status == 400 {
            assert_eq!(
                blamed(&answer, 400),
                (INVALID_TTL, "/ttl".to_owned()),
                "{ttl}"
            );
        }
    }
    let label = "l".repeat(101);
    for (body, code) in [
        (json!({ "repo": "held", "ttl": -1 }), None),
        (json!({ "repo": "held", "ttl": "60" }), None),
        (json!({ "repo": "held", "ttl": 1.5 }), None),
        (json!({ "repo": "held", "ttl": 1e300 }), None),
        (
            json!({ "repo": "held", "scope": "root" }),
            Some(INVALID_INPUT),
        ),
        (
            json!({ "repo": "held", "scope": "READ" }),
            Some(INVALID_INPUT),
        ),
        (
            json!({ "repo": "held", "label": label }),
            Some(INVALID_INPUT),
        ),
        (json!({ "repo": "held", "label": 1 }), Some(INVALID_INPUT)),
        (
            json!({ "repo": "held", "colour": "red" }),
            Some(INVALID_INPUT),
        ),
        (json!({ "repo": "a/b" }), Some(INVALID_NAME)),
        (json!({ "repo": "" }), Some(INVALID_NAME)),
        (json!({ "label": "no scope" }), Some(INVALID_INPUT)),
        (json!({}), Some(INVALID_INPUT)),
    ] {
        let answer = rest().post(&path, &body);
        let found = answer.error_code(400);
        match code {
            Some(code) => assert_eq!(found, code, "{body}"),
            None => assert!([INVALID_INPUT, INVALID_TTL].contains(&found), "{body}"),
        }
    }
    let answer = rest().post(&path, &json!({ "repo": "nowhere" }));
    assert_eq!(answer.error_code(404), NOT_FOUND);
    for query in [
        "state=dead",
        "page=0",
        "per_page=0",
        "per_page=201",
        "page=x",
        "token=x",
        "token=",
        "colour=red",
    ] {
        let answer = rest().get(&hosted.path(&format!("/tokens?{query}")));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{query}");
    }
    for id in ["0123456789abcdef", "zzzzzzzzzzzzzzzz"] {
        assert_eq!(
            rest().delete(&format!("{path}/{id}")).error_code(404),
            NOT_FOUND,
            "{id}"
        );
    }
    for id in [
        "x",
        "0123456789ABCDEF",
        "0123456789abcde%2F",
        "..%2f",
        "%00",
    ] {
        let status = rest().delete(&format!("{path}/{id}")).status;
        assert!([400, 404, 405].contains(&status), "{id}: {status}");
    }
}
