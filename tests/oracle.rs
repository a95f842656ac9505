//! The tests' own tools, judged before they judge anything: no server, no code of ours.

use cairn_test_support as support;

use support::git::refs_equal;
use support::history::History;
use support::scratch::Scratch;

#[test]
fn a_made_history_is_sound_by_gits_own_judgement() {
    let scratch = Scratch::new();
    for seed in 1..=3 {
        let git = scratch.repository(&format!("made-{seed}"));
        History::small(seed).make(&git);
        git.fsck_strict();
        let merges = git.run(&["rev-list", "--all", "--merges", "--count"]);
        let tags = git.run(&["tag", "--list"]);
        assert_ne!(merges, "0", "seed {seed} makes no merge");
        assert_ne!(tags, "", "seed {seed} makes no tag");
    }
}

#[test]
fn the_same_seed_makes_the_same_objects() {
    let scratch = Scratch::new();
    let (left, right) = (scratch.repository("left"), scratch.bare_repository("right"));
    History::small(7).make(&left);
    History::small(7).make(&right);
    refs_equal(&left, &right);
    assert_eq!(left.objects(&["--all"]), right.objects(&["--all"]));
}

#[test]
fn a_mirror_has_the_refs_that_its_origin_advertises() {
    let scratch = Scratch::new();
    let origin = scratch.repository("origin");
    History::small(11).make(&origin);
    let url = origin.folder().to_str().expect("a path in UTF-8");
    let mirror = scratch.clone(url, "mirror", &["--mirror"]);
    refs_equal(&origin, &mirror);
    assert_eq!(origin.refs(), scratch.git().remote_refs(url));
}
