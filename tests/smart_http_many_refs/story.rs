//! A repository whose refs are made many, and the requests to it.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::params;
use serde_json::json;
use ureq::http::Method;

use super::support::databases::database_of;
use super::support::git::Git;
use super::support::rest::{Answer, Hosted};
use super::support::scratch::Scratch;
use super::support::server::Server;

/// Nothing is copied to R2 in the middle of a story.
const UNSETTLED: (&str, &str) = ("CAIRN_SETTLE_SECONDS", "86400");

/// Finds the database of a repository by its name.
const REPOSITORY: &str = "SELECT 1 FROM repository WHERE name = ?1 AND publish_seq >= 0";

/// A repository with a line of commits, and one that costs nothing to look at.
pub struct Story {
    pub server: Server,
    pub scratch: Scratch,
    pub source: Git,
    pub hosted: Hosted,
    empty: Hosted,
    pub commits: Vec<String>,
    /// The commit that main names on the server.
    pub tip: String,
}

/// The figures of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    pub time: Duration,
    pub heap_kib: u64,
    pub rows_read: u64,
    pub statements: u64,
}

impl Story {
    pub fn begin(commit_count: usize) -> Self {
        let server = Server::start_with(&[UNSETTLED]);
        let (rest, scratch) = (server.rest(), Scratch::new());
        let source = scratch.repository("source");
        let mut stream = String::new();
        for number in 1..=commit_count {
            stream.extend([format!(
                "commit refs/heads/main\ncommitter C <c@example.com> {} +0000\ndata 1\nx\n\
                 M 100644 inline f{}\ndata {}\n{number}\n\n",
                1_700_000_000 + number,
                number % 10,
                number.to_string().len() + 1,
            )]);
        }
        source.run_with(&["fast-import", "--quiet"], stream.as_bytes());
        source.run(&["reset", "--quiet", "--hard", "main"]);
        let listed = source.run(&["rev-list", "main"]);
        let hosted = rest.create_repository("many", "refs");
        source.run(&["push", "--quiet", &hosted.url(), "main", "main:other"]);
        Self {
            tip: source.run(&["rev-parse", "main"]),
            empty: rest.create_repository("many", "empty"),
            commits: listed.lines().map(str::to_owned).collect(),
            server,
            scratch,
            source,
            hosted,
        }
    }

    /// Gives the repository so many refs more, while the server is stopped.
    pub fn add_refs(&mut self, refs: &[(String, String)]) {
        self.server.restart_after(|state| write_refs(state, refs));
    }

    /// Does all maintenance that could be done.
    pub fn maintain(&self) {
        let route = self.hosted.path("/maintenance");
        let done = self.server.rest().post(&route, &json!({ "task": "run" }));
        done.result(200);
    }

    /// Does the operation in a fresh isolate.
    pub fn spent(&mut self, operation: impl Fn(&Self)) -> Spent {
        self.server.restart();
        // Both objects are awake.
        self.figures(&self.empty);
        self.server.rest().get(&self.hosted.path("")).result(200);
        let before = self.figures(&self.hosted);
        let look = self.figures(&self.hosted);
        let begun = Instant::now();
        operation(self);
        let time = begun.elapsed();
        let heap_kib = self.figures(&self.empty).2;
        let after = self.figures(&self.hosted);
        let of = |before: u64, look: u64, after: u64| (after - look).saturating_sub(look - before);
        Spent {
            time,
            heap_kib,
            rows_read: of(before.0, look.0, after.0),
            statements: of(before.1, look.1, after.1),
        }
    }

    /// Rows read, statements, and KiB of the heap.
    fn figures(&self, hosted: &Hosted) -> (u64, u64, u64) {
        let stats = self.server.rest().get(&hosted.path("/stats")).result(200);
        let number = |value: &serde_json::Value| value.as_u64().expect("a number");
        (
            number(&stats["sql"]["rows_read"]),
            number(&stats["sql"]["statements"]),
            number(&stats["isolate"]["heap_bytes"]) >> 10,
        )
    }
}

