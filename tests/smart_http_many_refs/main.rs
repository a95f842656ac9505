//! Repositories with very many refs: an operation that does not list them does not pay for them.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]
#![allow(clippy::disallowed_methods, reason = "a clock, in a test")]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

mod figures;
mod story;

use std::cell::RefCell;

use serde_json::json;
use story::{Spent, Story, fetch, list, list_below, pulls, push};
use support::rest::Hosted;

/// Refs that are too many to be kept in memory.
const MANY: usize = 60_000;

/// Operations with a few refs of a repository, each in a fresh isolate, with their figures.
fn small_operations(story: &mut Story, round: &str) -> Vec<(&'static str, Spent)> {
    let tip = story.tip.clone();
    story
        .source
        .write("lines.txt", "another line\n".repeat(400) + round);
    let next = story.source.commit(round);
    let topic = format!("refs/heads/topic-{round}");
    let (old, have) = (story.commits[0].clone(), story.commits[2].clone());
    story.tip.clone_from(&next);
    vec![
        (
            "a list of the branches",
            story.spent(|story| {
                let listed = list_below(story, "refs/heads/");
                assert!(listed.contains("refs/heads/other"), "{listed}");
            }),
        ),
        (
            "a fetch of HEAD's tip",
            story.spent(|story| fetch(story, &tip, &have)),
        ),
        (
            "a list of one ref and its fetch",
            story.spent(|story| {
                assert!(list_below(story, "refs/heads/other").contains(&old));
                fetch(story, &old, &have);
            }),
        ),
        (
            "a push of one commit",
            story.spent(|story| {
                push(story, "refs/heads/main", &tip, (&tip, &next));
            }),
        ),
        (
            "a push that makes a branch",
            story.spent(|story| {
                push(story, &topic, &"0".repeat(40), (&tip, &next));
            }),
        ),
        (
            "a page of refs",
            story.spent(|story| {
                story
                    .server
                    .rest()
                    .get(&story.hosted.path("/refs?limit=20"))
                    .result(200);
            }),
        ),
    ]
}

/// The heap may grow by a page of refs and a table or two; all of them would take some 6 MiB.
const HEAP_KIB_MORE: u64 = 2_048;

#[test]
fn a_push_a_fetch_and_a_look_cost_the_same_however_many_refs_there_are() {
    let mut story = Story::begin(200);
    let few = small_operations(&mut story, "few");
    let refs = pulls(MANY, &story.commits.clone());
    story.add_refs(&refs);
    let many = small_operations(&mut story, "many");
    let mut over = Vec::new();
    for ((name, few), (_, many)) in std::iter::zip(few, many) {
        println!("{name}: {few:?}, among {MANY} refs {many:?}");
        // There are two packs more, and as many refs more as a page of them has.
        let is_within = many.rows_read <= few.rows_read + 30
            && many.statements <= few.statements + 12
            && many.heap_kib <= few.heap_kib + HEAP_KIB_MORE;
        if !is_within {
            over.push(format!("{name}: {few:?}, among {MANY} refs {many:?}"));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

#[test]
fn maintenance_puts_many_refs_into_few_rows_and_nobody_else_sees_a_difference() {
    const REFS: usize = 9_000;
    let mut story = Story::begin(20);
    let commits = story.commits.clone();
    story.add_refs(&pulls(REFS, &commits));
    let url = story.hosted.url();
    let before = story.source.remote_refs(&url);
    let listed = |story: &mut Story| story.spent(|story| assert_eq!(list(story, 2), REFS + 3));
    let loose = listed(&mut story);
    story.maintain();
    let packed = listed(&mut story);
    println!("{loose:?}, packed {packed:?}");
    assert!(packed.rows_read <= loose.rows_read / 50, "{packed:?}");
    assert_eq!(story.source.remote_refs(&url), before);
    // Packed refs move, go and come as others do.
    let (tip, old) = (commits[0].clone(), commits[17].clone());
    let ref_of = |number: usize| format!("refs/pull/{number:06}/head");
    let (moved, gone, made) = (ref_of(17), ref_of(18), "refs/pull/000018/merge");
    let lease = format!("--force-with-lease={moved}:{old}");
    let (to_moved, to_made) = (format!("+{tip}:{moved}"), format!("{tip}:{made}"));
    let delete = format!(":{gone}");
    let push = [
        "push", "--quiet", &lease, &url, &to_moved, &to_made, &delete,
    ];
    story.source.run(&push);
    let mut expect = before;
    expect.remove(&gone);
    expect.insert(moved, tip.clone());
    expect.insert(made.to_owned(), tip);
    assert_eq!(story.source.remote_refs(&url), expect);
    // A few loose refs among many packed ones are left where they are.
    story.maintain();
    let again = listed(&mut story);
    assert!(again.rows_read <= packed.rows_read + 20, "{again:?}");
    let verified = story.server.rest().post(
        &story.hosted.path("/maintenance"),
        &json!({ "task": "verify" }),
    );
    assert_eq!(verified.result(200)["ok"], true);
}

#[test]
fn a_listing_of_many_refs_holds_a_page_of_them() {
    let mut story = Story::begin(20);
    let refs = pulls(MANY, &story.commits.clone());
    story.add_refs(&refs);
    // As much as after looking at nothing.
    let idle = story.spent(|_| ()).heap_kib;
    for version in [0, 2] {
        let listed = story.spent(|story| assert_eq!(list(story, version), MANY + 3));
        println!("version {version}: {listed:?}, idle {idle} KiB");
        assert!(listed.heap_kib <= idle + 1_200, "{listed:?}");
        // Each ref is read once, and some twice where one piece ends and the next begins.
        assert!(listed.rows_read <= (MANY + MANY / 8) as u64, "{listed:?}");
    }
    let copy = RefCell::new(None);
    let forked = story.spent(|story| {
        let path = story.hosted.path("/fork");
        let fork = story.server.rest().post(&path, &json!({ "name": "copy" }));
        copy.replace(Some(Hosted::made("many", &fork)));
    });
    let copy = copy.take().expect("it was made");
    println!("fork: {forked:?}");
    assert!(forked.heap_kib <= idle + 4_000, "{forked:?}");
    let refs = story.source.remote_refs(&story.hosted.url());
    assert_eq!(story.source.remote_refs(&copy.url()), refs);
}
