//! A repository as the server keeps it, in memory. It costs next to nothing, so that the figures are the
//! engine's.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::graph::connectivity::{Connectivity, Progress};
use cairn::git::limits::Limits;
use cairn::git::pack::incoming::objects::Sources;
use cairn::git::pack::index::IndexBuilder;
use cairn::git::pack::parser::PackParser;
use cairn::git::pack::reader::LivePacks;
use cairn::git::pack::resolver::{self, Resolver};
use cairn::git::pack::writer::Item;
use cairn::git::protocol::fetch_request::FetchRequest;
use cairn::git::receive_pack::inspection::Inspection;
use cairn::git::receive_pack::pushed::Pushed;
use cairn::git::store::{
    CHUNK_BYTES, Extent, PackId, PackRecord, PackStore, Part, Quarantine, RefSource, Shared,
    StoreError,
};
use cairn::git::upload_pack::answer::{Outgoing, answer};
use cairn::git::upload_pack::stream::PackStream;
use gix_hash::ObjectId;
use gix_object::bstr::BStr;

/// Bytes of a push that come at once.
const PIECE_BYTES: usize = 16 << 10;

/// Published packs, and the rows in quarantine.
#[derive(Default)]
pub struct Server {
    live: RefCell<Rc<Vec<PackRecord>>>,
    opened: Cell<u32>,
    chunks: RefCell<BTreeMap<(PackId, u32), Shared>>,
    parts: RefCell<BTreeMap<(PackId, Part), Shared>>,
}

impl Server {
    /// A server that took a push of this pack.
    pub fn with(pack: &[u8], tips: &[ObjectId]) -> Rc<Self> {
        let server = Rc::new(Self::default());
        server.receive(pack, tips);
        server
    }

    /// Takes a push: parsed, inflated, hashed, resolved, checked, walked, indexed, published.
    pub fn receive(self: &Rc<Self>, pack: &[u8], tips: &[ObjectId]) {
        let limits = Limits::DEFAULT;
        let live = self.packs();
        let mut inspection = Inspection::default();
        let mut parser = PackParser::new(limits);
        for piece in pack.chunks(PIECE_BYTES) {
            parser.feed(piece, &**self, &mut inspection).expect("sound");
        }
        let mut resolver = Resolver::new(parser.finish_input().expect("a whole pack"));
        let sources = Sources {
            store: &**self,
            bases: &live,
        };
        while resolver
            .step(1 << 20, sources, &**self, &mut inspection)
            .expect("bases are there")
            == resolver::Step::More
        {}
        let mut pushed = Pushed::new(resolver.finish(), inspection, &live, &limits);
        pushed.check_specials().expect("none");
        let graph = self.graph();
        let mut walk = Connectivity::new(&graph, &pushed, &pushed, tips, &limits);
        while walk.step(1 << 10).expect("a closure that is whole") == Progress::Working {}
        let connected = walk.finish().expect("tables in memory");
        let (objects, _) = pushed.into_parts();
        let mut index = Vec::new();
        let mut rows = IndexBuilder::new(&objects.table).expect("a table");
        while let Some(row) = rows.next_row() {
            index.extend(row);
        }
        let (object_count, received) = (objects.table.count(), objects.pack.finish());
        let pack_id = received.pack_id.unwrap_or_else(|| self.opened());
        self.chunks
            .borrow_mut()
            .insert((pack_id, received.chunk_count), Rc::new(received.tail));
        let parts = [
            (Part::Index, index),
            (
                Part::Graph,
                connected
                    .graph_part
                    .whole()
                    .expect("tables in memory")
                    .to_vec(),
            ),
            (
                Part::Introduced,
                connected
                    .introduced_part
                    .whole()
                    .expect("tables in memory")
                    .to_vec(),
            ),
        ];
        for (part, bytes) in parts {
            let part = (pack_id, part);
            self.parts.borrow_mut().insert(part, Rc::new(bytes));
        }
        Rc::make_mut(&mut self.live.borrow_mut()).push(PackRecord {
            pack_id,
            pack_bytes: received.pack_bytes,
            object_count,
        });
    }

    /// Objects of all packs.
    #[allow(dead_code, reason = "only the wasm is asked")]
    pub fn objects(&self) -> u32 {
        self.live
            .borrow()
            .iter()
            .map(|pack| pack.object_count)
            .sum()
    }

