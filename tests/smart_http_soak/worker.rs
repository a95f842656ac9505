//! A worker with repositories of its own: no other worker changes them, so the model is exact.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use ureq::http::Method;

use super::caller::{Known, PATIENCE, PAUSE, pass};
use super::judge;
use super::model::Repository;
use super::operations::{self, repositories};
use super::support::git::Git;
use super::support::history::Random;
use super::support::scratch::Scratch;
use super::support::wait::until;
use super::world::World;

/// A worker, its repositories, and every object that it has seen.
pub struct Worker<'a> {
    pub world: &'a World,
    pub number: usize,
    pub random: Random,
    pub scratch: Scratch,
    /// The objects of all its repositories.
    pub objects: Git,
    /// The repositories that exist, and those that can be restored.
    pub repositories: Vec<Repository>,
    /// The names of past repositories; no other repository gets them.
    pub gone: Vec<String>,
    /// The models of past repositories, with their ids and changes.
    pub past: Vec<Repository>,
    made: usize,
    restarts_seen: u64,
}

impl<'a> Worker<'a> {
    pub fn new(world: &'a World, number: usize) -> Self {
        let scratch = Scratch::new();
        let objects = scratch.bare_repository("objects");
        objects.run(&["config", "gc.auto", "0"]);
        Self {
            world,
            number,
            random: Random(world.plan.seed ^ ((number as u64 + 1) << 32)),
            scratch,
            objects,
            repositories: Vec::new(),
            gone: Vec::new(),
            past: Vec::new(),
            made: 0,
            restarts_seen: 0,
        }
    }

    /// Works until the time is over.
    pub fn work(mut self) -> Self {
        while !self.world.is_over() {
            if self.restarts_seen != self.world.restarts() {
                self.restarts_seen = self.world.restarts();
                judge::refs_are_there(&self);
            }
            // Deleted repositories, and those that end soon, give no work.
            if self.pick().is_none() {
                repositories::create(&mut self);
            }
            operations::one(&mut self);
        }
        self
    }

    /// A name that no repository has had.
    pub fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{}-{}", self.number, self.made)
    }

    /// Picks a usable repository.
    pub fn pick(&mut self) -> Option<usize> {
        self.pick_where(|_| true)
    }

    pub fn pick_where(&mut self, suits: impl Fn(&Repository) -> bool) -> Option<usize> {
        let all = self.repositories.iter().enumerate();
        let usable = all.filter(|(_, one)| one.is_usable() && suits(one));
        let places: Vec<_> = usable.map(|(place, _)| place).collect();
        if places.is_empty() {
            return None;
        }
        Some(places[self.random.below(places.len())])
    }

    /// Sends a request that changes something. The server does it once, however often it is sent.
    pub fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> Known {
        self.made += 1;
        let key = match method {
            Method::POST => format!("soak-{}-{}", self.number, self.made),
            _ => String::new(),
        };
        self.world.definitely(method, path, body, &key)
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Known {
        self.ask(Method::POST, path, Some(body))
    }

    /// Reports an answer that is not allowed.
    pub fn wrong(&self, what: &str, known: &Known) {
        let (status, text) = (known.answer.status, known.answer.text());
        let repeated = known.repeated;
        self.world.fault(format!(
            "{what}: {status} {text} (sent {repeated} times before)"
        ));
    }

    /// Makes a commit with one file on top of another, with the present time. The server's commits have
    /// its clock, and git's `rev-list` fails where children are much older than their parents.
    pub fn commit(&mut self, parent: Option<&str>, path: &str) -> String {
        self.made += 1;
        let content = format!("{} {} {}\n", self.number, self.made, self.random.next());
        let lines = content.repeat(1 + self.random.below(60));
        let from = parent.map_or(String::new(), |id| format!("from {id}\n"));
        let stream = format!(
            "commit refs/soak/made\ncommitter A U Thor <author@example.com> {} +0000\n\
             data <<END\ncommit {}\nEND\n{from}M 100644 inline {path}\ndata {}\n{lines}\ndone\n",
            now_seconds(),
            self.made,
            lines.len(),
        );
        let import = ["fast-import", "--quiet", "--done", "--force"];
        self.objects.run_with(&import, stream.as_bytes());
        self.objects.run(&["rev-parse", "refs/soak/made"])
    }

    /// Fetches objects that the server made.
    pub fn take_over(&self, place: usize, id: &str) {
        let url = self.repositories[place].hosted.url();
        let fetch = ["fetch", "--quiet", "--no-write-fetch-head", &url, id];
        self.git_definitely(&self.objects, &fetch);
    }

    /// Runs git until it succeeds. A failure counts as a fault if nothing disturbed the server.
    pub fn git_definitely(&self, git: &Git, arguments: &[&str]) -> String {
        until(arguments[0], PATIENCE, || {
            let since = self.world.calm();
            let ended = git.try_run(arguments, b"");
            if ended.ok {
                return Some(ended.text());
            }
            self.git_failed(arguments, &ended.stderr, since);
            pass(PAUSE);
            None
        })
    }

    pub fn git_failed(&self, arguments: &[&str], said: &str, since: Option<u64>) {
        self.world.count("git failures");
        if self.world.was_calm(since) {
            self.world
                .fault(format!("git {}: {said}", arguments.join(" ")));
        }
    }

    /// Moves a repository to the past ones.
    pub fn forget(&mut self, place: usize) {
        let repository = self.repositories.remove(place);
        self.gone.push(repository.name().to_owned());
        self.past.push(repository);
    }
}

fn now_seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("it is after 1970").as_secs()
}
