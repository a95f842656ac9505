//! Histories that crossed so often that they have many merge bases.

use cairn::git::edit::new_objects::NewObjects;
use cairn::git::limits::Limits;
use cairn::git::merge::commits::{CommitMerge, CommitMergeError, History as _};
use cairn::git::merge::tree::Favor;
use gix_hash::ObjectId;

use super::judge::{Objects, ask_git, merge, told};
use super::random::{Files, Stream};
use super::support::git::Git;
use super::support::scratch::Scratch;

/// Two commits, each of which merged all of `count` branches that changed one file.
fn crossed(scratch: &Scratch, count: u32) -> (Git, (String, String)) {
    let mut stream = Stream::default();
    let text = |changed: u32, by: &str| -> Vec<u8> {
        let line = |number: u32| {
            if number == changed {
                format!("line {number} by {by}\n")
            } else {
                format!("line {number}\n")
            }
        };
        (0..400).map(line).collect::<String>().into_bytes()
    };
    let with = |content: Vec<u8>| Files::from([("file".to_owned(), ("100644", content))]);
    let root = stream.commit(&[], &with(text(999, "")));
    let branches: Vec<u32> = (0..count)
        .map(|number| stream.commit(&[root], &with(text(number * 5, "a branch"))))
        .collect();
    let ours = stream.commit(&branches, &with(text(0, "ours")));
    let theirs = stream.commit(&branches, &with(text(399, "theirs")));
    let git = scratch.git_in(&format!("crossed-{count}"));
    git.run(&["init", "--quiet", "--bare"]);
    git.run_with(&["fast-import", "--quiet"], &stream.out);
    let id = |mark: u32| git.run(&["rev-parse", &format!("b{mark}")]);
    let pair = (id(ours), id(theirs));
    (git, pair)
}

#[test]
fn many_merge_bases_are_merged_as_git_merges_them() {
    let scratch = Scratch::new();
    let (git, pair) = crossed(&scratch, 12);
    let answer = ask_git(&git, std::slice::from_ref(&pair), &[]).remove(0);
    let objects = Objects::read(&git);
    let ours = told(&merge(&objects, &pair, Favor::Nobody).0);
    assert_eq!(
        (ours.is_clean, ours.tree, ours.conflicted),
        (answer.is_clean, answer.tree, answer.conflicted)
    );
}

/// With 66 bases, 65 would have to be merged with the result so far, one more than the limit: none is.
#[test]
fn too_many_merge_bases_are_refused_before_any_is_merged() {
    let scratch = Scratch::new();
    for (count, is_refused) in [(65, false), (66, true)] {
        let (git, (ours, theirs)) = crossed(&scratch, count);
        let objects = Objects::read(&git);
        let sides = [ours, theirs].map(|id| ObjectId::from_hex(id.as_bytes()).unwrap());
        let bases = objects.merge_bases(&sides[..1], &sides[1..]).unwrap();
        assert_eq!(bases.len(), count as usize);
        let mut new_objects = NewObjects::new(64 << 20, &Limits::DEFAULT);
        let names = ["ours".into(), "theirs".into()];
        let mut merge = CommitMerge::new(&objects, sides, &bases, names, Favor::Nobody).unwrap();
        let first = merge.step(&objects, &objects, &mut new_objects);
        if is_refused {
            assert_eq!(first, Err(CommitMergeError::TooManyBases { limit: 64 }));
        } else {
            assert_eq!(first, Ok(true));
            // To find bases is work, after which others get their turn.
            assert!(merge.take_work() >= 15_000);
        }
    }
}
