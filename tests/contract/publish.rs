//! Publishing a push.

use cairn::git::store::{CHUNK_BYTES, PackStore, Part, Quarantine, StoreError};
use cairn::storage::db::sql::{Database, in_transaction, query_all};
use cairn::storage::repository::publication::{Actor, PackPublication, Publication, RefOutcome};

use super::{
    NOW, change, check_live, check_refs, created, id, must_change, publication, push_main, update,
    write_pack,
};

crate::contract::cases![
    refs_and_objects_become_visible_together,
    an_old_id_that_differs_is_stale,
    each_ref_stands_for_itself,
    atomic_is_all_or_none,
    a_ref_cannot_be_a_directory_too,
    a_deletion_makes_way_in_the_same_push,
    two_updates_of_one_ref_do_not_both_win,
    a_pack_without_a_ref_is_removed,
    a_brought_pack_goes_live_before_the_one_that_builds_on_it,
    a_brought_pack_goes_with_the_change_that_was_refused,
    deleting_alone_publishes_no_pack,
    an_incomplete_pack_is_refused,
    a_pack_is_published_once,
    a_push_is_logged,
    a_push_of_one_commit_writes_few_rows,
    bytes_and_names_fit_one_transaction,
    nothing_changed_is_nothing_written,
];

fn stale(actual: Option<u8>) -> RefOutcome {
    RefOutcome::Stale {
        actual: actual.map(id),
    }
}

fn conflict(with: &str) -> RefOutcome {
    RefOutcome::Conflict { with: with.into() }
}

fn refs_and_objects_become_visible_together<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let first = push_main(&store, None, 1);
    let second = push_main(&store, Some(1), 2);
    check_refs(&store, &[("refs/heads/main", 2)]);
    check_live(&store, &[first.pack_id, second.pack_id]);
    let record = store.load().unwrap().unwrap();
    assert_eq!(
        (record.updated_at, record.last_push_at),
        (NOW + 1, Some(NOW + 1))
    );
}

fn an_old_id_that_differs_is_stale<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/main", None, Some(1))]);
    for (name, old, new, actual) in [
        ("refs/heads/main", Some(2), Some(3), Some(1)),
        ("refs/heads/main", None, Some(3), Some(1)),
        ("refs/heads/main", Some(2), None, Some(1)),
        ("refs/heads/other", Some(2), Some(3), None),
        ("refs/heads/other", Some(2), None, None),
    ] {
        assert_eq!(
            change(&store, vec![update(name, old, new)]),
            [stale(actual)]
        );
    }
    check_refs(&store, &[("refs/heads/main", 1)]);
    must_change(&store, vec![update("refs/heads/main", Some(1), None)]);
    check_refs(&store, &[]);
}

fn each_ref_stands_for_itself<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let updates = vec![
        update("refs/heads/a", None, Some(1)),
        update("refs/heads/b", Some(9), Some(1)),
        update("refs/heads/c", None, Some(1)),
    ];
    let expect = [RefOutcome::Updated, stale(None), RefOutcome::Updated];
    assert_eq!(change(&store, updates), expect);
    check_refs(&store, &[("refs/heads/a", 1), ("refs/heads/c", 1)]);
}

fn atomic_is_all_or_none<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/old", None, Some(1))]);
    let before = store.load();
    let pack = write_pack(&store, 10, 2).unwrap();
    let updates = vec![
        update("refs/heads/new", None, Some(2)),
        update("refs/heads/old", Some(1), None),
        update("refs/heads/stale", Some(9), Some(2)),
        update("refs/heads/new/below", None, Some(2)),
    ];
    let mut push = Publication {
        atomic: true,
        ..publication(Some(pack), updates)
    };
    let expect = [
        RefOutcome::Aborted,
        RefOutcome::Aborted,
        stale(None),
        conflict("refs/heads/new"),
    ];
    assert_eq!(store.publish(&push).unwrap(), expect);
    check_refs(&store, &[("refs/heads/old", 1)]);
    check_live(&store, &[]);
    assert_eq!(store.load(), before);
    assert_eq!(store.counts().unwrap().reflog_rows, 1);

    push.updates.truncate(2);
    push.pack = Some(write_pack(&store, 10, 2).unwrap());
    assert_eq!(
        store.publish(&push).unwrap(),
        [RefOutcome::Updated, RefOutcome::Updated]
    );
    check_refs(&store, &[("refs/heads/new", 2)]);
}

