//! One repository's database, opened: its record, its figures, and the value on which
//! [`packs`](super::packs), [`refs`](super::refs), [`publish`](super::publish) and
//! [`sweep`](super::sweep) stand.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use gix_object::bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::known_targets::KnownTargets;
use super::phase::Phase;
use super::policies::{self, Policies};
use super::ref_cache::RefCache;
use super::ref_snapshot::RefSnapshots;
use super::settings::{RepositorySettings, SettingsChange};
use super::tokens::{TokenRecord, TokenStore};
use super::whereabouts::Forwarding;
use crate::git::store::{PackId, PackRecord, PackStore as _, PartReader, StoreError};
use crate::storage::db::cache::Lease;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, in_transaction, query_first};
use crate::storage::db::sql_error::SqlError;
use crate::storage::db::unchanged::UntilWritten;

/// The repository of one Durable Object. There is one such value an object: it remembers which
/// packs are live, and the highest pack id that was ever handed out.
pub struct RepoStore<D> {
    pub(super) db: D,
    /// Unix milliseconds.
    pub(super) clock: Box<dyn Fn() -> i64>,
    pub(super) lease: Rc<Lease>,
    /// Reads parts for a caller that outlives the call.
    pub(super) part_reader: Option<Rc<dyn PartReader>>,
    /// The same for a caller that goes over parts once.
    pub(super) part_scanner: Option<Rc<dyn PartReader>>,
    pub(super) live_packs: RefCell<Option<Rc<Vec<PackRecord>>>>,
    /// Packs published since `live_packs` was read, in that order.
    pub(super) just_published: RefCell<Vec<PackRecord>>,
    /// Live packs of which R2 alone has the bytes.
    pub(super) cold_packs: RefCell<Option<Rc<BTreeSet<PackId>>>>,
    pub(super) pack_id_floor: Cell<u32>,
    /// The refs as they were last read.
    pub(super) kept_refs: RefCache,
    pub(super) known_targets: KnownTargets,
    pub(super) snapshots: RefSnapshots,
    /// Whether there may be packed refs; `None`: nobody has looked yet.
    pub(super) has_packed_refs: Cell<Option<bool>>,
    /// The deployment takes no writes.
    is_frozen: Cell<bool>,
    /// A schema was found. It stays: a database that was wiped gets a store of its own.
    has_schema: Cell<bool>,
    record: UntilWritten<(), Option<RepositoryRecord>>,
    shown_tokens: UntilWritten<[u8; 32], Option<TokenRecord>>,
    #[expect(clippy::option_option, reason = "not read yet; read, and nowhere else")]
    pub(super) kept_forwarding: RefCell<Option<Option<Forwarding>>>,
}

/// A repository to create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRepository<'a> {
    /// 16 characters of `[0-9a-z]`.
    pub id: &'a str,
    /// The namespace's name.
    pub namespace: &'a str,
    /// The name as its creator spelt it.
    pub name: &'a str,
    /// For people.
    pub description: &'a str,
    /// The full refname where HEAD points.
    pub head: &'a BStr,
    /// Refuses every push.
    pub read_only: bool,
    /// May be fetched without credentials.
    pub public: bool,
    /// Objects are checked as git's `--strict` does.
    pub fsck_strict: bool,
    /// URL or path of its fork's or import's source.
    pub source: Option<&'a str>,
    /// Unix milliseconds.
    pub now_ms: i64,
}

