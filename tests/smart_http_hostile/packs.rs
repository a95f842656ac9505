//! The stream itself: cut, counted wrong, other than its headers say.

use super::pack::{BLOB, COMMIT, Pack, TREE, append, deflate, entry_header, sealed};
use super::request::create_evil;
use super::target::{Expect, Target};

/// A pack with each kind of entry: a blob, deltas on it by distance and by id, a tree, a commit.
fn sound(target: &Target) -> Pack {
    let mut pack = Pack::new();
    let content = b"some content that is long enough to be worth a delta\n";
    let start = pack.offset();
    let blob = pack.blob(content);
    pack.ofs_delta(
        (pack.offset() - start) as u64,
        &append(content, b"by distance"),
    );
    pack.ref_delta(blob, &append(content, b"by id"));
    let tree = pack.tree(&[("100644", b"file", blob)]);
    pack.commit(tree, &[target.tip]);
    pack
}

#[test]
fn a_pack_that_is_cut_short() {
    let mut target = Target::new("cut");
    let pack = sound(&target);
    let boundaries = pack.boundaries.clone();
    let whole = pack.finish();
    target.broken_pack("nothing at all", b"", "early end");
    for (name, at) in &boundaries {
        for (side, end) in [
            ("before the end of", at - 1),
            ("behind", *at),
            ("past", at + 1),
        ] {
            let name = format!("cut {side} the {name}");
            target.broken_pack(&name, &whole[..end], "early end");
        }
    }
    for missing in [1, 10, 19, 20] {
        let name = format!("cut {missing} bytes before the end of the trailer");
        target.broken_pack(&name, &whole[..whole.len() - missing], "early end");
    }
    target.finish(30);
}

#[test]
fn a_push_that_ends_at_any_byte() {
    let mut target = Target::new("any-byte");
    let tip = target.tip;
    let whole = create_evil(tip, &sound(&target).finish());
    // Up to the end of the commands the request is refused as a whole, then the pack.
    for end in 1..whole.len() {
        let answer = target.send("git-receive-pack", &[], &whole[..end]);
        assert_eq!(answer.status, 200, "{end}");
        let said = answer.text();
        assert!(!said.contains("ok refs"), "{end}: {said}");
        let refused = ["ERR ", "\u{3}", "unpacker error"];
        let refused = refused.iter().any(|told| said.contains(told));
        assert!(refused, "{end}: {said}");
    }
    target.push(
        "the whole of it but one byte",
        &whole[..whole.len() - 1],
        Expect::Unpack("early"),
    );
    target.finish(1);
}

#[test]
fn a_pack_whose_header_or_trailer_lies() {
    let mut target = Target::new("header");
    let sound = sound(&target);
    let whole = sound.clone().finish();
    let mut wrong_magic = whole.clone();
    wrong_magic[3] = b'X';
    target.broken_pack("another magic", &wrong_magic, "signature");
    target.broken_pack(
        "an HTML page",
        b"<html><body>Bad Gateway</body></html>",
        "signature",
    );
    for version in [0, 1, 4, u32::MAX] {
        let pack = sound.clone().finish_as(version, 5);
        target.broken_pack(&format!("version {version}"), &pack, "version");
    }
    target.broken_pack("one object too few", &sound.clone().finish_as(2, 4), "");
    target.broken_pack("no objects announced", &sound.clone().finish_as(2, 0), "");
    target.broken_pack("one object too many", &sound.clone().finish_as(2, 6), "");
    let pack = sound.clone().finish_as(2, 1 << 24);
    let tip = target.tip;
    target.pack(
        "2^24 objects announced",
        tip,
        &pack,
        Expect::Refused("at most"),
    );
    let pack = sound.clone().finish_as(2, u32::MAX);
    let tip = target.tip;
    target.pack(
        "2^32-1 objects announced",
        tip,
        &pack,
        Expect::Refused("at most"),
    );

    let body = &whole[..whole.len() - 20];
    let with_trailer = |trailer: [u8; 20]| [body, &trailer].concat();
    target.broken_pack(
        "a trailer of zeros",
        &with_trailer([0; 20]),
        "sha-1 mismatch",
    );
    target.broken_pack(
        "a trailer of ones",
        &with_trailer([0xff; 20]),
        "sha-1 mismatch",
    );
    for at in [12, 20, body.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        target.broken_pack(&format!("a bit flipped at {at}"), &flipped, "");
    }
    for (name, junk) in [
        ("a newline", b"\n".to_vec()),
        ("a flush", b"0000".to_vec()),
        ("zeros", vec![0; 100]),
        ("a megabyte", vec![7; 1 << 20]),
        ("the pack again", whole.clone()),
    ] {
        let pack = [whole.as_slice(), &junk].concat();
        target.broken_pack(&format!("{name} behind the trailer"), &pack, "junk");
    }
    target.finish(20);
}

