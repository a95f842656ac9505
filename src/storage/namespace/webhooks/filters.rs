//! Which webhooks want an event: asked in the transaction that takes it.
//!
//! What the webhooks want is kept in memory, so that events of a namespace without webhooks cost
//! nothing.

use std::cell::RefCell;
use std::rc::Rc;

use super::parsed;
use crate::storage::db::sql::{Database, query_all};
use crate::storage::db::sql_error::SqlError;

/// The type of a repository's last event.
const LAST: &str = "repo.deleted";

/// An event that was just taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken<'a> {
    /// Where it happened; empty: to the namespace itself.
    pub repository_id: &'a str,
    /// Its type without the prefix.
    pub kind: &'a str,
    /// The ref that changed, if it is such an event.
    pub refname: Option<&'a str>,
    /// Its sequence in the namespace.
    pub sequence: i64,
}

/// What the webhooks of a namespace want, as long as the object is awake.
#[derive(Debug, Default)]
pub struct Filters {
    known: RefCell<Option<Rc<[Filter]>>>,
}

/// What one webhook wants.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    id: String,
    repository_id: String,
    events: Vec<String>,
    refs: Option<Vec<String>>,
    active: bool,
}

impl Filters {
    /// Forgets what it knows: a webhook was made, changed or deleted.
    pub fn forget(&self) {
        self.known.take();
    }

    /// Notes the event for each webhook that wants it, and gives whether one does. Called in the
    /// transaction that takes the event. The webhooks of a repository that was deleted end.
    pub fn note(&self, db: &impl Database, event: &Taken<'_>) -> Result<bool, SqlError> {
        let filters = self.filters(db)?;
        let mut is_wanted = false;
        for filter in filters.iter().filter(|filter| filter.wants(event)) {
            let sql = "INSERT INTO webhook_pending (webhook_id, sequence) VALUES (?1, ?2)
                ON CONFLICT DO NOTHING";
            db.execute(sql, &[filter.id.as_str().into(), event.sequence.into()])?;
            is_wanted = true;
        }
        let is_here = |filter: &Filter| filter.repository_id == event.repository_id;
        if event.kind == LAST && filters.iter().any(is_here) {
            let sql = "UPDATE webhook SET is_ending = 1, version = version + 1
                WHERE repository_id = ?1 AND is_ending = 0";
            db.execute(sql, &[event.repository_id.into()])?;
            self.forget();
            is_wanted = true;
        }
        Ok(is_wanted)
    }

    fn filters(&self, db: &impl Database) -> Result<Rc<[Filter]>, SqlError> {
        if let Some(known) = self.known.borrow().as_ref() {
            return Ok(Rc::clone(known));
        }
        let sql = "SELECT id, repository_id, events, refs, active FROM webhook WHERE is_ending = 0";
        let read: Rc<[Filter]> = query_all(db, sql, &[], |row| {
            Ok(Filter {
                id: row.text(0)?,
                repository_id: row.text(1)?,
                events: parsed(&row.text(2)?)?,
                refs: row.text_or_null(3)?.map(|refs| parsed(&refs)).transpose()?,
                active: row.truth(4)?,
            })
        })?
        .into();
        *self.known.borrow_mut() = Some(Rc::clone(&read));
        Ok(read)
    }
}

impl Filter {
    fn wants(&self, event: &Taken<'_>) -> bool {
        let is_here = self.repository_id.is_empty() || self.repository_id == event.repository_id;
        let is_of = |patterns: &[String], text: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| matches(pattern, text))
        };
        // A pattern of refs says nothing of events that have no ref.
        let is_ref = match (&self.refs, event.refname) {
            (Some(patterns), Some(refname)) => is_of(patterns, refname),
            _ => true,
        };
        self.active && is_here && is_ref && is_of(&self.events, event.kind)
    }
}

/// Whether a pattern fits: a whole text, or the beginning of one and `*`.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => pattern == text,
    }
}
