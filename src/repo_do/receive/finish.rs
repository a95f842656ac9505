//! The work of a push after its last byte: resolve, check, publish, report. It is done in steps,
//! and between them the object answers others.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::super::fetch::reach::VisibleBases;
use super::super::r2::cold::Faults;
use super::super::request::account::fault;
use super::super::runtime::clock::now_ms;
use super::super::runtime::timer::pause;
use super::super::state::store::Store;
use super::super::upkeep::alarm;
use super::refused::Refused;
use super::{ProgressSink, Push};
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::Connected;
use crate::git::pack::entries::EntryTable;
use crate::git::pack::incoming::objects::{IncomingObjects, Sources};
use crate::git::pack::reader::LivePacks;
use crate::git::pack::resolver::{Resolver, Step};
use crate::git::protocol::progress::Meter;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::protocol::report_status::{self, Outcome, RefStatus};
use crate::git::protocol::sideband::{Band, SideBand, band};
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::rules::{self, Rejection};
use crate::git::refname;
use crate::git::store::{ColdChunk, StoreError};
use crate::repo_do::request::info;
use crate::storage::db::sql::in_transaction;
use crate::storage::fault_log;
use crate::storage::repository::publication::{
    Actor, Publication, RefBounds, RefOutcome, RefUpdate,
};

/// The live packs, as one push sees them.
type Live = LivePacks<Rc<Store>>;

/// Bytes inflated and made between two pauses: about 20 ms of CPU.
const RESOLVE_STEP_BYTES: u64 = 8 << 20;

/// A push whose bytes are all here.
pub struct PushJob {
    pub(super) push: Push,
    pub(super) progress: ProgressSink,
}

/// What is to be published.
struct Checked {
    pack: Option<(IncomingObjects, Connected)>,
    /// By command: what its new id peels to.
    peeled: Vec<Option<ObjectId>>,
}

impl PushJob {
    pub fn new(push: Push, progress: ProgressSink) -> Self {
        Self { push, progress }
    }

    /// Does the work and reports it, whatever comes.
    pub async fn run(mut self) {
        let unpack = match self.check().await {
            Ok(checked) => self.publish(checked),
            Err(refused) => Err(refused),
        };
        let unpack = unpack.map_err(|refused| self.push.account.named(&refused.logged()));
        if let Err(message) = &unpack {
            self.report_problem(&format!("error: {message}\n"));
            for rejection in &mut self.push.rejections {
                rejection.get_or_insert(Rejection::Unpacker);
            }
            self.push.opened.discard();
        } else {
            // The report must not be read before the refs are safe.
            let synced = self.push.object.storage.sync().await;
            if let Err(error) = synced {
                fault_log::error("sync", &error);
                self.push.account.failed(fault::ABORTED);
                return;
            }
        }
        if self.push.rejections.iter().any(Option::is_none) {
            let object = Rc::clone(&self.push.object);
            alarm::after_push(&object, &self.push.store).await;
            // Nobody waits for it: the report is not held up by another object.
            worker::wasm_bindgen_futures::spawn_local(info::touch_namespace(object));
        }
        if unpack.is_ok() && self.push.rejections.iter().any(Option::is_some) {
            self.report_problem(&format!(
                "error: {}\n",
                self.push.account.named("refs were refused")
            ));
        }
        if self.push.rejections.iter().any(Option::is_some) {
            self.push.account.failed(fault::REFUSED);
        }
        self.report(unpack.as_ref().copied().map_err(String::as_str));
    }

