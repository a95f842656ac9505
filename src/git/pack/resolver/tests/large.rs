//! Deltas too large to be held: applied piece by piece, and stored whole.

use super::*;

/// Bytes that do not compress.
fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn deltas_too_large_to_be_held_are_applied_piece_by_piece_and_stored_whole() {
    let limits = Limits {
        delta_bytes_max: 100_000,
        base_cache_bytes: 100_000,
        ..LIMITS
    };
    // A large base; on it a large delta with many instructions, then one on that; a small object
    // on the large base, and one of ordinary size on the small one.
    let base = noise(1, 700_000);
    let inserted = noise(2, 300_000);
    let mut insert = Vec::new();
    for run in inserted.chunks(127) {
        insert.push(u8::try_from(run.len()).unwrap());
        insert.extend(run);
    }
    let sizes = |from: usize, to: usize| {
        let head = appending(from, &[]);
        let mut delta = head[..3].to_vec();
        delta.extend(&appending(to, &[])[..if to > 16_383 { 3 } else { 2 }]);
        delta
    };
    let mut grow = sizes(base.len(), base.len() + inserted.len());
    grow.extend(&insert);
    grow.extend(&appending(base.len(), &[])[6..]);
    let grown = [inserted.as_slice(), &base].concat();
    let shrink = {
        let mut delta = sizes(grown.len(), 1000);
        // 1000 bytes from offset 500,000.
        delta.extend([0b1011_0111, 0x20, 0xa1, 0x07, 0xe8, 0x03]);
        delta
    };
    let small = grown[500_000..501_000].to_vec();
    let mut maker = PackMaker::new();
    let first = maker.blob(&base);
    let second = maker.ofs_delta(first, &grow);
    let third = maker.ofs_delta(second, &shrink);
    maker.ofs_delta(third, &appending(1000, b"!"));
    maker.ref_delta(blob_id(&grown), &appending(grown.len(), b"end"));
    let pack = maker.finish();
    let contents = [
        base,
        grown.clone(),
        small.clone(),
        [small.as_slice(), b"!"].concat(),
        [grown.as_slice(), b"end"].concat(),
    ];
    let bases = MemoryBases::default();
    for piece in [7_000, pack.len()] {
        let store = MemoryStore::default();
        let (mut objects, _) = take_into(&store, pack.chunks(piece), limits, &bases).unwrap();
        let ids: Vec<_> = objects.table.entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, contents.each_ref().map(|content| blob_id(content)));
        for position in [0, 1, 2, 4] {
            assert!(stored(&mut objects, position, &store) == contents[position as usize]);
        }
        let last = objects.table.get(3).unwrap();
        assert_eq!((last.base, last.depth), (Base::Position(2), 1));
        assert_eq!(store.scratches(), 2, "one for each large base");
        let received = objects.pack.finish();
        assert_eq!(store.chunk_count(), received.chunk_count as usize);
    }
    for (what, size, large_delta_bytes_max) in [
        ("instructions", grow.len(), 250_000),
        ("base", 700_000, 600_000),
        ("result", grown.len(), 900_000),
    ] {
        let limits = Limits {
            large_delta_bytes_max,
            ..limits
        };
        let error = resolved(&pack, limits).err();
        let expected = Some(PackError::DeltaTooLarge {
            offset: second,
            what,
            size: size as u64,
            limit: large_delta_bytes_max,
        });
        assert_eq!(error, expected);
    }
}

#[test]
fn what_a_pack_has_stored_whole_is_bounded_by_its_own_bytes() {
    // Deltas of some bytes on a deep object of 50 kB elsewhere: each is stored whole.
    let (kind, base) = (ObjectKind::Blob, Rc::new(noise(3, 50_000)));
    let mut bases = MemoryBases::default();
    let external = ExternalBase {
        kind,
        content: Rc::clone(&base),
        depth: LIMITS.thin_depth_max,
    };
    bases.0.insert(blob_id(&base), external);
    let limits = Limits {
        appended_bytes_min: 120_000,
        ..LIMITS
    };
    let take_deltas = |count: u8, whole_bytes: usize| {
        let mut maker = PackMaker::new();
        maker.blob(&noise(4, whole_bytes));
        for n in 0..count {
            maker.ref_delta(blob_id(&base), &appending(base.len(), &[n]));
        }
        let pack = maker.finish();
        let taken = take([pack.as_slice()], limits, &bases);
        (
            pack.len() as u64,
            taken.map(|(objects, _)| objects.pack.pack_bytes()),
        )
    };
    let (pack_bytes, taken) = take_deltas(2, 10);
    assert!((100_000..120_000).contains(&(taken.unwrap() - pack_bytes)));
    let (pack_bytes, taken) = take_deltas(3, 10);
    let limit = 120_000;
    assert_eq!(
        taken.err(),
        Some(PackError::TooMuchAppended { pack_bytes, limit })
    );
    // A pack of 50 kB may have four times that.
    assert!(take_deltas(3, 50_000).1.is_ok());
    assert!(take_deltas(5, 50_000).1.is_err());
}
