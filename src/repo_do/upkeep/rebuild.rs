//! Makes the derived parts of all packs again from their bytes, to compare them with the stored
//! ones ([`verify`](super::verify)) or to replace those.
//!
//! It reads the packs in the order in which they were published, each on top of those before it,
//! in steps. Results that differ from what is stored it holds until the end
//! ([`as_stored`](super::as_stored)). [`crate::git::maintenance::rebuild`] has the rules.
//!
//! It reads a cold pack from R2 once, from end to end, into rows that stay until the work is
//! over. Later packs use it as a base in no order, and without the rows it would fetch the same
//! bytes again and again.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use gix_hash::ObjectId;

use super::as_stored::{AsStored, Ground};
use super::made_index::{index_of, index_rows};
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::{Connected, ConnectivityError};
use crate::git::limits::Limits;
use crate::git::maintenance::rebuild::{IndexRebuild, Overlay, StoredPack};
use crate::git::maintenance::step::Step;
use crate::git::object::{ObjectKind, facts};
use crate::git::pack::entries::EntryTable;
use crate::git::pack::reader::LivePacks;
use crate::git::store::{
    ObjectSource as _, PackId, PackRecord, PackStore, Part, Shared, StoreError,
};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::hooks::Hooks;
use crate::repo_do::intake::memory::PackMemory;
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
use crate::storage::repository::ref_record::RefRecord;

/// How long it waits for other readers to finish.
const ALONE_WAIT_MS: i64 = 20_000;

/// How often it is looked meanwhile.
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
    /// The packs with what was made.
    pub(crate) overlay: Rc<Overlay<Rc<Store>>>,
    /// Bounds of what is read.
    pub(crate) limits: Limits,
    /// What is known of the packs whose parts were made.
    pub(super) as_stored: AsStored,
    shallow: Vec<ObjectId>,
}

/// The refs, looked at.
pub(crate) struct CheckedRefs {
    /// Objects that they name: their targets, and what tags peel to.
    pub(crate) ids: u64,
    /// The problems that were found.
    pub(crate) problems: Vec<String>,
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

    /// For packs that are not live yet, of which the first have their parts.
    pub(crate) fn of(object: &Rc<RepoObject>, with_parts: &[PackRecord]) -> Result<Self, Failure> {
        let rebuild = Self::new(object)?;
        for record in with_parts {
            rebuild.overlay.add_stored(*record);
        }
        Ok(rebuild)
    }

    /// The problems of the refs, if the repository has these packs.
    pub(crate) fn problems_of_refs(&self) -> Result<Vec<String>, Failure> {
        let packs = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        let graph = CommitGraph::open(&*self.overlay, packs.records())?;
        Ok(self.check_refs(&packs, &graph)?.problems)
    }

    /// Every ref must name what is there, and a commit that is complete.
    pub(crate) fn check_refs(
        &self,
        packs: &LivePacks<Rc<Overlay<Rc<Store>>>>,
        graph: &CommitGraph,
    ) -> Result<CheckedRefs, Failure> {
        let (mut refs, mut problems) = (Vec::new(), Vec::new());
        let mut tell = |problem| problems.push(problem);
        self.store
            .audit_refs(&mut |record| refs.push(record), &mut tell);
        let mut ids = 0;
        for record in refs {
            for id in [Some(record.target), record.peeled].into_iter().flatten() {
                ids += 1;
                if let Some(wrong) = problem_of(packs, graph, &id)? {
                    problems.push(format!("{}: {id} is {wrong}", record.name));
                }
            }
            if let Some(wrong) = problem_of_tag(packs, &record)? {
                problems.push(format!("{}: {wrong}", record.name));
            }
        }
        Ok(CheckedRefs { ids, problems })
    }