/// Writes refs as pushes would have left them.
fn write_refs(state: &Path, refs: &[(String, String)]) {
    let mut database = database_of(state, "RepoDo", REPOSITORY, "refs");
    let transaction = database.transaction().expect("a transaction");
    {
        let sql = "INSERT INTO ref (name, target) VALUES (?1, unhex(?2))";
        let mut insert = transaction.prepare(sql).expect("a statement");
        for (name, target) in refs {
            insert
                .execute(params![name.as_bytes(), target])
                .expect("a row");
        }
    }
    let sql = "UPDATE repository SET ref_count = (SELECT count(*) FROM ref),
        ref_name_bytes = (SELECT sum(length(name)) FROM ref)";
    transaction.execute(sql, []).expect("the counts");
    transaction.commit().expect("a commit");
}

/// Names of refs as of pull requests, with a few targets.
pub fn pulls(count: usize, targets: &[String]) -> Vec<(String, String)> {
    let one = |number: usize| {
        let target = &targets[number % targets.len()];
        (format!("refs/pull/{number:06}/head"), target.clone())
    };
    (0..count).map(one).collect()
}

fn pkt(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// Asks for one object; the client has another: protocol version 2.
pub fn fetch(story: &Story, want: &str, have: &str) {
    let lines = [
        pkt("command=fetch\n"),
        pkt("object-format=sha1\n"),
        "0001".to_owned(),
        pkt("no-progress\n"),
        pkt("include-tag\n"),
        pkt(&format!("want {want}\n")),
        pkt(&format!("have {have}\n")),
        pkt("done\n"),
        "0000".to_owned(),
    ];
    let answer = post(story, "git-upload-pack", lines.concat().as_bytes());
    assert!(answer.text().contains("PACK"), "{}", answer.text());
}

/// Lists the refs whose names begin so: protocol version 2.
pub fn list_below(story: &Story, prefix: &str) -> String {
    post(story, "git-upload-pack", ls_refs(prefix).as_bytes()).text()
}

pub fn ls_refs(prefix: &str) -> String {
    let lines = [
        pkt("command=ls-refs\n"),
        pkt("object-format=sha1\n"),
        "0001".to_owned(),
        pkt("peel\n"),
        pkt("symrefs\n"),
        pkt(&format!("ref-prefix {prefix}\n")),
        "0000".to_owned(),
    ];
    lines.concat()
}

/// Pushes without asking for the list of refs before, with a pack whose deltas have their bases on
/// the server.
pub fn push(story: &Story, name: &str, old: &str, (base, new): (&str, &str)) {
    let revisions = format!("{new}\n^{base}\n");
    let pack = ["pack-objects", "--thin", "--stdout", "--revs", "--quiet"];
    let mut pack_command = story.source.command(&pack);
    pack_command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = pack_command.spawn().expect("git runs");
    let mut input = running.stdin.take().expect("it is piped");
    input.write_all(revisions.as_bytes()).expect("git reads");
    drop(input);
    let pack = running.wait_with_output().expect("git ends").stdout;
    let command = format!("{old} {new} {name}\0 report-status object-format=sha1\n");
    let body = [pkt(&command).as_bytes(), b"0000", &pack].concat();
    let answer = post(story, "git-receive-pack", &body);
    let said = answer.text();
    assert!(said.contains(&format!("ok {name}")), "{said}");
}

fn post(story: &Story, service: &str, body: &[u8]) -> Answer {
    let kind = format!("application/x-{service}-request");
    let headers = [
        ("Content-Type", kind.as_str()),
        ("Git-Protocol", "version=2"),
    ];
    let rest = story.server.rest().with_bearer(&story.hosted.token);
    let answer = rest.send(
        Method::POST,
        &story.hosted.git_path(service),
        &headers,
        body,
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// Has git list all refs; how many lines it gave.
pub fn list(story: &Story, version: u8) -> usize {
    let version = format!("protocol.version={version}");
    let listed = ["-c", &version, "ls-remote", &story.hosted.url()];
    story.source.run(&listed).lines().count()
}
