//! Maintenance of repositories whose packs are in R2: merged, pruned, checked, and honest about what
//! is damaged.

// The lints of wire data: here every surprise is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may look at a clock"
)]

mod support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::db::sql::Database as _;
use serde_json::{Value, json};
use support::git::{Git, refs_equal};
use support::history::noise;
use support::rest::{Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};

/// A repository whose packs go cold at once, and where it is pushed from.
struct Cold {
    scratch: Scratch,
    source: Git,
    hosted: Hosted,
    rest: Rest,
    commits: usize,
}

impl Cold {
    fn new(server: &Server, name: &str) -> Self {
        let (rest, scratch) = (server.rest(), Scratch::new());
        let hosted = rest.create_repository("cold", name);
        let settings = json!({
            "settle_seconds": 0,
            "cold_after_seconds": 0,
            "cold_bytes_min": 0,
            "ready_bytes_min": 1_u64 << 40,
            "superseded_grace_seconds": 0,
        });
        rest.patch(&hosted.path(""), &settings).result(200);
        Self {
            source: scratch.repository("source"),
            scratch,
            hosted,
            rest,
            commits: 0,
        }
    }

    fn push(&mut self, count: usize) {
        for _ in 0..count {
            self.commits += 1;
            let number = self.commits;
            let path = format!("d{}/file", number % 5);
            self.source.write(&path, format!("{number}\n").repeat(50));
            self.source.commit(&format!("commit {number}"));
            self.source.run(&["push", "-q", &self.hosted.url(), "main"]);
        }
    }

    /// Pushes a branch of its own with bytes that do not compress; gives its tip.
    fn push_branch(&self, name: &str, bytes: usize) -> String {
        self.source.run(&["checkout", "-q", "-b", name]);
        self.source.write(name, noise(1, bytes));
        self.source.commit(name);
        self.source.run(&["push", "-q", &self.hosted.url(), name]);
        let tip = self.source.run(&["rev-parse", "HEAD"]);
        self.source.run(&["checkout", "-q", "main"]);
        tip
    }

    fn delete_branch(&self, name: &str) {
        let gone = format!(":{name}");
        self.source.run(&["push", "-q", &self.hosted.url(), &gone]);
        self.source.run(&["branch", "-q", "-D", name]);
    }

    fn maintain(&self, task: &str) -> Value {
        let path = self.hosted.path("/maintenance");
        self.rest.post(&path, &json!({ "task": task })).result(200)
    }

    /// Nothing is kept for its time alone.
    fn keep_nothing(&self) {
        let settings = json!({ "prune_grace_seconds": 0, "reflog_retention_seconds": 0 });
        self.rest
            .patch(&self.hosted.path(""), &settings)
            .result(200);
    }

    fn stats(&self) -> Value {
        self.rest.get(&self.hosted.path("/stats")).result(200)
    }

    fn number(&self, of: &str, what: &str) -> u64 {
        let stats = self.stats();
        let found = stats[of][what].as_u64();
        found.unwrap_or_else(|| panic!("no {of}.{what} in {stats}"))
    }

    /// The last run of that kind.
    fn last(&self, task: &str) -> Option<Value> {
        let stats = self.stats();
        let mut runs = stats["maintenance"].as_array().unwrap().iter();
        runs.find(|run| run["task"] == task).cloned()
    }

    fn findings(&self) -> Value {
        self.maintain("verify")["findings"].take()
    }

    /// All that is stored is as it should be, and a clone as well.
    fn check(&self, name: &str) {
        let found = self.findings();
        assert_eq!(found["problems"], json!([]), "{found}");
        for (what, count) in found["orphans"].as_object().unwrap() {
            assert_eq!(count, 0, "{what}: {found}");
        }
        for what in ["missing", "orphaned", "unheld", "astray"] {
            assert_eq!(found["r2"][what], 0, "{what}: {found}");
        }
        let clone = self.scratch.clone(&self.hosted.url(), name, &["--mirror"]);
        clone.fsck_strict();
        refs_equal(&self.source, &clone);
    }
}

