//! Contents that git's `receive.fsckObjects` refuses, each under git's own message id: those that
//! every repository refuses, and all of them in a strict one.

use cairn::git::object::fsck::{MessageId, Refused};
use gix_hash::ObjectId;

use super::pack::{COMMIT, IDENTITY, Pack, TAG, TREE, nobody, tree};
use super::target::{Expect, Target};

/// A push of a commit with this tree, which need not be one.
fn with_tree(target: &Target, content: &[u8]) -> (ObjectId, Vec<u8>) {
    let mut pack = Pack::new();
    pack.blob(b"x");
    let tree = pack.object(TREE, content);
    let commit = pack.commit(tree, &[target.tip]);
    (commit, pack.finish())
}

/// Faults that a lenient repository accepts. `""`: the parser of packs or of commits refuses it.
fn is_let_in(message: &str) -> bool {
    let found = MessageId::ALL.iter().find(|id| id.name() == message);
    found.is_some_and(|id| id.refused() != Refused::Always)
}

/// A lenient repository and a strict one.
fn targets(name: &str) -> [(Target, bool); 2] {
    let strict = Target::strict(&format!("{name}-strict"));
    [(Target::new(name), false), (strict, true)]
}

/// The blob that [`with_tree`] brings.
fn blob() -> ObjectId {
    super::pack::object_id(super::pack::BLOB, b"x")
}

#[test]
fn names_that_pose_as_dot_git() {
    let mut target = Target::new("dotgit");
    let names: [(&str, &[u8]); 20] = [
        (".git", b".git"),
        (".GIT", b".GIT"),
        (".Git", b".Git"),
        ("with a zero-width non-joiner (HFS+)", b".g\xe2\x80\x8cit"),
        ("with a zero-width joiner (HFS+)", b".g\xe2\x80\x8dit"),
        ("with a right-to-left mark (HFS+)", b".gi\xe2\x80\x8ft"),
        ("with a byte order mark (HFS+)", b"\xef\xbb\xbf.git"),
        ("with an inhibitor at the end (HFS+)", b".git\xe2\x81\xaa"),
        ("git~1 (NTFS)", b"git~1"),
        ("GIT~1 (NTFS)", b"GIT~1"),
        (".git with a dot (NTFS)", b".git."),
        (".git with a space (NTFS)", b".git "),
        (".git with dots and spaces (NTFS)", b".git . . "),
        (".git with a stream (NTFS)", b".git::$INDEX_ALLOCATION"),
        ("git~1 with a space (NTFS)", b"git~1 "),
        (".git with a backslash (NTFS)", b".git\\hooks"),
        ("a path into .git (NTFS)", b"a\\.git"),
        ("a path into git~1 (NTFS)", b"a\\git~1\\b"),
        (".GIT with a stream (NTFS)", b".GIT:x"),
        (".git. with a stream (NTFS)", b".git.:x"),
    ];
    for (name, bytes) in names {
        for (what, mode) in [
            ("file", "100644"),
            ("link", "120000"),
            ("gitlink", "160000"),
        ] {
            let content = tree(&[(mode, bytes, blob())]);
            let (commit, pack) = with_tree(&target, &content);
            let name = format!("a {what} named {name}");
            target.pack(&name, commit, &pack, Expect::Unpack("hasDotgit"));
        }
    }
    target.finish(60);
}

#[test]
fn malformed_trees() {
    let id = blob();
    let file = |name: &'static [u8]| ("100644", name, id);
    let long = vec![b'n'; 5000];
    let cases: Vec<(&str, Vec<u8>, &'static str)> = vec![
        ("an entry .", tree(&[file(b".")]), "hasDot"),
        ("an entry ..", tree(&[file(b"..")]), "hasDotdot"),
        ("a slash in a name", tree(&[file(b"a/b")]), "fullPathname"),
        ("a path that climbs", tree(&[file(b"../x")]), "fullPathname"),
        (
            "the null id",
            tree(&[("100644", b"a", nobody(0))]),
            "nullSha1",
        ),
        (
            "a name twice",
            tree(&[file(b"a"), file(b"a")]),
            "duplicateEntries",
        ),
        (
            "a name as file and folder",
            tree(&[file(b"a"), file(b"a.b"), ("40000", b"a", id)]),
            "duplicateEntries",
        ),
        (
            "names out of order",
            tree(&[file(b"b"), file(b"a")]),
            "treeNotSorted",
        ),
        (
            "a folder sorted as a file",
            tree(&[("40000", b"a", id), file(b"a.b")]),
            "treeNotSorted",
        ),
        (
            "a mode with a zero before it",
            tree(&[("0100644", b"a", id)]),
            "zeroPaddedFilemode",
        ),
        (
            "a folder's mode with a zero",
            tree(&[("040000", b"a", id)]),
            "zeroPaddedFilemode",
        ),
        (
            "a name of 5000 bytes",
            tree(&[("100644", &long, id)]),
            "largePathname",
        ),
        ("an empty name", tree(&[file(b"")]), "badTree"),
        ("no mode", tree(&[("", b"a", id)]), "badTree"),
        (
            "a mode that is no number",
            tree(&[("1006x4", b"a", id)]),
            "badTree",
        ),
        ("no id", b"100644 a\0".to_vec(), "badTree"),
        (
            "an id of 19 bytes",
            [b"100644 a\0".as_slice(), &[1; 19]].concat(),
            "badTree",
        ),
        ("no NUL", b"100644 a".to_vec(), "badTree"),
        ("no space", b"100644".to_vec(), "badTree"),
        ("text", b"this is no tree at all".to_vec(), "badTree"),
        ("zeros", vec![0; 64], "badTree"),
    ];
    for (mut target, is_strict) in targets("trees") {
        for (name, content, id) in &cases {
            if !is_strict && is_let_in(id) {
                continue;
            }
            let (commit, pack) = with_tree(&target, content);
            let name = format!("a tree with {name}");
            target.pack(&name, commit, &pack, Expect::Unpack(id));
        }
        target.finish(18);
    }
}

