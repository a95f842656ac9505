//! Random histories, made by `git fast-import`: merges, octopuses and criss-crosses, several
//! roots, trees that come back, directories renamed and copied, files in place of directories,
//! submodules, wrong clocks, tags of all kinds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;

use cairn::git::object::ObjectKind;
use cairn::git::store::Shared;
use gix_hash::ObjectId;
use tempfile::TempDir;

/// Numbers that look random and are the same each time.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound as u64).unwrap()
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Clone>(&mut self, from: &[T], count: usize) -> Vec<T> {
        (0..count)
            .map(|_| from[self.below(from.len())].clone())
            .collect()
    }
}

/// All objects of a repository.
pub type Objects = HashMap<ObjectId, (ObjectKind, Shared)>;

/// A repository with a random history.
pub struct History {
    directory: TempDir,
    /// Parents before children.
    pub commits: Vec<ObjectId>,
    /// By commit, in order.
    pub parents: HashMap<ObjectId, Vec<ObjectId>>,
    /// Tags, each with the object it peels to.
    pub tags: Vec<(ObjectId, ObjectId)>,
    pub objects: Objects,
}

type Files = BTreeMap<String, (&'static str, String)>;

impl History {
    pub fn random(seed: u64, commits: usize) -> Self {
        let mut noise = Noise::new(seed);
        let clock = noise.below(3);
        let stream = stream(&mut noise, commits, clock);
        Self::import(&stream, &mut noise)
    }

    /// The same with a clock that always goes forward, a minute a commit.
    pub fn on_time(seed: u64, commits: usize) -> Self {
        let mut noise = Noise::new(seed);
        let stream = stream(&mut noise, commits, 0);
        Self::import(&stream, &mut noise)
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Takes the history that `stream` tells fast-import; its commits are marked from 1 on.
    pub fn import(stream: &str, noise: &mut Noise) -> Self {
        let directory = TempDir::new().unwrap();
        let mut history = Self {
            directory,
            commits: Vec::new(),
            parents: HashMap::new(),
            tags: Vec::new(),
            objects: HashMap::new(),
        };
        history.git(&["init", "-q", "--bare"], b"");
        history.git(
            &["fast-import", "--quiet", "--export-marks=marks"],
            stream.as_bytes(),
        );
        let marks = std::fs::read_to_string(history.directory.path().join("marks")).unwrap();
        let mut marks: Vec<(usize, ObjectId)> = marks
            .lines()
            .map(|line| {
                let (mark, id) = line.split_once(' ').unwrap();
                (mark[1..].parse().unwrap(), id.parse().unwrap())
            })
            .collect();
        marks.sort_unstable();
        history.commits = marks.into_iter().map(|(_, id)| id).collect();
        let mut seen = BTreeSet::new();
        history.commits.retain(|id| seen.insert(*id));
        let lines = history.rev_list(&["--parents"], &history.commits, &[]);
        for line in lines.lines() {
            let mut ids = line.split(' ').map(|id| id.parse().unwrap());
            history.parents.insert(ids.next().unwrap(), ids.collect());
        }
        history.add_tags(noise);
        history.load_objects();
        history
    }

    fn add_tags(&mut self, noise: &mut Noise) {
        let mut targets: Vec<(ObjectId, &str)> = Vec::new();
        for commit in noise.pick(&self.commits, 5) {
            targets.push((commit, "commit"));
            let listed = self.rev_list(&["--objects", "--no-object-names"], &[commit], &[]);
            let ids: Vec<&str> = listed.lines().collect();
            let id = ids[noise.below(ids.len())];
            let kind = self.git(&["cat-file", "-t", id], b"");
            if kind.trim() != "commit" {
                let kind = if kind.trim() == "tree" {
                    "tree"
                } else {
                    "blob"
                };
                targets.push((id.parse().unwrap(), kind));
            }
        }
        for number in 0..targets.len() * 2 {
            // The second half: tags of tags, too.
            let (target, kind) = targets[noise.below(targets.len())];
            let content = format!(
                "object {target}\ntype {kind}\ntag t{number}\ntagger A <a@b.c> 1 +0000\n\nx\n"
            );
            let arguments = ["hash-object", "-t", "tag", "-w", "--stdin"];
            let id: ObjectId = self
                .git(&arguments, content.as_bytes())
                .trim()
                .parse()
                .unwrap();
            let peeled = self
                .tags
                .iter()
                .find(|tag| tag.0 == target)
                .map_or(target, |tag| tag.1);
            self.tags.push((id, peeled));
            targets.push((id, "tag"));
        }
    }

    fn load_objects(&mut self) {
        let output = self.git_bytes(&["cat-file", "--batch-all-objects", "--batch"], b"");
        let mut rest = output.as_slice();
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
            let header = String::from_utf8(rest[..end].to_vec()).unwrap();
            let words: Vec<&str> = header.split(' ').collect();
            let size: usize = words[2].parse().unwrap();
            let kind = ObjectKind::from_name(words[1].as_bytes()).unwrap();
            let content = rest[end + 1..end + 1 + size].to_vec();
            self.objects
                .insert(words[0].parse().unwrap(), (kind, Rc::new(content)));
            rest = &rest[end + size + 2..];
        }
    }

    pub fn git(&self, arguments: &[&str], input: &[u8]) -> String {
        String::from_utf8(self.git_bytes(arguments, input)).unwrap()
    }

    fn git_bytes(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        git_in(self.directory.path(), arguments, input)
    }

    /// The answer of `git rev-list` about commits that `wants` reach and `haves` do not.
    pub fn rev_list(&self, options: &[&str], wants: &[ObjectId], haves: &[ObjectId]) -> String {
        let mut input = String::new();
        for want in wants {
            writeln!(input, "{want}").unwrap();
        }
        for have in haves {
            writeln!(input, "^{have}").unwrap();
        }
        self.git(
            &[&["rev-list", "--stdin"], options].concat(),
            input.as_bytes(),
        )
    }

    /// Commits that `wants` reach and `haves` do not.
    pub fn missing(&self, wants: &[ObjectId], haves: &[ObjectId]) -> BTreeSet<ObjectId> {
        ids(&self.rev_list(&[], wants, haves))
    }

    /// Objects that `wants` reach and `haves` do not, as far as git looks.
    pub fn missing_objects(&self, wants: &[ObjectId], haves: &[ObjectId]) -> BTreeSet<ObjectId> {
        ids(&self.rev_list(&["--objects", "--no-object-names"], wants, haves))
    }

    /// All that `tips` reach.
    pub fn closure(&self, tips: &[ObjectId]) -> BTreeSet<ObjectId> {
        if tips.is_empty() {
            BTreeSet::new()
        } else {
            self.missing_objects(tips, &[])
        }
    }
}

/// Runs git in a directory; gives its standard output.
pub fn git_in(directory: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feed = std::thread::Builder::new()
        .spawn(move || stdin.write_all(&input))
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let _ = feed.join().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    output.stdout
}

pub fn ids(lines: &str) -> BTreeSet<ObjectId> {
    lines.lines().map(|line| line.parse().unwrap()).collect()
}

/// When the first commit is made.
pub const START_SECONDS: usize = 1_600_000_000;

fn stream(noise: &mut Noise, commits: usize, clock: usize) -> String {
    let mut stream = String::new();
    let mut states: Vec<Files> = Vec::new();
    for number in 1..=commits {
        let parents = parents(noise, number);
        let mut files = Files::new();
        for parent in parents.iter().rev() {
            if noise.chance(80) {
                files.extend(states[parent - 1].clone());
            }
        }
        for _ in 0..noise.below(4) {
            change(noise, &mut files, &states);
        }
        tidy(&mut files);
        let seconds = match clock {
            0 => START_SECONDS + number * 60,
            1 => START_SECONDS,
            _ => START_SECONDS + noise.below(100_000),
        };
        writeln!(stream, "commit refs/heads/c{number}\nmark :{number}").unwrap();
        writeln!(
            stream,
            "committer C <c@d.e> {seconds} +0000\ndata 4\nc{:03}",
            number % 1000
        )
        .unwrap();
        for (place, parent) in parents.iter().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            writeln!(stream, "{word} :{parent}").unwrap();
        }
        writeln!(stream, "deleteall").unwrap();
        for (path, (mode, content)) in &files {
            if *mode == "160000" {
                writeln!(stream, "M 160000 {content} {path}").unwrap();
            } else {
                writeln!(
                    stream,
                    "M {mode} inline {path}\ndata {}\n{content}",
                    content.len()
                )
                .unwrap();
            }
        }
        stream.push('\n');
        states.push(files);
    }
    stream
}

