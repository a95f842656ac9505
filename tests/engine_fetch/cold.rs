//! Chunks that are cold at first: work that stops at one goes on where it was once the chunk is there, and
//! ends as it would have ended.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::rc::Rc;

use cairn::git::limits::Limits;
use cairn::git::pack::entries::EntryTable;
use cairn::git::pack::incoming::objects::Sources;
use cairn::git::pack::parser::{PackParser, error::Refusal};
use cairn::git::pack::reader::blob::BlobReader;
use cairn::git::pack::reader::{LivePacks, Location};
use cairn::git::pack::resolver::{Resolver, Step};
use cairn::git::pack::writer::{Item, PackWriter, WriteOptions};
use cairn::git::store::{
    ColdChunk, PackId, PackRecord, PackStore, Part, Quarantine, Shared, StoreError,
};
use gix_hash::ObjectId;

use super::git::{EVERYTHING, history};
use super::store::MemoryPacks;

/// Packs of which every chunk is cold until it was asked for, and cold again once it was given.
struct Cold<'a> {
    packs: &'a MemoryPacks,
    warm: RefCell<BTreeSet<(PackId, u32)>>,
    faults: Cell<u32>,
}

impl<'a> Cold<'a> {
    fn new(packs: &'a MemoryPacks) -> Self {
        Self {
            packs,
            warm: RefCell::default(),
            faults: Cell::new(0),
        }
    }

    /// Does it until no chunk is missing.
    fn until_warm<T, E: Debug>(
        &self,
        cold: impl Fn(&E) -> Option<ColdChunk>,
        mut act: impl FnMut() -> Result<T, E>,
    ) -> T {
        loop {
            match act() {
                Ok(done) => return done,
                Err(error) => {
                    let chunk = cold(&error).unwrap_or_else(|| panic!("{error:?}"));
                    let is_new = self.warm.borrow_mut().insert((chunk.pack_id, chunk.number));
                    assert!(is_new, "it was there");
                    self.faults.set(self.faults.get() + 1);
                }
            }
        }
    }
}

impl PackStore for &Cold<'_> {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        self.packs.live_packs()
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        self.packs.part(pack_id, part)
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        if self.warm.borrow_mut().remove(&(pack_id, number)) {
            return self.packs.chunk(pack_id, number);
        }
        Err(StoreError::Cold {
            pack: pack_id.0,
            chunk: number,
        })
    }
}

/// Nothing is kept but the chunks read last.
fn limits() -> Limits {
    Limits {
        base_cache_bytes: 0,
        ..Limits::DEFAULT
    }
}

/// Two packs with blobs of several chunks, the later thin on the first; and a third, not
/// published, thin on both.
fn packs() -> (MemoryPacks, Vec<u8>) {
    let (repository, commits) = history(20, 77);
    let large = repository.path().join("large.bin");
    let mut content = std::fs::read(&large).unwrap();
    content.splice(400_000..400_100, *b"changed in its middle");
    std::fs::write(&large, &content).unwrap();
    let last = repository.commit("a large delta");
    let (one, two) = (&commits[9], &commits[19]);
    let options = ["--thin", "--delta-base-offset"];
    let mut packs = MemoryPacks::default();
    packs.publish(repository.pack(&options, one));
    packs.publish(repository.pack(&options, &format!("{two}\n^{one}\n")));
    let third = repository.pack(&options, &format!("{last}\n{EVERYTHING}^{two}\n"));
    (packs, third)
}

#[test]
fn objects_are_read_whole_and_in_pieces() {
    let (packs, _) = packs();
    let warm = packs.live();
    let cold = Cold::new(&packs);
    for (pack, record) in (0..).zip(warm.records()) {
        for position in 0..record.object_count {
            let at = Location { pack, position };
            let live = LivePacks::open(&cold, &limits()).unwrap();
            let found = cold.until_warm(|error: &_| cold_read(error), || live.read_at(at));
            assert_eq!(found, warm.read_at(at).unwrap());
            let live = LivePacks::open(&cold, &limits()).unwrap();
            let open = || BlobReader::open(&live, at);
            let mut reader = cold.until_warm(|error: &_| cold_read(error), open);
            let mut bytes = Vec::new();
            while let Some(piece) =
                cold.until_warm(|error: &_| cold_read(error), || reader.next_piece(&live))
            {
                bytes.extend(piece);
            }
            assert!(bytes == *found.1, "the same in pieces");
        }
    }
    assert!(cold.faults.get() > 2 * warm.records()[0].object_count);
}

