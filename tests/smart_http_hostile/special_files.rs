//! Files that Git itself reads when a client checks them out, such as `.gitmodules`, with contents that
//! trick it.

use super::pack::{BLOB, Pack, TREE, delta, insert, object_id};
use super::target::{Expect, Target};

/// A push of a commit with one file, of this mode and name, whose object has this kind and content.
fn refused(
    target: &mut Target,
    name: &str,
    (mode, file): (&str, &str),
    (kind, content): (u8, &[u8]),
    id: &'static str,
) {
    let mut pack = Pack::new();
    let object = pack.object(kind, content);
    let tree = pack.tree(&[(mode, file.as_bytes(), object)]);
    let commit = pack.commit(tree, &[target.tip]);
    target.pack(name, commit, &pack.finish(), Expect::Unpack(id));
}

#[test]
fn special_files_that_trick_a_client() {
    let mut target = Target::new("special");
    let gitmodules = |lines: &str| format!("[submodule \"a\"]\n{lines}\n").into_bytes();
    let cases: Vec<(&str, Vec<u8>, &'static str)> = vec![
        (
            "a url that is an option",
            gitmodules("path = a\nurl = -uevil"),
            "gitmodulesUrl",
        ),
        (
            "a url with a line break",
            gitmodules("path = a\nurl = \"https://a/%0ahost=b\""),
            "gitmodulesUrl",
        ),
        (
            "a url with an empty host",
            gitmodules("path = a\nurl = https:///x"),
            "gitmodulesUrl",
        ),
        (
            "a path that is an option",
            gitmodules("path = -x\nurl = https://a/b"),
            "gitmodulesPath",
        ),
        (
            "an update by command",
            gitmodules("path = a\nurl = https://a/b\nupdate = !sh"),
            "gitmodulesUpdate",
        ),
        (
            "a name that climbs",
            b"[submodule \"../x\"]\n\turl = https://a/b\n".to_vec(),
            "gitmodulesName",
        ),
        (
            "a name that climbs later",
            b"[submodule \"a/../b\"]\n\turl = https://a/b\n".to_vec(),
            "gitmodulesName",
        ),
    ];
    for (name, content, id) in cases {
        for file in [".gitmodules", ".GitModules", "gitmod~1", ".gitmodules "] {
            let name = format!("{file} with {name}");
            refused(&mut target, &name, ("100644", file), (BLOB, &content), id);
        }
    }
    let modules = ("100644", ".gitmodules");
    let (large, long) = (vec![b'#'; (8 << 20) + 1], vec![b'x'; 5000]);
    for (name, file, object, id) in [
        (
            "a .gitmodules that is a link",
            ("120000", ".gitmodules"),
            (BLOB, &b"/etc/passwd"[..]),
            "gitmodulesSymlink",
        ),
        (
            "a .gitmodules that is a tree",
            modules,
            (TREE, b""),
            "gitmodulesBlob",
        ),
        (
            "a .gitmodules too large to be checked",
            modules,
            (BLOB, &large),
            "gitmodulesLarge",
        ),
        (
            "a .gitattributes with a line of 5000 bytes",
            ("100644", ".gitattributes"),
            (BLOB, &long),
            "gitattributesLineLength",
        ),
    ] {
        refused(&mut target, name, file, object, id);
    }
    // The tree comes first and the blob as a delta behind it.
    let mut pack = Pack::new();
    let evil = gitmodules("path = a\nurl = -u");
    let base = pack.blob(b"a base");
    let blob = object_id(BLOB, &evil);
    let tree = pack.tree(&[("100644", b".gitmodules", blob)]);
    let commit = pack.commit(tree, &[target.tip]);
    let delta = delta(6, evil.len() as u64, &insert(&evil));
    pack.ref_delta(base, &delta);
    let name = "a bad .gitmodules that comes as a delta, last";
    target.pack(
        name,
        commit,
        &pack.finish(),
        Expect::Unpack("gitmodulesUrl"),
    );
    target.finish(30);
}
