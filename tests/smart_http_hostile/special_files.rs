//! Files that Git itself reads when a client checks them out: `.gitmodules` and the like, made to trick
//! it.

use super::objects::leak;
use super::pack::Pack;
use super::target::{Expect, Target};

#[test]
fn special_files_that_trick_a_client() {
    let mut target = Target::new("special");
    let gitmodules = |lines: &str| format!("[submodule \"a\"]\n{lines}\n").into_bytes();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
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
            let mut pack = Pack::new();
            let blob = pack.blob(&content);
            let tree = pack.tree(&[("100644", file.as_bytes(), blob)]);
            let commit = pack.commit(tree, &[target.tip]);
            let name = format!("{file} with {name}");
            target.pack(&name, commit, &pack.finish(), Expect::Unpack(leak(id)));
        }
    }
    let mut pack = Pack::new();
    let link = pack.blob(b"/etc/passwd");
    let tree = pack.tree(&[("120000", b".gitmodules", link)]);
    let commit = pack.commit(tree, &[target.tip]);
    let name = "a .gitmodules that is a link";
    target.pack(
        name,
        commit,
        &pack.finish(),
        Expect::Unpack("gitmodulesSymlink"),
    );

    let mut pack = Pack::new();
    let inner = pack.tree(&[]);
    let tree = pack.tree(&[("100644", b".gitmodules", inner)]);
    let commit = pack.commit(tree, &[target.tip]);
    let name = "a .gitmodules that is a tree";
    target.pack(
        name,
        commit,
        &pack.finish(),
        Expect::Unpack("gitmodulesBlob"),
    );

    let mut pack = Pack::new();
    let blob = pack.blob(&vec![b'#'; (8 << 20) + 1]);
    let tree = pack.tree(&[("100644", b".gitmodules", blob)]);
    let commit = pack.commit(tree, &[target.tip]);
    let name = "a .gitmodules too large to be checked";
    target.pack(
        name,
        commit,
        &pack.finish(),
        Expect::Unpack("gitmodulesLarge"),
    );

    let mut pack = Pack::new();
    let blob = pack.blob(&vec![b'x'; 5000]);
    let tree = pack.tree(&[("100644", b".gitattributes", blob)]);
    let commit = pack.commit(tree, &[target.tip]);
    let name = "a .gitattributes with a line of 5000 bytes";
    target.pack(
        name,
        commit,
        &pack.finish(),
        Expect::Unpack("gitattributesLineLength"),
    );
    // The tree comes first and the blob as a delta behind it.
    let mut pack = Pack::new();
    let evil = gitmodules("path = a\nurl = -u");
    let base = pack.blob(b"a base");
    let blob = super::pack::object_id(super::pack::BLOB, &evil);
    let tree = pack.tree(&[("100644", b".gitmodules", blob)]);
    let commit = pack.commit(tree, &[target.tip]);
    let delta = super::pack::delta(6, evil.len() as u64, &super::pack::insert(&evil));
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
