use std::rc::Rc;

use super::super::super::hash::object_id;
use super::super::super::limits::Limits;
use super::super::entry::EntryKind;
use super::super::incoming::bases::ExternalBase;
use super::super::incoming::testing::{
    MemoryBases, MemoryStore, PackMaker, Seen, appending, parse, take, take_into,
};
use super::*;

mod large;

const LIMITS: Limits = Limits::DEFAULT;
/// Nothing is kept: every delta is left to the resolver, every base is made again.
const NOTHING_KEPT: Limits = Limits {
    base_cache_bytes: 0,
    ..LIMITS
};

fn blob_id(content: &[u8]) -> ObjectId {
    object_id(ObjectKind::Blob, content).unwrap()
}

fn resolved(pack: &[u8], limits: Limits) -> Result<IncomingObjects, PackError> {
    take([pack], limits, &MemoryBases::default()).map(|(objects, _)| objects)
}

/// A tree of deltas: entry n builds on entry (n - 1) / `fan`, each a byte longer than its base.
fn delta_tree(count: usize, fan: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut maker = PackMaker::new();
    let mut contents = vec![b"the first".to_vec()];
    let mut offsets = vec![maker.blob(&contents[0])];
    for n in 1..count {
        let up = (n - 1) / fan;
        let suffix = u32::try_from(n).unwrap().to_be_bytes();
        let delta = appending(contents[up].len(), &suffix);
        contents.push([contents[up].as_slice(), &suffix].concat());
        offsets.push(maker.ofs_delta(offsets[up], &delta));
    }
    (maker.finish(), contents)
}

#[test]
fn trees_and_chains_of_deltas_resolve_with_and_without_a_cache() {
    for (count, fan) in [(200, 1), (500, 2), (500, 7), (300, 300)] {
        let (pack, contents) = delta_tree(count, fan);
        let limits = [
            LIMITS,
            NOTHING_KEPT,
            Limits {
                base_cache_bytes: 3000,
                ..LIMITS
            },
        ];
        for limits in limits {
            let objects = resolved(&pack, limits).unwrap();
            for (entry, content) in objects.table.entries.iter().zip(&contents) {
                assert_eq!(entry.id, blob_id(content));
                assert_eq!(entry.size_bytes as usize, content.len());
            }
            let last = objects.table.entries.iter().last().unwrap();
            assert_eq!(
                usize::from(last.depth),
                if fan == 1 {
                    199
                } else {
                    usize::from(last.depth)
                }
            );
            assert_eq!(objects.progress.deltas_resolved as usize, count - 1);
        }
    }
}

#[test]
fn ref_deltas_find_bases_before_and_after_them_and_made_by_deltas() {
    let mut maker = PackMaker::new();
    // 0 builds on 2, which builds on 1, which builds on 3.
    maker.ref_delta(blob_id(b"base12"), &appending(6, b"3"));
    maker.ref_delta(blob_id(b"base"), &appending(4, b"1"));
    maker.ref_delta(blob_id(b"base1"), &appending(5, b"2"));
    maker.blob(b"base");
    let objects = resolved(&maker.finish(), LIMITS).unwrap();
    let ids: Vec<_> = objects.table.entries.iter().map(|entry| entry.id).collect();
    let expected = [b"base123".as_slice(), b"base1", b"base12", b"base"].map(blob_id);
    assert_eq!(ids, expected);
    let bases: Vec<_> = objects
        .table
        .entries
        .iter()
        .map(|entry| entry.base)
        .collect();
    let position = Base::Position;
    assert_eq!(bases, [position(2), position(3), position(1), Base::None]);
    let depths: Vec<_> = objects
        .table
        .entries
        .iter()
        .map(|entry| entry.depth)
        .collect();
    assert_eq!(depths, [3, 1, 2, 0]);
    assert!(objects.table.external_bases.is_empty());
    assert_eq!(objects.table.find(&expected[2]), Some(2));
}

