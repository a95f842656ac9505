//! Webhooks of a namespace and of its repositories: their definitions, and the events that wait for them.
//!
//! An event that a webhook wants is noted in the transaction that takes the event
//! ([`filters`]). The note goes when the webhook's object has answered that it has the event.

pub mod filters;
pub mod pending;

use serde::de::DeserializeOwned;

use self::filters::Filters;
use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;
use crate::storage::event::Event;
use crate::storage::webhook::definition::{Definition, FormerSecret, Secret};

impl<D: Database> NamespaceStore<D> {
    /// The webhooks.
    pub fn webhooks(&self) -> Webhooks<'_, D> {
        Webhooks {
            db: &self.db,
            filters: &self.filters,
        }
    }

    /// Notes for each active webhook that wants them the events that were just taken: the place of
    /// each in the namespace's order, and the event. Called in the transaction that takes them;
    /// `repository_id` is empty for the namespace's own.
    pub(super) fn note_pending(
        &self,
        repository_id: &str,
        events: &[(i64, &Event)],
    ) -> Result<(), StoreError> {
        for (place, event) in events {
            self.filters.note(&self.db, repository_id, *place, event)?;
        }
        Ok(())
    }

    /// The place of the oldest event that a webhook's object has not been given yet.
    pub(crate) fn oldest_pending(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT min(sequence) FROM webhook_pending";
        let oldest = query_first(&self.db, sql, &[], |row| row.integer_or_null(0))?;
        Ok(oldest.flatten())
    }
}

/// A webhook as its namespace keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// 16 characters of `[0-9a-z]`.
    pub id: String,
    /// The repository whose events it gets; empty: those of all, and the namespace's own.
    pub repository_id: String,
    /// Where events are sent.
    pub url: String,
    /// Types of events without their prefix, or the beginning of types and `*`.
    pub events: Vec<String>,
    /// Full names of refs, or the beginning of names and `*`; `None`: every ref.
    pub refs: Option<Vec<String>>,
    /// The key that signs.
    pub secret: Secret,
    /// The key before it.
    pub former: Option<FormerSecret>,
    /// Whether events are sent.
    pub active: bool,
    /// Why Cairn switched it off.
    pub disabled_reason: Option<String>,
    /// Grows with each change.
    pub version: i64,
    /// Whether its repository was deleted.
    pub is_ending: bool,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

impl Webhook {
    /// As its object needs it.
    #[must_use]
    pub fn definition(&self, namespace: &str) -> Definition {
        Definition {
            id: self.id.clone(),
            namespace: namespace.to_owned(),
            url: self.url.clone(),
            secret: self.secret.clone(),
            former: self.former.clone(),
            active: self.active,
            is_ending: self.is_ending,
            version: self.version,
        }
    }
}

/// The webhooks of one namespace.
#[derive(Debug)]
pub struct Webhooks<'a, D> {
    db: &'a D,
    filters: &'a Filters,
}

