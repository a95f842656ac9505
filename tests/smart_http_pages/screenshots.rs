//! The pictures in the README.

use std::process::Command;

use super::support::installed::{folder, installed};
use super::support::package_root;

#[test]
fn the_readme_shows_the_present_pages() {
    if let Err(reason) = installed("browser") {
        panic!("scripts/install-clients.sh could not install a browser: {reason}");
    }
    let compared = Command::new(package_root().join("scripts/node"))
        .arg(package_root().join("scripts/screenshots.mjs"))
        .arg("--check")
        .env("CAIRN_CLIENTS", folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&compared.stderr).into_owned();
    assert!(compared.status.success(), "{said}");
    let told = String::from_utf8_lossy(&compared.stdout);
    assert_eq!(told.lines().count(), 6, "three pages, in light and dark");
}
