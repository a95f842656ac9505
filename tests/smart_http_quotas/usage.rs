//! How much a namespace uses, by day.

use std::time::Duration;

use serde_json::json;

use super::support::history::noise;
use super::support::scratch::Scratch;
use super::support::wait;
use super::{rest, shown};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn pushes_and_fetches_are_counted_by_day() {
    let scratch = Scratch::new();
    let hosted = rest().create_repository("quota-usage", "used");
    let git = scratch.repository("used");
    git.write("file", noise(5, 50_000));
    git.commit("used");
    git.run(&["push", "--quiet", &hosted.url(), "main"]);
    scratch.clone(&hosted.url(), "clone", &[]);
    let path = "/api/v1/namespaces/quota-usage/usage";
    // The repository tells of the clone with its next push.
    git.run(&["push", "--quiet", &hosted.url(), "main:refs/heads/other"]);
    let usage = wait::until("the namespace has heard", PATIENCE, || {
        let usage = rest().get(path).result(200);
        (usage["days"][0]["pushes"] == 2).then_some(usage)
    });
    let day = &usage["days"][0];
    assert_eq!(day["fetches"], 1, "{usage}");
    for field in ["bytes_in", "bytes_out"] {
        let bytes = day[field].as_u64().unwrap();
        assert!((50_000..60_000).contains(&bytes), "{field}: {usage}");
    }
    let date = day["date"].as_str().unwrap();
    assert!(
        shown(&hosted)["last_push_at"]
            .as_str()
            .unwrap()
            .starts_with(date),
        "{usage}"
    );
    assert_eq!(usage["repo_count"], 1);
    assert_eq!(usage["size_bytes"], shown(&hosted)["size_bytes"]);
    assert!(
        usage["sqlite_bytes"].as_u64() > usage["size_bytes"].as_u64(),
        "{usage}"
    );
    assert_eq!(usage["bytes_max"], json!(null));

    for query in ["days=0", "days=397", "days=x", "day=1"] {
        assert_eq!(
            rest().get(&format!("{path}?{query}")).error_code(400),
            10_100,
            "{query}"
        );
    }
    let holder = rest().with_bearer(&hosted.token);
    assert_eq!(holder.get(path).error_code(403), 10_000);
    let nowhere = rest().get("/api/v1/namespaces/quota-nowhere/usage");
    assert_eq!(nowhere.error_code(404), 10_200);
}
