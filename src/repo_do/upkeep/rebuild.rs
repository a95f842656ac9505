//! Makes the derived parts of all packs again from their bytes, to compare them with the stored
//! ones ([`verify`](super::verify)) or to replace those.
//!
//! It reads the packs in the order in which they were published, each on top of those before it,
//! in steps. Results that differ from the stored ones stay in scratch until the end
//! ([`as_stored`](super::as_stored)). [`crate::git::maintenance::rebuild`] has the rules.
//!
//! It reads a cold pack from R2 once, from end to end, into rows that stay until the work is
//! over. Later packs use it as a base in no order, and without the rows it would fetch the same
//! bytes again and again.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;

use super::as_stored::{AsStored, MadePack};
use super::made_index;
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::{Connected, ConnectivityError};
use crate::git::graph::made_part::MadePart;
use crate::git::graph::unpublished::Unpublished;
use crate::git::limits::Limits;
use crate::git::maintenance::overlay::Overlay;
use crate::git::maintenance::rebuild::IndexRebuild;
use crate::git::maintenance::step::Step;
use crate::git::pack::incoming::objects::IncomingObjects;
use crate::git::pack::reader::LivePacks;
use crate::git::store::{PackId, PackRecord, PackStore as _, Part, StoreError};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::hooks::Hooks;
use crate::repo_do::intake::memory::{PackCounts, PackMemory};
use crate::repo_do::intake::prove::{Closure, Subject, prove};
use crate::repo_do::intake::steps::{RESOLVE_STEP_BYTES, Steps};
use crate::repo_do::object::{GRACE_MS, RepoObject};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::{self, pause};
use crate::repo_do::schedule;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::snapshot;
use crate::storage::repository::maintenance_runs::RunFigures;

/// How long it waits for other readers to finish.
const ALONE_WAIT_MS: i64 = 20_000;

/// How often it looks meanwhile.
const ALONE_POLL_MS: u32 = 20;

/// Objects of the smallest pack whose tables may go to scratch.
const SPILLING_OBJECTS_MIN: u32 = 1 << 15;

/// Makes the parts again.
pub(crate) struct Rebuild {
    /// The object around.
    pub(crate) object: Rc<RepoObject>,
    /// The repository.
    pub(crate) store: Rc<Store>,
    /// Its packs.
    pub(crate) records: Rc<Vec<PackRecord>>,
    /// Those of which R2 alone has the bytes.
    pub(crate) cold: Rc<BTreeSet<PackId>>,
    /// Those of them whose bytes are lost; their stored parts are used unchanged.
    pub(crate) lost: BTreeSet<PackId>,
    /// The packs with their new parts.
    pub(crate) overlay: Rc<Overlay<Rc<Store>>>,
    /// Bounds of the reading.
    pub(crate) limits: Limits,
    /// The findings about the packs whose parts were made.
    pub(super) as_stored: AsStored,
    shallow: Vec<ObjectId>,
}

impl Rebuild {
    /// Nothing is made yet.
    pub(crate) fn new(object: &Rc<RepoObject>) -> Result<Self, Failure> {
        let store = object.open_store()?;
        Ok(Self {
            object: Rc::clone(object),
            records: store.live_packs()?,
            cold: store.cold_packs()?,
            lost: BTreeSet::new(),
            shallow: store.shallow_commits()?,
            overlay: Rc::new(Overlay::new(Rc::clone(&store))),
            as_stored: AsStored::default(),
            store,
            limits: Limits::DEFAULT,
        })
    }

    /// For packs that are not live yet; the first of them have their parts.
    pub(crate) fn of(object: &Rc<RepoObject>, with_parts: &[PackRecord]) -> Result<Self, Failure> {
        let rebuild = Self::new(object)?;
        for record in with_parts {
            rebuild.overlay.add_stored(*record);
        }
        Ok(rebuild)
    }

    /// The packs so far, with the parts made for them.
    pub(super) fn remade_packs(&self) -> Result<LivePacks<Rc<Overlay<Rc<Store>>>>, StoreError> {
        let packs = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        Ok(packs.only_by_pages())
    }

    /// The new parts that differ from the stored ones.
    pub(crate) fn made_parts(&self) -> Vec<(PackId, Part, Rc<MadePart>)> {
        self.overlay.made_parts()
    }

    /// Entries of all packs.
    pub(crate) fn objects(&self) -> u64 {
        self.records
            .iter()
            .map(|pack| u64::from(pack.object_count))
            .sum()
    }

    /// Lets others run.
    pub(crate) async fn pause(&self) -> Result<(), Failure> {
        pause().await;
        self.object.check_open(&self.store)
    }

