//! The reflog, read.

use cairn::storage::db::sql::Database;
use cairn::storage::repository::publication::{Actor, Publication};
use cairn::storage::repository::reflog_page::{LOOKED_AT_MAX, ReflogEntry};
use cairn::storage::repository::store::RepoStore;
use gix_object::bstr::BStr;

use super::{NOW, change, created, id, must_change, publication, update};

crate::contract::cases![
    an_entry_says_who_changed_what_when_and_how,
    refused_changes_leave_no_entry,
    a_walk_sees_each_entry_once_while_others_write,
    the_entries_of_one_ref_outlive_it,
    a_page_of_one_ref_looks_at_a_bounded_number_of_entries,
    what_has_expired_ends_the_walk,
];

/// Moves a branch so many times, from 1 to 2 and back, beginning with its creation.
fn move_branch<D: Database>(store: &RepoStore<D>, name: &str, times: u8) {
    must_change(store, vec![update(name, None, Some(1))]);
    for time in 1..times {
        let (old, new) = (1 + (time + 1) % 2, 1 + time % 2);
        must_change(store, vec![update(name, Some(old), Some(new))]);
    }
}

/// All entries, in pages of this size; before each page but the first `between` is done.
fn walk<D: Database>(
    store: &RepoStore<D>,
    name: Option<&str>,
    limit: u32,
    mut between: impl FnMut(),
) -> Vec<ReflogEntry> {
    let mut all = Vec::new();
    let mut next = None;
    loop {
        let page = store.reflog_page(name.map(BStr::new), next, limit).unwrap();
        assert!(page.entries.len() <= limit as usize);
        all.extend(page.entries);
        next = page.next;
        if next.is_none() {
            return all;
        }
        between();
    }
}

fn numbers(entries: &[ReflogEntry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.seq).collect()
}

fn an_entry_says_who_changed_what_when_and_how<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let push = Publication {
        actor: Actor {
            token_id: Some("0123456789abcdef".to_owned()),
            label: Some("ci".to_owned()),
        },
        push_options: vec!["ci.skip".into(), "x=1".into()],
        ..publication(
            None,
            vec![
                update("refs/heads/a", None, Some(1)),
                update("refs/heads/b", None, Some(2)),
            ],
        )
    };
    store.publish(&push).unwrap();
    let deleted = vec![update("refs/heads/a", Some(1), None)];
    must_change(&store, deleted);
    let page = store.reflog_page(None, None, 10).unwrap();
    let entry = |seq, name: &str, old: Option<u8>, new: Option<u8>| ReflogEntry {
        seq,
        push_seq: 1,
        name: name.into(),
        old: old.map(id),
        new: new.map(id),
        at_ms: NOW + 1,
        actor: push.actor.clone(),
        push_options: vec!["ci.skip".to_owned(), "x=1".to_owned()],
    };
    let by_operator = ReflogEntry {
        push_seq: 3,
        actor: Actor::default(),
        push_options: Vec::new(),
        ..entry(3, "refs/heads/a", Some(1), None)
    };
    let expect = [
        by_operator,
        entry(2, "refs/heads/b", None, Some(2)),
        entry(1, "refs/heads/a", None, Some(1)),
    ];
    assert_eq!((page.entries.as_slice(), page.next), (&expect[..], None));
    assert_eq!(store.reflog_entry(3), Ok(Some(expect[0].clone())));
    assert_eq!(store.reflog_entry(4), Ok(None));
}

fn refused_changes_leave_no_entry<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/a", None, Some(1))]);
    change(&store, vec![update("refs/heads/a", Some(7), Some(2))]);
    change(&store, vec![update("refs/heads/a/b", None, Some(2))]);
    assert_eq!(numbers(&walk(&store, None, 9, || ())), [1]);
}

fn a_walk_sees_each_entry_once_while_others_write<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    move_branch(&store, "refs/heads/main", 20);
    move_branch(&store, "refs/heads/other", 21);
    for limit in [1, 3, 40, 41, 42] {
        let last = numbers(&walk(&store, None, 999, || ()))[0];
        let mut moved = 0;
        let seen = walk(&store, None, limit, || {
            moved += 1;
            let name = format!("refs/heads/new-{limit}-{moved}");
            must_change(&store, vec![update(&name, None, Some(1))]);
        });
        let expect: Vec<_> = (1..=last).rev().collect();
        assert_eq!(numbers(&seen), expect, "by {limit}");
    }
}

fn the_entries_of_one_ref_outlive_it<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    move_branch(&store, "refs/heads/topic", 3);
    move_branch(&store, "refs/heads/topic-2", 3);
    must_change(&store, vec![update("refs/heads/topic", Some(1), None)]);
    for limit in [1, 2, 4, 5] {
        let seen = walk(&store, Some("refs/heads/topic"), limit, || ());
        assert_eq!(numbers(&seen), [7, 3, 2, 1], "by {limit}");
    }
    let none = walk(&store, Some("refs/heads/to"), 3, || ());
    assert!(none.is_empty(), "{none:?}");
}

fn a_page_of_one_ref_looks_at_a_bounded_number_of_entries<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/rare", None, Some(1))]);
    let sql = "INSERT INTO reflog (seq, push_seq, name, old, new, at)
        WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        SELECT i, i, x'726566732f68656164732f62757379', NULL, NULL, 1 FROM n";
    let count = i64::from(2 * LOOKED_AT_MAX + 10);
    store.database().execute(sql, &[count.into()]).unwrap();
    let rows = store.database().rows_read();
    let name = Some(BStr::new("refs/heads/rare"));
    let page = store.reflog_page(name, None, 10).unwrap();
    assert_eq!(page.entries, []);
    assert_eq!(page.next, Some(count + 1 - i64::from(LOOKED_AT_MAX)));
    let rows = store.database().rows_read() - rows;
    assert!(rows <= u64::from(LOOKED_AT_MAX) + 3, "{rows}");
    let mut pages = 0;
    let seen = walk(&store, Some("refs/heads/rare"), 10, || pages += 1);
    assert_eq!((numbers(&seen), pages), (vec![1], 2));
}

fn what_has_expired_ends_the_walk<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    move_branch(&store, "refs/heads/main", 9);
    let page = store.reflog_page(None, None, 2).unwrap();
    assert_eq!((numbers(&page.entries), page.next), (vec![9, 8], Some(8)));
    store.expire_reflog(NOW + 2, 6).unwrap();
    let page = store.reflog_page(None, page.next, 2).unwrap();
    assert_eq!((numbers(&page.entries), page.next), (vec![7], None));
    store.expire_reflog(NOW + 2, 99).unwrap();
    let page = store.reflog_page(None, page.next, 2).unwrap();
    assert_eq!(numbers(&page.entries), [9]);
}
