//! Deltas: the bases they build on, and the objects they make.

use super::pack::{
    BLOB, OFS_DELTA, Pack, REF_DELTA, append, copy, deflate, delta, insert, nobody, object_id,
};
use super::target::{Expect, Target};

const BASE: &[u8] = b"a base that is forty bytes long, exactly";

/// A pack of one blob and one ref-delta on it.
fn on_base(delta: &[u8]) -> Vec<u8> {
    let mut pack = Pack::new();
    let base = pack.blob(BASE);
    pack.ref_delta(base, delta);
    pack.finish()
}

#[test]
fn wrong_delta_instructions() {
    let mut target = Target::new("instructions");
    let all = copy(0, 40);
    let endless = [0xff; 11];
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("one byte", vec![40]),
        ("sizes alone", vec![40, 40]),
        ("no instructions, no result", vec![40, 0]),
        ("a size without an end", endless.to_vec()),
        (
            "a result's size without an end",
            [&[40], endless.as_slice()].concat(),
        ),
        ("a base one byte smaller", delta(39, 40, &all)),
        ("a base one byte larger", delta(41, 40, &all)),
        ("an empty base", delta(0, 40, &all)),
        ("a result one byte smaller", delta(40, 39, &all)),
        ("a result one byte larger", delta(40, 41, &all)),
        ("an empty result", delta(40, 0, &all)),
        ("a result of 17 MiB", delta(40, 17 << 20, &all)),
        ("a result of 2^40", delta(40, 1 << 40, &all)),
        ("a result of 2^63", delta(40, 1 << 63, &all)),
        (
            "the reserved instruction",
            delta(40, 40, &[&[0], all.as_slice()].concat()),
        ),
        (
            "the reserved instruction at the end",
            delta(40, 40, &[&all, [0].as_slice()].concat()),
        ),
        ("a copy beyond the base", delta(40, 40, &copy(1, 40))),
        (
            "a copy far beyond the base",
            delta(40, 40, &copy(u32::MAX, 40)),
        ),
        (
            "a copy of 16 MiB",
            delta(40, 0xff_ffff, &copy(0, 0xff_ffff)),
        ),
        (
            "a copy of size 0, which is 64 KiB",
            delta(40, 0x1_0000, &copy(0, 0)),
        ),
        ("a copy that is cut", delta(40, 40, &all[..3])),
        (
            "an insert that is cut",
            delta(40, 50, &[all.as_slice(), &[10], b"five."].concat()),
        ),
        (
            "more than the result",
            delta(40, 40, &[all.clone(), insert(b"x")].concat()),
        ),
        (
            "the copy twice",
            delta(40, 40, &[all.clone(), all.clone()].concat()),
        ),
    ];
    for (name, delta) in cases {
        target.broken_pack(&format!("{name} in a ref-delta"), &on_base(&delta), "delta");
        let mut pack = Pack::new();
        let start = pack.offset();
        pack.blob(BASE);
        pack.ofs_delta((pack.offset() - start) as u64, &delta);
        target.broken_pack(&format!("{name} in an ofs-delta"), &pack.finish(), "delta");
    }
    // The base is stored already: the delta is thin.
    let bad = delta(1, 40, &all);
    let mut pack = Pack::new();
    pack.ref_delta(target.tip_tree, &bad);
    target.broken_pack("a wrong base size in a thin delta", &pack.finish(), "delta");
    target.finish(50);
}

#[test]
fn missing_bases() {
    let mut target = Target::new("bases");
    let append = append(BASE, b"more");
    let second = |distance: u64| {
        let mut pack = Pack::new();
        pack.blob(BASE);
        pack.ofs_delta(distance, &append);
        pack.finish()
    };
    let entry_bytes = {
        let mut pack = Pack::new();
        let start = pack.offset();
        pack.blob(BASE);
        (pack.offset() - start) as u64
    };
    for (name, distance) in [
        ("itself", 0),
        ("the entry before, one byte late", entry_bytes - 1),
        ("the entry before, one byte early", entry_bytes + 1),
        ("the pack's count", entry_bytes + 4),
        ("the pack's first byte", entry_bytes + 12),
        ("a byte before the pack", entry_bytes + 13),
        ("2^40 bytes before the pack", 1 << 40),
        ("2^62 bytes before the pack", 1 << 62),
    ] {
        target.broken_pack(&format!("an ofs-delta on {name}"), &second(distance), "");
    }
    let mut pack = Pack::new();
    let delta = append.clone();
    let endless = [0xff; 20];
    pack.entry(OFS_DELTA, delta.len() as u64, &endless, &deflate(&delta));
    target.broken_pack("a distance without an end", &pack.finish(), "bad object");
    let mut pack = Pack::new();
    pack.ofs_delta(1, &append);
    target.broken_pack("an ofs-delta as the first entry", &pack.finish(), "");

    let thin = |base| {
        let mut pack = Pack::new();
        pack.ref_delta(base, &append);
        pack.finish()
    };
    target.broken_pack("a base that nobody has", &thin(nobody(7)), "unresolved");
    target.broken_pack("the null id as a base", &thin(nobody(0)), "unresolved");
    let own = [BASE, b"more"].concat();
    target.broken_pack(
        "a delta on itself",
        &thin(object_id(BLOB, &own)),
        "unresolved",
    );
    let mut pack = Pack::new();
    pack.entry(
        REF_DELTA,
        append.len() as u64,
        &[1, 2, 3],
        &deflate(&append),
    );
    target.broken_pack("a base of three bytes", &pack.finish(), "");
    target.finish(14);
}