    fn steps(&self) -> Steps<'_> {
        Steps::new(&self.object, &self.store, self)
    }

    /// Reads R2's copies of all packs, and keeps the bytes of cold ones here until
    /// [`drop_copies`](snapshot::drop_copies); gives their faults.
    pub(crate) async fn fetch(&mut self) -> Result<Vec<String>, Failure> {
        let wrong = snapshot::check_copies(&self.object, &self.store).await?;
        self.object.check_open(&self.store)?;
        let cold = wrong.iter().map(|(pack_id, _)| *pack_id);
        self.lost = cold.filter(|pack_id| self.cold.contains(pack_id)).collect();
        let told = wrong.into_iter();
        Ok(told
            .map(|(pack_id, why)| format!("pack {}: {why}", pack_id.0))
            .collect())
    }

    /// Makes all parts of all packs whose bytes are here. A part that cannot be made ends it.
    pub(crate) async fn make(&mut self) -> Result<(), Failure> {
        for record in Rc::clone(&self.records).iter() {
            if self.lost.contains(&record.pack_id) {
                self.overlay.add_stored(*record);
                continue;
            }
            let mut memory = reserve_pack(record.object_count).await?;
            let made = self.make_pack(*record, &mut memory).await;
            made.map_err(|error| match error {
                Failure::Broken(why) => {
                    Failure::Broken(format!("pack {}: {why}", record.pack_id.0))
                }
                error => error,
            })?;
        }
        Ok(())
    }

    /// Makes the parts of the pack that follows those that are there.
    pub(crate) async fn make_pack(
        &mut self,
        record: PackRecord,
        memory: &mut PackMemory,
    ) -> Result<(), Failure> {
        let before = self.remade_packs()?;
        let graph = CommitGraph::open(&*self.overlay, before.records())?;
        if record.object_count >= SPILLING_OBJECTS_MIN {
            // A later sweep removes the scratch that a crash leaves.
            let scheduled = schedule::wake_by(&self.object, now_ms() + GRACE_MS).await;
            scheduled.map_err(|error| StoreError::Failed(error.to_string()))?;
        }
        let objects = self.find_objects(record, &before, memory).await?;
        let made = PackRecord {
            object_count: objects.table.count(),
            ..record
        };
        let pack_id = record.pack_id;
        let index_problem = made_index::difference(&self.store, &made, &objects.table).await?;
        self.object.check_open(&self.store)?;
        let is_index_stored = index_problem.is_none();
        if let Some(problem) = index_problem {
            self.as_stored.note_index_problem(pack_id, problem);
            let index = made_index::made(&objects.table, self.steps().spill()).await?;
            index.put_away()?;
            self.overlay.put_apart(pack_id, Part::Index, index);
        }
        let objects = Unpublished::stored(objects, &before);
        let connected = self.connect(&graph, &objects).await?;
        let graph_part = connected.graph_part;
        let introduced_part = Rc::new(connected.introduced_part);
        let parts = MadePack {
            object: &self.object,
            store: &self.store,
            record: &made,
            objects: &objects,
            graph_part: &graph_part,
            introduced_part: &introduced_part,
        };
        if !is_index_stored || !self.as_stored.compare(&parts).await? {
            for (part, made) in [
                (Part::Graph, graph_part),
                (Part::Introduced, introduced_part),
            ] {
                made.put_away()?;
                self.overlay.put_apart(pack_id, part, made);
            }
        }
        self.overlay.add_stored(made);
        Ok(())
    }

    /// Reads a pack, and finds its objects.
    async fn find_objects(
        &self,
        record: PackRecord,
        before: &LivePacks<Rc<Overlay<Rc<Store>>>>,
        memory: &mut PackMemory,
    ) -> Result<IncomingObjects, Failure> {
        let machine = IndexRebuild::new(record, &self.limits);
        let mut machine = machine.spilling_to(self.steps().spill());
        let read = || {
            machine.step(before, &*self.store, RESOLVE_STEP_BYTES)?;
            Ok(machine.waiting_deltas().is_some())
        };
        self.steps().run(read).await?;
        let mut counts = PackCounts {
            objects: record.object_count,
            commits: machine.commits(),
            waiting_deltas: machine.waiting_deltas().unwrap_or_default(),
            ref_deltas: machine.ref_deltas(),
        };
        memory.hold_work(counts).await?;
        let resolve = || {
            let step = machine.step(before, &*self.store, RESOLVE_STEP_BYTES)?;
            Ok(step == Step::Done)
        };
        self.steps().run(resolve).await?;
        counts.commits = machine.commits();
        memory.hold_work(counts).await?;
        let lost = || Failure::Broken("its index was not made".to_owned());
        machine.finish().ok_or_else(lost)
    }

    /// Proves every commit of the pack that can be proved.
    async fn connect(
        &self,
        graph: &CommitGraph,
        objects: &Unpublished<'_, Rc<Overlay<Rc<Store>>>>,
    ) -> Result<Connected, Failure> {
        let mut closure = WhateverIsComplete {
            left_out: Rc::default(),
            shallow: &self.shallow,
        };
        let subject = Subject {
            graph,
            objects,
            incoming: objects,
            limits: &self.limits,
        };
        let proved = prove(self.steps(), subject, &mut closure).await?;
        proved.ok_or_else(|| Failure::Broken("its parts were not made".to_owned()))
    }
}

