//! The end of a sync: proves the pack, then publishes the changes and the end of the sync's own row in
//! one transaction. So a finished sync has left everything that it reports, and a killed one has left
//! nothing.

use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use serde_json::json;

use super::judge::{Judge, Judged, Targets};
use super::listing::Differences;
use super::sync::{DIVERGED_MAX, Ground, Sync};
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::Connected;
use crate::git::receive_pack::findings::FsckWarnings;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::secrets::Allowed;
use crate::git::store::StoreError;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::{changes as settings_changes, tell};
use crate::repo_do::intake::inspect::inspect;
use crate::repo_do::intake::memory::PackMemory;
use crate::repo_do::intake::parts::write_parts;
use crate::repo_do::intake::prove::{Subject, prove};
use crate::repo_do::intake::proven::ProvenPack;
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::lifecycle::filling::Outcome;
use crate::repo_do::lifecycle::import::closure::edge;
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::lifecycle::import::part::Fetched;
use crate::repo_do::neighbour::brought::graph_of;
use crate::repo_do::receive::commits::{Moved, REFS_MAX, Wanted, commits_by_ref};
use crate::repo_do::receive::push::CommitsByRef;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::alarm;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::event_payload::{COMMITS_MAX, PushedCommits};
use crate::storage::fault_log;
use crate::storage::repository::publication::{Actor, Publication, PushEvents, RefOutcome};
use crate::storage::repository::upstream::Diverged;
use crate::storage::repository::upstream_syncs::{
    AskedBy, RefReport, RefResult, SyncOutcome, SyncReport,
};

/// Changes judged between two pauses.
const JUDGED_AT_ONCE: usize = 200;

/// The report of a sync, while it grows.
#[derive(Debug, Default)]
pub(super) struct Told {
    report: SyncReport,
    /// The refs that diverged from upstream's.
    apart: HashSet<BString>,
}

impl Told {
    /// Starts with the facts that the list gives.
    pub(super) fn of(found: &Differences) -> Self {
        let report = SyncReport {
            skipped: found.skipped.count,
            ..SyncReport::default()
        };
        Self {
            report,
            apart: HashSet::new(),
        }
    }

    /// Notes the result of a ref.
    pub(super) fn note(&mut self, change: &Judged) {
        if change.result == RefResult::Diverged {
            self.apart.insert(change.update.name.clone());
        }
        self.report.note(change.report());
    }
}

/// The changes, proved and judged.
pub(super) struct Checked {
    changes: Vec<Judged>,
    /// The pack; `None` if upstream sent none.
    pack: Option<ProvenPack>,
    /// Commits that came without their parents.
    shallow: Vec<ObjectId>,
    warned: FsckWarnings,
    /// The commits of each ref, for its event.
    commits: CommitsByRef,
    _memory: PackMemory,
}

impl Checked {
    /// Walks from the targets: every object that they reach must be here. Then judges each change.
    pub(super) async fn prove(
        sync: &Sync,
        (fetched, opened): (Fetched, &QuarantinedPack),
        judge: &Judge<'_>,
        mut changes: Vec<Judged>,
    ) -> Result<Self, ImportError> {
        let attempt = &sync.attempt;
        let (object, store, steps) = (&attempt.object, &attempt.store, attempt.steps());
        let live = attempt.live()?;
        let limits = &attempt.limits;
        // A sync does not search for secrets: upstream's content was already public there.
        let nothing = Allowed::default();
        let pushed = inspect(steps, fetched.resolved, (&live, limits), &nothing).await?;
        let graph = graph_of(object, store, &live)?;
        let shallow = edge(&pushed, &fetched.shallow);
        let known = store.shallow_commits()?;
        let subject = Subject {
            graph: &graph,
            objects: &pushed,
            incoming: &pushed,
            limits,
        };
        let mut targets = Targets {
            object,
            store,
            changes: &mut changes,
            shallow: shallow.iter().chain(&known).copied().collect(),
        };
        let connected = prove(steps, subject, &mut targets).await?;
        for some in changes.chunks_mut(JUDGED_AT_ONCE) {
            for change in some {
                let judged = || Ok(judge.with_objects(change, &graph, &pushed)?);
                steps.read(judged).await?;
            }
            pause().await;
            sync.check_alive()?;
        }
        let commits = commits(sync, &graph, connected.as_ref(), (&pushed, &changes)).await;
        sync.check_alive()?;
        let has_written_parts = write_parts(steps, opened, &pushed, connected.as_ref()).await?;
        sync.check_alive()?;
        let (objects, inspection) = pushed.into_parts();
        Ok(Self {
            pack: connected
                .and_then(|connected| ProvenPack::of(objects, connected, has_written_parts)),
            changes,
            shallow,
            warned: inspection.warned().clone(),
            commits,
            _memory: fetched.memory,
        })
    }
}

