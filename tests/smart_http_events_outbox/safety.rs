//! The outbox keeps its promises: after a crash, over old data, and while the namespace lags.

use cairn::storage::db::schema::{NAMESPACE, REPOSITORY};
use rusqlite::Connection;

use super::books::{agreed, databases, id_of, kinds, own, taken_when};
use super::support::scratch::Scratch;
use super::support::server::Server;
use serde_json::json;

#[test]
fn a_push_that_was_reported_is_handed_over_after_a_crash() {
    let mut server = Server::start();
    let scratch = Scratch::new();
    let hosted = server.rest().create_repository("crash", "repository");
    let id = id_of(&server, &hosted);
    let work = scratch.repository("work");
    for round in 1..=6 {
        work.write("file", format!("{round}\n"));
        work.commit(&format!("commit {round}"));
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
        server.crash();
        // Any first request lets the object look.
        work.run(&["ls-remote", &hosted.url()]);
        assert_eq!(taken_when(&server, &id, round + 1).len(), round + 1);
    }
    let told = agreed(&server, &id);
    assert_eq!(told.len(), 7);
    assert!(kinds(&told)[1..].iter().all(|kind| *kind == "repo.pushed"));
}

#[test]
fn an_event_that_the_namespace_has_is_taken_once() {
    let mut server = Server::start();
    let scratch = Scratch::new();
    let (hosted, work) = scratch.pushed(&server.rest(), "twice", "repository");
    let id = id_of(&server, &hosted);
    agreed(&server, &id);
    // As if the answer to the last hand-over had been lost.
    server.restart_after(|state| {
        let files = databases(&state.join("data"), REPOSITORY);
        let database = Connection::open(&files[0]).unwrap();
        let changed = database.execute("UPDATE event_outbox SET handed_over = 0", []);
        assert_eq!(changed, Ok(1));
    });
    work.commit("more");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    assert_eq!(agreed(&server, &id).len(), 3);
}

#[test]
fn a_database_from_before_there_were_events_begins_at_one() {
    let mut server = Server::start();
    let scratch = Scratch::new();
    let (hosted, work) = scratch.pushed(&server.rest(), "older", "repository");
    let id = id_of(&server, &hosted);
    agreed(&server, &id);
    server.restart_after(|state| {
        let data = state.join("data");
        let older = "DROP TABLE downstream; DROP TABLE downstream_push;
            DROP TABLE upstream; DROP TABLE upstream_sync; DROP TABLE upstream_diverged;
            DROP TABLE forwarding; DROP TABLE ephemeral_ref;
            ALTER TABLE token DROP COLUMN refs;
            ALTER TABLE repository DROP COLUMN ref_rules;
            ALTER TABLE repository DROP COLUMN pre_receive;
            ALTER TABLE repository DROP COLUMN push_protection;
            ALTER TABLE repository DROP COLUMN bytes_max;
            ALTER TABLE repository DROP COLUMN expires_at;
            ALTER TABLE repository DROP COLUMN idle_ttl_seconds;
            ALTER TABLE repository DROP COLUMN expiry_told;
            ALTER TABLE repository DROP COLUMN deleted_at;
            ALTER TABLE repository DROP COLUMN used_at;
            ALTER TABLE repository DROP COLUMN purge_at;
            ALTER TABLE repository DROP COLUMN deleted_object;
            ALTER TABLE repository DROP COLUMN standing;
            DROP TABLE lfs_object; DROP TABLE lfs_account; DROP TABLE lfs_lock;
            DROP TABLE import_lfs; ALTER TABLE origin_report DROP COLUMN lfs;
            ALTER TABLE import DROP COLUMN lfs_after; ALTER TABLE import DROP COLUMN lfs_pass;
            ALTER TABLE import DROP COLUMN lfs; ALTER TABLE import DROP COLUMN refs;
            DROP TABLE event; DROP TABLE event_outbox;
            ALTER TABLE repository DROP COLUMN fetch_events;
            ALTER TABLE import DROP COLUMN asked_by;
            UPDATE schema_version SET version = 13;";
        let file = &databases(&data, REPOSITORY)[0];
        Connection::open(file)
            .unwrap()
            .execute_batch(older)
            .unwrap();
        let older = "DROP TABLE place; DROP TABLE room_claim;
            DROP TABLE revoked_signed_token; DROP TABLE usage_day;
            DROP TABLE deleted_repository; DROP TABLE former_name; DROP TABLE audit;
            ALTER TABLE token DROP COLUMN refs;
            ALTER TABLE namespace DROP COLUMN read_only;
            ALTER TABLE namespace DROP COLUMN suspended;
            ALTER TABLE namespace DROP COLUMN token_epoch;
            ALTER TABLE namespace DROP COLUMN standing_version;
            ALTER TABLE namespace DROP COLUMN standing_told;
            ALTER TABLE namespace DROP COLUMN bytes_max;
            ALTER TABLE namespace DROP COLUMN repos_max;
            ALTER TABLE namespace DROP COLUMN issuers;
            ALTER TABLE repository DROP COLUMN size_bytes;
            ALTER TABLE repository DROP COLUMN object_count;
            ALTER TABLE repository DROP COLUMN lfs_bytes;
            ALTER TABLE repository DROP COLUMN database_bytes;
            ALTER TABLE repository DROP COLUMN r2_bytes;
            ALTER TABLE repository DROP COLUMN expires_at;
            DROP TABLE event; DROP TABLE event_source; DROP TABLE event_queue;
            DROP TABLE webhook; DROP TABLE webhook_pending; DROP TABLE webhook_deletion;
            UPDATE schema_version SET version = 4;";
        let file = &databases(&data, NAMESPACE)[0];
        Connection::open(file)
            .unwrap()
            .execute_batch(older)
            .unwrap();
    });
    work.run(&["ls-remote", &hosted.url()]);
    assert!(
        own(&server, &id).is_empty(),
        "nothing is made up about the past"
    );
    work.commit("more");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let told = agreed(&server, &id);
    assert_eq!((told[0].sequence, kinds(&told)), (1, vec!["repo.pushed"]));
}

