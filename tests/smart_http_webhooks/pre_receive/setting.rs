//! The hook's setting, as an administrator of the repository sees it.

use serde_json::json;

use super::super::support::receiver::Receiver;
use super::super::{Pushing, server};
use super::set;

#[test]
fn a_hook_is_set_shown_and_taken_away() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "setting", "app");
    let (rest, path) = (&pushing.rest, pushing.hosted.path(""));
    assert_eq!(rest.get(&path).result(200)["pre_receive"], json!(null));
    let secret = set(&pushing, &receiver, &json!({"timeout_ms": 100}));
    assert!(
        secret.starts_with("whsec_") && secret.len() == 50,
        "{secret}"
    );
    let url = receiver.url("/judge?key=a");
    let shown = json!({"url": url, "timeout_ms": 100, "on_failure": "refuse", "refs": null});
    let got = rest.get(&path);
    assert_eq!(got.json()["result"]["pre_receive"], shown);
    assert!(!got.text().contains("whsec_"));
    // A hook that is replaced keeps its secret, unless another one is given.
    assert_eq!(set(&pushing, &receiver, &json!({"refs": ["*"]})), "");
    let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    assert_eq!(set(&pushing, &receiver, &json!({"secret": other})), other);
    pushing.push("main");
    assert!(receiver.received()[0].is_signed_by(other));
    for (hook, pointer) in [
        (json!({}), "/pre_receive/url"),
        (json!({"url": "ftp://example.com/"}), "/pre_receive/url"),
        (
            json!({"url": url, "timeout_ms": 10_001}),
            "/pre_receive/timeout_ms",
        ),
        (
            json!({"url": url, "on_failure": "maybe"}),
            "/pre_receive/on_failure",
        ),
        (json!({"url": url, "refs": ["main"]}), "/pre_receive/refs/0"),
        (json!({"url": url, "secret": "x"}), "/pre_receive/secret"),
        (json!({"url": url, "colour": "red"}), "/pre_receive/colour"),
    ] {
        let refused = rest.patch(&path, &json!({"pre_receive": hook}));
        assert_eq!(refused.status, 400, "{}", refused.text());
        let told = &refused.json()["errors"][0]["source"]["pointer"];
        assert_eq!(told, pointer, "{}", refused.text());
    }
    let gone = rest.patch(&path, &json!({"pre_receive": null}));
    assert_eq!(gone.result(200)["pre_receive"], json!(null));
    pushing.push("main");
    assert_eq!(receiver.received().len(), 1);
    let events = rest.get(&pushing.hosted.path("/events?limit=100")).text();
    assert!(
        events.contains(r#""pre_receive":{"from":null,"to":{"#),
        "{events}"
    );
    assert!(
        !events.contains("whsec_") && !events.contains("key=a"),
        "{events}"
    );
    // A fork does not take over its source's hook.
    set(&pushing, &receiver, &json!({}));
    let fork = rest.post(&pushing.hosted.path("/fork"), &json!({"name": "fork"}));
    assert!(fork.status < 300, "{}", fork.text());
    let fork = rest
        .get("/api/v1/namespaces/setting/repos/fork")
        .result(200);
    assert_eq!(fork["pre_receive"], json!(null));
}
