//! Helpers of every story: a server that may fetch from this machine, a remote, an import.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::git::Git;
use super::support::history::History;
use super::support::remote::Remote;
use super::support::rest::{Answer, Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait;

/// Allows remotes on this machine.
pub const PRIVATE: (&str, &str) = ("CAIRN_IMPORT_ALLOW_PRIVATE", "true");

/// How long an import may take in a story.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The server that the stories share that break nothing.
pub fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start_with(&[PRIVATE]))
}

/// A folder with a repository `source.git` of a made history, served.
pub struct Source {
    pub scratch: Scratch,
    pub git: Git,
    pub remote: Remote,
}

impl Source {
    pub fn new(history: &History) -> Self {
        let source = Self::empty();
        history.make(&source.git);
        source
    }

    pub fn empty() -> Self {
        let scratch = Scratch::new();
        let git = scratch.bare_repository("remotes/source.git");
        let remote = Remote::serve(&scratch.join("remotes"));
        Self {
            scratch,
            git,
            remote,
        }
    }

    pub fn url(&self) -> String {
        self.remote.url("source.git")
    }
}

fn path(namespace: &str, name: &str, rest: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/repos/{name}{rest}")
}

/// Asks for an import.
pub fn ask(rest: &Rest, namespace: &str, name: &str, body: &Value) -> Answer {
    rest.post(&path(namespace, name, "/import"), body)
}

/// Begins an import that is taken.
pub fn begin(rest: &Rest, namespace: &str, name: &str, body: &Value) -> Hosted {
    Hosted::made(namespace, &ask(rest, namespace, name, body))
}

/// The repository as REST shows it.
pub fn show(rest: &Rest, hosted: &Hosted) -> Answer {
    rest.get(&hosted.path(""))
}

/// Waits until the answer for the repository is as wanted.
pub fn until(rest: &Rest, hosted: &Hosted, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let what = format!("the answer for {}", hosted.name);
    wait::until(&what, PATIENCE, || Some(show(rest, hosted)).filter(&wanted))
}

/// Waits until the import is over, which must have succeeded.
pub fn ready(rest: &Rest, hosted: &Hosted) -> Value {
    let answer = until(rest, hosted, |answer| {
        answer.status != 200 || answer.json()["result"]["status"] != "importing"
    });
    let result = answer.result(200);
    assert_eq!(result["status"], "ready", "{result}");
    assert_eq!(result.get("import"), None, "{result}");
    result
}

/// Waits until the import is over, which must have failed; the reason.
pub fn failed(rest: &Rest, hosted: &Hosted) -> String {
    let answer = until(rest, hosted, |answer| answer.status == 404);
    answer.json()["errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Waits until the namespace lists nothing: its object hears a little later that a name is free.
pub fn unlisted(rest: &Rest, namespace: &str) {
    let path = format!("/api/v1/namespaces/{namespace}/repos");
    wait::until_true("an empty list", PATIENCE, || {
        rest.get(&path).result(200) == json!([])
    });
}

/// Imports with nothing but a URL, to the end.
pub fn import(rest: &Rest, namespace: &str, name: &str, url: &str) -> Hosted {
    let hosted = begin(rest, namespace, name, &json!({ "url": url }));
    ready(rest, &hosted);
    hosted
}