fn cold_read(error: &cairn::git::store::ReadError) -> Option<ColdChunk> {
    error.cold()
}

#[test]
fn packs_are_written() {
    let (packs, _) = packs();
    let warm = packs.live();
    let cold = Cold::new(&packs);
    for (step, ofs_delta) in [(1, true), (2, true), (3, false), (5, false)] {
        let options = WriteOptions {
            thin: false,
            ofs_delta,
        };
        let mut selection = warm.select_none();
        for (pack, record) in (0..).zip(warm.records()) {
            for position in (0..record.object_count).step_by(step) {
                selection.insert(pack, position);
            }
        }
        let mut writer = PackWriter::new(&warm, selection.clone(), options).unwrap();
        let mut expected = Vec::new();
        while let Some(item) = writer.next(&warm, &mut |_| Ok(false)).unwrap() {
            expected.push(item);
        }
        let live = LivePacks::open(&cold, &limits()).unwrap();
        let mut again = PackWriter::new(&live, selection, options).unwrap();
        let mut items: Vec<Item> = Vec::new();
        while let Some(item) = cold.until_warm(
            |error: &_| cold_read(error),
            || again.next(&live, &mut |_| Ok(false)),
        ) {
            items.push(item);
        }
        assert!(items == expected, "every {step}th object");
        assert_eq!(again.counts(), writer.counts());
    }
    assert!(cold.faults.get() > 3);
}

/// Packs and scratch in quarantine.
#[derive(Default)]
struct Places {
    chunks: RefCell<HashMap<(PackId, u32), Shared>>,
    opened: Cell<u32>,
}

impl Quarantine for Places {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        self.opened.set(self.opened.get() + 1);
        Ok(PackId(100 + self.opened.get()))
    }

    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let before = self
            .chunks
            .borrow_mut()
            .insert((pack_id, number), Rc::new(bytes.to_vec()));
        assert_eq!(before, None, "each chunk is written once");
        Ok(())
    }

    fn put_part(&self, _: PackId, _: Part, _: u32, _: &[u8]) -> Result<(), StoreError> {
        unreachable!("no parts are written while a pack is received")
    }
}

impl PackStore for Places {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        unreachable!("nothing here is live")
    }

    fn part(&self, _: PackId, _: Part) -> Result<Shared, StoreError> {
        unreachable!("no parts are read while a pack is received")
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        Ok(Rc::clone(&self.chunks.borrow()[&(pack_id, number)]))
    }
}

/// Receives a pack as a push does, over packs that may be cold.
fn receive(pack: &[u8], cold: &Cold<'_>, limits: &Limits) -> EntryTable {
    let places = Places::default();
    let mut ignore = |_, _: &ObjectId, _, _: &[u8]| Ok::<(), Refusal>(());
    let live = LivePacks::open(cold, limits).unwrap();
    let mut parser = PackParser::new(*limits);
    parser.feed(pack, &places, &mut ignore).unwrap();
    let mut resolver = Resolver::new(parser.finish_input().unwrap());
    let sources = Sources {
        store: &places,
        bases: &live,
    };
    while cold.until_warm(
        |error: &cairn::git::pack::parser::error::PackError| error.cold(),
        || resolver.step(10_000, sources, &places, &mut ignore),
    ) == Step::More
    {}
    let mut table = resolver.finish().table;
    table.sort();
    table
}

#[test]
fn deltas_are_resolved_the_large_ones_too() {
    let (packs, third) = packs();
    let mut published = MemoryPacks::default();
    for pack in packs.packs.iter().cloned().chain([third.clone()]) {
        published.publish(pack);
    }
    let expected = published.live();
    let small = Limits {
        delta_bytes_max: 500_000,
        ..limits()
    };
    for limits in [limits(), small] {
        let cold = Cold::new(&packs);
        let table = receive(&third, &cold, &limits);
        for (position, entry) in (0..).zip(table.entries.iter()) {
            let at = Location { pack: 2, position };
            assert_eq!(entry.id, expected.id(at).unwrap());
            assert_eq!(entry.size_bytes, expected.row(at).unwrap().size_bytes);
        }
        assert!(cold.faults.get() > 2, "{} faults", cold.faults.get());
    }
}
