//! Version 0.1 writes the data for the other stories.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::old_state::{DEPLOYMENT, NAMESPACE, imported, keep, repositories, repository};
use super::support::history::History;
use super::support::remote::{Remote, Rules};
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait::until_true;

const PATIENCE: Duration = Duration::from_mins(1);

/// The expiry of the data's tokens, beyond every year in which the stories run: 2100.
const FOR_EVER: i64 = 4_102_444_800_000;

/// A server of 0.1 that writes data.
struct Writer {
    server: Server,
    rest: Rest,
    scratch: Scratch,
    repositories: Map<String, Value>,
}

#[test]
#[ignore = "scripts/upgrade.sh builds 0.1 and runs it"]
fn version_0_1_writes_its_data() {
    let root = std::env::var_os("CAIRN_OLD").expect("CAIRN_OLD is where 0.1 was built");
    let scratch = Scratch::new();
    let state = scratch.join("state");
    let server = Server::start_at(&PathBuf::from(root), &state, &DEPLOYMENT);
    let mut writer = Writer {
        rest: server.rest(),
        server,
        scratch,
        repositories: Map::new(),
    };
    writer.push_and_fork();
    let tokens = writer.make_tokens();
    let expected = json!({"repositories": writer.repositories, "tokens": tokens});
    writer.be_killed_at_work();
    let Writer {
        server, scratch, ..
    } = writer;
    server.kill();
    for_ever(&state);
    keep(&scratch, &state, &expected);
}

impl Writer {
    /// Creates every kind of complete repository.
    fn push_and_fork(&mut self) {
        let history = self.pushed("history", 51);
        let about = json!({"description": "from 0.1", "deny_deletes": true});
        self.rest.patch(&history.path(""), &about).result(200);
        let cold = self.pushed("cold", 52);
        self.to_r2(&cold);
        for (name, body) in [
            ("fork", json!({"name": "fork"})),
            (
                "fork-of-one",
                json!({"name": "fork-of-one", "default_branch_only": true}),
            ),
        ] {
            let answer = self.rest.post(&cold.path("/fork"), &body);
            let fork = Hosted::made(NAMESPACE, &answer);
            let work = self
                .scratch
                .clone(&fork.url(), &format!("work-{name}"), &[]);
            work.write("of-the-fork", name);
            work.commit("on the fork");
            work.run(&["push", "--quiet", "origin", "HEAD"]);
            self.note(&fork);
        }
        // The source of a fork may be deleted before the fork, and R2 may still hold unreferenced data.
        for (name, has_fork) in [("gone", true), ("forgotten", false)] {
            let hosted = self.pushed(name, 53);
            self.to_r2(&hosted);
            if has_fork {
                let body = json!({"name": "orphan"});
                let answer = self.rest.post(&hosted.path("/fork"), &body);
                self.note(&Hosted::made(NAMESPACE, &answer));
            }
            self.rest.delete(&hosted.path("")).result(202);
            self.repositories.remove(name);
        }
        let empty = self.rest.create_repository(NAMESPACE, "empty");
        self.note(&empty);
    }

    /// Pushes a history in three pushes.
    fn pushed(&mut self, name: &str, seed: u64) -> Hosted {
        let hosted = self.rest.create_repository(NAMESPACE, name);
        let work = self.scratch.repository(&format!("work-{name}"));
        History::small(seed).make(&work);
        work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        for round in 0..2 {
            work.write("file", format!("{round}\n"));
            work.commit("more");
            work.run(&["tag", "-a", "-m", "a tag", &format!("tag-{round}")]);
            work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        }
        self.note(&hosted);
        hosted
    }

    /// Copies the repository to R2, which then has the only bytes, and the answer to a clone.
    fn to_r2(&self, hosted: &Hosted) {
        let at_once = json!({
            "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0, "ready_bytes_min": 0
        });
        self.rest.patch(&hosted.path(""), &at_once).result(200);
        let task = json!({"task": "snapshot"});
        let path = hosted.path("/maintenance");
        self.rest.post(&path, &task).result(200);
        let stats = self.rest.get(&hosted.path("/stats")).result(200);
        assert_eq!(stats["packs"]["chunk_rows"], 0, "{stats}");
    }

