//! The life of thousands of objects: a fork, the parent's deletion, a large prune, a recovery; each killed
//! in the middle. Their rows and their bytes are written to the databases, since uploads take long.

// A clock and threads, in a test.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Lfs, Object};
use super::state::{crowd, lfs_keys, rows};
use crate::support::git::Git;
use crate::support::rest::{Hosted, Rest};
use crate::support::scratch::Scratch;
use crate::support::server::{ADMIN_KEY, Server};
use crate::support::wait::{until, until_true};

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_mins(2);

const NAMESPACE: &str = "lfs-thousands";

/// Objects of Git LFS that repositories name, and holdings of them in the network's account.
const OWN: &str = "SELECT count(*) FROM lfs_object";
const HELD: &str = "SELECT count(*) FROM pack_holder WHERE r2_key LIKE 'lfs/%'";

/// A server with a repository of very many objects: the first half of them is named by `main`, all of
/// them by `side`.
struct Life {
    server: Server,
    rest: Rest,
    objects: Vec<Object>,
}

/// Another repository of the namespace, to which this one's token opens nothing.
fn beside(name: &str, hosted: &Hosted) -> Hosted {
    let (old, new) = (format!("/{}.git", hosted.name), format!("/{name}.git"));
    Hosted {
        name: name.to_owned(),
        remote: hosted.remote.replace(&old, &new),
        ..hosted.clone()
    }
}

fn write_pointers(work: &Git, objects: &[Object], from: usize) {
    for (at, object) in objects.iter().enumerate() {
        let at = at + from;
        work.write(&format!("large/{}/{at}", at / 100), object.pointer());
    }
}

impl Life {
    fn of(count: usize) -> (Self, Hosted) {
        let mut server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
        let (rest, scratch) = (server.rest(), Scratch::new());
        let source = rest.create_repository(NAMESPACE, "source");
        let objects: Vec<_> = (0..count)
            .map(|at| Object::of(format!("large object {at}")))
            .collect();
        let work = scratch.repository("work");
        let (main, side) = objects.split_at(count / 2);
        write_pointers(&work, main, 0);
        work.commit("main");
        work.run(&["push", "--quiet", &source.url(), "main"]);
        work.run(&["checkout", "--quiet", "-b", "side"]);
        write_pointers(&work, side, count / 2);
        work.commit("side");
        work.run(&["push", "--quiet", &source.url(), "side"]);
        // The network's object and the bucket begin with an upload.
        let lfs = Lfs::of(&source, rest.with_bearer(&source.token));
        assert_eq!(lfs.put(&objects[0]).status, 200);
        server.restart_after(|state| crowd(state, &objects));
        let life = Self {
            server,
            rest,
            objects,
        };
        life.is_whole(&source, count);
        (life, source)
    }

    /// Whether a repository has its first `count` objects and no others, by its own word; and the network's
    /// account and R2 agree.
    fn is_whole(&self, hosted: &Hosted, count: usize) {
        let token = self
            .rest
            .make_token(NAMESPACE, &json!({ "repo": hosted.name }));
        let lfs = Lfs::of(hosted, self.rest.with_bearer(&token.plaintext));
        let mut has = 0;
        for (page, objects) in self.objects.chunks(1000).enumerate() {
            let asked: Vec<_> = objects.iter().collect();
            let answer = lfs.batch("download", &asked).json();
            for (at, told) in answer["objects"].as_array().unwrap().iter().enumerate() {
                let is_here = told["actions"].is_object();
                assert_eq!(is_here, page * 1000 + at < count, "{page} {at}: {told}");
                has += usize::from(is_here);
            }
        }
        assert_eq!(has, count);
        assert!(lfs.has(&self.objects[0]) && lfs.has(&self.objects[count - 1]));
        let shown = self.rest.get(&hosted.path("")).result(200);
        assert_eq!(shown["lfs_objects"], count, "{shown}");
        let verified = self.maintain(hosted, "verify");
        assert_eq!(verified["ok"], true, "{verified}");
        assert_eq!(verified["findings"]["r2"]["astray"], 0, "{verified}");
    }

    fn maintain(&self, hosted: &Hosted, task: &str) -> Value {
        let path = hosted.path("/maintenance");
        self.rest.post(&path, &json!({ "task": task })).result(200)
    }

