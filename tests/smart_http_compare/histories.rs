//! Real histories: every diff of their newest commits, and how long others wait meanwhile. By name, with
//! bundles of the caller's:
//! `CAIRN_BUNDLES=a.bundle,b.bundle cargo test --test smart_http_compare -- --ignored --nocapture`

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::git::Git;
use crate::support::rest::Hosted;
use crate::support::scratch::Scratch;
use crate::{bytes_of, patch_of, rest, same_bytes, with_commits};

/// Commits whose diff is compared.
const COMMITS: usize = 1000;

/// How long each of many things took, in order.
struct Times(Vec<Duration>);

impl Times {
    fn at(&mut self, percent: usize) -> f64 {
        self.0.sort_unstable();
        let at = (self.0.len() * percent / 100).min(self.0.len() - 1);
        self.0[at].as_secs_f64() * 1000.0
    }

    fn line(&mut self, what: &str) -> String {
        let sum: Duration = self.0.iter().sum();
        format!(
            "{what}: {} in {:.1} s, median {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            self.0.len(),
            sum.as_secs_f64(),
            self.at(50),
            self.at(90),
            self.at(99),
            self.at(100)
        )
    }
}

fn timed<T>(times: &mut Times, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    times.0.push(begun.elapsed());
    done
}

/// Asks for the refs until told to stop.
fn listed(git: &Git, hosted: &Hosted, is_over: &AtomicBool) -> Times {
    let mut times = Times(Vec::new());
    let url = hosted.url();
    while !is_over.load(Ordering::Relaxed) {
        timed(&mut times, || git.run(&["ls-remote", &url, "HEAD"]));
    }
    times
}

fn compare_all(git: &Git, hosted: &Hosted, name: &str) {
    let limit = format!("-n{COMMITS}");
    let listed_commits = git.run(&["rev-list", "--min-parents=1", &limit, "HEAD"]);
    let (mut ours, mut theirs) = (Times(Vec::new()), Times(Vec::new()));
    let is_over = AtomicBool::new(false);
    let mut beside = std::thread::scope(|scope| {
        let beside = scope.spawn(|| listed(git, hosted, &is_over));
        for commit in listed_commits.lines() {
            let base = format!("{commit}^");
            let base = git.run(&["rev-parse", &base]);
            let query = format!("/diff?base={base}&head={commit}");
            let our_bytes = timed(&mut ours, || patch_of(hosted, &query));
            let arguments = ["diff", base.as_str(), commit];
            let their_bytes = timed(&mut theirs, || bytes_of(git, &arguments));
            same_bytes(&our_bytes, &their_bytes, commit);
        }
        is_over.store(true, Ordering::Relaxed);
        beside.join().unwrap()
    });
    println!("{name}: {}", ours.line("ours"));
    println!("{name}: {}", theirs.line("git diff"));
    println!("{name}: {}", beside.line("ls-remote beside them"));
    // The whole history at once.
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let mut whole = Times(Vec::new());
    let is_over = AtomicBool::new(false);
    let mut beside = std::thread::scope(|scope| {
        let beside = scope.spawn(|| listed(git, hosted, &is_over));
        for (base, head) in [(empty, "HEAD"), ("HEAD~400", "HEAD")] {
            let base = git.run(&["rev-parse", base]);
            let query = format!("/diff?base={base}&head={head}");
            let our_bytes = timed(&mut whole, || patch_of(hosted, &query));
            same_bytes(
                &our_bytes,
                &bytes_of(git, &["diff", &base, head]),
                "the whole",
            );
        }
        is_over.store(true, Ordering::Relaxed);
        beside.join().unwrap()
    });
    println!("{name}: {}", whole.line("large diffs"));
    println!("{name}: {}", beside.line("ls-remote beside them"));
}

#[test]
#[ignore = "needs bundles of the caller's"]
fn the_newest_commits_of_bundles_are_diffed_as_by_git() {
    let bundles = std::env::var("CAIRN_BUNDLES").expect("CAIRN_BUNDLES names bundles");
    for (number, bundle) in bundles.split(',').enumerate() {
        let scratch = Scratch::new();
        let hosted = rest().create_repository("compare", &format!("bundle-{number}"));
        let source = scratch.clone(bundle, "source", &["--bare"]);
        source.run(&["push", "--quiet", "--all", &hosted.url()]);
        let clone = scratch.clone(&hosted.url(), "clone", &["--bare"]);
        compare_all(&clone, &hosted, bundle);
    }
}

/// The most lines that are compared, in the ways that cost most: nothing moves meanwhile.
#[test]
#[ignore = "prints times"]
fn the_largest_texts_are_diffed_in_one_step() {
    let scratch = Scratch::new();
    let mut state = 1_u64;
    let mut random = |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % bound
    };
    let mut text = |words: u64| -> Vec<u8> {
        let lines = (0..190_000).map(|_| format!("{:x}\n", random(words)));
        lines.collect::<Vec<_>>().concat().into_bytes()
    };
    // With fewer different lines git's search takes shortcuts that ours takes elsewhere: see ADR 68.
    let texts = [20_000, 200_000, 1 << 30].map(|words| (words, text(words), text(words)));
    for (words, old, new) in &texts {
        let name = format!("largest-{words}");
        let (hosted, git) = with_commits(&scratch, &name, &[&[("f", old)], &[("f", new)]]);
        let base = git.run(&["rev-parse", "main~1"]);
        let query = format!("/diff?base={base}&head=main");
        let (mut ours, mut theirs) = (Times(Vec::new()), Times(Vec::new()));
        for _ in 0..3 {
            let our_bytes = timed(&mut ours, || patch_of(&hosted, &query));
            let their_bytes = timed(&mut theirs, || bytes_of(&git, &["diff", &base, "main"]));
            assert!(our_bytes == their_bytes, "{words} different lines");
        }
        println!("{words} different lines: {}", ours.line("ours"));
        println!("{words} different lines: {}", theirs.line("git diff"));
    }
}
