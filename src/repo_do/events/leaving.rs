//! A repository that goes to another namespace, as its hand-over sees it.
//!
//! The event `repo.renamed` is the order. When it is its turn, the former namespace frees the name and
//! gives the webhooks, the new one takes the event and makes them, and the former one takes the event as
//! well and ends its own. Each step may be repeated, and the event counts as handed over after the last:
//! so a transfer that broke off anywhere is completed by the next hand-over, and later events find the
//! webhooks there.

use serde::Deserialize;

use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::event::{HandOver, HandedOver, NAMESPACE_TAKE};
use crate::repo_do::contract::moving::{Depart, Departed, MovedWebhook, NAMESPACE_DEPART};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::namespace::ask_namespace;
use crate::storage::event::{Event, EventKind};
use crate::storage::repository::events::EventPage;
use crate::storage::repository::store::RepositoryRecord;

/// A namespace that the repository has left, and the name that it had there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Departure {
    namespace: String,
    repo_name: String,
}

/// The names in the payload of `repo.renamed`.
#[derive(Deserialize)]
struct Renamed {
    namespace: String,
    from: Departure,
}

/// Shortens a page so that an event by which the repository left a namespace goes in a message of its
/// own. Gives the namespace if the page is that event.
pub(crate) fn cut(page: &mut EventPage, record: &RepositoryRecord) -> Option<Departure> {
    let departs = |event: &Event| departure(event, &record.namespace);
    let (at, found) = page
        .events
        .iter()
        .enumerate()
        .find_map(|(at, event)| Some((at, departs(event)?)))?;
    let length = at.max(1);
    page.more |= page.events.len() > length;
    page.events.truncate(length);
    (at == 0).then_some(found)
}

/// The namespace that the repository left by this event, unless it is there again.
fn departure(event: &Event, namespace: &str) -> Option<Departure> {
    if event.kind != EventKind::Renamed {
        return None;
    }
    let renamed: Renamed = serde_json::from_str(event.body.payload.get()).ok()?;
    let is_other = |other: &str| !other.eq_ignore_ascii_case(&renamed.from.namespace);
    (is_other(&renamed.namespace) && is_other(namespace)).then_some(renamed.from)
}

impl Departure {
    /// Tells the former namespace to free the name, and gives the webhooks.
    pub(crate) async fn begin(
        &self,
        object: &RepoObject,
        repository_id: &str,
    ) -> Result<Vec<MovedWebhook>, ErrorReply> {
        let depart = Depart {
            repository_id: repository_id.to_owned(),
            name: self.repo_name.clone(),
        };
        let asked = ask_namespace(&object.env, &self.namespace, NAMESPACE_DEPART, &depart);
        let Departed { webhooks } = asked.await?;
        Ok(webhooks)
    }

    /// Tells the former namespace of the event. Its webhooks end with it.
    pub(crate) async fn end(
        &self,
        object: &RepoObject,
        repository_id: &str,
        event: &Event,
    ) -> Result<(), ErrorReply> {
        let message = HandOver {
            repository_id: repository_id.to_owned(),
            oldest: event.sequence,
            events: vec![event.clone()],
            info: None,
            usage: Vec::new(),
            webhooks: Vec::new(),
            leaves: true,
        };
        let told = ask_namespace(&object.env, &self.namespace, NAMESPACE_TAKE, &message);
        let HandedOver { .. } = told.await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: i64, kind: EventKind, payload: &str) -> Event {
        let body = format!(
            r#"{{"namespace":"b","repo_name":"x","payload":{payload},"actor":{{"kind":"system"}}}}"#
        );
        Event {
            sequence,
            at_ms: 1,
            kind,
            body: serde_json::from_str(&body).unwrap(),
        }
    }

    fn renamed(sequence: i64, from: &str, to: &str) -> Event {
        let payload = format!(
            r#"{{"namespace":"{to}","repoName":"y","from":{{"namespace":"{from}","repoName":"x"}}}}"#
        );
        event(sequence, EventKind::Renamed, &payload)
    }

    #[test]
    fn an_event_by_which_a_namespace_was_left_goes_alone() {
        let record = RepositoryRecord {
            namespace: "B".to_owned(),
            ..RepositoryRecord::default()
        };
        let pushed = |sequence| event(sequence, EventKind::Pushed, "{}");
        let mut page = EventPage {
            events: vec![
                pushed(1),
                renamed(2, "b", "B"),
                renamed(3, "a", "b"),
                pushed(4),
                renamed(5, "b", "c"),
                renamed(6, "c", "b"),
            ],
            more: false,
        };
        let mut seen = Vec::new();
        while !page.events.is_empty() {
            let mut next = page.clone();
            let left = cut(&mut next, &record).map(|left| left.namespace);
            assert_eq!(next.more, next.events.len() < page.events.len());
            seen.push((next.events.len(), left));
            page.events.drain(..next.events.len());
        }
        let (a, c) = (Some("a".to_owned()), Some("c".to_owned()));
        // It left namespace B and is there again: that departure does not count.
        assert_eq!(seen, [(2, None), (1, a), (2, None), (1, c)]);
    }
}
