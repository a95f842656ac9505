//! The derived parts of all packs made anew from their bytes: to be compared with those that are
//! stored, or to be put in their place.
//!
//! The packs are gone through in the order of publishing, each on top of those before it, in steps;
//! what is made is held in memory until the end. The rules of [`crate::git::maintenance::rebuild`].

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::Failure;
use super::merge::reserve;
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::{Connected, Connectivity, ConnectivityError, Progress};
use crate::git::graph::segment::Segment;
use crate::git::limits::Limits;
use crate::git::maintenance::compare::{self, Graph};
use crate::git::maintenance::merge::Step;
use crate::git::maintenance::rebuild::{IndexRebuild, Overlay, RebuildError, StoredPack};
use crate::git::pack::index::{IndexBuilder, PackIndex};
use crate::git::pack::reader::LivePacks;
use crate::git::store::{ColdChunk, PackId, PackRecord, PackStore as _, Part, Shared};
use crate::repo_do::cold::Faults;
use crate::repo_do::memory::PUSH_BYTES;
use crate::repo_do::object::{RepoObject, Store, now_ms, pause, reserve as reserve_room};
use crate::repo_do::readers::Purpose;
use crate::repo_do::timer;
use crate::storage::runs::RunFigures;

/// Bytes of deltas resolved between two pauses.
const RESOLVE_STEP_BYTES: u64 = 8 << 20;

/// Objects read between two pauses.
const CHECK_STEP_OBJECTS: usize = 2000;

/// Commits compared between two pauses.
const COMPARE_STEP_COMMITS: u32 = 500;

/// How long it is waited for others who read.
const ALONE_WAIT_MS: i64 = 20_000;

/// How often it is looked meanwhile.
const ALONE_POLL_MS: u32 = 20;

/// Problems that are told; the rest is counted.
const PROBLEMS_MAX: usize = 100;

/// What was looked at, and what is wrong.
#[derive(Debug, Default, serde::Serialize)]
pub struct Findings {
    /// Packs.
    pub packs: usize,
    /// Entries of packs.
    pub objects: u64,
    /// Commits of the graph.
    pub commits: usize,
    /// Refs.
    pub refs: u64,
    /// Packs of which R2 alone has the bytes: what is stored of them is taken as it is.
    pub cold_packs: usize,
    /// The first problems.
    pub problems: Vec<String>,
    /// How many more there are.
    pub more_problems: u64,
}

impl Findings {
    fn add(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }
}

/// Makes the parts anew.
pub struct Rebuild {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    records: Rc<Vec<PackRecord>>,
    cold: Rc<BTreeSet<PackId>>,
    shallow: Vec<ObjectId>,
    overlay: Rc<Overlay<Rc<Store>>>,
    limits: Limits,
    findings: Findings,
}

impl Rebuild {
    fn new(object: &Rc<RepoObject>) -> Result<Self, Failure> {
        let store = object.open_store()?;
        Ok(Self {
            object: Rc::clone(object),
            records: store.live_packs()?,
            cold: store.cold_packs()?,
            shallow: store.shallow_commits()?,
            overlay: Rc::new(Overlay::new(Rc::clone(&store))),
            store,
            limits: Limits::DEFAULT,
            findings: Findings::default(),
        })
    }

    /// For packs that are not live yet, of which the first have their parts.
    pub fn of(object: &Rc<RepoObject>, with_parts: &[PackRecord]) -> Result<Self, Failure> {
        let rebuild = Self::new(object)?;
        for record in with_parts {
            rebuild.overlay.add_stored(*record);
        }
        Ok(rebuild)
    }

    /// What is wrong with the refs, if the packs are these.
    pub fn problems_of_refs(mut self) -> Result<Vec<String>, Failure> {
        let packs = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        let graph = CommitGraph::open(&*self.overlay, packs.records())?;
        self.check_refs(&packs, &graph)?;
        Ok(self.findings.problems)
    }

    /// The parts that were made.
    pub fn into_parts(self) -> Result<HashMap<(PackId, Part), Shared>, Failure> {
        let lost = || Failure::Broken("the parts are still in use".to_owned());
        Ok(Rc::into_inner(self.overlay).ok_or_else(lost)?.into_parts())
    }

    fn objects(&self) -> u64 {
        self.records
            .iter()
            .map(|pack| u64::from(pack.object_count))
            .sum()
    }

    async fn pause(&self) -> Result<(), Failure> {
        pause().await;
        self.object.check_open(&self.store)
    }

    /// Fetches a chunk that is in R2 alone, for the step that lacks it.
    async fn mend(&self, faults: &mut Faults, chunk: ColdChunk) -> Result<(), Failure> {
        Ok(faults.mend(&self.object, &self.store, chunk).await?)
    }