/// The databases under a folder of the server's state, while it is stopped.
fn databases(state: &Path, folder: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(state.join("data").join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let is_one = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "sqlite") && !path.ends_with("metadata.sqlite")
    };
    files.filter(is_one).collect()
}

/// Changes the one database under a folder of the server's state.
fn damage(state: &Path, folder: &str, statements: &[&'static str]) {
    let found = databases(state, folder);
    assert_eq!(found.len(), 1, "{found:?}");
    let db = RusqliteDatabase::open(&found[0]).unwrap();
    for statement in statements {
        assert!(db.execute(statement, &[]).unwrap() > 0, "{statement}");
    }
}

const REPOSITORIES: &str = "do/-RepoDo";
const NETWORKS: &str = "do/-NetworkDo";
const BUCKET: &str = "r2/miniflare-R2BucketObject";

#[test]
fn cold_packs_are_merged_with_what_is_pushed_on_top_and_pruned() {
    let mut cold = Cold::new(server(), "merged");
    cold.push(12);
    let secret = cold.push_branch("secret", 600_000);
    cold.maintain("run");
    let (live, of_them) = (cold.number("packs", "live"), cold.number("packs", "cold"));
    assert_eq!(live, of_them, "all packs are cold");
    assert_eq!(cold.number("packs", "chunk_rows"), 0);

    cold.push(20);
    cold.maintain("run");
    let consolidated = cold.last("consolidate").expect("cold packs were merged");
    assert_eq!(consolidated["outcome"], "done", "{consolidated}");
    assert!(cold.number("packs", "live") <= 10, "{}", cold.stats());
    cold.check("merged");

    let before = cold.number("packs", "bytes");
    cold.delete_branch("secret");
    // As long as the reflog names it, it stays.
    cold.maintain("run");
    let fetcher = cold.scratch.repository("fetcher");
    fetcher.run(&["fetch", "-q", &cold.hosted.url(), &secret]);
    cold.keep_nothing();
    cold.maintain("run");
    let pruned = cold.last("prune").expect("a prune is on record");
    assert!(pruned["bytes"].as_u64() > Some(590_000), "{pruned}");
    assert!(cold.number("packs", "bytes") < before - 590_000);
    let other = cold.scratch.repository("other");
    let said = other.fails(&["fetch", "-q", &cold.hosted.url(), &secret]);
    assert!(said.contains("not our ref"), "{said}");
    cold.check("pruned");

    // What was made goes cold in its turn, and what it replaced is needed no more.
    cold.maintain("snapshot");
    cold.maintain("run");
    assert_eq!(cold.number("packs", "live"), cold.number("packs", "cold"));
    assert_eq!(cold.number("packs", "superseded"), 0);
    assert_eq!(cold.number("packs", "chunk_rows"), 0);
    cold.maintain("rebuild");
    assert_eq!(cold.number("packs", "chunk_rows"), 0, "and not after it");
    cold.check("cold again");
    cold.push(1);
    cold.check("pushed to");
}

#[test]
fn r2_that_fails_stops_nothing_but_what_needs_it_and_is_on_record() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "failing");
    cold.push(5);
    cold.maintain("snapshot");
    // From here on nothing goes to R2.
    let settings = json!({ "settle_seconds": 86_400, "cold_bytes_min": 1_u64 << 40 });
    cold.rest
        .patch(&cold.hosted.path(""), &settings)
        .result(200);
    server.restart_after(|state| {
        std::fs::rename(state.join("data/r2"), state.join("r2-elsewhere")).unwrap();
    });
    cold.rest = server.rest();
    // A history of its own: nothing of it leans on what is cold.
    cold.source.run(&["checkout", "-q", "--orphan", "other"]);
    cold.source.run(&["rm", "-q", "-r", "-f", "."]);
    for number in 0..10 {
        cold.source.write("new", noise(1, 2000 + number));
        cold.source.commit("new");
        let url = cold.hosted.url();
        cold.source.run(&["push", "-q", &url, "other"]);
    }
    cold.maintain("run");
    let failed = cold.last("consolidate").expect("it was tried");
    assert_eq!(failed["outcome"], "failed", "{failed}");
    let detail = failed["detail"].as_str().unwrap();
    assert!(
        detail.contains("r2: object packs/") && detail.contains("is missing"),
        "{detail}"
    );
    let found = cold.findings();
    assert!(found["r2"]["missing"].as_u64() >= Some(5), "{found}");
    assert_eq!(
        cold.number("packs", "quarantined"),
        0,
        "nothing is left of it"
    );
    cold.source
        .run(&["fetch", "-q", &cold.hosted.url(), "main"]);

    server.restart_after(|state| {
        std::fs::remove_dir_all(state.join("data/r2")).unwrap();
        std::fs::rename(state.join("r2-elsewhere"), state.join("data/r2")).unwrap();
    });
    cold.rest = server.rest();
    cold.source.run(&["checkout", "-q", "main"]);
    cold.check("and all is well again");
}

