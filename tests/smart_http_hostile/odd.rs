//! Packs that look wrong and are right: each must be taken, and its objects must come back.

use gix_hash::ObjectId;

use super::pack::{
    BLOB, COMMIT, Pack, TAG, TREE, append, commit, copy, deflate, delta, entry_header, insert,
    object_id, tag,
};
use super::request::{command, create_evil, null, push};
use super::support::rest::Answer;
use super::target::{Expect, Target};

/// Pushes a pack that must be taken; then the branch is cloned, looked at, and deleted again.
fn taken(target: &mut Target, name: &str, tip: ObjectId, pack: &[u8]) {
    let answer = target.send("git-receive-pack", &[], &create_evil(tip, pack));
    settle(target, name, tip, &answer);
}

fn settle(target: &mut Target, name: &str, tip: ObjectId, answer: &Answer) {
    let said = answer.text();
    assert!(said.contains("ok refs/heads/evil"), "{name}: {said}");
    for version in [0, 2] {
        let folder = format!("{name}-{version}").replace(' ', "-");
        let protocol = format!("protocol.version={version}");
        let options = ["--mirror", "-c", &protocol];
        let clone = target
            .scratch
            .clone(&target.hosted.url(), &folder, &options);
        clone.fsck_strict();
        assert_eq!(
            clone.run(&["rev-parse", "refs/heads/evil"]),
            tip.to_string(),
            "{name}"
        );
    }
    let gone = push(&[command(tip, null(), "refs/heads/evil")], b"");
    let answer = target.send("git-receive-pack", &[], &gone);
    target.judge(name, &answer, Expect::Done);
}

/// A commit with one file, and the file's content.
fn file(pack: &mut Pack, target: &Target, blob: ObjectId) -> ObjectId {
    let tree = pack.tree(&[("100644", b"file", blob)]);
    pack.commit(tree, &[target.tip])
}

#[test]
fn objects_that_come_more_than_once() {
    let mut target = Target::new("twice");
    let content = b"a blob that comes more than once, in this pack and in others";
    let mut pack = Pack::new();
    let blob = pack.blob(content);
    pack.blob(content);
    let tip = file(&mut pack, &target, blob);
    taken(&mut target, "a blob twice", tip, &pack.finish());

    let mut pack = Pack::new();
    let tip = file(&mut pack, &target, blob);
    file(&mut pack, &target, blob);
    pack.blob(content);
    taken(&mut target, "everything again", tip, &pack.finish());

    // Whole, and as a delta on another delta.
    let longer = [content.as_slice(), b" and longer"].concat();
    let shorten = delta(
        longer.len() as u64,
        content.len() as u64,
        &copy(0, content.len() as u32),
    );
    let mut pack = Pack::new();
    pack.blob(content);
    pack.ref_delta(blob, &append(content, b" and longer"));
    pack.ref_delta(object_id(BLOB, &longer), &shorten);
    let tip = file(&mut pack, &target, object_id(BLOB, &longer));
    taken(&mut target, "a cycle broken by a copy", tip, &pack.finish());

    let mut pack = Pack::new();
    pack.ref_delta(object_id(BLOB, &longer), &shorten);
    pack.ref_delta(blob, &append(content, b" and longer"));
    pack.blob(content);
    let tip = file(&mut pack, &target, object_id(BLOB, &longer));
    taken(&mut target, "the same, the copy last", tip, &pack.finish());
    target.finish(4);
}

/// Pushes whose deltas build on each other's objects in a ring: a stored object of one push is whole
/// or builds on an earlier push, so that reading has an end.
#[test]
fn deltas_in_a_ring_over_pushes() {
    let mut target = Target::new("ring");
    let contents: Vec<Vec<u8>> = (0..4)
        .map(|number| format!("version {number} of a file that goes in a ring").into_bytes())
        .collect();
    let ids: Vec<ObjectId> = contents
        .iter()
        .map(|content| object_id(BLOB, content))
        .collect();
    let mut pack = Pack::new();
    let first = pack.blob(&contents[0]);
    let tip = file(&mut pack, &target, first);
    taken(&mut target, "the first whole", tip, &pack.finish());
    // Twice around, so that the first is stored as a delta on the last as well.
    for round in 0..8 {
        let (from, to) = (round % 4, (round + 1) % 4);
        let base = &contents[from];
        let made = delta(
            base.len() as u64,
            contents[to].len() as u64,
            &insert(&contents[to]),
        );
        let mut pack = Pack::new();
        pack.ref_delta(ids[from], &made);
        let tip = file(&mut pack, &target, ids[to]);
        taken(&mut target, &format!("link {round}"), tip, &pack.finish());
    }
    target.finish(9);
}