#[test]
fn malformed_commits() {
    let targets = targets("commits");
    let tree = format!("tree {}\n", "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    let author = format!("author {IDENTITY}\n");
    let committer = format!("committer {IDENTITY}\n");
    let by = |who: &str| format!("{tree}author {who}\n{committer}\nm\n");
    let cases: Vec<(&str, String, &'static str)> = vec![
        ("nothing", String::new(), ""),
        (
            "no tree",
            format!("{author}{committer}\nm\n"),
            "missingTree",
        ),
        (
            "a tree that is no id",
            format!("tree x\n{author}{committer}\nm\n"),
            "badTreeSha1",
        ),
        (
            "an id in capitals",
            format!("{}{author}{committer}\nm\n", tree.to_uppercase()),
            "",
        ),
        (
            "a parent that is no id",
            format!("{tree}parent x\n{author}{committer}\nm\n"),
            "badParentSha1",
        ),
        (
            "no author",
            format!("{tree}{committer}\nm\n"),
            "missingAuthor",
        ),
        (
            "two authors",
            format!("{tree}{author}{author}{committer}\nm\n"),
            "multipleAuthors",
        ),
        (
            "no committer",
            format!("{tree}{author}\nm\n"),
            "missingCommitter",
        ),
        (
            "headers without an end",
            format!("{tree}{author}committer A"),
            "unterminatedHeader",
        ),
        (
            "a NUL in its headers",
            format!("{tree}author A\0 <a@b> 1 +0000\n{committer}\nm\n"),
            "nulInHeader",
        ),
        (
            "a NUL in its message",
            format!("{tree}{author}{committer}\nm\0n\n"),
            "nulInCommit",
        ),
        ("no email", by("A 1 +0000"), "missingEmail"),
        ("an email without an end", by("A <a@b 1 +0000"), "badEmail"),
        ("no name", by("<a@b> 1 +0000"), "missingNameBeforeEmail"),
        ("a > in a name", by("A> <a@b> 1 +0000"), "badName"),
        (
            "no space before the email",
            by("A<a@b> 1 +0000"),
            "missingSpaceBeforeEmail",
        ),
        (
            "no space before the date",
            by("A <a@b>1 +0000"),
            "missingSpaceBeforeDate",
        ),
        ("a date that is no number", by("A <a@b> x +0000"), "badDate"),
        (
            "a date with a zero before it",
            by("A <a@b> 01 +0000"),
            "zeroPaddedDate",
        ),
        (
            "a date beyond all dates",
            by("A <a@b> 9999999999999999999 +0000"),
            "badDateOverflow",
        ),
        (
            "a time zone that is none",
            by("A <a@b> 1 UTC"),
            "badTimezone",
        ),
    ];
    for (mut target, is_strict) in targets {
        for (name, content, id) in &cases {
            if !is_strict && is_let_in(id) {
                continue;
            }
            let mut pack = Pack::new();
            pack.tree(&[]);
            let commit = pack.object(COMMIT, content.as_bytes());
            let name = format!("a commit with {name}");
            target.pack(&name, commit, &pack.finish(), Expect::Unpack(id));
        }
        // Every repository refuses a date that does not fit 64 bits.
        let content = by("A <a@b> 99999999999999999999 +0000");
        let mut pack = Pack::new();
        pack.tree(&[]);
        let commit = pack.object(COMMIT, content.as_bytes());
        let name = "a commit with a date beyond 64 bits";
        target.pack(
            name,
            commit,
            &pack.finish(),
            Expect::Unpack("badDateOverflow"),
        );
        target.finish(10);
    }
}

#[test]
fn malformed_tags() {
    let mut target = Target::strict("tags");
    let tip = target.tip;
    let object = format!("object {tip}\n");
    let tagger = format!("tagger {IDENTITY}\n");
    let cases: Vec<(&str, String, &'static str)> = vec![
        ("nothing", String::new(), ""),
        (
            "no object",
            format!("type commit\ntag v\n{tagger}\nm\n"),
            "missingObject",
        ),
        (
            "an object that is no id",
            format!("object x\ntype commit\ntag v\n{tagger}\nm\n"),
            "badObjectSha1",
        ),
        (
            "no type",
            format!("{object}tag v\n{tagger}\nm\n"),
            "missingTypeEntry",
        ),
        (
            "a type that is none",
            format!("{object}type thing\ntag v\n{tagger}\nm\n"),
            "badType",
        ),
        (
            "no name",
            format!("{object}type commit\n{tagger}\nm\n"),
            "missingTagEntry",
        ),
        (
            "a tagger without email",
            format!("{object}type commit\ntag v\ntagger A 1 +0000\n\nm\n"),
            "missingEmail",
        ),
        (
            "headers without an end",
            format!("{object}type commit\ntag v"),
            "",
        ),
    ];
    for (name, content, id) in cases {
        let mut pack = Pack::new();
        let tag = pack.object(TAG, content.as_bytes());
        let commands = [super::request::command(
            super::target::nothing(),
            tag,
            "refs/tags/evil",
        )];
        let body = super::request::push(&commands, &pack.finish());
        target.push(&format!("a tag with {name}"), &body, Expect::Unpack(id));
    }
    target.finish(8);
}