#[test]
fn each_kind_of_damage_is_counted() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "damaged");
    cold.push(2);
    cold.maintain("snapshot");
    cold.check("sound");

    server.restart_after(|state| {
        damage(
            state,
            REPOSITORIES,
            &[
                "INSERT INTO pack_chunk (chunk_key, bytes) VALUES ((99 << 20), x'00')",
                "INSERT INTO pack_part (part_key, bytes) VALUES ((99 << 20) + (1 << 16), x'00')",
                "INSERT INTO pack (pack_id, state, created_at) VALUES (98, 'quarantine', 5)",
            ],
        );
        damage(
            state,
            NETWORKS,
            &[
                "INSERT INTO pack_holder (r2_key, repository_id)
                    SELECT 'packs/nowhere', repository_id FROM pack_holder LIMIT 1",
                "DELETE FROM pack_holder WHERE r2_key IN
                    (SELECT r2_key FROM pack_holder WHERE r2_key LIKE '%.pack' LIMIT 1)",
            ],
        );
        damage(
            state,
            BUCKET,
            &[
                "UPDATE _mf_objects SET key = substr(key, 1, 23) || 'stray.pack' WHERE key IN
                (SELECT key FROM _mf_objects WHERE key LIKE 'packs/%' ORDER BY key DESC LIMIT 1)",
            ],
        );
    });
    cold.rest = server.rest();
    let found = cold.findings();
    let orphans = &found["orphans"];
    assert_eq!(orphans["chunk_rows"], 1, "{found}");
    assert_eq!(orphans["part_rows"], 1, "{found}");
    assert_eq!(orphans["abandoned_packs"], 1, "{found}");
    let r2 = &found["r2"];
    assert_eq!(
        (&r2["missing"], &r2["astray"]),
        (&json!(1), &json!(1)),
        "{found}"
    );
    // The one that is named by no hold, and the one that has another name than any.
    assert!(r2["orphaned"].as_u64() >= Some(1), "{found}");
    assert_eq!(r2["unheld"], 1, "{found}");
    let problems = found["problems"].as_array().unwrap();
    let told = |what: &str| {
        problems
            .iter()
            .any(|told| told.as_str().unwrap().contains(what))
    };
    for what in [
        "is missing",
        "is named by nobody",
        "is not in the network's account",
        "named no more",
        "rows of chunks without a pack",
    ] {
        assert!(told(what), "{what}: {found}");
    }
    let recorded = cold.last("verify").unwrap();
    let detail = recorded["detail"].as_str().unwrap();
    assert!(detail.starts_with("2 orphan rows; r2: "), "{detail}");
    assert!(detail.contains("1 missing, 1 unheld, 1 astray"), "{detail}");

    // What the sweeper may remove goes with the next run.
    cold.maintain("run");
    let orphans = cold.findings()["orphans"].take();
    for (what, count) in orphans.as_object().unwrap() {
        assert_eq!(count, 0, "{what}: {orphans}");
    }
}

