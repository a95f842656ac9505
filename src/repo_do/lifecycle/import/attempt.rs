//! One attempt: the remote asked for its refs, then fetched whole; or, when its history is too
//! long for that, cut into parts, and the next part fetched.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::filling::Outcome;
use super::error::ImportError;
use super::remote::Remote;
use super::wanted::{AskedRefs, Wanted};
use crate::git::fetch_client::error::FetchClientError;
use crate::git::fetch_client::parts::{History, Parts, join_ids, split_ids};
use crate::git::fetch_client::request::FetchOrder;
use crate::git::graph::commits::CommitGraph;
use crate::git::limits::Limits;
use crate::git::object::facts::CommitFacts;
use crate::git::object::fsck::Strictness;
use crate::git::protocol::advertise::Version;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::store::StoreError;
use crate::repo_do::contract::{Credentials, ErrorReply, ImportPhase, ImportProgress, RemoteUrl};
use crate::repo_do::intake::arrival::ArrivedPack;
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::quota::Bound;
use crate::repo_do::request::room_hold::{ClaimError, Claimant, RoomHold};
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::memory::PUSH_BYTES;
use crate::repo_do::state::import::CurrentImport;
use crate::repo_do::state::store::Store;
use crate::storage::repository::imports::ImportRecord;

/// Objects that a history may have to be fetched whole, and that a part should have at most.
/// Beyond this an attempt may take longer than an alarm has.
const PART_OBJECTS: u32 = 150_000;

/// The variable that sets another number, for tests.
const PART_OBJECTS_VARIABLE: &str = "CAIRN_IMPORT_PART_OBJECTS";

/// Ids of one frontier: a row has two million bytes.
const FRONTIER_MAX: usize = 90_000;

/// The isolate has no room now.
pub(crate) fn busy(error: ErrorReply) -> ImportError {
    ImportError::Unavailable(error.message)
}

/// State shared by the attempts in one run of the alarm.
pub(crate) struct Attempt {
    pub(crate) object: Rc<RepoObject>,
    pub(crate) store: Rc<Store>,
    pub(crate) limits: Limits,
    /// Which life of the object this is: another begins when everything is deleted.
    pub(crate) life: u64,
    /// Of a repository that was there before and follows the remote: the settings that it does so by.
    pub(super) follows: Option<u64>,
}

impl Attempt {
    /// An attempt in this life of the object.
    pub(crate) fn new(object: &Rc<RepoObject>, store: &Rc<Store>) -> Self {
        Self {
            object: Rc::clone(object),
            store: Rc::clone(store),
            limits: Limits::DEFAULT,
            life: object.life(),
            follows: None,
        }
    }

    /// The same for a repository that was there before, and that follows the remote.
    pub(crate) fn following(object: &Rc<RepoObject>, store: &Rc<Store>) -> Self {
        Self {
            follows: Some(object.upstream.revision()),
            ..Self::new(object, store)
        }
    }

    /// Where it notes how far it has come.
    pub(crate) fn noted(&self) -> &CurrentImport {
        if self.follows.is_some() {
            &self.object.upstream.fetching
        } else {
            &self.object.import
        }
    }

    /// After an `.await`: whether the repository that is imported is still there. Nothing may be written
    /// otherwise, since another repository may stand in its place.
    pub(crate) fn check_alive(&self) -> Result<(), ImportError> {
        let follows = self.object.upstream.revision();
        let is_as_it_was = self.follows.is_none_or(|revision| revision == follows);
        if self.object.life() == self.life && is_as_it_was {
            Ok(())
        } else {
            Err(ImportError::Deleted)
        }
    }

    /// Does the next thing that is left to do.
    pub(crate) async fn next(&self, record: &ImportRecord) -> Result<Outcome, ImportError> {
        let _reservation = reserve(PUSH_BYTES).await.map_err(busy)?;
        self.check_alive()?;
        self.object.import.update(|progress| {
            *progress = ImportProgress {
                phase: ImportPhase::Preparing,
                attempts: record.attempts,
                parts: record.cut.map_or(0, |cut| cut.saturating_add(1)),
                parts_done: record.parts_done,
                ..ImportProgress::default()
            };
        });
        let credentials = self.credentials(record)?;
        let url = self.url(record)?;
        let remote = Remote::discover(&url, credentials.as_ref(), &record.refs, &self.limits);
        let remote = remote.await;
        self.check_alive()?;
        let remote = remote?;
        let _listed = reserve(remote.refs.held_bytes()).await.map_err(busy)?;
        self.check_alive()?;
        let asked = AskedRefs {
            branch: record.branch.as_deref(),
            depth: record.depth,
            selection: &record.refs,
        };
        let wanted = Wanted::of(&remote.refs, asked, &self.limits)?;
        if wanted.refs.is_empty() {
            self.finish_empty(&wanted)?;
            return Ok(Outcome::Finished);
        }
        match (record.cut, record.part_commits) {
            (Some(cut), _) => self.go_on(record, cut, &remote, &wanted).await,
            (None, Some(part_commits)) => self.cut(&remote, &wanted, part_commits).await,
            (None, None) => self.whole(record, &remote, &wanted).await,
        }
    }