    fn count(&self, class: &str, sql: &str) -> i64 {
        rows(self.server.state(), class, sql)
    }

    /// Asks for something, and kills the server as soon as it is seen to be on its way. False: it ended
    /// before that.
    fn kill_in(
        &mut self,
        path: &str,
        body: Option<&Value>,
        mut is_on_its_way: impl FnMut(&Path) -> bool,
    ) -> bool {
        let (url, path, body) = (self.server.url(), path.to_owned(), body.cloned());
        let asking = thread::spawn(move || {
            // The answer may be cut off, and the client then panics: nobody asks for it.
            let _ = std::panic::catch_unwind(|| {
                let rest = Rest::new(&url, Some(ADMIN_KEY));
                match &body {
                    Some(body) => rest.post(&path, body),
                    None => rest.delete(&path),
                }
            });
        });
        let began = Instant::now();
        // No pauses: a step may be short.
        let seen = loop {
            if is_on_its_way(self.server.state()) {
                break true;
            }
            if asking.is_finished() || began.elapsed() > BACKGROUND {
                break false;
            }
        };
        self.server.crash();
        asking.join().unwrap();
        seen
    }

    /// A fork, which is killed in the middle, and asked for until it is there.
    fn fork_killed(&mut self, source: &Hosted) -> Hosted {
        let count = i64::try_from(self.objects.len()).unwrap();
        let body = json!({ "name": "fork", "default_branch_only": false });
        let path = source.path("/fork");
        let seen = self.kill_in(&path, Some(&body), |state| {
            rows(state, "NetworkDo", HELD) > count
        });
        println!("fork killed in the middle: {seen}");
        self.is_whole(source, self.objects.len());
        let forked = beside("fork", source);
        let is_gone = until("the fork, or none", BACKGROUND, || {
            let shown = self.rest.get(&forked.path(""));
            match shown.status {
                200 if shown.json()["result"]["status"] == "ready" => Some(false),
                404 => Some(true),
                _ => None,
            }
        });
        if is_gone {
            self.rest.post(&path, &body).result(201);
        }
        forked
    }

    /// A fork that nothing disturbs: its time and its rows.
    fn fork_timed(&self, source: &Hosted) {
        let count = i64::try_from(self.objects.len()).unwrap();
        let body = json!({ "name": "timed", "default_branch_only": false });
        let (began, before) = (Instant::now(), self.sql_rows(source));
        self.rest.post(&source.path("/fork"), &body).result(201);
        let took = began.elapsed();
        let (read, written) = self.sql_rows(source);
        let forked = beside("timed", source);
        let own = self.sql_rows(&forked);
        println!(
            "fork of {count} objects: {took:?}; rows read and written: source {:?}, fork {own:?}",
            (read - before.0, written - before.1)
        );
        self.rest.delete(&forked.path("")).result(202);
        until_true("the fork to be gone", BACKGROUND, || {
            self.count("NetworkDo", HELD) == count
        });
    }

    /// Rows that the object of a repository has read and written.
    fn sql_rows(&self, hosted: &Hosted) -> (u64, u64) {
        let stats = self.rest.get(&hosted.path("/stats")).result(200);
        let count = |what: &str| stats["sql"][what].as_u64().unwrap();
        (count("rows_read"), count("rows_written"))
    }

    /// The source goes, killed while it does; the fork keeps what it has.
    fn source_goes(&mut self, source: &Hosted, forked: &Hosted) {
        let count = i64::try_from(self.objects.len()).unwrap();
        let seen = self.kill_in(&source.path(""), None, |state| {
            rows(state, "NetworkDo", "SELECT count(*) FROM departure") > 0
                || rows(state, "RepoDo", OWN) == count
        });
        println!("deletion killed in the middle: {seen}");
        until_true("the source to be gone", BACKGROUND, || {
            // It was killed before it was decided, perhaps.
            self.rest.delete(&source.path(""));
            self.count("NetworkDo", HELD) == count
        });
        self.is_whole(forked, self.objects.len());
        assert_eq!(lfs_keys(self.server.state()).len(), self.objects.len());
    }