#[test]
fn a_part_that_is_lost_is_counted_and_made_anew_of_what_r2_has() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "part");
    cold.push(3);
    cold.maintain("snapshot");
    assert_eq!(cold.number("packs", "cold"), 3);
    server.restart_after(|state| {
        let lost = "DELETE FROM pack_part WHERE (part_key >> 20) = 2 AND (part_key >> 16) & 7 = 3";
        damage(state, REPOSITORIES, &[lost]);
    });
    cold.rest = server.rest();
    let found = cold.findings();
    assert_eq!(found["orphans"]["missing_parts"], 1, "{found}");
    assert_ne!(found["problems"], json!([]), "{found}");
    cold.maintain("rebuild");
    cold.check("made anew");
}

#[test]
fn a_copy_whose_bytes_changed_is_found_warm_or_cold() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "changed");
    cold.push(1);
    cold.push_branch("noise", 700_000);
    cold.maintain("snapshot");
    cold.check("sound");
    server.restart_after(|state| {
        let blobs = std::fs::read_dir(state.join("data/r2/cairn-packs/blobs")).unwrap();
        let blobs = blobs.map(|blob| blob.unwrap().path());
        let large = blobs.filter(|blob| blob.metadata().unwrap().len() > 600_000);
        for blob in large {
            let mut bytes = std::fs::read(&blob).unwrap();
            bytes[300_000] ^= 1;
            std::fs::write(&blob, bytes).unwrap();
        }
    });
    cold.rest = server.rest();
    let found = cold.findings();
    let problem = found["problems"][0].as_str().unwrap();
    assert!(problem.contains("is not what was written"), "{found}");
    assert_eq!(found["problems"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(cold.number("packs", "chunk_rows"), 0, "nothing of it stays");
}

/// The files in which R2's emulation keeps the bytes of objects whose keys begin so.
fn blobs(state: &Path, prefix: &str) -> Vec<PathBuf> {
    let bucket = databases(state, BUCKET);
    let tables = rusqlite::Connection::open(&bucket[0]).unwrap();
    let sql = "SELECT blob_id FROM _mf_objects WHERE key LIKE ?1 || '%'";
    let mut found = tables.prepare(sql).unwrap();
    let ids = found
        .query_map([prefix], |row| row.get::<_, String>(0))
        .unwrap();
    let folder = state.join("data/r2/cairn-packs/blobs");
    ids.map(|id| folder.join(id.unwrap())).collect()
}

/// A repository whose clone is kept ready.
fn with_ready_clone(server: &Server, name: &str) -> Cold {
    let mut cold = Cold::new(server, name);
    let settings = json!({ "ready_bytes_min": 0 });
    cold.rest
        .patch(&cold.hosted.path(""), &settings)
        .result(200);
    cold.push(2);
    cold.push_branch("noise", 700_000);
    cold.maintain("snapshot");
    assert!(cold.stats()["ready_clone_bytes"].is_u64());
    cold.check("sound");
    cold
}

#[test]
fn a_flipped_byte_of_a_ready_clone_is_found_and_healed() {
    let mut server = Server::start();
    let mut cold = with_ready_clone(&server, "flipped");
    server.restart_after(|state| {
        for ready in blobs(state, "ready/") {
            let mut bytes = std::fs::read(&ready).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&ready, bytes).unwrap();
        }
    });
    cold.rest = server.rest();
    let found = cold.findings();
    let problems = found["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{found}");
    let problem = problems[0].as_str().unwrap();
    assert!(
        problem.starts_with("the ready clone: r2: object ready/"),
        "{found}"
    );
    assert!(problem.contains("is not what was written"), "{found}");
    // Another one is made by the alarm, or by whoever asks first.
    cold.maintain("snapshot");
    assert!(cold.stats()["ready_clone_bytes"].is_u64());
    cold.check("healed");
}

