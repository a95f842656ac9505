//! Repositories with very many refs: what does not list them does not pay for them.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]
#![allow(clippy::disallowed_methods, reason = "a clock, in a test")]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

use std::cell::RefCell;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::params;
use serde_json::json;
use support::databases::database_of;
use support::git::Git;
use support::remote::Remote;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::Server;
use ureq::http::Method;

/// Nothing is copied to R2 in the middle of a story.
const UNSETTLED: (&str, &str) = ("CAIRN_SETTLE_SECONDS", "86400");

/// Finds the database of a repository by its name.
const REPOSITORY: &str = "SELECT 1 FROM repository WHERE name = ?1 AND publish_seq >= 0";

/// A repository with a line of commits, and one that costs nothing to look at.
struct Story {
    server: Server,
    scratch: Scratch,
    source: Git,
    hosted: Hosted,
    empty: Hosted,
    commits: Vec<String>,
    /// The commit that main names on the server.
    tip: String,
}

/// What an operation took.
#[derive(Debug, Clone, Copy)]
struct Spent {
    time: Duration,
    heap_kib: u64,
    rows_read: u64,
    statements: u64,
}

impl Story {
    fn begin(commit_count: usize) -> Self {
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
    fn add_refs(&mut self, refs: &[(String, String)]) {
        self.server.restart_after(|state| write_refs(state, refs));
    }

    /// Does the operation in a fresh isolate.
    fn spent(&mut self, operation: impl Fn(&Self)) -> Spent {
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
fn pulls(count: usize, targets: &[String]) -> Vec<(String, String)> {
    let one = |number: usize| {
        let target = &targets[number % targets.len()];
        (format!("refs/pull/{number:06}/head"), target.clone())
    };
    (0..count).map(one).collect()
}

fn pkt(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// Refs that are too many to be kept in memory.
const MANY: usize = 60_000;

/// Asks for one object, of which the client has another: protocol version 2.
fn fetch(story: &Story, want: &str, have: &str) {
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
fn list_below(story: &Story, prefix: &str) -> String {
    post(story, "git-upload-pack", ls_refs(prefix).as_bytes()).text()
}

fn ls_refs(prefix: &str) -> String {
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
fn push(story: &Story, name: &str, old: &str, (base, new): (&str, &str)) {
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

/// What is done with a few refs of a repository, each in a fresh isolate: how much of it there is.
fn small_operations(story: &mut Story, round: &str) -> Vec<(&'static str, Spent)> {
    let tip = story.tip.clone();
    story
        .source
        .write("lines.txt", "another line\n".repeat(400) + round);
    let next = story.source.commit(round);
    let topic = format!("refs/heads/topic-{round}");
    let (old, have) = (story.commits[0].clone(), story.commits[2].clone());
    story.tip.clone_from(&next);
    vec![
        (
            "a list of the branches",
            story.spent(|story| {
                let listed = list_below(story, "refs/heads/");
                assert!(listed.contains("refs/heads/other"), "{listed}");
            }),
        ),
        (
            "a fetch of HEAD's tip",
            story.spent(|story| fetch(story, &tip, &have)),
        ),
        (
            "a list of one ref and its fetch",
            story.spent(|story| {
                assert!(list_below(story, "refs/heads/other").contains(&old));
                fetch(story, &old, &have);
            }),
        ),
        (
            "a push of one commit",
            story.spent(|story| {
                push(story, "refs/heads/main", &tip, (&tip, &next));
            }),
        ),
        (
            "a push that makes a branch",
            story.spent(|story| {
                push(story, &topic, &"0".repeat(40), (&tip, &next));
            }),
        ),
        (
            "a page of refs",
            story.spent(|story| {
                story
                    .server
                    .rest()
                    .get(&story.hosted.path("/refs?limit=20"))
                    .result(200);
            }),
        ),
    ]
}

/// The heap may grow by a page of refs and a table or two; all of them would take some 6 MiB.
const HEAP_KIB_MORE: u64 = 2_048;

#[test]
fn a_push_a_fetch_and_a_look_cost_the_same_however_many_refs_there_are() {
    let mut story = Story::begin(200);
    let few = small_operations(&mut story, "few");
    let refs = pulls(MANY, &story.commits.clone());
    story.add_refs(&refs);
    let many = small_operations(&mut story, "many");
    let mut over = Vec::new();
    for ((name, few), (_, many)) in std::iter::zip(few, many) {
        println!("{name}: {few:?}, among {MANY} refs {many:?}");
        // There are two packs more, and as many refs more as a page of them has.
        let is_within = many.rows_read <= few.rows_read + 30
            && many.statements <= few.statements + 12
            && many.heap_kib <= few.heap_kib + HEAP_KIB_MORE;
        if !is_within {
            over.push(format!("{name}: {few:?}, among {MANY} refs {many:?}"));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

#[test]
fn who_lists_many_refs_holds_a_page_of_them() {
    let mut story = Story::begin(20);
    let refs = pulls(MANY, &story.commits.clone());
    story.add_refs(&refs);
    // As much as after looking at nothing.
    let idle = story.spent(|_| ()).heap_kib;
    for version in [0, 2] {
        let listed = story.spent(|story| assert_eq!(list(story, version), MANY + 3));
        println!("version {version}: {listed:?}, idle {idle} KiB");
        assert!(listed.heap_kib <= idle + 1_200, "{listed:?}");
        // Each ref is read once, and some twice where one piece ends and the next begins.
        assert!(listed.rows_read <= (MANY + MANY / 8) as u64, "{listed:?}");
    }
    let copy = RefCell::new(None);
    let forked = story.spent(|story| {
        let path = story.hosted.path("/fork");
        let fork = story.server.rest().post(&path, &json!({ "name": "copy" }));
        copy.replace(Some(Hosted::made("many", &fork)));
    });
    let copy = copy.take().expect("it was made");
    println!("fork: {forked:?}");
    assert!(forked.heap_kib <= idle + 4_000, "{forked:?}");
    let refs = story.source.remote_refs(&story.hosted.url());
    assert_eq!(story.source.remote_refs(&copy.url()), refs);
}

/// Has git list all refs; how many lines it gave.
fn list(story: &Story, version: u8) -> usize {
    let version = format!("protocol.version={version}");
    let listed = ["-c", &version, "ls-remote", &story.hosted.url()];
    story.source.run(&listed).lines().count()
}

/// The figures of what there is to do with a repository of 50,000 or `CAIRN_REFS` refs, for
/// docs/benchmarks.md.
#[test]
#[ignore = "takes minutes, and shows figures"]
#[allow(clippy::too_many_lines, reason = "one figure after the other")]
fn what_many_refs_cost() {
    let count = std::env::var("CAIRN_REFS").ok();
    let count = count.map_or(50_000, |count| count.parse().expect("a number"));
    let mut story = Story::begin(200);
    let url = story.hosted.url();
    story.scratch.clone(&url, "clone", &[]);
    story.source.write("more.txt", "more\n");
    let tip = story.source.commit("one more");
    story.source.run(&["push", "--quiet", &url, "main"]);
    let refs = pulls(count, &story.commits);
    story.add_refs(&refs);
    let mut backend = story.scratch.bare_repository("backend/refs.git");
    backend = backend.config("http.receivepack", "true");
    story.source.run(&[
        "push",
        "--quiet",
        &backend.folder().display().to_string(),
        "main",
    ]);
    // As `git pack-refs` writes them; one by one git would wait for the disk each time.
    backend.run(&["pack-refs", "--all"]);
    let packed = backend.folder().join("packed-refs");
    let mut lines = std::fs::read_to_string(&packed).expect("git wrote it");
    for (name, target) in &refs {
        lines.extend([target.as_str(), " ", name.as_str(), "\n"]);
    }
    std::fs::write(&packed, lines).expect("it can be written");
    let remote = Remote::serve(&story.scratch.join("backend"));
    let their = remote.url("refs.git");
    for _ in 0..3 {
        let begun = Instant::now();
        let kind = ("Content-Type", "application/x-git-upload-pack-request");
        let headers = [kind, ("Git-Protocol", "version=2")];
        let path = "/git-upload-pack";
        let body = ls_refs("refs/");
        let answer = Rest::new(&their, None).send(Method::POST, path, &headers, body.as_bytes());
        assert!(answer.body.len() > 50 * count);
        println!("git's own ls-refs: {:.3} s", begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        assert!(list_below(&story, "refs/").len() > 50 * count);
        println!("ls-refs: {:.3} s", begun.elapsed().as_secs_f64());
    }
    let show = |name: &str, spent: Spent| {
        println!(
            "{name}: {:.3} s, heap {} KiB, {} rows read by {} statements",
            spent.time.as_secs_f64(),
            spent.heap_kib,
            spent.rows_read,
            spent.statements
        );
    };
    for round in ["cold", "again"] {
        let begun = Instant::now();
        story
            .source
            .command(&["ls-remote", &their])
            .stdout(Stdio::null())
            .status()
            .expect("runs");
        println!(
            "git's own ls-remote {round}: {:.3} s",
            begun.elapsed().as_secs_f64()
        );
    }
    show(
        "v2 ls-remote",
        story.spent(|story| assert!(list(story, 2) > 0)),
    );
    show(
        "v2 ls-remote twice",
        story.spent(|story| {
            list(story, 2);
            list(story, 2);
        }),
    );
    show(
        "v0 ls-remote",
        story.spent(|story| assert!(list(story, 0) > 0)),
    );
    show(
        "ls-remote of one branch",
        story.spent(|story| {
            story
                .source
                .run(&["ls-remote", &story.hosted.url(), "refs/heads/main"]);
        }),
    );
    show(
        "ls-remote of a prefix",
        story.spent(|story| {
            story
                .source
                .run(&["ls-remote", &story.hosted.url(), "refs/pull/0000*"]);
        }),
    );
    show(
        "fetch of one commit",
        story.spent(|story| {
            let clone = story.scratch.git_in("clone");
            clone.run(&["fetch", "--quiet", "origin"]);
        }),
    );
    let commits = story.commits.clone();
    show(
        "POST: main's tip",
        story.spent(|story| fetch(story, &tip, &commits[0])),
    );
    show(
        "POST: a pull's tip",
        story.spent(|story| fetch(story, &commits[3], &commits[5])),
    );
    story.source.write("again.txt", "again\n");
    story.source.commit("again");
    show(
        "push of one commit",
        story.spent(|story| {
            story
                .source
                .run(&["push", "--quiet", &story.hosted.url(), "main"]);
        }),
    );
    show(
        "list for a push",
        story.spent(|story| {
            let answer = story
                .server
                .rest()
                .with_bearer(&story.hosted.token)
                .get(&story.hosted.git_path("info/refs?service=git-receive-pack"));
            assert_eq!(answer.status, 200);
        }),
    );
    show(
        "REST: a commit of a file",
        story.spent(|story| {
            let body = json!({"branch": "main", "message": "by REST",
            "files": [{"path": "f1", "content": "another line\n"}]});
            story
                .server
                .rest()
                .post(&story.hosted.path("/commits"), &body)
                .result(201);
        }),
    );
    show(
        "REST: refs",
        story.spent(|story| {
            story
                .server
                .rest()
                .get(&story.hosted.path("/refs?prefix=refs/heads/&limit=50"))
                .result(200);
        }),
    );
    show(
        "fork",
        story.spent(|story| {
            story
                .server
                .rest()
                .post(&story.hosted.path("/fork"), &json!({"name": "copy"}))
                .result(201);
        }),
    );
    let clone = |story: &Story, url: &str, name: &str| {
        story
            .scratch
            .git()
            .run(&["clone", "--quiet", "--mirror", url, name]);
    };
    show(
        "mirror",
        story.spent(|story| clone(story, &story.hosted.url(), "mirror.git")),
    );
    let begun = Instant::now();
    clone(&story, &their, "their.git");
    println!("git's own mirror: {:.3} s", begun.elapsed().as_secs_f64());
    let many = story.scratch.bare_repository("many.git");
    many.run(&[
        "fetch",
        "--quiet",
        &story.source.folder().display().to_string(),
        "main",
    ]);
    let mut packed = String::new();
    for number in 0..45_000 {
        let target = &story.commits[number % 200];
        packed.extend([format!("{target} refs/many/{number:05}\n")]);
    }
    std::fs::write(many.folder().join("packed-refs"), packed).expect("it can be written");
    show(
        "push of 45,000 refs",
        story.spent(|story| {
            many.run(&[
                "push",
                "--quiet",
                &story.hosted.url(),
                "refs/many/*:refs/many/*",
            ]);
        }),
    );
}
