//! An event as everybody sees it: in feeds, in webhooks and in the queue (`docs/events.md`).

use serde::Serialize;
use serde_json::value::RawValue;

use super::event_types::EventPrefix;
use crate::storage::event::{Event, EventActor};
use crate::storage::time::iso_8601;

/// Grows when a reader that ignores unknown fields would not understand an event any more.
const SCHEMA_VERSION: u32 = 1;

/// The value of fields that Artifacts' metadata has and a deployment of one's own lacks.
const NOBODY: &str = "00000000000000000000000000000000";

/// An event about to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The event.
    pub(crate) event: &'a Event,
    /// Its repository; empty for the namespace's own events.
    pub(crate) repository_id: &'a str,
    /// Its place in the namespace's order, if the namespace shows it.
    pub(crate) namespace_sequence: Option<i64>,
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    source: Source<'a>,
    payload: &'a RawValue,
    actor: &'a EventActor,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    #[serde(rename = "type")]
    kind: String,
    namespace: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    repo_name: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    event_id: String,
    sequence: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_sequence: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_subscription_id: Option<&'a str>,
    event_schema_version: u32,
    event_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl Shown<'_> {
    /// The event's type.
    #[must_use]
    pub(crate) fn kind(&self, prefix: &EventPrefix) -> String {
        prefix.type_of(self.event.kind)
    }

    /// The same in every feed, delivery and message.
    #[must_use]
    pub(crate) fn id(&self) -> String {
        let source = match self.repository_id {
            "" => &self.event.body.namespace,
            id => id,
        };
        format!("evt_{source}_{}", self.event.sequence)
    }

    /// One line of JSON.
    pub(crate) fn json(&self, prefix: &EventPrefix) -> serde_json::Result<String> {
        self.with_payload(prefix, &self.event.body.payload)
    }

    /// The same with another payload.
    pub(crate) fn with_payload(
        &self,
        prefix: &EventPrefix,
        payload: &RawValue,
    ) -> serde_json::Result<String> {
        let Event { kind, body, .. } = self.event;
        let nobody = prefix.is_foreign().then_some(NOBODY);
        serde_json::to_string(&Json {
            kind: &prefix.type_of(*kind),
            source: Source {
                kind: prefix.source_of(*kind),
                namespace: &body.namespace,
                repo_name: body.repo_name.as_deref(),
            },
            payload,
            actor: &body.actor,
            metadata: Metadata {
                event_id: self.id(),
                sequence: self.event.sequence,
                namespace_sequence: self.namespace_sequence,
                account_id: nobody,
                event_subscription_id: nobody,
                event_schema_version: SCHEMA_VERSION,
                event_timestamp: iso_8601(self.event.at_ms),
                request_id: body.request_id.as_deref(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::storage::event::EventKind;

    fn event(kind: EventKind, body: &Value) -> Event {
        Event {
            sequence: 12,
            at_ms: 1_767_323_045_678,
            kind,
            body: serde_json::from_str(&body.to_string()).unwrap(),
        }
    }

    #[test]
    fn a_push_in_the_namespaces_feed() {
        let body = json!({
            "namespace": "demo", "repo_name": "hello", "payload": {"ref": "refs/heads/main"},
            "actor": {"kind": "token", "token_id": "t", "label": "ci"}, "request_id": "r-12345678",
        });
        let event = event(EventKind::Pushed, &body);
        let shown = Shown {
            event: &event,
            repository_id: "0tvugavnogssnwzk",
            namespace_sequence: Some(345),
        };
        let own = shown.json(&EventPrefix::default()).unwrap();
        let mut expected = json!({
            "type": "cairn.repo.pushed",
            "source": {"type": "cairn.repo", "namespace": "demo", "repoName": "hello"},
            "payload": {"ref": "refs/heads/main"},
            "actor": {"kind": "token", "token_id": "t", "label": "ci"},
            "metadata": {
                "eventId": "evt_0tvugavnogssnwzk_12", "sequence": 12, "namespaceSequence": 345,
                "eventSchemaVersion": 1, "eventTimestamp": "2026-01-02T03:04:05.678Z",
                "requestId": "r-12345678",
            },
        });
        assert_eq!(serde_json::from_str::<Value>(&own).unwrap(), expected);
        let prefix = EventPrefix::of(|_| Some("cf.artifacts".to_owned())).unwrap();
        let artifacts = shown.json(&prefix).unwrap();
        expected["type"] = json!("cf.artifacts.repo.pushed");
        expected["source"]["type"] = json!("artifacts.repo");
        expected["metadata"]["accountId"] = json!(NOBODY);
        expected["metadata"]["eventSubscriptionId"] = json!(NOBODY);
        assert_eq!(serde_json::from_str::<Value>(&artifacts).unwrap(), expected);
    }

    #[test]
    fn an_event_of_the_namespace_itself_names_no_repository() {
        let body = json!({"namespace": "Demo", "payload": {}, "actor": {"kind": "operator"}});
        let event = event(EventKind::NamespaceUpdated, &body);
        let shown = Shown {
            event: &event,
            repository_id: "",
            namespace_sequence: Some(3),
        };
        let json = shown.json(&EventPrefix::default()).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            json["source"],
            json!({"type": "cairn", "namespace": "Demo"})
        );
        assert_eq!(json["metadata"]["eventId"], "evt_Demo_12");
        assert_eq!(json["metadata"].get("requestId"), None);
    }
}