/// R2 gives each object a name by its bytes: one of another name is not served.
#[test]
fn a_ready_clone_that_somebody_overwrote_is_not_served() {
    let mut server = Server::start();
    let mut cold = with_ready_clone(&server, "overwritten");
    server.restart_after(|state| {
        let other = "UPDATE _mf_objects SET etag = '0123' WHERE key LIKE 'ready/%'";
        damage(state, BUCKET, &[other]);
    });
    cold.rest = server.rest();
    let clone = cold
        .scratch
        .clone(&cold.hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&cold.source, &clone);
    let lines = server.request_lines(|lines| lines.iter().any(|line| line["packs"] != 0));
    assert!(lines.iter().all(|line| line["ready"] == false), "{lines:?}");
}

/// The first pack is there and the second is not: the answer has begun when that is found.
#[test]
fn a_pack_that_r2_has_lost_is_told_in_band_in_the_middle_of_a_clone() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "half");
    cold.source.write("first", noise(1, 900_000));
    cold.push(1);
    cold.source.write("second", noise(2, 900_000));
    cold.push(1);
    cold.maintain("snapshot");
    assert_eq!(cold.number("packs", "cold"), 2);
    let second = cold.source.run(&["rev-parse", "main:second"]);
    server.restart_after(|state| {
        let keys = "DELETE FROM _mf_objects WHERE key LIKE 'packs/%' AND uploaded =
            (SELECT max(uploaded) FROM _mf_objects WHERE key LIKE 'packs/%')";
        damage(state, BUCKET, &[keys]);
    });
    cold.rest = server.rest();
    let git = cold.scratch.git();
    let url = cold.hosted.url();
    for version in ["2", "1", "0"] {
        let protocol = format!("protocol.version={version}");
        let said = git.fails(&["-c", &protocol, "clone", "--quiet", &url, "broken"]);
        assert!(said.contains("r2: object packs/"), "{said}");
        assert!(
            said.contains("is missing; the pack is cut off (request "),
            "{said}"
        );
        assert!(!said.contains("RPC failed"), "{said}");
    }
    let lines = server.request_lines(|lines| {
        let refused = lines
            .iter()
            .filter(|line| line["error"] == "REFUSED_IN_BAND");
        refused.count() == 3
    });
    let most = lines
        .iter()
        .filter_map(|line| line["bytes_out"].as_u64())
        .max();
    assert!(most > Some(800_000), "it had begun: {most:?}");
    // Where nothing was sent yet, an error has its own status.
    for path in ["/bundle".to_owned(), format!("/blob/{second}")] {
        let answer = cold.rest.get(&cold.hosted.path(&path));
        assert_eq!(answer.status, 502, "{path}: {}", answer.text());
        assert!(
            answer.text().contains("is missing"),
            "{path}: {}",
            answer.text()
        );
    }
}

/// Runs statements that the schema forbids.
fn corrupt(state: &Path, statements: &[&str]) {
    let found = databases(state, REPOSITORIES);
    assert_eq!(found.len(), 1, "{found:?}");
    let tables = rusqlite::Connection::open(&found[0]).unwrap();
    tables
        .pragma_update(None, "ignore_check_constraints", true)
        .unwrap();
    for statement in statements {
        assert!(tables.execute(statement, ()).unwrap() > 0, "{statement}");
    }
}

