//! One pack of an import: received into quarantine, resolved, proved; as a push's would be.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::attempt::{Attempt, busy};
use super::error::{ImportError, check_fsck};
use super::remote::{Remote, in_time, unavailable};
use super::wanted::Wanted;
use crate::git::fetch_client::error::FetchClientError;
use crate::git::fetch_client::request::FetchOrder;
use crate::git::fetch_client::response::{Event, FetchResponseReader};
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::{Connected, Connectivity, ConnectivityError, Progress};
use crate::git::limits::Limits;
use crate::git::pack::entries::EntryTable;
use crate::git::pack::incoming::Received;
use crate::git::pack::incoming::objects::{IncomingObjects, Sources};
use crate::git::pack::parser::PackParser;
use crate::git::pack::reader::LivePacks;
use crate::git::pack::resolver::{Resolver, Step};
use crate::git::receive_pack::inspection::Inspection;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::rules;
use crate::git::store::{ObjectSource as _, StoreError};
use crate::repo_do::contract::ImportPhase;
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::{PUSHED_OBJECT_BYTES, Reservation};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::caches::make_room;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::repository::publication::{
    PackPublication, Publication, RefOutcome, RefUpdate,
};

/// Bytes inflated and made between two pauses: about 20 ms of CPU.
const RESOLVE_STEP_BYTES: u64 = 8 << 20;

/// Objects read between two pauses: about 20 ms of CPU.
const CHECK_STEP_OBJECTS: usize = 2000;

/// How long one pack may take to arrive: an alarm has 15 minutes, and there is more to do.
const RECEIVE_MINUTES_MAX: i64 = 9;

/// Walks that find the tags that are not complete.
const WALKS_MAX: usize = 16;

/// A pack of the remote's, received and resolved.
pub struct Fetched {
    pub objects: IncomingObjects,
    pub inspection: Inspection,
    /// Commits that come without their parents, as the remote says.
    pub shallow: Vec<ObjectId>,
    /// For the tables, which grow with the objects.
    pub room: Reservation,
}

/// A pack whose closure is proved.
struct Proved {
    table: EntryTable,
    received: Received,
    connected: Connected,
    /// Commits that lack their parents.
    shallow: Vec<ObjectId>,
    /// The refs to make, tags that did not come left out.
    refs: Vec<RefUpdate>,
    _room: Reservation,
}

impl Attempt {
    /// Fetches one pack.
    pub async fn fetch(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
        opened: &QuarantinedPack,
        objects_max: u32,
    ) -> Result<Fetched, ImportError> {
        let limits = Limits {
            objects_max,
            ..self.limits
        };
        let mut inspection = Inspection::new(self.strictness()?);
        let (parser, shallow, room) = self
            .receive(remote, order, opened, &mut inspection, limits)
            .await?;
        let objects = parser.finish_input()?;
        let objects = self.resolve(objects, opened, &mut inspection).await?;
        check_fsck(inspection.refusal())?;
        Ok(Fetched {
            objects,
            inspection,
            shallow,
            room,
        })
    }

    async fn receive(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
        opened: &QuarantinedPack,
        inspection: &mut Inspection,
        limits: Limits,
    ) -> Result<(PackParser, Vec<ObjectId>, Reservation), ImportError> {
        let until_ms = now_ms().saturating_add(RECEIVE_MINUTES_MAX * 60_000);
        let mut body = remote.fetch(order).await?;
        self.check_alive()?;
        let mut reader = FetchResponseReader::new(remote.version, order.depth.is_some());
        let mut parser = PackParser::new(limits);
        let mut shallow = remote.refs.shallow.clone();
        let mut received_bytes = 0_u64;
        let mut room = reserve(0).await.map_err(busy)?;
        let mut piece = Vec::new();
        loop {
            let more = in_time(body.next(&mut piece)).await;
            self.check_alive()?;
            if !more?.map_err(|error| unavailable(&error))? {
                break;
            }
            let fed = reader.feed(&piece, |event| {
                match event {
                    Event::Pack(bytes) => {
                        received_bytes = received_bytes.saturating_add(bytes.len() as u64);
                        parser.feed(bytes, opened, inspection)?;
                    }
                    Event::Shallow(id) if shallow.len() < limits.haves_max => shallow.push(id),
                    Event::Shallow(_) => {
                        let refs_max = limits.haves_max;
                        return Err(FetchClientError::TooManyRefs { refs_max }.into());
                    }
                    Event::Progress(_) => {}
                }
                Ok::<_, ImportError>(())
            });
            let fed = match fed {
                Ok(()) if now_ms() > until_ms => Err(ImportError::TooSlow(RECEIVE_MINUTES_MAX)),
                fed => fed,
            };
            if let Err(error) = fed {
                body.cancel();
                return Err(error);
            }
            let received = parser.progress();
            if received.objects_announced > 0 && room.bytes() == 0 {
                let tables = u64::from(received.objects_announced) * PUSHED_OBJECT_BYTES;
                room = reserve(tables).await.map_err(busy)?;
                make_room(tables);
                self.check_alive()?;
            }
            self.object.import.update(|progress| {
                progress.phase = ImportPhase::Receiving;
                progress.received_bytes = received_bytes;
                progress.received_objects = received.objects_received;
                progress.total_objects = received.objects_announced;
            });
            opened.sweep_later().await?;
            self.check_alive()?;
        }
        reader.finish()?;
        Ok((parser, shallow, room))
    }

