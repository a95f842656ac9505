//! A write that never ends: a kill of the server then comes in the middle of that transaction.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::wait::until_true;

/// How long the server may take until it makes the write.
const PATIENCE: Duration = Duration::from_mins(2);

/// A write that lasts longer than this is the one that never ends. So conditions must be judged fast.
const LASTING: Duration = Duration::from_secs(1);

/// Rows that the trigger counts, by ten of each of ten lists: it would take an hour.
const ENDLESS: &str = "SELECT count(*) FROM json_each('[0,1,2,3,4,5,6,7,8,9]') AS a, \
    json_each('[0,1,2,3,4,5,6,7,8,9]') AS b, json_each('[0,1,2,3,4,5,6,7,8,9]') AS c, \
    json_each('[0,1,2,3,4,5,6,7,8,9]') AS d, json_each('[0,1,2,3,4,5,6,7,8,9]') AS e, \
    json_each('[0,1,2,3,4,5,6,7,8,9]') AS f, json_each('[0,1,2,3,4,5,6,7,8,9]') AS g, \
    json_each('[0,1,2,3,4,5,6,7,8,9]') AS h, json_each('[0,1,2,3,4,5,6,7,8,9]') AS i, \
    json_each('[0,1,2,3,4,5,6,7,8,9]') AS j";

/// A write of one database that will not end.
#[derive(Debug)]
pub struct Stall {
    file: PathBuf,
}

impl Stall {
    /// Arranges it: the first such write (`DELETE ON lfs_object`) for which the condition holds. The
    /// server may run.
    pub fn before(database: &Connection, write: &str, condition: &str) -> Self {
        let sql =
            format!("CREATE TRIGGER stalled BEFORE {write} WHEN {condition} BEGIN {ENDLESS}; END");
        database.execute_batch(&sql).expect("a trigger can be made");
        let file = database.path().expect("the database is a file");
        Self { file: file.into() }
    }

    /// Waits until the server is in the midst of it: nobody else can write that database then.
    pub fn await_begun(&self, what: &str) {
        let mut locked_since = None;
        until_true(what, PATIENCE, || {
            if !is_locked(&self.file) {
                locked_since = None;
                return false;
            }
            locked_since.get_or_insert_with(Instant::now).elapsed() > LASTING
        });
    }

    /// Lets such writes end again, while the server is stopped.
    pub fn lift(self) {
        let database = Connection::open(self.file).expect("the database opens");
        let dropped = database.execute_batch("DROP TRIGGER IF EXISTS stalled");
        dropped.expect("the trigger can be removed");
    }
}

fn is_locked(file: &Path) -> bool {
    let database = Connection::open(file).expect("the database opens");
    let waits = database.busy_timeout(Duration::ZERO);
    waits.expect("a connection need not wait");
    match database.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
        Ok(()) => false,
        Err(error) => {
            assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
            true
        }
    }
}