    /// The bound on bytes that leaves the least, of the namespace or of the repository.
    pub(crate) async fn bound(&self) -> Result<Option<Bound>, ImportError> {
        let record = self.store.load()?.ok_or(ImportError::Deleted)?;
        let claimant = Claimant {
            object: &self.object,
            store: &self.store,
            record: &record,
        };
        let (quota, _) = claimant.ask(None).await.map_err(busy)?;
        self.check_alive()?;
        Ok(quota.bound(&self.store, &record)?)
    }

    /// Claims bytes that are about to be published, at the namespace.
    pub(crate) async fn claim_room(&self, more: u64) -> Result<Option<RoomHold>, ImportError> {
        let record = self.store.load()?.ok_or(ImportError::Deleted)?;
        let claimant = Claimant {
            object: &self.object,
            store: &self.store,
            record: &record,
        };
        let claimed = claimant.claim(more).await;
        self.check_alive()?;
        claimed.map_err(|error| match error {
            ClaimError::Exceeded(error) => ImportError::Quota(error),
            ClaimError::Failed(error) => busy(error),
        })
    }

    /// How the repository checks objects.
    pub(crate) fn strictness(&self) -> Result<Strictness, StoreError> {
        let record = self.store.load()?;
        let is_strict = record.is_some_and(|record| record.fsck_strict);
        Ok(Strictness::of(is_strict))
    }

    /// The refs are live: whether that was all.
    fn after_refs(&self) -> Result<Outcome, ImportError> {
        let is_over = self.store.import()?.is_none();
        Ok(if is_over {
            Outcome::Finished
        } else {
            Outcome::More
        })
    }

    pub(super) fn credentials(
        &self,
        record: &ImportRecord,
    ) -> Result<Option<Credentials>, ImportError> {
        let credentials = self.object.import.credentials.borrow().clone();
        if record.had_credentials && credentials.is_none() {
            return Err(ImportError::CredentialsLost);
        }
        Ok(credentials)
    }

    pub(super) fn url(&self, record: &ImportRecord) -> Result<RemoteUrl, ImportError> {
        self.remote_url(&record.url)
    }

    /// The URL of the remote, checked once more.
    pub(crate) fn remote_url(&self, url: &str) -> Result<RemoteUrl, ImportError> {
        let allow_private = self.object.allows_private_remotes();
        let url = RemoteUrl::parse(url, allow_private);
        // It was checked before; the operator may have changed his mind meanwhile.
        let url = url.map_err(|error| ImportError::NotGit(error.to_string()))?;
        Ok(url.0)
    }

    fn part_objects(&self) -> u32 {
        let variable = self.object.variable(PART_OBJECTS_VARIABLE);
        let given = variable.and_then(|text| text.parse().ok());
        given.unwrap_or(PART_OBJECTS).max(1)
    }

    /// Fetches all there is; or, where that is too much and the remote can filter, cuts it.
    async fn whole(
        &self,
        record: &ImportRecord,
        remote: &Remote,
        wanted: &Wanted,
    ) -> Result<Outcome, ImportError> {
        let wants = wanted.ids();
        let order = FetchOrder {
            wants: &wants,
            depth: record.depth,
            ..FetchOrder::default()
        };
        if record.depth.is_some() && !remote.features.shallow {
            let feature = "shallow";
            return Err(FetchClientError::Lacks { feature }.into());
        }
        let can_cut =
            remote.features.filter && remote.version == Version::V2 && record.depth.is_none();
        let objects_max = if can_cut {
            self.part_objects().min(self.limits.objects_max)
        } else {
            self.limits.objects_max
        };
        match self.fetch_last(remote, &order, wanted, objects_max).await {
            Ok(()) => self.after_refs(),
            Err(ImportError::TooManyObjects { count, .. }) if can_cut => {
                self.cut_by_objects(remote, wanted, count).await
            }
            Err(ImportError::TooSlow(_)) if can_cut => {
                let count = self.object.import.progress().total_objects;
                self.cut_by_objects(remote, wanted, count).await
            }
            Err(error) => Err(error),
        }
    }

    /// Cuts a history of this many objects.
    async fn cut_by_objects(
        &self,
        remote: &Remote,
        wanted: &Wanted,
        objects: u32,
    ) -> Result<Outcome, ImportError> {
        let part_objects = u64::from(self.part_objects());
        let part_commits = |commits: u64| {
            let part = commits.saturating_mul(part_objects) / u64::from(objects.max(1));
            u32::try_from(part).unwrap_or(u32::MAX).max(1)
        };
        self.cut_with(remote, wanted, part_commits).await
    }

