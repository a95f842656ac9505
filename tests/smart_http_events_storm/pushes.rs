//! The clients: each pushes to repositories at random, most pushes as bare requests, some by real git
//! and some by REST.

use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use ureq::http::Method;

use super::ledger::{Told, Update};
use super::storm::Shared;
use super::support::git::Git;
use super::support::history::Random;
use super::support::rest::Rest;
use super::support::wait::until;
use super::wire::{self, Made};

/// How long a server may take to be back.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until somebody listens there.
pub fn await_server(port: u16) {
    let listens = || TcpStream::connect(("127.0.0.1", port)).ok();
    until("the server is back", PATIENCE, listens);
}

/// One client.
pub struct Client<'a> {
    number: usize,
    shared: &'a Shared<'a>,
    random: Random,
    git: Git,
    /// Where this client saw each ref last.
    tips: HashMap<(usize, String), String>,
    /// Commits so far: a part of every message.
    made: usize,
}

impl<'a> Client<'a> {
    pub fn new(number: usize, shared: &'a Shared<'a>) -> Self {
        Self {
            number,
            shared,
            random: Random(shared.size.seed + 1 + number as u64),
            git: shared.scratch.bare_repository(&format!("client-{number}")),
            tips: HashMap::new(),
            made: 0,
        }
    }

