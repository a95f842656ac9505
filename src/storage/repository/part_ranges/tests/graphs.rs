//! Commit graphs read by pages from a real database.

use std::rc::Rc;

use super::super::super::testing::new_repository;
use super::*;
use crate::git::graph::ancestry::is_ancestor;
use crate::git::graph::commits::{CommitGraph, CommitNode};
use crate::git::graph::segment::{NewCommit, NewParent, SegmentBuilder};
use crate::git::store::PackRecord;

type Paged = RepoStore<Rc<RusqliteDatabase>>;

/// A store with the graph of one line of so many commits, in the rows that a push writes.
fn stored_line(commits: u32) -> (Paged, PackRecord) {
    let db = Rc::new(RusqliteDatabase::in_memory().unwrap());
    let store = RepoStore::new(db, Box::new(|| 0)).with_paged_graphs();
    store.create(&new_repository(0)).unwrap();
    let mut builder = SegmentBuilder::new(Vec::new(), 0);
    for number in 0..commits {
        let commit = NewCommit {
            commit_id: id_of(number),
            tree_id: id_of(number + commits),
            time_seconds: u64::from(number),
        };
        let parent = number.checked_sub(1).map(NewParent::Local);
        builder.push(&commit, parent.as_slice()).unwrap().unwrap();
    }
    let pack_id = store.open_pack().unwrap();
    for (number, row) in (0..).zip(builder.finish().unwrap().rows()) {
        let row = row.unwrap();
        store.put_part(pack_id, Part::Graph, number, &row).unwrap();
    }
    let record = PackRecord {
        pack_id,
        pack_bytes: 0,
        object_count: commits,
    };
    (store, record)
}

/// Asks as a fetch of one commit does: whether the client's commit, which is ten commits old, is here, and
/// is an ancestor of the last one; and for a commit that is not here.
fn ask(graph: &CommitGraph, commits: u32) -> Result<(), StoreError> {
    let last = graph.lookup(&id_of(commits - 1))?.unwrap();
    let have = graph.lookup(&id_of(commits - 11))?.unwrap();
    assert_eq!(graph.lookup(&id_of(commits * 3))?, None);
    assert!(is_ancestor(graph, have, last)?);
    assert!(!is_ancestor(graph, last, have)?);
    let (tree, date) = (graph.tree_id(last)?, graph.time_seconds(last)?);
    assert_eq!(
        (tree, date),
        (id_of(commits * 2 - 1), u64::from(commits) - 1)
    );
    Ok(())
}

#[test]
fn a_question_to_a_graph_costs_the_same_at_any_size() {
    // Beside pages only the lengths of rows are read, a row for every 1,928 commits.
    for (commits, lengths) in [(20_000, 11), (400_000, 208)] {
        let (store, record) = stored_line(commits);
        let (rows, bytes) = (store.db.rows_read(), cached_bytes().0);
        let graph = CommitGraph::open(&store, &[record]).unwrap();
        ask(&graph, commits).unwrap();
        let rows = store.db.rows_read() - rows;
        assert!(rows <= 24 + lengths, "{rows} rows of {commits} commits");
        let bytes = cached_bytes().0 - bytes + graph.bytes();
        assert!(bytes <= 300 << 10, "{bytes} bytes of {commits} commits");
        // The last questions' pages are still here, whether or not the cache has them.
        store.lease.forget_pack(record.pack_id);
        assert_eq!(
            graph
                .lookup(&id_of(commits - 1))
                .unwrap()
                .map(CommitNode::index),
            usize::try_from(commits - 1).ok()
        );
    }
}

#[test]
fn a_graph_outlives_its_store() {
    let (store, record) = stored_line(20_000);
    let graph = CommitGraph::open(&store, &[record]).unwrap();
    drop(store);
    ask(&graph, 20_000).unwrap();
}

#[test]
fn a_small_graph_is_read_whole() {
    let (store, record) = stored_line(2_000);
    let statements = store.db.statements();
    let graph = CommitGraph::open(&store, &[record]).unwrap();
    ask(&graph, 2_000).unwrap();
    assert_eq!(store.db.statements() - statements, 1);
}

#[test]
fn the_graph_of_a_cold_pack_is_read_by_pages_too() {
    let (store, record) = stored_line(60_000);
    let mut after = None;
    while let Some(key) = store.deflate_part_row(record.pack_id, after).unwrap() {
        after = Some(key);
    }
    let rows = store
        .parts()
        .deflated_row_lengths(record.pack_id, Part::Graph);
    assert!(rows.unwrap().len() > 2);
    let graph = CommitGraph::open(&store, &[record]).unwrap();
    ask(&graph, 60_000).unwrap();
    assert!(graph.bytes() < 200 << 10);
}

/// Without any one of its rows the graph either answers, or says whose graph is damaged.
#[test]
fn a_missing_or_short_row_is_an_error_that_names_the_part() {
    let commits = 20_000;
    let (_, record) = stored_line(commits);
    let (what, pack) = ("the commit graph", record.pack_id.0);
    let (mut failed, rows) = (0, 11);
    for number in 0..rows {
        for is_short in [false, true] {
            let (store, record) = stored_line(commits);
            let key = part_key(record.pack_id, Part::Graph, number);
            let sql = if is_short {
                "UPDATE pack_part SET bytes = substr(bytes, 1, length(bytes) - 3) WHERE part_key = ?1"
            } else {
                "DELETE FROM pack_part WHERE part_key = ?1"
            };
            // The ends of the rows are known already, as in an isolate that has worked for a while.
            store
                .part_range(record.pack_id, Part::Graph, 0..20)
                .unwrap();
            store.db.execute(sql, &[key.into()]).unwrap();
            let graph = CommitGraph::open(&store, &[record]);
            let answered = graph.and_then(|graph| {
                for number in (0..commits).step_by(500) {
                    let node = graph.lookup(&id_of(number))?.unwrap();
                    graph.parents(node, &mut Vec::new())?;
                    graph.generation(node)?;
                    graph.tree_id(node)?;
                    graph.time_seconds(node)?;
                }
                Ok(())
            });
            let corrupt = [
                StoreError::Corrupt { what, pack },
                StoreError::Corrupt {
                    what: "commit graph",
                    pack,
                },
            ];
            if let Err(error) = answered {
                failed += 1;
                assert!(corrupt.contains(&error), "{error}");
            }
        }
    }
    assert!(failed >= 2 * (rows - 1), "{failed}");
}
