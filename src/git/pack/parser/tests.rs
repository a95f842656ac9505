use proptest::prelude::*;

use super::super::delta::DeltaError;
use super::super::entry::EntryError;
use super::super::incoming::testing::{
    MemoryBases, MemoryStore, PackMaker, Seen, appending, deflate, parse, take,
};
use super::super::inflate::InflateError;
use super::error::Refusal;
use super::*;

const LIMITS: Limits = Limits::DEFAULT;

/// A pack with every kind of entry, a chain of deltas and a blob that is not held.
fn sample() -> (Vec<u8>, Limits) {
    let limits = Limits {
        base_cache_bytes: 4000,
        ..LIMITS
    };
    let mut maker = PackMaker::new();
    let commit = EntryKind::Whole(ObjectKind::Commit);
    maker.entry(
        commit,
        b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n",
    );
    let tree = maker.entry(EntryKind::Whole(ObjectKind::Tree), b"");
    let blob = maker.blob(b"hello");
    let longer = maker.ofs_delta(blob, &appending(5, b", world"));
    maker.ofs_delta(longer, &appending(12, b"!"));
    maker.ofs_delta(tree, &[0, 1, 1, b'x']);
    maker.blob(&vec![b'z'; 3000]);
    maker.entry(EntryKind::Whole(ObjectKind::Tag), b"no real tag");
    (maker.finish(), limits)
}

fn parsed(pack: &[u8]) -> Result<IncomingObjects, PackError> {
    parse([pack], LIMITS, &MemoryStore::default(), &mut Seen::new())
}

fn error(pack: &[u8]) -> PackError {
    parsed(pack).err().expect("the pack is bad")
}

#[test]
fn every_split_gives_the_same_table_and_the_same_events() {
    let (pack, limits) = sample();
    let none = MemoryBases::default();
    let (whole, seen) = take([pack.as_slice()], limits, &none).unwrap();
    assert_eq!(whole.table.count(), 8);
    assert_eq!(
        whole.table.get(2).unwrap().id.to_string(),
        "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"
    );
    assert_eq!(whole.table.get(4).unwrap().depth, 2);
    assert_eq!(seen.len(), 4);
    assert_eq!(whole.pack.pack_bytes(), pack.len() as u64);

    let (by_byte, seen_by_byte) = take(pack.chunks(1), limits, &none).unwrap();
    assert_eq!(
        (&by_byte.table.entries, &seen_by_byte),
        (&whole.table.entries, &seen)
    );
    for cut in 0..=pack.len() {
        let (cut_once, seen_again) = take([&pack[..cut], &pack[cut..]], limits, &none).unwrap();
        assert_eq!(
            (&cut_once.table.entries, &seen_again),
            (&whole.table.entries, &seen)
        );
    }
}