#[test]
fn a_thin_pack_takes_its_bases_from_outside_and_lists_each_once() {
    let mut bases = MemoryBases::default();
    for (content, depth) in [("one", 0), ("two", 4)] {
        let id = blob_id(content.as_bytes());
        let content = Rc::new(content.as_bytes().to_vec());
        bases.0.insert(
            id,
            ExternalBase {
                kind: ObjectKind::Blob,
                content,
                depth,
            },
        );
    }
    let mut maker = PackMaker::new();
    let first = maker.ref_delta(blob_id(b"two"), &appending(3, b"!"));
    maker.ofs_delta(first, &appending(4, b"!"));
    maker.ref_delta(blob_id(b"two"), &appending(3, b"?"));
    maker.ref_delta(blob_id(b"one"), &appending(3, b"?"));
    maker.ref_delta(blob_id(b"two?"), &appending(4, b"?"));
    let pack = maker.finish();
    for limits in [LIMITS, NOTHING_KEPT] {
        let (objects, _) = take([pack.as_slice()], limits, &bases).unwrap();
        let table = &objects.table;
        let ids: Vec<_> = table.entries.iter().map(|entry| entry.id).collect();
        let expected = [b"two!".as_slice(), b"two!!", b"two?", b"one?", b"two??"].map(blob_id);
        assert_eq!(ids, expected);
        assert_eq!(table.external_bases.len(), 2);
        let base_ids: Vec<_> = table
            .entries
            .iter()
            .map(|entry| table.base_id(entry.base).unwrap())
            .collect();
        let expected = [b"two".as_slice(), b"two!", b"two", b"one", b"two?"].map(blob_id);
        assert_eq!(base_ids, expected);
        let depths: Vec<_> = table.entries.iter().map(|entry| entry.depth).collect();
        assert_eq!(depths, [5, 6, 5, 1, 6]);
    }
}

#[test]
fn missing_bases_are_counted_and_the_first_is_named() {
    let mut maker = PackMaker::new();
    maker.blob(b"hello");
    let lost = maker.ref_delta(blob_id(b"lost"), &appending(4, b"!"));
    maker.ofs_delta(lost, &appending(5, b"!"));
    maker.ref_delta(blob_id(b"lost too"), &appending(8, b"!"));
    let error = resolved(&maker.finish(), LIMITS).err();
    assert_eq!(
        error,
        Some(PackError::Unresolved {
            count: 3,
            base_id: blob_id(b"lost")
        })
    );
}

#[test]
fn deltas_that_build_on_each_other_end_as_unresolved() {
    // Nobody can make ids that close a circle, but two deltas can name each other's would-be id.
    let mut maker = PackMaker::new();
    let (a, b) = (ObjectId::Sha1([1; 20]), ObjectId::Sha1([2; 20]));
    maker.ref_delta(a, &appending(4, b"!"));
    maker.ref_delta(b, &appending(4, b"!"));
    let error = resolved(&maker.finish(), LIMITS).err();
    assert_eq!(
        error,
        Some(PackError::Unresolved {
            count: 2,
            base_id: a
        })
    );
}

#[test]
fn objects_that_stand_twice_in_a_pack_are_both_there() {
    let mut maker = PackMaker::new();
    maker.ref_delta(blob_id(b"same"), &appending(4, b"!"));
    for _ in 0..3 {
        maker.blob(b"same");
    }
    maker.ref_delta(blob_id(b"same"), &appending(4, b"!"));
    maker.ref_delta(blob_id(b"same!"), &appending(5, b"!"));
    let objects = resolved(&maker.finish(), LIMITS).unwrap();
    let ids: Vec<_> = objects.table.entries.iter().map(|entry| entry.id).collect();
    let [same, longer, longest] = [b"same".as_slice(), b"same!", b"same!!"].map(blob_id);
    assert_eq!(ids, [longer, same, same, same, longer, longest]);
    assert_eq!(objects.table.find(&same), Some(1));
}

#[test]
fn many_copies_of_a_base_with_many_deltas_take_no_quadratic_time() {
    let mut maker = PackMaker::new();
    for n in 0..20_000_u32 {
        maker.blob(b"same");
        maker.ref_delta(blob_id(b"same"), &appending(4, &n.to_be_bytes()));
    }
    let objects = resolved(&maker.finish(), LIMITS).unwrap();
    assert_eq!(objects.progress.deltas_resolved, 20_000);
}