fn a_ref_cannot_be_a_directory_too<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/a/b", None, Some(1))]);
    let updates = vec![
        update("refs/heads/a", None, Some(1)),
        update("refs/heads/a/b/c", None, Some(1)),
        update("refs/heads/x/y", None, Some(1)),
        update("refs/heads/x", None, Some(1)),
        update("refs/heads/x/y/z", None, Some(1)),
    ];
    let expect = [
        conflict("refs/heads/a/b"),
        conflict("refs/heads/a/b"),
        RefOutcome::Updated,
        conflict("refs/heads/x/y"),
        conflict("refs/heads/x/y"),
    ];
    assert_eq!(change(&store, updates), expect);
    check_refs(&store, &[("refs/heads/a/b", 1), ("refs/heads/x/y", 1)]);
}

fn a_deletion_makes_way_in_the_same_push<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/a", None, Some(1))]);
    must_change(
        &store,
        vec![
            update("refs/heads/a/b", None, Some(1)),
            update("refs/heads/a", Some(1), None),
        ],
    );
    check_refs(&store, &[("refs/heads/a/b", 1)]);
}

fn two_updates_of_one_ref_do_not_both_win<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let updates = vec![
        update("refs/heads/a", None, Some(1)),
        update("refs/heads/a", None, Some(2)),
    ];
    assert_eq!(
        change(&store, updates),
        [RefOutcome::Updated, stale(Some(1))]
    );
    check_refs(&store, &[("refs/heads/a", 1)]);
}

fn a_brought_pack_goes_live_before_the_one_that_builds_on_it<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let first = push_main(&store, None, 1);
    let pack = write_pack(&store, 10, 2).unwrap();
    let brought = write_pack(&store, 10, 3).unwrap();
    let updates = vec![update("refs/heads/main", Some(1), Some(2))];
    let publish = Publication {
        brought: Some(brought),
        ..publication(Some(pack), updates)
    };
    assert_eq!(store.publish(&publish).unwrap(), [RefOutcome::Updated]);
    let order = [first.pack_id, brought.pack_id, pack.pack_id];
    check_live(&store, &order);
    // A ref may go to the brought commit, and the next pack builds on it.
    let alone = write_pack(&store, 10, 4).unwrap();
    let updates = vec![update("refs/heads/main", Some(2), Some(4))];
    let publish = Publication {
        brought: Some(alone),
        ..publication(None, updates)
    };
    assert_eq!(store.publish(&publish).unwrap(), [RefOutcome::Updated]);
    let last = push_main(&store, Some(4), 5);
    let [first, brought, pack] = order;
    check_live(&store, &[first, brought, pack, alone.pack_id, last.pack_id]);
}

fn a_brought_pack_goes_with_the_change_that_was_refused<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    push_main(&store, None, 1);
    let before = (store.counts().unwrap(), store.load());
    let publish = Publication {
        brought: Some(write_pack(&store, CHUNK_BYTES + 1, 2).unwrap()),
        ..publication(
            Some(write_pack(&store, 10, 3).unwrap()),
            vec![update("refs/heads/main", Some(9), Some(2))],
        )
    };
    assert_eq!(store.publish(&publish).unwrap(), [stale(Some(1))]);
    let counts = store.counts().unwrap();
    assert_eq!(
        (
            counts.live_packs,
            counts.quarantined_packs,
            counts.part_rows
        ),
        (before.0.live_packs, 0, before.0.part_rows)
    );
    assert_eq!(store.load(), before.1);
}

fn a_pack_without_a_ref_is_removed<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let before = store.load();
    let pack = write_pack(&store, CHUNK_BYTES + 1, 1).unwrap();
    let updates = vec![update("refs/heads/main", Some(9), Some(1))];
    let outcomes = store.publish(&publication(Some(pack), updates)).unwrap();
    assert_eq!(outcomes, [stale(None)]);
    let counts = store.counts().unwrap();
    assert_eq!((counts.live_packs, counts.quarantined_packs), (0, 0));
    assert_eq!((counts.chunk_rows, counts.part_rows), (0, 0));
    assert_eq!(store.load(), before);
    store.chunk(pack.pack_id, 0).unwrap_err();
}

fn deleting_alone_publishes_no_pack<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/a", None, Some(1))]);
    let pack = write_pack(&store, 10, 2).unwrap();
    let updates = vec![
        update("refs/heads/a", Some(1), None),
        update("refs/heads/b", Some(9), Some(2)),
    ];
    let outcomes = store.publish(&publication(Some(pack), updates)).unwrap();
    assert_eq!(outcomes, [RefOutcome::Updated, stale(None)]);
    check_live(&store, &[]);
    assert_eq!(store.counts().unwrap().chunk_rows, 0);
}

