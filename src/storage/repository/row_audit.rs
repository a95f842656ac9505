//! Reads the rows of refs, reflog and tokens one by one, to verify them. Requests are answered
//! from lists in memory, so a row that nobody reads could be damaged unseen.
//!
//! The audit reports each problem and goes on. After a row or a page that cannot be read it goes
//! on with the next table. It repairs nothing.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::packed_refs;
use super::ref_record::RefRecord;
use super::store::RepoStore;
use super::tokens::Scope;
use crate::git::refname;
use crate::storage::db::row::Row;
use crate::storage::db::sql::Database;
use crate::storage::db::sql_error::SqlError;

/// Asks SQLite itself whether the pages of a table are sound, and its rows as the schema demands.
const QUICK_CHECKS: [(&str, &str); 5] = [
    ("repository", "PRAGMA quick_check(repository)"),
    ("ref", "PRAGMA quick_check(ref)"),
    ("packed_refs", "PRAGMA quick_check(packed_refs)"),
    ("reflog", "PRAGMA quick_check(reflog)"),
    ("token", "PRAGMA quick_check(token)"),
];

/// SQLite's answer for a sound table.
const SOUND: &str = "ok";

/// Gets each problem in words.
pub(crate) type Tell<'a> = dyn FnMut(String) + 'a;

/// An id that the reflog names for this ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggedId {
    /// The number of the entry.
    pub(crate) seq: i64,
    /// The ref.
    pub(crate) name: BString,
    /// The object.
    pub(crate) id: ObjectId,
}

impl<D: Database> RepoStore<D> {
    /// Lets SQLite check the tables that no pack can be compared with.
    pub(crate) fn audit_tables(&self, tell: &mut Tell<'_>) {
        for (table, sql) in QUICK_CHECKS {
            let looked = self.db.query(sql, &[], &mut |row| {
                let said = row.text(0)?;
                if said != SOUND {
                    tell(format!("the table {table}: {said}"));
                }
                Ok(ControlFlow::Continue(()))
            });
            if let Err(error) = looked {
                tell(unreadable(table, &error));
            }
        }
    }

    /// Shows every ref that can be read, as the database has it.
    pub(crate) fn audit_refs(&self, each: &mut dyn FnMut(RefRecord), tell: &mut Tell<'_>) {
        let mut names = BTreeSet::new();
        let mut show = |record: RefRecord, tell: &mut Tell<'_>| {
            if !refname::is_valid(record.name.as_bstr()) {
                tell(format!("{}: no ref may have this name", record.name));
            }
            if !names.insert(record.name.clone()) {
                tell(format!("{}: the ref is there twice", record.name));
            }
            each(record);
        };
        let sql = "SELECT name, target, peeled FROM ref ORDER BY name";
        let read = self.db.query(sql, &[], &mut |row| {
            match read_ref(row) {
                Ok(record) => show(record, tell),
                Err(error) => tell(format!("{}: {error}", name_of(row, 0))),
            }
            Ok(ControlFlow::Continue(()))
        });
        if let Err(error) = read {
            tell(unreadable("ref", &error));
        }
        let sql = "SELECT from_name, ref_count, refs FROM packed_refs ORDER BY from_name";
        let mut page_end = BString::default();
        let read = self.db.query(sql, &[], &mut |row| {
            let from_name = name_of(row, 0);
            match read_page(row, &page_end) {
                Ok(refs) => {
                    if let Some(last) = refs.last() {
                        page_end.clone_from(&last.name);
                    }
                    for record in refs {
                        show(record, tell);
                    }
                }
                Err(why) => tell(format!("the page of refs from {from_name} on: {why}")),
            }
            Ok(ControlFlow::Continue(()))
        });
        if let Err(error) = read {
            tell(unreadable("packed_refs", &error));
        }
    }

    /// Reads the reflog; shows the ids of entries made after `since_ms`.
    pub(crate) fn audit_reflog(
        &self,
        since_ms: i64,
        each: &mut dyn FnMut(LoggedId),
        tell: &mut Tell<'_>,
    ) {
        let sql = "SELECT seq, push_seq, name, old, new, at, push_options FROM reflog ORDER BY seq";
        let read = self.db.query(sql, &[], &mut |row| {
            let seq = row.integer(0)?;
            match read_entry(row, seq) {
                Ok((at, ids)) if at > since_ms => ids.into_iter().for_each(&mut *each),
                Ok(_) => {}
                Err(why) => tell(format!("entry {seq} of the reflog: {why}")),
            }
            Ok(ControlFlow::Continue(()))
        });
        if let Err(error) = read {
            tell(unreadable("reflog", &error));
        }
    }

    /// Reads the tokens.
    pub(crate) fn audit_tokens(&self, tell: &mut Tell<'_>) {
        let sql =
            "SELECT id, sha256, scope, label, created_at, expires_at, revoked_at, last_used_at
            FROM token";
        let read = self.db.query(sql, &[], &mut |row| {
            if let Err(why) = check_token(row) {
                let id = row.text(0).unwrap_or_default();
                tell(format!("token {id}: {why}"));
            }
            Ok(ControlFlow::Continue(()))
        });
        if let Err(error) = read {
            tell(unreadable("token", &error));
        }
    }
}

