//! A pack taken, resolved and indexed: the same for any pieces, and no panic.
//!
//! The bytes are records of a pack that is well-formed outside, so that the fuzzer gets past the
//! checksums: a byte for the type, one for the length, content. Type 0 is bytes as they are.
#![no_main]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cairn::git::hash::PackHasher;
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::pack::entry::{self, EntryKind};
use cairn::git::pack::incoming::bases::{ExternalBase, ExternalBases};
use cairn::git::pack::incoming::objects::Sources;
use cairn::git::pack::index::IndexBuilder;
use cairn::git::pack::parser::PackParser;
use cairn::git::pack::resolver::{Resolver, Step};
use cairn::git::receive_pack::inspection::Inspection;
use cairn::git::store::{
    PackId, PackRecord, PackStore, Part, Quarantine, ReadError, Shared, StoreError,
};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix_hash::oid;
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Chunks(RefCell<HashMap<(PackId, u32), Shared>>);

impl Quarantine for Chunks {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        Ok(PackId(1))
    }

    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let key = (pack_id, number);
        self.0.borrow_mut().insert(key, Rc::new(bytes.to_vec()));
        Ok(())
    }

    fn open_scratch(&self) -> Result<PackId, StoreError> {
        Ok(PackId(2))
    }

    fn put_part(&self, _: PackId, _: Part, _: u32, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl PackStore for Chunks {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::default())
    }

    fn part(&self, pack_id: PackId, _: Part) -> Result<Shared, StoreError> {
        let (what, pack) = ("part", pack_id.0);
        Err(StoreError::Missing { what, pack })
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        let (what, pack) = ("chunk", pack_id.0);
        let chunk = self.0.borrow().get(&(pack_id, number)).cloned();
        chunk.ok_or(StoreError::Missing { what, pack })
    }
}

struct NoBases;

impl ExternalBases for NoBases {
    fn base(&self, _: &oid) -> Result<Option<ExternalBase>, ReadError> {
        Ok(None)
    }
}

/// The index, row after row, or the reason why the pack has no index.
fn taken(pack: &[u8], piece_bytes: usize) -> Result<Vec<Vec<u8>>, String> {
    let limits = Limits {
        control_object_bytes_max: 1 << 12,
        delta_bytes_max: 1 << 12,
        large_delta_bytes_max: 1 << 16,
        base_cache_bytes: 1 << 12,
        ..Limits::DEFAULT
    };
    let (chunks, mut inspection) = (Chunks::default(), Inspection::default());
    let mut parser = PackParser::new(limits);
    for piece in pack.chunks(piece_bytes) {
        let fed = parser.feed(piece, &chunks, &mut inspection);
        fed.map_err(|error| error.to_string())?;
    }
    let objects = parser.finish_input().map_err(|error| error.to_string())?;
    let mut resolver = Resolver::new(objects);
    let (store, bases) = (&chunks, &NoBases);
    let sources = Sources { store, bases };
    loop {
        let step = resolver.step(1000, sources, &chunks, &mut inspection);
        if step.map_err(|error| error.to_string())? == Step::Done {
            break;
        }
    }
    let objects = resolver.finish();
    let mut rows = IndexBuilder::new(&objects.table).map_err(|error| error.to_string())?;
    Ok(std::iter::from_fn(|| rows.next_row()).collect())
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::none());
    std::io::Write::write_all(&mut encoder, content).expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

/// A pack with the records' entries, its header and trailer right.
fn assemble(mut records: &[u8]) -> Vec<u8> {
    let (mut entries, mut count) = (Vec::new(), 0);
    let mut offsets = vec![12];
    while let [kind, length, rest @ ..] = records {
        let (content, after) = rest.split_at(usize::from(*length).min(rest.len()));
        records = after;
        let at = 12 + entries.len() as u64;
        let whole = |kind| Some(EntryKind::Whole(kind));
        let entry_kind = match kind % 7 {
            1 => whole(ObjectKind::Commit),
            2 => whole(ObjectKind::Tree),
            3 => whole(ObjectKind::Blob),
            4 => whole(ObjectKind::Tag),
            5 => {
                let base = offsets.get(usize::from(kind / 7) % offsets.len());
                let distance = at.saturating_sub(*base.unwrap_or(&12));
                Some(EntryKind::OfsDelta { distance })
            }
            6 => {
                let base = content.get(..20).and_then(|id| id.try_into().ok());
                base.map(|base_id| EntryKind::RefDelta { base_id })
            }
            _ => None,
        };
        offsets.push(at);
        count += 1;
        match entry_kind {
            Some(kind) => {
                let skipped = if matches!(kind, EntryKind::RefDelta { .. }) {
                    20
                } else {
                    0
                };
                let content = content.get(skipped..).unwrap_or_default();
                entry::write(&kind, content.len() as u64, &mut entries);
                entries.extend(deflated(content));
            }
            None => entries.extend_from_slice(content),
        }
    }
    let mut pack = entry::write_pack(count).to_vec();
    pack.extend(entries);
    let mut hasher = PackHasher::default();
    hasher.update(&pack);
    pack.extend(hasher.finish());
    pack
}

fuzz_target!(|bytes: &[u8]| {
    let pack = assemble(bytes);
    let whole = taken(&pack, usize::MAX);
    for piece_bytes in [1, 7, 64] {
        assert_eq!(whole, taken(&pack, piece_bytes));
    }
});
