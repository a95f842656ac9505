//! The store contract: the promises that the stores keep on any database.

pub mod crowd;
pub mod database;
pub mod events;
pub mod faults;
pub mod faulty;
pub mod fork;
pub mod idempotency;
pub mod import_lfs;
pub mod imports;
pub mod lives;
pub mod namespace;
pub mod network;
pub mod packs;
pub mod publish;
pub mod put_blobs;
pub mod recovery;
pub mod reflog;
pub mod refs;
pub mod repository;
pub mod snapshots;
pub mod sweep;
pub mod tokens;
pub mod upkeep;

use cairn::git::store::{CHUNK_BYTES, PackId, PackStore, Part, Quarantine, StoreError};
use cairn::storage::db::schema;
use cairn::storage::db::sql::Database;
use cairn::storage::repository::publication::{
    PackPublication, Publication, RefOutcome, RefUpdate,
};
use cairn::storage::repository::store::{NewRepository, RepoStore};
use gix_hash::ObjectId;

/// A case's name and itself; it is given how to open an empty database.
pub type Case<D> = (&'static str, fn(&dyn Fn() -> D));

/// Lists cases with their names.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        /// The cases of this file.
        pub fn cases<D: ::cairn::storage::db::sql::Database>() -> Vec<crate::contract::Case<D>> {
            vec![$((stringify!($case), $case::<D>)),*]
        }
    };
}
pub(crate) use cases;

pub const NOW: i64 = 1_700_000_000_000;
pub const PARTS: [Part; 3] = [Part::Index, Part::Graph, Part::Introduced];

/// An object id made of one number.
pub fn id(number: u8) -> ObjectId {
    ObjectId::from([number; 20])
}

pub fn new_repository() -> NewRepository<'static> {
    NewRepository {
        id: "0123456789abcdef",
        namespace: "Acme",
        name: "Widgets",
        description: "things",
        head: "refs/heads/main".into(),
        read_only: false,
        public: true,
        fsck_strict: false,
        source: None,
        now_ms: NOW,
    }
}

/// A store on a database that has a repository already.
pub fn reopened<D: Database>(db: D) -> RepoStore<D> {
    assert_eq!(schema::wake(&db, schema::REPOSITORY), Ok(true));
    RepoStore::new(db, Box::new(|| NOW))
}

/// A store with a new repository.
pub fn created<D: Database>(db: D) -> RepoStore<D> {
    let store = RepoStore::new(db, Box::new(|| NOW));
    assert_eq!(store.create(&new_repository()), Ok(true));
    store
}

/// Writes a pack of `pack_bytes` bytes into quarantine, all its bytes `fill`.
pub fn write_pack<D: Database>(
    store: &RepoStore<D>,
    pack_bytes: usize,
    fill: u8,
) -> Result<PackPublication, StoreError> {
    let pack_id = store.open_pack()?;
    for (number, chunk) in (0..).zip(vec![fill; pack_bytes].chunks(CHUNK_BYTES)) {
        store.put_chunk(pack_id, number, chunk)?;
    }
    for part in PARTS {
        store.put_part(pack_id, part, 0, &[fill, part as u8])?;
    }
    Ok(PackPublication {
        pack_id,
        pack_bytes: pack_bytes as u64,
        object_count: 3,
    })
}

pub fn update(name: &str, old: Option<u8>, new: Option<u8>) -> RefUpdate {
    RefUpdate {
        name: name.into(),
        old: old.map(id),
        new: new.map(id),
        peeled: None,
    }
}

pub fn publication(pack: Option<PackPublication>, updates: Vec<RefUpdate>) -> Publication {
    Publication {
        pack,
        updates,
        now_ms: NOW + 1,
        ..Publication::default()
    }
}

/// Changes refs without a pack.
pub fn change<D: Database>(store: &RepoStore<D>, updates: Vec<RefUpdate>) -> Vec<RefOutcome> {
    store.publish(&publication(None, updates)).unwrap()
}

/// Changes refs, which must succeed.
pub fn must_change<D: Database>(store: &RepoStore<D>, updates: Vec<RefUpdate>) {
    let expect = vec![RefOutcome::Updated; updates.len()];
    assert_eq!(change(store, updates), expect);
}

/// Pushes a small pack to the main branch.
pub fn push_main<D: Database>(store: &RepoStore<D>, old: Option<u8>, new: u8) -> PackPublication {
    let pack = write_pack(store, 100, new).unwrap();
    let updates = vec![update("refs/heads/main", old, Some(new))];
    let outcomes = store.publish(&publication(Some(pack), updates));
    assert_eq!(outcomes, Ok(vec![RefOutcome::Updated]));
    pack
}

/// All refs, by name.
pub fn all_refs<D: Database>(store: &RepoStore<D>) -> Vec<(String, ObjectId)> {
    let refs = store.refs(b"", None, 1_000_000).unwrap();
    refs.into_iter()
        .map(|found| (found.name.to_string(), found.target))
        .collect()
}

pub fn check_refs<D: Database>(store: &RepoStore<D>, expect: &[(&str, u8)]) {
    let expect: Vec<_> = expect
        .iter()
        .map(|(name, to)| ((*name).to_owned(), id(*to)))
        .collect();
    assert_eq!(all_refs(store), expect);
}

pub fn check_live<D: Database>(store: &RepoStore<D>, expect: &[PackId]) {
    let packs = store.live_packs().unwrap();
    assert_eq!(
        packs.iter().map(|pack| pack.pack_id).collect::<Vec<_>>(),
        expect
    );
}
