//! The life of thousands of objects: a fork, the parent's deletion, a large prune, a recovery; each killed
//! in the middle. Their rows and their bytes are written to the databases, since uploads take long.

// A clock, in a test.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Lfs, Object};
use super::killed::AT_ONCE;
use super::moments::{Asked, Moment, Of, kill_in_each};
use super::state::{crowd, lfs_keys, rows};
use crate::support::git::Git;
use crate::support::rest::{Hosted, Rest};
use crate::support::scratch::Scratch;
use crate::support::server::Server;
use crate::support::wait::until_true;

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_mins(2);

const NAMESPACE: &str = "lfs-thousands";

/// Objects of Git LFS that repositories name, and holdings of them in the network's account.
const OWN: &str = "SELECT count(*) FROM lfs_object";
const HELD: &str = "SELECT count(*) FROM pack_holder WHERE r2_key LIKE 'lfs/%'";

/// The same, and some packs: a condition of many writes has to be judged fast.
const ALL_HELD: &str = "SELECT count(*) FROM pack_holder";

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

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

fn write_pointers(work: &Git, objects: &[Object], from: usize) {
    for (at, object) in objects.iter().enumerate() {
        let at = at + from;
        work.write(&format!("large/{}/{at}", at / 100), object.pointer());
    }
}