fn unreadable(table: &str, error: &SqlError) -> String {
    format!("the table {table} cannot be read: {error}")
}

/// The name in a column, or the mark for one that cannot be read.
fn name_of(row: &dyn Row, column: usize) -> BString {
    row.blob(column)
        .map_or_else(|_| "a ref without a name".into(), BString::from)
}

fn read_ref(row: &dyn Row) -> Result<RefRecord, SqlError> {
    Ok(RefRecord {
        name: row.blob(0)?.into(),
        target: row.object_id(1)?,
        peeled: row.object_id_or_null(2)?,
    })
}

/// The refs of a page, all of them after `page_end`, the last name of the page before.
fn read_page(row: &dyn Row, page_end: &BString) -> Result<Vec<RefRecord>, String> {
    let text = |error: SqlError| error.to_string();
    let from_name = BString::from(row.blob(0).map_err(text)?);
    let ref_count = row.unsigned32(1).map_err(text)?;
    let refs = packed_refs::decode(&row.blob(2).map_err(text)?).ok_or("it does not parse")?;
    if u32::try_from(refs.len()) != Ok(ref_count) {
        return Err(format!("it has {} refs, not {ref_count}", refs.len()));
    }
    let is_in_place = refs
        .first()
        .is_some_and(|first| first.name >= from_name && first.name > *page_end);
    if !is_in_place {
        return Err("its refs belong elsewhere".to_owned());
    }
    Ok(refs)
}

/// An entry of the reflog: its time, and its ids.
fn read_entry(row: &dyn Row, seq: i64) -> Result<(i64, Vec<LoggedId>), String> {
    let text = |error: SqlError| error.to_string();
    let push_seq = row.integer(1).map_err(text)?;
    let name = BString::from(row.blob(2).map_err(text)?);
    let old = row.object_id_or_null(3).map_err(text)?;
    let new = row.object_id_or_null(4).map_err(text)?;
    let at = row.integer(5).map_err(text)?;
    let options = row.text_or_null(6).map_err(text)?;
    if push_seq > seq {
        return Err(format!("its push began with entry {push_seq}"));
    }
    if old.is_none() && new.is_none() {
        return Err("it changes nothing".to_owned());
    }
    let options = options.map(|options| serde_json::from_str::<Vec<String>>(&options));
    if options.is_some_and(|options| options.is_err()) {
        return Err("its push options do not parse".to_owned());
    }
    let ids = [old, new].into_iter().flatten();
    let ids = ids.map(|id| LoggedId {
        seq,
        name: name.clone(),
        id,
    });
    Ok((at, ids.collect()))
}

