//! Each write on the way of an event fails for a while, in the real objects: by a trigger in their
//! databases. Nothing is lost then, nothing is in a feed twice, and the order stays.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::desk::Desk;
use super::followers::{namespace_feed, read_all, sequence};
use super::judge;
use super::ledger::Told;
use super::receivers::Receivers;
use super::storm::DEPLOYMENT;
use super::support::databases::database_of;
use super::support::server::Server;
use super::support::wait::until_true;

/// How long a fault may take to show, and to be over.
const PATIENCE: Duration = Duration::from_mins(1);

/// One write that fails.
#[derive(Debug)]
struct Fault {
    /// The namespace of the case.
    name: &'static str,
    /// The object's class, and a query that finds its database by the name of the namespace.
    class: &'static str,
    find: &'static str,
    /// The writes that fail, as a trigger says it.
    writes: &'static [&'static str],
}

const OF_REPOSITORY: &str = "SELECT 1 FROM repository WHERE namespace = ?1";
/// The registry of namespaces has such a table as well, but no events.
const OF_NAMESPACE: &str = "SELECT 1 FROM namespace WHERE name = ?1
    AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'event_source')";
const OF_HOOK: &str = "SELECT 1 FROM webhook WHERE definition LIKE '%/good/' || ?1 || '%'";

const FAULTS: [Fault; 8] = [
    Fault {
        name: "outbox",
        class: "RepoDo",
        find: OF_REPOSITORY,
        writes: &["INSERT ON event"],
    },
    Fault {
        name: "handed-over",
        class: "RepoDo",
        find: OF_REPOSITORY,
        writes: &["INSERT ON event_outbox", "UPDATE ON event_outbox"],
    },
    Fault {
        name: "taking",
        class: "NamespaceDo",
        find: OF_NAMESPACE,
        writes: &["INSERT ON event"],
    },
    Fault {
        name: "taken",
        class: "NamespaceDo",
        find: OF_NAMESPACE,
        writes: &["INSERT ON event_source", "UPDATE ON event_source"],
    },
    Fault {
        name: "pending",
        class: "NamespaceDo",
        find: OF_NAMESPACE,
        writes: &["INSERT ON webhook_pending"],
    },
    Fault {
        name: "distributed",
        class: "NamespaceDo",
        find: OF_NAMESPACE,
        writes: &["DELETE ON webhook_pending"],
    },
    Fault {
        name: "delivery",
        class: "WebhookDo",
        find: OF_HOOK,
        writes: &["INSERT ON delivery"],
    },
    Fault {
        name: "delivered",
        class: "WebhookDo",
        find: OF_HOOK,
        writes: &["UPDATE ON delivery"],
    },
];

impl Fault {
    fn path(&self) -> String {
        format!("good/{}", self.name)
    }

    /// The words of the error, which the log then has.
    fn words(&self) -> String {
        format!("injected: {}", self.name)
    }

    fn database(&self, state: &Path) -> Connection {
        database_of(state, self.class, self.find, self.name)
    }

    /// From now on these writes fail.
    fn inject(&self, state: &Path) {
        let database = self.database(state);
        for (number, write) in self.writes.iter().enumerate() {
            let words = self.words();
            let sql = format!(
                "CREATE TRIGGER injected_{number} BEFORE {write}
                    BEGIN SELECT RAISE(ABORT, '{words}'); END"
            );
            database.execute_batch(&sql).unwrap();
        }
    }

    fn mend(&self, state: &Path) {
        let database = self.database(state);
        for number in 0..self.writes.len() {
            let sql = format!("DROP TRIGGER injected_{number}");
            database.execute_batch(&sql).unwrap();
        }
    }
}

#[test]
fn a_write_that_fails_on_the_way_of_an_event_loses_nothing_and_repeats_nothing() {
    let server = Server::start_with(&DEPLOYMENT);
    let receivers = Receivers::serve(1, 0);
    let mut desks: Vec<_> = FAULTS
        .iter()
        .map(|fault| {
            let mut desk = Desk::new(&server, fault.name, &receivers);
            desk.hook_of_pushes(&fault.path());
            let id = desk.push();
            desk.await_arrival(&fault.path(), &id);
            desk
        })
        .collect();
    for (fault, desk) in FAULTS.iter().zip(&mut desks) {
        fault.inject(server.state());
        for _ in 0..2 {
            let (_, told) = desk.try_push();
            // Where its event cannot be written, nothing happens.
            assert_eq!(
                told == Told::Done,
                fault.name != "outbox",
                "{fault:?}: {told:?}"
            );
        }
    }
    for fault in &FAULTS {
        until_true(&fault.words(), PATIENCE, || {
            server.log().contains(&fault.words())
        });
        fault.mend(server.state());
    }
    for (fault, desk) in FAULTS.iter().zip(&mut desks) {
        let id = desk.push();
        desk.await_arrival(&fault.path(), &id);
        let mut feed = read_all(&desk.rest, &namespace_feed(fault.name));
        feed.retain(|event| !judge::is_audited(event));
        let own = read_all(&desk.rest, &desk.hosted.path("/events"));
        let pushes = if fault.name == "outbox" { 2 } else { 4 };
        let sequences: Vec<_> = own.iter().map(sequence).collect();
        let expected: Vec<_> = (1..=pushes + 1).collect();
        assert_eq!(sequences, expected, "{fault:?}");
        let without_place = |event: &serde_json::Value| {
            let mut event = event.clone();
            let metadata = event["metadata"].as_object_mut().unwrap();
            metadata.remove("namespaceSequence").unwrap();
            event
        };
        let shared: Vec<_> = feed.iter().map(without_place).collect();
        assert_eq!(own, shared, "{fault:?}");
        let is_push = |event: &&serde_json::Value| event["type"] == "cairn.repo.pushed";
        judge::delivered(&receivers, &fault.path(), feed.iter().filter(is_push));
    }
}
