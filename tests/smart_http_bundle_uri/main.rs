//! Clones and fetches that take their bulk from a bundle in R2, as `bundle-uri` tells them.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod clones;
mod ends;
mod urls;

use serde_json::{Value, json};
use support::git::Git;
use support::history::{History, noise};
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::Server;

/// A repository with a history of 40 commits and a bundle, and its source.
struct Bundled<'a> {
    server: &'a Server,
    scratch: Scratch,
    source: Git,
    hosted: Hosted,
    rest: Rest,
}

impl<'a> Bundled<'a> {
    /// Makes it. `more` are settings of the repository.
    fn new(server: &'a Server, name: &str, more: &Value) -> Self {
        let scratch = Scratch::new();
        let source = scratch.repository("source");
        History::small(7).make(&source);
        source.write("noise", noise(1, 300_000));
        source.commit("noise");
        source.run(&["tag", "-a", "-m", "a tag", "tagged", "main~3"]);
        let rest = server.rest();
        let hosted = rest.create_repository("bundled", name);
        let mut settings = json!({ "settle_seconds": 0, "ready_bytes_min": 0 });
        settings
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        rest.patch(&hosted.path(""), &settings).result(200);
        let bundled = Self {
            server,
            scratch,
            source,
            hosted,
            rest,
        };
        bundled.push();
        bundled
    }

    /// Pushes branches and tags, and lets R2 get its copies.
    fn push(&self) {
        let url = self.hosted.url();
        self.source.run(&[
            "push",
            "--quiet",
            "--force",
            "--prune",
            &url,
            "refs/heads/*",
            "refs/tags/*",
        ]);
        self.maintain();
    }

    fn maintain(&self) {
        let path = self.hosted.path("/maintenance");
        let task = json!({ "task": "snapshot" });
        self.rest.post(&path, &task).result(200);
    }

    /// The list of bundles, as its owner gets it.
    fn list(&self) -> String {
        let owner = self.rest.with_bearer(&self.hosted.token);
        let answer = owner.get(&self.hosted.git_path("bundles"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// A value of the bundle in the list: `uri`, `creationToken`.
    fn told(&self, key: &str) -> String {
        told(&self.list(), key).expect("there is a bundle")
    }

    /// The answer to somebody without a credential for a URI of the list.
    fn get(&self, uri: &str, headers: &[(&str, &str)]) -> Answer {
        let path = self.hosted.git_path(uri);
        let anonymous = self.rest.anonymous();
        anonymous.send(ureq::http::Method::GET, &path, headers, b"")
    }

    /// Clones with `transfer.bundleURI`, checks it, and gives it.
    fn clone(&self, url: &str, name: &str, options: &[&str]) -> Git {
        let git = self.scratch.git().config("transfer.bundleURI", "true");
        git.run(&[&["clone", "--quiet"], options, &[url, name]].concat());
        let clone = self.scratch.git_in(name);
        clone.run(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
        clone
    }

    /// The reads of the repository as the log tells them: bytes of bundles, and of the packs of fetches,
    /// of the requests that came after those that this was asked about before.
    fn read(&self, seen: &mut usize) -> Read {
        // The line that the waiting is for.
        let last = self.rest.get(&self.hosted.path("/refs"));
        let id = last.header("x-request-id").to_owned();
        let lines = self
            .server
            .request_lines(|lines| lines.iter().any(|line| line["request_id"] == id.as_str()));
        let name = self.hosted.name.as_str();
        let own: Vec<_> = lines
            .iter()
            .filter(|line| line["repository"] == name)
            .collect();
        let new = own.get(*seen..).unwrap().to_vec();
        *seen = own.len();
        let bytes = |is_it: &dyn Fn(&Value) -> bool| -> u64 {
            let its = new.iter().filter(|line| is_it(line));
            its.map(|line| line["bytes_out"].as_u64().unwrap()).sum()
        };
        Read {
            bundles: bytes(&|line| {
                line["route"] == "/git/:ns/:repo/bundles/:time" && line["status"] == 200
            }),
            packs: bytes(&|line| {
                line["route"] == "/git/:ns/:repo/git-upload-pack"
                    && (line["ready"] == true || line["packs"] != 0)
            }),
        }
    }
}

/// Bytes that clients took.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    bundles: u64,
    packs: u64,
}

/// Both have the same refs, except those that git keeps for bundles.
fn same_refs(clone: &Git, source: &Git) {
    let mut refs = clone.refs();
    refs.retain(|name, _| !name.starts_with("refs/bundles/"));
    assert_eq!(refs, source.refs());
}

/// A value of the bundle in a list.
fn told(list: &str, key: &str) -> Option<String> {
    let start = format!("\t{key} = ");
    let line = list.lines().find_map(|line| line.strip_prefix(&start));
    line.map(str::to_owned)
}

/// Settings of a public repository.
fn public() -> Value {
    json!({ "public": true })
}

/// Settings of a private one.
fn private() -> Value {
    json!({})
}