#[test]
fn corrupt_rows_of_refs_reflog_and_tokens_are_found() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "rows");
    cold.push(2);
    cold.push_branch("branch", 100);
    cold.check("sound");
    let mut finds = |statements: &'static [&'static str], told: &[&str]| {
        server.restart_after(|state| corrupt(state, statements));
        cold.rest = server.rest();
        let found = cold.findings();
        for what in told {
            let mut problems = found["problems"].as_array().unwrap().iter();
            let is_told = problems.any(|told| told.as_str().unwrap().contains(what));
            assert!(is_told, "{what}: {found}");
        }
    };
    let nowhere = "1".repeat(40);
    finds(
        &["UPDATE reflog SET new = x'1111111111111111111111111111111111111111' WHERE seq = 2"],
        &[&format!(
            "entry 2 of the reflog, refs/heads/main: {nowhere} is not here"
        )],
    );
    finds(
        &[
            "UPDATE ref SET target = x'1111111111111111111111111111111111111111'
            WHERE name = CAST('refs/heads/branch' AS BLOB)",
        ],
        &[&format!("refs/heads/branch: {nowhere} is not here")],
    );
    finds(
        &[
            "UPDATE ref SET target = x'11' WHERE name = CAST('refs/heads/branch' AS BLOB)",
            "UPDATE reflog SET old = x'11' WHERE seq = 2",
            "UPDATE token SET sha256 = x'11'",
            "INSERT INTO packed_refs VALUES (CAST('refs/packed' AS BLOB), 1, x'00')",
        ],
        &[
            "refs/heads/branch: column 1 is no",
            "entry 2 of the reflog: column 3 is no",
            "its hash has 1 bytes",
            "the page of refs from refs/packed on: it does not parse",
        ],
    );
}

/// A page of the database file that holds something else.
#[test]
fn a_damaged_page_of_the_database_is_found() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "pages");
    cold.push(2);
    cold.check("sound");
    for table in ["reflog", "token"] {
        server.restart_after(|state| {
            let found = databases(state, REPOSITORIES);
            let tables = rusqlite::Connection::open(&found[0]).unwrap();
            let sql = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
            let page: u32 = tables.query_one(sql, [table], |row| row.get(0)).unwrap();
            drop(tables);
            let mut bytes = std::fs::read(&found[0]).unwrap();
            let start = usize::try_from((page - 1) * 4096).unwrap();
            bytes[start..start + 4096].fill(0xa5);
            std::fs::write(&found[0], bytes).unwrap();
        });
        cold.rest = server.rest();
        let found = cold.findings();
        let mut problems = found["problems"].as_array().unwrap().iter();
        let what = format!("the table {table}");
        let is_told = problems.any(|told| told.as_str().unwrap().starts_with(&what));
        assert!(is_told, "{what}: {found}");
    }
}

/// The bar of the issue, with packs going cold all the while: `cargo test --test smart_http_cold
/// -- --ignored --nocapture`.
#[test]
#[ignore = "takes some minutes; prints figures"]
fn two_thousand_pushes_with_snapshots_on() {
    let server = Server::start();
    let mut cold = Cold::new(&server, "thousands");
    let timed = |cold: &mut Cold, count: usize| {
        let mut times: Vec<_> = (0..count)
            .map(|_| {
                let start = Instant::now();
                cold.push(1);
                start.elapsed()
            })
            .collect();
        times.sort();
        times[count / 2]
    };
    let fetched = |cold: &Cold, name: &str| {
        let clone = cold.scratch.clone(&cold.hosted.url(), name, &["--mirror"]);
        let start = Instant::now();
        for _ in 0..10 {
            clone.run(&["fetch", "-q"]);
        }
        start.elapsed() / 10
    };
    cold.push(5);
    let (push_first, fetch_first) = (timed(&mut cold, 50), fetched(&cold, "first"));
    let mut most = 0;
    while cold.commits < 1950 {
        cold.push(50);
        most = most.max(cold.number("packs", "live"));
    }
    let (push_last, fetch_last) = (timed(&mut cold, 50), fetched(&cold, "last"));
    let (live, of_them) = (cold.number("packs", "live"), cold.number("packs", "cold"));
    println!("pushes: {push_first:?} at the start, {push_last:?} at the end");
    println!("fetches: {fetch_first:?} at the start, {fetch_last:?} at the end");
    println!("live packs: {live}, {of_them} of them cold; {most} at most");
    cold.maintain("run");
    println!("live packs after a run: {}", cold.number("packs", "live"));
    assert!(most <= 20 && live <= 20);
    cold.check("whole");
}
