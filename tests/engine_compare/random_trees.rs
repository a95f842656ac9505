//! A repository of many random trees, each a few edits away from the one before it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use gix_hash::ObjectId;

use crate::plumbing::git;
use crate::repository::Numbers;

/// A file of a tree.
#[derive(Clone)]
struct File {
    mode: &'static str,
    content: Vec<u8>,
}

type Tree = BTreeMap<Vec<u8>, File>;

/// Makes a repository with `count` trees in `directory`; gives their ids in order.
pub fn make_trees(directory: &Path, seed: u64, count: usize) -> Vec<ObjectId> {
    git(directory, &["init", "-q", "--bare"], b"");
    let mut maker = Maker {
        numbers: Numbers(seed),
        tree: Tree::new(),
    };
    let mut stream = Vec::new();
    for number in 1..=count {
        let before = maker.tree.clone();
        maker.edit();
        write!(
            stream,
            "commit refs/heads/main\nmark :{number}\ncommitter A <a@example.com> {} +0000\ndata 0\n",
            1_700_000_000 + number
        )
        .unwrap();
        maker.write_changes(&before, &mut stream);
    }
    git(directory, &["fast-import", "--quiet"], &stream);
    let listed = git(directory, &["log", "--reverse", "--format=%T", "main"], b"");
    let ids: Vec<ObjectId> = listed
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| ObjectId::from_hex(line).unwrap())
        .collect();
    assert_eq!(ids.len(), count);
    ids
}

struct Maker {
    numbers: Numbers,
    tree: Tree,
}

const FOLDERS: [&[u8]; 8] = [
    b"",
    b"",
    b"src/",
    b"src/deep/",
    b"src/deep/er/",
    b"old name/",
    b"caf\xc3\xa9/",
    b"z/",
];

const NAMES: [&[u8]; 14] = [
    b"Makefile",
    b"a.txt",
    b"b.txt",
    b"main.rs",
    b"lib.rs",
    b"with space",
    b"tab\there",
    b"quote\"d",
    b"back\\slash",
    b"new\nline",
    b"\xc3\xa4\xc3\xb6",
    b"bad\xff",
    b"src",
    b"z",
];

const LINES: [&[u8]; 24] = [
    b"",
    b"",
    b"}",
    b"    }",
    b"{",
    b"fn main() {",
    b"pub fn other(arg: u32) -> u32 {",
    b"    let x = 1;",
    b"    let y = 2;",
    b"        deeper();",
    b"        deeper(again);",
    b"\tindented by a tab",
    b"  ",
    b"return x;",
    b"_private: 1",
    b"$dollar",
    b"struct A {",
    b"caf\xc3\xa9 au lait",
    b"latin \xe9",
    b"\x0cform feed",
    b"\x0b vertical",
    b"trailing blanks   ",
    b"# a heading that is rather long, and goes on and on until it has more than eighty bytes in it",
    b"\\ No newline at end of file",
];

impl Maker {
    fn edit(&mut self) {
        for _ in 0..=self.numbers.below(6) {
            match self.numbers.below(100) {
                0..35 => self.change_content(),
                35..50 => self.create(),
                50..58 => self.delete(),
                58..74 => self.rename(),
                74..80 => self.rename_folder(),
                80..88 => self.change_mode(),
                88..94 => self.copy(),
                _ => self.replace(),
            }
        }
    }

    fn any_path(&mut self) -> Option<Vec<u8>> {
        let at = self.numbers.below(self.tree.len());
        self.tree.keys().nth(at).cloned()
    }

    /// A path that no file has, nor is a folder, nor is below a file.
    fn new_path(&mut self) -> Option<Vec<u8>> {
        let folder = self.numbers.one_of(&FOLDERS);
        let mut path = [folder, self.numbers.one_of(&NAMES)].concat();
        if self.numbers.percent(30) {
            path.extend(self.numbers.below(40).to_string().into_bytes());
        }
        let clashes = self.tree.keys().any(|other| {
            let is_below = |longer: &[u8], shorter: &[u8]| {
                longer.starts_with(shorter) && longer.get(shorter.len()) == Some(&b'/')
            };
            *other == path || is_below(other, &path) || is_below(&path, other)
        });
        (!clashes).then_some(path)
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = self.numbers.one_of(&LINES).to_vec();
        if self.numbers.percent(40) {
            line.extend(self.numbers.below(60).to_string().into_bytes());
        }
        if self.numbers.percent(2) {
            line.push(b'\r');
        }
        line.push(b'\n');
        line
    }

    fn content(&mut self) -> Vec<u8> {
        match self.numbers.below(100) {
            0..5 => return Vec::new(),
            5..10 => {
                let length = self.numbers.below(300);
                return (0..length)
                    .map(|_| b"\0\x01\x02\x03"[self.numbers.below(4)])
                    .collect();
            }
            _ => {}
        }
        let lines = match self.numbers.below(100) {
            0..75 => self.numbers.below(40),
            75..97 => self.numbers.below(200),
            _ => self.numbers.below(2500),
        };
        let mut content: Vec<u8> = (0..lines).flat_map(|_| self.line()).collect();
        if self.numbers.percent(15) {
            content.pop();
        }
        content
    }

    fn file(&mut self) -> File {
        let mode = match self.numbers.below(100) {
            0..75 => "100644",
            75..85 => "100755",
            85..94 => "120000",
            _ => "160000",
        };
        let content = match mode {
            "120000" => [&b"to/"[..], self.numbers.one_of(&NAMES)].concat(),
            "160000" => format!("{:040x}", self.numbers.below(1 << 30)).into_bytes(),
            _ => self.content(),
        };
        File { mode, content }
    }

