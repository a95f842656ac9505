//! Live packs in memory, and the entries of a pack worked out plainly.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cairn::git::hash::object_id;
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::pack::delta;
use cairn::git::pack::entries::{Base, Entry, EntryTable};
use cairn::git::pack::entry::{self, EntryKind, PACK_HEADER_BYTES, PACK_TRAILER_BYTES};
use cairn::git::pack::incoming::objects::Sources;
use cairn::git::pack::index::IndexBuilder;
use cairn::git::pack::inflate::Inflater;
use cairn::git::pack::parser::{PackParser, error::Refusal};
use cairn::git::pack::reader::LivePacks;
use cairn::git::pack::resolver::{Resolver, Step};
use cairn::git::store::{
    CHUNK_BYTES, PackId, PackRecord, PackStore, Part, Quarantine, Shared, StoreError,
};
use gix_hash::{ObjectId, oid};

/// An object found outside of the pack: kind, content, delta depth.
pub type Outside = (ObjectKind, Shared, u16);

/// Packs that were all published, in the order in which they were added.
#[derive(Default)]
pub struct MemoryPacks {
    pub packs: Vec<Vec<u8>>,
    indexes: Vec<Shared>,
    records: Vec<PackRecord>,
}

impl MemoryPacks {
    /// Publishes a pack, whose delta bases may be in the packs before it.
    pub fn publish(&mut self, pack: Vec<u8>) {
        let table = self.receive(&pack);
        let mut index = Vec::new();
        let mut emit = |row: &[u8]| {
            index.extend_from_slice(row);
            Ok::<(), StoreError>(())
        };
        IndexBuilder::new(&table).unwrap().write(&mut emit).unwrap();
        self.records.push(PackRecord {
            pack_id: PackId(10 + u32::try_from(self.packs.len()).unwrap()),
            pack_bytes: pack.len() as u64,
            object_count: u32::try_from(table.entries.len()).unwrap(),
        });
        self.indexes.push(Rc::new(index));
        self.packs.push(pack);
    }

    /// Takes a pack as a push does.
    fn receive(&self, pack: &[u8]) -> EntryTable {
        let quarantine = Chunks::default();
        let mut ignore = |_, _: &ObjectId, _, _: &[u8]| Ok::<(), Refusal>(());
        let mut parser = PackParser::new(Limits::DEFAULT);
        parser.feed(pack, &quarantine, &mut ignore).unwrap();
        let mut resolver = Resolver::new(parser.finish_input().unwrap());
        let sources = Sources {
            store: &quarantine,
            bases: &self.live(),
        };
        while resolver
            .step(1000, sources, &quarantine, &mut ignore)
            .unwrap()
            == Step::More
        {}
        let mut table = resolver.finish().table;
        table.sort();
        table
    }

    pub fn live(&self) -> LivePacks<&Self> {
        LivePacks::open(self, &Limits::DEFAULT).unwrap()
    }

    fn at(&self, pack_id: PackId) -> usize {
        self.records
            .iter()
            .position(|record| record.pack_id == pack_id)
            .unwrap()
    }
}

impl PackStore for MemoryPacks {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::new(self.records.clone()))
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        assert_eq!(part, Part::Index);
        Ok(Rc::clone(&self.indexes[self.at(pack_id)]))
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        let chunk = self.packs[self.at(pack_id)]
            .chunks(CHUNK_BYTES)
            .nth(number as usize);
        let missing = StoreError::Missing {
            what: "chunk",
            pack: pack_id.0,
        };
        chunk.map(|chunk| Rc::new(chunk.to_vec())).ok_or(missing)
    }
}

/// The chunks of one pack in quarantine.
#[derive(Default)]
struct Chunks(RefCell<Vec<Shared>>);

impl Quarantine for Chunks {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        Ok(PackId(1))
    }

    fn put_chunk(&self, _: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        assert_eq!(number as usize, self.0.borrow().len());
        self.0.borrow_mut().push(Rc::new(bytes.to_vec()));
        Ok(())
    }

    fn put_part(&self, _: PackId, _: Part, _: u32, _: &[u8]) -> Result<(), StoreError> {
        unreachable!("no parts are written while a pack is received")
    }
}

impl PackStore for Chunks {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        unreachable!("nothing here is live")
    }

    fn part(&self, _: PackId, _: Part) -> Result<Shared, StoreError> {
        unreachable!("no parts are read while a pack is received")
    }

    fn chunk(&self, _: PackId, number: u32) -> Result<Shared, StoreError> {
        Ok(Rc::clone(&self.0.borrow()[number as usize]))
    }
}

