//! Which webhooks want an event: asked in the transaction that takes it.
//!
//! The filters of the webhooks stay in memory, so that events of a namespace without webhooks cost nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;

use super::parsed;
use crate::storage::db::sql::{Database, query_all};
use crate::storage::db::sql_error::SqlError;
use crate::storage::event::{Event, EventKind};

/// The events that the webhooks of a namespace want, as long as the object is awake.
#[derive(Debug, Default)]
pub struct Filters {
    known: RefCell<Option<Rc<Known>>>,
    /// Whether webhooks were changed by a step that may yet be undone: nothing is kept until the next
    /// step begins.
    is_changing: Cell<bool>,
}

/// By repository; those of the namespace under the empty id.
type Known = BTreeMap<String, Vec<Filter>>;

/// Whether the deleted repository of an event can still be restored.
fn is_restorable(event: &Event) -> bool {
    event.body.payload.get().contains("\"restorableUntil\":")
}

/// The events that one webhook wants.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    id: String,
    events: Vec<String>,
    refs: Option<Vec<String>>,
    active: bool,
}

impl Filters {
    /// Forgets its knowledge: a webhook was made, changed or deleted.
    pub fn forget(&self) {
        self.known.take();
        self.is_changing.set(true);
    }

    /// A step begins: the changes before it are kept or undone by now.
    pub(crate) fn begin(&self) {
        self.is_changing.set(false);
    }

    /// Notes an event that has this place in the namespace's order for each webhook that wants it.
    /// Called in the transaction that takes the event; `repository_id` is empty for the namespace's own. The
    /// webhooks of a repository that was deleted end.
    pub(super) fn note(
        &self,
        db: &impl Database,
        repository_id: &str,
        place: i64,
        event: &Event,
    ) -> Result<(), SqlError> {
        let known = self.known(db)?;
        let of = |id: &str| known.get(id).map_or(&[][..], Vec::as_slice);
        let here = of(repository_id);
        let above = if repository_id.is_empty() {
            &[][..]
        } else {
            of("")
        };
        let filters = || here.iter().chain(above);
        // Parsed only where somebody asks for it.
        let has_ref = filters().any(|filter| filter.refs.is_some());
        let refname = if has_ref { refname(event) } else { None };
        for filter in filters().filter(|filter| filter.wants(event.kind, refname.as_deref())) {
            let sql = "INSERT INTO webhook_pending (webhook_id, sequence) VALUES (?1, ?2)
                ON CONFLICT DO NOTHING";
            db.execute(sql, &[filter.id.as_str().into(), place.into()])?;
        }
        if event.kind == EventKind::Deleted && !here.is_empty() && !is_restorable(event) {
            self.end_those_of(db, repository_id)?;
        }
        Ok(())
    }

    /// Ends the webhooks of a repository.
    pub(in crate::storage::namespace) fn end_those_of(
        &self,
        db: &impl Database,
        repository_id: &str,
    ) -> Result<(), SqlError> {
        let sql = "UPDATE webhook SET is_ending = 1, version = version + 1
            WHERE repository_id = ?1 AND is_ending = 0";
        if db.execute(sql, &[repository_id.into()])? > 0 {
            self.forget();
        }
        Ok(())
    }

    fn known(&self, db: &impl Database) -> Result<Rc<Known>, SqlError> {
        if let Some(known) = self.known.borrow().as_ref() {
            return Ok(Rc::clone(known));
        }
        let mut known = Known::new();
        let sql = "SELECT repository_id, id, events, refs, active FROM webhook
            WHERE is_ending = 0 ORDER BY id";
        let read = query_all(db, sql, &[], |row| {
            let refs = row.text_or_null(3)?;
            let filter = Filter {
                id: row.text(1)?,
                events: parsed(&row.text(2)?)?,
                refs: refs.map(|refs| parsed(&refs)).transpose()?,
                active: row.truth(4)?,
            };
            Ok((row.text(0)?, filter))
        })?;
        for (repository_id, filter) in read {
            known.entry(repository_id).or_default().push(filter);
        }
        let known = Rc::new(known);
        if !self.is_changing.get() {
            *self.known.borrow_mut() = Some(Rc::clone(&known));
        }
        Ok(known)
    }
}

impl Filter {
    fn wants(&self, kind: EventKind, refname: Option<&str>) -> bool {
        let is_of = |patterns: &[String], text: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| matches(pattern, text))
        };
        // A pattern of refs does not filter events that have no ref.
        let is_ref = match (&self.refs, refname) {
            (Some(patterns), Some(refname)) => is_of(patterns, refname),
            _ => true,
        };
        self.active && is_ref && is_of(&self.events, kind.name())
    }
}

/// The ref that changed in such an event.
fn refname(event: &Event) -> Option<String> {
    #[derive(Deserialize)]
    struct Pushed {
        #[serde(rename = "ref")]
        refname: String,
    }
    if event.kind != EventKind::Pushed {
        return None;
    }
    let payload: Pushed = serde_json::from_str(event.body.payload.get()).ok()?;
    Some(payload.refname)
}

/// Whether a pattern fits: a whole text, or the beginning of one and `*`.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => pattern == text,
    }
}

#[cfg(test)]
mod tests;