#[test]
fn shapes_that_writers_seldom_make() {
    let mut target = Target::new("shapes");
    let mut pack = Pack::new();
    let empty = pack.blob(b"");
    let tip = file(&mut pack, &target, empty);
    taken(&mut target, "an empty blob", tip, &pack.finish());

    let mut pack = Pack::new();
    let tree = pack.tree(&[]);
    let tip = pack.commit(tree, &[]);
    taken(&mut target, "an empty tree", tip, &pack.finish());

    let mut pack = Pack::new();
    let blob = pack.blob(b"version 3");
    let tip = file(&mut pack, &target, blob);
    let bytes = pack.clone().finish_as(3, 3);
    taken(&mut target, "a pack of version 3", tip, &bytes);

    // The deltas come first, the base last; the commit before its tree.
    let content = b"some base content for deltas in any order";
    let one = [content.as_slice(), b"1"].concat();
    let two = [one.as_slice(), b"2"].concat();
    let mut pack = Pack::new();
    let tree = super::pack::tree(&[("100644", b"file", object_id(BLOB, &two))]);
    let tip = pack.object(COMMIT, &commit(object_id(TREE, &tree), &[target.tip]));
    pack.object(TREE, &tree);
    pack.ref_delta(object_id(BLOB, &one), &append(&one, b"2"));
    pack.ref_delta(object_id(BLOB, content), &append(content, b"1"));
    pack.blob(content);
    taken(&mut target, "everything backwards", tip, &pack.finish());

    let mut pack = Pack::new();
    let mut long = content.to_vec();
    let mut start = pack.offset();
    pack.blob(&long);
    for _ in 0..500 {
        let here = pack.offset();
        pack.ofs_delta((here - start) as u64, &append(&long, b"x"));
        long.push(b'x');
        start = here;
    }
    let tip = file(&mut pack, &target, object_id(BLOB, &long));
    taken(&mut target, "a chain of 500", tip, &pack.finish());

    // Sizes padded to more bytes than they need, and a zlib stream of many empty blocks.
    let mut pack = Pack::new();
    let mut header = entry_header(BLOB, 16 + 5);
    header.pop();
    header.extend([0x81, 0x80, 0x00]);
    pack.raw(&[header.as_slice(), &deflate(b"twenty-one characters")].concat());
    let tip = file(
        &mut pack,
        &target,
        object_id(BLOB, b"twenty-one characters"),
    );
    taken(&mut target, "a padded size", tip, &pack.finish());

    let mut pack = Pack::new();
    let blocks = [
        &[0x78, 0x01],
        [0, 0, 0, 0xff, 0xff].repeat(1000).as_slice(),
        &[1, 1, 0, 0xfe, 0xff, b'x'],
        &[0, 0x79, 0, 0x79],
    ]
    .concat();
    pack.entry(BLOB, 1, b"", &blocks);
    let tip = file(&mut pack, &target, object_id(BLOB, b"x"));
    taken(&mut target, "a thousand empty blocks", tip, &pack.finish());

    // A thin delta on a commit and on a tree that are stored.
    let mut pack = Pack::new();
    let stored = target
        .source
        .try_run(&["cat-file", "commit", "main"], b"")
        .stdout;
    let tip_id = target.tip;
    let child = commit(target.tip_tree, &[tip_id]);
    let made = delta(stored.len() as u64, child.len() as u64, &chunks(&child));
    pack.ref_delta(tip_id, &made);
    taken(
        &mut target,
        "a commit as a thin delta",
        object_id(COMMIT, &child),
        &pack.finish(),
    );
    target.finish(8);
}

/// Inserts of any length.
fn chunks(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(127).flat_map(insert).collect()
}

#[test]
fn tags_of_tags_of_anything() {
    let mut target = Target::new("tagged");
    let mut pack = Pack::new();
    let blob = pack.blob(b"tagged");
    let mut at = pack.object(TAG, &tag(blob, "blob"));
    for _ in 0..50 {
        at = pack.object(TAG, &tag(at, "tag"));
    }
    let of_tree = pack.object(TAG, &tag(target.tip_tree, "tree"));
    let commands = [
        command(null(), at, "refs/tags/nested"),
        command(null(), of_tree, "refs/tags/tree"),
        command(null(), blob, "refs/blobs/one"),
        command(null(), target.tip_tree, "refs/trees/one"),
    ];
    let answer = target.send("git-receive-pack", &[], &push(&commands, &pack.finish()));
    let said = answer.text();
    assert_eq!(said.matches("ok refs/").count(), 4, "{said}");
    for version in ["0", "2"] {
        let protocol = format!("protocol.version={version}");
        let options = ["--mirror", "-c", &protocol];
        let clone = target
            .scratch
            .clone(&target.hosted.url(), version, &options);
        clone.fsck_strict();
        assert_eq!(
            clone.run(&["rev-parse", "refs/tags/nested^{}"]),
            blob.to_string()
        );
    }
    let gone = commands.map(|line| {
        let text = String::from_utf8(line).expect("ASCII");
        let mut words = text.split(' ');
        let (_, id, name) = (words.next(), words.next(), words.next());
        let id = ObjectId::from_hex(id.unwrap_or_default().as_bytes()).expect("an id");
        command(id, null(), name.unwrap_or_default())
    });
    let answer = target.send("git-receive-pack", &[], &push(&gone, b""));
    target.judge("tags of everything", &answer, Expect::Done);
    target.finish(1);
}