#[test]
fn chains_are_held_to_the_limit_also_from_a_deep_base_outside() {
    let limits = Limits {
        delta_depth_max: 10,
        ..LIMITS
    };
    assert!(resolved(&delta_tree(11, 1).0, limits).is_ok());
    let limits_without_cache = Limits {
        delta_depth_max: 10,
        ..NOTHING_KEPT
    };
    for limits in [limits, limits_without_cache] {
        let error = resolved(&delta_tree(12, 1).0, limits).err();
        assert!(matches!(
            error,
            Some(PackError::ChainTooLong { limit: 10, .. })
        ));
    }
    let mut bases = MemoryBases::default();
    let content = Rc::new(b"deep".to_vec());
    let base = ExternalBase {
        kind: ObjectKind::Blob,
        content,
        depth: 10,
    };
    bases.0.insert(blob_id(b"deep"), base);
    let mut maker = PackMaker::new();
    let offset = maker.ref_delta(blob_id(b"deep"), &appending(4, b"!"));
    let error = take([maker.finish().as_slice()], limits, &bases).err();
    assert_eq!(error, Some(PackError::ChainTooLong { offset, limit: 10 }));
}

#[test]
fn a_pack_that_would_unpack_forever_is_stopped() {
    // A few kilobytes that ask for fifty times the largest result of a delta.
    let limits = Limits {
        large_delta_bytes_max: 100_000,
        ..NOTHING_KEPT
    };
    let mut maker = PackMaker::new();
    let base = maker.blob(&vec![0; 90_000]);
    for n in 0..60_u8 {
        maker.ofs_delta(base, &appending(90_000, &[n]));
    }
    let pack = maker.finish();
    let error = resolved(&pack, limits).err();
    let pack_bytes = pack.len() as u64;
    let limit = 8 * 100_000 + 256 * pack_bytes;
    assert!(limit < 60 * 90_000);
    assert_eq!(error, Some(PackError::TooMuchWork { pack_bytes, limit }));
}

#[test]
fn the_observer_sees_each_control_object_once_wherever_it_is_resolved() {
    let mut maker = PackMaker::new();
    let tree = maker.entry(EntryKind::Whole(ObjectKind::Tree), b"base");
    let on_arrival = maker.ofs_delta(tree, &appending(4, b"1"));
    maker.ofs_delta(on_arrival, &appending(5, b"2"));
    let id = object_id(ObjectKind::Tree, b"base12").unwrap();
    maker.ref_delta(id, &appending(6, b"3"));
    maker.blob(b"not seen");
    let pack = maker.finish();
    for limits in [LIMITS, NOTHING_KEPT] {
        let (objects, mut seen) = take([pack.as_slice()], limits, &MemoryBases::default()).unwrap();
        seen.sort_unstable();
        let positions: Vec<_> = seen.iter().map(|&(position, ..)| position).collect();
        assert_eq!(positions, [0, 1, 2, 3]);
        for (position, id, _) in seen {
            assert_eq!(objects.table.get(position).unwrap().id, id);
        }
    }
}

#[test]
fn content_is_made_again_from_chunks_and_is_not_given_before_it_is_known() {
    let (pack, contents) = delta_tree(300, 2);
    let (store, bases) = (MemoryStore::default(), MemoryBases::default());
    let limits = Limits {
        base_cache_bytes: 0,
        ..LIMITS
    };
    let sources = Sources {
        store: &store,
        bases: &bases,
    };
    let mut objects = parse([pack.as_slice()], limits, &store, &mut Seen::new()).unwrap();
    assert_eq!(
        objects.content(5, sources),
        Err(PackError::NoEntry { position: 5 })
    );
    let mut resolver = Resolver::new(objects);
    let mut observer = |_, _: &ObjectId, _, _: &[u8]| Ok(());
    while resolver.step(1, sources, &store, &mut observer).unwrap() == Step::More {}
    objects = resolver.finish();
    for (position, content) in (0..).zip(&contents) {
        let (kind, read) = objects.content(position, sources).unwrap();
        assert_eq!((kind, &*read), (ObjectKind::Blob, content));
    }
}

