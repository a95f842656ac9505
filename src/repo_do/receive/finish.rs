//! The work of a push after its last byte: resolve, check, publish, report. It is done in steps,
//! and between them the object answers others.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::super::fetch::reach::VisibleBases;
use super::super::request::account::fault;
use super::super::runtime::clock::now_ms;
use super::super::state::store::Store;
use super::super::upkeep::alarm;
use super::overrides::Overridden;
use super::progress::{ProgressSink, PushHooks};
use super::push::Push;
use super::refused::Refused;
use crate::git::pack::incoming::objects::Sources;
use crate::git::pack::reader::LivePacks;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::protocol::report_status::{self, Outcome, RefStatus};
use crate::git::receive_pack::findings::FsckWarnings;
use crate::git::receive_pack::rules::{self, Rejection};
use crate::git::receive_pack::secrets::{Allowed, LetIn, SecretSearch};
use crate::git::receive_pack::updates::PushUpdate;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::{changes, tell};
use crate::repo_do::intake::arrival::ArrivedPack;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::inspect::inspect;
use crate::repo_do::intake::parts::write_parts;
use crate::repo_do::intake::proven::ProvenPack;
use crate::repo_do::intake::resolve::resolve;
use crate::repo_do::intake::steps::Steps;
use crate::repo_do::neighbour::brought::{BroughtPack, graph_of};
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::event_payload::{COMMITS_MAX, PushedCommits};
use crate::storage::fault_log;
use crate::storage::repository::publication::{
    Actor, Publication, PushEvents, RefBounds, RefOutcome, RefUpdate,
};

/// The live packs, as one push sees them.
type Live = LivePacks<Rc<Store>>;

/// A push whose bytes are all here.
pub(crate) struct PushJob {
    pub(super) push: Push,
    pub(super) progress: ProgressSink,
}

/// The changes that were written may not be safe; the log says why.
pub(super) struct Unsynced;

/// A push that was checked.
struct Checked {
    /// The pack, with the parts that its check made; `None` without objects.
    pack: Option<ProvenPack>,
    /// The warnings of fsck for the client.
    warned: FsckWarnings,
    /// The secrets that are let in; `None` if the pack was not searched.
    secrets: Option<LetIn>,
}

impl PushJob {
    pub(crate) fn new(push: Push, progress: ProgressSink) -> Self {
        Self { push, progress }
    }

    /// Does the work and reports it, in any case.
    pub(crate) async fn run(mut self) {
        let Ok(settled) = self.settle().await else {
            // The refs may not be safe: nothing is reported.
            self.push.account.failed(fault::ABORTED);
            return;
        };
        let unpack = settled.map_err(|refused| self.push.account.named(&refused.logged()));
        if let Err(message) = &unpack {
            self.progress.report_problem(&format!("error: {message}\n"));
        }
        if unpack.is_ok() && self.push.updates.has_rejected() {
            self.progress.report_problem(&format!(
                "error: {}\n",
                self.push.account.named("refs were refused")
            ));
        }
        if self.push.updates.has_rejected() {
            self.push.account.failed(fault::REFUSED);
        }
        self.report(unpack.as_ref().copied().map_err(String::as_str));
    }

    /// Checks and publishes: the updates then say the result of each ref. The inner error says
    /// why the push failed as a whole; then it has left nothing.
    pub(super) async fn settle(&mut self) -> Result<Result<(), Refused>, Unsynced> {
        let published = match self.check().await {
            Ok(checked) => self.publish(&checked),
            Err(refused) => Err(refused),
        };
        // The published bytes count as the repository's now.
        self.push.authorized.hold = None;
        if let Err(refused) = &published {
            self.push.updates.reject_open(&refused.rejection());
            self.push.quarantined.discard();
        } else {
            if self.push.updates.has_open() {
                tell::written(&self.push.object).await;
            }
            if let Err(error) = self.push.object.storage.sync().await {
                // An answer must not be read before the refs are safe.
                fault_log::error("sync", &error);
                return Err(Unsynced);
            }
        }
        if self.push.updates.has_open() {
            let object = Rc::clone(&self.push.object);
            object.usage.add_push(now_ms());
            for update in self.push.updates.open() {
                self.push
                    .account
                    .note_changed(update.command.name.as_bstr());
            }
            alarm::after_push(&object, &self.push.store).await;
            self.schedule_ephemeral().await;
            // Nobody waits for it: the report is not held up by another object.
            tell::send(&object);
        }
        Ok(published)
    }

