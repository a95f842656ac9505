use super::*;
use crate::git::object::ObjectKind;
use crate::git::receive_pack::inspection::Inspection;
use crate::git::refname;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::db::schema;

const WHO: &str = "A <a@b> 1 +0000";

/// The warnings of fsck about this many commits with a bad time zone.
fn warnings(commits: u8) -> findings::FsckWarnings {
    use crate::git::pack::incoming::objects::Observer as _;
    let mut inspection = Inspection::default();
    let tree = "1".repeat(40);
    let content = format!("tree {tree}\nauthor A <a@b> 1 UTC\ncommitter {WHO}\n\nm\n");
    for number in 0..commits {
        let id = [number; 20].into();
        let kind = ObjectKind::Commit;
        let seen = inspection.object(u32::from(number), &id, kind, content.as_bytes());
        seen.unwrap();
    }
    inspection.warned().clone()
}

fn store(version: usize) -> RepoStore<RusqliteDatabase> {
    let db = RusqliteDatabase::in_memory().unwrap();
    schema::create_older(&db, schema::REPOSITORY, version).unwrap();
    RepoStore::new(db, Box::new(|| 5))
}

#[test]
fn a_repository_of_an_earlier_schema_has_no_report_and_takes_new_ones() {
    let store = store(10);
    let woken = schema::wake(store.database(), schema::REPOSITORY);
    assert_eq!(woken, Ok(true));
    assert_eq!(store.origin_report(), Ok(OriginReport::default()));
    assert_eq!(store.warning_counts(), Ok(BTreeMap::new()));
    // An import that an earlier version began goes on under this one.
    store.add_import_warnings(&warnings(2)).unwrap();
    let report = store.origin_report().unwrap();
    assert_eq!(report.fsck_warnings.unwrap().object_count, 2);
    assert_eq!(report.skipped_refs, None);
}

#[test]
fn warnings_of_all_parts_are_counted_and_the_first_ten_kept() {
    let store = store(schema::REPOSITORY.migrations.len());
    for commits in [7, 0, 8] {
        store.add_import_warnings(&warnings(commits)).unwrap();
    }
    store.set_skipped_refs(&SkippedRefs::default()).unwrap();
    let report = store.origin_report().unwrap();
    let found = report.fsck_warnings.unwrap();
    assert_eq!(found.object_count, 15);
    let expect = BTreeMap::from([("badTimezone".to_owned(), 15)]);
    assert_eq!(found.by_message, expect);
    assert_eq!(found.first.len(), FIRST);
    let warning = serde_json::to_value(&found.first[1]).unwrap();
    let expect = serde_json::json!({
        "hash": "01".repeat(20), "type": "commit", "message": "badTimezone",
        "detail": "invalid author/committer line - bad time zone",
    });
    assert_eq!(warning, expect);
    assert_eq!(report.skipped_refs, Some(SkippedRefs::default()));
    // A push adds to the counts, not to the import's report.
    store.count_warnings(&warnings(3)).unwrap();
    let counts = store.warning_counts().unwrap();
    assert_eq!(counts, BTreeMap::from([("badTimezone".to_owned(), 18)]));
}

#[test]
fn a_push_without_warnings_writes_no_row() {
    let store = store(11);
    let before = store.database().rows_written();
    store.count_warnings(&warnings(0)).unwrap();
    assert_eq!(store.database().rows_written(), before);
    store.count_warnings(&warnings(20)).unwrap();
    assert_eq!(store.database().rows_written(), before + 1);
}

#[test]
fn names_are_cut_and_the_eleventh_is_counted_alone() {
    let mut skipped = SkippedRefs::default();
    for number in 0..12 {
        let name = format!("refs/heads/{number}{}", "l".repeat(4000));
        let reason = refname::check_update(name.as_str().into(), 4096).unwrap_err();
        skipped.note(name.as_str().into(), &reason);
    }
    assert_eq!((skipped.count, skipped.first.len()), (12, FIRST));
    let first = &skipped.first[0];
    assert_eq!(first.name.len(), NAME_BYTES_SHOWN + 3);
    assert!(first.name.starts_with("refs/heads/0ll"), "{}", first.name);
    assert_eq!(first.reason, "refname of 4012 bytes, at most 768");
}
