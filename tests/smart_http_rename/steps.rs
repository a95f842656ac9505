//! Each write of a rename and of a transfer fails, by a trigger in the database of the object that writes.
//! Then the server is killed, or goes on: the repository has one name, the request repeated completes the
//! interrupted steps, and nothing is lost or left over.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};
use ureq::http::Method;

use super::support::databases::{database_of, database_of_namespace};
use super::support::git::Git;
use super::support::lfs_files::oid;
use super::support::receiver::Receiver;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait::until_true;
use super::{BACKGROUND, info_refs, listed};

/// The object whose write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The namespace in which the name is taken; for a rename it is the only one.
    Taking,
    /// The namespace that is left.
    Left,
    /// The repository.
    Repository,
    /// The object of the new name, which holds another repository.
    Name,
}

/// A write that fails, and perhaps another that would tidy up after it.
#[derive(Debug, Clone, Copy)]
struct Step {
    writes: &'static [(Of, &'static str)],
    /// Whether the name has changed all the same.
    is_renamed: bool,
}

const fn before(writes: &'static [(Of, &'static str)]) -> Step {
    Step {
        writes,
        is_renamed: false,
    }
}

const fn after(writes: &'static [(Of, &'static str)]) -> Step {
    Step {
        writes,
        is_renamed: true,
    }
}

const RENAME: [Step; 11] = [
    before(&[(Of::Taking, "DELETE ON former_name")]),
    before(&[(Of::Taking, "INSERT ON repository")]),
    before(&[(Of::Name, "INSERT ON forwarding")]),
    // The Worker frees the name again, or dies before that.
    before(&[
        (Of::Name, "INSERT ON forwarding"),
        (Of::Taking, "DELETE ON repository"),
    ]),
    before(&[(Of::Repository, "UPDATE OF name ON repository")]),
    before(&[
        (Of::Repository, "INSERT ON event"),
        (Of::Taking, "DELETE ON repository"),
    ]),
    after(&[(Of::Taking, "UPDATE OF state ON repository")]),
    after(&[(Of::Taking, "INSERT ON former_name")]),
    after(&[(Of::Taking, "DELETE ON repository")]),
    after(&[(Of::Taking, "INSERT ON event")]),
    after(&[(Of::Taking, "INSERT ON event_source")]),
];

const TRANSFER: [Step; 16] = [
    before(&[(Of::Taking, "INSERT ON repository")]),
    before(&[
        (Of::Name, "INSERT ON forwarding"),
        (Of::Taking, "DELETE ON repository"),
    ]),
    before(&[(Of::Repository, "INSERT ON event_outbox")]),
    before(&[(Of::Repository, "UPDATE OF namespace ON repository")]),
    before(&[
        (Of::Repository, "INSERT ON event"),
        (Of::Taking, "DELETE ON repository"),
    ]),
    after(&[(Of::Left, "DELETE ON repository")]),
    after(&[(Of::Left, "INSERT ON former_name")]),
    after(&[(Of::Taking, "INSERT ON event")]),
    after(&[(Of::Taking, "INSERT ON event_source")]),
    after(&[(Of::Taking, "INSERT ON webhook")]),
    after(&[(Of::Taking, "INSERT ON webhook_pending")]),
    after(&[(Of::Taking, "UPDATE OF state ON repository")]),
    after(&[(Of::Taking, "INSERT ON audit")]),
    after(&[(Of::Left, "INSERT ON event")]),
    after(&[(Of::Left, "UPDATE OF is_ending ON webhook")]),
    after(&[(Of::Left, "INSERT ON event_source")]),
];

/// A repository that is about to get another name, and everything that is to go along.
struct Case {
    step: Step,
    transfers: bool,
    number: usize,
    rest: Rest,
    old: Hosted,
    new: Hosted,
    id: String,
    /// The repository in the object of the new name.
    occupant: String,
    work: Git,
    hook: String,
    commits: Vec<String>,
}