    async fn check(&mut self) -> Result<Checked, Refused> {
        let store = Rc::clone(&self.push.store);
        let live = LivePacks::open(Rc::clone(&store), &self.push.limits)?;
        self.push.account.note_packs(live.records().len());
        let arrived = self.push.arrived.take().transpose()?;
        let objects = match arrived {
            Some(objects) => Some(self.resolve(objects, &live).await?),
            None => None,
        };
        let Some(objects) = objects else {
            self.push.renew().await;
            return Ok(Checked {
                pack: None,
                peeled: vec![None; self.push.rejections.len()],
            });
        };
        let inspection = std::mem::take(&mut self.push.inspection);
        let mut pushed = Pushed::new(objects, inspection, &live, &self.push.limits);
        let mut faults = Faults::default();
        while let Err(error) = pushed.check_specials() {
            self.fetch_cold_chunk(&mut faults, error.cold().ok_or(error)?)
                .await?;
        }
        self.check_fsck(pushed.refusal())?;
        // The kept graph, unless packs were published while the deltas were resolved.
        let kept = self.push.object.graph.current(&store)?;
        let graph = if kept.is_of(live.records()) {
            kept
        } else {
            Rc::new(CommitGraph::open(&*store, live.records())?)
        };
        let connected = self.connect(&graph, &pushed).await?;
        let mut faults = Faults::default();
        let peeled = loop {
            // The last wait before the push is published, but for cold chunks: then again.
            self.push.renew().await;
            match self.judge_tips(&graph, &pushed) {
                Ok(peeled) => break peeled,
                Err(error) => {
                    self.fetch_cold_chunk(&mut faults, error.cold().ok_or(error)?)
                        .await?;
                }
            }
        };
        let (objects, inspection) = pushed.into_parts();
        self.warn(&inspection)?;
        Ok(Checked {
            pack: connected.map(|connected| (objects, connected)),
            peeled,
        })
    }

    /// Makes the deltas that are left into objects.
    async fn resolve(
        &mut self,
        objects: IncomingObjects,
        live: &Live,
    ) -> Result<IncomingObjects, Refused> {
        let object = Rc::clone(&self.push.object);
        let bases = VisibleBases::of(&object, live);
        let sources = Sources {
            store: live.store(),
            bases: &bases,
        };
        let mut faults = Faults::default();
        let mut resolver = Resolver::new(objects);
        let mut meter = Meter::new("Resolving deltas");
        loop {
            let step = resolver.step(
                RESOLVE_STEP_BYTES,
                sources,
                &self.push.opened,
                &mut self.push.inspection,
            );
            let step = match step {
                Ok(step) => step,
                Err(error) => {
                    self.fetch_cold_chunk(&mut faults, error.cold().ok_or(error)?)
                        .await?;
                    continue;
                }
            };
            faults.settled();
            self.push.opened.sweep_later().await?;
            let progress = resolver.progress();
            let (done, total) = (
                u64::from(progress.deltas_resolved),
                u64::from(progress.deltas),
            );
            if let Some(line) = meter.line(done, total, step == Step::Done) {
                self.remark(&line);
            }
            match step {
                Step::Done => return Ok(resolver.finish()),
                Step::More => pause().await,
            }
        }
    }

    /// Fetches a chunk that is in R2 alone, for the step that lacks it.
    pub(super) async fn fetch_cold_chunk(
        &self,
        faults: &mut Faults,
        chunk: ColdChunk,
    ) -> Result<(), Refused> {
        let Push { object, store, .. } = &self.push;
        Ok(faults.fetch_cold_chunk(object, store, chunk).await?)
    }

    /// Makes the push visible: the pack's last rows, its parts and the refs, in one transaction.
    ///
    /// Whoever pushes is judged here once more. Nothing is awaited from here to the end of the
    /// transaction, so that what is read of token and settings is what holds when the refs change.
    fn publish(&mut self, checked: Checked) -> Result<(), Refused> {
        self.push.judge();
        let open: Vec<usize> = self.open_commands();
        if open.is_empty() {
            self.push.opened.discard();
            return Ok(());
        }
        let store = Rc::clone(&self.push.store);
        let (table, received, connected) = match checked.pack {
            Some((objects, connected)) if objects.table.count() > 0 => {
                (objects.table, Some(objects.pack.finish()), Some(connected))
            }
            _ => (EntryTable::default(), None, None),
        };
        let gone = self.gone(
            &open,
            &LivePacks::open(Rc::clone(&store), &self.push.limits)?,
        )?;
        let mut publication = self.publication(&open, &gone, &checked.peeled);
        let outcomes = in_transaction(store.database(), || {
            if let (Some(received), Some(connected)) = (&received, &connected) {
                let parts = (&connected.graph_part, &connected.introduced_part);
                let pack = store.write_pack(received, &table, parts.0, parts.1)?;
                publication.pack = Some(pack);
            }
            let outcomes = store.publish(&publication)?;
            self.settle_head(&publication, &outcomes)?;
            Ok::<_, StoreError>(outcomes)
        })?;
        if received.is_some() {
            // Published or removed: either way the pack is out of quarantine.
            self.push.opened.forget();
        } else {
            self.push.opened.discard();
        }
        for (at, outcome) in open.into_iter().zip(outcomes) {
            let command = self.push.commands.commands.get(at);
            if let (Some(slot), Some(command)) = (self.push.rejections.get_mut(at), command) {
                *slot = rejection_of(outcome, command);
            }
        }
        Ok(())
    }

