//! A repository follows another host, and the host's repository follows it. Clients push on both sides,
//! and the server is killed in the middle. No commit that either side accepted is ever lost, and both
//! mirrors report each divergence.
//!
//! `make test` plays a few rounds; `cargo test --test smart_http_mirrors_both_ways -- --ignored` plays 500.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::git::Git;
use crate::support::remote::Remote;
use crate::support::rest::Hosted;
use crate::support::scratch::Scratch;
use crate::support::server::Server;
use crate::{PRIVATE, ask_both, mirrored, settle};
use serde_json::Value;

const BRANCHES: [&str; 3] = ["main", "topic", "next"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Here,
    There,
}

/// Random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[derive(Debug, Default)]
struct Tally {
    taken: usize,
    unanswered: usize,
    kills: usize,
    apart: usize,
}

struct Pair {
    server: Server,
    hosted: Hosted,
    downstream: String,
    there: PathBuf,
    work: Git,
    /// The last accepted commit of each branch, for each side.
    taken: BTreeMap<(Side, &'static str), String>,
    dice: Dice,
    tally: Tally,
    _scratch: Scratch,
    _remote: Remote,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let scratch = Scratch::new();
        scratch
            .git()
            .run(&["init", "--quiet", "--bare", "-b", "main", "there.git"]);
        let there = scratch.join("there.git");
        scratch
            .git_in("there.git")
            .run(&["config", "http.receivepack", "true"]);
        let remote = Remote::serve(scratch.path());
        let work = scratch.repository("work");
        work.write("begin", "begin\n");
        work.commit("begin");
        for branch in BRANCHES {
            work.run(&[
                "push",
                "--quiet",
                "../there.git",
                &format!("HEAD:refs/heads/{branch}"),
            ]);
        }
        let server = Server::start_with(&[PRIVATE]);
        let hosted = server.rest().create_repository("rounds", "mirrored");
        let downstream = mirrored(&server.rest(), &hosted, &remote.url("there.git"));
        let mut pair = Self {
            server,
            hosted,
            downstream,
            there,
            work,
            taken: BTreeMap::new(),
            dice: Dice(seed),
            tally: Tally::default(),
            _scratch: scratch,
            _remote: remote,
        };
        pair.settle();
        pair.check_in_step();
        pair
    }

    fn url(&self, side: Side) -> String {
        match side {
            Side::Here => self.hosted.url(),
            Side::There => self.there.to_str().unwrap().to_owned(),
        }
    }

    /// The head of a branch on one side, fetched.
    fn head(&self, side: Side, branch: &str) -> String {
        self.work.run(&[
            "fetch",
            "--quiet",
            &self.url(side),
            &format!("refs/heads/{branch}"),
        ]);
        self.work.run(&["rev-parse", "FETCH_HEAD"])
    }

    /// Pushes a new commit to one side, perhaps while the server is killed. If the side answered, it has
    /// the commit.
    fn push(&mut self, side: Side, branch: &'static str, name: &str, is_killed: bool) {
        let head = self.head(side, branch);
        self.work.run(&["checkout", "--quiet", "--detach", &head]);
        self.work.write(&format!("{branch}-{name}"), name);
        self.work.commit(name);
        let commit = self.work.run(&["rev-parse", "HEAD"]);
        let target = format!("HEAD:refs/heads/{branch}");
        let url = self.url(side);
        let is_taken = if is_killed {
            let work = self.work.clone();
            let pushing = std::thread::spawn(move || {
                work.try_run(&["push", "--quiet", &url, &target], b"").ok
            });
            self.kill();
            pushing.join().unwrap()
        } else {
            self.work
                .try_run(&["push", "--quiet", &url, &target], b"")
                .ok
        };
        if is_taken {
            self.tally.taken += 1;
            self.taken.insert((side, branch), commit);
        } else if is_killed {
            self.tally.unanswered += 1;
        } else {
            // A mirror was faster: a user would fetch and push again.
            assert_ne!(
                self.head(side, branch),
                head,
                "{name} was refused by {side:?}"
            );
            self.push(side, branch, name, false);
        }
    }

    /// Kills the server after some milliseconds.
    fn kill(&mut self) {
        std::thread::sleep(Duration::from_millis(self.dice.below(300)));
        self.server.crash();
        self.tally.kills += 1;
    }

    fn downstream_path(&self, below: &str) -> String {
        self.hosted
            .path(&format!("/downstreams/{}{below}", self.downstream))
    }

    fn settle(&self) {
        settle(&self.server.rest(), &self.hosted, &self.downstream);
    }

    fn is_ancestor(&self, old: &str, new: &str) -> bool {
        self.work
            .try_run(&["merge-base", "--is-ancestor", old, new], b"")
            .ok
    }

