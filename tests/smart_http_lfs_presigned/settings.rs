//! Settings that cannot be used.

use crate::client::{Lfs, Object};
use crate::support::server::Server;

#[test]
fn wrong_settings_are_told_and_transfers_go_through_the_worker() {
    let mut server = Server::start_with(&[
        (
            "CAIRN_S3_ENDPOINT",
            "https://account.r2.cloudflarestorage.com",
        ),
        ("CAIRN_S3_BUCKET", "cairn-packs"),
        ("CAIRN_S3_ACCESS_KEY_ID", "id"),
    ]);
    let hosted = server.rest().create_repository("lfs-settings", "half");
    let transfers = |server: &Server, seed: u8| {
        let lfs = Lfs::of(&hosted, server.rest().with_bearer(&hosted.token));
        let object = Object::of_length(1_000, seed);
        let href = lfs.told("upload", &object)["actions"]["upload"]["href"].clone();
        assert!(href.as_str().unwrap().starts_with(&server.url()), "{href}");
        assert_eq!(lfs.put(&object).status, 200);
        assert!(lfs.has(&object));
    };
    transfers(&server, 9);
    let faults = |server: &Server, words: &str| {
        let lines = server.json_lines();
        let told = lines.iter().filter(|line| line["kind"] == "configuration");
        told.filter(|line| line["message"].as_str().unwrap().contains(words))
            .count()
    };
    let words = "CAIRN_S3_SECRET_ACCESS_KEY is not set";
    assert!(faults(&server, words) > 0, "{}", server.log());

    server.restart_with(&[
        (
            "CAIRN_S3_ENDPOINT",
            "https://account.r2.cloudflarestorage.com/cairn-packs",
        ),
        ("CAIRN_S3_BUCKET", "cairn-packs"),
        ("CAIRN_S3_ACCESS_KEY_ID", "id"),
        ("CAIRN_S3_SECRET_ACCESS_KEY", "this-is-not-to-be-seen"),
    ]);
    transfers(&server, 10);
    assert!(faults(&server, "it has a path") > 0, "{}", server.log());
    assert!(!server.log().contains("this-is-not-to-be-seen"));
}
