//! Packs such as git does not make but may be sent: objects twice in a pack or in several packs,
//! deltas in any direction. For any selection the pack written stands on its own.

use std::collections::BTreeSet;
use std::io::Write;
use std::rc::Rc;

use cairn::git::hash::{PackHasher, object_id};
use cairn::git::object::ObjectKind;
use cairn::git::pack::entry::{self, EntryKind};
use cairn::git::pack::writer::WriteOptions;
use flate2::{Compression, write::ZlibEncoder};
use gix_hash::{ObjectId, oid};
use proptest::prelude::*;

use super::store::{MemoryPacks, raw_entries, table_of};
use super::writing::write;

/// How a generated entry holds its object; numbers are taken modulo the number of entries.
#[derive(Debug, Clone, Copy)]
enum Holding {
    Whole,
    /// On an entry before this one, by distance.
    Distance(usize),
    /// On an entry before this one, by id.
    Earlier(usize),
    /// On an entry behind this one that is whole, by id.
    Later(usize),
    /// On an object of the packs before, by id.
    External(usize),
}

type GeneratedPack = Vec<(u8, Holding)>;

fn content_of(object: u8) -> Vec<u8> {
    format!("object {object}\n")
        .repeat(usize::from(object) + 1)
        .into_bytes()
}

fn id_of(object: u8) -> ObjectId {
    object_id(ObjectKind::Blob, &content_of(object)).unwrap()
}

/// A delta that inserts all of the object, so that any base of the right size does.
fn delta_of(base: u8, object: u8) -> Vec<u8> {
    let mut delta = Vec::new();
    for size in [content_of(base).len(), content_of(object).len()] {
        let low = u8::try_from(size & 0x7f).unwrap();
        match u8::try_from(size >> 7).unwrap() {
            0 => delta.push(low),
            high => delta.extend([low | 0x80, high]),
        }
    }
    for run in content_of(object).chunks(0x7f) {
        delta.push(u8::try_from(run.len()).unwrap());
        delta.extend(run);
    }
    delta
}

fn build(generated: &GeneratedPack, outside: &[u8]) -> Vec<u8> {
    let count = u32::try_from(generated.len()).unwrap();
    let mut pack = entry::write_pack(count).to_vec();
    let mut offsets = Vec::new();
    for (position, (object, holding)) in generated.iter().enumerate() {
        let by_id = |base: u8| {
            (
                EntryKind::RefDelta {
                    base_id: id_of(base),
                },
                Some(base),
            )
        };
        let before = &generated[..position];
        let wholes: Vec<u8> = generated[position + 1..]
            .iter()
            .filter(|(_, holding)| matches!(holding, Holding::Whole))
            .map(|(object, _)| *object)
            .collect();
        let (kind, base) = match *holding {
            Holding::Distance(n) if position > 0 => {
                let base = n % position;
                let distance = (pack.len() - offsets[base]) as u64;
                (EntryKind::OfsDelta { distance }, Some(generated[base].0))
            }
            Holding::Earlier(n) if position > 0 => by_id(before[n % position].0),
            Holding::Later(n) if !wholes.is_empty() => by_id(wholes[n % wholes.len()]),
            Holding::External(n) if !outside.is_empty() => by_id(outside[n % outside.len()]),
            _ => (EntryKind::Whole(ObjectKind::Blob), None),
        };
        let payload = base.map_or_else(|| content_of(*object), |base| delta_of(base, *object));
        offsets.push(pack.len());
        entry::write(&kind, payload.len() as u64, &mut pack);
        let mut encoder = ZlibEncoder::new(&mut pack, Compression::fast());
        encoder.write_all(&payload).unwrap();
        encoder.finish().unwrap();
    }
    let mut hasher = PackHasher::default();
    hasher.update(&pack);
    pack.extend(hasher.finish());
    pack
}

fn generated_pack() -> impl Strategy<Value = GeneratedPack> {
    let holding = prop_oneof![
        2 => Just(Holding::Whole),
        2 => (0_usize..100).prop_map(Holding::Distance),
        2 => (0_usize..100).prop_map(Holding::Earlier),
        1 => (0_usize..100).prop_map(Holding::Later),
        2 => (0_usize..100).prop_map(Holding::External),
    ];
    prop::collection::vec((0_u8..25, holding), 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn every_pack_written_stands_on_its_own(
        generated in prop::collection::vec(generated_pack(), 1..4),
        chosen in prop::collection::vec(prop::bool::weighted(0.6), 60),
        held in prop::collection::btree_set(0_u8..25, 0..6),
        thin in any::<bool>(),
        ofs_delta in any::<bool>(),
    ) {
        let mut packs = MemoryPacks::default();
        let mut outside = Vec::new();
        for pack in &generated {
            packs.publish(build(pack, &outside));
            outside.extend(pack.iter().map(|(object, _)| *object));
        }
        let live = packs.live();
        let mut selection = live.select_none();
        let mut expected = BTreeSet::new();
        let mut choice = chosen.iter().cycle();
        for (number, pack) in (0..).zip(&generated) {
            for (position, (object, _)) in (0..).zip(pack) {
                if *choice.next().unwrap() {
                    selection.insert(number, position);
                    expected.insert(id_of(*object));
                }
            }
        }
        // The client has the objects it names, and none of those sent.
        let held: Vec<(ObjectId, u8)> = held
            .into_iter()
            .map(|object| (id_of(object), object))
            .filter(|(id, _)| !expected.contains(id))
            .collect();
        let find_held = |id: &oid| held.iter().find(|(other, _)| *other == id);
        let options = WriteOptions { thin, ofs_delta };
        let mut at_client = |id: &oid| Ok(find_held(id).is_some());
        let written = write(&packs, &live, selection, options, &mut at_client);
        prop_assert!(written.counts.reused <= written.counts.objects);

        // `table_of` fails on a base that is missing and on deltas that lean on each other.
        let table = table_of(&written.pack, &|id| {
            let (_, object) = find_held(id).filter(|_| thin)?;
            Some((ObjectKind::Blob, Rc::new(content_of(*object)), 0))
        });
        let ids: BTreeSet<ObjectId> = table.entries.iter().map(|entry| entry.id).collect();
        prop_assert_eq!(table.entries.len(), ids.len(), "each object once");
        prop_assert_eq!(ids, expected);
        let by_distance = |kind: &EntryKind| matches!(kind, EntryKind::OfsDelta { .. });
        let entries = raw_entries(&written.pack);
        prop_assert!(ofs_delta || !entries.iter().any(|entry| by_distance(&entry.kind)));
        prop_assert_eq!(
            written.counts.deltas as usize,
            entries.iter().filter(|e| !matches!(e.kind, EntryKind::Whole(_))).count()
        );
    }
}