/// The repository's settings and times. As JSON they are a line of its record in R2, which has its
/// names elsewhere and its states not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "states, each for itself")]
pub struct RepositoryRecord {
    /// 16 characters of `[0-9a-z]`.
    #[serde(skip)]
    pub id: String,
    /// The namespace's name.
    #[serde(skip)]
    pub namespace: String,
    /// The name as its creator spelt it.
    #[serde(skip)]
    pub name: String,
    /// For people.
    pub description: String,
    /// The full refname where HEAD points; it need not exist.
    #[serde(skip)]
    pub head: BString,
    /// Its settings.
    pub settings: RepositorySettings,
    /// Objects are checked as git's `--strict` does.
    pub fsck_strict: bool,
    /// URL or path of its fork's or import's source.
    pub source: Option<String>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds: when settings or refs changed last.
    #[serde(skip)]
    pub updated_at: i64,
    /// Unix milliseconds.
    pub last_push_at: Option<i64>,
    /// Its phase.
    #[serde(skip)]
    pub phase: Phase,
    /// The fork network that may know of it: the id of the network's first repository.
    pub network_id: Option<String>,
    /// Its content is being fetched from elsewhere: it serves nothing yet.
    #[serde(skip)]
    pub is_importing: bool,
    /// It is being made again from R2: it serves nothing yet.
    #[serde(skip)]
    pub is_recovering: bool,
    /// Other repositories follow it.
    #[serde(skip)]
    pub has_downstreams: bool,
    /// Rules, bounds and its end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policies: Box<Policies>,
}

impl RepositoryRecord {
    /// Whether its content has not come yet.
    pub(crate) fn is_being_filled(&self) -> bool {
        self.is_importing || self.is_recovering
    }

    /// Whether it takes no pushes: because of its own settings, its namespace or the deployment.
    pub(crate) fn is_read_only(&self) -> bool {
        self.settings.read_only || self.policies.standing.read_only || self.policies.is_frozen
    }

    /// Its fork network: the id of the repository that all others came from.
    pub(crate) fn network(&self) -> &str {
        self.network_id.as_deref().unwrap_or(&self.id)
    }
}

/// A change of settings; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepositoryPatch<'a> {
    /// For people.
    pub description: Option<&'a str>,
    /// The full refname where HEAD points.
    pub head: Option<&'a BStr>,
    /// Changes of its settings.
    pub settings: SettingsChange,
    /// Objects are checked as git's `--strict` does.
    pub fsck_strict: Option<bool>,
}

/// Live figures of a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepositoryCounts {
    /// Refs.
    pub refs: u64,
    /// Rows of the reflog.
    pub reflog_rows: u64,
    /// Packs that are live.
    pub live_packs: u64,
    /// Packs in quarantine.
    pub quarantined_packs: u64,
    /// Packs that maintenance has replaced and not yet removed.
    pub superseded_packs: u64,
    /// Bytes of the live packs.
    pub pack_bytes: u64,
    /// Entries of the live packs.
    pub object_count: u64,
    /// Rows with bytes of packs.
    pub chunk_rows: u64,
    /// Rows with derived parts.
    pub part_rows: u64,
    /// Tokens in any state.
    pub tokens: u64,
    /// Bytes of the database.
    pub database_bytes: u64,
}

impl<D: Database> RepoStore<D> {
    /// Opens the database as it is: call [`schema::wake`] before. `clock` gives unix
    /// milliseconds.
    pub fn new(db: D, clock: Box<dyn Fn() -> i64>) -> Self {
        Self {
            db,
            clock,
            lease: Rc::new(Lease::new()),
            part_reader: None,
            part_scanner: None,
            live_packs: RefCell::new(None),
            just_published: RefCell::default(),
            cold_packs: RefCell::default(),
            pack_id_floor: Cell::new(0),
            kept_refs: RefCache::default(),
            known_targets: KnownTargets::default(),
            snapshots: RefSnapshots::default(),
            has_packed_refs: Cell::default(),
            is_frozen: Cell::default(),
            has_schema: Cell::default(),
            record: UntilWritten::default(),
            shown_tokens: UntilWritten::default(),
            kept_forwarding: RefCell::default(),
        }
    }

    /// The database, for transactions around several calls and for its counters.
    pub fn database(&self) -> &D {
        &self.db
    }

    /// From now on the repository is read-only because the deployment is.
    pub(crate) fn freeze(&self) {
        self.is_frozen.set(true);
    }