    /// Checks that no accepted commit is lost, and that both mirrors report each branch that differs.
    /// Returns those branches.
    fn check(&mut self) -> Vec<&'static str> {
        let upstream = self
            .server
            .rest()
            .get(&self.hosted.path("/upstream"))
            .result(200);
        let pushes = self
            .server
            .rest()
            .get(&self.downstream_path("/pushes"))
            .result(200);
        let mut apart = Vec::new();
        for branch in BRANCHES {
            let (here, there) = (
                self.head(Side::Here, branch),
                self.head(Side::There, branch),
            );
            for (side, head) in [(Side::Here, &here), (Side::There, &there)] {
                if let Some(taken) = self.taken.get(&(side, branch)) {
                    assert!(
                        self.is_ancestor(taken, head),
                        "{side:?} lost {taken} of {branch}"
                    );
                }
            }
            if here == there {
                continue;
            }
            for (old, new) in [(&here, &there), (&there, &here)] {
                let told =
                    format!("{branch}: {old} was not brought to {new}\n{upstream}\n{pushes}");
                assert!(!self.is_ancestor(old, new), "{told}");
            }
            Self::check_told(branch, (&here, &there), (&upstream, &pushes));
            apart.push(branch);
        }
        let said = upstream["diverged"].as_array().unwrap().len();
        assert_eq!(said, apart.len(), "{upstream}");
        self.tally.apart += apart.len();
        apart
    }

    fn check_told(branch: &str, heads: (&str, &str), (upstream, pushes): (&Value, &Value)) {
        let name = format!("refs/heads/{branch}");
        let diverged = upstream["diverged"].as_array().unwrap();
        let said = diverged.iter().find(|said| said["ref"] == *name);
        let said =
            said.unwrap_or_else(|| panic!("{branch} is not said to stand apart: {upstream}"));
        assert_eq!(
            (said["here"].as_str(), said["there"].as_str()),
            (Some(heads.0), Some(heads.1))
        );
        let is_refused = pushes.as_array().unwrap().iter().any(|push| {
            let refs = push["refs"].as_array().unwrap();
            refs.iter().any(|pushed| {
                pushed["name"] == *name && pushed["new"] == heads.0 && !pushed["reason"].is_null()
            })
        });
        assert!(
            is_refused,
            "no push says that {branch} was refused: {pushes}"
        );
    }

    /// Merges each diverged branch on the other side; then both sides must agree.
    fn join(&mut self, apart: &[&'static str], round: usize) {
        for branch in apart {
            let (here, there) = (
                self.head(Side::Here, branch),
                self.head(Side::There, branch),
            );
            self.work.run(&["checkout", "--quiet", "--detach", &there]);
            let message = format!("round {round}: joined");
            self.work
                .run(&["merge", "--quiet", "--no-edit", "-m", &message, &here]);
            let target = format!("HEAD:refs/heads/{branch}");
            self.work
                .run(&["push", "--quiet", &self.url(Side::There), &target]);
            let joined = self.work.run(&["rev-parse", "HEAD"]);
            self.taken.insert((Side::There, *branch), joined);
        }
        self.settle();
        self.check_in_step();
    }

    fn check_in_step(&mut self) {
        assert_eq!(self.check(), [""; 0], "something stands apart still");
    }

    fn round(&mut self, round: usize) {
        let branch = BRANCHES[usize::try_from(self.dice.below(3)).unwrap()];
        let other = BRANCHES[usize::try_from(self.dice.below(3)).unwrap()];
        let is_killed = self.dice.below(4) == 0;
        let name = |side: &str| format!("round-{round}-{side}");
        match self.dice.below(4) {
            0 => self.push(Side::Here, branch, &name("here"), is_killed),
            1 => self.push(Side::There, branch, &name("there"), is_killed),
            2 => {
                self.push(Side::There, branch, &name("there"), false);
                self.push(Side::Here, branch, &name("here"), is_killed);
            }
            _ => {
                self.push(Side::Here, branch, &name("here"), false);
                self.push(Side::There, other, &name("there"), is_killed);
            }
        }
        if self.dice.below(4) == 0 {
            ask_both(&self.server.rest(), &self.hosted, &self.downstream);
            self.kill();
        }
        self.settle();
        let apart = self.check();
        if !apart.is_empty() {
            self.join(&apart, round);
        }
    }
}

fn play(rounds: usize, seed: u64) {
    let mut pair = Pair::new(seed);
    for round in 0..rounds {
        pair.round(round);
    }
    let fsck = ["fsck", "--strict", "--no-dangling"];
    pair.work.run(&fsck);
    println!("{rounds} rounds: {:?}", pair.tally);
    assert!(
        rounds < 8 || (pair.tally.kills > 0 && pair.tally.apart > 0),
        "{:?}",
        pair.tally
    );
}

#[test]
fn no_commit_of_either_side_is_lost_and_what_stands_apart_is_said() {
    play(8, 23);
}

#[test]
#[ignore = "an hour: 500 rounds"]
fn no_commit_is_lost_in_500_rounds() {
    play(500, 500);
}