fn parents(noise: &mut Noise, number: usize) -> Vec<usize> {
    let count = match noise.below(100) {
        0..4 => 0,
        4..75 => 1,
        75..94 => 2,
        _ => 3 + noise.below(3),
    };
    let mut parents = Vec::new();
    for _ in 0..count {
        let reach = if noise.chance(85) { 6 } else { number };
        let back = 1 + noise.below(reach);
        if let Some(parent @ 1..) = number.checked_sub(back)
            && !parents.contains(&parent)
        {
            parents.push(parent);
        }
    }
    parents
}

const DIRECTORIES: [&str; 7] = ["", "d0/", "d1/", "d0/d1/", "d0/d2/d3/", "d2/", "d1/d4/"];

fn change(noise: &mut Noise, files: &mut Files, states: &[Files]) {
    let directory = DIRECTORIES[noise.below(DIRECTORIES.len())];
    let other = DIRECTORIES[1 + noise.below(DIRECTORIES.len() - 1)];
    match noise.below(12) {
        0..5 => {
            let mode = ["100644", "100644", "100755", "120000"][noise.below(4)];
            let content = format!("content {}\n", noise.below(60));
            files.insert(format!("{directory}f{}", noise.below(6)), (mode, content));
        }
        5 => {
            let path = files.keys().nth(noise.below(files.len().max(1))).cloned();
            files.remove(&path.unwrap_or_default());
        }
        6 | 7 => {
            // A directory is copied, or renamed.
            let below: Vec<_> = files
                .iter()
                .filter_map(|(path, file)| {
                    Some((path.strip_prefix(directory)?.to_owned(), file.clone()))
                })
                .filter(|(path, _)| !path.starts_with(other.split('/').next().unwrap()))
                .collect();
            if noise.chance(50) {
                files.retain(|path, _| !path.starts_with(directory) || directory.is_empty());
            }
            files.extend(
                below
                    .into_iter()
                    .map(|(path, file)| (format!("{other}{path}"), file)),
            );
        }
        8 | 9 if !states.is_empty() => {
            // An earlier tree comes back: all of it, or one directory.
            let old = &states[noise.below(states.len())];
            files.retain(|path, _| !path.starts_with(directory));
            let back = old.iter().filter(|(path, _)| path.starts_with(directory));
            files.extend(back.map(|(path, file)| (path.clone(), file.clone())));
        }
        10 => {
            let commit = format!("{:040x}", 1 + noise.below(3));
            files.insert(format!("{directory}sub"), ("160000", commit));
        }
        _ => {
            // A file in place of a directory; names around it that sort close by.
            let name = other.trim_end_matches('/');
            files.retain(|path, _| !path.starts_with(other));
            for name in [name.to_owned(), format!("{name}.x"), format!("{name}-")] {
                files.insert(name, ("100644", "in place\n".to_owned()));
            }
        }
    }
}

/// Removes files that stand where others need a directory.
fn tidy(files: &mut Files) {
    let paths: Vec<String> = files.keys().cloned().collect();
    for path in &paths {
        for (at, _) in path.match_indices('/') {
            files.remove(&path[..at]);
        }
    }
}
