//! The reflog: each move of a ref, with its actor, its time, and both ids.

use super::*;

#[test]
fn a_push_and_a_write_stand_in_the_reflog_with_their_actors() {
    let desk = Desk::new("reflog");
    let [first, last] = [0, 2].map(|number| desk.commits[number].clone());
    let body = json!({
        "updates": [{"name": "refs/heads/topic", "new": first}, {"name": "refs/heads/b", "new": last}],
        "push_options": ["ci.skip", "x=1"],
    });
    server()
        .rest()
        .post(&desk.hosted.path("/refs"), &body)
        .result(200);
    desk.update(&json!([{"name": "refs/heads/topic", "new": null}]));
    let entries = desk.entries();
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry["ref"].as_str().unwrap(),
                entry["old"].clone(),
                entry["new"].clone(),
            )
        })
        .collect();
    let expect = [
        ("refs/heads/topic", json!(first), Value::Null),
        ("refs/heads/b", Value::Null, json!(last)),
        ("refs/heads/topic", Value::Null, json!(first)),
        ("refs/heads/main", Value::Null, json!(last)),
    ];
    assert_eq!(shown, expect);
    assert!(entries[0]["actor"]["tokenId"].is_string(), "{}", entries[0]);
    assert_eq!(entries[1]["actor"], json!({"tokenId": null, "label": null}));
    assert_eq!(entries[1]["push"], entries[2]["id"]);
    assert_eq!(entries[1]["pushOptions"], json!(["ci.skip", "x=1"]));
    assert_eq!(entries[0]["pushOptions"], json!([]));
    assert!(entries[0]["at"].as_str().unwrap().ends_with('Z'));
    // The entries of one ref, although it is gone; by its short name as well.
    for name in ["topic", "refs/heads/topic"] {
        let path = desk.hosted.path(&format!("/reflog?ref={name}"));
        assert_eq!(
            desk.client.get(&path).result(200),
            json!([entries[0], entries[2]])
        );
    }
    let head = desk
        .client
        .get(&desk.hosted.path("/reflog?ref=HEAD"))
        .result(200);
    assert_eq!(head, json!([entries[3]]));
}

#[test]
fn a_walk_neither_repeats_nor_skips_while_others_write() {
    let desk = Desk::new("walk");
    let make = |number: usize| {
        let name = format!("refs/heads/topic-{number}");
        desk.update(&json!([{"name": name, "new": "main"}]));
    };
    (0..9).for_each(make);
    let before = desk.entries();
    let (mut walked, mut cursor, mut made) = (Vec::new(), String::new(), 100);
    loop {
        let path = desk
            .hosted
            .path(&format!("/reflog?limit=3&cursor={cursor}"));
        let page = desk.client.get(&path);
        walked.extend(page.result(200).as_array().unwrap().clone());
        let info = page.json()["result_info"].clone();
        cursor = info["cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
        assert_eq!(info["count"], 3);
        made += 1;
        make(made);
    }
    assert_eq!(walked, before);
}

#[test]
fn the_reflog_is_not_for_everybody_and_its_query_is_read_strictly() {
    let desk = Desk::new("asked");
    desk.set(&json!({"public": true}));
    let path = desk.hosted.path("/reflog");
    let anonymous = server().rest().anonymous();
    assert_eq!(anonymous.get(&desk.hosted.path("/refs")).status, 200);
    assert_eq!(anonymous.get(&path).status, 401);
    for (query, field) in [
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("cursor=7", "/cursor"),
        ("cursor=r1_zz", "/cursor"),
        ("ref=a..b", "/ref"),
        ("ref=", "/ref"),
    ] {
        let answer = desk.client.get(&format!("{path}?{query}"));
        refused(&answer, 400, INVALID_INPUT, field);
    }
    assert_eq!(
        desk.client.get(&format!("{path}?page=2")).error_code(400),
        INVALID_INPUT
    );
}