#[test]
fn entries_whose_headers_lie() {
    let mut target = Target::new("entries");
    let content = b"content";
    let compressed = deflate(content);
    let one = |kind: u8, size: u64, compressed: &[u8]| {
        let mut pack = Pack::new();
        pack.entry(kind, size, b"", compressed);
        pack.finish()
    };
    for kind in [0, 5] {
        let pack = one(kind, 7, &compressed);
        target.broken_pack(&format!("kind {kind}"), &pack, "unknown object type");
    }
    for (name, size) in [
        ("smaller by one", 6),
        ("zero", 0),
        ("larger by one", 8),
        ("of 4 KiB", 4096),
        ("of 4 GiB", 1 << 32),
        ("of 2^59", 1 << 59),
        ("of 2^63", 1 << 63),
        ("of 2^64-1", u64::MAX),
    ] {
        target.broken_pack(
            &format!("a size {name}"),
            &one(BLOB, size, &compressed),
            "at offset 12",
        );
    }
    for (name, kind) in [("commit", COMMIT), ("tree", TREE)] {
        let pack = one(kind, 9 << 20, &compressed);
        target.broken_pack(&format!("a {name} of 9 MiB announced"), &pack, "");
    }
    let mut endless = Pack::new();
    endless.raw(&[0xb0; 64]);
    target.broken_pack("a size without an end", &endless.finish(), "bad object");
    let mut padded = Pack::new();
    padded.raw(&[[0xb7].as_slice(), &[0x80; 20], &[0], &compressed].concat());
    target.broken_pack("a size padded with zeros", &padded.finish(), "bad object");
    let mut empty = Pack::new();
    empty.raw(&entry_header(BLOB, 0));
    target.broken_pack(
        "an empty object without its zlib stream",
        &empty.finish(),
        "",
    );
    target.finish(14);
}

#[test]
fn wrong_zlib_streams() {
    let mut target = Target::new("zlib");
    let content = b"content, content, content, content";
    let sound = deflate(content);
    let altered = |at: usize, value: u8| {
        let mut bytes = sound.clone();
        bytes[at] = value;
        bytes
    };
    let last = sound.len() - 1;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no zlib header", content.to_vec()),
        ("a wrong header checksum", altered(1, 0)),
        ("another method", altered(0, 0x79)),
        ("a preset dictionary", with_dictionary(content)),
        (
            "the reserved block type",
            [&sound[..2], &[0x07], &sound[3..]].concat(),
        ),
        (
            "a stored block with a wrong length",
            vec![0x78, 0x01, 0x01, 5, 0, 5, 0, 1, 2, 3, 4, 5],
        ),
        ("a wrong checksum", altered(last, sound[last] ^ 1)),
        ("no checksum", sound[..last - 3].to_vec()),
        ("a gzip header", [&[0x1f, 0x8b, 8, 0], &sound[2..]].concat()),
        ("nothing", Vec::new()),
        ("ones", vec![0xff; 60]),
        ("the raw stream alone", sound[2..last - 3].to_vec()),
    ];
    for (name, compressed) in cases {
        let mut pack = Pack::new();
        pack.entry(BLOB, content.len() as u64, b"", &compressed);
        target.broken_pack(&format!("{name} instead of a stream"), &pack.finish(), "");
    }
    let mut twice = Pack::new();
    twice.entry(
        BLOB,
        content.len() as u64,
        b"",
        &[sound.clone(), sound.clone()].concat(),
    );
    target.broken_pack("two streams in one entry", &twice.finish(), "");
    // The pack is otherwise right: only the checksum inside tells.
    let mut pack = Pack::new();
    pack.entry(
        BLOB,
        content.len() as u64,
        b"",
        &altered(last, sound[last] ^ 1),
    );
    target.broken_pack(
        "a wrong checksum in a right pack",
        &pack.finish(),
        "bad object",
    );
    target.finish(14);
}

/// A stream that asks for a dictionary which nobody has.
fn with_dictionary(content: &[u8]) -> Vec<u8> {
    let mut stream = deflate(content);
    stream[1] = 0x20;
    let check = (u16::from(stream[0]) * 256 + u16::from(stream[1])) % 31;
    stream[1] += 31 - u8::try_from(check).expect("below 31");
    stream.splice(2..2, [1, 2, 3, 4]);
    stream
}

#[test]
fn bombs() {
    let mut target = Target::new("bombs");
    // 64 MiB of zeros take 64 KiB on the wire; as a tree they are too large to be held whole.
    let zeros = deflate(&vec![0; 64 << 20]);
    for (name, kind) in [("commit", COMMIT), ("tree", TREE)] {
        let mut pack = Pack::new();
        pack.entry(kind, 64 << 20, b"", &zeros);
        target.broken_pack(
            &format!("a {name} that unfolds to 64 MiB"),
            &pack.finish(),
            "",
        );
    }
    let mut pack = Pack::new();
    pack.entry(BLOB, 5, b"", &zeros);
    target.broken_pack(
        "a blob of 5 bytes that unfolds to 64 MiB",
        &pack.finish(),
        "bad object",
    );
    // The same bytes are an honest blob, which is not held.
    let mut pack = Pack::new();
    pack.entry(BLOB, 64 << 20, b"", &zeros);
    target.broken_pack(
        "a blob of 64 MiB of zeros and a wrong trailer",
        &{
            let mut bytes = pack.finish();
            *bytes.last_mut().expect("a trailer") ^= 1;
            bytes
        },
        "sha-1 mismatch",
    );
    let empty = sealed([b"PACK".as_slice(), &[0, 0, 0, 2, 0, 0, 0, 0]].concat());
    target.pack(
        "an empty pack and a tip that nobody has",
        super::pack::nobody(1),
        &empty,
        Expect::Ng("missing necessary objects"),
    );
    target.finish(5);
}
