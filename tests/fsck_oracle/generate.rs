//! Objects that are nearly right: well-formed ones made of doubtful parts, then damaged.

use std::fmt::Write;

/// A seeded source of objects: the same seed gives the same objects.
pub struct Generator {
    state: u64,
}

const IDENTS: &[&str] = &[
    "A U Thor <a@example.com> 1700000000 +0100",
    "A U Thor <a@example.com> 1700000000 +0100",
    "A U Thor <a@example.com> 1700000000 +0100",
    "A <> 0 -0000",
    "<a@b> 1 +0000",
    "A<a@b> 1 +0000",
    "A <a@b>1 +0000",
    "A <a@b",
    "A a@b> 1 +0000",
    "A <a@b> 01 +0000",
    "A <a@b> 9223372036854775808 +0000",
    "A <a@b> 18446744073709551616 +0000",
    "A <a@b> -5 +0000",
    "A <a@b> 5 0000",
    "A <a@b> 5 +00000",
    "A <a@b>  \t5 +0000",
    "A <a@b> 5",
    "A <a> <b> 7 +0000",
    "",
];

const NAMES: &[&str] = &[
    "a",
    "a",
    "a.c",
    "a-b",
    "a/b",
    "a0",
    "foo",
    "foo.bar",
    "foo.bar.baz",
    "foo-",
    "README",
    ".",
    "..",
    ".git",
    ".GIT",
    ".git ",
    ".git...",
    "git~1",
    "GIT~1 ",
    "git~2",
    ".git::$DATA",
    ".g\u{200c}it",
    "\u{feff}.git",
    ".git\u{fffe}",
    ".git\u{ffff}x",
    "x\\.git",
    ".git\\x",
    "x\\git~1",
    ".gitmodules",
    ".GitModules",
    ".gitmodules ",
    ".gitmodules::x",
    "gitmod~1",
    "gitmod~4",
    "gitmod~5",
    "GI7EBA~1",
    "gi7eb~10",
    "gi7~1234",
    "~1234567",
    "~0234567",
    "gi7eba~0",
    ".gitmod\u{200d}ules",
    "x\\.gitmodules",
    "x\\y\\gitmod~1",
    ".gitattributes",
    "gitatt~2",
    "GI7D29~3",
    ".gitignore",
    "gitign~1",
    "gi250a~1",
    ".mailmap",
    "mailma~1",
    "MABA30~9",
    ".mailmap.",
    ".github",
    ".gitmodulesx",
    ".gitmodules/",
    ".git/x",
    "g",
    "~",
    "~1",
];

const MODES: &[&str] = &[
    "100644",
    "100644",
    "100644",
    "100755",
    "40000",
    "40000",
    "120000",
    "160000",
    "100664",
    "040000",
    "0100644",
    "100600",
    "0",
    "777777777777",
    "8",
    "",
    "10 0644",
    "140000",
];

