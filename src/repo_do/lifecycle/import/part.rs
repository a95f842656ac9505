//! One pack of an import: it goes in by the [`intake`](crate::repo_do::intake), as a push's does, and
//! is published.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::attempt::Attempt;
use super::closure::{RefsAndTags, edge, tags_that_came};
use super::error::{ImportError, check_fsck};
use super::remote::{Remote, in_time, unavailable};
use super::report::PartReport;
use super::wanted::Wanted;
use crate::git::fetch_client::error::FetchClientError;
use crate::git::fetch_client::request::FetchOrder;
use crate::git::fetch_client::response::{Event, FetchResponseReader};
use crate::git::graph::commits::CommitGraph;
use crate::git::limits::Limits;
use crate::git::pack::incoming::objects::Sources;
use crate::git::pack::reader::LivePacks;
use crate::git::receive_pack::rules;
use crate::git::receive_pack::secrets::Allowed;
use crate::git::store::{ObjectSource as _, StoreError};
use crate::repo_do::fetch::reach::VisibleBases;
use crate::repo_do::intake::arrival::{ArrivedPack, ArrivingPack};
use crate::repo_do::intake::hooks::{Hooks as _, Stage};
use crate::repo_do::intake::inspect::inspect;
use crate::repo_do::intake::memory::PackMemory;
use crate::repo_do::intake::parts::write_parts;
use crate::repo_do::intake::prove::{Subject, prove};
use crate::repo_do::intake::proven::ProvenPack;
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::intake::resolve::resolve;
use crate::repo_do::intake::steps::Steps;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::repository::publication::{
    PackPublication, Publication, RefOutcome, RefUpdate,
};

/// How long one pack may take to arrive: an alarm has 15 minutes, and there is more to do.
const RECEIVE_MINUTES_MAX: i64 = 9;

/// A pack without objects: its header and the digest of that.
const EMPTY_PACK: [u8; 32] = [
    b'P', b'A', b'C', b'K', 0, 0, 0, 2, 0, 0, 0, 0, 0x02, 0x9d, 0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea,
    0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd, 0x3e, 0xd3, 0x1e,
];

/// A pack of the remote's, received and resolved.
pub(crate) struct Fetched {
    pub(crate) resolved: ArrivedPack,
    /// Commits that come without their parents, as the remote says.
    pub(crate) shallow: Vec<ObjectId>,
    /// For the tables, which grow with the objects.
    pub(crate) memory: PackMemory,
}

impl Fetched {
    pub(crate) fn pack_bytes(&self) -> u64 {
        self.resolved.objects.pack.pack_bytes()
    }
}

/// A pack whose closure is proved.
struct Proved {
    /// `None` when it has no objects.
    pack: Option<ProvenPack>,
    /// Commits that lack their parents.
    shallow: Vec<ObjectId>,
    /// The refs to make, tags that did not come left out.
    refs: Vec<RefUpdate>,
    report: PartReport,
    _memory: PackMemory,
}

impl Attempt {
    /// Fetches one pack.
    pub(crate) async fn fetch(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
        opened: &QuarantinedPack,
        objects_max: u32,
    ) -> Result<Fetched, ImportError> {
        let bound = self.bound().await?;
        let pack_bytes_max = self.limits.pack_bytes_max;
        let limits = Limits {
            objects_max,
            pack_bytes_max: bound
                .map_or(pack_bytes_max, |bound| bound.pack_bytes_max(pack_bytes_max)),
            ..self.limits
        };
        let mut memory = PackMemory::of_our_own();
        let received = self.receive(remote, order, opened, &mut memory, limits);
        let received = received.await.map_err(|error| error.by_bound(bound));
        let (arriving, shallow) = received?;
        let resolved = self.resolve(arriving.finish()?, opened).await;
        let resolved = resolved.map_err(|error| error.by_bound(bound))?;
        Ok(Fetched {
            resolved,
            shallow,
            memory,
        })
    }

    /// What a fetch brings that has nothing to ask for.
    pub(crate) async fn fetch_nothing(
        &self,
        opened: &QuarantinedPack,
    ) -> Result<Fetched, ImportError> {
        let mut arriving = ArrivingPack::new(self.limits, self.strictness()?);
        arriving.feed(&EMPTY_PACK, opened)?;
        Ok(Fetched {
            resolved: self.resolve(arriving.finish()?, opened).await?,
            shallow: Vec::new(),
            memory: PackMemory::of_our_own(),
        })
    }

    /// Makes the deltas that are left into objects. Those for a repository that was there before build on
    /// what its refs reach: what a delta makes of an object tells what that object is.
    async fn resolve(
        &self,
        arrived: ArrivedPack,
        opened: &QuarantinedPack,
    ) -> Result<ArrivedPack, ImportError> {
        let live = self.live()?;
        let visible = VisibleBases::of(&self.object, &live);
        let sources = Sources {
            store: live.store(),
            bases: if self.follows.is_some() {
                &visible
            } else {
                &live
            },
        };
        let resolved = resolve(self.steps(), arrived, sources, opened).await?;
        check_fsck(resolved.inspection.refusal())?;
        Ok(resolved)
    }

