//! Writers push, force-push, create and delete refs, each as fast as it can, while clients of every
//! implementation clone and fetch: none of them fails, and each ends with a whole history.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::clients::{self, Client};
use crate::support::git::Git;
use crate::support::history::History;
use crate::support::rest::Hosted;
use crate::support::scratch::Scratch;
use crate::support::server::server;

/// How much of it.
struct Storm {
    name: &'static str,
    writers: usize,
    /// Clients at once.
    readers: usize,
    /// Clones and fetches in all.
    visits: usize,
}

/// Beside the others of a run.
#[test]
fn no_client_fails_beside_writers() {
    let storm = Storm {
        name: "breeze",
        writers: 3,
        readers: 2,
        visits: 22,
    };
    storm.rage();
}

#[test]
#[ignore = "takes minutes: run by name"]
fn two_hundred_clients_beside_eight_writers() {
    let storm = Storm {
        name: "storm",
        writers: 8,
        readers: 4,
        visits: 200,
    };
    storm.rage();
}

/// One way to get a history.
enum Way {
    Git {
        version: u8,
        arguments: &'static [&'static str],
    },
    Clone(Client),
    ShallowClone(Client),
    /// A clone, and a fetch when refs have changed.
    Fetch(Client),
}

const TOPIC: &str = "+refs/heads/writer-0:refs/remotes/origin/writer-0";

/// All of them; by turns, so that a few visits have something of each.
fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    let arguments: [&[&str]; 6] = [
        &["clone", "--quiet"],
        &["fetch", "--quiet", "--prune", "origin"],
        &["clone", "--quiet", "--depth=1"],
        &["fetch", "--quiet", "--depth=1", "origin", TOPIC],
        &["clone", "--quiet", "--mirror"],
        &["clone", "--quiet", "--filter=blob:none"],
    ];
    for arguments in arguments {
        ways.extend([2, 0].map(|version| Way::Git { version, arguments }));
    }
    let found = [
        clients::jgit(),
        clients::libgit2(),
        clients::dulwich(),
        clients::isomorphic_git(),
    ];
    for client in found.into_iter().flatten() {
        ways.push(Way::Clone(client.clone()));
        if client.shallow {
            ways.push(Way::ShallowClone(client.clone()));
        }
        ways.push(Way::Fetch(client));
    }
    ways
}

/// The state that the threads share.
struct Shared<'a> {
    scratch: &'a Scratch,
    hosted: &'a Hosted,
    start: &'a Git,
    ways: &'a [Way],
    visits: usize,
    begun: AtomicUsize,
    pushes: AtomicUsize,
    is_over: AtomicBool,
}

impl Storm {
    fn rage(&self) {
        let scratch = Scratch::new();
        let start = scratch.repository("start");
        History::small(41).make(&start);
        let hosted = server().rest().create_repository("races", self.name);
        start.run(&["branch", "writer-0", "main"]);
        start.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        let ways = ways();
        let shared = Shared {
            scratch: &scratch,
            hosted: &hosted,
            start: &start,
            ways: &ways,
            visits: self.visits,
            begun: AtomicUsize::new(0),
            pushes: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        };
        let failures = thread::scope(|scope| {
            let shared = &shared;
            for number in 0..self.writers {
                scope.spawn(move || shared.write(number));
            }
            let readers: Vec<_> = (0..self.readers)
                .map(|_| scope.spawn(move || shared.read()))
                .collect();
            let ended: Vec<_> = readers
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect();
            shared.is_over.store(true, Ordering::Relaxed);
            ended
                .into_iter()
                .flat_map(Result::unwrap)
                .collect::<Vec<_>>()
        });
        let pushes = shared.pushes.load(Ordering::Relaxed);
        assert!(
            failures.is_empty(),
            "{} failed:\n{}",
            failures.len(),
            failures.join("\n")
        );
        assert!(pushes > self.visits, "{pushes} pushes are no storm");
    }
}

