//! One object for each message; `tests/engine_fsck.rs` holds the same against git itself.

use proptest::prelude::*;

use super::*;

const ID: &str = "1111111111111111111111111111111111111111";
const WHO: &str = "A U Thor <a@example.com> 1700000000 +0100";

fn findings(kind: ObjectKind, content: &[u8]) -> Vec<Finding> {
    let mut found = Vec::new();
    check(
        kind,
        content,
        Strictness::Strict,
        &mut |finding| found.push(finding),
        &mut |_, _| {},
    );
    found
}

fn names(kind: ObjectKind, content: &[u8]) -> Vec<&'static str> {
    findings(kind, content)
        .iter()
        .map(|finding| finding.id.name())
        .collect()
}

#[test]
fn a_finding_reads_as_git_prints_it() {
    let found = findings(
        ObjectKind::Commit,
        format!("tree {ID}\nauthor A <a>1 +0000\n\n").as_bytes(),
    );
    assert_eq!(
        found[0].to_string(),
        "missingSpaceBeforeDate: invalid author/committer line - missing space before date"
    );
    assert_eq!(found[0].severity, Severity::Error);
}

#[test]
fn commits() {
    let ok = format!("tree {ID}\nparent {ID}\nauthor {WHO}\ncommitter {WHO}\n");
    let with_author = |who: &str| format!("tree {ID}\nauthor {who}\ncommitter {WHO}\n\n");
    for (content, expected) in [
        (format!("{ok}encoding latin1\n\nmessage"), None),
        (ok.clone(), None),
        (with_author("A <> 0 -0000"), None),
        (with_author("A <a>  \t 5 +9999"), None),
        (format!("{ok}a\0b\n\n"), Some("nulInHeader")),
        (ok.trim_end().to_owned(), Some("unterminatedHeader")),
        (String::new(), Some("unterminatedHeader")),
        (format!("{ok}\nmess\0age"), Some("nulInCommit")),
        ("parent\n\n".to_owned(), Some("missingTree")),
        ("tree 11\n\n".to_owned(), Some("badTreeSha1")),
        (
            format!("tree {ID}\nparent {ID}1\n\n"),
            Some("badParentSha1"),
        ),
        (
            format!("tree {ID}\ncommitter {WHO}\n\n"),
            Some("missingAuthor"),
        ),
        (
            format!("tree {ID}\nauthor {WHO}\nauthor {WHO}\n\n"),
            Some("multipleAuthors"),
        ),
        (
            format!("tree {ID}\nauthor {WHO}\n\n"),
            Some("missingCommitter"),
        ),
        (with_author("<a@b> 1 +0000"), Some("missingNameBeforeEmail")),
        (with_author("A"), Some("missingEmail")),
        (with_author(""), Some("missingEmail")),
        (with_author("A> <a@b> 1 +0000"), Some("badName")),
        (
            with_author("A<a@b> 1 +0000"),
            Some("missingSpaceBeforeEmail"),
        ),
        (with_author("A <a@b 1 +0000"), Some("badEmail")),
        (with_author("A <a<b> 1 +0000"), Some("badEmail")),
        (
            with_author("A <a@b>1 +0000"),
            Some("missingSpaceBeforeDate"),
        ),
        (with_author("A <a@b>"), Some("missingSpaceBeforeDate")),
        (with_author("A <a@b> x"), Some("badDate")),
        (with_author("A <a@b> 1x +0000"), Some("badDate")),
        (with_author("A <a@b> 1"), Some("badDate")),
        (with_author("A <a@b> 01 +0000"), Some("zeroPaddedDate")),
        (with_author("A <a@b> 0"), Some("zeroPaddedDate")),
        (with_author("A <a@b> 9223372036854775807 +0000"), None),
        (
            with_author("A <a@b> 9223372036854775808 +0000"),
            Some("badDateOverflow"),
        ),
        (
            with_author("A <a@b> 100000000000000000000 +0000"),
            Some("badDateOverflow"),
        ),
        (with_author("A <a@b> 1 0000"), Some("badTimezone")),
        (with_author("A <a@b> 1 +00000"), Some("badTimezone")),
        (with_author("A <a@b> 1  +0000"), Some("badTimezone")),
    ] {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(
            names(ObjectKind::Commit, content.as_bytes()),
            expected,
            "{content:?}"
        );
    }
}

