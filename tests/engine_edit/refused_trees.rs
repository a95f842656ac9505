//! Edits of trees that are refused, each with its place in the request.

use cairn::git::edit::change::{Action, Change, Object};
use cairn::git::edit::plan::plan;
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use crate::memory::Memory;

/// Puts a blob, whose number is 0.
pub fn put(path: impl Into<BString>) -> Change {
    let object = Object::Later(0);
    Change {
        path: path.into(),
        action: Action::Put { kind: None, object },
    }
}

fn refusal(changes: Vec<Change>) -> String {
    let memory = Memory::new();
    plan(&memory, None, changes, &Limits::DEFAULT)
        .unwrap_err()
        .to_string()
}

#[test]
fn paths_that_no_push_may_bring_are_refused_with_their_place() {
    let deep = vec!["d"; 2048].join("/");
    assert!(plan(&Memory::new(), None, vec![put(deep)], &Limits::DEFAULT).is_ok());
    let long = "x".repeat(4097);
    let cases: [(&[u8], &str); 17] = [
        (b"", "is empty"),
        (b"/a", "has an empty name"),
        (b"a/", "has an empty name"),
        (b"a//b", "has an empty name"),
        (b"a\0b", "has a NUL byte at offset 1"),
        (long.as_bytes(), "has 4097 bytes, at most 4096 are taken"),
        (b"a/../b", "hasDotdot: contains '..'"),
        (b"./b", "hasDot: contains '.'"),
        (b".git/config", "hasDotgit: contains '.git'"),
        (b"a/.GIT", "hasDotgit: contains '.git'"),
        (b"git~1", "hasDotgit: contains '.git'"),
        (b".git. . ", "hasDotgit: contains '.git'"),
        (b".git::$INDEX_ALLOCATION/x", "hasDotgit: contains '.git'"),
        ("a/.g\u{200c}it".as_bytes(), "hasDotgit: contains '.git'"),
        (b"a\\.git", "hasDotgit: contains '.git'"),
        (b"a\\.git\\b", "hasDotgit: contains '.git'"),
        (b"x/.git/y", "hasDotgit: contains '.git'"),
    ];
    for (path, reason) in cases {
        let said = refusal(vec![put("fine"), put(path)]);
        assert!(
            said.starts_with("change 1: path '") && said.contains(reason),
            "{said}"
        );
    }
    let limits = Limits {
        tree_depth_max: 3,
        ..Limits::DEFAULT
    };
    let said = plan(&Memory::new(), None, vec![put("a/b/c/d")], &limits).unwrap_err();
    let expected = "change 0: path 'a/b/c/d': is 4 levels deep, at most 3 are taken";
    assert_eq!(said.to_string(), expected);
}

#[test]
fn a_symbolic_link_named_gitmodules_is_refused_when_it_is_moved_there_too() {
    let mut memory = Memory::new();
    let id = memory.objects.add(ObjectKind::Blob, b"x".to_vec()).unwrap();
    let link = |path: &str| Change {
        path: path.into(),
        action: Action::Put {
            kind: Some(EntryKind::Link),
            object: Object::Known(id),
        },
    };
    let said = refusal(vec![link(".gitmodules")]);
    assert!(said.contains("gitmodulesSymlink"), "{said}");
    let first = plan(&memory, None, vec![link("a")], &Limits::DEFAULT).unwrap();
    let write = |content| memory.objects.add(ObjectKind::Tree, content);
    let root = first.finish(&[], write).unwrap();
    let moved = Change {
        path: ".gitmodules".into(),
        action: Action::Move {
            from: "a".into(),
            kind: None,
            object: None,
        },
    };
    let said = plan(&memory, Some(root), vec![moved], &Limits::DEFAULT).unwrap_err();
    assert!(said.to_string().contains("gitmodulesSymlink"), "{said}");
}

#[test]
fn changes_that_contradict_each_other_are_refused_with_both_places() {
    let moved = |from: &str, path: &str| Change {
        path: path.into(),
        action: Action::Move {
            from: from.into(),
            kind: None,
            object: None,
        },
    };
    let delete = |path: &str| Change {
        path: path.into(),
        action: Action::Delete,
    };
    let cases = [
        (
            vec![put("a"), put("a")],
            "change 1: path 'a' is changed by change 0 too",
        ),
        (
            vec![put("a"), delete("a")],
            "change 1: path 'a' is changed by change 0 too",
        ),
        (
            vec![delete("a"), put("a")],
            "change 1: path 'a' is changed by change 0 too",
        ),
        (
            vec![moved("a", "b"), moved("a", "c")],
            "change 1: path 'a' is changed by change 0 too",
        ),
        (
            vec![put("a/b"), put("a")],
            "change 0: path 'a/b' is inside 'a', which change 1 puts or removes",
        ),
        (
            vec![delete("a/b"), delete("a")],
            "change 0: path 'a/b' is inside 'a', which change 1 puts or removes",
        ),
        (
            vec![delete("a")],
            "change 0: path 'a': nothing stands there",
        ),
        (
            vec![moved("a", "a/b")],
            "change 0: path 'a': nothing stands there",
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(refusal(changes), expected);
    }
}

#[test]
fn objects_that_are_named_must_be_here_and_fit_the_mode() {
    let mut memory = Memory::new();
    let blob = memory.objects.add(ObjectKind::Blob, b"x".to_vec()).unwrap();
    let missing = ObjectId::try_from(&[9_u8; 20][..]).unwrap();
    let null = ObjectId::null(gix_hash::Kind::Sha1);
    let cases = [
        (EntryKind::Blob, missing, "is not here"),
        (EntryKind::Tree, blob, "is a blob, mode 40000 needs a tree"),
        (EntryKind::Commit, null, "is not here"),
    ];
    for (kind, id, reason) in cases {
        let named = Change {
            path: "a".into(),
            action: Action::Put {
                kind: Some(kind),
                object: Object::Known(id),
            },
        };
        let said = plan(&memory, None, vec![named], &Limits::DEFAULT).unwrap_err();
        assert_eq!(said.to_string(), format!("change 0: object {id} {reason}"));
    }
}