impl Life {
    fn of(count: usize) -> (Self, Hosted) {
        let mut server = Server::start_with(&AT_ONCE);
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

    /// A fork is killed while it takes its second page over, and once more while the objects it had taken are
    /// given back. Then another one is made.
    fn fork_killed(&mut self, source: &Hosted) -> Hosted {
        let count = self.objects.len();
        let asked = Asked {
            path: source.path("/fork"),
            body: Some(json!({ "name": "killed", "default_branch_only": false })),
        };
        let moments = [
            Moment::when(
                Of::Network,
                "INSERT ON pack_holder",
                format!("({ALL_HELD}) > {count} + 1100"),
            ),
            Moment::when(
                Of::Network,
                "DELETE ON pack_holder",
                format!("({ALL_HELD}) < {count} + 900"),
            ),
        ];
        kill_in_each(&mut self.server, &asked, &moments, |state, moment| {
            // The first page was taken, and each time the change of the moment was undone.
            let held = rows(state, "NetworkDo", HELD);
            assert_eq!(held, whole(count) + 1000, "{moment:?}");
        });
        self.is_whole(source, count);
        until_true("nothing is left of the fork", BACKGROUND, || {
            let is_gone = self.rest.get(&beside("killed", source).path("")).status == 404;
            is_gone && self.count("NetworkDo", HELD) == whole(count)
        });
        // Under another name, since a request that died holds its name for a minute.
        let body = json!({ "name": "fork", "default_branch_only": false });
        self.rest.post(&asked.path, &body).result(201);
        beside("fork", source)
    }

    /// A fork that nothing disturbs, its time and its rows; and its deletion.
    fn fork_timed(&mut self, source: &Hosted) {
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
        // It goes, killed while its last event is taken: its holds are gone then, and its rows are not.
        let asked = Asked {
            path: forked.path(""),
            body: None,
        };
        let taking = Moment::when(
            Of::Namespace(NAMESPACE),
            "INSERT ON event",
            "new.kind = 'repo.deleted'",
        );
        kill_in_each(&mut self.server, &asked, &[taking], |state, _| {
            assert_eq!(rows(state, "RepoDo", OWN), 2 * count);
            assert_eq!(rows(state, "NetworkDo", HELD), count);
        });
        until_true("the fork to be gone", BACKGROUND, || {
            self.rest.get(&forked.path("")).status == 404 && self.count("RepoDo", OWN) == count
        });
    }

    /// Rows that the object of a repository has read and written.
    fn sql_rows(&self, hosted: &Hosted) -> (u64, u64) {
        let stats = self.rest.get(&hosted.path("/stats")).result(200);
        let count = |what: &str| stats["sql"][what].as_u64().unwrap();
        (count("rows_read"), count("rows_written"))
    }

    /// The source goes, killed at each of its steps; the fork keeps its objects.
    fn source_goes(&mut self, source: &Hosted, forked: &Hosted) {
        let count = self.objects.len();
        let asked = Asked {
            path: source.path(""),
            body: None,
        };
        let moments = [
            Moment::first(Of::Repository("source"), "UPDATE OF phase ON repository"),
            Moment::when(
                Of::Network,
                "DELETE ON pack_holder",
                format!("({ALL_HELD}) < 2 * {count} - {count} / 2"),
            ),
            Moment::first(Of::Network, "INSERT ON departure"),
        ];
        kill_in_each(&mut self.server, &asked, &moments, |state, moment| {
            // Each time the change of the moment was undone: all rows are here, and all are held.
            let all = 2 * whole(count);
            assert_eq!(rows(state, "RepoDo", OWN), all, "{moment:?}");
            assert_eq!(rows(state, "NetworkDo", HELD), all, "{moment:?}");
        });
        until_true("the source to be gone", BACKGROUND, || {
            self.count("NetworkDo", HELD) == whole(count)
                && self.count("RepoDo", OWN) == whole(count)
        });
        assert_eq!(self.rest.get(&source.path("")).status, 404);
        self.is_whole(forked, count);
        assert_eq!(lfs_keys(self.server.state()).len(), count);
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
        let asked = Asked {
            path: forked.path("/maintenance"),
            body: Some(json!({ "task": "run" })),
        };
        let look = |state: &Path, moment: &Moment| {
            // Every object with a row is held, and has its bytes.
            let own = rows(state, "RepoDo", OWN);
            let (held, keys) = (rows(state, "NetworkDo", HELD), whole(lfs_keys(state).len()));
            println!("prune killed in {moment:?}: {own} rows, {held} held, {keys} in r2");
            assert!(
                own <= held && held <= keys,
                "{moment:?}: {own} {held} {keys}"
            );
            let counted = "SELECT object_count FROM lfs_account";
            assert_eq!(rows(state, "RepoDo", counted), own, "{moment:?}");
        };
        let moments = moments_of_a_prune(all);
        let (first, others) = moments.split_at(1);
        kill_in_each(&mut self.server, &asked, first, look);
        // Nobody asks for anything: keys of removed objects are given back all the same.
        until_true("what was removed goes from r2", BACKGROUND, || {
            let own = self.count("RepoDo", OWN);
            own < whole(all) && whole(lfs_keys(self.server.state()).len()) == own
        });
        kill_in_each(&mut self.server, &asked, others, look);
        let began = Instant::now();
        let before = self.sql_rows(forked);
        self.maintain(forked, "run");
        until_true("the rest of the prune", BACKGROUND, || {
            lfs_keys(self.server.state()).len() == half
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
        let asked = Asked {
            path: again.path("/recover"),
            body: Some(json!({ "repository_id": id })),
        };
        let moments = moments_of_a_recovery(half);
        kill_in_each(&mut self.server, &asked, &moments, |state, moment| {
            let own = rows(state, "RepoDo", OWN);
            let (held, keys) = (rows(state, "NetworkDo", HELD), lfs_keys(state).len());
            println!("recovery killed in {moment:?}: {own} rows, {held} held, {keys} in r2");
            assert!(
                own <= held && keys == half,
                "{moment:?}: {own} {held} {keys}"
            );
        });
        let began = Instant::now();
        until_true("the end of the recovery", BACKGROUND, || {
            let shown = self.rest.get(&again.path(""));
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

/// The steps of a prune that takes away half of so many objects.
fn moments_of_a_prune(all: usize) -> [Moment; 5] {
    let (half, repository) = (all / 2, || Of::Repository("fork"));
    [
        // In its second page or a later one.
        Moment::when(
            repository(),
            "DELETE ON lfs_object",
            format!("({OWN}) < {all} - {half} * 3 / 5"),
        ),
        Moment::when(
            Of::Network,
            "DELETE ON pack_holder",
            format!("({ALL_HELD}) < {all} - {half} / 4"),
        ),
        // The network knows, and the repository has not noted it.
        Moment::first(repository(), "DELETE ON r2_release"),
        Moment::first(Of::Network, "UPDATE OF removing ON doomed_pack"),
        // R2 has removed the objects, and the network has not noted it.
        Moment::when(
            Of::Network,
            "UPDATE OF removed_once ON doomed_pack",
            "new.removed_once = 1",
        ),
    ]
}

/// The steps of a recovery of so many objects.
fn moments_of_a_recovery(count: usize) -> [Moment; 4] {
    let repository = || Of::Repository("again");
    [
        // In its second page or a later one, of holds and then of rows.
        Moment::when(
            Of::Network,
            "INSERT ON pack_holder",
            format!("({ALL_HELD}) > {count} + 1100"),
        ),
        Moment::when(
            repository(),
            "INSERT ON lfs_object",
            format!("({OWN}) > 1050"),
        ),
        // Everything is here, and the holds of the lost repository go.
        Moment::first(Of::Network, "INSERT ON departure"),
        Moment::first(repository(), "DELETE ON recovery"),
    ]
}

fn life(count: usize) {
    let (mut life, source) = Life::of(count);
    let stranger = life.rest.create_repository(NAMESPACE, "stranger");
    life.fork_timed(&source);
    let forked = life.fork_killed(&source);
    life.is_whole(&forked, count);
    life.source_goes(&source, &forked);
    life.prune_killed(&forked);
    // Knowing a digest opens nothing, after any kill.
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
