//! Refspecs as people write them, and what they mean.

use super::*;

fn parse(texts: &[&str]) -> Result<Refspecs, (usize, RefspecFault)> {
    Refspecs::parse(texts.iter().map(|&text| text.to_owned()).collect())
}

fn led(refspecs: &Refspecs, name: &str) -> Option<String> {
    refspecs.lead(name.into()).map(|led| led.name.to_string())
}

#[test]
fn unless_something_else_is_said_branches_and_tags_are_mirrored() {
    let refspecs = Refspecs::default();
    for name in ["refs/heads/main", "refs/heads/a/b", "refs/tags/v1"] {
        assert_eq!(led(&refspecs, name).as_deref(), Some(name));
        assert_eq!(refspecs.source_of(name.into()), Some(name.into()));
    }
    assert_eq!(led(&refspecs, "refs/pull/1/head"), None);
    assert!(!refspecs.leads_to("refs/pull/1/head".into()));
    assert_eq!(refspecs.sources(), ["refs/heads/*", "refs/tags/*"]);
}

#[test]
fn a_ref_may_have_another_name_here() {
    let refspecs = parse(&[
        "refs/heads/*:refs/remotes/up/*",
        "+refs/pull/*/head:refs/pulls/*",
        "refs/heads/main:refs/heads/upstream",
    ])
    .unwrap();
    for (there, here) in [
        ("refs/heads/a/b", "refs/remotes/up/a/b"),
        ("refs/pull/7/head", "refs/pulls/7"),
    ] {
        assert_eq!(led(&refspecs, there).as_deref(), Some(here));
        assert_eq!(refspecs.source_of(here.into()), Some(there.into()));
    }
    // The first that matches leads it.
    let main = refspecs.lead("refs/heads/main".into()).unwrap();
    assert_eq!(main.name, "refs/remotes/up/main");
    assert!(!main.force && refspecs.lead("refs/pull/7/head".into()).unwrap().force);
    assert_eq!(led(&refspecs, "refs/pull/7/merge"), None);
    assert_eq!(led(&refspecs, "refs/pull//head"), None);
}

#[test]
fn a_spec_without_a_destination_leads_to_the_same_name() {
    let refspecs = parse(&["refs/heads/main"]).unwrap();
    assert_eq!(
        led(&refspecs, "refs/heads/main").as_deref(),
        Some("refs/heads/main")
    );
    assert_eq!(led(&refspecs, "refs/heads/main2"), None);
    assert_eq!(refspecs.sources(), ["refs/heads/main"]);
}

#[test]
fn what_is_left_out_leads_nowhere_and_nothing_leads_there() {
    let refspecs = parse(&["refs/heads/*", "^refs/heads/wip/*", "^refs/heads/x"]).unwrap();
    for name in ["refs/heads/wip/a", "refs/heads/x"] {
        assert_eq!(led(&refspecs, name), None);
        assert!(!refspecs.leads_to(name.into()), "{name}");
    }
    assert!(refspecs.leads_to("refs/heads/wip".into()));
}

#[test]
fn what_is_no_refspec_is_refused_by_its_place() {
    let name = |side: &str| RefspecFault::Name {
        side: side.to_owned(),
    };
    let overlap = |other: &str| RefspecFault::Overlap {
        other: other.to_owned(),
    };
    let long = format!("refs/heads/{}", "x".repeat(REFSPEC_BYTES_MAX));
    let bytes = long.len();
    for (texts, place, fault) in [
        (&["main"][..], 0, name("main")),
        (&["refs/heads/main", "HEAD"], 1, name("HEAD")),
        (&["refs/*/a/*"], 0, name("refs/*/a/*")),
        (&["refs/heads/a..b"], 0, name("refs/heads/a..b")),
        (&["refs/heads/a:"], 0, name("")),
        (&["refs/heads/*:refs/heads/x"], 0, RefspecFault::OneSided),
        (
            &["^refs/heads/a:refs/heads/b"],
            0,
            RefspecFault::Destination,
        ),
        (&["refs/ephemeral/*"], 0, RefspecFault::Ephemeral),
        (
            &["refs/heads/*:refs/ephemeral/*"],
            0,
            RefspecFault::Ephemeral,
        ),
        (&["^refs/heads/a"], 0, RefspecFault::Nothing),
        (&[], 0, RefspecFault::Nothing),
        (&[long.as_str()], 0, RefspecFault::TooLong { bytes }),
        (
            &["refs/heads/a:refs/x/a", "refs/heads/b:refs/x/a"],
            1,
            overlap("refs/x/a"),
        ),
        (
            &["refs/heads/*", "refs/tags/*:refs/heads/t/*"],
            1,
            overlap("refs/heads/*"),
        ),
    ] {
        assert_eq!(parse(texts), Err((place, fault)), "{texts:?}");
    }
    // The same twice is one.
    parse(&["refs/heads/*", "refs/heads/main"]).unwrap();
}

#[test]
fn they_are_written_as_they_were_given() {
    let text = r#"["+refs/heads/*:refs/heads/*","^refs/heads/x"]"#;
    let refspecs: Refspecs = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&refspecs).unwrap(), text);
    assert!(serde_json::from_str::<Refspecs>(r#"["main"]"#).is_err());
}