    /// Pushes until there were enough.
    pub fn run(&mut self) {
        while self.shared.pushed.load(Ordering::Relaxed) < self.shared.size.pushes {
            let repository = self.random.below(self.shared.hosted.len());
            let told = match self.random.below(100) {
                0..55 => self.push_a_commit(repository, "own"),
                55..62 => self.push_two(repository),
                62..68 => self.delete(repository),
                68..76 => self.push_shared(repository),
                76..80 => self.push_stale(repository),
                80..83 => self.push_without_right(repository),
                83..92 => self.commit_by_rest(repository),
                _ => self.push_by_git(repository),
            };
            if told.contains(&Told::Done) {
                self.shared.pushed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn name(&self, what: &str) -> String {
        match what {
            "shared" => "refs/heads/shared".to_owned(),
            _ => format!("refs/heads/{what}-{}", self.number),
        }
    }

    fn tip(&self, repository: usize, name: &str) -> Option<String> {
        self.tips.get(&(repository, name.to_owned())).cloned()
    }

    fn make(&mut self, parent: Option<&str>) -> Made {
        self.made += 1;
        wire::commit(parent, &format!("{} of client {}", self.made, self.number))
    }

    fn rest(&self, repository: usize) -> Rest {
        self.shared
            .rest
            .with_bearer(&self.shared.hosted[repository].token)
    }

    fn push_a_commit(&mut self, repository: usize, what: &str) -> Vec<Told> {
        let name = self.name(what);
        let before = self.tip(repository, &name);
        // Now and then history is rewritten.
        let parent = before.clone().filter(|_| self.random.below(10) > 0);
        let made = self.make(parent.as_deref());
        let update = Update {
            name,
            before,
            after: Some(made.id.clone()),
        };
        self.push(repository, &[update], &[made])
    }

    /// Two refs by one push; the second may be stale.
    fn push_two(&mut self, repository: usize) -> Vec<Told> {
        let mut updates = Vec::new();
        let mut all = Vec::new();
        for what in ["own", "side"] {
            let name = self.name(what);
            let before = self.tip(repository, &name);
            let made = self.make(before.as_deref());
            let after = Some(made.id.clone());
            updates.push(Update {
                name,
                before,
                after,
            });
            all.push(made);
        }
        if self.random.below(3) == 0 {
            updates[1].before = Some(self.make(None).id);
        }
        self.push(repository, &updates, &all)
    }

    fn delete(&mut self, repository: usize) -> Vec<Told> {
        let name = self.name("side");
        let before = self.tip(repository, &name);
        if before.is_none() {
            return self.push_a_commit(repository, "side");
        }
        let after = None;
        self.push(
            repository,
            &[Update {
                name,
                before,
                after,
            }],
            &[],
        )
    }

    /// A branch that everybody pushes to: most lose.
    fn push_shared(&mut self, repository: usize) -> Vec<Told> {
        let told = self.push_a_commit(repository, "shared");
        if told == [Told::Refused] {
            let name = self.name("shared");
            let now = self.look(repository, &name);
            self.remember(repository, &name, now);
        }
        told
    }

    fn push_stale(&mut self, repository: usize) -> Vec<Told> {
        let name = self.name("own");
        let (wrong, made) = (self.make(None).id, self.make(None));
        let update = Update {
            name,
            before: Some(wrong),
            after: Some(made.id.clone()),
        };
        self.push(repository, &[update], &[made])
    }

    fn push_without_right(&mut self, repository: usize) -> Vec<Told> {
        let name = self.name("own");
        let before = self.tip(repository, &name);
        let made = self.make(before.as_deref());
        let update = Update {
            name,
            before,
            after: Some(made.id.clone()),
        };
        let updates = [update];
        let stranger = self.shared.rest.with_bearer("nobodys-token");
        let hosted = &self.shared.hosted[repository];
        let told = wire::push(&stranger, hosted, &updates, &[made]);
        self.settle(repository, &updates, &told)
    }

    fn push(&mut self, repository: usize, updates: &[Update], made: &[Made]) -> Vec<Told> {
        let (rest, hosted) = (self.rest(repository), &self.shared.hosted[repository]);
        let told = wire::push(&rest, hosted, updates, made);
        self.settle(repository, updates, &told)
    }

    fn commit_by_rest(&mut self, repository: usize) -> Vec<Told> {
        let name = self.name("rest");
        let before = self.tip(repository, &name);
        self.made += 1;
        let message = format!("{} by REST of client {}", self.made, self.number);
        let mut body = json!({
            "branch": name, "message": message, "expected_head": before,
            "files": [{"path": "file", "content": message}],
        });
        if before.is_none() {
            body["allow_empty"] = json!(true);
        }
        let path = self.shared.hosted[repository].path("/commits");
        let body = body.to_string();
        let answer = self
            .rest(repository)
            .try_send(Method::POST, &path, &[], body.as_bytes());
        let (told, after) = match answer {
            Ok(answer) if answer.status == 201 => {
                let head = answer.result(201)["newHead"].as_str().map(str::to_owned);
                (Told::Done, head)
            }
            Ok(answer) if answer.status < 500 && answer.status != 429 => {
                panic!("a commit was refused: {}", answer.text());
            }
            _ => {
                // The commit's id is known if it is there.
                let now = self.look(repository, &name);
                if now == before {
                    return vec![Told::Absent];
                }
                (Told::Found, now)
            }
        };
        let update = Update {
            name,
            before,
            after,
        };
        self.shared.ledger.note(repository, &update, told);
        self.remember(repository, &update.name, update.after.clone());
        vec![told]
    }

    fn push_by_git(&mut self, repository: usize) -> Vec<Told> {
        let name = self.name("git");
        let before = self.tip(repository, &name);
        self.made += 1;
        let message = format!("{} by git of client {}", self.made, self.number);
        let tree = self.git.run_with(&["mktree"], b"");
        let mut arguments = vec!["commit-tree", &tree, "-m", &message];
        arguments.extend(before.as_deref().map(|id| ["-p", id]).iter().flatten());
        let after = self.git.run(&arguments);
        let refspec = format!("{after}:{name}");
        let url = self.shared.hosted[repository].url();
        let ended = self.git.try_run(&["push", "--quiet", &url, &refspec], b"");
        let told = if ended.ok { Told::Done } else { Told::Lost };
        let after = Some(after);
        self.settle(
            repository,
            &[Update {
                name,
                before,
                after,
            }],
            &[told],
        )
    }

    /// Writes down the result of a push; for one without an answer, the present refs.
    fn settle(&mut self, repository: usize, updates: &[Update], told: &[Told]) -> Vec<Told> {
        let mut settled = Vec::new();
        for (update, &told) in updates.iter().zip(told) {
            let mut told = told;
            if told == Told::Lost {
                let now = self.look(repository, &update.name);
                let is_shared = update.name == "refs/heads/shared";
                if now == update.after {
                    told = Told::Found;
                } else if !is_shared && now == self.tip(repository, &update.name) {
                    told = Told::Absent;
                } else {
                    assert!(is_shared, "{update:?} is at {now:?}");
                }
                self.remember(repository, &update.name, now);
            } else if told == Told::Done {
                self.remember(repository, &update.name, update.after.clone());
            }
            self.shared.ledger.note(repository, update, told);
            settled.push(told);
        }
        settled
    }

    fn remember(&mut self, repository: usize, name: &str, now: Option<String>) {
        let key = (repository, name.to_owned());
        match now {
            Some(id) => drop(self.tips.insert(key, id)),
            None => drop(self.tips.remove(&key)),
        }
    }

    /// The value of a ref, once the server is there to tell it.
    fn look(&self, repository: usize, name: &str) -> Option<String> {
        let path = format!("/refs?limit=1000&prefix={name}");
        let path = self.shared.hosted[repository].path(&path);
        let listed = until("the refs are told", PATIENCE, || {
            await_server(self.shared.port);
            let answer = self.rest(repository).try_send(Method::GET, &path, &[], b"");
            answer.ok().filter(|answer| answer.status == 200)
        });
        let listed = listed.result(200);
        let found = listed.as_array().unwrap().iter();
        let mut found = found.filter(|entry| entry["name"] == *name);
        Some(found.next()?["target"].as_str()?.to_owned())
    }
}
