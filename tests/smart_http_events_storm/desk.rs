//! One repository, somebody who pushes to it, and the receivers of its webhooks.

use std::time::Duration;

use serde_json::{Value, json};

use super::ledger::{Told, Update};
use super::receivers::Receivers;
use super::support::rest::{Hosted, Rest};
use super::support::server::Server;
use super::support::wait::until_true;
use super::wire;

/// How long a webhook may take where no test says anything else.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Desk {
    pub rest: Rest,
    pub hosted: Hosted,
    pub receivers: Receivers,
    tip: Option<String>,
    made: usize,
}

impl Desk {
    pub fn new(server: &Server, namespace: &str, receivers: &Receivers) -> Self {
        let rest = server.rest();
        Self {
            hosted: rest.create_repository(namespace, "repo"),
            receivers: receivers.clone(),
            rest,
            tip: None,
            made: 0,
        }
    }

    /// Makes a webhook of the repository, whose receiver has this path; its id.
    pub fn hook(&self, path: &str, body: &Value) -> String {
        let mut body = body.clone();
        body["url"] = json!(self.receivers.url(path));
        let made = self.rest.post(&self.hosted.path("/webhooks"), &body);
        made.result(201)["id"].as_str().unwrap().to_owned()
    }

    /// A webhook that gets the pushes.
    pub fn hook_of_pushes(&self, path: &str) {
        self.hook(path, &json!({"events": ["repo.pushed"]}));
    }

    /// Pushes a commit to the branch `main`; its id, and the event about it.
    pub fn try_push(&mut self) -> (String, Told) {
        self.made += 1;
        let message = format!("{} of {}", self.made, self.hosted.namespace);
        let made = wire::commit(self.tip.as_deref(), &message);
        let id = made.id.clone();
        let update = Update {
            name: "refs/heads/main".to_owned(),
            before: self.tip.clone(),
            after: Some(id.clone()),
        };
        let rest = self.rest.with_bearer(&self.hosted.token);
        let told = wire::push(&rest, &self.hosted, &[update], &[made])[0];
        if told == Told::Done {
            self.tip = Some(id.clone());
        }
        (id, told)
    }

    /// The same, and it must succeed.
    pub fn push(&mut self) -> String {
        let (id, told) = self.try_push();
        assert_eq!(told, Told::Done);
        id
    }

    /// Waits until the receiver at this path has taken the push that made this commit the tip.
    pub fn await_arrival(&self, path: &str, id: &str) {
        let is_it = |event: &Value| event["payload"]["after"] == *id;
        until_true(&format!("{path} takes {id}"), PATIENCE, || {
            self.receivers.taken_at(path, is_it).is_some()
        });
    }
}