    async fn check(&mut self) -> Result<Checked, Refused> {
        let store = Rc::clone(&self.push.store);
        let live = self.push.packs()?;
        self.push.account.note_packs(live.records().len());
        let Some(arrived) = self.push.take_arrived()? else {
            self.note_commits_without_pack(&live).await?;
            if let Some(hook) = self.hook() {
                self.ask_hook(&hook, None).await?;
            }
            self.claim_room(0).await?;
            tell::prepare(&self.push.object).await;
            self.push.renew().await;
            return Ok(Checked {
                pack: None,
                warned: FsckWarnings::default(),
                secrets: None,
            });
        };
        let object = Rc::clone(&self.push.object);
        let hooks = PushHooks::new(self.progress.clone());
        let steps = Steps::new(&object, &store, &hooks);
        let resolved = self.resolve(steps, arrived, &live).await;
        let resolved = resolved.map_err(|error| self.push.refused_for(error))?;
        let allowed = Allowed::of(&self.push.commands.push_options);
        let ground = (&live, &self.push.limits);
        let pushed = match inspect(steps, resolved, ground, &allowed).await {
            Err(IntakeError::Fsck(refusal)) => return Err(self.refused_by_fsck(&refusal)),
            Err(IntakeError::Secrets(refusal)) => return Err(self.refused_for_secrets(refusal)),
            pushed => pushed?,
        };
        // The kept graph, unless packs were published while the deltas were resolved.
        let graph = graph_of(&object, &store, &live)?;
        let connected = self.connect(steps, &graph, &pushed).await?;
        self.note_commits(steps, &graph, connected.as_ref(), &pushed)
            .await;
        if self.hook().is_some() {
            // The hook is not asked about updates that are refused anyway.
            self.judge_complete(steps, &graph, &pushed).await?;
            if let Some(hook) = self.hook() {
                self.ask_hook(&hook, Some((steps, &pushed))).await?;
            }
        }
        let pack_bytes = connected.as_ref().map_or(0, |_| pushed.pack_bytes());
        self.claim_room(pack_bytes).await?;
        let quarantined = &self.push.quarantined;
        let has_written_parts =
            write_parts(steps, quarantined, &pushed, connected.as_ref()).await?;
        tell::prepare(&self.push.object).await;
        self.judge_complete(steps, &graph, &pushed).await?;
        let (objects, inspection) = pushed.into_parts();
        self.warn(&inspection)?;
        Ok(Checked {
            pack: connected
                .and_then(|connected| ProvenPack::of(objects, connected, has_written_parts)),
            warned: inspection.warned().clone(),
            secrets: inspection.secrets().map(SecretSearch::let_in),
        })
    }

    /// The commits of refs that move to commits that are here already.
    async fn note_commits_without_pack(&mut self, live: &Live) -> Result<(), Refused> {
        let moves = |update: &PushUpdate| update.command.old.and(update.command.new).is_some();
        let (object, store) = (Rc::clone(&self.push.object), Rc::clone(&self.push.store));
        let hooks = PushHooks::new(self.progress.clone());
        // A new ref needs no look-up, and so no graph.
        let graph = if self.push.updates.open().any(moves) {
            graph_of(&object, &store, live)?
        } else {
            Rc::default()
        };
        let steps = Steps::new(&object, &store, &hooks);
        self.note_commits(steps, &graph, None, live).await;
        Ok(())
    }