    /// All that only `side` names goes, killed at each of its steps.
    fn prune_killed(&mut self, forked: &Hosted) {
        let (all, half) = (self.objects.len(), self.objects.len() / 2);
        let grace = json!({ "prune_grace_seconds": 0, "reflog_retention_seconds": 0 });
        self.rest.patch(&forked.path(""), &grace).result(200);
        let scratch = Scratch::new();
        let token = self
            .rest
            .make_token(NAMESPACE, &json!({ "repo": forked.name }));
        let url = forked.url_with(&token.plaintext);
        let git = scratch.repository("any");
        git.run(&["push", "--quiet", &url, ":refs/heads/side"]);
        let (count, path) = (i64::try_from(all).unwrap(), forked.path("/maintenance"));
        let keys = |state: &Path| i64::try_from(lfs_keys(state).len()).unwrap();
        let steps: [&dyn Fn(&Path) -> bool; 3] = [
            &|state| rows(state, "RepoDo", OWN) < count,
            &|state| rows(state, "NetworkDo", HELD) < count,
            &|state| keys(state) < count,
        ];
        let mut began = Instant::now();
        for (step, is_there) in steps.into_iter().enumerate() {
            let run = json!({ "task": "run" });
            let seen = self.kill_in(&path, Some(&run), is_there);
            println!("prune killed at step {step}: {seen}");
            began = Instant::now();
            // Whatever has a row has its bytes, and they are held.
            let state = self.server.state();
            let own = rows(state, "RepoDo", OWN);
            assert!(own <= rows(state, "NetworkDo", HELD) && own <= keys(state));
        }
        let before = self.sql_rows(forked);
        self.maintain(forked, "run");
        until_true("the rest of the prune", BACKGROUND, || {
            keys(self.server.state()) == i64::try_from(half).unwrap()
        });
        let after = self.sql_rows(forked);
        println!(
            "rest of the prune: {:?}, {} rows read, {} written",
            began.elapsed(),
            after.0 - before.0,
            after.1 - before.1
        );
        self.is_whole(forked, half);
    }

    /// The object is lost, and the repository made again, killed while it is.
    fn recovery_killed(&mut self, forked: &Hosted) -> Hosted {
        let half = self.objects.len() / 2;
        self.maintain(forked, "snapshot");
        let id = self.rest.get(&forked.path("")).result(200)["id"].clone();
        self.server.restart_after(|state| {
            std::fs::remove_dir_all(state.join("data/do/-RepoDo")).unwrap();
        });
        let again = beside("again", forked);
        let body = json!({ "repository_id": id });
        let path = again.path("/recover");
        let seen = self.kill_in(&path, Some(&body), |state| rows(state, "RepoDo", OWN) > 0);
        println!("recovery killed in the middle: {seen}");
        let began = Instant::now();
        until_true("the end of the recovery", BACKGROUND, || {
            let shown = self.rest.get(&again.path(""));
            if shown.status == 404 {
                self.rest.post(&path, &body);
            }
            shown.status == 200 && shown.json()["result"]["status"] == "ready"
        });
        println!("recovered {:?} after the kill", began.elapsed());
        self.is_whole(&again, half);
        again
    }

    fn nothing_is_left(&self, hosted: &Hosted) {
        self.rest.delete(&hosted.path("")).result(202);
        until_true("nothing is left in r2", BACKGROUND, || {
            lfs_keys(self.server.state()).is_empty() && self.count("NetworkDo", HELD) == 0
        });
    }
}

fn life(count: usize) {
    let (mut life, source) = Life::of(count);
    let stranger = life.rest.create_repository(NAMESPACE, "stranger");
    life.fork_timed(&source);
    let forked = life.fork_killed(&source);
    life.is_whole(&forked, count);
    life.source_goes(&source, &forked);
    life.prune_killed(&forked);
    // Knowing a digest opens nothing, whatever was killed.
    let lfs = Lfs::of(&stranger, life.rest.with_bearer(&stranger.token));
    assert!(!lfs.has(&life.objects[0]));
    life.rest.delete(&stranger.path("")).result(202);
    let again = life.recovery_killed(&forked);
    life.nothing_is_left(&again);
}

#[test]
fn kills_in_a_fork_a_deletion_a_prune_and_a_recovery_lose_no_object_and_leave_none() {
    life(2_400);
}

/// `cargo test --test smart_http_lfs -- --ignored --nocapture ten_thousand`
#[test]
#[ignore = "a measurement, and a longer one"]
fn ten_thousand_objects_live_through_the_same() {
    life(10_000);
}
