//! The work of a push after its last byte: resolve, check, publish, report. It is done in steps,
//! and between them the object answers others.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::super::account::fault;
use super::super::cold::Faults;
use super::super::object::{Store, now_ms, pause};
use super::super::reach::VisibleBases;
use super::super::{admin, alarm, reply};
use super::refused::Refused;
use super::{Push, Voice};
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
use crate::git::receive_pack::updates::PushUpdate;
use crate::git::refname;
use crate::git::store::{ColdChunk, StoreError};
use crate::storage::publication::{Actor, Publication, RefBounds, RefOutcome, RefUpdate};
use crate::storage::sql::in_transaction;

/// The live packs, as one push sees them.
type Live = LivePacks<Rc<Store>>;

/// Bytes inflated and made between two pauses: about 20 ms of CPU.
const RESOLVE_STEP_BYTES: u64 = 8 << 20;

/// A push whose bytes are all here.
pub struct Work {
    pub(super) push: Push,
    pub(super) voice: Voice,
}

/// A push that was checked.
struct Checked {
    /// The pack, with the parts that its check made; `None` without objects.
    pack: Option<(IncomingObjects, Connected)>,
}

impl Work {
    pub fn new(push: Push, voice: Voice) -> Self {
        Self { push, voice }
    }

    /// Does the work and reports it, whatever comes.
    pub async fn run(mut self) {
        let unpack = match self.check().await {
            Ok(checked) => self.publish(checked),
            Err(refused) => Err(refused),
        };
        let unpack = unpack.map_err(|refused| self.push.account.named(&refused.0));
        if let Err(message) = &unpack {
            self.remark(&format!("error: {message}\n"));
            self.push.updates.reject_open(&Rejection::Unpacker);
            self.push.opened.discard();
        } else {
            // The report must not be read before the refs are safe.
            let synced = self.push.object.storage.sync().await;
            if let Err(error) = synced {
                worker::console_error!("{}", reply::fault_line("sync", &error.to_string()));
                self.push.account.failed(fault::ABORTED);
                return;
            }
        }
        if self.push.updates.has_open() {
            let object = Rc::clone(&self.push.object);
            alarm::after_push(&object, &self.push.store).await;
            // Nobody waits for it: the report is not held up by another object.
            worker::wasm_bindgen_futures::spawn_local(admin::touch_namespace(object));
        }
        if unpack.is_ok() && self.push.updates.has_rejected() {
            self.remark(&format!(
                "error: {}\n",
                self.push.account.named("refs were refused")
            ));
        }
        if self.push.updates.has_rejected() {
            self.push.account.failed(fault::REFUSED);
        }
        self.report(unpack.as_ref().copied().map_err(String::as_str));
    }

    async fn check(&mut self) -> Result<Checked, Refused> {
        let store = Rc::clone(&self.push.store);
        let live = LivePacks::open(Rc::clone(&store), &self.push.limits)?;
        self.push.account.looks_at(live.records().len());
        let arrived = self.push.arrived.take().transpose()?;
        let objects = match arrived {
            Some(objects) => Some(self.resolve(objects, &live).await?),
            None => None,
        };
        let Some(objects) = objects else {
            self.push.renew().await;
            return Ok(Checked { pack: None });
        };
        let inspection = std::mem::take(&mut self.push.inspection);
        let mut pushed = Pushed::new(objects, inspection, &live, &self.push.limits);
        let mut faults = Faults::default();
        while let Err(error) = pushed.check_specials() {
            self.mend(&mut faults, error.cold().ok_or(error)?).await?;
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
        loop {
            // The last wait before the push is published. After a wait for a cold chunk this is
            // asked again.
            self.push.renew().await;
            match self.judge_tips(&graph, &pushed) {
                Ok(()) => break,
                Err(error) => self.mend(&mut faults, error.cold().ok_or(error)?).await?,
            }
        }
        let (objects, inspection) = pushed.into_parts();
        self.warn(&inspection)?;
        Ok(Checked {
            pack: connected.map(|connected| (objects, connected)),
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
                    self.mend(&mut faults, error.cold().ok_or(error)?).await?;
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
    pub(super) async fn mend(&self, faults: &mut Faults, chunk: ColdChunk) -> Result<(), Refused> {
        let Push { object, store, .. } = &self.push;
        Ok(faults.mend(object, store, chunk).await?)
    }

    /// Makes the push visible: the pack's last rows, its parts and the refs, in one transaction.
    ///
    /// Whoever pushes is judged here once more. Nothing is awaited from here to the end of the
    /// transaction, so that what is read of token and settings is what holds when the refs change.
    fn publish(&mut self, checked: Checked) -> Result<(), Refused> {
        self.push.judge();
        if !self.push.updates.has_open() {
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
        self.note_gone(&LivePacks::open(Rc::clone(&store), &self.push.limits)?)?;
        let mut publication = self.publication();
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
        self.push.updates.settle(outcomes, rejection_of);
        Ok(())
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
            self.remark("warning: deleting a non-existent ref\n");
        }
        Ok(())
    }

    fn publication(&self) -> Publication {
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
            updates: self.push.updates.open().map(change).collect(),
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

    /// Progress and remarks, which the client shows behind `remote: `.
    pub(super) fn remark(&self, text: &str) {
        let capabilities = &self.push.commands.capabilities;
        let error = text.starts_with("error") || text.starts_with("warning");
        if capabilities.side_band == SideBand::None || (capabilities.quiet && !error) {
            return;
        }
        let mut out = Vec::new();
        band(
            Band::Progress,
            text.as_bytes(),
            capabilities.side_band,
            &mut out,
        );
        self.voice.say(out);
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
        self.voice.say(out);
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