const MODULES: &[&str] = &[
    "[submodule \"a\"]\n",
    "[submodule \"a\"]\r\n",
    "[submodule \"../a\"]\n",
    "[submodule \"a\\\\..\\\\b\"]\n",
    "[submodule \"..\"]",
    "[submodule \"\"]\n",
    "[submodule.x]\n",
    "[submodule.x \"y\"]",
    "[SUBMODULE \"x.url\0\"]\n",
    "[submodule]\n",
    "[submodule \"a\\\"b\"]\n",
    "[core]\n",
    "[submodule \"a\"",
    "[submodule  \t\"a\"] ; x\n",
    "\tpath = a\n",
    "\tpath = -a\n",
    "\tPath = \"-a\"\n",
    "\tpath\n",
    "path = \\\n-x\n",
    "\tupdate = !rm\n",
    "\tupdate = \" !rm\"\n",
    "\tupdate = !rm # x\n",
    "\tupdate = \"\" !x\n",
    "\turl = ../x\n",
    "\turl = -x\n",
    "\turl = https://example.com/%0ax\n",
    "\turl = \\t-x\n",
    "\turl = \"https://example.com/a\\nb\"\n",
    "\turl = https://:80/\n",
    "\turl = http::x\n",
    "\turl = https://example.com/../x\n",
    "\turl = ../%0A\n",
    "\turl = ..//x\n",
    "\turl = git://x/%0a\n",
    "\turl = https://h/%0a/../x\n",
    "\turl = http://u%0a@h\n",
    "\turl = ftp://h:00/x\n",
    "\turl = ftps://h:070000/x\n",
    "\turl = http::file:///x\n",
    "\turl = http::file://:/%0a\n",
    "\turl = http://[::1]:80\n",
    "\turl = https://h/%250a\n",
    "\turl = https://h/a/./../b/%zz\n",
    "\turl = .\\..\\:x\n",
    "\turl = https://h?%0a\n",
    "\turl = https://h:80:81/\n",
    "\turl = https://h_-[/\n",
    "\turl = http://h]:/\n",
    "\turl = a\0-x\n",
    "# comment\n",
    ";x\n",
    "\u{feff}",
    "\n",
    "\r",
    "\\",
    "\"",
    "=",
    " ",
    "foo = \"a ; b\" c # d\n",
    "fetchRecurseSubmodules = true\n",
    "-x\n",
    "[a\n",
    "]",
];

const DAMAGE: &[&str] = &[
    " ",
    "\n",
    "\n\n",
    "\0",
    "<",
    ">",
    "0",
    "1",
    "+",
    "-",
    ".",
    "/",
    "\\",
    "~",
    "~1",
    ":",
    "\t",
    "\r",
    "%0a",
    "%",
    "..",
    "tree ",
    "parent ",
    "author ",
    "committer ",
    "object ",
    "type ",
    "tag ",
    "tagger ",
    "\u{200c}",
    "[",
    "]",
    "\"",
    "=",
    "#",
    "@{",
    ".lock",
    "g",
    "T",
    "40000 ",
    "x",
    "100644 ",
];

