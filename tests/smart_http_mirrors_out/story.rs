//! Helpers of every story: a server that may push to this machine, a repository, its downstream.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::git::Git;
use super::support::remote::Remote;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait;

/// Allows remotes on this machine, and sets the key that seals credentials.
pub const VARIABLES: [(&str, &str); 2] = [
    ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
    (
        "CAIRN_SECRETS_KEY",
        "4kYzqB7sPZ0bXfJt1mC9uW3eR6aD8hGnLvQxIyTkUoE=",
    ),
];

/// How long a push may take in a story.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The server that all harmless stories share.
pub fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start_with(&VARIABLES))
}

/// A bare repository `there.git`, which takes pushes, on a server of git's own.
pub struct There {
    pub scratch: Scratch,
    pub git: Git,
    pub remote: Remote,
}

impl There {
    pub fn new() -> Self {
        let scratch = Scratch::new();
        let git = scratch.bare_repository("remotes/there.git");
        git.run(&["config", "http.receivepack", "true"]);
        let remote = Remote::serve(&scratch.join("remotes"));
        Self {
            scratch,
            git,
            remote,
        }
    }

    pub fn url(&self) -> String {
        self.remote.url("there.git")
    }

    /// Installs a hook on the server.
    pub fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.git.folder().join("hooks").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The target of a ref; empty if the ref does not exist.
    pub fn target(&self, name: &str) -> String {
        let format = "--format=%(objectname)";
        self.git.run(&["for-each-ref", format, name])
    }

    /// Waits until a ref has this target.
    pub fn until(&self, name: &str, target: &str) {
        wait::until_true(&format!("{name} at {target}"), PATIENCE, || {
            self.target(name) == target
        });
    }

    /// The lengths of the bodies pushed so far, without probes.
    pub fn pushed_bytes(&self) -> Vec<usize> {
        let seen = self.remote.seen().into_iter();
        let pushes = seen.filter(|seen| seen.method == "POST" && seen.bytes > 4);
        pushes.map(|seen| seen.bytes).collect()
    }
}

/// A downstream of a repository.
pub struct Downstream<'a> {
    pub rest: &'a Rest,
    pub hosted: &'a Hosted,
    pub id: String,
}

impl<'a> Downstream<'a> {
    pub fn add(rest: &'a Rest, hosted: &'a Hosted, body: &Value) -> Self {
        let added = rest.post(&hosted.path("/downstreams"), body).result(201);
        let id = added["id"].as_str().unwrap().to_owned();
        Self { rest, hosted, id }
    }

    pub fn path(&self, below: &str) -> String {
        self.hosted
            .path(&format!("/downstreams/{}{below}", self.id))
    }

    pub fn show(&self) -> Value {
        self.rest.get(&self.path("")).result(200)
    }

    /// The pushes on record, the newest first.
    pub fn pushes(&self) -> Vec<Value> {
        let pushes = self.rest.get(&self.path("/pushes")).result(200);
        pushes.as_array().unwrap().clone()
    }

    /// Waits until REST shows the wanted state.
    pub fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait::until(what, PATIENCE, || Some(self.show()).filter(&wanted))
    }

    /// Waits until no push is due. Returns the last push.
    pub fn idle(&self) -> Value {
        self.until("an idle downstream", |shown| shown["state"] == "idle")["last_push"].clone()
    }

    /// Waits until this many pushes are on record. Returns the last one.
    pub fn pushed(&self, count: usize) -> Value {
        let what = format!("{count} pushes on record");
        wait::until(&what, PATIENCE, || {
            let pushes = self.pushes();
            (pushes.len() >= count).then(|| pushes[0].clone())
        })
    }
}

/// The result of a push for one ref.
pub fn fate<'v>(push: &'v Value, name: &str) -> &'v Value {
    let refs = push["refs"].as_array().unwrap();
    let found = refs.iter().find(|found| found["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {push}"))
}

/// The body of a downstream with this URL and no other field.
pub fn to(url: &str) -> Value {
    json!({ "url": url })
}