    /// Makes the deltas that are left into objects.
    async fn resolve(
        &self,
        objects: IncomingObjects,
        opened: &QuarantinedPack,
        inspection: &mut Inspection,
    ) -> Result<IncomingObjects, ImportError> {
        let live = self.live()?;
        let sources = Sources {
            store: live.store(),
            bases: &live,
        };
        let mut resolver = Resolver::new(objects);
        loop {
            let step = resolver.step(RESOLVE_STEP_BYTES, sources, opened, inspection)?;
            let deltas = resolver.progress();
            self.object.import.update(|progress| {
                progress.phase = ImportPhase::Resolving;
                progress.resolved_deltas = deltas.deltas_resolved;
                progress.total_deltas = deltas.deltas;
            });
            opened.sweep_later().await?;
            if step == Step::Done {
                self.check_alive()?;
                return Ok(resolver.finish());
            }
            pause().await;
            self.check_alive()?;
        }
    }

    /// Fetches a part whose commits no ref names yet, and makes it live.
    pub async fn fetch_part(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
    ) -> Result<(), ImportError> {
        let opened = QuarantinedPack::new(Rc::clone(&self.object), Rc::clone(&self.store));
        let result = self.try_fetch_part(remote, order, &opened).await;
        self.settle(&opened, &result);
        result
    }

    async fn try_fetch_part(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
        opened: &QuarantinedPack,
    ) -> Result<(), ImportError> {
        let objects_max = self.limits.objects_max;
        let fetched = self.fetch(remote, order, opened, objects_max).await?;
        let nothing = Wanted::default();
        let proved = self.prove(fetched, order.wants, &nothing).await?;
        let store = &self.store;
        in_transaction(store.database(), || {
            let pack = self.write(&proved)?;
            store.publish_part(pack.as_ref(), &proved.shallow, now_ms())
        })?;
        Ok(())
    }

    /// Fetches what is left, and makes the repository of it.
    pub async fn fetch_last(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
        wanted: &Wanted,
        objects_max: u32,
    ) -> Result<(), ImportError> {
        let opened = QuarantinedPack::new(Rc::clone(&self.object), Rc::clone(&self.store));
        let result = match self.fetch(remote, order, &opened, objects_max).await {
            Ok(fetched) => self.finish(fetched, order.wants, wanted).await,
            Err(error) => Err(error),
        };
        self.settle(&opened, &result);
        result
    }

    /// The pack is published, or goes.
    fn settle(&self, opened: &QuarantinedPack, result: &Result<(), ImportError>) {
        // What was deleted has taken the pack along, and its number may be another's.
        if result.is_ok() || self.check_alive().is_err() {
            opened.forget();
        } else {
            opened.discard();
        }
    }

    async fn finish(
        &self,
        fetched: Fetched,
        tips: &[ObjectId],
        wanted: &Wanted,
    ) -> Result<(), ImportError> {
        let proved = self.prove(fetched, tips, wanted).await?;
        let store = &self.store;
        let now_ms = now_ms();
        let mut publication = Publication {
            updates: proved.refs.clone(),
            now_ms,
            ..Publication::default()
        };
        in_transaction(store.database(), || {
            publication.pack = self.write(&proved)?;
            let outcomes = store.publish(&publication)?;
            let too_many = outcomes.iter().find_map(|outcome| match outcome {
                RefOutcome::TooMany(too_many) => Some(too_many),
                _ => None,
            });
            if let Some(too_many) = too_many {
                return Err(StoreError::Failed(too_many.to_string()));
            }
            if outcomes
                .iter()
                .any(|outcome| *outcome != RefOutcome::Updated)
            {
                let message = "the remote's refs stand in each other's way".to_owned();
                return Err(StoreError::Failed(message));
            }
            if let Some(head) = self.head(&publication, wanted)? {
                store.set_head(head.as_bstr(), now_ms)?;
            }
            store.finish_import(&proved.shallow)
        })?;
        Ok(())
    }

    /// Ends the import of a remote without refs.
    pub fn finish_empty(&self, wanted: &Wanted) -> Result<(), ImportError> {
        in_transaction(self.store.database(), || {
            if let Some(head) = &wanted.head {
                self.store.set_head(head.as_bstr(), now_ms())?;
            }
            self.store.finish_import(&[])
        })?;
        Ok(())
    }

