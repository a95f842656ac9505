use super::*;
use crate::git::fetch_client::selection::RefSelection;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::imports::{ImportLfs, NewImport};
use crate::storage::repository::testing::{ID, store};

fn importing() -> RepoStore<RusqliteDatabase> {
    let store = store();
    let import = NewImport {
        url: "https://example.com/x",
        branch: None,
        depth: None,
        refs: &RefSelection::BranchesTags,
        had_credentials: false,
        asked_by: None,
        lfs: true,
        now_ms: 0,
    };
    store.begin_import(&import).unwrap();
    store
}

fn pointer(number: u8, size: u64) -> Pointer {
    Pointer {
        oid: LfsOid::from([number; 32]),
        size,
    }
}

fn state(store: &RepoStore<RusqliteDatabase>) -> ImportLfs {
    store.import().unwrap().unwrap().lfs
}

fn take(store: &RepoStore<RusqliteDatabase>, pointer: &Pointer) {
    let named = (&pointer.oid, pointer.size);
    let key = lfs_key(ID, &pointer.oid);
    assert!(!store.begin_lfs_object(named, &key, 1).unwrap().is_stored);
    store.finish_wanted_lfs_object(named, 2).unwrap();
}

#[test]
fn an_import_goes_through_its_objects_pass_by_pass() {
    let store = importing();
    assert_eq!(state(&store), ImportLfs::Later);
    assert!(!state(&store).is_past_refs());
    store.begin_import_lfs(&[]).unwrap();
    assert_eq!(state(&store), ImportLfs::Finding);
    assert!(state(&store).is_past_refs());
    let pointers = [pointer(1, 10), pointer(2, 20), pointer(3, 30)];
    store.want_lfs_objects(&pointers).unwrap();
    // A search that was interrupted finds them again; another size changes nothing.
    store.want_lfs_objects(&[pointer(2, 99)]).unwrap();
    store.begin_lfs_taking().unwrap();
    let (pass, after) = (0, None);
    assert_eq!(state(&store), ImportLfs::Taking { pass, after });
    assert_eq!(store.wanted_lfs_objects(None, 2).unwrap(), pointers[..2]);
    take(&store, &pointers[0]);
    let asked = pointers[1].oid;
    let refusal = (asked, "the remote does not have it".to_owned());
    store.note_lfs_asked(&asked, &[refusal]).unwrap();
    let after = Some(asked);
    assert_eq!(state(&store), ImportLfs::Taking { pass, after });
    let left = store.wanted_lfs_objects(after.as_ref(), 2).unwrap();
    assert_eq!(left.len(), 1);
    assert!(store.begin_lfs_pass().unwrap());
    let (pass, after) = (1, None);
    assert_eq!(state(&store), ImportLfs::Taking { pass, after });
    // An object that the remote refused is not asked for again.
    assert_eq!(store.wanted_lfs_objects(None, 9).unwrap(), left);
    take(&store, &left[0]);
    assert!(!store.begin_lfs_pass().unwrap());
    let totals = store.wanted_lfs_totals().unwrap();
    assert_eq!((totals.objects, totals.bytes), (1, 20));
    let report = store.lfs_report(None).unwrap();
    assert_eq!((report.objects, report.missing.count), (2, 1));
    let first = &report.missing.first[0];
    assert_eq!((first.oid.clone(), first.size), (asked.to_string(), 20));
    assert_eq!(first.reason.as_deref(), Some("the remote does not have it"));
    store.set_lfs_report(&report).unwrap();
    store.finish_import(&[]).unwrap();
    assert_eq!(store.origin_report().unwrap().lfs_import, Some(report));
    assert_eq!(store.wanted_lfs_totals().unwrap(), LfsTotals::default());
}

#[test]
fn a_report_names_ten_and_counts_the_rest() {
    let store = importing();
    let pointers: Vec<_> = (1..=25).map(|number| pointer(number, u64::MAX)).collect();
    store.want_lfs_objects(&pointers).unwrap();
    let report = store.lfs_report(Some("gone")).unwrap();
    assert_eq!((report.missing.count, report.missing.first.len()), (25, 10));
    let bytes = u64::try_from(INTEGER_MAX).unwrap();
    assert_eq!(report.missing.bytes, bytes, "as much as can be told");
    assert_eq!(report.error.as_deref(), Some("gone"));
}