    async fn cut(
        &self,
        remote: &Remote,
        wanted: &Wanted,
        part_commits: u32,
    ) -> Result<Outcome, ImportError> {
        self.cut_with(remote, wanted, |_| part_commits).await
    }

    /// Fetches the commits alone, and notes where to cut.
    async fn cut_with(
        &self,
        remote: &Remote,
        wanted: &Wanted,
        part_commits: impl Fn(u64) -> u32,
    ) -> Result<Outcome, ImportError> {
        let wants = wanted.ids();
        let order = FetchOrder {
            wants: &wants,
            history_only: true,
            ..FetchOrder::default()
        };
        let opened = QuarantinedPack::new(Rc::clone(&self.object), Rc::clone(&self.store));
        let fetched = self.fetch(remote, &order, &opened, self.limits.objects_max);
        let fetched = fetched.await;
        self.check_alive()?;
        // The commits come again with their parts.
        opened.discard();
        let fetched = fetched?;
        let live = self.live()?;
        let ArrivedPack {
            objects,
            inspection,
        } = fetched.resolved;
        let commits = inspection.commit_count();
        let pushed = Pushed::new(objects, inspection, &live, &self.limits);
        let graph = CommitGraph::open(&*self.store, live.records())?;
        let commits_only = CommitsOnly {
            pushed: &pushed,
            graph: &graph,
            shallow: fetched.shallow.into_iter().collect(),
        };
        let mut tips = Vec::new();
        for tip in wanted.peeled() {
            if commits_only.is_here(&tip)? || pushed.has_commit(&tip) {
                tips.push(tip);
            }
        }
        let part_commits = part_commits(commits as u64);
        let part_size = usize::try_from(part_commits).unwrap_or(usize::MAX);
        let parts = Parts::cut(&commits_only, &tips, part_size)?;
        let frontiers = [&parts.here].into_iter().chain(&parts.frontiers);
        if frontiers
            .clone()
            .any(|frontier| frontier.len() > FRONTIER_MAX)
        {
            let message = "the remote's history is too wide to be cut".to_owned();
            return Err(ImportError::GivenUp(message));
        }
        let frontiers: Vec<_> = frontiers.map(|frontier| join_ids(frontier)).collect();
        self.store.cut_import(part_commits, &frontiers)?;
        Ok(Outcome::More)
    }

    /// Fetches the next part of a history that was cut.
    async fn go_on(
        &self,
        record: &ImportRecord,
        cut: u32,
        remote: &Remote,
        wanted: &Wanted,
    ) -> Result<Outcome, ImportError> {
        let here = self.frontier(0)?;
        let before = self.frontier(record.parts_done)?;
        let haves: BTreeSet<_> = here.into_iter().chain(before).collect();
        let is_last = record.parts_done >= cut;
        let wants = if is_last {
            wanted.ids()
        } else {
            let frontier = self.frontier(record.parts_done.saturating_add(1))?;
            let is_new = |id: &ObjectId| !haves.contains(id);
            frontier.into_iter().filter(is_new).collect()
        };
        let haves: Vec<_> = haves.into_iter().collect();
        let order = FetchOrder {
            wants: &wants,
            haves: &haves,
            ..FetchOrder::default()
        };
        let fetched = if is_last {
            let objects_max = self.limits.objects_max;
            self.fetch_last(remote, &order, wanted, objects_max).await
        } else {
            self.fetch_part(remote, &order).await
        };
        match fetched {
            Ok(()) if is_last => self.after_refs(),
            Ok(()) => Ok(Outcome::More),
            // Smaller parts may do.
            Err(ImportError::TooManyObjects { .. } | ImportError::TooSlow(_))
                if record.part_commits.is_some_and(|commits| commits > 1) =>
            {
                self.store
                    .uncut_import(record.part_commits.unwrap_or(2) / 2)?;
                Ok(Outcome::More)
            }
            Err(error @ ImportError::Remote(_)) => {
                // The commits at the cut may be gone.
                self.store.uncut_import(record.part_commits.unwrap_or(1))?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    fn frontier(&self, number: u32) -> Result<Vec<ObjectId>, ImportError> {
        let joined = self.store.import_frontier(number)?;
        Ok(split_ids(&joined.unwrap_or_default()))
    }
}

/// A history that came without trees.
struct CommitsOnly<'a> {
    pushed: &'a Pushed<'a, Rc<Store>>,
    graph: &'a CommitGraph,
    shallow: HashSet<ObjectId>,
}

impl History for CommitsOnly<'_> {
    fn commit(&self, commit_id: &oid) -> Option<CommitFacts> {
        use crate::git::graph::connectivity::Incoming as _;
        let mut commit = self.pushed.commit(commit_id)?;
        if self.shallow.contains(commit_id) {
            commit.parents.clear();
        }
        Some(commit)
    }

    fn is_here(&self, commit_id: &oid) -> Result<bool, StoreError> {
        Ok(self.graph.lookup(commit_id)?.is_some())
    }
}
