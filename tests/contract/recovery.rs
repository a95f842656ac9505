//! The record of a repository, and a repository made again of one: with the n-th write failing, for
//! every n, it goes on and is whole.

use cairn::git::receive_pack::ref_rules::{ForbiddenOp, RefRule};
use cairn::git::store::{CHUNK_BYTES, PackId, PackStore as _, Part, StoreError};
use cairn::storage::db::sql::Database;
use cairn::storage::r2::bucket::pack_key;
use cairn::storage::r2::recovery_record::{Record, RecordReader};
use cairn::storage::repository::copies::SnapshotSettings;
use cairn::storage::repository::lifetime::{BoundChange, LifetimeChange};
use cairn::storage::repository::pre_receive::{OnFailure, PreReceive};
use cairn::storage::repository::ref_record::RefRecord;
use cairn::storage::repository::settings::SettingsChange;
use cairn::storage::repository::store::{
    NewRepository, RepoStore, RepositoryPatch, RepositoryRecord,
};
use cairn::storage::webhook::definition::Secret;

use super::faulty::Faulty;
use super::{
    NOW, PARTS, all_refs, check_live, created, id, must_change, new_repository, publication,
    push_main, reopened, update, write_pack,
};

crate::contract::cases![
    a_record_is_what_the_repository_is,
    a_record_comes_in_windows,
    there_is_no_record_while_r2_lacks_a_pack,
    a_recovery_that_fails_anywhere_goes_on,
    packs_without_parts_are_not_published,
];

/// A repository with two packs in R2, some refs and settings.
fn lost<D: Database>(db: D) -> RepoStore<D> {
    let store = created(db);
    for (old, new) in [(None, 1), (Some(1), 2)] {
        let pack = write_pack(&store, CHUNK_BYTES + 1, new).unwrap();
        let updates = vec![update("refs/heads/main", old, Some(new))];
        store.publish(&publication(Some(pack), updates)).unwrap();
    }
    let mut tag = update("refs/tags/v1", None, Some(3));
    tag.peeled = Some(id(1));
    must_change(&store, vec![tag, update("refs/heads/topic", None, Some(1))]);
    store.add_shallow(&[id(9)]).unwrap();
    let patch = RepositoryPatch {
        description: Some("a thing that was lost"),
        head: Some("refs/heads/topic".into()),
        settings: SettingsChange {
            read_only: Some(true),
            deny_deletes: Some(true),
            prune_grace_seconds: Some(77),
            ..SettingsChange::default()
        },
        fsck_strict: Some(true),
    };
    store.update(&patch, NOW + 2).unwrap();
    let rule = RefRule("refs/tags/*".to_owned(), vec![ForbiddenOp::NoForcePush]);
    store.set_ref_rules(&vec![rule].into(), NOW + 2).unwrap();
    store.set_snapshot_settings(&settings()).unwrap();
    store.set_bytes_max(Some(1 << 40)).unwrap();
    let lifetime = LifetimeChange {
        expires_at: BoundChange::Set(NOW + 1_000_000),
        idle_ttl_seconds: BoundChange::Set(600),
    };
    store.set_lifetime(&lifetime).unwrap();
    store.set_pre_receive(Some(&hook())).unwrap();
    for pack in store.stored_packs().unwrap() {
        let number = u8::try_from(pack.pack_id.0).unwrap();
        let key = pack_key(new_repository().id, &[number; 32]);
        assert_eq!(store.register_copy(pack.pack_id, &key), Ok(true));
    }
    store
}

fn hook() -> PreReceive {
    PreReceive {
        url: "https://example.com/judge".to_owned(),
        timeout_ms: 5000,
        on_failure: OnFailure::Accept,
        refs: None,
        secret: Secret::new("whsec_c2VjcmV0".to_owned()),
    }
}

fn settings() -> SnapshotSettings {
    SnapshotSettings {
        settle_seconds: Some(5),
        ready_bytes_min: Some(1 << 33),
        ..SnapshotSettings::default()
    }
}

fn bytes<D: Database>(store: &RepoStore<D>) -> Vec<u8> {
    let window = store.record_window(0..u64::MAX).unwrap().unwrap();
    assert_eq!(window.record_bytes, window.bytes.len() as u64);
    window.bytes
}