    /// The repository's tokens.
    pub fn tokens(&self) -> TokenStore<'_, D> {
        let epoch_ms = match self.load() {
            Ok(Some(record)) => record.policies.standing.token_epoch_ms,
            Ok(None) => 0,
            // No token lets anybody in while the row cannot be read.
            Err(_) => i64::MAX,
        };
        TokenStore::new(&self.db, epoch_ms)
    }

    /// The token with this hash, in any state: read once for many requests.
    pub(crate) fn shown_token(&self, sha256: &[u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        let read = || self.tokens().find(sha256);
        self.shown_tokens.get(&self.db, *sha256, read)
    }

    /// Puts the schema and the repository into an empty database. False, and nothing changed,
    /// when a repository is there already.
    pub fn create(&self, new: &NewRepository<'_>) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, schema::REPOSITORY)?;
            self.forget_import_failure()?;
            let sql = "INSERT INTO repository (singleton, id, namespace, name, description, head,
                    read_only, public, deny_non_fast_forwards, deny_deletes, source, created_at,
                    updated_at, fsck_strict)
                VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9, ?9, ?10)
                ON CONFLICT (singleton) DO NOTHING";
            let written = self.db.execute(
                sql,
                &[
                    new.id.into(),
                    new.namespace.into(),
                    new.name.into(),
                    new.description.into(),
                    Value::Blob(new.head.as_bytes()),
                    new.read_only.into(),
                    new.public.into(),
                    Value::text(new.source),
                    new.now_ms.into(),
                    new.fsck_strict.into(),
                ],
            )?;
            Ok(written > 0)
        })
    }

    /// The repository's record; `None` when none was created here.
    pub fn load(&self) -> Result<Option<RepositoryRecord>, StoreError> {
        let mut record = self.record.get(&self.db, (), || self.read_record())?;
        if let Some(record) = &mut record {
            record.policies.is_frozen = self.is_frozen.get();
        }
        Ok(record)
    }

    /// Whether a schema was ever put into the database. To look for it reads a row for each table.
    pub(super) fn is_created(&self) -> Result<bool, SqlError> {
        if !self.has_schema.get() {
            let has_schema = schema::is_created(&self.db)?;
            // A transaction that put it there may be undone.
            self.has_schema.set(has_schema && !self.db.in_transaction());
            return Ok(has_schema);
        }
        Ok(true)
    }

    fn read_record(&self) -> Result<Option<RepositoryRecord>, StoreError> {
        if !self.is_created()? {
            return Ok(None);
        }
        let sql = "SELECT id, namespace, name, description, head, read_only, public,
                deny_non_fast_forwards, deny_deletes, source, created_at, updated_at, last_push_at,
                prune_grace_seconds, reflog_retention_seconds, superseded_grace_seconds,
                phase, network_id, EXISTS (SELECT 1 FROM import),
                EXISTS (SELECT 1 FROM recovery), fsck_strict, fetch_events,
                ref_rules, pre_receive, push_protection, bytes_max, expires_at, idle_ttl_seconds,
                deleted_at, used_at, standing,
                (SELECT json_object('policy', policy, 'refs', json(refs)) FROM upstream),
                EXISTS (SELECT 1 FROM downstream)
            FROM repository";
        Ok(query_first(&self.db, sql, &[], read_record)?)
    }

    /// Changes settings.
    pub fn update(&self, patch: &RepositoryPatch<'_>, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET
                description = coalesce(?1, description),
                head = coalesce(?2, head),
                read_only = coalesce(?3, read_only),
                public = coalesce(?4, public),
                deny_non_fast_forwards = coalesce(?5, deny_non_fast_forwards),
                deny_deletes = coalesce(?6, deny_deletes),
                updated_at = ?7,
                prune_grace_seconds = coalesce(?8, prune_grace_seconds),
                reflog_retention_seconds = coalesce(?9, reflog_retention_seconds),
                superseded_grace_seconds = coalesce(?10, superseded_grace_seconds),
                fsck_strict = coalesce(?11, fsck_strict),
                fetch_events = coalesce(?12, fetch_events),
                push_protection = coalesce(?13, push_protection)";
        let settings = &patch.settings;
        let truth = |setting: Option<bool>| Value::integer(setting.map(i64::from));
        let seconds = |setting: Option<u32>| Value::integer(setting.map(i64::from));
        self.db.execute(
            sql,
            &[
                Value::text(patch.description),
                patch
                    .head
                    .map_or(Value::Null, |head| Value::Blob(head.as_bytes())),
                truth(settings.read_only),
                truth(settings.public),
                truth(settings.deny_non_fast_forwards),
                truth(settings.deny_deletes),
                now_ms.into(),
                seconds(settings.prune_grace_seconds),
                seconds(settings.reflog_retention_seconds),
                seconds(settings.superseded_grace_seconds),
                truth(patch.fsck_strict),
                truth(settings.fetch_events),
                truth(settings.push_protection),
            ],
        )?;
        Ok(())
    }

    /// Bytes and entries of the live packs, without a look at the rows of anything else.
    pub fn live_sizes(&self) -> Result<(u64, u64), StoreError> {
        let packs = self.live_packs()?;
        let bytes = packs.iter().map(|pack| pack.pack_bytes).sum();
        let objects = packs.iter().map(|pack| u64::from(pack.object_count)).sum();
        Ok((bytes, objects))
    }

    /// Counts of the rows in the database. This reads every row, but not those of refs if their
    /// number is on record: for `/stats`, not for every request.
    pub fn counts(&self) -> Result<RepositoryCounts, StoreError> {
        let sql = "SELECT
                (SELECT coalesce(ref_count, (SELECT count(*) FROM ref)
                    + (SELECT coalesce(sum(ref_count), 0) FROM packed_refs)) FROM repository),
                (SELECT count(*) FROM reflog),
                count(*) FILTER (WHERE state = 'live'),
                count(*) FILTER (WHERE state = 'quarantine'),
                count(*) FILTER (WHERE state = 'superseded'),
                coalesce(sum(pack_bytes) FILTER (WHERE state = 'live'), 0),
                coalesce(sum(object_count) FILTER (WHERE state = 'live'), 0),
                (SELECT count(*) FROM pack_chunk),
                (SELECT count(*) FROM pack_part),
                (SELECT count(*) FROM token)
            FROM pack";
        let database_bytes = self.db.database_bytes()?;
        let counts = query_first(&self.db, sql, &[], |row| {
            Ok(RepositoryCounts {
                refs: row.unsigned(0)?,
                reflog_rows: row.unsigned(1)?,
                live_packs: row.unsigned(2)?,
                quarantined_packs: row.unsigned(3)?,
                superseded_packs: row.unsigned(4)?,
                pack_bytes: row.unsigned(5)?,
                object_count: row.unsigned(6)?,
                chunk_rows: row.unsigned(7)?,
                part_rows: row.unsigned(8)?,
                tokens: row.unsigned(9)?,
                database_bytes,
            })
        })?;
        Ok(counts.unwrap_or_default())
    }
}

