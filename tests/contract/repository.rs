//! The repository's record.

use cairn::storage::db::schema;
use cairn::storage::db::sql::Database;
use cairn::storage::repository::phase::Phase;
use cairn::storage::repository::settings::{RepositorySettings, SettingsChange};
use cairn::storage::repository::store::{RepoStore, RepositoryPatch, RepositoryRecord};

use super::{NOW, created, new_repository, push_main, update, write_pack};

crate::contract::cases![
    an_object_without_a_repository_stays_empty,
    a_repository_is_created_once,
    settings_change_one_by_one,
    what_is_no_repository_is_refused,
    counts_follow_the_rows,
];

fn record() -> RepositoryRecord {
    RepositoryRecord {
        id: "0123456789abcdef".to_owned(),
        namespace: "Acme".to_owned(),
        name: "Widgets".to_owned(),
        description: "things".to_owned(),
        head: "refs/heads/main".into(),
        settings: RepositorySettings {
            read_only: false,
            public: true,
            deny_non_fast_forwards: false,
            deny_deletes: false,
            prune_grace_seconds: 14 * 86_400,
            reflog_retention_seconds: 90 * 86_400,
            superseded_grace_seconds: 3600,
            fetch_events: false,
            push_protection: false,
        },
        fsck_strict: false,
        source: None,
        created_at: NOW,
        updated_at: NOW,
        last_push_at: None,
        phase: Phase::Ready,
        network_id: None,
        is_importing: false,
        is_recovering: false,
        has_downstreams: false,
        policies: Box::default(),
    }
}

fn an_object_without_a_repository_stays_empty<D: Database>(open: &dyn Fn() -> D) {
    let db = open();
    assert_eq!(schema::wake(&db, schema::REPOSITORY), Ok(false));
    let store = RepoStore::new(db, Box::new(|| NOW));
    assert_eq!(store.load(), Ok(None));
    assert_eq!(store.database().rows_written(), 0);
    assert_eq!(schema::is_created(store.database()), Ok(false));
}

fn a_repository_is_created_once<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    assert_eq!(store.load(), Ok(Some(record())));
    let mut other = new_repository();
    other.name = "Other";
    assert_eq!(store.create(&other), Ok(false));
    assert_eq!(store.load(), Ok(Some(record())));
    assert_eq!(schema::wake(store.database(), schema::REPOSITORY), Ok(true));
}

fn settings_change_one_by_one<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let mut expect = record();
    let none = RepositoryPatch::default();
    let settings = |settings: SettingsChange| RepositoryPatch { settings, ..none };
    let same = SettingsChange::default();
    let patches = [
        RepositoryPatch {
            description: Some(""),
            ..none
        },
        RepositoryPatch {
            head: Some("refs/heads/trunk".into()),
            ..none
        },
        settings(SettingsChange {
            read_only: Some(true),
            public: Some(false),
            ..same
        }),
        settings(SettingsChange {
            deny_non_fast_forwards: Some(true),
            ..same
        }),
        settings(SettingsChange {
            deny_deletes: Some(true),
            ..same
        }),
        RepositoryPatch {
            fsck_strict: Some(true),
            ..none
        },
        settings(SettingsChange {
            prune_grace_seconds: Some(0),
            reflog_retention_seconds: Some(1),
            superseded_grace_seconds: Some(2),
            ..same
        }),
        settings(SettingsChange {
            fetch_events: Some(true),
            push_protection: Some(true),
            ..same
        }),
    ];
    for (now, patch) in (NOW + 1..).zip(patches) {
        store.update(&patch, now).unwrap();
        expect.updated_at = now;
        expect.description = patch.description.map_or(expect.description, str::to_owned);
        expect.head = patch.head.map_or(expect.head, ToOwned::to_owned);
        let (holds, change) = (&mut expect.settings, &patch.settings);
        holds.read_only = change.read_only.unwrap_or(holds.read_only);
        holds.public = change.public.unwrap_or(holds.public);
        holds.deny_deletes = change.deny_deletes.unwrap_or(holds.deny_deletes);
        expect.fsck_strict = patch.fsck_strict.unwrap_or(expect.fsck_strict);
        for (kept, new) in [
            (&mut holds.prune_grace_seconds, change.prune_grace_seconds),
            (
                &mut holds.reflog_retention_seconds,
                change.reflog_retention_seconds,
            ),
            (
                &mut holds.superseded_grace_seconds,
                change.superseded_grace_seconds,
            ),
        ] {
            *kept = new.map_or(*kept, i64::from);
        }
        holds.fetch_events = change.fetch_events.unwrap_or(holds.fetch_events);
        holds.push_protection = change.push_protection.unwrap_or(holds.push_protection);
        holds.deny_non_fast_forwards = change
            .deny_non_fast_forwards
            .unwrap_or(holds.deny_non_fast_forwards);
        assert_eq!(store.load(), Ok(Some(expect.clone())));
    }
}

fn what_is_no_repository_is_refused<D: Database>(open: &dyn Fn() -> D) {
    for id in ["short", "UPPERCASEUPPERCA", "0123456789abcde "] {
        let store = RepoStore::new(open(), Box::new(|| NOW));
        let mut new = new_repository();
        new.id = id;
        store.create(&new).unwrap_err();
        assert_eq!(
            schema::is_created(store.database()),
            Ok(false),
            "undone as a whole"
        );
    }
}

fn counts_follow_the_rows<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    push_main(&store, None, 1);
    push_main(&store, Some(1), 2);
    super::must_change(&store, vec![update("refs/heads/topic", None, Some(1))]);
    write_pack(&store, 50, 3).unwrap();
    let counts = store.counts().unwrap();
    assert_eq!((counts.refs, counts.reflog_rows, counts.tokens), (2, 3, 0));
    assert_eq!(
        (
            counts.live_packs,
            counts.quarantined_packs,
            counts.superseded_packs
        ),
        (2, 1, 0)
    );
    assert_eq!((counts.pack_bytes, counts.object_count), (200, 6));
    assert_eq!((counts.chunk_rows, counts.part_rows), (3, 9));
    assert!(counts.database_bytes > 0);
}
