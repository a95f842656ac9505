//! The store contract on SQLite itself, and with faults.
//!
//! The cases stand in `contract/` and know nothing of the database under them, so that the same
//! suite can run on a Durable Object's.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that panics is a test that fails; clippy sees only the functions marked so"
)]

mod contract;
#[path = "contract/model.rs"]
mod model;

use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use proptest::prelude::*;

fn open() -> RusqliteDatabase {
    RusqliteDatabase::in_memory().unwrap()
}

fn run(cases: &[contract::Case<RusqliteDatabase>]) {
    for (name, case) in cases {
        println!("{name}");
        case(&open);
    }
}

#[test]
fn databases() {
    run(&contract::database::cases());
}

#[test]
fn packs() {
    run(&contract::packs::cases());
}

#[test]
fn refs() {
    run(&contract::refs::cases());
}

#[test]
fn put_blobs() {
    run(&contract::put_blobs::cases());
}

#[test]
fn events() {
    run(&contract::events::cases());
}

#[test]
fn idempotency() {
    run(&contract::idempotency::cases());
}

#[test]
fn reflogs() {
    run(&contract::reflog::cases());
}

#[test]
fn publishing() {
    run(&contract::publish::cases());
}

#[test]
fn sweeping() {
    run(&contract::sweep::cases());
}

#[test]
fn upkeep() {
    run(&contract::upkeep::cases());
}

#[test]
fn recovering() {
    run(&contract::recovery::cases());
}

#[test]
fn snapshots() {
    run(&contract::snapshots::cases());
}

#[test]
fn tokens() {
    run(&contract::tokens::cases());
}

#[test]
fn repository_records() {
    run(&contract::repository::cases());
}

#[test]
fn import_lfs() {
    run(&contract::import_lfs::cases());
}

#[test]
fn imports() {
    run(&contract::imports::cases());
}

#[test]
fn namespaces() {
    run(&contract::namespace::cases());
}

#[test]
fn crowds() {
    run(&contract::crowd::cases());
}

#[test]
#[ignore = "a measurement, which judges nothing"]
fn how_long_the_lists_of_a_crowd_take() {
    contract::crowd::measure(&open);
}

#[test]
fn forks() {
    run(&contract::fork::cases());
}

#[test]
fn lives() {
    run(&contract::lives::cases());
}

#[test]
fn networks() {
    run(&contract::network::cases());
}

#[test]
fn faults() {
    run(&contract::faults::cases());
}

#[test]
fn a_repository_survives_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("repository.sqlite");
    let pack_id = {
        let store = contract::created(RusqliteDatabase::open(&path).unwrap());
        contract::push_main(&store, None, 1).pack_id
    };
    let store = contract::reopened(RusqliteDatabase::open(&path).unwrap());
    contract::check_refs(&store, &[("refs/heads/main", 1)]);
    contract::check_live(&store, &[pack_id]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_network_agrees_with_a_model(steps in contract::network::steps()) {
        contract::network::check(open(), &steps);
    }

    #[test]
    fn publishing_agrees_with_a_model(packed in model::packed(), pushes in model::pushes()) {
        model::check(open(), &packed, &pushes);
    }
}