    /// Makes the deltas that are left into objects. They build on objects that the pusher may see.
    async fn resolve(
        &self,
        steps: Steps<'_>,
        arrived: ArrivedPack,
        live: &Live,
    ) -> Result<ArrivedPack, IntakeError> {
        self.push.note_own_refs()?;
        let bases = VisibleBases::of(&self.push.object, live);
        let sources = Sources {
            store: live.store(),
            bases: &bases,
        };
        resolve(steps, arrived, sources, &self.push.quarantined).await
    }

    /// Makes the push visible: the pack's last rows, its parts and the refs, in one transaction.
    ///
    /// This judges the caller once more. It awaits nothing from here to the end of the
    /// transaction, so that the token and the settings that it reads still hold when the refs
    /// change.
    fn publish(&mut self, checked: &Checked) -> Result<(), Refused> {
        self.push.judge();
        self.push.judge_moves();
        if !self.push.updates.has_open() {
            self.push.quarantined.discard();
            return Ok(());
        }
        self.check_searched(checked.pack.is_some(), checked.secrets.as_ref())?;
        let store = Rc::clone(&self.push.store);
        self.check_quota(checked.pack.as_ref())?;
        self.note_gone(&LivePacks::open(Rc::clone(&store), &self.push.limits)?)?;
        let mut publication = self.publication();
        let overridden = Overridden::of(&self.push);
        let outcomes = in_transaction(store.database(), || {
            let pack = checked.pack.as_ref();
            publication.pack = pack.map(|pack| pack.write(&store)).transpose()?;
            let outcomes = store.publish(&publication)?;
            if outcomes.contains(&RefOutcome::Updated) {
                let brought = self.push.brought.as_ref().map(BroughtPack::warned);
                for warned in brought.into_iter().chain([&checked.warned]) {
                    store.count_warnings(warned)?;
                }
                self.tell_let_in(checked.secrets.as_ref())?;
            }
            self.settle_head(&publication, &outcomes)?;
            overridden.tell(&store, self.doer(), &outcomes)?;
            self.keep_answer(&outcomes)?;
            Ok::<_, StoreError>(outcomes)
        })?;
        if let Some(brought) = self.push.brought.take() {
            brought.forget();
        }
        if checked.pack.is_some() {
            // Published or removed: either way the pack is out of quarantine.
            self.push.quarantined.forget();
        } else {
            self.push.quarantined.discard();
        }
        self.push.updates.settle(outcomes, rejection_of);
        Ok(())
    }

    /// Keeps the answer of a request that is done once, if it changes anything.
    fn keep_answer(&self, outcomes: &[RefOutcome]) -> Result<(), StoreError> {
        let changes = outcomes.contains(&RefOutcome::Updated);
        let Some(kept) = self.push.kept_answer.as_ref().filter(|_| changes) else {
            return Ok(());
        };
        let mut updates = self.push.updates.clone();
        updates.settle(outcomes.iter().cloned(), rejection_of);
        kept.keep(&self.push.store, &updates)
    }

    /// Notes the deletions of refs that do not exist. As with git they succeed, with a warning,
    /// unless the pusher saw the ref at an object that is here: then it lost a race.
    fn note_gone(&mut self, live: &Live) -> Result<(), StoreError> {
        let store = &self.push.store;
        for update in self.push.updates.open_mut() {
            let command = &update.command;
            if command.new.is_some() || store.find_ref(command.name.as_bstr())?.is_some() {
                continue;
            }
            let is_seen = match command.old {
                Some(old) => live.find(&old)?.is_some(),
                None => false,
            };
            update.is_gone = !is_seen;
        }
        for _ in self.push.updates.open().filter(|update| update.is_gone) {
            self.progress
                .report_problem("warning: deleting a non-existent ref\n");
        }
        Ok(())
    }

