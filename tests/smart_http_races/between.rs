//! A client asks for the refs, refs change, and the client fetches the ids that it was told: it gets
//! all of them. Git's own client goes through a proxy that makes the change between its two requests.

use serde_json::json;

use crate::support::git::Git;
use crate::support::proxy::Proxy;
use crate::support::rest::Hosted;
use crate::support::scratch::Scratch;
use crate::support::server::server;

/// A change of the branch `topic`, or beside it.
#[derive(Debug, Clone, Copy)]
enum Change {
    FastForward,
    ForcePush,
    Delete,
    CreateAnother,
    Rename,
}

const CHANGES: [Change; 5] = [
    Change::FastForward,
    Change::ForcePush,
    Change::Delete,
    Change::CreateAnother,
    Change::Rename,
];

impl Change {
    fn refspecs(self) -> &'static [&'static str] {
        match self {
            Self::FastForward => &["refs/prepared/ahead:refs/heads/topic"],
            Self::ForcePush => &["+refs/prepared/other:refs/heads/topic"],
            Self::Delete => &[":refs/heads/topic"],
            Self::CreateAnother => &["refs/prepared/ahead:refs/heads/another"],
            Self::Rename => &[":refs/heads/topic", "refs/heads/topic:refs/heads/renamed"],
        }
    }
}

/// The client's operation.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Clone,
    Fetch,
    ShallowClone,
    ShallowFetch,
    PartialClone,
}

const OPERATIONS: [Operation; 5] = [
    Operation::Clone,
    Operation::Fetch,
    Operation::ShallowClone,
    Operation::ShallowFetch,
    Operation::PartialClone,
];

impl Operation {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Clone => &["clone", "--quiet", "--branch=topic"],
            Self::Fetch => &["fetch", "--quiet", "origin"],
            Self::ShallowClone => &["clone", "--quiet", "--depth=1", "--branch=topic"],
            Self::ShallowFetch => &[
                "fetch",
                "--quiet",
                "--depth=1",
                "origin",
                "+refs/heads/topic:refs/remotes/origin/topic",
            ],
            // Files are fetched one more time, when refs have changed long ago.
            Self::PartialClone => &["clone", "--quiet", "--filter=blob:none", "--branch=topic"],
        }
    }

    fn is_clone(self) -> bool {
        self.arguments()[0] == "clone"
    }
}

/// The repository from which everybody pushes: `main`, `topic`, a tag, and later commits for `topic`.
struct Story {
    /// The namespace of its repositories.
    namespace: &'static str,
    scratch: Scratch,
    source: Git,
    topic: String,
    proxy: Proxy,
}

impl Story {
    fn new(namespace: &'static str) -> Self {
        let scratch = Scratch::new();
        let source = scratch.repository("source");
        let grow = |name: &str, count: u32| {
            for number in 0..count {
                source.write("shared", format!("{name} {number}\n").repeat(30));
                source.write(&format!("{name}/{number}"), format!("{number}\n"));
                source.commit(&format!("{name} {number}"));
            }
            source.run(&["rev-parse", "HEAD"])
        };
        let start = grow("main", 3);
        source.run(&["update-ref", "refs/prepared/start", &start]);
        grow("main", 2);
        source.run(&["tag", "-a", "-m", "a tag", "v1"]);
        source.run(&["checkout", "--quiet", "-b", "topic", "main~1"]);
        let topic = grow("topic", 2);
        source.run(&["checkout", "--quiet", "--detach"]);
        let ahead = grow("ahead", 1);
        source.run(&["update-ref", "refs/prepared/ahead", &ahead]);
        source.run(&["checkout", "--quiet", "--detach", "topic~1"]);
        let other = grow("other", 1);
        source.run(&["update-ref", "refs/prepared/other", &other]);
        Self {
            namespace,
            scratch,
            source,
            topic,
            proxy: Proxy::before(server()),
        }
    }

    /// A repository of this name on the server.
    fn hosted(&self, name: &str) -> Hosted {
        let hosted = server().rest().create_repository(self.namespace, name);
        let url = hosted.url();
        self.source
            .run(&["push", "--quiet", &url, "main", "topic", "v1"]);
        hosted
    }

    /// Makes the change, and `then`, between the two requests of the operation. The client ends up
    /// with the refs it was told first.
    fn tell(
        &self,
        (change, operation, version): (Change, Operation, u8),
        then: impl FnOnce(&Hosted) + Send + 'static,
    ) {
        let name = format!("{change:?}-{operation:?}-v{version}").to_lowercase();
        let hosted = self.hosted(&name);
        let url = self.proxy.url(&hosted);
        let client = self.scratch.git_in(&name).protocol(version);
        let client = if operation.is_clone() {
            client
        } else {
            client.run(&["init", "--quiet"]);
            client.run(&["remote", "add", "origin", &url]);
            // It has some of the history, from elsewhere.
            let source = self.source.folder().to_str().unwrap();
            client.run(&[
                "fetch",
                "--quiet",
                source,
                "refs/prepared/start:refs/heads/start",
            ]);
            client
        };
        let (source, changed) = (self.source.clone(), hosted.clone());
        // In version 2 the refs are asked for by a POST of its own.
        let fetch = if version == 2 { 2 } else { 1 };
        self.proxy.before_post(fetch, move || {
            let mut push = vec!["push", "--quiet"];
            let url = changed.url();
            push.push(&url);
            push.extend(change.refspecs());
            source.run(&push);
            then(&changed);
        });
        let mut arguments = operation.arguments().to_vec();
        if operation.is_clone() {
            arguments.extend([url.as_str(), "."]);
        }
        let ended = client.try_run(&arguments, b"");
        assert!(ended.ok, "{name}: {}", ended.stderr);
        assert!(self.proxy.has_acted(), "{name}: nothing came in between");
        let got = client.run(&["rev-parse", "refs/remotes/origin/topic"]);
        assert_eq!(got, self.topic, "{name}");
        client.run(&[
            "fsck",
            "--connectivity-only",
            "--no-dangling",
            "--no-progress",
        ]);
    }

    fn tell_all(&self, version: u8) {
        for change in CHANGES {
            for operation in OPERATIONS {
                self.tell((change, operation, version), |_| {});
            }
        }
    }
}

#[test]
fn refs_may_change_between_two_requests_of_version_2() {
    Story::new("races-v2").tell_all(2);
}

#[test]
fn refs_may_change_between_two_requests_of_version_0() {
    Story::new("races-v0").tell_all(0);
}

/// Merged, pruned as the settings say, copied to R2 and made cold in between.
#[test]
fn a_tip_just_replaced_stays_fetchable_through_maintenance() {
    let story = Story::new("races-maintained");
    let maintain = |hosted: &Hosted| {
        let rest = server().rest();
        let settings = json!({
            "prune_grace_seconds": 0,
            "superseded_grace_seconds": 0,
            "settle_seconds": 0,
            "cold_after_seconds": 0,
            "cold_bytes_min": 0,
            "ready_bytes_min": 0,
        });
        rest.patch(&hosted.path(""), &settings).result(200);
        for task in ["run", "snapshot", "run"] {
            let task = json!({ "task": task });
            rest.post(&hosted.path("/maintenance"), &task).result(200);
        }
    };
    for operation in OPERATIONS {
        story.tell((Change::ForcePush, operation, 2), maintain);
        story.tell((Change::Delete, operation, 0), maintain);
    }
}