impl Generator {
    /// `CAIRN_SEED`, a number, makes other objects of the same seed.
    pub fn new(seed: u64) -> Self {
        let shift = std::env::var("CAIRN_SEED").map_or(0, |text| text.parse().unwrap());
        let seed = seed.wrapping_add(u64::wrapping_mul(shift, 1000));
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    fn next(&mut self) -> u64 {
        // xorshift64*
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from((self.next() >> 33) % end as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Ids are never used twice, so that git never takes one object for two kinds.
    fn hex(&mut self) -> String {
        let hex = format!(
            "{:016x}{:016x}{:08x}",
            self.next(),
            self.next(),
            self.next() >> 32
        );
        match self.below(60) {
            0 => hex.to_uppercase(),
            1 => hex[1..].to_owned(),
            2 => hex + "0",
            3 => hex.replace('a', "g"),
            _ => hex,
        }
    }

    pub fn commit(&mut self) -> Vec<u8> {
        let mut content = format!("tree {}\n", self.hex());
        for _ in 0..self.pick(&[0, 1, 1, 2, 3]) {
            writeln!(content, "parent {}", self.hex()).unwrap();
        }
        for _ in 0..self.pick(&[0, 1, 1, 1, 1, 1, 1, 2]) {
            writeln!(content, "author {}", self.pick(IDENTS)).unwrap();
        }
        if self.below(20) > 0 {
            writeln!(content, "committer {}", self.pick(IDENTS)).unwrap();
        }
        content += self.pick(&[
            "\nmessage\n",
            "\n",
            "",
            "encoding x\n\nm",
            "x",
            "\nmess\0age\n",
        ]);
        self.damaged(content.into_bytes(), 2)
    }

    pub fn tag(&mut self) -> Vec<u8> {
        let mut content = format!("object {}\n", self.hex());
        let kinds = [
            "commit", "commit", "tree", "blob", "tag", "commits", "", "Commit",
        ];
        writeln!(content, "type {}", self.pick(&kinds)).unwrap();
        let names = [
            "v1", "v1", "v1", "v1.0", "a/b", "a//b", "/a", "a/", ".a", "a.", "a..b", "a.lock",
            "a.lock/b", "@", "@{", "a b", "a*", "a?", "a[", "a\\b", "a^b", "a~", "a:", "", "é",
            "-a", "a/.b", "a./b", "\u{7f}", "a@", ".lock", "x/.lock", "a.lockx",
        ];
        writeln!(content, "tag {}", self.pick(&names)).unwrap();
        if self.below(6) > 0 {
            writeln!(content, "tagger {}", self.pick(IDENTS)).unwrap();
        }
        content += self.pick(&["\nmessage\n", "\n", "", "gpgsig x\n y\n\nm", "x", "\nm\0\n"]);
        self.damaged(content.into_bytes(), 2)
    }

    pub fn tree(&mut self) -> Vec<u8> {
        let plain = self.below(3) == 0;
        let mut entries = Vec::new();
        for _ in 0..self.pick(&[0, 1, 2, 3, 5, 8, 13]) {
            let name = self.pick(if plain { &NAMES[..10] } else { NAMES });
            let mode = self.pick(if plain { &MODES[..8] } else { MODES });
            entries.push((name.as_bytes().to_vec(), mode));
        }
        if self.below(100) == 0 {
            entries.push((vec![b'x'; 4095 + self.below(3)], "100644"));
        }
        if self.below(4) > 0 {
            // Git's order, as far as the names hold no control bytes.
            entries.sort_by_cached_key(|(name, mode)| {
                let end: &[u8] = if mode.ends_with("40000") { b"/" } else { b"\0" };
                [name, end].concat()
            });
        }
        let mut content = Vec::new();
        for (name, mode) in entries {
            content.extend_from_slice(mode.as_bytes());
            content.push(b' ');
            content.extend_from_slice(&name);
            content.push(0);
            let id: [u8; 20] = std::array::from_fn(|_| self.next().to_be_bytes()[0]);
            content.extend_from_slice(if self.below(40) == 0 { &[0; 20] } else { &id });
        }
        self.damaged(content, 1)
    }

    pub fn gitmodules(&mut self) -> Vec<u8> {
        let mut content = String::new();
        if self.below(3) > 0 {
            content += "[submodule \"a\"]\n";
        }
        for _ in 0..self.below(8) {
            content += self.pick(MODULES);
        }
        self.damaged(content.into_bytes(), 1)
    }

    pub fn gitattributes(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        for _ in 0..self.below(4) {
            let bytes = self.pick(&[3, 100, 2046, 2047, 2048, 2049]);
            content.extend(std::iter::repeat_n(b'x', bytes));
            content.push(self.pick(b"\n\n\n\0"));
        }
        content
    }

    /// Up to so many times, usually fewer: bytes cut, put in, doubled, replaced, or the end cut.
    fn damaged(&mut self, mut content: Vec<u8>, times: usize) -> Vec<u8> {
        for _ in 0..self.below(times + 1) {
            let at = self.below(content.len() + 1);
            let end = (at + self.below(6)).min(content.len());
            match self.below(9) {
                0 => drop(content.drain(at..end)),
                1 | 2 => {
                    let piece = self.pick(DAMAGE).as_bytes();
                    content.splice(at..at, piece.iter().copied());
                }
                3 => {
                    let piece = content[at..end].to_vec();
                    content.splice(at..at, piece);
                }
                4 => {
                    let piece = self.pick(DAMAGE).as_bytes();
                    content.splice(at..end, piece.iter().copied());
                }
                5 => {
                    let byte = self.next().to_be_bytes()[0];
                    content.splice(at..end.min(at + 1), [byte]);
                }
                6 if self.below(3) == 0 => content.truncate(at),
                _ => {}
            }
        }
        content
    }
}
