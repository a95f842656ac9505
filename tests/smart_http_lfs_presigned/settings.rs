//! Settings that cannot be used.

use std::time::Duration;

use crate::client::{Lfs, Object};
use crate::support::server::Server;
use crate::support::wait::until;

const PATIENCE: Duration = Duration::from_secs(10);

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
    let is_told = |server: &Server, words: &str| {
        until("the log tells of the setting", PATIENCE, || {
            let lines = server.json_lines();
            let mut told = lines.iter().filter(|line| line["kind"] == "configuration");
            told.find(|line| line["message"].as_str().unwrap().contains(words))
                .map(|_| ())
        });
    };
    is_told(&server, "CAIRN_S3_SECRET_ACCESS_KEY is not set");

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
    is_told(&server, "it has a path");
    assert!(!server.log().contains("this-is-not-to-be-seen"));
}