    /// The parts that were made; none are left.
    pub(crate) fn take_parts(&mut self) -> Result<HashMap<(PackId, Part), Shared>, Failure> {
        let empty = Rc::new(Overlay::new(Rc::clone(&self.store)));
        let made = std::mem::replace(&mut self.overlay, empty);
        let lost = || Failure::Broken("the parts are still in use".to_owned());
        Ok(Rc::into_inner(made).ok_or_else(lost)?.into_parts()?)
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

    /// Reads what R2 has of all packs, and has the bytes of cold ones here until
    /// [`drop_copies`](snapshot::drop_copies); gives what is wrong with them.
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

    /// Makes all parts of all packs whose bytes are here. What cannot be made ends it.
    pub(crate) async fn make(&mut self) -> Result<(), Failure> {
        for (at, record) in Rc::clone(&self.records).iter().enumerate() {
            if self.lost.contains(&record.pack_id) {
                self.overlay.add_stored(*record);
                continue;
            }
            let held_bytes = self.as_stored.held_bytes();
            let _memory = reserve_pack(record.object_count, held_bytes).await?;
            self.make_pack(*record).await.map_err(|error| match error {
                Failure::Broken(why) => {
                    Failure::Broken(format!("pack {}: {why}", record.pack_id.0))
                }
                error => error,
            })?;
            let ground = Ground {
                object: &self.object,
                store: &self.store,
                overlay: &self.overlay,
                records: &self.records,
                limits: &self.limits,
            };
            self.as_stored.settle_pack(&ground, at).await?;
        }
        Ok(())
    }

    /// Makes the parts of the pack that follows those that are there.
    pub(crate) async fn make_pack(&self, record: PackRecord) -> Result<(), Failure> {
        let before = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        let graph = CommitGraph::open(&*self.overlay, before.records())?;
        if record.object_count >= SPILLING_OBJECTS_MIN {
            // What a crash leaves in scratch is swept.
            let scheduled = schedule::wake_by(&self.object, now_ms() + GRACE_MS).await;
            scheduled.map_err(|error| StoreError::Failed(error.to_string()))?;
        }
        let machine = IndexRebuild::new(record, &self.limits);
        let mut machine = machine.spilling_to(self.steps().spill());
        let step = || {
            let step = machine.step(&before, &*self.store, RESOLVE_STEP_BYTES)?;
            Ok(step == Step::Done)
        };
        self.steps().run(step).await?;
        let lost = || Failure::Broken("its index was not made".to_owned());
        let table = machine.finish().ok_or_else(lost)?;
        let made = PackRecord {
            object_count: table.count(),
            ..record
        };
        if self.is_stored_index(record.pack_id, &table).await? {
            self.overlay.add_stored(made);
        } else {
            self.overlay.add(made, index_of(&table)?);
        }
        drop(table);
        let packs = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        let connected = self.connect(&graph, &packs).await?;
        let pack_id = record.pack_id;
        let Connected {
            graph_part,
            introduced_part,
            ..
        } = connected;
        let introduced_part = Rc::new(introduced_part);
        self.overlay.put_apart(pack_id, Part::Graph, graph_part);
        self.overlay
            .put_apart(pack_id, Part::Introduced, introduced_part);
        Ok(())
    }

    /// Whether the stored index has the very bytes that are made of the table.
    async fn is_stored_index(&self, pack_id: PackId, table: &EntryTable) -> Result<bool, Failure> {
        let Ok(stored) = self.store.index(pack_id) else {
            return Ok(false);
        };
        let mut rows = index_rows(table)?;
        let (mut at, mut is_same) = (0, true);
        while is_same && let Some(row) = rows.next_row() {
            is_same = stored.has_at(at, &row);
            at = at.saturating_add(row.len());
            self.pause().await?;
        }
        table.check()?;
        Ok(is_same && at == stored.len())
    }

    /// Proves every commit of the last pack that can be proved.
    async fn connect(
        &self,
        graph: &CommitGraph,
        packs: &LivePacks<Rc<Overlay<Rc<Store>>>>,
    ) -> Result<Connected, Failure> {
        let pack = StoredPack::last(packs);
        let mut closure = WhateverIsComplete {
            tips: pack.commits(graph)?,
            shallow: &self.shallow,
        };
        let subject = Subject {
            graph,
            objects: packs,
            incoming: &pack,
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

/// The closure of a stored pack: of its commits, those that are complete.
struct WhateverIsComplete<'a> {
    tips: Vec<ObjectId>,
    shallow: &'a [ObjectId],
}

impl Closure for WhateverIsComplete<'_> {
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>> {
        Some(Cow::Borrowed(&self.tips))
    }

    fn shallow(&self) -> &[ObjectId] {
        self.shallow
    }

    /// Each walk leaves out a commit at least, so there is an end.
    fn walks_max(&self) -> usize {
        usize::MAX
    }

    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError> {
        self.tips.retain(|tip| !bad.contains_key(tip));
        Ok(())
    }
}

/// The problem of a named object; none if it is here and, for a commit, complete.
pub(crate) fn problem_of<S: PackStore>(
    packs: &LivePacks<S>,
    graph: &CommitGraph,
    id: &ObjectId,
) -> Result<Option<&'static str>, StoreError> {
    if graph.lookup(id)?.is_some() {
        return Ok(None);
    }
    Ok(match packs.find(id)? {
        None => Some("not here"),
        Some(at) if packs.row(at)?.kind == ObjectKind::Commit => Some("not complete"),
        Some(_) => None,
    })
}

/// The problem of the peeled id that a ref records. A tag that cannot be read is left to the
/// comparison of the packs.
fn problem_of_tag<S: PackStore>(
    packs: &LivePacks<S>,
    record: &RefRecord,
) -> Result<Option<String>, StoreError> {
    let mut end = record.target;
    loop {
        let Some(at) = packs.find(&end)? else {
            return Ok(None);
        };
        if packs.row(at)?.kind != ObjectKind::Tag {
            break;
        }
        let Ok(Some((_, content))) = packs.read(&end) else {
            return Ok(None);
        };
        let Ok(tag) = facts::tag(&content) else {
            return Ok(None);
        };
        end = tag.target;
    }
    let peeled = (end != record.target).then_some(end);
    Ok((peeled != record.peeled).then(|| format!("it peels to {end}, and the ref says otherwise")))
}

/// Reserves memory to make the parts of a pack of `objects` again, beside `held_bytes` that are reserved
/// already.
pub(crate) async fn reserve_pack(objects: u32, held_bytes: u64) -> Result<PackMemory, ErrorReply> {
    let mut memory = PackMemory::of_our_own();
    memory.hold_stored(objects, held_bytes).await?;
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
    let parts = rebuild.take_parts()?;
    let mut new: Vec<_> = parts
        .iter()
        .map(|((pack_id, part), bytes)| (*pack_id, *part, bytes.as_slice()))
        .collect();
    new.sort_unstable_by_key(|(pack_id, part, _)| (*pack_id, *part));
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
