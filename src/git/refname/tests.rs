use std::process::Command;

use proptest::prelude::*;

use super::*;

const MAX: usize = 64;

/// Names and parts of names at the edges of the rules.
const ODD: &[&str] = &[
    "refs/heads/main",
    "refs/heads/a/b.c/d",
    "refs/heads/a..b",
    "refs/heads/.a",
    "refs/heads/a.",
    "refs/heads/a./b",
    "refs/heads/a/.b",
    "refs/heads/a.lock",
    "refs/heads/a.lock/b",
    "refs/heads/a.lockx",
    "refs/heads/lock",
    "refs/heads/.lock",
    "refs/heads//a",
    "refs/heads/a//b",
    "/refs/heads/a",
    "refs/heads/",
    "refs/heads/a/",
    "refs/heads/@",
    "refs/heads/@{",
    "refs/heads/a@{b",
    "refs/heads/a@b",
    "refs/@",
    "refs/heads/a b",
    "refs/heads/a~b",
    "refs/heads/a^b",
    "refs/heads/a:b",
    "refs/heads/a?b",
    "refs/heads/a*b",
    "refs/heads/a[b",
    "refs/heads/a]b",
    "refs/heads/a\\b",
    "refs/heads/a\x7fb",
    "refs/heads/a\tb",
    "refs/heads/a\nb",
    "refs/heads/-a",
    "refs/heads/HEAD",
    "refs/heads/é",
    "refs/heads/\u{1}",
    "refs/heads/{}",
    "refs/heads/a'b\"c",
    "refs/pull/1/head",
    "refs/..",
];

#[test]
fn well_formed_means_what_git_check_ref_format_says() {
    for name in ODD {
        let git = Command::new("git")
            .args(["check-ref-format", name])
            .status()
            .unwrap();
        assert_eq!(
            well_formed((*name).into()).is_ok(),
            git.success(),
            "{name:?}"
        );
        assert_eq!(
            is_valid((*name).into()),
            git.success() && name.starts_with(REFS),
            "{name:?} as a ref"
        );
    }
}

#[test]
fn a_branch_name_is_what_git_branch_takes() {
    for short in [
        "main",
        "a/b",
        "-a",
        "HEAD",
        "a b",
        "",
        "a.lock",
        "x/HEAD",
        "@",
        "refs/heads/x",
    ] {
        let git = Command::new("git")
            .args(["check-ref-format", "--branch", short])
            .output()
            .unwrap();
        // `@` is understood as `HEAD` there; as a name it is in order.
        if short != "@" {
            assert_eq!(
                branch(short.into(), MAX).is_ok(),
                git.status.success(),
                "{short:?}"
            );
        }
    }
    assert_eq!(branch("main".into(), MAX).unwrap(), "refs/heads/main");
}

#[test]
fn a_push_may_touch_refs_of_two_levels_and_delete_any() {
    assert_eq!(check_update("refs/heads/a".into(), MAX), Ok(()));
    assert_eq!(
        check_update("refs/a".into(), MAX),
        Err(RefnameError::OneLevel)
    );
    assert_eq!(check_delete("refs/a".into(), MAX), Ok("a".into()));
    for outside in ["HEAD", "heads/a", "refs", ""] {
        assert_eq!(
            check_update(outside.into(), MAX),
            Err(RefnameError::OutsideRefs)
        );
    }
    assert!(matches!(
        check_delete("refs/@".into(), MAX),
        Err(RefnameError::Format { .. })
    ));
    assert!(matches!(
        check_delete("refs/".into(), MAX),
        Err(RefnameError::Format { .. })
    ));
    let too_long = Err(RefnameError::TooLong {
        name_bytes: 12,
        name_bytes_max: 11,
    });
    assert_eq!(check_update("refs/heads/a".into(), 11), too_long);
    assert!(check_update(b"refs/heads/\xff\xfe".as_bstr(), MAX).is_ok());
}

#[test]
fn short_names() {
    let expected = [
        "v1",
        "refs/v1",
        "refs/tags/v1",
        "refs/heads/v1",
        "refs/remotes/v1",
        "refs/remotes/v1/HEAD",
    ];
    assert_eq!(candidates("v1".into()), expected.map(BString::from));
}

proptest! {
    #[test]
    fn no_name_panics(name in proptest::collection::vec(
        prop_oneof![Just(b'/'), Just(b'.'), Just(b'@'), Just(b'{'), b'a'..=b'c', any::<u8>()], 0..24),
    ) {
        let name = name.as_bstr();
        let _ = is_valid(name);
        let _ = check_update(name, MAX);
        let _ = branch(name, MAX);
    }
}

#[test]
fn a_name_that_no_file_system_holds_is_not_created_and_may_be_deleted() {
    let long = |bytes: usize| format!("refs/heads/{}", "x".repeat(bytes));
    let update = |name: &str| check_update(name.into(), 4096);
    assert_eq!(update(&long(COMPONENT_BYTES_MAX)), Ok(()));
    let name = long(COMPONENT_BYTES_MAX + 1);
    let expected = RefnameError::ComponentTooLong {
        component_bytes: 241,
        component_bytes_max: 240,
    };
    assert_eq!(update(&name), Err(expected));
    assert_eq!(check_stored(name.as_str().into(), 4096), Ok(()));
    assert!(check_delete(name.as_str().into(), 4096).is_ok());
    assert!(is_valid(name.as_str().into()));

    let deep = |bytes: usize| format!("refs/heads/{}", "a/".repeat(bytes / 2 - 6) + "b");
    let name = deep(NAME_BYTES_MAX);
    assert!(name.len() <= NAME_BYTES_MAX);
    assert_eq!(update(&name), Ok(()));
    let name = deep(NAME_BYTES_MAX + 4);
    let expected = RefnameError::TooLong {
        name_bytes: name.len(),
        name_bytes_max: NAME_BYTES_MAX,
    };
    assert_eq!(update(&name), Err(expected));
    assert!(branch("y".repeat(241).as_str().into(), 4096).is_err());
}