impl Shared<'_> {
    /// Changes refs until it is over.
    fn write(&self, number: usize) {
        let name = format!("writer {number}");
        let git = self
            .scratch
            .clone(&self.hosted.url(), &name, &["--single-branch"]);
        let (url, branch) = (self.hosted.url(), format!("refs/heads/writer-{number}"));
        let push = |refspecs: &[String]| {
            let mut arguments = vec!["push", "--quiet", url.as_str()];
            arguments.extend(refspecs.iter().map(String::as_str));
            git.run(&arguments);
            self.pushes.fetch_add(1, Ordering::Relaxed);
        };
        let mut round = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            round += 1;
            git.write(&format!("of-{number}"), format!("{round}\n").repeat(20));
            git.commit(&format!("{round} of {number}"));
            push(&[format!("+HEAD:{branch}")]);
            // From here on no branch has the last push.
            git.run(&["commit", "--quiet", "--amend", "-m", "another"]);
            push(&[
                format!("+HEAD:{branch}"),
                format!("+HEAD:{branch}-{}", round % 3),
            ]);
            push(&[
                format!(":{branch}-{}", round % 3),
                format!("+HEAD:{branch}-moved"),
            ]);
        }
    }

    /// Clones and fetches until enough was; gives the failures.
    fn read(&self) -> Vec<String> {
        let mut failures = Vec::new();
        loop {
            let visit = self.begun.fetch_add(1, Ordering::Relaxed);
            if visit >= self.visits {
                return failures;
            }
            let way = &self.ways[visit % self.ways.len()];
            if let Err(said) = self.visit(visit, way) {
                failures.push(format!("{visit}, {way}: {said}"));
            }
        }
    }

    fn visit(&self, visit: usize, way: &Way) -> Result<(), String> {
        let name = format!("visit-{visit}");
        let folder = self.scratch.join(&name);
        let path = folder.to_str().expect("a path of ASCII");
        let (token, remote) = (&self.hosted.token, &self.hosted.remote);
        match way {
            Way::Git { version, arguments } => self.visit_by_git(&name, *version, arguments)?,
            Way::Clone(client) => client.try_run(token, &["clone", remote, path])?,
            Way::ShallowClone(client) => client.try_run(token, &["clone", remote, path, "1"])?,
            Way::Fetch(client) => {
                client.try_run(token, &["clone", remote, path])?;
                client.try_run(token, &["fetch", path])?;
            }
        }
        let fsck = [
            "fsck",
            "--connectivity-only",
            "--no-dangling",
            "--no-progress",
        ];
        let ended = self.scratch.git_in(&name).try_run(&fsck, b"");
        let _ = std::fs::remove_dir_all(folder);
        if ended.ok { Ok(()) } else { Err(ended.stderr) }
    }

    fn visit_by_git(&self, name: &str, version: u8, arguments: &[&str]) -> Result<(), String> {
        let git = self.scratch.git_in(name).protocol(version);
        let url = self.hosted.url();
        let mut arguments = arguments.to_vec();
        if arguments[0] == "clone" {
            arguments.extend([url.as_str(), "."]);
        } else {
            git.run(&["init", "--quiet"]);
            git.run(&["remote", "add", "origin", &url]);
            let start = self.start.folder().to_str().expect("a path of ASCII");
            git.run(&["fetch", "--quiet", start, "main:refs/heads/start"]);
        }
        let ended = git.try_run(&arguments, b"");
        if ended.ok { Ok(()) } else { Err(ended.stderr) }
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Git { version, arguments } => write!(f, "git v{version} {arguments:?}"),
            Self::Clone(client) => write!(f, "clone by {}", client.name),
            Self::ShallowClone(client) => write!(f, "shallow clone by {}", client.name),
            Self::Fetch(client) => write!(f, "fetch by {}", client.name),
        }
    }
}
