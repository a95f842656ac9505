//! The reflog, written: each change of a ref adds an entry in the transaction that makes it.

use gix_object::bstr::ByteSlice;

use super::publication::{Publication, RefUpdate};
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, query_first};
use crate::storage::db::sql_error::SqlError;

/// Writes the reflog's rows of one push.
pub(super) struct Reflog<'a, D> {
    db: &'a D,
    publication: &'a Publication,
    push_seq: i64,
    next_seq: i64,
    /// For the first row.
    push_options: Option<String>,
}

impl<'a, D: Database> Reflog<'a, D> {
    /// Before the first change.
    pub(super) fn new(db: &'a D, publication: &'a Publication) -> Result<Self, SqlError> {
        let sql = "SELECT coalesce(max(seq), 0) + 1 FROM reflog";
        let next_seq = query_first(db, sql, &[], |row| row.integer(0))?.unwrap_or(1);
        let options = &publication.push_options;
        let push_options = (!options.is_empty()).then(|| {
            let texts = options.iter().map(|option| option.to_str_lossy());
            texts.collect::<serde_json::Value>().to_string()
        });
        Ok(Self {
            db,
            publication,
            push_seq: next_seq,
            next_seq,
            push_options,
        })
    }

    /// The push whose changes it records.
    pub(super) fn publication(&self) -> &Publication {
        self.publication
    }

    /// Records a change that was made.
    pub(super) fn append(&mut self, update: &RefUpdate) -> Result<(), SqlError> {
        let sql = "INSERT INTO reflog
                (seq, push_seq, name, old, new, at, token_id, token_label, push_options)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let push_options = self.push_options.take();
        self.db.execute(
            sql,
            &[
                self.next_seq.into(),
                self.push_seq.into(),
                Value::Blob(update.name.as_bytes()),
                Value::id(update.old.as_ref()),
                Value::id(update.new.as_ref()),
                self.publication.now_ms.into(),
                Value::text(self.publication.actor.token_id.as_deref()),
                Value::text(self.publication.actor.label.as_deref()),
                Value::text(push_options.as_deref()),
            ],
        )?;
        self.next_seq = self.next_seq.saturating_add(1);
        Ok(())
    }
}
