//! The objects that forks give, and that the reflog keeps.

use serde_json::json;

use super::faces::Faces;
use super::rewritten::Story;

#[test]
fn a_fork_of_the_default_branch_gives_nothing_but_what_that_reaches() {
    let story = Story::begin("reach-default");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    let member = Faces::of_member(&story, &forked);
    member.give_nothing_of(&story.scratch, "removed", &story.removed);
    member.give_nothing_of(&story.scratch, "another branch's", &story.other);
    let mut kept = story.kept.clone();
    let tag = std::mem::replace(&mut kept.tag, kept.commit.clone());
    member.give_all_of(&story.scratch, "kept", &kept);
    assert!(
        member.that_give(&story.scratch, "tag", &tag).is_empty(),
        "its tag was not forked"
    );

    story
        .rest
        .patch(&forked.path(""), &json!({ "public": true }))
        .result(200);
    let stranger = Faces::of_stranger(&story, &forked);
    stranger.give_nothing_of(&story.scratch, "removed", &story.removed);
    stranger.give_nothing_of(&story.scratch, "another branch's", &story.other);
    stranger.give_all_of(&story.scratch, "kept", &kept);
}

#[test]
fn a_fork_gives_what_its_refs_reach_and_nothing_that_its_source_removed() {
    let story = Story::begin("reach-fork");
    let forked = story.fork(&json!({ "name": "fork" }));
    let member = Faces::of_member(&story, &forked);
    member.give_nothing_of(&story.scratch, "removed", &story.removed);
    member.give_all_of(&story.scratch, "another branch's", &story.other);
    member.give_all_of(&story.scratch, "kept", &story.kept);
}

#[test]
fn a_repository_gives_its_members_what_its_reflog_keeps() {
    let story = Story::begin("reach-reflog");
    let member = Faces::of_member(&story, &story.source);
    member.give_all_of(&story.scratch, "removed", &story.removed);
    member.give_all_of(&story.scratch, "kept", &story.kept);
    // A clone may have begun just before: for some minutes anybody may name it.
    story
        .rest
        .patch(&story.source.path(""), &json!({ "public": true }))
        .result(200);
    let stranger = Faces::of_stranger(&story, &story.source);
    stranger.give_all_of(&story.scratch, "just replaced", &story.removed);
}