#[test]
fn tags() {
    let head = format!("object {ID}\ntype commit\n");
    for (content, expected) in [
        (format!("{head}tag v1\ntagger {WHO}\n\nmessage\0"), vec![]),
        (
            format!("{head}tag @\ntagger {WHO}\nother header\n\n"),
            vec![],
        ),
        (format!("{head}tag v1\n\n"), vec!["missingTaggerEntry"]),
        (
            format!("{head}tag v 1\n\n"),
            vec!["badTagName", "missingTaggerEntry"],
        ),
        (
            format!("{head}tag a.lock\ntagger A\n"),
            vec!["badTagName", "missingEmail"],
        ),
        (format!("{head}\n"), vec!["missingTagEntry"]),
        (format!("object {ID}\ntype commits\n\n"), vec!["badType"]),
        (format!("object {ID}\n\n"), vec!["missingTypeEntry"]),
        (format!("object {ID} \n\n"), vec!["badObjectSha1"]),
        ("type commit\n\n".to_owned(), vec!["missingObject"]),
        (head.trim_end().to_owned(), vec!["unterminatedHeader"]),
    ] {
        assert_eq!(
            names(ObjectKind::Tag, content.as_bytes()),
            expected,
            "{content:?}"
        );
    }
}

fn tree(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut content = Vec::new();
    for (mode, name) in entries {
        content.extend_from_slice(format!("{mode} {name}\0aaaaaaaaaaaaaaaaaaaa").as_bytes());
    }
    content
}

#[test]
fn trees() {
    let long = "x".repeat(4097);
    for (entries, expected) in [
        (vec![], vec![]),
        (
            vec![("100644", ".gitmodules"), ("100755", "a"), ("40000", "b")],
            vec![],
        ),
        (
            vec![("100644", ".github"), ("160000", "git"), ("120000", "x")],
            vec![],
        ),
        (vec![("100644", "a/b")], vec!["fullPathname"]),
        (vec![("100644", ".")], vec!["hasDot"]),
        (vec![("100644", "..")], vec!["hasDotdot"]),
        (vec![("100644", ".git")], vec!["hasDotgit"]),
        (vec![("040000", "a")], vec!["zeroPaddedFilemode"]),
        (vec![("100664", "a")], vec!["badFilemode"]),
        (vec![("100644", ""), ("100644", "a")], vec!["badTree"]),
        (vec![("100644", &long)], vec!["largePathname"]),
        (vec![("120000", ".gitmodules")], vec!["gitmodulesSymlink"]),
        (
            vec![("120000", ".gitattributes ")],
            vec!["gitattributesSymlink"],
        ),
        (vec![("120000", ".gitignore::x")], vec!["gitignoreSymlink"]),
        (vec![("120000", "MAILMA~1")], vec!["mailmapSymlink"]),
        (
            vec![("100644", "b"), ("100644", "a")],
            vec!["treeNotSorted"],
        ),
        (
            vec![("40000", "a"), ("100644", "a.c")],
            vec!["treeNotSorted"],
        ),
        (
            vec![("100644", "a"), ("100644", "a")],
            vec!["duplicateEntries"],
        ),
        (
            vec![("100644", "a"), ("40000", "a")],
            vec!["duplicateEntries"],
        ),
        (
            vec![("100644", "a"), ("100644", "a.b"), ("40000", "a")],
            vec!["duplicateEntries"],
        ),
        (
            vec![
                ("100644", "foo"),
                ("100644", "foo.bar"),
                ("100644", "foo.bar.baz"),
                ("40000", "foo.bar"),
                ("40000", "foo"),
            ],
            vec!["duplicateEntries"],
        ),
    ] {
        assert_eq!(
            names(ObjectKind::Tree, &tree(&entries)),
            expected,
            "{entries:?}"
        );
    }
    let mut null = tree(&[("100644", "a")]);
    null.truncate(9);
    null.extend_from_slice(&[0; 20]);
    assert_eq!(names(ObjectKind::Tree, &null), ["nullSha1"]);
    // The entry before the fault is not looked at for its mode.
    let mut cut = tree(&[("100664", "a"), ("x", "b")]);
    assert_eq!(names(ObjectKind::Tree, &cut), ["badTree"]);
    cut.truncate(9);
    assert_eq!(names(ObjectKind::Tree, &cut), ["badTree"]);
}

