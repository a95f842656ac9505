//! The state of a webhook's object while it is awake: its store, its alarm, the deliveries under way.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use worker::{Env, Storage};

use crate::repo_do::contract::ErrorReply;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::db::schema::{self, WEBHOOK};
use crate::storage::webhook::store::{HookError, HookStore};
use crate::worker::durable::alarm::{Alarm, now_ms};
use crate::worker::fault::fault;

pub(super) type Store = HookStore<ObjectDatabase>;

/// Settled deliveries between two times at which old ones are forgotten.
const SETTLED_PER_PRUNE: u32 = 64;

/// The state of one webhook's object.
pub(crate) struct Hook {
    pub(super) storage: Storage,
    pub(super) env: Env,
    /// The deliveries whose attempts are under way.
    pub(super) running: RefCell<BTreeSet<i64>>,
    /// Whether the namespace's object is being told that the webhook was switched off.
    pub(super) is_telling: Cell<bool>,
    alarm: Alarm,
    /// Deliveries settled since old ones were forgotten.
    settled: Cell<u32>,
}

impl Hook {
    /// Awake, with nothing under way.
    pub(crate) fn new(storage: Storage, env: Env) -> Self {
        Self {
            storage,
            env,
            running: RefCell::default(),
            is_telling: Cell::new(false),
            alarm: Alarm::default(),
            settled: Cell::new(0),
        }
    }

    /// Empties the object. Attempts that are under way find nothing to write to.
    pub(crate) async fn wipe(&self) -> Result<(), ErrorReply> {
        self.alarm.forget();
        let wiped = self.storage.delete_all().await;
        wiped.map_err(|error| fault("webhook's deletion", &error))
    }

    /// The alarm has rung.
    pub(super) fn has_rung(&self) {
        self.alarm.forget();
    }

    /// Notes that a delivery was settled: now and then old ones are forgotten.
    pub(super) fn note_settled(&self, store: &Store) -> Result<(), HookError> {
        let settled = self.settled.get().saturating_add(1);
        self.settled.set(settled % SETTLED_PER_PRUNE);
        if settled >= SETTLED_PER_PRUNE {
            store.prune(now_ms())?;
        }
        Ok(())
    }

    /// Makes sure that the alarm rings at this time at the latest.
    pub(super) async fn wake_by(&self, at_ms: i64) -> worker::Result<()> {
        self.alarm.wake_by(&self.storage, at_ms).await
    }

    pub(super) fn store(&self) -> Result<Store, ErrorReply> {
        let db = ObjectDatabase::new(&self.storage).map_err(HookError::from)?;
        schema::wake(&db, WEBHOOK).map_err(HookError::from)?;
        Ok(HookStore::new(db))
    }
}