impl<D: Database> Webhooks<'_, D> {
    /// Adds a webhook.
    pub fn insert(&self, new: &Webhook) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO webhook (id, repository_id, url, events, refs, secret, former_secret,
                former_secret_until, active, disabled_reason, version, told_version, is_ending,
                created_at, updated_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, 0, ?12, ?13)";
        self.filters.forget();
        let events = json(&new.events)?;
        let refs = new.refs.as_ref().map(json).transpose()?;
        self.db.execute(
            sql,
            &[
                new.id.as_str().into(),
                new.repository_id.as_str().into(),
                new.url.as_str().into(),
                events.as_str().into(),
                Value::text(refs.as_deref()),
                new.secret.reveal().into(),
                Value::text(new.former.as_ref().map(|former| former.secret.reveal())),
                Value::integer(new.former.as_ref().map(|former| former.until_ms)),
                new.active.into(),
                Value::text(new.disabled_reason.as_deref()),
                new.version.into(),
                new.created_at.into(),
                new.updated_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Changes a webhook: everything but its id, its repository and when it was made. Its object hears of the
    /// new version; the events that wait for a webhook that is switched off go.
    pub fn update(&self, changed: &Webhook) -> Result<(), StoreError> {
        self.filters.forget();
        let events = json(&changed.events)?;
        let refs = changed.refs.as_ref().map(json).transpose()?;
        in_transaction(self.db, || {
            let sql = "UPDATE webhook SET url = ?2, events = ?3, refs = ?4, secret = ?5,
                    former_secret = ?6, former_secret_until = ?7, active = ?8,
                    disabled_reason = ?9, version = ?10, updated_at = ?11
                WHERE id = ?1";
            self.db.execute(
                sql,
                &[
                    changed.id.as_str().into(),
                    changed.url.as_str().into(),
                    events.as_str().into(),
                    Value::text(refs.as_deref()),
                    changed.secret.reveal().into(),
                    Value::text(changed.former.as_ref().map(|former| former.secret.reveal())),
                    Value::integer(changed.former.as_ref().map(|former| former.until_ms)),
                    changed.active.into(),
                    Value::text(changed.disabled_reason.as_deref()),
                    changed.version.into(),
                    changed.updated_at.into(),
                ],
            )?;
            if !changed.active {
                self.forget_pending(&changed.id)?;
            }
            Ok(())
        })
    }

    /// The webhooks of a repository, or with an empty id those of the namespace; oldest first.
    pub fn list(&self, repository_id: &str) -> Result<Vec<Webhook>, StoreError> {
        let sql = "SELECT id, repository_id, url, events, refs, secret, former_secret,
                former_secret_until, active, disabled_reason, version, is_ending, created_at,
                updated_at
            FROM webhook WHERE repository_id = ?1 ORDER BY created_at, id";
        Ok(query_all(self.db, sql, &[repository_id.into()], read)?)
    }

    /// One webhook.
    pub fn find(&self, id: &str) -> Result<Option<Webhook>, StoreError> {
        let sql = "SELECT id, repository_id, url, events, refs, secret, former_secret,
                former_secret_until, active, disabled_reason, version, is_ending, created_at,
                updated_at
            FROM webhook WHERE id = ?1";
        Ok(query_first(self.db, sql, &[id.into()], read)?)
    }

    /// Deletes a webhook, and notes that its object is not empty yet; false if there was none.
    pub fn delete(&self, id: &str) -> Result<bool, StoreError> {
        self.filters.forget();
        in_transaction(self.db, || {
            let sql = "DELETE FROM webhook WHERE id = ?1";
            if self.db.execute(sql, &[id.into()])? == 0 {
                return Ok(false);
            }
            self.forget_pending(id)?;
            let sql = "INSERT INTO webhook_deletion (webhook_id) VALUES (?1)";
            self.db.execute(sql, &[id.into()])?;
            Ok(true)
        })
    }

    /// Forgets a webhook that ends: it comes back with its repository. Its waiting events go on waiting.
    pub fn forget_ended(&self, id: &str) -> Result<(), StoreError> {
        self.filters.forget();
        let sql = "DELETE FROM webhook WHERE id = ?1 AND is_ending = 1";
        self.db.execute(sql, &[id.into()])?;
        Ok(())
    }

    /// How many a repository has, or with an empty id the namespace.
    pub fn count(&self, repository_id: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM webhook WHERE repository_id = ?1";
        let count = query_first(self.db, sql, &[repository_id.into()], |row| row.unsigned(0))?;
        Ok(count.unwrap_or(0))
    }

    /// Deletes all webhooks: the namespace goes.
    pub fn delete_all(&self) -> Result<(), StoreError> {
        self.filters.forget();
        in_transaction(self.db, || {
            let sql = "INSERT INTO webhook_deletion (webhook_id) SELECT id FROM webhook";
            self.db.execute(sql, &[])?;
            self.db.execute("DELETE FROM webhook", &[])?;
            self.db.execute("DELETE FROM webhook_pending", &[])?;
            Ok(())
        })
    }

    fn forget_pending(&self, id: &str) -> Result<(), SqlError> {
        let sql = "DELETE FROM webhook_pending WHERE webhook_id = ?1";
        self.db.execute(sql, &[id.into()])?;
        Ok(())
    }
}

fn json(texts: &Vec<String>) -> Result<String, StoreError> {
    let json = serde_json::to_string(texts);
    json.map_err(|error| SqlError::Failed(error.to_string()).into())
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, SqlError> {
    serde_json::from_str(text).map_err(|error| SqlError::Failed(error.to_string()))
}

/// Reads the columns in the order in which the queries above name them.
fn read(row: &dyn Row) -> Result<Webhook, SqlError> {
    let former = match (row.text_or_null(6)?, row.integer_or_null(7)?) {
        (Some(secret), Some(until_ms)) => Some(FormerSecret {
            secret: Secret::new(secret),
            until_ms,
        }),
        _ => None,
    };
    Ok(Webhook {
        id: row.text(0)?,
        repository_id: row.text(1)?,
        url: row.text(2)?,
        events: parsed(&row.text(3)?)?,
        refs: row.text_or_null(4)?.map(|refs| parsed(&refs)).transpose()?,
        secret: Secret::new(row.text(5)?),
        former,
        active: row.truth(8)?,
        disabled_reason: row.text_or_null(9)?,
        version: row.integer(10)?,
        is_ending: row.truth(11)?,
        created_at: row.integer(12)?,
        updated_at: row.integer(13)?,
    })
}