fn read(bytes: &[u8]) -> (Record, Vec<RefRecord>) {
    let mut reader = RecordReader::new();
    reader.feed(bytes).unwrap();
    let refs = reader.take_refs();
    (reader.finish().unwrap(), refs)
}

fn a_record_is_what_the_repository_is<D: Database>(open: &dyn Fn() -> D) {
    let store = lost(open());
    let (record, refs) = read(&bytes(&store));
    let mut expect = store.load().unwrap().unwrap();
    expect.updated_at = 0;
    assert_eq!(record.repository, expect);
    assert_eq!(record.repository.last_push_at, Some(NOW + 1));
    assert_eq!(record.snapshots, settings());
    assert_eq!(record.shallow, [id(9)]);
    assert_eq!(record.packs.len(), 2);
    assert_eq!(refs, store.refs(b"", None, 99).unwrap());
    let before = store.record_window(0..0).unwrap().unwrap().sha256;
    must_change(&store, vec![update("refs/heads/new", None, Some(1))]);
    assert_ne!(store.record_window(0..0).unwrap().unwrap().sha256, before);
    store.set_recorded(&before).unwrap();
    assert_eq!(store.recorded(), Ok(Some(before)));
    let names = |refs: Vec<RefRecord>| refs.into_iter().map(|found| found.name.to_string());
    must_change(&store, vec![update("refs/ephemeral/x", None, Some(1))]);
    let (_, refs) = read(&bytes(&store));
    let recorded: Vec<_> = names(refs).collect();
    let clones_see = names(store.refs(b"", None, 99).unwrap());
    let clones_see = clones_see.filter(|name| name != "refs/ephemeral/x");
    assert_eq!(recorded, clones_see.collect::<Vec<_>>());
}

fn a_record_comes_in_windows<D: Database>(open: &dyn Fn() -> D) {
    let store = lost(open());
    let many = (0..700).map(|n| update(&format!("refs/heads/b/{n:04}"), None, Some(1)));
    must_change(&store, many.collect());
    let whole = bytes(&store);
    let window_bytes = 777;
    let mut joined = Vec::new();
    while joined.len() < whole.len() {
        let start = joined.len() as u64;
        let window = store.record_window(start..start + window_bytes).unwrap();
        let window = window.unwrap();
        assert_eq!(window.record_bytes, whole.len() as u64);
        let expect = window_bytes.min(window.record_bytes - start);
        assert_eq!(window.bytes.len() as u64, expect);
        joined.extend(window.bytes);
    }
    assert_eq!(joined, whole);
    assert_eq!(read(&whole).1.len(), 703);
}

fn there_is_no_record_while_r2_lacks_a_pack<D: Database>(open: &dyn Fn() -> D) {
    assert_eq!(
        RepoStore::new(open(), Box::new(|| NOW)).record_window(0..9),
        Ok(None)
    );
    let store = created(open());
    assert!(store.record_window(0..9).unwrap().is_some(), "it is empty");
    push_main(&store, None, 1);
    assert_eq!(store.record_window(0..9), Ok(None));
}

fn again() -> NewRepository<'static> {
    NewRepository {
        id: "fedcba9876543210",
        name: "Again",
        description: "",
        public: false,
        fsck_strict: false,
        ..new_repository()
    }
}

/// The object's work for a recovery, from wherever it was; as the shell does it.
fn go_on<D: Database>(store: &RepoStore<D>, bytes: &[u8]) -> Result<(), StoreError> {
    while let Some(recovery) = store.recovery()? {
        store.note_recovery_attempt()?;
        assert!(store.load()?.unwrap().is_recovering);
        assert!(store.live_packs()?.is_empty());
        if !recovery.adopted {
            store.forget_recovered_refs()?;
            let (record, refs) = read(bytes);
            for page in refs.chunks(2) {
                store.put_packed_page(page)?;
            }
            store.adopt_record(&record, NOW + 5)?;
            continue;
        }
        let packs = store.recovered_packs()?;
        if let Some(pack) = packs.iter().find(|pack| !pack.has_parts) {
            let pack_id = pack.record.pack_id;
            let chunk = store.chunk(pack_id, 1).unwrap_err();
            assert!(chunk.cold().is_some(), "its bytes are in R2 alone");
            let parts = PARTS.map(|part| (pack_id, part, &b"part"[..]));
            store.put_recovered_parts(&parts)?;
            continue;
        }
        store.finish_recovery(NOW + 6)?;
    }
    Ok(())
}

