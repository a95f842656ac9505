//! Random histories of a few files: edits, renames, deletions, files that come back, merges, files and
//! folders in each other's place, modes, links, clocks that go wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gix_hash::ObjectId;

use super::history::{History, Noise};
use super::server::Server;

type Files = BTreeMap<String, (&'static str, String)>;

/// A history, and a server that got it in two pushes.
pub struct Served {
    pub history: History,
    pub server: Server,
}

impl Served {
    /// Makes one; with `long_files` the files have many lines.
    pub fn random(seed: u64, commits: usize, long_files: bool) -> Self {
        let mut noise = Noise::new(seed);
        let maker = Maker {
            long_files,
            clock: noise.below(3),
        };
        let stream = maker.stream(&mut noise, commits);
        Self::of(History::import(&stream, &mut noise))
    }

    /// Serves a history.
    pub fn of(history: History) -> Self {
        let mut server = Server::default();
        let half = history.commits.len() / 2;
        for tips in [&history.commits[..half], &history.commits[..]] {
            if tips.is_empty() {
                continue;
            }
            let closure = history.closure(tips).into_iter();
            let ids: Vec<ObjectId> = closure.filter(|id| !server.has(id)).collect();
            server.push(&history.objects, &ids, tips).unwrap();
        }
        Self { history, server }
    }
}

struct Maker {
    long_files: bool,
    clock: usize,
}

impl Maker {
    fn stream(&self, noise: &mut Noise, commits: usize) -> String {
        let mut stream = String::new();
        let mut states: Vec<Files> = Vec::new();
        for number in 1..=commits {
            let parents = parents(noise, number);
            let mut files = match parents.first() {
                Some(first) => states[first - 1].clone(),
                None => Files::new(),
            };
            for other in parents.iter().skip(1) {
                Self::merge(noise, &mut files, &states[other - 1]);
            }
            for _ in 0..noise.below(4) {
                self.change(noise, &mut files, &states);
            }
            tidy(&mut files);
            let seconds = match self.clock {
                0 => 1_600_000_000 + number * 60,
                1 => 1_600_000_000,
                _ => 1_600_000_000 + noise.below(100_000),
            };
            write_commit(&mut stream, number, seconds, (&parents, &files));
            states.push(files);
        }
        stream
    }

    /// Takes some files of another side as they are there, and mixes some.
    fn merge(noise: &mut Noise, files: &mut Files, other: &Files) {
        for (path, theirs) in other {
            match noise.below(4) {
                0 => {
                    files.insert(path.clone(), theirs.clone());
                }
                1 => {
                    if let Some(ours) = files.get_mut(path) {
                        ours.1 = mixed(noise, &ours.1, &theirs.1);
                    }
                }
                _ => {}
            }
        }
    }

    fn change(&self, noise: &mut Noise, files: &mut Files, states: &[Files]) {
        let any = files.keys().nth(noise.below(files.len().max(1))).cloned();
        match (noise.below(20), any) {
            (0..9, Some(path)) => {
                let file = files.get_mut(&path).unwrap();
                file.1 = self.edited(noise, &file.1);
            }
            (9..12, Some(path)) => {
                let mut file = files.remove(&path).unwrap();
                if noise.chance(60) {
                    file.1 = self.edited(noise, &file.1);
                }
                files.insert(any_path(noise), file);
            }
            (12, Some(path)) => {
                files.remove(&path);
            }
            (13, Some(path)) => {
                let file = files.get_mut(&path).unwrap();
                file.0 = ["100644", "100755", "120000"][noise.below(3)];
            }
            (14, Some(path)) => {
                // A folder in the place of a file.
                let file = files.remove(&path).unwrap();
                files.insert(format!("{path}/below"), file);
            }
            (15, _) if !states.is_empty() => {
                // A file comes back as it once was.
                let old = &states[noise.below(states.len())];
                if let Some(path) = old.keys().nth(noise.below(old.len().max(1))) {
                    files.insert(path.clone(), old[path].clone());
                }
            }
            (16, Some(path)) => {
                let file = files[&path].clone();
                files.insert(any_path(noise), file);
            }
            _ => {
                let content = self.edited(noise, "");
                files.insert(any_path(noise), ("100644", content));
            }
        }
    }

    fn edited(&self, noise: &mut Noise, content: &str) -> String {
        let mut lines: Vec<String> = content.split_inclusive('\n').map(str::to_owned).collect();
        let size = if self.long_files { 12 } else { 3 };
        for _ in 0..=noise.below(4) {
            let at = noise.below(lines.len() + 1);
            match noise.below(6) {
                0 if at < lines.len() => {
                    let end = (at + 1 + noise.below(size)).min(lines.len());
                    lines.drain(at..end);
                }
                1 if at < lines.len() => lines[at] = line(noise),
                2 if at < lines.len() => {
                    let end = (at + noise.below(size)).min(lines.len());
                    let block = lines[at..end].to_vec();
                    let to = noise.below(lines.len() + 1);
                    lines.splice(to..to, block);
                }
                _ => {
                    let block: Vec<_> = (0..noise.below(size)).map(|_| line(noise)).collect();
                    lines.splice(at..at, block);
                }
            }
        }
        let mut content = lines.concat();
        if noise.chance(10) && content.ends_with('\n') {
            content.pop();
        }
        if noise.chance(3) {
            content = content.replace('\n', "\r\n");
        }
        if noise.chance(3) {
            content.clear();
        }
        content
    }
}

fn line(noise: &mut Noise) -> String {
    match noise.below(10) {
        0 => "\n".to_owned(),
        1 => "}\n".to_owned(),
        2 => format!("    common {}\n", noise.below(4)),
        _ => format!("line {} of many\n", noise.below(500)),
    }
}

/// Lines of both, one after the other.
fn mixed(noise: &mut Noise, ours: &str, theirs: &str) -> String {
    let mut mixed = String::new();
    for (our, their) in ours.split_inclusive('\n').zip(theirs.split_inclusive('\n')) {
        match noise.below(3) {
            0 => mixed.push_str(their),
            1 => {
                mixed.push_str(our);
                mixed.push_str(their);
            }
            _ => mixed.push_str(our),
        }
    }
    mixed
}

fn any_path(noise: &mut Noise) -> String {
    let folder = ["", "", "d/", "d/e/", "z/"][noise.below(5)];
    let name = ["a", "b", "d", "f.x", "d-", "caf\u{e9}", "z"][noise.below(7)];
    format!("{folder}{name}")
}

fn parents(noise: &mut Noise, number: usize) -> Vec<usize> {
    let count = match noise.below(100) {
        0..2 => 0,
        2..78 => 1,
        78..96 => 2,
        _ => 3,
    };
    let mut parents = Vec::new();
    for _ in 0..count {
        let reach = if noise.chance(85) { 5 } else { number };
        let back = 1 + noise.below(reach);
        if let Some(parent @ 1..) = number.checked_sub(back)
            && !parents.contains(&parent)
        {
            parents.push(parent);
        }
    }
    parents
}

fn write_commit(
    stream: &mut String,
    number: usize,
    seconds: usize,
    (parents, files): (&[usize], &Files),
) {
    writeln!(stream, "commit refs/heads/c{number}\nmark :{number}").unwrap();
    let message = format!("c{number}");
    let bytes = message.len();
    writeln!(
        stream,
        "committer C <c@d.e> {seconds} +0000\ndata {bytes}\n{message}"
    )
    .unwrap();
    for (place, parent) in parents.iter().enumerate() {
        let word = if place == 0 { "from" } else { "merge" };
        writeln!(stream, "{word} :{parent}").unwrap();
    }
    writeln!(stream, "deleteall").unwrap();
    for (path, (mode, content)) in files {
        let content = if *mode == "120000" && content.is_empty() {
            "to"
        } else {
            content
        };
        let bytes = content.len();
        writeln!(stream, "M {mode} inline {path}\ndata {bytes}\n{content}").unwrap();
    }
    stream.push('\n');
}

/// Removes files that stand where others need a folder.
fn tidy(files: &mut Files) {
    let paths: Vec<String> = files.keys().cloned().collect();
    for path in &paths {
        for (at, _) in path.match_indices('/') {
            files.remove(&path[..at]);
        }
    }
}