    /// Makes all parts of all packs whose bytes are here. What cannot be made ends it.
    async fn make(&mut self) -> Result<(), Failure> {
        self.findings.cold_packs = self.cold.len();
        for record in Rc::clone(&self.records).iter() {
            if self.cold.contains(&record.pack_id) {
                self.overlay.add_stored(*record);
                continue;
            }
            self.make_pack(*record).await.map_err(|error| match error {
                Failure::Broken(why) => {
                    Failure::Broken(format!("pack {}: {why}", record.pack_id.0))
                }
                error => error,
            })?;
        }
        Ok(())
    }

    /// Makes the parts of the pack that follows those that are there.
    pub async fn make_pack(&self, record: PackRecord) -> Result<(), Failure> {
        let before = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        let graph = CommitGraph::open(&*self.overlay, before.records())?;
        let mut machine = IndexRebuild::new(record, &self.limits);
        let mut faults = Faults::default();
        loop {
            match machine.step(&before, &*self.store, RESOLVE_STEP_BYTES) {
                Ok(Step::Done) => break,
                Ok(Step::More) => faults.settled(),
                Err(error) => {
                    let chunk = error.cold().ok_or_else(|| broken(error))?;
                    self.mend(&mut faults, chunk).await?;
                }
            }
            self.pause().await?;
        }
        let lost = || Failure::Broken("its index was not made".to_owned());
        let table = machine.finish().ok_or_else(lost)?;
        let mut index = Vec::new();
        let mut rows =
            IndexBuilder::new(&table).map_err(|error| Failure::Broken(error.to_string()))?;
        while let Some(row) = rows.next_row() {
            index.extend_from_slice(&row);
        }
        let object_count = table.count();
        drop(table);
        self.overlay.add(
            PackRecord {
                object_count,
                ..record
            },
            index,
        );
        let packs = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        let connected = self.connect(&graph, &packs).await?;
        let pack_id = record.pack_id;
        self.overlay.put(pack_id, Part::Graph, connected.graph_part);
        self.overlay
            .put(pack_id, Part::Introduced, connected.introduced_part);
        Ok(())
    }

    /// Proves every commit of the last pack that can be proved.
    async fn connect(
        &self,
        graph: &CommitGraph,
        packs: &LivePacks<Rc<Overlay<Rc<Store>>>>,
    ) -> Result<Connected, Failure> {
        let pack = StoredPack::last(packs);
        let mut tips = pack.commits(graph)?;
        loop {
            let mut walk = Connectivity::new(graph, packs, &pack, &tips, &self.limits)
                .with_shallow(self.shallow.iter().copied());
            let (mut bad, mut faults) = (HashSet::new(), Faults::default());
            loop {
                match walk.step(CHECK_STEP_OBJECTS) {
                    Ok(Progress::Working) => {
                        faults.settled();
                        self.pause().await?;
                    }
                    Ok(Progress::Done) => break,
                    Err(ConnectivityError::Read(error)) => {
                        let chunk = error.cold().ok_or(error)?;
                        self.mend(&mut faults, chunk).await?;
                    }
                    Err(error) if error.is_of_tip() => {
                        bad.insert(walk.give_up_tip());
                    }
                    Err(error) => return Err(Failure::Broken(error.to_string())),
                }
            }
            if bad.is_empty() {
                return Ok(walk.finish());
            }
            tips.retain(|tip| !bad.contains(tip));
        }
    }

    /// Compares what is stored with what was made.
    async fn compare(&mut self) -> Result<(), Failure> {
        let rebuilt = LivePacks::open(Rc::clone(&self.overlay), &self.limits)?;
        let stored = LivePacks::open(Rc::clone(&self.store), &self.limits)?;
        if stored.records() != &**self.records {
            return Err(Failure::Overtaken);
        }
        for (pack, record) in (0..).zip(Rc::clone(&self.records).iter()) {
            let number = record.pack_id.0;
            let index = self.store.part(record.pack_id, Part::Index);
            let wrong = match index.and_then(|part| PackIndex::open(record.pack_id, part)) {
                Ok(index) => compare::indexes(&index, rebuilt.index(pack)?),
                Err(error) => Some(error.to_string()),
            };
            if let Some(wrong) = wrong {
                self.findings.add(format!("pack {number}: {wrong}"));
            }
        }
        let rebuilt_graph = CommitGraph::open(&*self.overlay, rebuilt.records())?;
        match CommitGraph::open(&*self.store, stored.records()) {
            Ok(stored_graph) => {
                self.findings.commits = stored_graph.len();
                let stored = Graph::new(&stored, &stored_graph);
                let rebuilt = Graph::new(&rebuilt, &rebuilt_graph);
                self.compare_commits(&stored, &rebuilt).await?;
            }
            Err(error) => self.findings.add(error.to_string()),
        }
        self.check_refs(&rebuilt, &rebuilt_graph)
    }

