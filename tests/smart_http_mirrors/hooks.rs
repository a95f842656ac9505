//! The upstream's own webhook asks for a sync.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use ureq::http::Method;

use super::story::{Upstream, follow, over, server, show};
use super::support::rest::{Answer, Rest};

const SECRET: &str = "a secret of both";
const BODY: &[u8] = br#"{"ref":"refs/heads/main","after":"whatever"}"#;

fn signature(key: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(BODY);
    faster_hex::hex_string(&mac.finalize().into_bytes())
}

/// Sends a webhook as another host does, without a credential.
fn call(rest: &Rest, path: &str, headers: &[(&str, &str)]) -> Answer {
    rest.anonymous().send(Method::POST, path, headers, BODY)
}

#[test]
fn a_push_at_github_gitlab_or_gitea_asks_for_a_sync() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("hooks", "asked");
    let settings = json!({ "webhook_secret": SECRET });
    follow(&rest, &hosted, &source.url(), &settings);
    let path = hosted.path("/upstream/hook");
    let digest = signature(SECRET);
    let of_github = format!("sha256={digest}");
    let hosts: [&[(&str, &str)]; 4] = [
        &[
            ("X-GitHub-Event", "push"),
            ("X-Hub-Signature-256", &of_github),
        ],
        &[("X-Gitea-Event", "push"), ("X-Gitea-Signature", &digest)],
        &[
            ("X-Forgejo-Event", "push"),
            ("X-Forgejo-Signature", &digest),
        ],
        &[("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", SECRET)],
    ];
    for (round, headers) in hosts.into_iter().enumerate() {
        let tip = source.commit(&format!("round {round}"));
        let told = call(&rest, &path, headers).result(202);
        let done = over(&rest, &hosted, told["sync"].as_i64().unwrap());
        assert_eq!(
            (&done["asked_by"], &done["updated"]),
            (&json!("webhook"), &json!(1))
        );
        assert_eq!(
            source.git.remote_refs(&hosted.url())["refs/heads/main"],
            tip
        );
    }
    // An event that moves no ref requests no sync.
    let ping = [
        ("X-GitHub-Event", "ping"),
        ("X-Hub-Signature-256", &*of_github),
    ];
    let told = call(&rest, &path, &ping).result(202);
    assert_eq!(told, json!({"sync": null, "event": "ping"}));
    assert_eq!(show(&rest, &hosted)["sync"], Value::Null);
}

#[test]
fn who_does_not_know_the_secret_learns_nothing() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("hooks", "secret");
    let silent = rest.create_repository("hooks", "silent");
    let settings = json!({ "webhook_secret": SECRET });
    follow(&rest, &hosted, &source.url(), &settings);
    follow(&rest, &silent, &source.url(), &json!({}));
    let good = format!("sha256={}", signature(SECRET));
    let bad = format!("sha256={}", signature("another secret"));
    let with = |signature| {
        [
            ("X-GitHub-Event", "push"),
            ("X-Hub-Signature-256", signature),
        ]
    };
    let path = hosted.path("/upstream/hook");
    let absent = "/api/v1/namespaces/hooks/repos/absent/upstream/hook";
    let mut answers = vec![
        call(&rest, &path, &with(&bad)),
        call(&rest, &path, &[("X-Gitlab-Token", "a secret")]),
        call(&rest, &path, &[]),
        call(&rest, &silent.path("/upstream/hook"), &with(&good)),
        call(&rest, absent, &with(&good)),
    ];
    // A token is no substitute for a signature.
    answers.push(rest.send(Method::POST, &path, &[], BODY));
    let texts: Vec<_> = answers
        .iter()
        .map(|answer| (answer.status, answer.text()))
        .collect();
    assert_eq!(texts[0].0, 403);
    assert!(texts.iter().all(|told| *told == texts[0]), "{texts:?}");
    let syncs = rest.get(&hosted.path("/upstream/syncs")).result(200);
    assert_eq!(syncs.as_array().unwrap().len(), 1);
}