/// The commits of the changes that the sync makes, for their events. Unreadable commits are omitted.
async fn commits(
    sync: &Sync,
    graph: &Rc<CommitGraph>,
    connected: Option<&Connected>,
    (pushed, changes): (&Pushed<'_, Rc<Store>>, &[Judged]),
) -> CommitsByRef {
    let made = changes.iter().filter(|change| change.is_made());
    let moved = made.filter_map(|change| {
        Some(Moved {
            name: change.update.name.clone(),
            old: change.update.old,
            new: change.update.new?,
        })
    });
    let wanted = Wanted {
        moved: moved.take(REFS_MAX).collect(),
        more: 0,
    };
    let found = commits_by_ref(sync.attempt.steps(), graph, connected, pushed, wanted).await;
    found.unwrap_or_else(|error| {
        fault_log::warning("commits of a sync", &error);
        CommitsByRef::new()
    })
}

impl Sync {
    /// Ends a sync without a pack to publish.
    pub(super) fn end_without_pack(
        &self,
        ground: &Ground,
        changes: &[Judged],
        mut told: Told,
    ) -> Result<Outcome, ImportError> {
        for change in changes {
            told.note(change);
        }
        let store = &self.attempt.store;
        in_transaction(store.database(), || self.write_end(ground, &[], &told))?;
        Ok(Outcome::More)
    }

    /// Publishes the changes of the sync, and ends it.
    pub(super) async fn publish(
        &self,
        ground: &Ground,
        (mut checked, opened): (Checked, &QuarantinedPack),
        head: Option<&BString>,
        mut told: Told,
    ) -> Result<Outcome, ImportError> {
        let (object, store) = (&self.attempt.object, &self.attempt.store);
        let pack_bytes = checked.pack.as_ref().map_or(0, ProvenPack::pack_bytes);
        let _hold = self.attempt.claim_room(pack_bytes).await?;
        tell::prepare(object).await;
        // From here to the end of the transaction there is no await.
        self.check_publishable()?;
        told.report.pack_bytes = pack_bytes;
        let mut publication = Self::publication(ground, &mut checked);
        in_transaction(store.database(), || {
            let pack = checked.pack.as_ref();
            if !publication.updates.is_empty() {
                publication.pack = pack.map(|pack| pack.write(store)).transpose()?;
                let outcomes = store.publish(&publication)?;
                note_outcomes(&mut checked.changes, &outcomes);
            }
            if checked.changes.iter().any(Judged::is_made) {
                store.add_shallow(&checked.shallow)?;
                store.count_warnings(&checked.warned)?;
                self.move_head(head)?;
            }
            for change in &checked.changes {
                told.note(change);
            }
            self.write_end(ground, &checked.changes, &told)
        })?;
        if publication.pack.is_some() {
            // The pack is published or removed: either way it has left quarantine.
            opened.forget();
        } else {
            opened.discard();
        }
        tell::written(object).await;
        if told.report.changed_any() {
            alarm::after_push(object, store).await;
        }
        Ok(Outcome::Finished)
    }

    fn publication(ground: &Ground, checked: &mut Checked) -> Publication {
        let mut commits = std::mem::take(&mut checked.commits);
        let made = checked.changes.iter().filter(|change| change.is_made());
        let updates: Vec<_> = made.map(|change| change.update.clone()).collect();
        let commits = updates.iter().map(|update| {
            let left_out = PushedCommits {
                truncated: update.new.is_some(),
                ..PushedCommits::default()
            };
            let found = commits.remove(&update.name);
            found.map_or(left_out, |found| found.newest(COMMITS_MAX))
        });
        let commits = commits.collect();
        Publication {
            updates,
            actor: Actor {
                token_id: None,
                label: Some(format!("upstream {}", ground.upstream.url)),
            },
            events: Some(PushEvents {
                origin: Doer::default().at(&ground.record),
                commits,
            }),
            now_ms: now_ms(),
            ..Publication::default()
        }
    }

    /// Points HEAD at another branch, if that branch is here now.
    fn move_head(&self, head: Option<&BString>) -> Result<(), StoreError> {
        let store = &self.attempt.store;
        let before = store.head()?;
        let Some(head) = head.filter(|head| **head != before) else {
            return Ok(());
        };
        if store.find_ref(head.as_bstr())?.is_none() {
            return Ok(());
        }
        store.set_head(head.as_bstr(), now_ms())?;
        let more = settings_changes::of_head(before.as_bstr(), head.as_bstr());
        tell::append_repository(store, EventKind::Updated, Doer::default(), &more)
    }

    /// Writes the end of the sync and its events, in the caller's transaction.
    fn write_end(
        &self,
        ground: &Ground,
        changes: &[Judged],
        told: &Told,
    ) -> Result<(), StoreError> {
        let (store, now_ms) = (&self.attempt.store, now_ms());
        let newly: Vec<_> = changes
            .iter()
            .filter(|change| change.result == RefResult::Diverged)
            .collect();
        let gone = ground
            .apart
            .keys()
            .filter(|name| !told.apart.contains(*name));
        for name in gone {
            store.forget_diverged(name)?;
        }
        let room = (DIVERGED_MAX as usize).saturating_sub(ground.apart.len());
        for change in newly.iter().take(room) {
            if let (Some(here), Some(there)) = (change.update.old, change.update.new) {
                store.note_diverged(&Diverged {
                    name: change.update.name.clone(),
                    here,
                    there,
                    since: now_ms,
                })?;
            }
        }
        let report = &told.report;
        let outcome = if report.changed_any() {
            SyncOutcome::Updated
        } else {
            SyncOutcome::Unchanged
        };
        store.end_sync(ground.seq, (outcome, 0), report, now_ms)?;
        if changes.iter().any(is_overtaken) && store.next_sync()?.is_none() {
            let seq = store.begin_sync(AskedBy::Interval, now_ms)?;
            self.attempt.object.upstream.note_counted(seq);
        }
        self.tell(ground, report, &newly)
    }

    fn tell(
        &self,
        ground: &Ground,
        report: &SyncReport,
        newly: &[&Judged],
    ) -> Result<(), StoreError> {
        let store = &self.attempt.store;
        let append = |kind, more| tell::append_repository(store, kind, Doer::default(), &more);
        let (url, sync) = (&ground.upstream.url, ground.seq);
        if report.changed_any() {
            let more = json!({
                "upstreamUrl": url, "syncId": sync,
                "created": report.created, "updated": report.updated,
                "forced": report.forced, "deleted": report.deleted,
                "diverged": report.diverged, "rejected": report.rejected,
            });
            append(EventKind::UpstreamSynced, more)?;
        }
        if !newly.is_empty() {
            let shown = newly.iter().take(DIVERGED_TOLD).map(|change| {
                let RefReport { name, old, new, .. } = change.report();
                json!({"ref": name, "here": old, "there": new})
            });
            let more = json!({
                "upstreamUrl": url, "syncId": sync,
                "diverged": newly.len(), "refs": shown.collect::<Vec<_>>(),
            });
            append(EventKind::UpstreamDiverged, more)?;
        }
        Ok(())
    }
}

/// Refs that an event names.
const DIVERGED_TOLD: usize = 20;

/// The reason for a ref that somebody moved between the list and the end.
const OVERTAKEN: &str = "it changed here meanwhile: the next sync looks again";

fn is_overtaken(change: &Judged) -> bool {
    change.reason.as_deref() == Some(OVERTAKEN)
}

/// Takes over the results of the published changes.
fn note_outcomes(changes: &mut [Judged], outcomes: &[RefOutcome]) {
    let made = changes.iter_mut().filter(|change| change.is_made());
    for (change, outcome) in made.zip(outcomes) {
        match outcome {
            RefOutcome::Updated => {}
            RefOutcome::Stale { .. } => change.reject(&OVERTAKEN),
            RefOutcome::Conflict { with } => change.reject(&format_args!("'{with}' exists")),
            RefOutcome::TooMany(too_many) => change.reject(too_many),
            RefOutcome::Aborted => change.reject(&"atomic push failure"),
        }
    }
}
