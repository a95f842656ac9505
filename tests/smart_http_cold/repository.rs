//! A repository whose packs are in R2 alone.

use serde_json::{Value, json};

use super::support::git::{Git, refs_equal};
use super::support::history::noise;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;

/// A repository whose packs go cold at once, and where it is pushed from.
pub struct Cold {
    pub scratch: Scratch,
    pub source: Git,
    pub hosted: Hosted,
    pub rest: Rest,
    pub commits: usize,
}

impl Cold {
    pub fn new(server: &Server, name: &str) -> Self {
        let (rest, scratch) = (server.rest(), Scratch::new());
        let hosted = rest.create_repository("cold", name);
        let settings = json!({
            "settle_seconds": 0,
            "cold_after_seconds": 0,
            "cold_bytes_min": 0,
            "ready_bytes_min": 1_u64 << 40,
            "superseded_grace_seconds": 0,
        });
        rest.patch(&hosted.path(""), &settings).result(200);
        Self {
            source: scratch.repository("source"),
            scratch,
            hosted,
            rest,
            commits: 0,
        }
    }

    pub fn push(&mut self, count: usize) {
        for _ in 0..count {
            self.commits += 1;
            let number = self.commits;
            let path = format!("d{}/file", number % 5);
            self.source.write(&path, format!("{number}\n").repeat(50));
            self.source.commit(&format!("commit {number}"));
            self.source.run(&["push", "-q", &self.hosted.url(), "main"]);
        }
    }

    /// Pushes a branch of its own with bytes that do not compress; gives its tip.
    pub fn push_branch(&self, name: &str, bytes: usize) -> String {
        self.source.run(&["checkout", "-q", "-b", name]);
        self.source.write(name, noise(1, bytes));
        self.source.commit(name);
        self.source.run(&["push", "-q", &self.hosted.url(), name]);
        let tip = self.source.run(&["rev-parse", "HEAD"]);
        self.source.run(&["checkout", "-q", "main"]);
        tip
    }

    pub fn delete_branch(&self, name: &str) {
        let gone = format!(":{name}");
        self.source.run(&["push", "-q", &self.hosted.url(), &gone]);
        self.source.run(&["branch", "-q", "-D", name]);
    }

    pub fn maintain(&self, task: &str) -> Value {
        let path = self.hosted.path("/maintenance");
        self.rest.post(&path, &json!({ "task": task })).result(200)
    }

    /// Nothing is kept for its time alone.
    pub fn keep_nothing(&self) {
        let settings = json!({ "prune_grace_seconds": 0, "reflog_retention_seconds": 0 });
        self.rest
            .patch(&self.hosted.path(""), &settings)
            .result(200);
    }

    pub fn stats(&self) -> Value {
        self.rest.get(&self.hosted.path("/stats")).result(200)
    }

    pub fn number(&self, of: &str, what: &str) -> u64 {
        let stats = self.stats();
        let found = stats[of][what].as_u64();
        found.unwrap_or_else(|| panic!("no {of}.{what} in {stats}"))
    }

    /// The last run of that kind.
    pub fn last(&self, task: &str) -> Option<Value> {
        let stats = self.stats();
        let mut runs = stats["maintenance"].as_array().unwrap().iter();
        runs.find(|run| run["task"] == task).cloned()
    }

    pub fn findings(&self) -> Value {
        self.maintain("verify")["findings"].take()
    }

    /// All that is stored is as it should be, and a clone as well.
    pub fn check(&self, name: &str) {
        let found = self.findings();
        assert_eq!(found["problems"], json!([]), "{found}");
        for (what, count) in found["orphans"].as_object().unwrap() {
            assert_eq!(count, 0, "{what}: {found}");
        }
        for what in ["missing", "orphaned", "unheld", "astray"] {
            assert_eq!(found["r2"][what], 0, "{what}: {found}");
        }
        let clone = self.scratch.clone(&self.hosted.url(), name, &["--mirror"]);
        clone.fsck_strict();
        refs_equal(&self.source, &clone);
    }
}