fn check_token(row: &dyn Row) -> Result<(), String> {
    let text = |error: SqlError| error.to_string();
    row.text(0).map_err(text)?;
    let sha256_bytes = row.blob(1).map_err(text)?.len();
    if sha256_bytes != 32 {
        return Err(format!("its hash has {sha256_bytes} bytes"));
    }
    let scope = row.text(2).map_err(text)?;
    if Scope::parse(&scope).is_none() {
        return Err(format!("it has the scope {scope}"));
    }
    row.text(3).map_err(text)?;
    let (created_at, expires_at) = (row.integer(4).map_err(text)?, row.integer(5).map_err(text)?);
    if expires_at <= created_at {
        return Err("it ended before it was made".to_owned());
    }
    row.integer_or_null(6).map_err(text)?;
    row.integer_or_null(7).map_err(text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::new_repository;
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;

    type Store = RepoStore<RusqliteDatabase>;

    /// A repository with a ref, a page of refs, an entry of the reflog and a token.
    fn sound() -> Store {
        let db = RusqliteDatabase::in_memory().unwrap();
        let store = Store::new(db, Box::new(|| 5));
        let created = store.create(&new_repository(5));
        assert_eq!(created, Ok(true));
        let record = |name: &str| RefRecord {
            name: name.into(),
            target: [7; 20].into(),
            peeled: None,
        };
        store
            .put_packed_page(&[record("refs/heads/a"), record("refs/heads/b")])
            .unwrap();
        for statement in [
            "INSERT INTO ref VALUES (CAST('refs/heads/main' AS BLOB),
                x'0707070707070707070707070707070707070707', NULL)",
            "INSERT INTO reflog VALUES (1, 1, CAST('refs/heads/main' AS BLOB), NULL,
                x'0707070707070707070707070707070707070707', 9, NULL, NULL, '[\"a\"]')",
            "INSERT INTO token VALUES (zeroblob(32), '0123456789abcdef', 'read', '', 1, 2, NULL, NULL,
                NULL)",
            "PRAGMA ignore_check_constraints = ON",
        ] {
            store.database().execute(statement, &[]).unwrap();
        }
        store
    }

    fn problems(store: &Store) -> Vec<String> {
        let mut problems = Vec::new();
        let mut tell = |problem| problems.push(problem);
        store.audit_refs(&mut |_| {}, &mut tell);
        store.audit_reflog(0, &mut |_| {}, &mut tell);
        store.audit_tokens(&mut tell);
        problems
    }

    #[test]
    fn a_sound_repository_shows_its_rows_and_has_no_problem() {
        let store = sound();
        assert_eq!(problems(&store), Vec::<String>::new());
        let (mut refs, mut ids) = (Vec::new(), Vec::new());
        let mut tell = |problem: String| panic!("{problem}");
        store.audit_refs(&mut |record| refs.push(record.name), &mut tell);
        store.audit_reflog(8, &mut |logged| ids.push(logged), &mut tell);
        store.audit_reflog(9, &mut |logged| panic!("{logged:?} is too old"), &mut tell);
        store.audit_tables(&mut tell);
        assert_eq!(refs, ["refs/heads/main", "refs/heads/a", "refs/heads/b"]);
        let logged = LoggedId {
            seq: 1,
            name: "refs/heads/main".into(),
            id: [7; 20].into(),
        };
        assert_eq!(ids, [logged]);
    }

    #[test]
    fn each_damaged_row_is_told() {
        for (damage, told) in [
            ("UPDATE ref SET target = x'07'", "refs/heads/main: "),
            ("UPDATE ref SET peeled = x'07'", "refs/heads/main: "),
            (
                "UPDATE ref SET name = CAST('refs/heads/a..b' AS BLOB)",
                "no ref may have this name",
            ),
            (
                "UPDATE ref SET name = CAST('refs/heads/a' AS BLOB)",
                "refs/heads/a: the ref is there twice",
            ),
            (
                "UPDATE packed_refs SET refs = x'00'",
                "the page of refs from refs/heads/a on: it does not parse",
            ),
            (
                "UPDATE packed_refs SET ref_count = 3",
                "it has 2 refs, not 3",
            ),
            (
                "UPDATE packed_refs SET from_name = CAST('refs/x' AS BLOB)",
                "its refs belong elsewhere",
            ),
            ("UPDATE reflog SET new = x'07'", "entry 1 of the reflog: "),
            ("UPDATE reflog SET new = NULL", "it changes nothing"),
            (
                "UPDATE reflog SET push_seq = 4",
                "its push began with entry 4",
            ),
            (
                "UPDATE reflog SET push_options = '['",
                "its push options do not parse",
            ),
            ("UPDATE token SET scope = 'none'", "it has the scope none"),
            ("UPDATE token SET sha256 = x'07'", "its hash has 1 bytes"),
            (
                "UPDATE token SET expires_at = 0",
                "it ended before it was made",
            ),
        ] {
            let store = sound();
            store.database().execute(damage, &[]).unwrap();
            let problems = problems(&store);
            assert_eq!(problems.len(), 1, "{damage}: {problems:?}");
            assert!(problems[0].contains(told), "{damage}: {problems:?}");
        }
    }

    #[test]
    fn sqlite_tells_rows_that_the_schema_forbids() {
        let store = sound();
        for statement in [
            "UPDATE reflog SET old = x'07'",
            "PRAGMA ignore_check_constraints = OFF",
        ] {
            store.database().execute(statement, &[]).unwrap();
        }
        let mut told = Vec::new();
        store.audit_tables(&mut |problem| told.push(problem));
        assert_eq!(
            told,
            ["the table reflog: CHECK constraint failed in reflog"]
        );
    }
}