#[test]
fn a_long_chain_of_large_objects_with_side_branches_is_not_made_again_and_again() {
    // 40 revisions of 50 kB, each the base of the next one and of a leaf; the cache holds none.
    let mut maker = PackMaker::new();
    let mut content = vec![b'x'; 50_000];
    let mut offset = maker.blob(&content);
    for n in 0..40_u8 {
        let next = maker.ofs_delta(offset, &appending(content.len(), &[n]));
        maker.ofs_delta(offset, &appending(content.len(), &[n, n]));
        content.push(n);
        offset = next;
    }
    let pack = maker.finish();
    let objects = resolved(&pack, NOTHING_KEPT).unwrap();
    // Each revision is made and hashed once, and at most once more made without hashing.
    let made = 81 * 50_000;
    assert!(
        objects.work_bytes() < made * 12 / 10 + 100_000,
        "{}",
        objects.work_bytes()
    );
}

#[test]
fn branches_that_must_be_made_again_and_again_are_stopped() {
    // A chain with a branch of two links at each of its links.
    let mut maker = PackMaker::new();
    let mut offset = maker.blob(&vec![b'x'; 50_000]);
    for (bytes, n) in (50_000..).zip(0..200_u8) {
        let next = maker.ofs_delta(offset, &appending(bytes, &[n]));
        let side = maker.ofs_delta(offset, &appending(bytes, &[n, n]));
        maker.ofs_delta(side, &appending(bytes + 2, &[n]));
        offset = next;
    }
    let pack = maker.finish();
    let limits = Limits {
        large_delta_bytes_max: 5 << 20,
        ..LIMITS
    };
    assert!(resolved(&pack, limits).is_ok());
    let limits = Limits {
        large_delta_bytes_max: 5 << 20,
        ..NOTHING_KEPT
    };
    assert!(matches!(
        resolved(&pack, limits).err(),
        Some(PackError::TooMuchWork { .. })
    ));
}

/// The content of an object that is stored whole.
fn stored(objects: &mut IncomingObjects, position: u32, store: &MemoryStore) -> Vec<u8> {
    assert_eq!(objects.table.get(position).unwrap().base, Base::None);
    let mut content = Vec::new();
    objects
        .inflate_entry(position, &mut content, store)
        .unwrap();
    content
}

#[test]
fn a_long_chain_over_packs_is_ended_by_storing_the_object_whole() {
    let limits = Limits {
        thin_depth_max: 3,
        ..LIMITS
    };
    for (depth, kept) in [(2, 3), (3, 0), (4095, 0)] {
        let mut bases = MemoryBases::default();
        let (kind, content) = (ObjectKind::Tree, Rc::new(b"deep".to_vec()));
        let base = ExternalBase {
            kind,
            content,
            depth,
        };
        bases.0.insert(object_id(kind, b"deep").unwrap(), base);
        let mut maker = PackMaker::new();
        let first = maker.ref_delta(object_id(kind, b"deep").unwrap(), &appending(4, b"1"));
        maker.ofs_delta(first, &appending(5, b"2"));
        let pack = maker.finish();
        let store = MemoryStore::default();
        let (mut objects, seen) = take_into(&store, [pack.as_slice()], limits, &bases).unwrap();
        assert_eq!(seen.len(), 2);
        let depths: Vec<_> = objects
            .table
            .entries
            .iter()
            .map(|entry| entry.depth)
            .collect();
        assert_eq!(depths, [kept, kept + 1]);
        let sources = Sources {
            store: &store,
            bases: &bases,
        };
        let content = objects.content(1, sources).unwrap();
        assert_eq!((content.0, content.1.as_slice()), (kind, &b"deep12"[..]));
        if kept > 0 {
            assert_eq!(objects.pack.pack_bytes(), pack.len() as u64);
            continue;
        }
        let entry = objects.table.get(0).unwrap();
        assert_eq!(entry.offset, pack.len() as u64);
        let end = entry.offset + u64::from(entry.stored_bytes);
        assert_eq!(end, objects.pack.pack_bytes());
        assert_eq!(stored(&mut objects, 0, &store), b"deep1");
    }
}
