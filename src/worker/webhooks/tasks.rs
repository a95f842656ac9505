//! The work of a webhook's object: it takes events, and answers about deliveries.
//!
//! Events that were taken are in the database before the namespace's object hears of it, and the
//! alarm is set in the same turn: however this object ends, the alarm goes on with the pending ones.

use std::rc::Rc;

use super::contract::{
    Attempted, Deliver, Deliveries, Delivery, DeliveryInFull, Extra, GivenEvent, ListDeliveries,
    Redeliver,
};
use super::delivering;
use super::hook::{Hook, Store};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::db::schema;
use crate::storage::fault_log;
use crate::storage::webhook::deliveries;
use crate::storage::webhook::store::{HookError, NewDelivery};
use crate::worker::durable::alarm::now_ms;

/// After a fault of ours the object tries again so much later.
const FAULT_RETRY_MS: i64 = 60_000;

impl Hook {
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
        if !schema::is_created(store.database()).map_err(HookError::from)? {
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
        if !schema::is_created(store.database()).map_err(HookError::from)? {
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

    /// One delivery, with its body.
    pub(crate) fn delivery(&self, seq: i64) -> Result<DeliveryInFull, ErrorReply> {
        let store = self.store()?;
        if !schema::is_created(store.database()).map_err(HookError::from)? {
            return Err(unknown());
        }
        let delivery = find(&store, seq)?;
        let (_, body) = store.event_of(seq)?.ok_or_else(unknown)?;
        Ok(DeliveryInFull { delivery, body })
    }

    /// The alarm rings: goes on with the pending deliveries. It tries failures again itself, and does not
    /// leave them to the platform, which gives up after some attempts.
    pub(crate) async fn ring(self: &Rc<Self>) -> worker::Result<()> {
        self.has_rung();
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

    fn prune_if_due(&self) -> Result<(), ErrorReply> {
        let store = self.store()?;
        let is_created = schema::is_created(store.database()).map_err(HookError::from)?;
        if is_created && store.prune_due()?.is_some_and(|due| due <= now_ms()) {
            store.prune(now_ms())?;
        }
        Ok(())
    }
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