#[test]
fn disguises_of_dotgit() {
    let is_found =
        |name: &str| names(ObjectKind::Tree, &tree(&[("100644", name)])).contains(&"hasDotgit");
    for name in [
        ".GIT",
        ".git ",
        ".git . .",
        "git~1",
        "GIT~1.",
        ".git::$INDEX_ALLOCATION",
        "git~1:x",
        ".g\u{200c}it",
        "\u{feff}.git\u{206f}",
        ".gi\u{202e}T",
        ".git\\x",
        "a\\.git",
        "a\\b\\Git~1",
        ".git \\x",
    ] {
        assert!(is_found(name), "{name:?}");
    }
    for name in [
        ".gitt",
        "git",
        "git~2",
        ".git.x",
        ".gít",
        "x.git",
        "a\\.g\u{200c}it",
        ".git\u{200b}",
        ".gi",
        "git~",
        ".",
    ] {
        assert!(!is_found(name), "{name:?}");
    }
    // For git on HFS+ a malformed byte after the name ends it.
    let content = [b"100644 .git\xff\0", &[1; 20][..]].concat();
    assert_eq!(names(ObjectKind::Tree, &content), ["hasDotgit"]);
}

#[test]
fn disguises_of_files_that_matter() {
    let specials = |name: &str| {
        let mut found = Vec::new();
        let content = tree(&[("100644", name)]);
        check(
            ObjectKind::Tree,
            &content,
            Strictness::Strict,
            &mut |_| {},
            &mut |special, _| found.push(special),
        );
        found
    };
    for name in [
        ".gitmodules",
        ".GITMODULES . ",
        ".gitmodules:x",
        "gitmod~1",
        "GITMOD~4.",
        "gi7eba~1",
        "GI7EB~10",
        "gi7e~123 ",
        "\u{200d}.gitmodules",
        "a\\gitmod~2",
        "x\\.gitmodules ",
    ] {
        assert_eq!(specials(name), [Special::Gitmodules], "{name:?}");
    }
    assert_eq!(specials(".gitattributes"), [Special::Gitattributes]);
    assert_eq!(specials("gitatt~1"), [Special::Gitattributes]);
    assert_eq!(specials("GI7D29~9"), [Special::Gitattributes]);
    // The number leaves no room for the hash.
    assert_eq!(
        specials("~1000000"),
        [Special::Gitmodules, Special::Gitattributes]
    );
    for name in [
        "gitmodules",
        "gitmod~0",
        "gitmod~5",
        "gi7eba~0",
        "gi7eba~a",
        "gi7eb~1",
        "gi7ebaa~",
        "gi7eba",
        ".gitmodulesx",
        ".gitignore",
        "gitmod~1x",
        "a\\.g\u{200c}itmodules",
        "a\\.gitattributes",
    ] {
        assert_eq!(specials(name), [], "{name:?}");
    }
}

fn special_names(special: Special, content: &[u8]) -> Vec<&'static str> {
    let mut found = Vec::new();
    check_special(special, content, &mut |finding| {
        found.push(finding.id.name());
    });
    found
}