const RULES: &str = r#"[["refs/heads/release/*", ["no-delete"]]]"#;
const LARGE: &[u8] = b"a large file";

impl Case {
    fn prepare(
        rest: &Rest,
        scratch: &Scratch,
        receiver: &Receiver,
        place: (usize, Step, bool),
    ) -> Self {
        let (number, step, transfers) = place;
        let kind = if transfers { "transfer" } else { "rename" };
        let from = format!("steps-{kind}-{number}");
        let to = if transfers {
            format!("{from}-to")
        } else {
            from.clone()
        };
        // Its object stays under the name that it leaves.
        let occupant = rest.create_repository(&to, "gadget");
        let path = occupant.path("/rename");
        let occupant = rest.post(&path, &json!({ "name": "occupant" })).result(200)["id"].clone();
        let (old, work) = scratch.pushed(rest, &from, "widget");
        let shown = rest
            .patch(&old.path(""), &json!({ "ref_rules": rules() }))
            .result(200);
        let hook = json!({
            "url": receiver.url(&format!("/{kind}/{number}")),
            "events": ["repo.pushed", "repo.renamed"],
        });
        let hook = rest.post(&old.path("/webhooks"), &hook).result(201);
        let new = Hosted {
            namespace: to,
            name: "gadget".to_owned(),
            remote: old
                .remote
                .replace(&format!("{from}/widget"), &format!("{from}/gadget")),
            ..old.clone()
        };
        let new = Hosted {
            remote: new
                .remote
                .replace(&format!("/{from}/"), &format!("/{}/", new.namespace)),
            ..new
        };
        let case = Self {
            step,
            transfers,
            number,
            rest: rest.clone(),
            old,
            new,
            id: shown["id"].as_str().unwrap().to_owned(),
            occupant: occupant.as_str().unwrap().to_owned(),
            work,
            hook: hook["id"].as_str().unwrap().to_owned(),
            commits: Vec::new(),
        };
        case.large_file("upload", &case.old);
        case
    }

