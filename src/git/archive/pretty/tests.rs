//! Placeholders of one commit, without a repository.

use gix_object::bstr::BString;

use super::known::{CommitNames, DecoratingRef, RefKind};
use super::*;
use crate::git::object::facts;

const CONTENT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
    parent 1d0c7be91d0c7be91d0c7be91d0c7be91d0c7be9\n\
    author A U. Thor <author@example.com> 1112911993 -0730\n\
    committer C <c@example.com> 1700000000 +0000\n\n\
    A title\nin two lines..\n\n\nThe body.\n";

fn known() -> Known {
    let id = ObjectId::empty_blob(gix_hash::Kind::Sha1);
    let facts = facts::commit(CONTENT.as_bytes()).unwrap();
    let all = [vec![id, facts.tree], facts.parents.to_vec()].concat();
    let short = |id: ObjectId| (id, BString::from(id.to_hex_with_len(7).to_string()));
    let named = |name: &str, kind| DecoratingRef {
        name: name.into(),
        kind,
    };
    Known {
        names: Some(CommitNames {
            short: all.into_iter().map(short).collect(),
            refs: vec![named("main", RefKind::Head), named("v1", RefKind::Tag)],
        }),
        mailmap: Some(gix_mailmap::Snapshot::from_bytes(
            b"Ann <ann@x> <author@example.com>\n",
        )),
        description: Some("v1-2-g1234567".into()),
        is_described: false,
        now_seconds: 1_700_000_000 + 7200,
    }
}

fn filled(format: &str) -> Result<String, Stop> {
    let known = known();
    let id = ObjectId::empty_blob(gix_hash::Kind::Sha1);
    let placeholders = Placeholders::new(id, CONTENT.as_bytes(), &known).unwrap();
    let mut out = Vec::new();
    placeholders.fill(format.as_bytes(), 10_000, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn placeholders_that_a_commit_answers() {
    for (format, expected) in [
        ("%h %t %p", "e69de29 4b825dc 1d0c7be"),
        ("%T", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
        ("%an|%ae|%al", "A U. Thor|author@example.com|author"),
        ("%aN|%aE|%aL|%cN", "Ann|ann@x|ann|C"),
        ("%at %as", "1112911993 2005-04-07"),
        ("%ad", "Thu Apr 7 14:43:13 2005 -0730"),
        ("%aD", "Thu, 7 Apr 2005 14:43:13 -0730"),
        ("%ai", "2005-04-07 14:43:13 -0730"),
        ("%aI", "2005-04-07T14:43:13-07:30"),
        ("%cI", "2023-11-14T22:13:20Z"),
        ("%cr|%ah|%ch", "2 hours ago|Apr 7 2005|Tue 22:13"),
        ("%s", "A title in two lines.."),
        ("%f", "A-title"),
        ("%b", "The body.\n"),
        ("%B", "A title\nin two lines..\n\n\nThe body.\n"),
        ("%D|%d", "HEAD -> main, tag: v1| (HEAD -> main, tag: v1)"),
        (
            "%(decorate:prefix=[,suffix=],separator=%x2C,tag=)",
            "[HEAD -> main,v1]",
        ),
        ("%%%n%x41", "%\nA"),
        ("%Q %x4 %N %S %q", "%Q %x4 %N %S %q"),
        ("100%", "100%"),
        ("%(describe)|%(describe)", "v1-2-g1234567|%(describe)"),
        ("%m%e%gd%G?%GK", ">N"),
        ("%Cred%C(auto)%C(blue)x%Creset", "x"),
        ("%C(always,bold red #0000ff)x", "\x1b[1;31;48;2;0;0;255mx"),
        ("%C(always,bright)x", "%C(always,bright)x"),
        ("[%<(10)%an]", "[A U. Thor ]"),
        ("[%>(6,trunc)%an]", "[A U...]"),
        ("%+D%-D%+gd", "\nHEAD -> main, tag: v1HEAD -> main, tag: v1"),
    ] {
        assert_eq!(filled(format).unwrap(), expected, "{format}");
    }
}

#[test]
fn a_few_bytes_do_not_stand_for_very_many() {
    assert_eq!(filled(&"%<(9000)%H".repeat(2)), Err(Stop::TooLarge));
    assert_eq!(filled(&"%B".repeat(1000)), Err(Stop::TooLarge));
}

#[test]
fn an_unknown_fact_is_asked_for() {
    let known = Known::default();
    let id = ObjectId::empty_blob(gix_hash::Kind::Sha1);
    let placeholders = Placeholders::new(id, CONTENT.as_bytes(), &known).unwrap();
    let stop = |format: &str| {
        let filled = placeholders.fill(format.as_bytes(), 10_000, &mut Vec::new());
        filled.unwrap_err()
    };
    assert_eq!(stop("%h"), Stop::Wanted(Wanted::Names));
    assert_eq!(stop("%aE"), Stop::Wanted(Wanted::Mailmap));
    let Stop::Wanted(Wanted::Description(arguments)) = stop("%(describe:tags,match=v*)") else {
        panic!("nothing was asked for");
    };
    assert!(arguments.with_lightweight && arguments.admits("v1".into()));
    assert!(!arguments.admits("w1".into()));
}
