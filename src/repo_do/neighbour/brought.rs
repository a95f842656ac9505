//! A pack with objects of another repository, on which a write builds or which a comparison reads. It stays
//! in quarantine until a write is published, and is removed otherwise.
//!
//! The pack is first proved by itself: the closure of its tip lies in the pack or among the objects that the
//! caller may see. Then its rows are written. This one request can now read the pack and rely on it as on a
//! live one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::ConnectivityError;
use crate::git::limits::Limits;
use crate::git::pack::incoming::objects::Sources;
use crate::git::pack::index::PackIndex;
use crate::git::pack::reader::LivePacks;
use crate::git::receive_pack::findings::FsckWarnings;
use crate::git::receive_pack::secrets::{Allowed, SecretRefusal, SecretSearch};
use crate::git::store::{PackRecord, PackStore as _, ReadError, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::fetch::reach::{Visible, VisibleBases};
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::hooks::Hooks;
use crate::repo_do::intake::inspect::inspect;
use crate::repo_do::intake::new_pack::NewPack;
use crate::repo_do::intake::prove::{Closure, Subject, prove};
use crate::repo_do::intake::proven::ProvenPack;
use crate::repo_do::intake::quarantine::Discarding;
use crate::repo_do::intake::resolve::resolve;
use crate::repo_do::intake::steps::Steps;
use crate::repo_do::object::RepoObject;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::readers::Reader;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::repository::publication::PackPublication;

/// A proved pack in quarantine, whole.
pub(crate) struct BroughtPack {
    pack: PackPublication,
    index: PackIndex,
    warned: FsckWarnings,
    secrets: Option<SecretRefusal>,
    quarantine: Discarding,
    /// Keeps the objects on which the pack relies until it is published.
    _reader: Reader,
}

impl BroughtPack {
    /// Proves that the pack brings the whole closure of `tip`, and writes its rows. Returns `None` for a
    /// pack without objects: the tip is here already. The caller took `reader` before it asked for the pack.
    pub(crate) async fn prove(
        (object, store): (&Rc<RepoObject>, &Rc<Store>),
        (new_pack, tip): (NewPack, ObjectId),
        reader: Reader,
        (hooks, allowed): (&dyn Hooks, &Allowed),
    ) -> Result<Option<Self>, ErrorReply> {
        let limits = Limits::DEFAULT;
        let NewPack {
            arrived,
            quarantined,
            mut memory,
        } = new_pack;
        let quarantine = Discarding::new(quarantined);
        memory.hold_work(arrived.counts()).await?;
        let live = LivePacks::open(Rc::clone(store), &limits)?;
        let steps = Steps::new(object, store, hooks);
        let bases = VisibleBases::of(object, &live);
        let sources = Sources {
            store: live.store(),
            bases: &bases,
        };
        let resolved = resolve(steps, arrived, sources, quarantine.get()?).await?;
        let pushed = inspect(steps, resolved, (&live, &limits), allowed).await?;
        let graph = graph_of(object, store, &live)?;
        let subject = Subject {
            graph: &graph,
            objects: &pushed,
            incoming: &pushed,
            limits: &limits,
        };
        let mut closure = OneTip { tip, object, store };
        let connected = prove(steps, subject, &mut closure).await?;
        let connected = connected.ok_or_else(|| lost("it has no tip"))?;
        let (objects, inspection) = pushed.into_parts();
        let Some(proven) = ProvenPack::of(objects, connected, false) else {
            return Ok(None);
        };
        let pack = in_transaction(store.database(), || proven.write(store))?;
        quarantine.get()?.adopt(pack.pack_id);
        quarantine.get()?.sweep_later().await?;
        Ok(Some(Self {
            index: PackIndex::open(pack.pack_id, store.index(pack.pack_id)?)?,
            pack,
            warned: inspection.warned().clone(),
            secrets: inspection.secrets().and_then(SecretSearch::found),
            quarantine,
            _reader: reader,
        }))
    }

    /// The record that it has in a list of live packs.
    pub(crate) fn record(&self) -> PackRecord {
        PackRecord {
            pack_id: self.pack.pack_id,
            pack_bytes: self.pack.pack_bytes,
            object_count: self.pack.object_count,
        }
    }

    /// Whether it has the object.
    pub(crate) fn has(&self, id: &oid) -> bool {
        self.index.find(id).is_some()
    }

    /// The publication that makes it live.
    pub(crate) fn publication(&self) -> PackPublication {
        self.pack
    }

    /// The warnings of fsck about its objects.
    pub(crate) fn warned(&self) -> &FsckWarnings {
        &self.warned
    }

    /// The secrets that were found in its blobs and let in.
    pub(crate) fn secrets(&self) -> Option<&SecretRefusal> {
        self.secrets.as_ref()
    }

    /// Leaves its rows alone: the write has published them, or has removed them itself.
    pub(crate) fn forget(mut self) {
        if let Ok(quarantined) = self.quarantine.take() {
            quarantined.forget();
        }
    }
}

/// The graph of these packs: the one in memory, extended by the packs that it lacks.
pub(crate) fn graph_of(
    object: &RepoObject,
    store: &Rc<Store>,
    packs: &LivePacks<Rc<Store>>,
) -> Result<Rc<CommitGraph>, StoreError> {
    let kept = object.graph.current(store)?;
    if kept.is_of(packs.records()) {
        return Ok(kept);
    }
    Ok(Rc::new(kept.reopen(&**store, packs.records())?))
}

/// The closure of a brought pack: its tip must be complete in the pack and among the objects that this
/// repository's own refs reach. Objects that merely lie here do not count, because the caller may not be
/// allowed to have them.
struct OneTip<'a> {
    tip: ObjectId,
    object: &'a RepoObject,
    store: &'a Rc<Store>,
}

impl Closure for OneTip<'_> {
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>> {
        Some(Cow::Owned(vec![self.tip]))
    }

    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError> {
        let error = bad.into_values().next();
        error.map_or(Ok(()), |error| Err(error.into()))
    }

    fn hidden(&self, relied_on: &[ObjectId]) -> Result<HashSet<ObjectId>, ReadError> {
        Visible::to(self.object, self.store, Audience::Member).hidden(relied_on)
    }
}

fn lost(what: &str) -> ErrorReply {
    ErrorReply::new(ErrorCode::InternalError, "internal error").caused_by("intake", &what)
}