fn an_incomplete_pack_is_refused<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let whole = write_pack(&store, CHUNK_BYTES + 5, 1).unwrap();
    let updates = || vec![update("refs/heads/main", None, Some(1))];
    for pack_bytes in [
        0,
        1,
        CHUNK_BYTES,
        CHUNK_BYTES + 4,
        CHUNK_BYTES + 6,
        9 * CHUNK_BYTES,
    ] {
        let pack = PackPublication {
            pack_bytes: pack_bytes as u64,
            ..whole
        };
        let expect = StoreError::Corrupt {
            what: "the last chunk",
            pack: whole.pack_id.0,
        };
        assert_eq!(
            store.publish(&publication(Some(pack), updates())),
            Err(expect)
        );
    }
    let bare = store.open_pack().unwrap();
    store.put_chunk(bare, 0, b"bytes").unwrap();
    store.put_part(bare, Part::Index, 0, b"index").unwrap();
    let pack = PackPublication {
        pack_id: bare,
        pack_bytes: 5,
        object_count: 0,
    };
    let expect = StoreError::Missing {
        what: "the commit graph",
        pack: bare.0,
    };
    assert_eq!(
        store.publish(&publication(Some(pack), updates())),
        Err(expect)
    );
    check_refs(&store, &[]);
    check_live(&store, &[]);
    store.publish(&publication(Some(whole), updates())).unwrap();
    check_live(&store, &[whole.pack_id]);
}

fn a_pack_is_published_once<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack = push_main(&store, None, 1);
    let updates = vec![update("refs/heads/other", None, Some(1))];
    let expect = StoreError::Missing {
        what: "the quarantine",
        pack: pack.pack_id.0,
    };
    assert_eq!(
        store.publish(&publication(Some(pack), updates)),
        Err(expect)
    );
    // And a push that is refused does not take a live pack away.
    let updates = vec![update("refs/heads/other", Some(9), Some(1))];
    store
        .publish(&publication(Some(pack), updates))
        .unwrap_err();
    check_refs(&store, &[("refs/heads/main", 1)]);
    check_live(&store, &[pack.pack_id]);
}

fn a_push_is_logged<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/a", None, Some(1))]);
    let push = Publication {
        updates: vec![
            update("refs/heads/b", None, Some(2)),
            update("refs/heads/stale", Some(9), Some(2)),
            update("refs/heads/a", Some(1), None),
        ],
        actor: Actor {
            token_id: Some("t0ken".to_owned()),
            label: Some("agent".to_owned()),
        },
        push_options: vec!["ci.skip".into(), "say \"hi\"".into()],
        now_ms: NOW + 7,
        ..Publication::default()
    };
    store.publish(&push).unwrap();
    let sql = "SELECT push_seq, name, old IS NULL, new IS NULL, at, token_id, token_label,
        push_options FROM reflog ORDER BY seq";
    let rows = query_all(&store.database(), sql, &[], |row| {
        Ok((
            (row.integer(0)?, String::from_utf8(row.blob(1)?).unwrap()),
            (row.truth(2)?, row.truth(3)?, row.integer(4)?),
            (
                row.text_or_null(5)?,
                row.text_or_null(6)?,
                row.text_or_null(7)?,
            ),
        ))
    });
    let (token, label) = (Some("t0ken".to_owned()), Some("agent".to_owned()));
    let options = Some(r#"["ci.skip","say \"hi\""]"#.to_owned());
    let expect = vec![
        (
            (1, "refs/heads/a".to_owned()),
            (true, false, NOW + 1),
            (None, None, None),
        ),
        (
            (2, "refs/heads/a".to_owned()),
            (false, true, NOW + 7),
            (token.clone(), label.clone(), options),
        ),
        (
            (2, "refs/heads/b".to_owned()),
            (true, false, NOW + 7),
            (token, label, None),
        ),
    ];
    assert_eq!(rows, Ok(expect));
}

fn a_push_of_one_commit_writes_few_rows<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    push_main(&store, None, 1);
    let before = store.database().rows_written();
    push_main(&store, Some(1), 2);
    // Pack (opened, published), chunk, three parts, ref, reflog, repository.
    let written = store.database().rows_written() - before;
    assert!((9..=12).contains(&written), "{written} rows");
}

fn bytes_and_names_fit_one_transaction<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let outcomes = in_transaction(&store.database(), || {
        let pack = write_pack(&store, 10, 1)?;
        let updates = vec![update("refs/heads/main", None, Some(1))];
        store.publish(&publication(Some(pack), updates))
    });
    assert_eq!(outcomes, Ok(vec![RefOutcome::Updated]));
    check_refs(&store, &[("refs/heads/main", 1)]);
    assert_eq!(store.live_packs().unwrap().len(), 1);
}

fn nothing_changed_is_nothing_written<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    must_change(&store, vec![update("refs/heads/a", None, Some(1))]);
    let log = store.counts().unwrap().reflog_rows;
    must_change(&store, vec![update("refs/heads/a", Some(1), Some(1))]);
    must_change(&store, vec![update("refs/heads/absent", None, None)]);
    assert_eq!(store.counts().unwrap().reflog_rows, log);
    check_refs(&store, &[("refs/heads/a", 1)]);
}