    fn create(&mut self) {
        if let Some(path) = self.new_path() {
            let file = self.file();
            self.tree.insert(path, file);
        }
    }

    fn delete(&mut self) {
        if let Some(path) = self.any_path() {
            self.tree.remove(&path);
        }
    }

    /// Puts another kind of file in the place of one: a link, a submodule, a folder.
    fn replace(&mut self) {
        let Some(path) = self.any_path() else { return };
        self.tree.remove(&path);
        let file = self.file();
        if self.numbers.percent(30) {
            let below = [&path, &b"/below"[..]].concat();
            self.tree.insert(below, file);
        } else {
            self.tree.insert(path, file);
        }
    }

    fn edited(&mut self, content: &[u8]) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> = content
            .split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        for _ in 0..=self.numbers.below(5) {
            let at = self.numbers.below(lines.len() + 1);
            match self.numbers.below(5) {
                0 if at < lines.len() => lines[at] = self.line(),
                1 if at < lines.len() => drop(lines.remove(at)),
                2 if at < lines.len() => {
                    // A block is moved or copied.
                    let end = (at + self.numbers.below(12)).min(lines.len());
                    let block = lines[at..end].to_vec();
                    if self.numbers.percent(50) {
                        lines.drain(at..end);
                    }
                    let to = self.numbers.below(lines.len() + 1);
                    lines.splice(to..to, block);
                }
                _ => {
                    let count = self.numbers.below(6);
                    let added: Vec<_> = (0..count).map(|_| self.line()).collect();
                    lines.splice(at..at, added);
                }
            }
        }
        let mut content = lines.concat();
        if self.numbers.percent(10) && content.last() == Some(&b'\n') {
            content.pop();
        }
        content
    }

    fn change_content(&mut self) {
        let Some(path) = self.any_path() else { return };
        let Some(file) = self.tree.get(&path).cloned() else {
            return;
        };
        let content = match file.mode {
            "100644" | "100755" => self.edited(&file.content),
            _ => self.file().content,
        };
        let content = match file.mode {
            "160000" => format!("{:040x}", self.numbers.below(1 << 30)).into_bytes(),
            "120000" if content.is_empty() => b"target".to_vec(),
            _ => content,
        };
        let mode = file.mode;
        self.tree.insert(path, File { mode, content });
    }

    fn change_mode(&mut self) {
        let Some(path) = self.any_path() else { return };
        if let Some(file) = self.tree.get_mut(&path) {
            file.mode = match file.mode {
                "100644" => "100755",
                "100755" => "100644",
                other => other,
            };
        }
    }

    fn rename(&mut self) {
        let (Some(old), Some(new)) = (self.any_path(), self.new_path()) else {
            return;
        };
        let Some(mut file) = self.tree.remove(&old) else {
            return;
        };
        if self.numbers.percent(60) && file.mode.starts_with("100") {
            file.content = self.edited(&file.content);
        }
        // A rename may need the place of a folder that was its own.
        self.tree.insert(new, file);
    }

    fn rename_folder(&mut self) {
        let (old, new) = (
            self.numbers.one_of(&FOLDERS[2..]),
            self.numbers.one_of(&FOLDERS[2..]),
        );
        let moved = self.tree.keys().filter(|path| path.starts_with(old));
        let moved: Vec<Vec<u8>> = moved.cloned().collect();
        for path in moved {
            let to = [new, &path[old.len()..]].concat();
            let is_free = !self.tree.keys().any(|other| {
                other.starts_with(&to) || to.starts_with(&[&other[..], b"/"].concat())
            });
            if is_free && let Some(mut file) = self.tree.remove(&path) {
                if self.numbers.percent(30) && file.mode.starts_with("100") {
                    file.content = self.edited(&file.content);
                }
                self.tree.insert(to, file);
            }
        }
    }

    fn copy(&mut self) {
        let (Some(old), Some(new)) = (self.any_path(), self.new_path()) else {
            return;
        };
        let file = self.tree[&old].clone();
        self.tree.insert(new, file);
        if self.numbers.percent(40) {
            self.tree.remove(&old);
        }
    }

    /// The commands with which `git fast-import` gets from one tree to the next.
    fn write_changes(&self, before: &Tree, stream: &mut Vec<u8>) {
        for path in before.keys().filter(|path| !self.tree.contains_key(*path)) {
            writeln!(stream, "D {}", quoted(path)).unwrap();
        }
        for (path, file) in &self.tree {
            let is_same = |old: &File| old.mode == file.mode && old.content == file.content;
            if before.get(path).is_some_and(is_same) {
                continue;
            }
            if file.mode == "160000" {
                let id = std::str::from_utf8(&file.content).unwrap();
                writeln!(stream, "M 160000 {id} {}", quoted(path)).unwrap();
                continue;
            }
            writeln!(stream, "M {} inline {}", file.mode, quoted(path)).unwrap();
            writeln!(stream, "data {}", file.content.len()).unwrap();
            stream.extend_from_slice(&file.content);
            stream.push(b'\n');
        }
    }
}

fn quoted(path: &[u8]) -> String {
    let byte = |byte: &u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        other => format!("\\{other:03o}"),
    };
    format!("\"{}\"", path.iter().map(byte).collect::<String>())
}