#[test]
fn every_truncation_is_reported_as_one() {
    let (pack, limits) = sample();
    for cut in 0..pack.len() {
        let result = parse(
            [&pack[..cut]],
            limits,
            &MemoryStore::default(),
            &mut Seen::new(),
        );
        let Err(PackError::Truncated {
            pack_bytes,
            announced,
            ..
        }) = result
        else {
            panic!("cut at {cut}");
        };
        assert_eq!(pack_bytes, cut as u64);
        assert_eq!(announced, if cut < 12 { 0 } else { 8 });
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    let (pack, limits) = sample();
    for bit in 0..8 * pack.len() {
        let mut flipped = pack.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let result = take([flipped.as_slice()], limits, &MemoryBases::default());
        assert!(result.is_err(), "bit {bit}");
    }
}

#[test]
fn an_empty_pack_is_a_pack() {
    // Git sends this when it creates a ref and the server has every object.
    let pack = PackMaker::new().finish();
    assert_eq!(pack.len(), 32);
    assert_eq!(parsed(&pack).unwrap().table.count(), 0);
}

#[test]
fn junk_after_the_trailer_is_refused() {
    let mut pack = sample().0;
    pack.push(0);
    assert_eq!(error(&pack), PackError::Junk);
}

#[test]
fn the_header_is_held_to_the_limits() {
    let store = MemoryStore::default();
    let two = Limits {
        objects_max: 7,
        ..LIMITS
    };
    let result = parse([sample().0.as_slice()], two, &store, &mut Seen::new());
    assert_eq!(
        result.err(),
        Some(PackError::TooManyObjects { count: 8, limit: 7 })
    );
    let (mut maker, base_id) = (PackMaker::new(), ObjectId::Sha1([7; 20]));
    for _ in 0..3 {
        maker.ref_delta(base_id, &appending(5, b"x"));
    }
    let few = Limits {
        ref_deltas_max: 2,
        ..LIMITS
    };
    let result = parse([maker.finish().as_slice()], few, &store, &mut Seen::new());
    assert_eq!(result.err(), Some(PackError::TooManyRefDeltas { limit: 2 }));
    let short = Limits {
        pack_bytes_max: 100,
        ..LIMITS
    };
    let result = parse(sample().0.chunks(10), short, &store, &mut Seen::new());
    assert_eq!(result.err(), Some(PackError::PackTooLarge { limit: 100 }));
    let version = EntryError::Version { version: 9 };
    assert_eq!(error(b"PACK\0\0\0\x09\0\0\0\0"), PackError::Header(version));
}

#[test]
fn sizes_are_held_to_the_limits() {
    let limits = Limits {
        object_bytes_max: 100,
        control_object_bytes_max: 10,
        delta_bytes_max: 50,
        large_delta_bytes_max: 50,
        ..LIMITS
    };
    let error = |build: &dyn Fn(&mut PackMaker) -> u64| {
        let mut maker = PackMaker::new();
        build(&mut maker);
        take([maker.finish().as_slice()], limits, &MemoryBases::default()).err()
    };
    let too_large = |kind, size, limit| {
        Some(PackError::ObjectTooLarge {
            offset: 12,
            kind,
            size,
            limit,
        })
    };
    let found = error(&|maker| maker.blob(&[0; 101]));
    assert_eq!(found, too_large(ObjectKind::Blob, 101, 100));
    let found = error(&|maker| maker.entry(EntryKind::Whole(ObjectKind::Tree), &[0; 11]));
    assert_eq!(found, too_large(ObjectKind::Tree, 11, 10));
    let found = error(&|maker| maker.ref_delta(ObjectId::Sha1([1; 20]), &[0; 51]));
    let what = "instructions";
    assert_eq!(
        found,
        Some(PackError::DeltaTooLarge {
            offset: 12,
            what,
            size: 51,
            limit: 50
        })
    );
    let found = error(&|maker| {
        let base = maker.blob(&[0; 50]);
        maker.ofs_delta(base, &appending(50, b"x"))
    });
    assert!(matches!(
        found,
        Some(PackError::DeltaTooLarge {
            what: "result",
            size: 51,
            ..
        })
    ));
    let found = error(&|maker| {
        let base = maker.entry(EntryKind::Whole(ObjectKind::Tree), &[0; 10]);
        maker.ofs_delta(base, &appending(10, b"x"))
    });
    assert!(matches!(
        found,
        Some(PackError::ObjectTooLarge {
            size: 11,
            limit: 10,
            ..
        })
    ));
}

#[test]
fn an_entry_that_promises_too_little_or_too_much_is_refused() {
    for (promised, source) in [
        (4, InflateError::Excess { expected: 4 }),
        (
            6,
            InflateError::Short {
                produced: 5,
                expected: 6,
            },
        ),
    ] {
        let mut maker = PackMaker::new();
        let mut bytes = Vec::new();
        entry::write(&EntryKind::Whole(ObjectKind::Blob), promised, &mut bytes);
        bytes.extend(deflate(b"hello"));
        maker.raw(&bytes);
        assert_eq!(
            error(&maker.finish()),
            PackError::Inflate { offset: 12, source }
        );
    }
}

#[test]
fn ofs_deltas_must_hit_an_entry() {
    let mut maker = PackMaker::new();
    let base = maker.blob(b"hello");
    let offset = maker.ofs_delta(base + 1, &appending(5, b"!"));
    assert_eq!(
        error(&maker.finish()),
        PackError::BaseNotAnEntry {
            offset,
            base_offset: 13
        }
    );
    for outside in [11, 0, u64::MAX - 100] {
        let mut maker = PackMaker::new();
        let offset = maker.blob(b"hello");
        assert_eq!(offset, 12);
        maker.ofs_delta(outside, &appending(5, b"!"));
        assert!(matches!(
            error(&maker.finish()),
            PackError::BaseOutOfPack { .. }
        ));
    }
}

#[test]
fn a_bad_delta_names_its_entry() {
    let mut maker = PackMaker::new();
    let base = maker.blob(b"hello");
    let offset = maker.ofs_delta(base, &appending(6, b"!"));
    let source = DeltaError::BaseSize {
        expected: 6,
        actual: 5,
    };
    assert_eq!(error(&maker.finish()), PackError::Delta { offset, source });
}

#[test]
fn the_observer_can_refuse() {
    let mut maker = PackMaker::new();
    maker.entry(EntryKind::Whole(ObjectKind::Tree), b"");
    let mut refuse = |_, _: &ObjectId, _, _: &[u8]| Err(Refusal("no empty trees".into()));
    let mut parser = PackParser::new(LIMITS);
    let result = parser.feed(&maker.finish(), &MemoryStore::default(), &mut refuse);
    assert_eq!(
        result.unwrap_err().to_string(),
        "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904: no empty trees"
    );
}

#[test]
fn progress_counts_entries_and_deltas() {
    let (pack, _) = sample();
    let objects = parsed(&pack).unwrap();
    let expected = Progress {
        objects_announced: 8,
        objects_received: 8,
        deltas: 3,
        deltas_resolved: 3,
    };
    assert_eq!(objects.progress, expected);
}

proptest! {
    #[test]
    fn no_entries_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut maker = PackMaker::new();
        maker.raw(&bytes);
        let _ = parsed(&maker.finish());
    }
}