fn check_recovered<D: Database, E: Database>(
    store: &RepoStore<D>,
    source: &RepoStore<E>,
    label: &str,
) {
    let (record, was) = (
        store.load().unwrap().unwrap(),
        source.load().unwrap().unwrap(),
    );
    assert_eq!(record.id, again().id, "{label}");
    assert!(!record.is_recovering, "{label}");
    assert_eq!(
        (&record.description, &record.head, record.settings.read_only),
        (&was.description, &was.head, was.settings.read_only),
        "{label}"
    );
    assert_eq!(
        (
            record.settings.public,
            record.settings.deny_deletes,
            record.last_push_at
        ),
        (
            was.settings.public,
            was.settings.deny_deletes,
            was.last_push_at
        ),
        "{label}"
    );
    assert!(record.fsck_strict, "{label}");
    let rules = |record: &RepositoryRecord| record.policies.ref_rules.clone();
    assert!(!rules(&record).is_empty(), "{label}");
    assert_eq!(rules(&record), rules(&was), "{label}");
    assert_eq!(record.policies, was.policies, "{label}");
    assert_eq!(record.settings.prune_grace_seconds, 77, "{label}");
    assert_eq!(record.policies.pre_receive, Some(hook()), "{label}");
    assert_eq!(store.snapshot_settings(), Ok(settings()), "{label}");
    assert_eq!(record.policies.bytes_max, Some(1 << 40), "{label}");
    assert_eq!(store.shallow_commits(), source.shallow_commits(), "{label}");
    assert_eq!(all_refs(store), all_refs(source), "{label}");
    let packs = store.stored_packs().unwrap();
    let keys = |packs: Vec<_>| -> Vec<_> {
        let key = |pack: cairn::storage::repository::copies::StoredPack| pack.r2_key;
        packs.into_iter().map(key).collect()
    };
    assert!(packs.iter().all(|pack| !pack.chunks_here), "{label}");
    assert_eq!(keys(packs), keys(source.stored_packs().unwrap()), "{label}");
    assert_eq!(store.count_orphans(), Ok(0), "{label}");
}

fn a_recovery_that_fails_anywhere_goes_on<D: Database>(open: &dyn Fn() -> D) {
    let source = lost(open());
    let bytes = bytes(&source);
    for persisted in [false, true] {
        for nth in 0.. {
            let label = format!("write {nth}, persisted {persisted}");
            let db = open();
            RepoStore::new(&db, Box::new(|| NOW))
                .create(&again())
                .unwrap();
            reopened(&db)
                .begin_recovery(new_repository().id, NOW)
                .unwrap();
            let failed = go_on(&reopened(Faulty::new(&db, nth, persisted)), &bytes).is_err();
            let store = reopened(&db);
            assert_eq!(go_on(&store, &bytes), Ok(()), "{label}");
            check_recovered(&store, &source, &label);
            if !failed {
                assert!(nth >= 12, "every write was reached, {nth} seen");
                break;
            }
        }
    }
}

fn packs_without_parts_are_not_published<D: Database>(open: &dyn Fn() -> D) {
    let bytes = bytes(&lost(open()));
    let store = RepoStore::new(open(), Box::new(|| NOW));
    store.create(&again()).unwrap();
    assert_eq!(store.recovery(), Ok(None));
    store.begin_recovery(new_repository().id, NOW).unwrap();
    store.begin_recovery(new_repository().id, NOW).unwrap_err();
    let (record, refs) = read(&bytes);
    store.put_packed_page(&refs).unwrap();
    store.adopt_record(&record, NOW).unwrap();
    let parts = [(PackId(1), Part::Index, &b"part"[..])];
    store.put_recovered_parts(&parts).unwrap();
    let missing = store.finish_recovery(NOW).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { pack: 1, .. }));
    check_live(&store, &[]);
    assert!(store.load().unwrap().unwrap().is_recovering);
}
