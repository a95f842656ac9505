//! One push: compares the remote's refs with ours, and sends the differences.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::body::PushBody;
use super::error::PushError;
use super::remote::Remote;
use super::tally::Tally;
use crate::git::graph::ancestry::is_ancestor;
use crate::git::graph::commits::CommitGraph;
use crate::git::protocol::fetch_request::{Ending, FetchRequest};
use crate::git::refspec::Refspecs;
use crate::git::send_client::error::SendClientError;
use crate::git::send_client::request::Commands;
use crate::git::send_client::updates::{Changes, Forward, Gathered, MirrorRules, Update};
use crate::git::store::StoreError;
use crate::repo_do::contract::{Credentials, RemoteUrl};
use crate::repo_do::fetch::planned;
use crate::repo_do::fetch::sender::Sender;
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::mirrors::credentials::place::{Direction, Place};
use crate::repo_do::mirrors::credentials::sealed::SealedCredentials;
use crate::repo_do::mirrors::credentials::sealing;
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::FETCH_BYTES;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::storage::repository::downstreams::Downstream;
use crate::storage::repository::store::RepositoryRecord;

/// Changes of one request: servers take this many, and the answer stays within its bound.
const COMMANDS_MAX: usize = 5_000;

/// Objects of the remote that the planner of the pack gets; targets of the changing refs come first.
const HAVES_MAX: usize = 2_000;

/// The inputs of one push.
pub(super) struct Job<'a> {
    pub(super) object: &'a Rc<RepoObject>,
    pub(super) store: &'a Rc<Store>,
    pub(super) record: &'a RepositoryRecord,
    pub(super) downstream: &'a Downstream,
}