    async fn receive(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
        opened: &QuarantinedPack,
        memory: &mut PackMemory,
        limits: Limits,
    ) -> Result<(ArrivingPack, Vec<ObjectId>), ImportError> {
        let until_ms = now_ms().saturating_add(RECEIVE_MINUTES_MAX * 60_000);
        let mut body = remote.fetch(order).await?;
        self.check_alive()?;
        let mut reader = FetchResponseReader::new(remote.version, order.depth.is_some());
        let mut arriving = ArrivingPack::new(limits, self.strictness()?);
        let mut shallow = remote.refs.shallow.clone();
        let mut piece = Vec::new();
        loop {
            let more = in_time(body.next(&mut piece)).await;
            self.check_alive()?;
            if !more?.map_err(|error| unavailable(&error))? {
                break;
            }
            let fed = reader.feed(&piece, |event| {
                match event {
                    Event::Pack(bytes) => arriving.feed(bytes, opened)?,
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
            arriving.settle(opened, memory, self).await?;
        }
        reader.finish()?;
        Ok((arriving, shallow))
    }

    /// Fetches a part whose commits no ref names yet, and makes it live.
    pub(crate) async fn fetch_part(
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
        let _hold = self.claim_room(fetched.pack_bytes()).await?;
        let proved = self.prove(fetched, opened, order.wants, &nothing).await?;
        let store = &self.store;
        in_transaction(store.database(), || {
            let pack = self.write(&proved)?;
            proved.report.write_part(store)?;
            store.publish_part(pack.as_ref(), &proved.shallow, now_ms())
        })?;
        Ok(())
    }

    /// Fetches the rest, and makes the repository from it.
    pub(crate) async fn fetch_last(
        &self,
        remote: &Remote,
        order: &FetchOrder<'_>,
        wanted: &Wanted,
        objects_max: u32,
    ) -> Result<(), ImportError> {
        let opened = QuarantinedPack::new(Rc::clone(&self.object), Rc::clone(&self.store));
        let result = match self.fetch(remote, order, &opened, objects_max).await {
            Ok(fetched) => self.finish(fetched, &opened, order.wants, wanted).await,
            Err(error) => Err(error),
        };
        self.settle(&opened, &result);
        result
    }

    /// The pack is published, or goes.
    pub(crate) fn settle(&self, opened: &QuarantinedPack, result: &Result<(), ImportError>) {
        // A deletion has removed the pack, and another pack may have its number.
        if result.is_ok() || self.check_alive().is_err() {
            opened.forget();
        } else {
            opened.discard();
        }
    }

    async fn finish(
        &self,
        fetched: Fetched,
        opened: &QuarantinedPack,
        tips: &[ObjectId],
        wanted: &Wanted,
    ) -> Result<(), ImportError> {
        let _hold = self.claim_room(fetched.pack_bytes()).await?;
        let proved = self.prove(fetched, opened, tips, wanted).await?;
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
            proved.report.write_last(store)?;
            self.end_git(&proved.shallow)
        })?;
        Ok(())
    }

    /// The ref for HEAD: the remote's, if that branch came; otherwise a branch that exists.
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

    /// Writes the last rows of a pack, if it has objects.
    fn write(&self, proved: &Proved) -> Result<Option<PackPublication>, StoreError> {
        let pack = proved.pack.as_ref();
        pack.map(|pack| pack.write(&self.store)).transpose()
    }

    /// Walks from the tips: every object that they reach must be here, up to the remote's own edge.
    async fn prove(
        &self,
        fetched: Fetched,
        opened: &QuarantinedPack,
        tips: &[ObjectId],
        wanted: &Wanted,
    ) -> Result<Proved, ImportError> {
        self.at(Stage::Checking { commits: 0 });
        let commits = fetched.resolved.inspection.commit_count();
        self.object.import.update(|progress| {
            progress.total_commits = u32::try_from(commits).unwrap_or(u32::MAX);
        });
        let live = self.live()?;
        let limits = &self.limits;
        let steps = self.steps();
        // An import makes a new repository, which does not ask for the search yet.
        let nothing = Allowed::default();
        let pushed = inspect(steps, fetched.resolved, (&live, limits), &nothing).await?;
        let graph = CommitGraph::open(&*self.store, live.records())?;
        let shallow = edge(&pushed, &fetched.shallow);
        let known = self.store.shallow_commits()?;
        let mut closure = RefsAndTags {
            tips,
            tags: tags_that_came(&pushed, wanted)?,
            shallow: shallow.iter().chain(&known).copied().collect(),
        };
        let subject = Subject {
            graph: &graph,
            objects: &pushed,
            incoming: &pushed,
            limits,
        };
        let proved = prove(steps, subject, &mut closure).await?;
        let none = || ImportError::GivenUp("no tip of the remote's is left".to_owned());
        let connected = proved.ok_or_else(none)?;
        let mut refs = Vec::new();
        for named in wanted.refs.iter().chain(closure.tags) {
            refs.push(RefUpdate {
                name: named.name.clone(),
                old: None,
                new: Some(named.target),
                peeled: pushed.peel(&named.target)?,
            });
        }
        let has_written_parts = write_parts(steps, opened, &pushed, Some(&connected)).await?;
        let skipped = wanted.skipped_refs(|id| Ok(pushed.kind(id)?.is_some()))?;
        let (objects, inspection) = pushed.into_parts();
        Ok(Proved {
            pack: ProvenPack::of(objects, connected, has_written_parts),
            shallow,
            refs,
            report: PartReport::new(&inspection, skipped),
            _memory: fetched.memory,
        })
    }

    /// Steps of the engine, in its name.
    pub(crate) fn steps(&self) -> Steps<'_> {
        Steps::new(&self.object, &self.store, self)
    }

    /// The packs that are live now.
    pub(crate) fn live(&self) -> Result<LivePacks<Rc<Store>>, StoreError> {
        LivePacks::open(Rc::clone(&self.store), &self.limits)
    }
}