    async fn compare_commits(
        &mut self,
        stored: &Graph<'_, Rc<Store>>,
        rebuilt: &Graph<'_, Rc<Overlay<Rc<Store>>>>,
    ) -> Result<(), Failure> {
        for (pack, record) in (0..).zip(Rc::clone(&self.records).iter()) {
            let commits = stored.graph.segment(pack).map_or(0, Segment::len);
            for number in 0..commits {
                if number % COMPARE_STEP_COMMITS == 0 {
                    self.pause().await?;
                }
                let Some(node) = stored.graph.node(pack, number) else {
                    continue;
                };
                let wrong = compare::commits(stored, rebuilt, node);
                let wrong = wrong.unwrap_or_else(|error| Some(error.to_string()));
                if let Some(wrong) = wrong {
                    self.findings
                        .add(format!("pack {}: {wrong}", record.pack_id.0));
                }
            }
        }
        Ok(())
    }

    /// Every ref must name what is there, and a commit that is complete.
    fn check_refs(
        &mut self,
        packs: &LivePacks<Rc<Overlay<Rc<Store>>>>,
        graph: &CommitGraph,
    ) -> Result<(), Failure> {
        let mut refs: Vec<(String, ObjectId)> = Vec::new();
        let store = Rc::clone(&self.store);
        store.visit_refs(b"refs/", |record| {
            refs.push((record.name.to_string(), record.target));
            refs.extend(
                record
                    .peeled
                    .map(|peeled| (record.name.to_string(), peeled)),
            );
            ControlFlow::Continue(())
        })?;
        self.findings.refs = refs.len() as u64;
        for (name, id) in refs {
            if graph.lookup(&id).is_some() {
                continue;
            }
            match packs.find(&id)? {
                None => self.findings.add(format!("{name}: {id} is not here")),
                Some(at) if packs.row(at)?.kind == crate::git::object::ObjectKind::Commit => {
                    self.findings.add(format!("{name}: {id} is not complete"));
                }
                Some(_) => {}
            }
        }
        let orphans = self.store.count_orphans()?;
        if orphans > 0 {
            self.findings
                .add(format!("{orphans} rows of packs that are gone"));
        }
        Ok(())
    }
}

fn broken(error: RebuildError) -> Failure {
    match error {
        RebuildError::Store(error) => error.into(),
        error => Failure::Broken(error.to_string()),
    }
}

/// Checks every pack, index, graph, list and ref against the packs' bytes.
pub async fn verify(object: &Rc<RepoObject>) -> Result<(Findings, RunFigures), Failure> {
    let _reader = object.readers.enter(Purpose::Look, now_ms());
    let mut rebuild = Rebuild::new(object)?;
    let _reservation = reserve(rebuild.objects())?;
    let _room = reserve_room(PUSH_BYTES)
        .await
        .map_err(|error| Failure::Broken(error.message))?;
    match rebuild.make().await {
        Ok(()) => rebuild.compare().await?,
        Err(Failure::Broken(why)) => rebuild.findings.add(why),
        Err(Failure::Read(error)) => rebuild.findings.add(error.to_string()),
        Err(error) => return Err(error),
    }
    rebuild.findings.packs = rebuild.records.len();
    rebuild.findings.objects = rebuild.objects();
    let figures = RunFigures {
        packs: rebuild.records.len() as u64,
        objects: rebuild.objects(),
        detail: match rebuild.findings.problems.first() {
            Some(problem) => format!("{} problems: {problem}", rebuild.findings.problems.len()),
            None => String::new(),
        },
        ..RunFigures::default()
    };
    Ok((rebuild.findings, figures))
}

/// Puts parts made anew in the place of all that are stored.
pub async fn rebuild(object: &Rc<RepoObject>) -> Result<RunFigures, Failure> {
    let _reader = object.readers.enter(Purpose::Look, now_ms());
    let mut rebuild = Rebuild::new(object)?;
    let _reservation = reserve(rebuild.objects())?;
    let _room = reserve_room(PUSH_BYTES)
        .await
        .map_err(|error| Failure::Broken(error.message))?;
    rebuild.make().await?;
    let (store, records) = (Rc::clone(&rebuild.store), Rc::clone(&rebuild.records));
    let parts = rebuild.into_parts()?;
    let mut new: Vec<_> = parts
        .iter()
        .map(|((pack_id, part), bytes)| (*pack_id, *part, bytes.as_slice()))
        .collect();
    new.sort_unstable_by_key(|(pack_id, part, _)| (*pack_id, *part));
    alone(object).await?;
    object.check_open(&store)?;
    // A pack that was published meanwhile keeps its parts; one that was replaced is an error.
    if !store.live_packs()?.starts_with(&records) {
        return Err(Failure::Overtaken);
    }
    store.replace_parts(&new)?;
    object.graph.clear();
    Ok(RunFigures {
        packs: records.len() as u64,
        objects: records
            .iter()
            .map(|pack| u64::from(pack.object_count))
            .sum(),
        bytes: new.iter().map(|(_, _, bytes)| bytes.len() as u64).sum(),
        rows: new.len() as u64,
        detail: String::new(),
    })
}

/// Waits until nobody else reads: who has opened the graph as it was must not see the new lists.
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