    fn publication(&mut self) -> Publication {
        let now_ms = now_ms();
        let ephemeral_until_ms = self.ephemeral_until_ms(now_ms);
        let mut commits = std::mem::take(&mut self.push.commits);
        let open = self.push.updates.open();
        let commits = open.map(|update| {
            let left_out = PushedCommits {
                truncated: update.command.new.is_some(),
                ..PushedCommits::default()
            };
            let found = commits.remove(&update.command.name);
            found.map_or(left_out, |found| found.newest(COMMITS_MAX))
        });
        let commits = commits.collect();
        let commands = &self.push.commands;
        let change = |update: &PushUpdate| RefUpdate {
            name: update.command.name.clone(),
            old: update.command.old.filter(|_| !update.is_gone),
            new: update.command.new,
            peeled: update.peeled,
        };
        let token = self.push.authorized.token.as_ref();
        Publication {
            pack: None,
            brought: self.push.brought.as_ref().map(BroughtPack::publication),
            updates: self.push.updates.open().map(change).collect(),
            atomic: commands.capabilities.atomic,
            actor: Actor {
                token_id: token.map(|token| token.token_id.clone()),
                label: token.and_then(|token| token.label.clone()),
            },
            events: Some(PushEvents {
                origin: self.doer().at(&self.push.authorized.record),
                commits,
            }),
            push_options: commands.push_options.clone(),
            ref_bounds: RefBounds::default(),
            ephemeral_until_ms,
            is_by_itself: false,
            now_ms,
        }
    }

    /// Points HEAD at a branch that exists, when the first branches of the repository were pushed
    /// and the default branch is not among them.
    fn settle_head(
        &self,
        publication: &Publication,
        outcomes: &[RefOutcome],
    ) -> Result<(), StoreError> {
        let store = &self.push.store;
        if store.find_ref(store.head()?.as_bstr())?.is_some() {
            return Ok(());
        }
        let made = |(update, outcome): (&RefUpdate, &RefOutcome)| {
            let branch = rules::names_a_branch(update.name.as_bstr());
            let made = branch && update.new.is_some() && *outcome == RefOutcome::Updated;
            made.then(|| update.name.clone())
        };
        let made: Vec<_> = publication
            .updates
            .iter()
            .zip(outcomes)
            .filter_map(made)
            .collect();
        let limit = u32::try_from(made.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let branches = store.refs(refname::HEADS.as_bytes(), None, limit)?;
        if made.is_empty() || branches.len() != made.len() {
            return Ok(());
        }
        let usual = ["refs/heads/main", "refs/heads/master"];
        let head = usual
            .iter()
            .find_map(|name| made.iter().find(|made| *made == name));
        match head.or(made.first()) {
            Some(head) => {
                let from = store.head()?;
                store.set_head(head.as_bstr(), publication.now_ms)?;
                let more = changes::of_head(from.as_bstr(), head.as_bstr());
                tell::append_repository(store, EventKind::Updated, self.doer(), &more)
            }
            None => Ok(()),
        }
    }

    pub(super) fn doer(&self) -> Doer {
        Doer::authorized(&self.push.authorized, &self.push.account)
    }

    fn report(&self, unpack: Result<(), &str>) {
        let updates = self.push.updates.all().iter();
        let statuses = updates.map(|update| RefStatus {
            name: update.command.name.as_bstr(),
            outcome: match update.rejection() {
                None => Outcome::Updated,
                Some(rejection) => Outcome::Rejected(rejection.to_string().into()),
            },
        });
        let mut out = Vec::new();
        report_status::write(unpack, statuses, &self.push.commands.capabilities, &mut out);
        self.progress.say(out);
    }
}

fn rejection_of(outcome: RefOutcome, command: &PushCommand) -> Option<Rejection> {
    let null = ObjectId::null(gix_hash::Kind::Sha1);
    match outcome {
        RefOutcome::Updated => None,
        RefOutcome::Stale { actual } => Some(Rejection::Stale {
            actual: actual.unwrap_or(null),
            expected: command.old.unwrap_or(null),
        }),
        RefOutcome::Conflict { with } => Some(Rejection::Conflict {
            with: with.to_string(),
            name: command.name.to_string(),
        }),
        RefOutcome::TooMany(too_many) => Some(Rejection::TooManyRefs(too_many.to_string())),
        RefOutcome::Aborted => Some(Rejection::Atomic),
    }
}