/// Ids cannot be known before the content is, so a true cycle has no first link: only deltas that wait for
/// each other can be written.
#[test]
fn deltas_that_wait_for_each_other() {
    let mut target = Target::new("cycles");
    let (one, other) = ([BASE, b"1"].concat(), [BASE, b"1", b"2"].concat());
    let (one_id, other_id) = (object_id(BLOB, &one), object_id(BLOB, &other));
    let shorten = delta(42, 41, &copy(0, 41));
    let lengthen = append(&one, b"2");
    let cycle = |pack: &mut Pack| {
        pack.ref_delta(other_id, &shorten);
        pack.ref_delta(one_id, &lengthen);
    };
    let mut pack = Pack::new();
    cycle(&mut pack);
    target.broken_pack("two deltas on each other", &pack.finish(), "2 unresolved");
    let mut pack = Pack::new();
    let start = pack.offset();
    pack.ref_delta(other_id, &shorten);
    pack.ofs_delta((pack.offset() - start) as u64, &lengthen);
    target.broken_pack(
        "a ref-delta on an ofs-delta on it",
        &pack.finish(),
        "2 unresolved",
    );
    let mut pack = Pack::new();
    for number in 0..100 {
        pack.ref_delta(nobody((number + 1) % 100), &lengthen);
    }
    target.broken_pack("a ring of a hundred", &pack.finish(), "100 unresolved");
    // Beside deltas that can be resolved, and with much that hangs on it.
    let mut pack = Pack::new();
    let base = pack.blob(BASE);
    cycle(&mut pack);
    for _ in 0..50 {
        pack.ref_delta(one_id, &append(&one, b"3"));
        pack.ref_delta(base, &append(BASE, b"4"));
    }
    target.broken_pack("a cycle amid sound deltas", &pack.finish(), "52 unresolved");
    target.finish(4);
}

#[test]
fn delta_bombs() {
    let mut target = Target::new("delta-bombs");
    // Each doubles the one before: 2^20 bytes become 2^25 in five links, and 2^40 in twenty.
    let mut pack = Pack::new();
    let mut size = 1_u64 << 20;
    pack.blob(&vec![0; 1 << 20]);
    let mut start = 12;
    for _ in 0..20 {
        let length = u32::try_from(size.min(1 << 23)).expect("at most 2^23");
        let instructions =
            copy(0, length).repeat(usize::try_from(2 * size / u64::from(length)).expect("few"));
        let here = pack.offset();
        pack.ofs_delta((here - start) as u64, &delta(size, 2 * size, &instructions));
        (start, size) = (here, (2 * size).min(1 << 26));
    }
    target.broken_pack("a chain that doubles twenty times", &pack.finish(), "delta");

    // Few bytes each, and 15 MiB to be made of each.
    let mut pack = Pack::new();
    let base = pack.blob(&vec![0; 1 << 20]);
    let megabyte = copy(0, 1 << 20);
    for number in 0..3000_u32 {
        let own = insert(&number.to_be_bytes());
        let instructions = [megabyte.repeat(15), own].concat();
        pack.ref_delta(base, &delta(1 << 20, (15 << 20) + 4, &instructions));
    }
    target.broken_pack(
        "thousands of deltas of 15 MiB each",
        &pack.finish(),
        "unpacking",
    );

    let mut pack = Pack::new();
    let mut content = BASE.to_vec();
    let mut start = pack.offset();
    pack.blob(&content);
    for _ in 0..4200 {
        let here = pack.offset();
        pack.ofs_delta((here - start) as u64, &append(&content, b"x"));
        content.push(b'x');
        start = here;
    }
    target.broken_pack("a chain of 4200", &pack.finish(), "depth");

    // The instructions themselves are a bomb: 17 MiB of inserts, deflated to little, and a byte
    // less than they announce.
    let inserts = (17 << 20) / 128;
    let instructions = insert(&[b'x'; 127]).repeat(inserts);
    let mut pack = Pack::new();
    let base = pack.blob(BASE);
    pack.ref_delta(base, &delta(40, 127 * inserts as u64 + 1, &instructions));
    target.broken_pack("17 MiB of instructions", &pack.finish(), "delta");
    target.finish(4);
}

#[test]
fn a_delta_that_makes_a_refused_object() {
    let mut target = Target::new("made");
    // The base is a sound tree, and fine; the delta makes an unsound tree of it.
    let entry =
        |name: &[u8], id: gix_hash::ObjectId| [b"100644 ", name, b"\0", id.as_slice()].concat();
    let mut pack = Pack::new();
    let blob = pack.blob(b"x");
    let base = entry(b"aaaa", blob);
    let tree = pack.object(super::pack::TREE, &base);
    let evil = entry(b".git", blob);
    let length = evil.len() as u64;
    pack.ref_delta(tree, &delta(base.len() as u64, length, &insert(&evil)));
    let evil_id = object_id(super::pack::TREE, &evil);
    let commit = pack.commit(evil_id, &[target.tip]);
    target.pack(
        "a tree with .git by a delta",
        commit,
        &pack.finish(),
        Expect::Unpack("hasDotgit"),
    );

    let mut pack = Pack::new();
    let content = super::pack::commit(target.tip_tree, &[]);
    let base = pack.object(super::pack::COMMIT, &content);
    let made = delta(content.len() as u64, 7, &insert(b"nothing"));
    pack.ref_delta(base, &made);
    let made = object_id(super::pack::COMMIT, b"nothing");
    target.pack(
        "a commit of nothing by a delta",
        made,
        &pack.finish(),
        Expect::Unpack("commit"),
    );
    target.finish(2);
}