    /// Where HEAD is to point: where the remote's does, if that branch came, else at a branch that
    /// exists.
    fn head<'a>(
        &self,
        publication: &'a Publication,
        wanted: &'a Wanted,
    ) -> Result<Option<&'a BString>, StoreError> {
        let exists = |name: &BString| self.store.find_ref(name.as_bstr());
        if let Some(head) = &wanted.head
            && exists(head)?.is_some()
        {
            return Ok(Some(head));
        }
        if exists(&self.store.head()?)?.is_some() {
            return Ok(None);
        }
        let branches = publication.updates.iter().map(|update| &update.name);
        let mut branches = branches.filter(|name| rules::names_a_branch(name.as_bstr()));
        Ok(branches.next())
    }

    /// Writes a pack's last rows; `None` when it has no objects.
    fn write(&self, proved: &Proved) -> Result<Option<PackPublication>, StoreError> {
        let Proved {
            table, received, ..
        } = proved;
        if table.count() == 0 {
            return Ok(None);
        }
        let Connected {
            graph_part,
            introduced_part,
            ..
        } = &proved.connected;
        let store = &self.store;
        let pack = store.write_pack(received, table, graph_part, introduced_part)?;
        Ok(Some(pack))
    }

    /// Walks from the tips: what they reach must be here, up to the remote's own edge.
    async fn prove(
        &self,
        fetched: Fetched,
        tips: &[ObjectId],
        wanted: &Wanted,
    ) -> Result<Proved, ImportError> {
        self.object
            .import
            .update(|progress| progress.phase = ImportPhase::Checking);
        let live = self.live()?;
        let limits = &self.limits;
        let mut pushed = Pushed::new(fetched.objects, fetched.inspection, &live, limits);
        pushed.check_specials()?;
        check_fsck(pushed.refusal())?;
        let graph = CommitGraph::open(&*self.store, live.records())?;
        let shallow = edge(&pushed, &fetched.shallow);
        let known = self.store.shallow_commits()?;
        let edge: HashSet<_> = shallow.iter().chain(&known).copied().collect();

        // A tag is asked for by nobody: it is taken if its object came, and all that it reaches.
        let mut tags = Vec::new();
        for tag in &wanted.tags {
            let came = |id: &ObjectId| Ok::<_, ImportError>(pushed.kind(id)?.is_some());
            if came(&tag.target)? && came(&tag.peeled.unwrap_or(tag.target))? {
                tags.push(tag);
            }
        }
        for _ in 0..WALKS_MAX {
            let with_tags = tips
                .iter()
                .copied()
                .chain(tags.iter().map(|tag| tag.target));
            let with_tags: Vec<_> = with_tags.collect();
            let mut walk = Connectivity::new(&graph, &pushed, &pushed, &with_tags, limits)
                .with_shallow(edge.iter().copied());
            let bad = self.walk(&mut walk).await?;
            if let Some((_, error)) = bad.iter().find(|(tip, _)| tips.contains(tip)) {
                return Err(error.clone().into());
            }
            if !bad.is_empty() {
                tags.retain(|tag| !bad.contains_key(&tag.target));
                continue;
            }
            let connected = walk.finish();
            let mut refs = Vec::new();
            for named in wanted.refs.iter().chain(tags.iter().copied()) {
                refs.push(RefUpdate {
                    name: named.name.clone(),
                    old: None,
                    new: Some(named.target),
                    peeled: pushed.peel(&named.target)?,
                });
            }
            let (objects, _) = pushed.into_parts();
            return Ok(Proved {
                table: objects.table,
                received: objects.pack.finish(),
                connected,
                shallow,
                refs,
                _room: fetched.room,
            });
        }
        Err(ImportError::GivenUp(
            "too many of the remote's tags are incomplete".to_owned(),
        ))
    }

    /// Walks to the end; gives the tips that are not complete.
    async fn walk(
        &self,
        walk: &mut Connectivity<'_>,
    ) -> Result<HashMap<ObjectId, ConnectivityError>, ImportError> {
        let mut bad = HashMap::new();
        loop {
            match walk.step(CHECK_STEP_OBJECTS) {
                Ok(Progress::Working) => {}
                Ok(Progress::Done) => return Ok(bad),
                Err(error) if error.is_of_tip() => {
                    bad.insert(walk.give_up_tip(), error);
                }
                Err(error) => return Err(error.into()),
            }
            pause().await;
            self.check_alive()?;
        }
    }

    /// The packs that are live now.
    pub fn live(&self) -> Result<LivePacks<Rc<Store>>, StoreError> {
        LivePacks::open(Rc::clone(&self.store), &self.limits)
    }
}

/// Of the commits that the remote calls shallow, those that came and lack parents: a first commit
/// has none to lack.
fn edge(pushed: &Pushed<'_, Rc<Store>>, shallow: &[ObjectId]) -> Vec<ObjectId> {
    use crate::git::graph::connectivity::Incoming as _;
    let lacks = |id: &&ObjectId| {
        let commit = pushed.commit(id);
        commit.is_some_and(|commit| !commit.parents.is_empty())
    };
    shallow.iter().filter(lacks).copied().collect()
}