fn is_default(policies: &Policies) -> bool {
    *policies == Policies::default()
}

fn read_record(row: &dyn Row) -> Result<RepositoryRecord, SqlError> {
    let policies = policies::read(row, 22)?;
    let phase = Phase::from_name(&row.text(16)?).ok_or(SqlError::Column {
        column: 16,
        expected: "phase",
    })?;
    Ok(RepositoryRecord {
        id: row.text(0)?,
        namespace: row.text(1)?,
        name: row.text(2)?,
        description: row.text(3)?,
        head: row.blob(4)?.into(),
        settings: RepositorySettings {
            read_only: row.truth(5)?,
            public: row.truth(6)?,
            deny_non_fast_forwards: row.truth(7)?,
            deny_deletes: row.truth(8)?,
            prune_grace_seconds: row.integer(13)?,
            reflog_retention_seconds: row.integer(14)?,
            superseded_grace_seconds: row.integer(15)?,
            fetch_events: row.truth(21)?,
            // It stands among the policies.
            push_protection: row.truth(24)?,
        },
        source: row.text_or_null(9)?,
        created_at: row.integer(10)?,
        updated_at: row.integer(11)?,
        last_push_at: row.integer_or_null(12)?,
        phase: match phase {
            Phase::Ready if policies.deleted_at.is_some() => Phase::Kept,
            phase => phase,
        },
        network_id: row.text_or_null(17)?,
        is_importing: row.truth(18)?,
        is_recovering: row.truth(19)?,
        fsck_strict: row.truth(20)?,
        has_downstreams: row.truth(32)?,
        policies: Box::new(policies),
    })
}