impl Job<'_> {
    /// Compares and pushes. Returns the result of each ref that differed.
    pub(super) async fn run(&self) -> Result<Tally, PushError> {
        let settings = &self.downstream.settings;
        let allow_private = self.object.allows_private_remotes();
        let (url, _) = RemoteUrl::parse(&self.downstream.url, allow_private)?;
        let refspecs = Refspecs::parse(settings.refs.clone());
        let refspecs = refspecs.map_err(|(_, fault)| PushError::Refspecs(fault.to_string()))?;
        let credentials = self.credentials(&url).await?;
        let remote = Remote::discover(&url, credentials.as_ref(), &refspecs).await;
        if let (Err(PushError::Unreached(ImportError::Credentials)), Some(refused)) =
            (&remote, &credentials)
        {
            sealing::refused_there(refused);
        }
        let remote = remote?;
        self.object.check_open(self.store)?;
        // Room for their refs, ours and the plan.
        let held_bytes = remote.advertisement.held_bytes().saturating_mul(3);
        let _held = reserve(held_bytes).await?;
        if settings.atomic && !remote.advertisement.features.atomic {
            let feature = "atomic";
            return Err(SendClientError::Lacks { feature }.into());
        }
        let rules = MirrorRules {
            refspecs: &refspecs,
            force: settings.force,
            prune: settings.prune,
        };
        let (changes, haves) = self.compare(rules, &remote)?;
        let mut tally = Tally::default();
        tally.refused(&changes.refused);
        if settings.atomic && !changes.refused.is_empty() {
            // In an atomic push one refused change holds back all others.
            tally.kept(&changes.updates);
            return Ok(tally);
        }
        self.send(&remote, &changes.updates, haves, &mut tally)
            .await?;
        if !remote.advertisement.features.reports() && !changes.updates.is_empty() {
            let after = Remote::discover(&url, credentials.as_ref(), &refspecs).await?;
            let refs = &after.advertisement.refs;
            tally.listed(&changes.updates, |update| refs.get(&update.name).copied());
        }
        Ok(tally)
    }

    /// The credentials to send. If the previous key sealed them, they are sealed again with the new key.
    async fn credentials(&self, url: &RemoteUrl) -> Result<Option<Credentials>, PushError> {
        let Some(stored) = &self.downstream.credentials else {
            return Ok(None);
        };
        let place = Place {
            repository_id: &self.record.id,
            direction: Direction::Downstream,
            url,
        };
        let sealed = SealedCredentials::parse(stored)?;
        let opened = sealing::open(self.object, &place, &sealed).await?;
        self.object.check_open(self.store)?;
        if let Some(resealed) = opened.resealed {
            let id = &self.downstream.id;
            self.store
                .reseal_downstream(id, stored, &resealed.to_text())?;
        }
        Ok(Some(opened.credentials))
    }

    /// The changes that the remote needs, and objects that it has.
    fn compare(
        &self,
        rules: MirrorRules<'_>,
        remote: &Remote,
    ) -> Result<(Changes, Vec<ObjectId>), StoreError> {
        let theirs = &remote.advertisement;
        let mut gathered = Gathered::new(rules);
        let mut own_targets = HashSet::new();
        self.store.visit_refs(b"refs/", |found| {
            gathered.add(&found.name, found.target, theirs);
            own_targets.insert(found.target);
            ControlFlow::Continue(())
        })?;
        let graph = self.object.graph.current(self.store)?;
        let forward = |old: ObjectId, new: ObjectId| forward(&graph, old, new);
        let changes = gathered.changes(theirs, forward)?;
        let mut haves: Vec<_> = changes
            .updates
            .iter()
            .filter_map(|update| update.old)
            .collect();
        let (ours, others): (Vec<_>, Vec<_>) = theirs
            .has
            .iter()
            .copied()
            .partition(|id| own_targets.contains(id));
        haves.extend(ours);
        haves.extend(others);
        haves.truncate(HAVES_MAX);
        Ok((changes, haves))
    }

    /// Sends the changes, at most [`COMMANDS_MAX`] a request.
    async fn send(
        &self,
        remote: &Remote,
        updates: &[Update],
        mut haves: Vec<ObjectId>,
        tally: &mut Tally,
    ) -> Result<(), PushError> {
        let features = remote.advertisement.features;
        let atomic = self.downstream.settings.atomic;
        let together = if atomic { updates.len() } else { COMMANDS_MAX };
        for updates in updates.chunks(together.max(1)) {
            let shallow = self.store.shallow_commits()?;
            let commands = Commands {
                updates,
                shallow: &shallow,
                atomic,
            };
            let mut head = Vec::new();
            commands.write(features, &mut head);
            let body = if commands.has_pack() {
                let sender = self.pack(remote, updates, &haves, &mut head).await?;
                PushBody::with_pack(head, sender).await?
            } else {
                PushBody::whole(head)
            };
            let (report, sent_bytes) = remote.push(body).await?;
            tally.sent(sent_bytes);
            self.object.check_open(self.store)?;
            if features.reports() {
                tally.reported(updates, &report);
            }
            haves.extend(updates.iter().filter_map(|update| update.new));
        }
        Ok(())
    }

    /// The pack for these changes, planned and written as for a fetch.
    async fn pack(
        &self,
        remote: &Remote,
        updates: &[Update],
        haves: &[ObjectId],
        head: &mut Vec<u8>,
    ) -> Result<Sender, PushError> {
        let features = remote.advertisement.features;
        let mut wants: Vec<_> = updates.iter().filter_map(|update| update.new).collect();
        wants.sort_unstable();
        wants.dedup();
        let request = FetchRequest {
            wants,
            haves: haves.to_vec(),
            shallow: remote.advertisement.shallow.clone(),
            ending: Ending::Done,
            thin_pack: !features.no_thin,
            ofs_delta: features.ofs_delta,
            no_progress: true,
            ..FetchRequest::default()
        };
        let mut reservations = vec![reserve(FETCH_BYTES).await?];
        if self.store.has_cold_packs()? {
            reservations.push(reserve(cold::COLD_BYTES).await?);
        }
        // Keeps packs that compaction supersedes while this one is read.
        let reader = self.object.readers.enter(Purpose::Look, now_ms());
        let pack = planned::own(self.object, self.store, &request, reserve).await?;
        self.object.check_open(self.store)?;
        let head = std::mem::take(head);
        let store = Rc::clone(self.store);
        Ok(Sender::bare(
            self.object,
            store,
            head,
            pack,
            (reservations, reader),
        ))
    }
}

/// Whether a ref that moves from the first commit to the second loses no commits.
fn forward(graph: &CommitGraph, old: ObjectId, new: ObjectId) -> Result<Forward, StoreError> {
    let Some(old) = graph.lookup(&old)? else {
        return Ok(Forward::NotHere);
    };
    let Some(new) = graph.lookup(&new)? else {
        return Ok(Forward::No);
    };
    Ok(if is_ancestor(graph, old, new)? {
        Forward::Yes
    } else {
        Forward::No
    })
}
