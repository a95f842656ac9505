//! Repositories made from a seed: the same seed, the same object ids.
//!
//! Written as one `git fast-import` stream, so that thousands of commits take a second.

use std::io::Write as _;

use super::git::Git;

/// The shape of a made history. Take [`History::small`] and change fields.
#[derive(Debug, Clone)]
pub struct History {
    /// Everything random follows from it.
    pub seed: u64,
    /// Commits in all.
    pub commits: u32,
    /// Branches, `main` first, that the commits are spread over.
    pub branches: u32,
    /// How many paths there are to write, move and delete; folders are three deep at most.
    pub paths: u32,
    /// The largest blob. Most are far smaller.
    pub blob_bytes_max: u32,
    /// How many of a hundred commits merge another branch.
    pub merges_percent: u32,
    /// How many of a hundred commits get a tag, every other one annotated.
    pub tags_percent: u32,
}

impl History {
    /// Sixty commits on four branches, with merges and tags.
    pub fn small(seed: u64) -> Self {
        Self {
            seed,
            commits: 60,
            branches: 4,
            paths: 40,
            blob_bytes_max: 4_000,
            merges_percent: 15,
            tags_percent: 10,
        }
    }

    /// Makes the history in `git`'s repository, on top of nothing, and checks `main` out.
    pub fn make(&self, git: &Git) {
        git.run_with(&["fast-import", "--quiet", "--done"], &self.stream());
        if git.run(&["rev-parse", "--is-bare-repository"]) == "false" {
            git.run(&["reset", "--quiet", "--hard", "refs/heads/main"]);
        }
    }

    /// The `git fast-import` stream.
    pub fn stream(&self) -> Vec<u8> {
        let mut writer = Writer {
            out: Vec::new(),
            random: Random(self.seed),
            history: self,
        };
        let mut tips = vec![None; self.branches.max(1) as usize];
        for commit in 1..=self.commits {
            writer.commit(commit, &mut tips);
            if writer.random.percent(self.tags_percent) {
                writer.tag(commit);
            }
        }
        writer.line("done");
        writer.out
    }
}

/// The mark of a branch's last commit, or nothing yet.
type Tip = Option<u32>;

struct Writer<'a> {
    out: Vec<u8>,
    random: Random,
    history: &'a History,
}

impl Writer<'_> {
    /// Commit number `mark`, on a branch by chance. A new branch starts where another is.
    fn commit(&mut self, mark: u32, tips: &mut [Tip]) {
        let branch = if mark == 1 {
            0
        } else {
            self.random.below(tips.len())
        };
        let start = tips[branch].or(tips[0]);
        let other = tips[self.random.below(tips.len())];
        self.line(&format!("commit refs/heads/{}", branch_name(branch)));
        self.line(&format!("mark :{mark}"));
        self.person("author", mark);
        self.person("committer", mark);
        self.data(format!("change {mark}\n\nmade from a seed\n").as_bytes());
        if let Some(parent) = start {
            self.line(&format!("from :{parent}"));
        }
        if let (Some(parent), Some(other)) = (start, other)
            && other != parent
            && self.random.percent(self.history.merges_percent)
        {
            self.line(&format!("merge :{other}"));
        }
        for _ in 0..=self.random.below(3) {
            self.change();
        }
        tips[branch] = Some(mark);
    }

    fn change(&mut self) {
        let number = self.random.below(self.history.paths.max(1) as usize);
        let path = path_name(number);
        if self.random.percent(12) {
            self.line(&format!("D {path}"));
            return;
        }
        // A path keeps its mode, so that a link never turns into a folder's place.
        let mode = match number % 10 {
            0 => "100755",
            1 => "120000",
            _ => "100644",
        };
        self.line(&format!("M {mode} inline {path}"));
        let content = if mode == "120000" {
            b"elsewhere".to_vec()
        } else {
            self.content(number)
        };
        self.data(&content);
    }

    /// Text whose versions are alike, so that deltas pay; now and then bytes that never do.
    fn content(&mut self, number: usize) -> Vec<u8> {
        let most = self.history.blob_bytes_max.max(1) as usize;
        let length = if self.random.percent(5) {
            most
        } else {
            self.random.below(most / 4 + 1)
        };
        if self.random.percent(5) {
            return (0..length).map(|_| self.random.byte()).collect();
        }
        let changed = self.random.below(20);
        let mut text = Vec::with_capacity(length + 80);
        let mut line = 0;
        while text.len() < length {
            let version = if line % 20 == changed {
                self.random.next()
            } else {
                0
            };
            writeln!(text, "path {number} line {line} version {version}").expect("memory");
            line += 1;
        }
        text
    }

    fn tag(&mut self, mark: u32) {
        if self.random.percent(50) {
            self.line(&format!("tag v{mark}"));
            self.line(&format!("from :{mark}"));
            self.person("tagger", mark);
            self.data(format!("version {mark}\n").as_bytes());
        } else {
            self.line(&format!("reset refs/tags/light-{mark}"));
            self.line(&format!("from :{mark}\n"));
        }
    }

    /// Clocks are not monotonic: some commits are older than their parents.
    fn person(&mut self, role: &str, mark: u32) {
        let skew = if self.random.percent(5) { 100_000 } else { 0 };
        let time = 1_500_000_000 + u64::from(mark) * 600 - skew;
        self.line(&format!(
            "{role} A U Thor <author@example.com> {time} +0200"
        ));
    }

    fn data(&mut self, bytes: &[u8]) {
        self.line(&format!("data {}", bytes.len()));
        self.out.extend_from_slice(bytes);
        self.line("");
    }

    fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
    }
}

fn branch_name(branch: usize) -> String {
    if branch == 0 {
        "main".to_owned()
    } else {
        format!("topic/{branch}")
    }
}

/// Folders `d…`, files `f…`: no path is the parent of another.
fn path_name(number: usize) -> String {
    match number % 3 {
        0 => format!("f{number}"),
        1 => format!("d{}/f{number}", number % 5),
        _ => format!("d{}/d{}/f{number}", number % 5, number % 7),
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to make test data.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a count");
        usize::try_from(self.next() % end).expect("below a usize")
    }

    /// True `percent` times of a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.next() % 100 < u64::from(percent)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// Bytes that do not compress. A longer run of one seed begins with the shorter one.
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut random = Random(seed);
    let words = std::iter::repeat_with(|| random.next().to_le_bytes());
    words.flatten().take(bytes).collect()
}
