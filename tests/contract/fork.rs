//! The rows that a fork takes over, and the phases of a repository's life.

use cairn::git::store::{CHUNK_BYTES, PackStore, Quarantine, StoreError};
use cairn::storage::db::sql::Database;
use cairn::storage::repository::fork::{PartRow, SharedPack};
use cairn::storage::repository::phase::Phase;
use cairn::storage::repository::publication::RefOutcome;
use cairn::storage::repository::ref_record::RefRecord;
use cairn::storage::repository::store::{NewRepository, RepoStore};

use super::faulty::Faulty;
use super::{
    NOW, all_refs, check_live, check_refs, created, id, must_change, new_repository, publication,
    push_main, reopened, update, write_pack,
};

crate::contract::cases![
    packs_are_shared_once_r2_has_them_all,
    a_fork_has_what_its_source_had,
    a_fork_writes_few_rows,
    a_fork_without_its_parts_is_refused,
    a_fork_goes_on_by_itself,
    a_fork_that_fails_anywhere_is_no_half,
    a_deletion_is_decided_by_one_write,
];

const NETWORK: &str = "network000000000";

/// A repository with two packs in R2, three branches and a tag.
fn source<D: Database>(db: D) -> RepoStore<D> {
    let store = created(db);
    for (old, new) in [(None, 1), (Some(1), 2)] {
        let pack = write_pack(&store, CHUNK_BYTES + 1, new).unwrap();
        let updates = vec![update("refs/heads/main", old, Some(new))];
        store.publish(&publication(Some(pack), updates)).unwrap();
    }
    let mut tag = update("refs/tags/v1", None, Some(3));
    tag.peeled = Some(id(1));
    let topic = update("refs/heads/topic", None, Some(1));
    must_change(&store, vec![tag, topic]);
    for pack in store.stored_packs().unwrap() {
        let key = format!("packs/{}", pack.pack_id.0);
        assert_eq!(store.register_copy(pack.pack_id, &key), Ok(true));
    }
    store
}

/// The rows that go from a source to its fork.
struct Taken {
    packs: Vec<SharedPack>,
    refs: Vec<RefRecord>,
    parts: Vec<PartRow>,
}

fn read<D: Database>(source: &RepoStore<D>) -> Taken {
    let packs = source.shared_packs().unwrap().unwrap();
    let mut parts = Vec::new();
    for pack in &packs {
        for part in super::PARTS {
            let rows = (0..).map(|number| source.shared_row(pack.pack_id, part, number));
            parts.extend(rows.map_while(Result::unwrap));
        }
    }
    let refs = source.refs(b"", None, 999).unwrap();
    Taken { packs, refs, parts }
}

fn new_fork() -> NewRepository<'static> {
    NewRepository {
        id: "fork000000000000",
        name: "Fork",
        source: Some("artifacts:Acme/Widgets"),
        ..new_repository()
    }
}

fn grow<D: Database>(store: &RepoStore<D>, taken: &Taken) -> Result<(), StoreError> {
    store.begin_fork(&new_fork())?;
    store.join_network(NETWORK)?;
    for page in taken.refs.chunks(2) {
        store.put_packed_page(page)?;
    }
    for row in &taken.parts {
        store.put_part_row(row)?;
    }
    store.end_fork(&taken.packs, "refs/heads/topic".into(), NOW + 9)
}

fn fork_of<D: Database>(open: &dyn Fn() -> D) -> (RepoStore<D>, RepoStore<D>) {
    let source = source(open());
    let fork = RepoStore::new(open(), Box::new(|| NOW));
    grow(&fork, &read(&source)).unwrap();
    (source, fork)
}

fn packs_are_shared_once_r2_has_them_all<D: Database>(open: &dyn Fn() -> D) {
    let store = source(open());
    assert_eq!(store.shared_packs().unwrap().unwrap().len(), 2);
    push_main(&store, Some(2), 4);
    assert_eq!(store.shared_packs(), Ok(None));
    assert_eq!(created(open()).shared_packs(), Ok(Some(vec![])));
}

fn a_fork_has_what_its_source_had<D: Database>(open: &dyn Fn() -> D) {
    let (source, fork) = fork_of(open);
    assert_eq!(fork.refs(b"", None, 99), source.refs(b"", None, 99));
    assert_eq!(*fork.live_packs().unwrap(), *source.live_packs().unwrap());
    for pack in source.live_packs().unwrap().iter() {
        for part in super::PARTS {
            let (theirs, ours) = (
                source.part(pack.pack_id, part),
                fork.part(pack.pack_id, part),
            );
            assert_eq!(theirs, ours);
        }
        let cold = StoreError::Cold {
            pack: pack.pack_id.0,
            chunk: 1,
        };
        assert_eq!(fork.chunk(pack.pack_id, 1), Err(cold));
    }
    assert_eq!(fork.shared_packs(), source.shared_packs());
    let record = fork.load().unwrap().unwrap();
    assert_eq!(record.phase, Phase::Ready);
    assert_eq!(record.network_id.as_deref(), Some(NETWORK));
    assert_eq!(record.head, "refs/heads/topic");
    assert_eq!((record.updated_at, record.last_push_at), (NOW + 9, None));
    assert_eq!(fork.count_orphans(), Ok(0));
    let counts = fork.counts().unwrap();
    assert_eq!((counts.refs, counts.reflog_rows), (3, 0));
    assert_eq!((counts.live_packs, counts.chunk_rows), (2, 0));
}

