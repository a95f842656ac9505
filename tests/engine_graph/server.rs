//! A repository as the server keeps it, in memory: pushes are checked and published.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::ops::Range;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::graph::connectivity::{
    Connected, Connectivity, ConnectivityError, Incoming, Progress,
};
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::object::facts::{self, CommitFacts};
use cairn::git::pack::entries::{Base, Entry, EntryTable};
use cairn::git::pack::entry::{self, EntryKind};
use cairn::git::pack::index::IndexBuilder;
use cairn::git::pack::reader::LivePacks;
use cairn::git::store::{
    CHUNK_BYTES, ObjectSource, PackId, PackRecord, PackStore, Part, PartReader, ReadError, Shared,
    StoreError,
};
use flate2::{Compression, write::ZlibEncoder};
use gix_hash::{ObjectId, oid};

use super::history::Objects;

/// Published packs, in order.
#[derive(Default)]
pub struct Server {
    packs: Vec<(PackRecord, Vec<u8>)>,
    parts: Parts,
    /// Chunks that were asked for.
    pub chunks_read: Cell<usize>,
}

impl Server {
    pub fn live(&self) -> LivePacks<&Self> {
        LivePacks::open(self, &Limits::DEFAULT).unwrap()
    }

    pub fn graph(&self) -> Rc<CommitGraph> {
        Rc::new(CommitGraph::open(self, &self.live_packs().unwrap()).unwrap())
    }

    /// Lets one read of a page fail, after so many more.
    pub fn fail_after(&self, pages: u32) {
        self.parts.readable.set(Some(pages));
    }

    /// Whether a page still has to fail.
    pub fn is_failing(&self) -> bool {
        self.parts.readable.get().is_some()
    }

    /// Whether a live pack has the object.
    pub fn has(&self, id: &ObjectId) -> bool {
        self.live().find(id).unwrap().is_some()
    }

    /// Checks a push of these objects and publishes it.
    pub fn push(
        &mut self,
        objects: &Objects,
        ids: &[ObjectId],
        tips: &[ObjectId],
    ) -> Result<Connected, ConnectivityError> {
        let connected = self.check(objects, ids, tips)?;
        self.publish(objects, ids, &connected);
        Ok(connected)
    }

    /// Checks a push.
    pub fn check(
        &self,
        objects: &Objects,
        ids: &[ObjectId],
        tips: &[ObjectId],
    ) -> Result<Connected, ConnectivityError> {
        let live = self.live();
        let graph = self.graph();
        let pushed = Pushed::new(objects, ids, ids.len().is_multiple_of(2));
        let both = Both {
            pushed: &pushed,
            live: &live,
        };
        let mut walk = Connectivity::new(&graph, &both, &pushed, tips, &Limits::DEFAULT);
        while walk.step(3)? == Progress::Working {}
        let connected = walk.finish()?;
        let moody = Moody {
            objects: &both,
            asked: RefCell::default(),
        };
        let again = Connectivity::new(&graph, &moody, &pushed, tips, &Limits::DEFAULT);
        let again = walk_on(again)?;
        assert!(again.graph_part.whole()? == connected.graph_part.whole()?);
        assert!(again.introduced_part.whole()? == connected.introduced_part.whole()?);
        Ok(connected)
    }

