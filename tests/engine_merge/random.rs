//! Random histories, written as one stream for `git fast-import`.

use std::collections::BTreeMap;

use super::support::history::Random;

/// The files of a commit: mode and content (a submodule's commit as hex).
pub type Files = BTreeMap<String, (&'static str, Vec<u8>)>;

/// Writes commits, each with all its files.
#[derive(Default)]
pub struct Stream {
    pub out: Vec<u8>,
    marks: u32,
}

impl Stream {
    /// Writes a commit; gives its mark. Each is a second younger than the one before.
    pub fn commit(&mut self, parents: &[u32], files: &Files) -> u32 {
        self.marks += 1;
        let mark = self.marks;
        let time = 1_700_000_000 + u64::from(mark);
        self.line(&format!("commit refs/heads/b{mark}\nmark :{mark}"));
        self.line(&format!(
            "committer A <a@example.com> {time} +0000\ndata 1\nx"
        ));
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            self.line(&format!("{word} :{parent}"));
        }
        self.line("deleteall");
        for (path, (mode, content)) in files {
            if *mode == "160000" {
                let id = String::from_utf8_lossy(content);
                self.line(&format!("M {mode} {id} {path}"));
                continue;
            }
            self.line(&format!("M {mode} inline {path}\ndata {}", content.len()));
            self.out.extend_from_slice(content);
            self.out.push(b'\n');
        }
        mark
    }

    fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
    }
}

const DIRECTORIES: [&str; 7] = ["", "a/", "b/", "a/c/", "b/d/", "e/", "a/c/f/"];

fn any_path(random: &mut Random) -> String {
    let directory = DIRECTORIES[random.below(DIRECTORIES.len())];
    format!("{directory}n{}", random.below(12))
}

/// A line, of few distinct ones now and then.
fn line(random: &mut Random) -> Vec<u8> {
    let mut line = match random.below(10) {
        0 => b"}".to_vec(),
        1 => Vec::new(),
        2 => format!("  common {}", random.below(4)).into_bytes(),
        _ => format!("line {} of many", random.below(100_000)).into_bytes(),
    };
    line.push(b'\n');
    line
}

fn content(random: &mut Random) -> Vec<u8> {
    match random.below(30) {
        0 => return Vec::new(),
        1 => return vec![0, 1, 2, u8::try_from(random.below(200)).unwrap()],
        _ => {}
    }
    let with_cr = random.percent(8);
    let mut content: Vec<u8> = (0..=random.below(24)).flat_map(|_| line(random)).collect();
    if with_cr {
        content = String::from_utf8(content)
            .unwrap()
            .replace('\n', "\r\n")
            .into_bytes();
    }
    if random.percent(8) {
        content.pop();
    }
    content
}

/// Changes some lines.
pub fn edit(random: &mut Random, content: &[u8]) -> Vec<u8> {
    if content.contains(&0) {
        return vec![0, 9, u8::try_from(random.below(200)).unwrap()];
    }
    let mut lines: Vec<Vec<u8>> = content
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    for _ in 0..=random.below(4) {
        let at = random.below(lines.len() + 1);
        match random.below(4) {
            0 if at < lines.len() => {
                lines.remove(at);
            }
            1 if at < lines.len() => lines[at] = line(random),
            2 => {
                let block: Vec<_> = (0..=random.below(4)).map(|_| line(random)).collect();
                lines.splice(at..at, block);
            }
            _ => lines.insert(at, line(random)),
        }
    }
    lines.concat()
}

/// Puts a file, and takes away the entries in its way.
fn put(files: &mut Files, path: &str, file: (&'static str, Vec<u8>)) {
    let below = format!("{path}/");
    files.retain(|other, _| !other.starts_with(&below) && !path.starts_with(&format!("{other}/")));
    files.insert(path.to_owned(), file);
}

/// A first commit's files.
pub fn first_files(random: &mut Random) -> Files {
    let mut files = Files::new();
    for _ in 0..4 + random.below(14) {
        let path = any_path(random);
        let content = content(random);
        put(&mut files, &path, ("100644", content));
    }
    if random.percent(15) {
        put(&mut files, "sub", ("160000", vec![b'1'; 40]));
    }
    if random.percent(15) {
        put(&mut files, "link", ("120000", b"n1".to_vec()));
    }
    files
}

fn any_file(random: &mut Random, files: &Files) -> Option<String> {
    if files.is_empty() {
        return None;
    }
    files.keys().nth(random.below(files.len())).cloned()
}

/// Some changes of one side.
pub fn change(random: &mut Random, files: &Files, count: usize) -> Files {
    let mut changed = files.clone();
    for _ in 0..count {
        change_once(random, &mut changed);
    }
    changed
}

fn change_once(random: &mut Random, files: &mut Files) {
    let Some(path) = any_file(random, files) else {
        let content = content(random);
        put(files, "n0", ("100644", content));
        return;
    };
    let (mode, old) = files[&path].clone();
    match random.below(20) {
        0..=7 if mode.starts_with("100") => {
            let new = edit(random, &old);
            files.insert(path, (mode, new));
        }
        8 | 9 => {
            files.remove(&path);
        }
        10 => {
            let new = any_path(random);
            let content = content(random);
            put(files, &new, ("100644", content));
        }
        11..=13 => {
            let new = any_path(random);
            files.remove(&path);
            let content = if mode.starts_with("100") && random.percent(50) {
                edit(random, &old)
            } else {
                old
            };
            put(files, &new, (mode, content));
        }
        14 | 15 => rename_directory(random, files),
        16 if mode.starts_with("100") => {
            files.insert(
                path,
                (if mode == "100644" { "100755" } else { "100644" }, old),
            );
        }
        17 => {
            let target = format!("n{}", random.below(3)).into_bytes();
            files.insert(path, ("120000", target));
        }
        18 => {
            let digit = b'1' + u8::try_from(random.below(4)).unwrap();
            put(files, "sub", ("160000", vec![digit; 40]));
        }
        19 => {
            // A file where a directory was, or a directory where a file was.
            let new = if random.percent(50) {
                format!("{path}/n{}", random.below(3))
            } else {
                DIRECTORIES[1 + random.below(6)]
                    .trim_end_matches('/')
                    .to_owned()
            };
            let content = content(random);
            put(files, &new, ("100644", content));
        }
        _ => {}
    }
}

fn rename_directory(random: &mut Random, files: &mut Files) {
    let from = DIRECTORIES[1 + random.below(6)];
    let to = ["g/", "h/", "a/k/", "b/", ""][random.below(5)];
    let moved: Vec<String> = files
        .keys()
        .filter(|path| path.starts_with(from))
        .cloned()
        .collect();
    for path in moved {
        let Some((mode, mut content)) = files.remove(&path) else {
            continue;
        };
        if mode.starts_with("100") && random.percent(20) {
            content = edit(random, &content);
        }
        put(
            files,
            &format!("{to}{}", &path[from.len()..]),
            (mode, content),
        );
    }
}
