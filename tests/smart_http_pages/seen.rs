//! A story in a browser: `tests/browser/pages/<name>.mjs` tells it.

use std::process::Command;

use serde_json::{Value, json};

use super::support::installed::{folder, installed};
use super::support::package_root;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;

/// A repository that everybody may read, and a work tree to fill it from.
pub fn public(server: &Server, name: &str) -> Hosted {
    let path = "/api/v1/namespaces/pages/repos";
    let asked = json!({ "name": name, "public": true, "description": "A <small> library" });
    let made = server.rest().post(path, &asked).result(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    Hosted {
        namespace: "pages".to_owned(),
        name: name.to_owned(),
        remote: text("remote"),
        token: made["token"]["plaintext"]
            .as_str()
            .map_or_else(|| text("token"), str::to_owned),
    }
}

/// Tells the story at the repository's page, and gives its output. It ends with an error where something is
/// not as it should be.
pub fn told(story: &str, server: &Server, hosted: &Hosted, facts: &Value) -> String {
    if let Err(reason) = installed("browser") {
        panic!("scripts/install-clients.sh could not install a browser: {reason}");
    }
    let home = format!("{}/r/{}/{}", server.url(), hosted.namespace, hosted.name);
    let pictures = Scratch::new();
    let ended = Command::new(package_root().join("scripts/node"))
        .arg(package_root().join(format!("tests/browser/pages/{story}.mjs")))
        .args([&home, &facts.to_string()])
        .env("CAIRN_CLIENTS", folder())
        .current_dir(pictures.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}");
    String::from_utf8_lossy(&ended.stdout).into_owned()
}
