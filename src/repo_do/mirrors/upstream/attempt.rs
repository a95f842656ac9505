//! One attempt at a sync: lists the upstream's refs, fetches the differences, and publishes them.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::judge::{Judge, Judged};
use super::listing::{Differences, Listing, ListingError};
use super::publish::{Checked, Told};
use super::sync::{Ground, Sync};
use crate::git::fetch_client::request::FetchOrder;
use crate::git::fetch_client::selection::RefSelection;
use crate::git::graph::ancestry::is_ancestor;
use crate::git::graph::commits::CommitGraph;
use crate::git::refspec::Refspecs;
use crate::repo_do::contract::{ImportPhase, ImportProgress};
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::lifecycle::filling::Outcome;
use crate::repo_do::lifecycle::import::attempt::busy;
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::lifecycle::import::part::Fetched;
use crate::repo_do::lifecycle::import::remote::Remote;
use crate::repo_do::mirrors::credentials::sealing;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::PUSH_BYTES;
use crate::repo_do::runtime::timer;
use crate::repo_do::state::readers::Purpose;
use crate::storage::repository::upstream::UpstreamPolicy;
use crate::storage::repository::upstream_syncs::{RefResult, SyncRecord};

/// Milliseconds that the list of refs may take.
const LIST_MS: u32 = 3 * 60_000;

impl Sync {
    /// Makes one attempt.
    pub(super) async fn attempt(&self, sync: &SyncRecord) -> Result<Outcome, ImportError> {
        self.attempt.noted().update(|progress| {
            *progress = ImportProgress {
                phase: ImportPhase::Preparing,
                attempts: sync.attempts,
                ..ImportProgress::default()
            };
        });
        let ground = self.ground(sync.seq)?;
        let _reservation = reserve(PUSH_BYTES).await.map_err(busy)?;
        self.check_alive()?;
        // Objects that the sync claims to have must stay until it is published.
        let object = &self.attempt.object;
        let _reader = object.readers.enter(Purpose::Push, now_ms());
        let (remote, found) = self.list(&ground).await?;
        let _listed = reserve(found.held_bytes()).await.map_err(busy)?;
        self.check_alive()?;
        let mut told = Told::of(&found);
        let head = self.head(&ground, &remote, &found)?;
        let judge = Judge {
            record: &ground.record,
            policy: ground.upstream.policy,
            head: head.as_ref().unwrap_or(&ground.record.head),
            limits: &self.attempt.limits,
        };
        let graph = object.graph.current(&*self.attempt.store)?;
        let mut changes = Self::changes(&ground, &found, &graph, &mut told)?;
        for change in &mut changes {
            judge.before_pack(change);
        }
        if !changes.iter().any(Judged::is_made) {
            return self.end_without_pack(&ground, &changes, told);
        }
        let store = &self.attempt.store;
        let opened = QuarantinedPack::new(Rc::clone(object), Rc::clone(store));
        let published = async {
            let fetched = self.fetch((&remote, &opened), &changes, &graph).await?;
            self.check_alive()?;
            let checked = Checked::prove(self, (fetched, &opened), &judge, changes).await?;
            self.check_alive()?;
            self.publish(&ground, (checked, &opened), head.as_ref(), told)
                .await
        };
        let published = published.await;
        if published.is_err() {
            self.attempt.settle(&opened, &Err(ImportError::Deleted));
        }
        published
    }

    async fn list(&self, ground: &Ground) -> Result<(Remote, Differences), ImportError> {
        let upstream = &ground.upstream;
        let url = self.attempt.remote_url(&upstream.url)?;
        let credentials = self.credentials(ground, &url).await?;
        self.check_alive()?;
        let limits = &self.attempt.limits;
        let asked = RefSelection::Matching(upstream.refs.sources());
        let store = &*self.attempt.store;
        let mut listing = Listing::new(store, &upstream.refs, upstream.prune, limits);
        let mut each = |refs| {
            self.check_alive()?;
            Ok(listing.take(refs)?)
        };
        let asking = Remote::discover_each(
            &url,
            credentials.as_ref(),
            (&asked, limits),
            Some(&mut each),
        );
        let listed = timer::within(LIST_MS, asking).await;
        self.check_alive()?;
        let silent = || ImportError::Unavailable("the remote lists its refs too slowly".to_owned());
        let remote = listed.ok_or_else(silent)?;
        if let (Err(ImportError::Credentials), Some(refused)) = (&remote, &credentials) {
            sealing::refused_there(refused);
        }
        let remote = remote?;
        let mut found = listing.finish()?;
        if found.listed == 0 {
            // An upstream that lists no refs is probably broken, so the repository keeps its own.
            found.gone.clear();
        }
        Ok((remote, found))
    }