#[test]
fn gitmodules() {
    for (content, expected) in [
        ("[submodule \"a\"]\n\tpath = x\n\turl = ../y\r\n", vec![]),
        ("# nothing\n[core]\nurl = -x\n[submodule]\nurl = -x", vec![]),
        ("[submodule \"a\"] url = -x", vec!["gitmodulesUrl"]),
        (
            "[submodule \"a\"]\nurl = \"-x\" ; y\nPath=\\\n-x",
            vec!["gitmodulesUrl", "gitmodulesPath"],
        ),
        ("[submodule \"a\"]\nupdate = !rm", vec!["gitmodulesUpdate"]),
        ("[submodule \"a/../b\"]\nfoo\nbar\n", vec!["gitmodulesName"]),
        ("[submodule \"..\\\\b\"]\nfoo\n", vec!["gitmodulesName"]),
        ("[submodule \"..\"]", vec![]),
        ("[submodule \"\"]\nfoo\n", vec!["gitmodulesName"]),
        ("[submodule.a]\nurl = -x\n", vec!["gitmodulesUrl"]),
        ("[SubModule \"a\"]\nURL = -x\n", vec!["gitmodulesUrl"]),
        (
            "\u{feff}[submodule \"a\"]\nurl = -x\n",
            vec!["gitmodulesUrl"],
        ),
        (
            "[submodule \"a\"]\nurl = -x\nurl = \"-x\n",
            vec!["gitmodulesUrl", "gitmodulesParse"],
        ),
        ("[submodule \"x.url\0\"]\nany = -x\n", vec!["gitmodulesUrl"]),
        ("[submodule \"x\"]\nurl = a\0-x\n", vec![]),
        ("[submodule \"x]\n", vec!["gitmodulesParse"]),
        ("[]\n", vec!["gitmodulesParse"]),
        ("[a\n", vec!["gitmodulesParse"]),
        ("a b\n", vec!["gitmodulesParse"]),
        ("a = \\x\n", vec!["gitmodulesParse"]),
        ("-", vec!["gitmodulesParse"]),
    ] {
        assert_eq!(
            special_names(Special::Gitmodules, content.as_bytes()),
            expected,
            "{content:?}"
        );
    }
    assert_eq!(
        special_names(Special::Gitmodules, b"\xef\xbb"),
        ["gitmodulesParse"]
    );
}

#[test]
fn gitattributes() {
    let line = |bytes: usize| format!("* {}", "x".repeat(bytes - 2));
    for (content, expected) in [
        (format!("{}\n{}", line(2047), line(2047)), vec![]),
        (
            format!("a\n{}\nb", line(2048)),
            vec!["gitattributesLineLength"],
        ),
        (format!("a\n\0{}\n", line(4000)), vec![]),
    ] {
        assert_eq!(
            special_names(Special::Gitattributes, content.as_bytes()),
            expected
        );
    }
}

#[test]
fn long_values_are_cut_in_the_report() {
    let content = format!("[submodule \"a\"]\nurl = -{}\n", "x".repeat(100_000));
    let mut bytes = 0;
    check_gitmodules(content.as_bytes(), &mut |finding| {
        bytes += finding.detail.len();
    });
    assert!(bytes < 400, "{bytes}");
}

#[test]
fn files_that_no_directory_repeats_are_not_a_fault() {
    // Each file is a candidate for a directory of its name that never comes.
    let mut content = Vec::new();
    let mut name = b"a".to_vec();
    for _ in 0..2000 {
        content.extend_from_slice(b"100644 ");
        content.extend_from_slice(&name);
        content.extend_from_slice(b"\0aaaaaaaaaaaaaaaaaaaa");
        name.push(b'-');
    }
    assert!(findings(ObjectKind::Tree, &content).is_empty());
}

proptest! {
    #[test]
    fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in [ObjectKind::Commit, ObjectKind::Tree, ObjectKind::Tag] {
            check(kind, &content, Strictness::Lenient, &mut |_| {}, &mut |_, _| {});
        }
        check_special(Special::Gitmodules, &content, &mut |_| {});
        check_special(Special::Gitattributes, &content, &mut |_| {});
    }
}