fn a_fork_writes_few_rows<D: Database>(open: &dyn Fn() -> D) {
    let store = source(open());
    let names: Vec<_> = (0..470).map(|n| format!("refs/tags/r{n:04}")).collect();
    let tags = names.iter().map(|name| update(name, None, Some(1)));
    must_change(&store, tags.collect());
    let mut taken = read(&store);
    let first: Vec<_> = taken.refs.drain(..256).collect();
    let fork = RepoStore::new(open(), Box::new(|| NOW));
    fork.begin_fork(&new_fork()).unwrap();
    let before = fork.database().rows_written();
    for page in [&first, &taken.refs] {
        fork.put_packed_page(page).unwrap();
    }
    for row in &taken.parts {
        fork.put_part_row(row).unwrap();
    }
    fork.end_fork(&taken.packs, "refs/heads/main".into(), NOW)
        .unwrap();
    // Two pages, two packs of three parts, the packs' rows, the repository's.
    assert_eq!(fork.database().rows_written() - before, 2 + 6 + 2 + 1);
    assert_eq!(fork.counts().unwrap().refs, 473);
}

fn a_fork_without_its_parts_is_refused<D: Database>(open: &dyn Fn() -> D) {
    let mut taken = read(&source(open()));
    let fork = RepoStore::new(open(), Box::new(|| NOW));
    taken.parts.remove(2);
    let missing = grow(&fork, &taken).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    assert_eq!(fork.load().unwrap().unwrap().phase, Phase::Forking);
    assert_eq!(fork.live_packs().unwrap().len(), 0);
    // A repository that serves already does not become a fork.
    let other = created(open());
    assert_eq!(other.begin_fork(&new_fork()), Ok(false));
    other
        .end_fork(&[], "refs/heads/main".into(), NOW)
        .unwrap_err();
}

fn a_fork_goes_on_by_itself<D: Database>(open: &dyn Fn() -> D) {
    let (source, fork) = fork_of(open);
    let pack = write_pack(&fork, 10, 7).unwrap();
    assert!(pack.pack_id > source.live_packs().unwrap()[1].pack_id);
    let updates = vec![
        update("refs/heads/main", Some(2), Some(7)),
        update("refs/heads/topic", Some(1), None),
        update("refs/heads/topic/new", None, Some(7)),
    ];
    let outcomes = fork.publish(&publication(Some(pack), updates)).unwrap();
    assert_eq!(outcomes, vec![RefOutcome::Updated; 3]);
    check_refs(
        &fork,
        &[
            ("refs/heads/main", 7),
            ("refs/heads/topic/new", 7),
            ("refs/tags/v1", 3),
        ],
    );
    let ids: Vec<_> = fork
        .live_packs()
        .unwrap()
        .iter()
        .map(|p| p.pack_id)
        .collect();
    check_live(&reopened(fork.database()), &ids);
    assert_eq!(ids[2], pack.pack_id, "the newest comes last");
    assert_eq!(all_refs(&source).len(), 3);
    check_refs(
        &source,
        &[
            ("refs/heads/main", 2),
            ("refs/heads/topic", 1),
            ("refs/tags/v1", 3),
        ],
    );
    assert!(fork.open_pack().unwrap() > pack.pack_id);
}

/// Whichever write fails: the fork serves whole, or does not serve, can be deleted, and made again.
fn a_fork_that_fails_anywhere_is_no_half<D: Database>(open: &dyn Fn() -> D) {
    let taken = read(&source(open()));
    for persisted in [false, true] {
        let mut nth = 0;
        loop {
            let db = open();
            let faulty = RepoStore::new(Faulty::new(&db, nth, persisted), Box::new(|| NOW));
            let grown = grow(&faulty, &taken);
            if !faulty.database().has_struck() {
                assert_eq!(grown, Ok(()));
                break;
            }
            assert!(grown.is_err(), "write {nth}: a fault went unnoticed");
            let store = RepoStore::new(&db, Box::new(|| NOW));
            let record = store.load().unwrap();
            match record.map(|record| (record.phase, record.network_id)) {
                // The repository was not even made, or there is nobody to tell.
                None => {}
                Some((Phase::Forking, _)) => {
                    assert_eq!(store.live_packs().unwrap().len(), 0, "write {nth}");
                    store.begin_deletion().unwrap();
                    assert_eq!(store.load().unwrap().unwrap().phase, Phase::Deleting);
                }
                // The last write took effect and its answer was lost.
                Some((phase, network_id)) => {
                    assert_eq!((phase, persisted), (Phase::Ready, true), "write {nth}");
                    assert_eq!(network_id.as_deref(), Some(NETWORK));
                    assert_eq!(store.refs(b"", None, 9), Ok(taken.refs.clone()));
                    assert_eq!(store.live_packs().unwrap().len(), 2);
                }
            }
            nth += 1;
        }
        assert!(nth > 12, "every write was reached, {nth} seen");
    }
}

fn a_deletion_is_decided_by_one_write<D: Database>(open: &dyn Fn() -> D) {
    let store = source(open());
    store.join_network(NETWORK).unwrap();
    store.join_network("other00000000000").unwrap();
    let before = store.database().rows_written();
    store.begin_deletion().unwrap();
    store.begin_deletion().unwrap();
    assert_eq!(store.database().rows_written() - before, 1);
    let record = store.load().unwrap().unwrap();
    assert_eq!(record.phase, Phase::Deleting);
    assert_eq!(record.network_id.as_deref(), Some(NETWORK));
    store
        .end_fork(&[], "refs/heads/main".into(), NOW)
        .unwrap_err();
}
