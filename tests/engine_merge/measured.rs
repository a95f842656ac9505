//! How long merges of a real history take, natively. Run by name, with a clone of the history.

use std::time::{Duration, Instant};

use cairn::git::merge::tree::Favor;

use super::judge::{Objects, ask_git, merge, told};
use super::support::git::Git;

/// A merge that took longer is named.
const SLOW: Duration = Duration::from_secs(1);

/// The newest merges of the repository at `CAIRN_MERGES_OF`, each made again: with git's results, and how
/// long both take.
#[test]
#[ignore = "needs a clone: CAIRN_MERGES_OF=path cargo test --release --test engine_merge -- --ignored newest --nocapture"]
fn newest_merges_of_a_real_history() {
    let path = std::path::PathBuf::from(std::env::var_os("CAIRN_MERGES_OF").unwrap());
    let git = Git::in_folder(&path, &path);
    let listed = git.run(&[
        "log",
        "--all",
        "--merges",
        "--min-parents=2",
        "--max-parents=2",
        "-1000",
        "--format=%P",
    ]);
    let pairs: Vec<(String, String)> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
        // `git merge-tree` ends at the first pair of unrelated histories.
        .filter(|(ours, theirs)| git.try_run(&["merge-base", ours, theirs], b"").ok)
        .collect();
    let objects = Objects::read(&git);
    let (mut wrong, mut ours_took, mut gits_took) = (0, Vec::new(), Vec::new());
    for pair in &pairs {
        let start = Instant::now();
        let answers = ask_git(&git, std::slice::from_ref(pair), &[]);
        gits_took.push(start.elapsed());
        let start = Instant::now();
        let (merged, _) = merge(&objects, pair, Favor::Nobody);
        let took = start.elapsed();
        ours_took.push(took);
        if took > SLOW {
            println!("{pair:?} took {took:?}");
        }
        let (ours, theirs) = (told(&merged), &answers[0]);
        let is_same = ours.is_clean == theirs.is_clean
            && ours.tree == theirs.tree
            && ours.conflicted == theirs.conflicted;
        if !is_same {
            wrong += 1;
            println!("{pair:?} differs\n{ours:#?}\n{theirs:#?}");
        }
    }
    for took in [&mut ours_took, &mut gits_took] {
        took.sort_unstable();
        let at = |part: usize| took[(took.len() - 1) * part / 100];
        println!(
            "median {:?}, p90 {:?}, p99 {:?}, most {:?}",
            at(50),
            at(90),
            at(99),
            at(100)
        );
    }
    assert_eq!(wrong, 0, "of {}", pairs.len());
}
