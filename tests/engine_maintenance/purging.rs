//! A purge, and one whose writes fail: each once, with and without effect.

use std::collections::BTreeSet;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::limits::Limits;
use cairn::git::maintenance::merge::Merge;
use cairn::git::maintenance::reach::Reach;
use cairn::git::maintenance::step::Step;
use cairn::git::pack::reader::LivePacks;
use cairn::git::store::{PackStore as _, ReadError};
use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::db::sql::Database;
use cairn::storage::repository::sweep::Sweep;
use gix_hash::ObjectId;

use super::faulty::Faulty;
use super::hosted::{NOW, Source, Store, create, created, push, woken};
use super::judge;
use super::pruning::{has, move_ref};

/// Removes objects that the roots do not reach, in the steps of a purge: the reflog keeps nothing any more,
/// packs are rewritten from the newest to the oldest, replaced packs go at once.
fn purge<D: Database>(store: &Rc<Store<D>>, roots: &[ObjectId]) -> Result<(), ReadError> {
    store.forget_reflog_ids()?;
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT)?;
    let graph = CommitGraph::open(&**store, packs.records())?;
    let mut reach = Reach::new(&packs, &graph).without_bases();
    for root in roots {
        assert!(reach.add_root(&packs, &graph, *root).unwrap());
    }
    while reach.step(&packs, &graph, 10).unwrap() == Step::More {}
    let reached = reach.finish();
    let mut renamed = Vec::new();
    for pack in (0..packs.pack_count()).rev() {
        let is_whole = reached.has_all(&graph, pack);
        if is_whole && !reached.leans_on_dead(&packs, pack)? {
            continue;
        }
        let mut merge = Merge::new(pack..pack + 1, Some(Rc::clone(&reached)));
        while merge.step(&packs, &graph, &**store, 1 << 20)? == Step::More {}
        let merged = merge.finish(&packs, &graph, &renamed).unwrap().unwrap();
        let new = store.publish_merged(&merged, NOW + 1)?;
        renamed.push((packs.records()[pack as usize].pack_id, new.pack_id));
    }
    store.note_prune(NOW, store.last_reflog_seq()?)?;
    let in_progress = BTreeSet::new();
    let sweep = Sweep {
        now_ms: NOW + 1,
        grace_ms: 0,
        superseded_until_ms: NOW + 1,
        rows_max: 5,
        in_progress: &in_progress,
        scrubs: true,
    };
    while store.sweep(sweep)? {}
    Ok(())
}

/// Objects of the live packs.
fn count<D: Database>(store: &Rc<Store<D>>) -> u64 {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT).unwrap();
    let counts = packs.records().iter();
    counts.map(|pack| u64::from(pack.object_count)).sum()
}

/// A main line, some of whose deltas have bases that only a deleted branch had; gives the tip of the
/// one and of the other.
fn squashed<D: Database>(store: &Rc<Store<D>>, source: &mut Source) -> (ObjectId, ObjectId) {
    let first = source.commit("main", 6);
    push(store, source, "refs/heads/main", None, first);
    super::hosted::git(source.path(), &["branch", "topic", "main"], b"");
    let topic = source.commit("topic", 8);
    push(store, source, "refs/heads/topic", None, topic);
    // Deltas on the topic's files: the main line goes on from its files.
    super::hosted::git(source.path(), &["branch", "-f", "main", "topic"], b"");
    let squashed = format!("{topic}^{{tree}}");
    let squashed = super::hosted::text(
        source.path(),
        &[
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.com",
            "commit-tree",
            "-m",
            "squashed",
            "-p",
            &first.to_string(),
            &squashed,
        ],
    );
    super::hosted::git(source.path(), &["branch", "-f", "main", &squashed], b"");
    let second = source.commit("main", 5);
    push(store, source, "refs/heads/main", Some(first), second);
    move_ref(store, "refs/heads/topic", topic, None);
    super::hosted::git(source.path(), &["branch", "-D", "topic"], b"");
    (second, topic)
}

#[test]
fn a_purge_keeps_no_base_that_no_ref_reaches() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let (second, topic) = squashed(&store, &mut source);
    purge(&store, &[second]).unwrap();
    let reached = super::hosted::text(source.path(), &["rev-list", "--objects", "main"]);
    assert_eq!(
        count(&store),
        reached.lines().count() as u64,
        "nothing else is left"
    );
    assert!(!has(&store, &topic));
    judge::check(&store, source.path());
    let before = count(&store);
    purge(&store, &[second]).unwrap();
    assert_eq!(count(&store), before);
}

/// The stored rows, without the numbers of packs.
fn state<D: Database>(store: &Rc<Store<D>>) -> String {
    let counts = store.counts().unwrap();
    let live = store.live_packs().unwrap();
    let live: Vec<_> = live
        .iter()
        .map(|pack| (pack.pack_bytes, pack.object_count))
        .collect();
    let rows = (counts.chunk_rows, counts.part_rows);
    let packs = (counts.superseded_packs, counts.quarantined_packs);
    let purged = store.purged_reflog_seq();
    format!(
        "{live:?} {rows:?} {packs:?} {:?} {purged:?}",
        store.retention()
    )
}

#[test]
fn a_purge_that_fails_anywhere_keeps_reached_objects_and_finishes_when_repeated() {
    let (folder, mut source) = (tempfile::tempdir().unwrap(), Source::new());
    let (made, copy) = (folder.path().join("made"), folder.path().join("copy"));
    let store = Rc::new(create(RusqliteDatabase::open(&made).unwrap()));
    let (kept, removed) = squashed(&store, &mut source);
    drop(store);
    let mut expected = None;
    for persisted in [false, true] {
        let mut nth = 0;
        loop {
            std::fs::copy(&made, &copy).unwrap();
            let db = RusqliteDatabase::open(&copy).unwrap();
            let store = Rc::new(woken(Faulty::new(&db, nth, persisted)));
            let purged = purge(&store, &[kept]);
            let struck = store.database().has_struck();
            assert_eq!(purged.is_err(), struck, "write {nth}");
            // Valid in the memory that saw the fault, and after a restart.
            judge::check(&store, source.path());
            drop(store);
            let store = Rc::new(woken(&db));
            judge::check(&store, source.path());
            if struck {
                purge(&store, &[kept]).unwrap();
                judge::check(&store, source.path());
            }
            assert!(!has(&store, &removed), "write {nth}");
            let found = state(&store);
            let expected = expected.get_or_insert_with(|| found.clone());
            assert_eq!(found, *expected, "write {nth}");
            if !struck {
                break;
            }
            nth += 1;
            assert!(nth < 99, "a purge has an end");
        }
        assert!(nth >= 20, "every write was reached, {nth} seen");
    }
}
