//! Helpers of every story: a server that may fetch from this machine, another host, and a repository that
//! follows one there.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::Method;

use super::support::git::Git;
use super::support::history::History;
use super::support::remote::Remote;
use super::support::rest::{Answer, Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait;

/// Allows remotes on this machine, and short intervals.
pub const VARIABLES: [(&str, &str); 2] = [
    ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
    ("CAIRN_UPSTREAM_INTERVAL_SECONDS_MIN", "1"),
];

/// How long a sync may take in a story.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The server that all harmless stories share.
pub fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start_with(&VARIABLES))
}

/// A folder with a repository `source.git`, served by real git, and a clone of it to work in.
pub struct Upstream {
    pub scratch: Scratch,
    pub git: Git,
    pub work: Git,
    pub remote: Remote,
}

impl Upstream {
    /// An upstream with a generated history.
    pub fn new(history: &History) -> Self {
        let scratch = Scratch::new();
        let git = scratch.bare_repository("remotes/source.git");
        history.make(&git);
        Self::of(scratch, git)
    }

    /// An upstream with one commit.
    pub fn small() -> Self {
        let scratch = Scratch::new();
        let git = scratch.bare_repository("remotes/source.git");
        let work = scratch.repository("first");
        work.write("content", "first\n");
        work.commit("first");
        let folder = git.folder().display().to_string();
        work.run(&["push", "--quiet", &folder, "main"]);
        Self::of(scratch, git)
    }

    fn of(scratch: Scratch, git: Git) -> Self {
        let folder = git.folder().display().to_string();
        let work = scratch.clone(&folder, "work", &[]);
        let remote = Remote::serve(&scratch.join("remotes"));
        Self {
            scratch,
            git,
            work,
            remote,
        }
    }

    pub fn url(&self) -> String {
        self.remote.url("source.git")
    }

    /// Commits to the upstream's `main`. Returns the commit.
    pub fn commit(&self, text: &str) -> String {
        self.work.write("content", format!("{text}\n"));
        self.work.commit(text);
        self.work.run(&["push", "--quiet", "origin", "HEAD:main"]);
        self.work.run(&["rev-parse", "HEAD"])
    }

    /// Requests for a pack that the upstream has seen.
    pub fn fetches(&self) -> usize {
        let seen = self.remote.seen();
        seen.iter()
            .filter(|seen| seen.body.contains("want "))
            .count()
    }
}

/// Sets the upstream.
pub fn put(rest: &Rest, hosted: &Hosted, body: &Value) -> Answer {
    let path = hosted.path("/upstream");
    rest.send(Method::PUT, &path, &[], body.to_string().as_bytes())
}

/// Follows a URL with these further settings. Waits for the first sync, and returns it.
pub fn follow(rest: &Rest, hosted: &Hosted, url: &str, more: &Value) -> Value {
    let mut body = json!({ "url": url });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    let set = put(rest, hosted, &body).result(200);
    let id = match set["sync"]["id"].as_i64() {
        Some(id) => id,
        None => set["last_sync"]["id"].as_i64().unwrap(),
    };
    over(rest, hosted, id)
}

/// The upstream, as REST shows it.
pub fn show(rest: &Rest, hosted: &Hosted) -> Value {
    rest.get(&hosted.path("/upstream")).result(200)
}

/// Requests a sync, and waits for its end. Returns the sync.
pub fn sync(rest: &Rest, hosted: &Hosted) -> Value {
    let id = ask(rest, hosted);
    over(rest, hosted, id)
}

/// Requests a sync. Returns its id.
pub fn ask(rest: &Rest, hosted: &Hosted) -> i64 {
    let asked = rest.post(&hosted.path("/upstream/sync"), &json!({}));
    asked.result(202)["id"].as_i64().unwrap()
}

/// Waits until that sync is over. Returns it.
pub fn over(rest: &Rest, hosted: &Hosted, id: i64) -> Value {
    let path = hosted.path("/upstream/syncs?limit=10");
    wait::until("the end of a sync", PATIENCE, || {
        let all = rest.get(&path).result(200);
        let found = all.as_array().unwrap().iter();
        let mut found = found.filter(|sync| sync["id"] == id && !sync["finished_at"].is_null());
        found.next().cloned()
    })
}

/// The payloads of the events of that kind.
pub fn told(rest: &Rest, hosted: &Hosted, kind: &str) -> Vec<Value> {
    let events = rest.get(&hosted.path("/events?limit=100")).result(200);
    let events = events.as_array().unwrap().iter();
    let of_kind = events.filter(|event| event["type"] == kind);
    of_kind.map(|event| event["payload"].clone()).collect()
}