/// Resolves all entries of a pack, plainly. An object is looked for outside only when it is not inside.
pub fn table_of(pack: &[u8], outside: &dyn Fn(&oid) -> Option<Outside>) -> EntryTable {
    let raw = raw_entries(pack);
    let mut table = EntryTable::default();
    let mut resolved: Vec<Option<(Entry, Rc<Vec<u8>>)>> = vec![None; raw.len()];
    let mut first_by_id: HashMap<ObjectId, usize> = HashMap::new();
    let mut is_final = false;
    loop {
        let mut progress = false;
        for (position, entry) in raw.iter().enumerate() {
            if resolved[position].is_some() {
                continue;
            }
            let inside = |base: usize| {
                let (entry, content) = resolved[base].clone()?;
                let base = Base::Position(u32::try_from(base).unwrap());
                Some((base, entry.kind.unwrap(), content, entry.depth))
            };
            let found = match entry.kind {
                EntryKind::Whole(kind) => Some((Base::None, kind, Rc::default(), 0)),
                EntryKind::OfsDelta { distance } => {
                    let offset = entry.offset - distance;
                    let base = raw.iter().position(|entry| entry.offset == offset);
                    inside(base.expect("a distance leads to an entry"))
                }
                EntryKind::RefDelta { base_id } => match first_by_id.get(&base_id) {
                    Some(base) => inside(*base),
                    None if is_final => outside(&base_id).map(|(kind, content, depth)| {
                        let number = table.external_bases.iter().position(|id| *id == base_id);
                        let number = number.unwrap_or_else(|| {
                            table.external_bases.push(base_id);
                            table.external_bases.len() - 1
                        });
                        (
                            Base::External(u32::try_from(number).unwrap()),
                            kind,
                            content,
                            depth,
                        )
                    }),
                    None => None,
                },
            };
            let Some((base, kind, base_content, base_depth)) = found else {
                continue;
            };
            let is_whole = base == Base::None;
            let content = if is_whole {
                entry.payload.clone()
            } else {
                delta::apply(&base_content, &entry.payload, u64::MAX).unwrap()
            };
            let id = object_id(kind, &content).unwrap();
            let row = Entry {
                id,
                offset: entry.offset,
                stored_bytes: u32::try_from(entry.stored_bytes).unwrap(),
                size_bytes: u32::try_from(content.len()).unwrap(),
                kind: Some(kind),
                depth: if is_whole { 0 } else { base_depth + 1 },
                base,
            };
            resolved[position] = Some((row, Rc::new(content)));
            first_by_id.entry(id).or_insert(position);
            progress = true;
            // An object found outside may lead to others inside.
            is_final = false;
        }
        if !progress && is_final {
            break;
        }
        is_final = !progress;
    }
    let unresolved = resolved.iter().filter(|entry| entry.is_none()).count();
    assert_eq!(unresolved, 0, "deltas without a base");
    table.entries = resolved.into_iter().map(|entry| entry.unwrap().0).collect();
    table.by_id = (0..u32::try_from(table.entries.len()).unwrap()).collect();
    table
        .by_id
        .sort_by_key(|position| (table.entries.get(*position).unwrap().id, *position));
    table
}

/// An entry as it stands in a pack.
pub struct RawEntry {
    pub kind: EntryKind,
    pub offset: u64,
    pub stored_bytes: usize,
    pub payload: Vec<u8>,
}

/// The entries of a pack, with trailer, inflated.
pub fn raw_entries(pack: &[u8]) -> Vec<RawEntry> {
    let (header, rest) = pack.split_first_chunk::<PACK_HEADER_BYTES>().unwrap();
    let count = entry::parse_pack(header).unwrap();
    let body = &rest[..rest.len() - PACK_TRAILER_BYTES];
    let mut inflater = Inflater::new();
    let mut at = 0;
    let mut entries = Vec::new();
    for _ in 0..count {
        let header = entry::parse(&body[at..]).unwrap().unwrap();
        let payload = &body[at + header.header_bytes..];
        let size = usize::try_from(header.size_bytes).unwrap();
        let (payload, consumed) = inflater.whole(payload, size).unwrap();
        let stored_bytes = header.header_bytes + consumed;
        let offset = (PACK_HEADER_BYTES + at) as u64;
        entries.push(RawEntry {
            kind: header.kind,
            offset,
            stored_bytes,
            payload,
        });
        at += stored_bytes;
    }
    assert_eq!(at, body.len(), "bytes after the last entry");
    entries
}