impl Hooks for Rebuild {
    fn is_wanted(&self) -> bool {
        self.object.is_open(&self.store)
    }
}

/// The closure of a stored pack: the complete ones of its commits.
struct WhateverIsComplete<'a> {
    /// Those that are not.
    left_out: Rc<HashSet<ObjectId>>,
    shallow: &'a [ObjectId],
}

impl Closure for WhateverIsComplete<'_> {
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>> {
        Some(Cow::Borrowed(&[]))
    }

    fn all_commits_but(&self) -> Option<&Rc<HashSet<ObjectId>>> {
        Some(&self.left_out)
    }

    fn shallow(&self) -> &[ObjectId] {
        self.shallow
    }

    /// Each walk leaves out a commit at least, so there is an end.
    fn walks_max(&self) -> usize {
        usize::MAX
    }

    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError> {
        Rc::make_mut(&mut self.left_out).extend(bad.into_keys());
        Ok(())
    }
}

/// Reserves memory to make the parts of a pack of `objects` again; how many of them are deltas or commits is
/// not known yet.
pub(crate) async fn reserve_pack(objects: u32) -> Result<PackMemory, ErrorReply> {
    let mut memory = PackMemory::of_our_own();
    let counts = PackCounts {
        objects,
        ..PackCounts::default()
    };
    memory.hold_work(counts).await?;
    Ok(memory)
}

/// Replaces the stored parts by parts made again, where they differ.
pub(crate) async fn rebuild(object: &Rc<RepoObject>) -> Result<RunFigures, Failure> {
    let _reader = object.readers.enter(Purpose::Look, now_ms());
    let mut rebuild = Rebuild::new(object)?;
    let store = Rc::clone(&rebuild.store);
    let done = rebuild_fetched(&mut rebuild).await;
    snapshot::drop_copies(object, &store).await?;
    done
}

async fn rebuild_fetched(rebuild: &mut Rebuild) -> Result<RunFigures, Failure> {
    if let Some(why) = rebuild.fetch().await?.into_iter().next() {
        return Err(Failure::Broken(why));
    }
    rebuild.make().await?;
    let store = Rc::clone(&rebuild.store);
    let new = rebuild.made_parts();
    if !new.is_empty() {
        alone(&rebuild.object).await?;
    }
    rebuild.object.check_open(&store)?;
    // A pack that was published meanwhile keeps its parts; one that was replaced is an error.
    if !store.live_packs()?.starts_with(&rebuild.records) {
        return Err(Failure::Overtaken);
    }
    store.replace_parts(&new)?;
    rebuild.object.graph.clear();
    let is_new = |pack_id: &&PackId| !rebuild.as_stored.is_same(**pack_id);
    for pack_id in rebuild.cold.iter().filter(is_new) {
        let mut row = None;
        loop {
            row = store.deflate_part_row(*pack_id, row)?;
            if row.is_none() {
                break;
            }
            rebuild.pause().await?;
        }
    }
    Ok(RunFigures {
        packs: rebuild.records.len() as u64,
        objects: rebuild.objects(),
        bytes: new.iter().map(|(_, _, bytes)| bytes.len() as u64).sum(),
        rows: new.len() as u64,
        detail: String::new(),
    })
}

/// Waits until nothing else reads: a reader that has opened the old graph must not see the new
/// lists.
async fn alone(object: &RepoObject) -> Result<(), Failure> {
    let until_ms = now_ms().saturating_add(ALONE_WAIT_MS);
    while object.readers.count() > 1 {
        if now_ms() >= until_ms {
            return Err(Failure::Overtaken);
        }
        timer::after(ALONE_POLL_MS).await;
    }
    Ok(())
}
