//! R2 that fails, and packs that it has lost.

use serde_json::json;

use super::repository::Cold;
use super::state::{BUCKET, damage};
use super::support::history::noise;
use super::support::server::Server;

#[test]
fn a_failing_r2_stops_only_requests_that_need_it_and_is_on_record() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "failing");
    cold.push(5);
    cold.maintain("snapshot");
    // From here on nothing goes to R2.
    let settings = json!({ "settle_seconds": 86_400, "cold_bytes_min": 1_u64 << 40 });
    cold.rest
        .patch(&cold.hosted.path(""), &settings)
        .result(200);
    server.restart_after(|state| {
        std::fs::rename(state.join("data/r2"), state.join("r2-elsewhere")).unwrap();
    });
    cold.rest = server.rest();
    // A history of its own: nothing of it leans on cold packs.
    cold.source.run(&["checkout", "-q", "--orphan", "other"]);
    cold.source.run(&["rm", "-q", "-r", "-f", "."]);
    for number in 0..10 {
        cold.source.write("new", noise(1, 2000 + number));
        cold.source.commit("new");
        let url = cold.hosted.url();
        cold.source.run(&["push", "-q", &url, "other"]);
    }
    cold.maintain("run");
    let failed = cold.last("consolidate").expect("it was tried");
    assert_eq!(failed["outcome"], "failed", "{failed}");
    let detail = failed["detail"].as_str().unwrap();
    assert!(
        detail.contains("r2: object packs/") && detail.contains("is missing"),
        "{detail}"
    );
    let found = cold.findings();
    assert!(found["r2"]["missing"].as_u64() >= Some(5), "{found}");
    assert_eq!(
        cold.number("packs", "quarantined"),
        0,
        "nothing is left of it"
    );
    cold.source
        .run(&["fetch", "-q", &cold.hosted.url(), "main"]);

    server.restart_after(|state| {
        std::fs::remove_dir_all(state.join("data/r2")).unwrap();
        std::fs::rename(state.join("r2-elsewhere"), state.join("data/r2")).unwrap();
    });
    cold.rest = server.rest();
    cold.source.run(&["checkout", "-q", "main"]);
    cold.check("and all is well again");
}

/// The first pack is there and the second is not: the answer has begun when that is found.
#[test]
fn a_pack_that_r2_has_lost_is_told_in_band_in_the_middle_of_a_clone() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "half");
    cold.source.write("first", noise(1, 900_000));
    cold.push(1);
    cold.source.write("second", noise(2, 900_000));
    cold.push(1);
    cold.maintain("snapshot");
    assert_eq!(cold.number("packs", "cold"), 2);
    let second = cold.source.run(&["rev-parse", "main:second"]);
    server.restart_after(|state| {
        let keys = "DELETE FROM _mf_objects WHERE key LIKE 'packs/%' AND uploaded =
            (SELECT max(uploaded) FROM _mf_objects WHERE key LIKE 'packs/%')";
        damage(state, BUCKET, &[keys]);
    });
    cold.rest = server.rest();
    let git = cold.scratch.git();
    let url = cold.hosted.url();
    for version in ["2", "1", "0"] {
        let protocol = format!("protocol.version={version}");
        let said = git.fails(&["-c", &protocol, "clone", "--quiet", &url, "broken"]);
        assert!(said.contains("r2: object packs/"), "{said}");
        assert!(
            said.contains("is missing; the pack is cut off (request "),
            "{said}"
        );
        assert!(!said.contains("RPC failed"), "{said}");
    }
    let lines = server.request_lines(|lines| {
        let refused = lines
            .iter()
            .filter(|line| line["error"] == "REFUSED_IN_BAND");
        refused.count() == 3
    });
    let most = lines
        .iter()
        .filter_map(|line| line["bytes_out"].as_u64())
        .max();
    assert!(most > Some(800_000), "it had begun: {most:?}");
    // Where nothing was sent yet, an error has its own status.
    for path in ["/bundle".to_owned(), format!("/blob/{second}")] {
        let answer = cold.rest.get(&cold.hosted.path(&path));
        assert_eq!(answer.status, 502, "{path}: {}", answer.text());
        assert!(
            answer.text().contains("is missing"),
            "{path}: {}",
            answer.text()
        );
    }
}