    fn open_commands(&self) -> Vec<usize> {
        let rejections = self.push.rejections.iter().enumerate();
        rejections
            .filter(|(_, rejection)| rejection.is_none())
            .map(|(at, _)| at)
            .collect()
    }

    /// Deletions of refs that do not exist. As with git they succeed, with a warning, unless the
    /// pusher saw the ref at an object that is here: then it lost a race.
    fn gone(&self, open: &[usize], live: &Live) -> Result<Vec<usize>, StoreError> {
        let mut gone = Vec::new();
        for at in open {
            let command = self.push.commands.commands.get(*at);
            let Some(command) = command.filter(|command| command.new.is_none()) else {
                continue;
            };
            if self.push.store.find_ref(command.name.as_bstr())?.is_some() {
                continue;
            }
            let seen = match command.old {
                Some(old) => live.find(&old)?.is_some(),
                None => false,
            };
            if !seen {
                self.report_problem("warning: deleting a non-existent ref\n");
                gone.push(*at);
            }
        }
        Ok(gone)
    }

    fn publication(
        &self,
        open: &[usize],
        gone: &[usize],
        peeled: &[Option<ObjectId>],
    ) -> Publication {
        let commands = &self.push.commands;
        let update = |at: &usize| {
            let command = commands.commands.get(*at)?;
            Some(RefUpdate {
                name: command.name.clone(),
                old: command.old.filter(|_| !gone.contains(at)),
                new: command.new,
                peeled: peeled.get(*at).copied().flatten(),
            })
        };
        let token = self.push.authorized.token.as_ref();
        Publication {
            pack: None,
            updates: open.iter().filter_map(update).collect(),
            atomic: commands.capabilities.atomic,
            actor: Actor {
                token_id: token.map(|token| token.token_id.clone()),
                label: token.and_then(|token| token.label.clone()),
            },
            push_options: commands.push_options.clone(),
            ref_bounds: RefBounds::default(),
            now_ms: now_ms(),
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
            Some(head) => store.set_head(head.as_bstr(), publication.now_ms),
            None => Ok(()),
        }
    }

    /// Progress, which the client shows behind `remote: ` unless it asked for quiet.
    pub(super) fn remark(&self, text: &str) {
        if !self.push.commands.capabilities.quiet {
            self.report_problem(text);
        }
    }

    /// An error or a warning, which the client shows behind `remote: ` even if it asked for quiet.
    pub(super) fn report_problem(&self, text: &str) {
        let capabilities = &self.push.commands.capabilities;
        if capabilities.side_band == SideBand::None {
            return;
        }
        let mut out = Vec::new();
        band(
            Band::Progress,
            text.as_bytes(),
            capabilities.side_band,
            &mut out,
        );
        self.progress.say(out);
    }

    fn report(&self, unpack: Result<(), &str>) {
        let reasons: Vec<Option<String>> = self
            .push
            .rejections
            .iter()
            .map(|slot| slot.as_ref().map(ToString::to_string))
            .collect();
        let commands = self.push.commands.commands.iter().zip(&reasons);
        let statuses = commands.map(|(command, reason)| RefStatus {
            name: command.name.as_bstr(),
            outcome: reason
                .as_deref()
                .map_or(Outcome::Updated, Outcome::Rejected),
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
