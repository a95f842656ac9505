//! Merges, cherry-picks, reverts and restores by REST, with real git as the judge of the results.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

mod elsewhere;
mod killed;
mod large_files;
mod merges;
mod picks;
mod refused;
mod restores;
mod syncs;

use serde_json::{Value, json};
use support::git::Git;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::server;

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;
const CONFLICT: u64 = 10_310;
const MERGE_CONFLICT: u64 = 10_311;
const NO_CHANGE: u64 = 10_312;

/// A repository on the server, git's copy of it, and its writer.
struct Desk {
    hosted: Hosted,
    git: Git,
    client: Rest,
    _scratch: Scratch,
}

impl Desk {
    /// `main` and `topic`, which both have commits of their own that go together.
    fn new(name: &str) -> Self {
        let scratch = Scratch::new();
        let git = scratch.repository("work");
        git.write("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n");
        git.write("dir/b.txt", "one\ntwo\nthree\n");
        git.commit("first");
        git.run(&["checkout", "--quiet", "-b", "topic"]);
        git.write("a.txt", "1\n2\n3\n4\n5\n6\n7\neight\n");
        git.commit("topic: eight");
        git.run(&["mv", "dir/b.txt", "dir/c.txt"]);
        git.commit("topic: another name");
        git.run(&["checkout", "--quiet", "main"]);
        git.write("a.txt", "one\n2\n3\n4\n5\n6\n7\n8\n");
        git.write("dir/b.txt", "one\ntwo\nthree\nfour\n");
        git.commit("main: one");
        let hosted = server().rest().create_repository("merges", name);
        git.run(&["push", "--quiet", &hosted.url(), "main", "topic"]);
        Self {
            client: server().rest().with_bearer(&hosted.token),
            hosted,
            git,
            _scratch: scratch,
        }
    }

    fn post(&self, route: &str, body: &Value) -> Answer {
        self.client.post(&self.hosted.path(route), body)
    }

    fn push(&self, refspec: &str) {
        self.git
            .run(&["push", "--quiet", &self.hosted.url(), refspec]);
    }

    /// The commit of a branch, fetched and checked by git.
    fn fetched(&self, branch: &str) -> String {
        self.git
            .run(&["fetch", "--quiet", &self.hosted.url(), branch]);
        self.git.run(&["fsck", "--strict", "--no-dangling"]);
        self.git.run(&["rev-parse", "FETCH_HEAD"])
    }

    fn id(&self, revision: &str) -> String {
        self.git.run(&["rev-parse", revision])
    }

    /// The facts that would show that a refused request left something behind.
    fn traces(&self) -> Value {
        let refs = self.client.get(&self.hosted.path("/refs")).result(200);
        let stats = server().rest().get(&self.hosted.path("/stats")).result(200);
        let mut traces = serde_json::Map::new();
        for (name, value) in stats.as_object().unwrap() {
            let counts = ["packs", "refs", "reflog", "quarantine", "objects", "bytes"];
            if counts.iter().any(|count| name.contains(count)) {
                traces.insert(name.clone(), value.clone());
            }
        }
        json!({"refs": refs, "stats": traces})
    }

    /// A request that is refused, and that leaves nothing behind.
    fn refused(&self, route: &str, body: &Value, status: u16) -> Value {
        let before = self.traces();
        let answer = self.post(route, body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert_eq!(self.traces(), before, "{body} left something behind");
        answer.json()["errors"][0].clone()
    }
}
