//! isomorphic-git in a page of a real Chromium.

use std::process::Command;

use serde_json::Value;

use super::support::installed::{folder, installed};
use super::support::package_root;
use super::support::port::free;
use super::support::scratch::Scratch;
use super::support::server::Server;

/// A browser that a machine lacks is a failure: no other test sees real browsers.
#[test]
fn a_page_in_chromium_clones_commits_and_pushes() {
    for part in ["browser", "npm"] {
        if let Err(reason) = installed(part) {
            panic!("scripts/install-clients.sh could not install {part}: {reason}");
        }
    }
    let port = free();
    let listed: &'static str = format!("http://localhost:{port}").leak();
    let server = Server::start_with(&[("CAIRN_CORS_ORIGINS", listed)]);
    let scratch = Scratch::new();
    let (hosted, _) = scratch.pushed(&server.rest(), "cors", "chromium");

    let ended = Command::new(package_root().join("scripts/node"))
        .arg(package_root().join("tests/browser/git_in_page.mjs"))
        .args([&port.to_string(), &hosted.remote])
        .env("CAIRN_CLIENTS", folder())
        .env("CAIRN_TOKEN", &hosted.token)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}");
    let seen: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let page = &seen["listed"];
    assert_eq!(
        (&page["length"], &page["ok"]),
        (&1.into(), &true.into()),
        "{seen}"
    );
    // A browser tells a page nothing of the parts that it hides from it.
    assert_eq!(seen["unlisted"], "TypeError: Failed to fetch", "{seen}");

    let mirror = scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    assert_eq!(
        mirror.run(&["rev-parse", "main"]),
        page["commit"].as_str().unwrap()
    );
    let file = mirror.run(&["show", "main:page.txt"]);
    assert_eq!(file, format!("of a page of {listed}"));
    // The browser asked first, as pages with a credential must.
    let asked = |line: &Value| line["method"] == "OPTIONS" && line["status"] == 204;
    server.request_lines(|lines| lines.iter().any(asked));
}