    fn note(&mut self, hosted: &Hosted) {
        let shown = self.rest.get(&hosted.path("")).result(200);
        let refs = self.scratch.git().remote_refs(&hosted.url());
        let known = json!({"token": hosted.token, "id": shown["id"], "refs": refs});
        self.repositories.insert(hosted.name.clone(), known);
    }

    /// Makes tokens of each kind, and revokes one of them.
    fn make_tokens(&self) -> Value {
        let make = |body: Value| self.rest.make_token(NAMESPACE, &body);
        let revoked = make(json!({"repo": "history", "scope": "write"}));
        let path = format!("/api/v1/namespaces/{NAMESPACE}/tokens/{}", revoked.id);
        self.rest.delete(&path).result(200);
        json!({
            "read": make(json!({"repo": "history", "scope": "read", "label": "reader"})).plaintext,
            "admin": make(json!({"scope": "admin", "label": "a platform"})).plaintext,
            "revoked": revoked.plaintext,
        })
    }

    /// Begins an import and a push that are under way when 0.1 ends.
    fn be_killed_at_work(&self) {
        imported(&self.scratch);
        let remote = Remote::serve(&self.scratch.join("remotes"));
        remote.set(Rules {
            bytes_per_second: Some(10_000),
            ..Rules::default()
        });
        let path = format!("/api/v1/namespaces/{NAMESPACE}/repos/importing");
        let body = json!({"url": remote.url("source.git")});
        let importing = self.rest.post(&format!("{path}/import"), &body);
        importing.result(201);
        until_true("a part of the import", PATIENCE, || {
            let shown = self.rest.get(&path).result(200);
            shown["import"]["parts_done"].as_u64() >= Some(1)
        });
        let history = self.repositories["history"]["token"].as_str().unwrap();
        let push = half_a_push(&self.server, &self.scratch, history);
        let state = self.server.state();
        until_true("rows of the push", PATIENCE, || quarantined(state) > 0);
        // The connection must not close before the kill.
        std::mem::forget(push);
    }
}

/// Packs of the repository that are not published.
fn quarantined(state: &Path) -> i64 {
    let database = Connection::open(repository(state, "history")).unwrap();
    let sql = "SELECT count(*) FROM pack JOIN pack_chunk ON chunk_key >> 20 = pack_id
        WHERE state = 'quarantine'";
    database.query_row(sql, [], |row| row.get(0)).unwrap_or(0)
}

/// Sends a push without the end of its pack. Its bytes are stored uncompressed, so that the archive is
/// small.
fn half_a_push(server: &Server, scratch: &Scratch, token: &str) -> TcpStream {
    let work = scratch
        .repository("half-a-push")
        .config("core.compression", "0");
    let text = "the same line, again and again\n".repeat(40_000);
    work.write("large", text);
    let tip = work.commit("never whole");
    let pack = work.try_run(
        &["pack-objects", "--stdout", "--revs", "-q"],
        format!("{tip}\n").as_bytes(),
    );
    assert!(pack.ok, "{}", pack.stderr);
    let line = format!("{} {tip} refs/heads/half\0report-status", "0".repeat(40));
    let commands = format!("{:04x}{line}0000", line.len() + 4);
    let bare = token.split('?').next().unwrap();
    let head = format!(
        "POST /git/{NAMESPACE}/history.git/git-receive-pack HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Authorization: Bearer {bare}\r\nContent-Type: application/x-git-receive-pack-request\r\n\
         Content-Length: {}\r\n\r\n{commands}",
        commands.len() + pack.stdout.len(),
    );
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let end = pack.stdout.len() - 1000;
    stream.write_all(&pack.stdout[..end]).unwrap();
    stream
}

/// Makes the tokens never expire.
fn for_ever(state: &Path) {
    let folder = state.join("data/do/-NamespaceDo");
    let files = std::fs::read_dir(folder).unwrap();
    let namespaces = files.map(|file| file.unwrap().path());
    let namespaces = namespaces.filter(|file| file.extension().is_some_and(|end| end == "sqlite"));
    for file in repositories(state).into_iter().chain(namespaces) {
        let database = Connection::open(file).unwrap();
        // An object that was asked for an unknown name is empty.
        let _ = database.execute("UPDATE token SET expires_at = ?1", [FOR_EVER]);
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        database.query_row(checkpoint, [], |_| Ok(())).unwrap();
    }
}
