use super::*;

fn pointer(number: u8, size: u64) -> Pointer {
    Pointer {
        oid: LfsOid::from([number; 32]),
        size,
    }
}

fn name(number: u8) -> String {
    pointer(number, 0).oid.to_string()
}

/// The answer about one object of 5 bytes.
fn answer(object: Value) -> Answer {
    let mut object = object;
    object["oid"] = json!(name(1));
    let body = json!({"transfer": "basic", "objects": [object]}).to_string();
    let mut answers = read(body.as_bytes(), &[pointer(1, 5)], false).unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

fn download(action: &Value) -> Value {
    json!({"size": 5, "actions": {"download": action}})
}

fn refusal(object: Value) -> String {
    match answer(object) {
        Answer::Refused(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_question_names_objects_as_the_specification_does() {
    let asked: Value = serde_json::from_str(&question(&[pointer(1, 5), pointer(2, 0)])).unwrap();
    let expected = json!({
        "operation": "download", "transfers": ["basic"], "hash_algo": "sha256",
        "objects": [{"oid": name(1), "size": 5}, {"oid": name(2), "size": 0}],
    });
    assert_eq!(asked, expected);
}

#[test]
fn answers_come_in_the_order_of_the_question() {
    let body = json!({"objects": [
        {"oid": name(3), "size": 3, "error": {"code": 404, "message": "Object\n does not exist"}},
        {"oid": "elsewhere", "size": 3},
        {"oid": name(1), "size": 7, "authenticated": true, "actions": {"download": {
            "href": "https://media.example.com/o?sig=x",
            "header": {"Authorization": "RemoteAuth x", "Host": "other", "Range": "bytes=1-"},
            "expires_in": 60,
        }}},
        {"oid": name(4), "error": {"code": 503, "message": "busy"}},
    ]});
    let asked = [pointer(1, 5), pointer(2, 5), pointer(3, 5), pointer(4, 5)];
    let answers = read(body.to_string().as_bytes(), &asked, false).unwrap();
    let link = Link {
        oid: asked[0].oid,
        bytes: 7,
        url: LinkUrl::parse("https://media.example.com/o?sig=x", false).unwrap(),
        headers: vec![("authorization".to_owned(), "RemoteAuth x".to_owned())],
        is_authenticated: true,
    };
    let expected = [
        Answer::Link(link),
        Answer::Later("the remote's answer lacks it".to_owned()),
        Answer::Refused("the remote says 404: Object does not exist".to_owned()),
        Answer::Later("the remote says 503: busy".to_owned()),
    ];
    assert_eq!(answers, expected);
}

#[test]
fn an_href_to_a_private_address_is_refused() {
    for href in [
        "http://media.example.com/o",
        "https://127.0.0.1/o",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/o",
        "https://metadata.internal/o",
        "https://0x7f.1/o",
        "file:///etc/passwd",
        "https://me:secret@media.example.com/o",
        "/relative",
    ] {
        let reason = refusal(download(&json!({"href": href})));
        assert!(reason.contains("href is refused"), "{href}: {reason}");
    }
}

#[test]
fn an_object_that_cannot_be_taken_has_a_reason() {
    for (object, reason) in [
        (json!({"size": 5}), "no download"),
        (json!({"size": 5, "actions": {}}), "no download"),
        (
            json!({"size": (5_u64 << 30) + 1, "actions": {"download": {"href": "https://a.example/o"}}}),
            "5368709121 bytes, at most 5368709120",
        ),
        (
            download(&json!({"href": "https://a.example/o", "header": {"a b": "c"}})),
            "malformed",
        ),
        (
            download(&json!({"href": "https://a.example/o", "header": {"a": "b\r\nc: d"}})),
            "malformed",
        ),
        (
            download(&json!({"href": "https://a.example/o", "header": {"a": 1}})),
            "no text",
        ),
        (
            download(&json!({"href": "https://a.example/o", "header": {"a": "b".repeat(9000)}})),
            "9001 bytes, at most 8192",
        ),
        (
            json!({"error": {"code": 410, "message": "x".repeat(900)}}),
            "the remote says 410: xxx",
        ),
    ] {
        let told = refusal(object);
        assert!(told.contains(reason) && told.len() < 300, "{told}");
    }
    let many: BTreeMap<_, _> = (0..33).map(|number| (format!("h{number}"), "x")).collect();
    let told = refusal(download(
        &json!({"href": "https://a.example/o", "header": many}),
    ));
    assert!(told.contains("33 headers, at most 32"), "{told}");
}

#[test]
fn an_answer_of_another_kind_is_refused() {
    let error = |body: &str| read(body.as_bytes(), &[pointer(1, 5)], false).unwrap_err();
    for body in [
        "",
        "<html>",
        "[]",
        r#"{"objects": {}}"#,
        r#"{"message": "no"}"#,
    ] {
        assert!(matches!(error(body), BatchError::Malformed(_)), "{body}");
    }
    let transfer = r#"{"transfer": "tus", "objects": []}"#;
    assert_eq!(error(transfer), BatchError::Transfer("tus".to_owned()));
    let hash_algo = r#"{"hash_algo": "sha512", "objects": []}"#;
    assert_eq!(error(hash_algo), BatchError::HashAlgo("sha512".to_owned()));
}
