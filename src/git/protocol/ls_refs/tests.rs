use gix_object::bstr::BString;
use proptest::prelude::*;

use super::*;
use crate::git::protocol::real_git::Sandbox;

fn request(arguments: &[&str]) -> LsRefsRequest {
    let mut request = LsRefsRequest::default();
    for line in arguments {
        request.argument(line.as_bytes(), &Offer::DEFAULT).unwrap();
    }
    request.complete()
}

fn ours(arguments: &[&str], sandbox: &Sandbox) -> BString {
    let request = request(arguments);
    let listing = sandbox.refs();
    let mut out = Vec::new();
    let main = BStr::new("refs/heads/main");
    if listing.is_empty() {
        request.write_unborn_head(main, &mut out);
    }
    for (name, target, peeled) in &listing {
        let shown = AdvertisedRef {
            name: name.as_bytes().into(),
            target: oid_hex::parse(target.as_bytes()).unwrap(),
            peeled: oid_hex::parse(peeled.as_bytes()),
        };
        request.write_ref(&shown, (name == "HEAD").then_some(main), &mut out);
    }
    pktline::flush(&mut out);
    out.into()
}

fn gits(arguments: &[&str], sandbox: &Sandbox) -> BString {
    let mut body = Vec::new();
    pktline::text(&[b"command=ls-refs"], &mut body);
    pktline::delim(&mut body);
    for line in arguments {
        pktline::text(&[line.as_bytes()], &mut body);
    }
    pktline::flush(&mut body);
    sandbox.answer("upload-pack", 2, &body).into()
}

#[test]
fn the_answer_is_as_gits() {
    for sandbox in [Sandbox::with_history(), Sandbox::empty()] {
        for arguments in [
            &[][..],
            &["peel"],
            &["symrefs"],
            &["peel", "symrefs", "unborn"],
            &["unborn"],
            &["symrefs", "unborn", "ref-prefix refs/heads/"],
            &[
                "symrefs",
                "unborn",
                "ref-prefix HEAD",
                "ref-prefix refs/tags/v1",
            ],
            &[
                "peel",
                "ref-prefix refs/heads/t",
                "ref-prefix refs/heads/topic",
                "ref-prefix r",
            ],
            &["ref-prefix "],
            &["ref-prefix refs/heads/topic/", "ref-prefix refs/none"],
        ] {
            assert_eq!(
                ours(arguments, &sandbox),
                gits(arguments, &sandbox),
                "{arguments:?}"
            );
        }
    }
}

#[test]
fn arguments_that_there_are_not() {
    let mut request = LsRefsRequest::default();
    for line in ["peeled", "", "ref-prefix", "peel "] {
        let error = request
            .argument(line.as_bytes(), &Offer::DEFAULT)
            .unwrap_err();
        assert_eq!(error.to_string(), format!("unexpected line: '{line}'"));
    }
    let offer = Offer {
        ls_refs: &[],
        ..Offer::DEFAULT
    };
    assert!(request.argument(b"unborn", &offer).is_err());
}

#[test]
fn too_many_prefixes_count_as_none() {
    let lines = |count: usize| {
        let mut request = LsRefsRequest::default();
        for number in 0..count {
            let line = format!("ref-prefix refs/heads/{number:06}");
            request.argument(line.as_bytes(), &Offer::DEFAULT).unwrap();
        }
        request.complete()
    };
    assert_eq!(lines(PREFIXES_MAX - 1).prefixes().len(), PREFIXES_MAX - 1);
    assert!(!lines(PREFIXES_MAX - 1).wants("refs/tags/v1".into()));
    assert!(lines(PREFIXES_MAX).wants("refs/tags/v1".into()));
    assert!(lines(PREFIXES_MAX + 1).wants("refs/tags/v1".into()));
}

proptest! {
    #[test]
    fn a_name_is_wanted_when_any_prefix_begins_it(
        prefixes in proptest::collection::vec("[ab/]{0,4}", 0..8),
        name in "[ab/]{0,6}",
    ) {
        let lines: Vec<_> = prefixes.iter().map(|prefix| format!("ref-prefix {prefix}")).collect();
        let request = request(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let expected =
            prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        prop_assert_eq!(request.wants(name.as_str().into()), expected);
    }
}
