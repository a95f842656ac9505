//! Webhooks against the real Worker, with a receiver in the test process. Signatures are checked by
//! the library of Standard Webhooks itself.

#![allow(
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use cairn_test_support as support;

mod delivered;
mod failing;
mod hooks;
mod lives;
mod measured;
mod pre_receive;

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use support::git::Git;
use support::receiver::Receiver;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::Server;
use support::wait;

/// How long anything may take that comes at once.
const SOON: Duration = Duration::from_secs(30);

/// The server that the stories share, which may post to this machine.
fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]))
}

/// A repository, and a clone of it to push from.
struct Pushing {
    rest: Rest,
    hosted: Hosted,
    source: Git,
    _scratch: Scratch,
}

impl Pushing {
    fn to(server: &Server, namespace: &str, name: &str) -> Self {
        let (rest, scratch) = (server.rest(), Scratch::new());
        let hosted = rest.create_repository(namespace, name);
        let source = scratch.repository(name);
        Self {
            rest,
            hosted,
            source,
            _scratch: scratch,
        }
    }

    /// Commits, and pushes to a branch; gives the commit.
    fn push(&self, branch: &str) -> String {
        let commit = self.source.commit(branch);
        let to = format!("HEAD:refs/heads/{branch}");
        let url = self.hosted.url();
        self.source.run(&["push", "--quiet", "--force", &url, &to]);
        commit.trim().to_owned()
    }
}

/// A webhook, as its maker got it.
struct Hook {
    rest: Rest,
    path: String,
    secret: String,
}

impl Hook {
    /// Makes a webhook for the owner with this REST path.
    fn make(rest: &Rest, owner: &str, body: &Value) -> Self {
        let made = rest.post(&format!("{owner}/webhooks"), body).result(201);
        Self {
            rest: rest.clone(),
            path: format!("{owner}/webhooks/{}", made["id"].as_str().unwrap()),
            secret: made["secret"].as_str().unwrap().to_owned(),
        }
    }

    /// A repository's webhook for its pushes.
    fn of_pushes(pushing: &Pushing, receiver: &Receiver) -> Self {
        let body = json!({ "url": receiver.url("/hook"), "events": ["repo.pushed"] });
        Self::make(&pushing.rest, &pushing.hosted.path(""), &body)
    }

    fn shown(&self) -> Value {
        self.rest.get(&self.path).result(200)
    }

    fn post(&self, below: &str) -> Answer {
        let method = ureq::http::Method::POST;
        let path = format!("{}{below}", self.path);
        self.rest.send(method, &path, &[], b"")
    }

    /// The deliveries on record, newest first.
    fn deliveries(&self) -> Vec<Value> {
        let listed = self.rest.get(&format!("{}/deliveries", self.path));
        listed.result(200).as_array().unwrap().clone()
    }

    /// The deliveries, once the newest is in this state.
    fn newest_is(&self, state: &str) -> Value {
        wait::until(&format!("a delivery is {state}"), SOON, || {
            let newest = self.deliveries().into_iter().next()?;
            Some(newest).filter(|newest| newest["state"] == state)
        })
    }
}