    /// Forgets the push that came last.
    pub fn undo(&self) {
        let undone = Rc::make_mut(&mut self.live.borrow_mut()).pop();
        let is_undone = |pack_id: PackId| undone.is_some_and(|undone| undone.pack_id == pack_id);
        self.chunks.borrow_mut().retain(|key, _| !is_undone(key.0));
        self.parts.borrow_mut().retain(|key, _| !is_undone(key.0));
    }

    pub fn packs(self: &Rc<Self>) -> LivePacks<Rc<Self>> {
        LivePacks::open(Rc::clone(self), &Limits::DEFAULT).expect("records")
    }

    pub fn graph(&self) -> Rc<CommitGraph> {
        let live = self.live.borrow();
        Rc::new(CommitGraph::open(self, &live).expect("graph parts"))
    }

    /// Plans the answer to a fetch.
    pub fn plan(
        self: &Rc<Self>,
        graph: &Rc<CommitGraph>,
        request: &FetchRequest,
    ) -> Outgoing<Rc<Self>> {
        let answer = answer(self, Rc::clone(graph), request, &Limits::DEFAULT);
        answer.expect("objects are here").pack.expect("a pack")
    }

    /// Writes the planned pack, as it goes over the wire; gives its bytes.
    pub fn send(&self, outgoing: Outgoing<Rc<Self>>) -> usize {
        let Outgoing {
            packs,
            mut writer,
            mut at_client,
            side_band,
            ..
        } = outgoing;
        let mut stream = PackStream::new(side_band);
        let (mut piece, mut sent) = (Vec::new(), 0);
        while let Some(item) = writer
            .next(&packs, &mut |id| at_client.has(&packs, id))
            .expect("entries")
        {
            match item {
                Item::Bytes(bytes) => stream.pack_bytes(&bytes, &mut piece),
                Item::Pause => {}
                Item::Extent(extent) => self.copy(extent, &mut |bytes| {
                    stream.pack_bytes(bytes, &mut piece);
                    sent += piece.len();
                    piece.clear();
                }),
            }
        }
        stream.finish(&mut piece);
        sent + piece.len()
    }

    fn copy(&self, extent: Extent, out: &mut impl FnMut(&[u8])) {
        let mut at = usize::try_from(extent.offset).expect("in memory");
        let end = at + usize::try_from(extent.length).expect("in memory");
        while at < end {
            let number = u32::try_from(at / CHUNK_BYTES).expect("small");
            let chunk = self.chunk(extent.pack_id, number).expect("a chunk");
            let start = at % CHUNK_BYTES;
            let length = (chunk.len() - start).min(end - at);
            out(&chunk[start..start + length]);
            at += length;
        }
    }

    fn opened(&self) -> PackId {
        self.opened.set(self.opened.get() + 1);
        PackId(self.opened.get())
    }
}

fn found<T>(found: Option<T>, what: &'static str, pack_id: PackId) -> Result<T, StoreError> {
    let pack = pack_id.0;
    found.ok_or(StoreError::Missing { what, pack })
}

impl PackStore for Server {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::clone(&self.live.borrow()))
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        let bytes = self.parts.borrow().get(&(pack_id, part)).cloned();
        found(bytes, "part", pack_id)
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        let bytes = self.chunks.borrow().get(&(pack_id, number)).cloned();
        found(bytes, "chunk", pack_id)
    }
}

impl Quarantine for Server {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        Ok(self.opened())
    }

    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let chunk = Rc::new(bytes.to_vec());
        self.chunks.borrow_mut().insert((pack_id, number), chunk);
        Ok(())
    }

    fn put_part(&self, pack_id: PackId, _: Part, _: u32, _: &[u8]) -> Result<(), StoreError> {
        // Parts are put when the pack is published.
        found(None, "part", pack_id)
    }
}

impl RefSource for Server {
    fn ref_target(&self, _: &BStr) -> Result<Option<ObjectId>, StoreError> {
        Ok(None)
    }

    fn annotated_tags(&self) -> Result<Vec<(ObjectId, ObjectId)>, StoreError> {
        Ok(Vec::new())
    }
}