    /// The tips of a push that are not complete.
    pub fn bad_tips(
        &self,
        objects: &Objects,
        ids: &[ObjectId],
        tips: &[ObjectId],
    ) -> Vec<ObjectId> {
        let (live, graph) = (self.live(), self.graph());
        let pushed = Pushed::new(objects, ids, ids.len().is_multiple_of(2));
        let both = Both {
            pushed: &pushed,
            live: &live,
        };
        let mut walk = Connectivity::new(&graph, &both, &pushed, tips, &Limits::DEFAULT);
        let mut bad = Vec::new();
        loop {
            match walk.step(3) {
                Ok(Progress::Working) => {}
                Ok(Progress::Done) => return bad,
                Err(error) if error.is_of_tip() => bad.push(walk.give_up_tip().unwrap()),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Publishes the checked pack.
    pub fn publish(&mut self, objects: &Objects, ids: &[ObjectId], connected: &Connected) {
        let pack_id = PackId(7 + u32::try_from(self.packs.len()).unwrap());
        let (pack, table) = pack_of(objects, ids);
        let mut index = Vec::new();
        let mut emit = |row: &[u8]| {
            index.extend_from_slice(row);
            Ok::<(), StoreError>(())
        };
        IndexBuilder::new(&table).unwrap().write(&mut emit).unwrap();
        let parts = [
            (Part::Index, index),
            (Part::Graph, connected.graph_part.whole().unwrap().to_vec()),
            (
                Part::Introduced,
                connected.introduced_part.whole().unwrap().to_vec(),
            ),
        ];
        for (part, bytes) in parts {
            self.parts.all.insert((pack_id, part), Rc::new(bytes));
        }
        let object_count = u32::try_from(ids.len()).unwrap();
        let record = PackRecord {
            pack_id,
            pack_bytes: pack.len() as u64,
            object_count,
        };
        self.packs.push((record, pack));
    }
}

/// The parts of all packs.
#[derive(Default, Clone)]
struct Parts {
    all: HashMap<(PackId, Part), Shared>,
    /// Pages until one cannot be read; `None`: all can.
    readable: Rc<Cell<Option<u32>>>,
}

impl PartReader for Parts {
    fn paged_bytes_min(&self) -> usize {
        0
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        Ok(Rc::clone(&self.all[&(pack_id, part)]))
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        let readable = self.readable.get().map(|left| left.checked_sub(1));
        self.readable.set(readable.flatten());
        if readable == Some(None) {
            return Err(StoreError::Failed("a page cannot be read".to_owned()));
        }
        let part = self.part(pack_id, part)?;
        Ok(Some(Rc::new(part[range].to_vec())))
    }
}

impl PackStore for Server {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::new(self.packs.iter().map(|pack| pack.0).collect()))
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        self.parts.part(pack_id, part)
    }

    /// Every other graph is read by pages, so that each story meets both kinds.
    fn part_reader(&self, pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        (pack_id.0 % 2 == 1).then(|| Rc::new(self.parts.clone()) as Rc<dyn PartReader>)
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        self.chunks_read.set(self.chunks_read.get() + 1);
        let pack = self
            .packs
            .iter()
            .find(|pack| pack.0.pack_id == pack_id)
            .unwrap();
        Ok(Rc::new(
            pack.1
                .chunks(CHUNK_BYTES)
                .nth(number as usize)
                .unwrap()
                .to_vec(),
        ))
    }
}

/// A pack of whole objects, and its table.
fn pack_of(objects: &Objects, ids: &[ObjectId]) -> (Vec<u8>, EntryTable) {
    let mut pack = entry::write_pack(u32::try_from(ids.len()).unwrap()).to_vec();
    let mut table = EntryTable::default();
    for id in ids {
        let (kind, content) = &objects[id];
        let offset = pack.len();
        entry::write(&EntryKind::Whole(*kind), content.len() as u64, &mut pack);
        let mut deflate = ZlibEncoder::new(&mut pack, Compression::fast());
        deflate.write_all(content).unwrap();
        deflate.finish().unwrap();
        let entry = Entry {
            id: *id,
            offset: offset as u64,
            stored_bytes: u32::try_from(pack.len() - offset).unwrap(),
            size_bytes: u32::try_from(content.len()).unwrap(),
            kind: Some(*kind),
            depth: 0,
            base: Base::None,
        };
        table.push(entry, 0).unwrap();
    }
    pack.extend([0; 20]);
    table.by_id = (0..u32::try_from(ids.len()).unwrap()).collect();
    table
        .by_id
        .sort_by_key(|position| table.entries.get(*position).unwrap().id);
    (pack, table)
}

/// A pack that is being pushed.
struct Pushed<'a> {
    objects: &'a Objects,
    positions: HashMap<ObjectId, u32>,
    knows_commits: bool,
}

impl<'a> Pushed<'a> {
    fn new(objects: &'a Objects, ids: &[ObjectId], knows_commits: bool) -> Self {
        let distinct: BTreeSet<&ObjectId> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        let positions = ids.iter().copied().zip(0..).collect();
        Self {
            objects,
            positions,
            knows_commits,
        }
    }
}

impl Incoming for Pushed<'_> {
    fn object_count(&self) -> u32 {
        u32::try_from(self.positions.len()).unwrap()
    }

    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)> {
        Some((*self.positions.get(id)?, self.objects[id].0))
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        let mut all = self.positions.iter();
        all.find_map(|(id, at)| (*at == position).then_some(*id))
    }

    fn commit(&self, commit_id: &oid) -> Option<CommitFacts> {
        let here = self.knows_commits && self.positions.contains_key(commit_id);
        let (kind, content) = &self.objects.get(commit_id).filter(|_| here)?;
        (*kind == ObjectKind::Commit).then(|| facts::commit(content).unwrap())
    }
}

/// Objects whose chunk is cold each other time.
struct Moody<'a> {
    objects: &'a dyn ObjectSource,
    asked: RefCell<BTreeSet<ObjectId>>,
}

/// Walks to the end, past all chunks that are cold the first time.
fn walk_on(mut walk: Connectivity<'_>) -> Result<Connected, ConnectivityError> {
    loop {
        match walk.step(3) {
            Ok(Progress::Working) => {}
            Ok(Progress::Done) => return Ok(walk.finish()?),
            Err(ConnectivityError::Read(error)) if error.cold().is_some() => {}
            Err(error) => return Err(error),
        }
    }
}

impl ObjectSource for Moody<'_> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        self.objects.kind(id)
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        if self.asked.borrow_mut().insert(id.to_owned()) {
            let cold = StoreError::Cold { pack: 7, chunk: 0 };
            return Err(cold.into());
        }
        self.objects.read(id)
    }
}

struct Both<'a> {
    pushed: &'a Pushed<'a>,
    live: &'a LivePacks<&'a Server>,
}

impl ObjectSource for Both<'_> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        match self.pushed.locate(id) {
            Some((_, kind)) => Ok(Some(kind)),
            None => self.live.kind(id),
        }
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        match self.pushed.locate(id) {
            Some(_) => Ok(Some(self.pushed.objects[id].clone())),
            None => self.live.read(id),
        }
    }
}