    /// The branch that HEAD must name from now on: upstream's, if the present one is deleted or never
    /// existed.
    fn head(
        &self,
        ground: &Ground,
        remote: &Remote,
        found: &Differences,
    ) -> Result<Option<BString>, ImportError> {
        let store = &self.attempt.store;
        let now = &ground.record.head;
        let stays = !found.gone.contains_key(now)
            && (store.find_ref(now.as_bstr())?.is_some() || found.changed.contains_key(now));
        let theirs = remote.refs.head.as_ref().filter(|_| !stays);
        let refs: &Refspecs = &ground.upstream.refs;
        let Some(led) = theirs.and_then(|theirs| refs.lead(theirs.as_bstr())) else {
            return Ok(None);
        };
        let is_here = store.find_ref(led.name.as_bstr())?.is_some();
        let will_be =
            is_here && !found.gone.contains_key(&led.name) || found.changed.contains_key(&led.name);
        Ok(Some(led.name).filter(|_| will_be))
    }

    /// The changes to make of the differences. A ref that has more commits here than there needs no
    /// change. A ref that diverged as before is only counted.
    fn changes(
        ground: &Ground,
        found: &Differences,
        graph: &CommitGraph,
        told: &mut Told,
    ) -> Result<Vec<Judged>, ImportError> {
        let mut changes = Vec::with_capacity(found.changed.len().saturating_add(found.gone.len()));
        for (name, (old, new)) in &found.changed {
            let mut change = Judged::new(name.clone(), *old, Some(*new));
            if let Some(old) = old
                && ground.upstream.policy == UpstreamPolicy::FastForward
            {
                if is_behind(graph, *new, *old)? {
                    continue;
                }
                let before = ground.apart.get(name);
                if before.is_some_and(|before| (before.here, before.there) == (*old, *new)) {
                    change.result = RefResult::Diverged;
                    told.note(&change);
                    continue;
                }
            }
            changes.push(change);
        }
        let gone = found.gone.iter();
        changes.extend(gone.map(|(name, old)| Judged::new(name.clone(), Some(*old), None)));
        Ok(changes)
    }

    /// Fetches the objects that the changes need, unless all of them are here.
    async fn fetch(
        &self,
        (remote, opened): (&Remote, &QuarantinedPack),
        changes: &[Judged],
        graph: &Rc<CommitGraph>,
    ) -> Result<Fetched, ImportError> {
        let made = changes.iter().filter(|change| change.is_made());
        let moves = made.filter_map(|change| Some((change.update.old, change.update.new?)));
        let needed = self.needed(&moves.collect::<Vec<_>>(), graph).await?;
        self.check_alive()?;
        if needed.wants.is_empty() {
            return self.attempt.fetch_nothing(opened).await;
        }
        let shallow = self.attempt.store.shallow_commits()?;
        let order = FetchOrder {
            wants: &needed.wants,
            haves: &needed.haves,
            shallow: &shallow,
            // The refspecs name the tags to fetch.
            without_tags: true,
            ..FetchOrder::default()
        };
        let objects_max = self.attempt.limits.objects_max;
        self.attempt
            .fetch(remote, &order, opened, objects_max)
            .await
    }
}

/// Whether the first commit is an ancestor of the second. The graph knows every commit that is here.
fn is_behind(graph: &CommitGraph, there: ObjectId, here: ObjectId) -> Result<bool, ImportError> {
    match (graph.lookup(&there)?, graph.lookup(&here)?) {
        (Some(there), Some(here)) => Ok(is_ancestor(graph, there, here)?),
        _ => Ok(false),
    }
}

impl From<ListingError> for ImportError {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Remote(error) => error.into(),
            ListingError::Store(error) => error.into(),
        }
    }
}