#[test]
fn only_so_many_events_are_kept_and_the_numbers_go_on() {
    let server = Server::start_with(&[("CAIRN_EVENTS_MAX", "3")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let hosted = rest.create_repository("kept", "repository");
    let id = id_of(&server, &hosted);
    let work = scratch.repository("work");
    let push = |round: usize| {
        work.write("file", format!("{round}\n"));
        work.commit(&format!("commit {round}"));
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
    };
    (1..=6).for_each(push);
    agreed(&server, &id);
    let run = json!({"task": "run"});
    rest.post(&hosted.path("/maintenance"), &run).result(200);
    let numbers = || {
        let own = own(&server, &id);
        own.iter().map(|told| told.sequence).collect::<Vec<_>>()
    };
    assert_eq!(numbers(), [5, 6, 7]);
    push(7);
    assert_eq!(numbers(), [5, 6, 7, 8]);
    let last = taken_when(&server, &id, 8).pop().unwrap();
    assert_eq!(last.sequence, 8);
}

#[test]
fn the_alarm_hands_over_events_without_a_request() {
    let mut server = Server::start_with(&[("CAIRN_SETTLE_SECONDS", "3")]);
    let scratch = Scratch::new();
    let (hosted, _) = scratch.pushed(&server.rest(), "alarm", "repository");
    let id = id_of(&server, &hosted);
    agreed(&server, &id);
    // As if the object had ended between the push's row and its hand-over.
    server.restart_after(|state| {
        let data = state.join("data");
        let set_back = |schema, sql| {
            let file = &databases(&data, schema)[0];
            Connection::open(file).unwrap().execute_batch(sql).unwrap();
        };
        set_back(REPOSITORY, "UPDATE event_outbox SET handed_over = 1");
        let sql = "DELETE FROM event WHERE source_sequence = 2; UPDATE event_source SET taken = 1";
        set_back(NAMESPACE, sql);
    });
    let told = taken_when(&server, &id, 2);
    assert_eq!(kinds(&told), ["repo.created", "repo.pushed"]);
}
