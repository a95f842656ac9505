//! Events as the databases have them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cairn::storage::db::schema::{NAMESPACE, REPOSITORY, Schema};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::support::rest::Hosted;
use super::support::server::Server;
use super::support::wait::{until, until_true};

/// How long the server may take for its work in the background.
pub const BACKGROUND: Duration = Duration::from_secs(20);

/// An event, as a row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub sequence: i64,
    pub kind: String,
    pub body: Value,
}

impl Told {
    pub fn payload(&self) -> &Value {
        &self.body["payload"]
    }
}

/// The databases of this kind below a folder.
pub fn databases(folder: &Path, schema: Schema) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let within = |path: PathBuf| {
        if path.is_dir() {
            return databases(&path, schema);
        }
        let is_database = path.extension().is_some_and(|name| name == "sqlite");
        let is_of_kind = is_database && kind(&path).as_deref() == Some(schema.kind);
        is_of_kind.then_some(path).into_iter().collect()
    };
    entries.flat_map(|entry| within(entry.path())).collect()
}

/// A database that the server has made ready. A reader that opens one while the server turns it to a log
/// ahead of its writes makes the server find it locked: the bytes of the file's header say whether it has.
fn open(file: &Path) -> Option<Connection> {
    let mut header = [0; 20];
    File::open(file).ok()?.read_exact(&mut header).ok()?;
    if header[18..] != [2, 2] {
        return None;
    }
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()
}

fn kind(file: &Path) -> Option<String> {
    let sql = "SELECT kind FROM schema_version";
    open(file)?.query_row(sql, [], |row| row.get(0)).ok()
}

fn rows(database: &Connection, sql: &str, id: &str) -> Vec<Told> {
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([id], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
    });
    let told = rows.unwrap().map(Result::unwrap);
    told.map(|(sequence, kind, body)| Told {
        sequence,
        kind,
        body: serde_json::from_str(&body).unwrap(),
    })
    .collect()
}

/// The database of a repository.
pub fn database(server: &Server, id: &str) -> Option<Connection> {
    let is_its = |database: &Connection| {
        let sql = "SELECT 1 FROM repository WHERE id = ?1";
        database.query_row(sql, [id], |_| Ok(())).is_ok()
    };
    let files = databases(&server.state().join("data"), REPOSITORY);
    files.iter().filter_map(|file| open(file)).find(is_its)
}

/// The events in the repository's own database.
pub fn own(server: &Server, id: &str) -> Vec<Told> {
    let database = database(server, id).expect("the repository has a database");
    let sql = "SELECT sequence, kind, body FROM event WHERE ?1 <> '' ORDER BY sequence";
    rows(&database, sql, id)
}

/// The events of a repository that its namespace has taken, in the namespace's order.
pub fn taken(server: &Server, id: &str) -> Vec<Told> {
    let files = databases(&server.state().join("data"), NAMESPACE);
    let databases = files.iter().filter_map(|file| open(file));
    let sql = "SELECT source_sequence, kind, body FROM event WHERE repository_id = ?1
        ORDER BY sequence";
    databases
        .flat_map(|database| rows(&database, sql, id))
        .collect()
}

/// The events that the namespace has taken, once there are so many.
pub fn taken_when(server: &Server, id: &str, count: usize) -> Vec<Told> {
    until("events in the namespace", BACKGROUND, || {
        let taken = taken(server, id);
        (taken.len() >= count).then_some(taken)
    })
}

/// The id of a repository.
pub fn id_of(server: &Server, hosted: &Hosted) -> String {
    let shown = server.rest().get(&hosted.path("")).result(200);
    shown["id"].as_str().unwrap().to_owned()
}

/// Checks that the namespace has, or soon has, the events that the repository has written, without gaps;
/// gives them.
pub fn agreed(server: &Server, id: &str) -> Vec<Told> {
    let own = own(server, id);
    until_true("the hand-over", BACKGROUND, || taken(server, id) == own);
    let numbers: Vec<_> = own.iter().map(|told| told.sequence).collect();
    let expect: Vec<_> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expect);
    let handed_over = || {
        let sql = "SELECT handed_over FROM event_outbox";
        database(server, id)?
            .query_row(sql, [], |row| row.get(0))
            .ok()
    };
    // The first hand-over is noted at once, later ones now and then.
    let newest = numbers.last().copied().unwrap_or_default();
    until_true("its note", BACKGROUND, || {
        handed_over().is_some_and(|noted: i64| 0 < noted && noted <= newest)
    });
    own
}

/// The kinds of events, in order.
pub fn kinds(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.kind.as_str()).collect()
}