    /// Asks for the large file. Uploads it if it is not there.
    fn large_file(&self, operation: &str, hosted: &Hosted) {
        let holder = self.rest.with_bearer(&hosted.token);
        let body = json!({
            "operation": operation,
            "objects": [{ "oid": oid(LARGE), "size": LARGE.len() }],
        });
        let kind = [("content-type", "application/vnd.git-lfs+json")];
        let path = hosted.git_path("info/lfs/objects/batch");
        let body = body.to_string();
        let answer = holder
            .send(Method::POST, &path, &kind, body.as_bytes())
            .json();
        let action = &answer["objects"][0]["actions"][operation];
        let href = action["href"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"));
        let path = &href[href.find("/git/").unwrap()..];
        if operation == "upload" {
            let kind = [("content-type", "application/octet-stream")];
            assert_eq!(holder.send(Method::PUT, path, &kind, LARGE).status, 200);
        } else {
            assert_eq!(holder.get(path).body, LARGE, "{self}");
        }
    }

    fn database(&self, state: &Path, of: Of) -> Connection {
        let of_repository = "SELECT 1 FROM repository WHERE id = ?1";
        match of {
            Of::Taking => database_of_namespace(state, &self.new.namespace),
            Of::Left => database_of_namespace(state, &self.old.namespace),
            Of::Repository => database_of(state, "RepoDo", of_repository, &self.id),
            Of::Name => database_of(state, "RepoDo", of_repository, &self.occupant),
        }
    }

    /// From now on the writes fail.
    fn inject(&self, state: &Path) {
        for (number, (of, write)) in self.step.writes.iter().enumerate() {
            let sql = format!(
                "CREATE TRIGGER injected_{number} BEFORE {write}
                    BEGIN SELECT RAISE(ABORT, 'injected: {self} {number}'); END"
            );
            self.database(state, *of).execute_batch(&sql).unwrap();
        }
    }

    fn mend(&self, state: &Path) {
        for (number, (of, _)) in self.step.writes.iter().enumerate() {
            let sql = format!("DROP TRIGGER injected_{number}");
            self.database(state, *of).execute_batch(&sql).unwrap();
        }
    }

    /// Asks for the new name, by the name that the repository has.
    fn rename(&self, by: &Hosted) -> u16 {
        let to = json!({ "name": self.new.name, "namespace": self.new.namespace });
        self.rest.post(&by.path("/rename"), &to).status
    }

    /// The name by which the repository answers; the other one leads there or to nothing.
    fn has_one_name(&self) -> &Hosted {
        let [new, old] = [&self.new, &self.old].map(|name| self.rest.get(&name.path("")));
        let (named, other, at) = match (new.status, old.status) {
            (200, status) => (&self.new, old, status),
            (status, 200) => (&self.old, new, status),
            (new, old) => panic!("{self}: {new} and {old}"),
        };
        assert!([301, 404].contains(&at), "{self}: {}", other.text());
        // Before its time the new name leads to the repository that left it.
        let is_former = std::ptr::eq(named, &raw const self.old);
        let leads = |to: &str| other.header("location").ends_with(to);
        if at == 301 && !(is_former && leads("/repos/occupant")) {
            assert!(leads(&named.path("")), "{self}");
        }
        named
    }

    fn push(&mut self) {
        let named = self.has_one_name().url();
        self.work
            .commit(&format!("after {} commits", self.commits.len()));
        self.work.run(&["push", "--quiet", &named, "HEAD:main"]);
        let commit = self.work.run(&["rev-parse", "HEAD"]);
        self.commits.push(commit.trim().to_owned());
    }

    /// Everything is as after a rename that went well.
    fn is_well(&self, receiver: &Receiver, state: &Path) {
        let (rest, new) = (&self.rest, &self.new);
        let shown = rest.get(&new.path("")).result(200);
        assert_eq!(shown["id"], self.id, "{self}");
        assert_eq!(shown["ref_rules"], rules(), "{self}");
        assert_eq!(info_refs(rest, &self.old).status, 301, "{self}");
        assert_eq!(info_refs(rest, new).status, 200, "{self}: its token");
        let tip = self.work.run(&["ls-remote", &new.url(), "main"]);
        assert!(
            tip.starts_with(self.commits.last().unwrap()),
            "{self}: {tip}"
        );
        self.large_file("download", new);
        until_true(&format!("{self}: the lists"), BACKGROUND, || {
            let left = listed(rest, &self.old.namespace);
            listed(rest, &new.namespace) == ["gadget", "occupant"]
                && (!self.transfers || left.is_empty())
        });
        let taken = self.database(state, Of::Taking);
        let left = self.database(state, Of::Left);
        until_true(&format!("{self}: nothing is left over"), BACKGROUND, || {
            let count = |database: &Connection, sql: &str| {
                database
                    .query_row(sql, [], |row| row.get::<_, i64>(0))
                    .unwrap()
            };
            let names = "SELECT count(*) FROM repository WHERE state = 'creating'";
            let hooks = "SELECT count(*) FROM webhook";
            let left_hooks = i64::from(!self.transfers);
            [&taken, &left]
                .iter()
                .all(|database| count(database, names) == 0)
                && (count(&taken, hooks), count(&left, hooks)) == (1, left_hooks)
        });
        let hooks = rest.get(&new.path("/webhooks")).result(200);
        let ids: Vec<_> = hooks
            .as_array()
            .unwrap()
            .iter()
            .map(|hook| &hook["id"])
            .collect();
        assert_eq!(ids, [&json!(self.hook)], "{self}");
        let own = rest.get(&new.path("/events?after=0&limit=100")).result(200);
        let own = own.as_array().unwrap();
        let sequences: Vec<_> = own
            .iter()
            .map(|event| event["metadata"]["sequence"].as_i64())
            .collect();
        let all: Vec<_> = (1..).map(Some).take(own.len()).collect();
        assert_eq!(sequences, all, "{self}");
        let renamed = |event: &&Value| event["type"] == "cairn.repo.renamed";
        assert_eq!(own.iter().filter(renamed).count(), 1, "{self}");
        self.was_delivered(receiver, own);
    }

    /// The webhook has got each event that it wants once. Those of before and after a transfer come from
    /// two objects, each in its order.
    fn was_delivered(&self, receiver: &Receiver, own: &[Value]) {
        let is_first = |event: &Value| event["payload"]["before"] == "0".repeat(40);
        let is_wanted = |event: &&Value| {
            let is_of = |kind| event["type"] == format!("cairn.repo.{kind}");
            // The first push came before the webhook. Its namespace may have heard of it later.
            is_of("renamed") || (is_of("pushed") && !is_first(event))
        };
        let id = |event: &Value| event["metadata"]["eventId"].clone();
        let mut wanted: Vec<_> = own.iter().filter(is_wanted).map(id).collect();
        let kind = if self.transfers { "transfer" } else { "rename" };
        let path = format!("POST /{kind}/{}", self.number);
        let delivered = || {
            let requests = receiver.received().into_iter();
            let mine = requests.filter(|request| request.target == path);
            let events = mine.map(|request| request.json());
            let events = events.filter(|event| !is_first(event));
            events.map(|event| id(&event)).collect::<Vec<_>>()
        };
        until_true(&format!("{self}: delivered"), BACKGROUND, || {
            delivered().len() >= wanted.len()
        });
        let mut delivered = delivered();
        if self.transfers {
            let sort = |ids: &mut Vec<Value>| ids.sort_by_key(Value::to_string);
            sort(&mut delivered);
            sort(&mut wanted);
        }
        assert_eq!(delivered, wanted, "{self}");
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.transfers { "transfer" } else { "rename" };
        let text = format!("{kind} {} {:?}", self.number, self.step.writes);
        f.write_str(&text.replace('"', ""))
    }
}

fn rules() -> Value {
    serde_json::from_str(RULES).unwrap()
}

/// Every step of both fails; then the server is killed, or not.
fn every_step_fails(is_killed: bool) {
    let mut server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let (rest, scratch, receiver) = (server.rest(), Scratch::new(), Receiver::start());
    let renames = RENAME.iter().map(|step| (*step, false));
    let steps = renames.chain(TRANSFER.iter().map(|step| (*step, true)));
    let mut cases: Vec<_> = steps
        .enumerate()
        .map(|(number, (step, transfers))| {
            let mut case = Case::prepare(&rest, &scratch, &receiver, (number, step, transfers));
            case.push();
            case
        })
        .collect();
    for case in &mut cases {
        case.inject(server.state());
        let status = case.rename(&case.old);
        let is_done = std::ptr::eq(case.has_one_name(), &raw const case.new);
        assert_eq!(is_done, case.step.is_renamed, "{case}: {status}");
        if case.step.is_renamed
            && !case
                .step
                .writes
                .contains(&(Of::Repository, "INSERT ON event"))
        {
            // It waits for its namespace.
            case.push();
        }
    }
    for case in &cases {
        // The object writes its lines by itself: they may come after the answers.
        until_true(&format!("{case} happens"), BACKGROUND, || {
            server.log().contains(&format!("injected: {case} 0"))
        });
    }
    if is_killed {
        server.crash();
    }
    for case in &mut cases {
        case.mend(server.state());
        let named = case.has_one_name();
        assert_eq!(case.rename(named), 200, "{case}");
        case.push();
    }
    for case in &cases {
        case.is_well(&receiver, server.state());
    }
}

#[test]
fn a_write_of_a_rename_or_transfer_that_fails_leaves_one_name_and_loses_nothing() {
    every_step_fails(false);
}

#[test]
fn a_rename_or_transfer_that_is_killed_at_any_step_leaves_one_name_and_loses_nothing() {
    every_step_fails(true);
}
