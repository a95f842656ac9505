//! What a webhook's object does: it takes events, and answers about deliveries.
//!
//! Events that were taken are in the database before the namespace's object hears of it, and the
//! alarm is set in the same turn: whatever ends this object, the alarm goes on with what is
//! pending.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use worker::{Date, Env, Storage};

use super::contract::{
    Attempted, Deliver, Deliveries, Delivery, DeliveryInFull, Extra, GivenEvent, ListDeliveries,
    Redeliver,
};
use super::delivering;
use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::db::schema::{self, WEBHOOK};
use crate::storage::fault_log;
use crate::storage::webhook::deliveries;
use crate::storage::webhook::store::{HookStore, NewDelivery};
use crate::worker::fault::fault;

pub(super) type Store = HookStore<ObjectDatabase>;

/// After a fault of ours the object tries again so much later.
const FAULT_RETRY_MS: i64 = 60_000;

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
    /// When the alarm rings, as far as this object has set it.
    alarm_at: Cell<Option<i64>>,
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
            alarm_at: Cell::new(None),
            settled: Cell::new(0),
        }
    }

    /// Takes events, and begins to deliver them.
    pub(crate) async fn deliver(self: &Rc<Self>, asked: &Deliver) -> Result<(), ErrorReply> {
        let events: Vec<_> = asked.events.iter().map(to_take).collect();
        let store = self.store()?;
        store.take(&asked.definition, &events, now_ms())?;
        delivering::go_on(self).await
    }

    /// Takes a ping.
    pub(crate) async fn extra(self: &Rc<Self>, asked: &Extra) -> Result<Delivery, ErrorReply> {
        let store = self.store()?;
        let event = to_take(&asked.event);
        let seq = store.take_extra(&asked.definition, &event, now_ms())?;
        let delivery = find(&store, seq)?;
        delivering::go_on(self).await?;
        Ok(delivery)
    }

    /// Sends an event once more.
    pub(crate) async fn redeliver(
        self: &Rc<Self>,
        asked: &Redeliver,
    ) -> Result<Delivery, ErrorReply> {
        let store = self.store()?;
        if !schema::is_created(store.database()).map_err(StoreError::from)? {
            return Err(unknown());
        }
        let again = find(&store, asked.seq)?;
        let Some((repository_id, body)) = store.event_of(asked.seq)? else {
            return Err(unknown());
        };
        let event = NewDelivery {
            repository_id: &repository_id,
            sequence: None,
            event_id: &again.event_id,
            kind: &again.kind,
            body: &body,
        };
        let seq = store.take_extra(&asked.definition, &event, now_ms())?;
        let delivery = find(&store, seq)?;
        delivering::go_on(self).await?;
        Ok(delivery)
    }

    /// A page of deliveries.
    pub(crate) fn deliveries(&self, asked: &ListDeliveries) -> Result<Deliveries, ErrorReply> {
        let store = self.store()?;
        if !schema::is_created(store.database()).map_err(StoreError::from)? {
            return Ok(Deliveries {
                deliveries: Vec::new(),
                has_more: false,
            });
        }
        let more = asked.limit.saturating_add(1);
        let found = store.deliveries(asked.state, asked.before, more)?;
        let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
        let has_more = found.len() > limit;
        let page = found.into_iter().take(limit);
        Ok(Deliveries {
            deliveries: page.map(Delivery::from).collect(),
            has_more,
        })
    }

    /// One delivery, with what was sent.
    pub(crate) fn delivery(&self, seq: i64) -> Result<DeliveryInFull, ErrorReply> {
        let store = self.store()?;
        if !schema::is_created(store.database()).map_err(StoreError::from)? {
            return Err(unknown());
        }
        let delivery = find(&store, seq)?;
        let (_, body) = store.event_of(seq)?.ok_or_else(unknown)?;
        Ok(DeliveryInFull { delivery, body })
    }

    /// Empties the object. Attempts that are under way find nothing to write to.
    pub(crate) async fn wipe(&self) -> Result<(), ErrorReply> {
        self.alarm_at.set(None);
        let wiped = self.storage.delete_all().await;
        wiped.map_err(|error| fault("webhook's deletion", &error))
    }

    /// The alarm rings: goes on with what is pending. What fails is tried again, not left to the
    /// platform, which gives up after some attempts.
    pub(crate) async fn ring(self: &Rc<Self>) -> worker::Result<()> {
        self.alarm_at.set(None);
        let rung = match self.prune_if_due() {
            Ok(()) => delivering::go_on(self).await,
            Err(error) => Err(error),
        };
        if let Err(error) = rung {
            fault_log::error("webhook's alarm", &error.cause());
            let at_ms = now_ms().saturating_add(FAULT_RETRY_MS);
            self.wake_by(at_ms).await?;
        }
        Ok(())
    }

    /// Notes that a delivery was settled: now and then old ones are forgotten.
    pub(super) fn note_settled(&self, store: &Store) -> Result<(), StoreError> {
        let settled = self.settled.get().saturating_add(1);
        self.settled.set(settled % SETTLED_PER_PRUNE);
        if settled >= SETTLED_PER_PRUNE {
            store.prune(now_ms())?;
        }
        Ok(())
    }

    fn prune_if_due(&self) -> Result<(), ErrorReply> {
        let store = self.store()?;
        let is_created = schema::is_created(store.database()).map_err(StoreError::from)?;
        if is_created && store.prune_due()?.is_some_and(|due| due <= now_ms()) {
            store.prune(now_ms())?;
        }
        Ok(())
    }

    /// Makes sure that the alarm rings at this time at the latest. The alarm is ordered before
    /// anything is awaited, so that it comes to pass together with what was written just before.
    pub(super) async fn wake_by(&self, at_ms: i64) -> worker::Result<()> {
        if self.alarm_at.get().is_some_and(|set_ms| set_ms <= at_ms) {
            return Ok(());
        }
        self.alarm_at.set(Some(at_ms));
        let delay_ms = u64::try_from(at_ms.saturating_sub(now_ms())).unwrap_or(0);
        let delay = Duration::from_millis(delay_ms);
        self.storage.set_alarm(delay).await
    }

    pub(super) fn store(&self) -> Result<Store, ErrorReply> {
        let db = ObjectDatabase::new(&self.storage).map_err(StoreError::from)?;
        schema::wake(&db, WEBHOOK).map_err(StoreError::from)?;
        Ok(HookStore::new(db))
    }
}

pub(super) fn now_ms() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

fn to_take(event: &GivenEvent) -> NewDelivery<'_> {
    NewDelivery {
        repository_id: &event.repository_id,
        sequence: event.sequence,
        event_id: &event.event_id,
        kind: &event.kind,
        body: &event.body,
    }
}

fn find(store: &Store, seq: i64) -> Result<Delivery, ErrorReply> {
    let found = store.delivery(seq)?;
    found.map(Delivery::from).ok_or_else(unknown)
}

fn unknown() -> ErrorReply {
    let message = "there is no such delivery on record";
    ErrorReply::new(ErrorCode::NotFound, message)
}

impl From<deliveries::Delivery> for Delivery {
    fn from(delivery: deliveries::Delivery) -> Self {
        Self {
            seq: delivery.seq,
            sequence: delivery.sequence,
            event_id: delivery.event_id,
            kind: delivery.kind,
            state: delivery.state,
            created_at_ms: delivery.created_at,
            attempts: delivery.attempts,
            due_at_ms: delivery.due_at,
            last: delivery.last.map(|attempt| Attempted {
                at_ms: attempt.at_ms,
                duration_ms: attempt.duration_ms,
                status: attempt.status,
                answer: attempt.answer,
            }),
        }
    }
}
