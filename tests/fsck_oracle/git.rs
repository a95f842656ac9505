//! Real git, asked about objects.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cairn::git::hash::{self, PackHasher};
use cairn::git::object::ObjectKind;
use cairn::git::object::facts::CommitFacts;
use cairn::git::object::fsck::MessageId;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix_hash::ObjectId;

/// One line of `git fsck` about an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    pub is_error: bool,
    /// `<message id>: <text>`, up to the first newline and 200 characters.
    pub text: String,
}

/// The findings of one run of `git fsck`.
#[derive(Debug, Default)]
pub struct Verdict {
    pub messages: BTreeMap<ObjectId, BTreeSet<Message>>,
    /// Objects that did not parse, so that git reports no more about them.
    pub unparsed: BTreeSet<ObjectId>,
}

/// A bare repository in a folder of its own.
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    pub fn new() -> Self {
        let repository = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        repository.git(&["init", "--quiet", "--bare", "."], b"");
        repository
    }

    pub fn clone_of(bundle: &Path) -> Self {
        let repository = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        repository.git(
            &["clone", "--quiet", "--bare", bundle.to_str().unwrap(), "."],
            b"",
        );
        repository
    }

    /// Branches, a merge, tags, submodules and names that are nearly special.
    pub fn with_history() -> Self {
        let repository = Self::new();
        let mut stream = Vec::new();
        let who = "A U Thor <a@example.com>";
        writeln!(stream, "reset refs/heads/main").unwrap();
        for number in 0..40 {
            writeln!(stream, "commit refs/heads/main\nmark :{}", number + 1).unwrap();
            writeln!(stream, "committer {who} {} +0100", 1_700_000_000 + number).unwrap();
            writeln!(stream, "data 5\nline\n").unwrap();
            if number > 0 {
                writeln!(stream, "from :{number}").unwrap();
            }
            if number == 30 {
                writeln!(stream, "merge :7").unwrap();
            }
            for name in [
                "foo",
                "foo.c",
                "foo-bar/x",
                "gitweb/.github",
                "dir/foo0",
                ".gitignore",
            ] {
                writeln!(
                    stream,
                    "M 100644 inline {name}{number}\ndata 2\n{}",
                    number % 10
                )
                .unwrap();
                writeln!(stream, "M 100644 inline {name}\ndata 2\n{}", number % 7).unwrap();
            }
            let modules = "[submodule \"sub\"]\n\tpath = sub\n\turl = ../sub.git\n";
            writeln!(
                stream,
                "M 100644 inline .gitmodules\ndata {}",
                modules.len()
            )
            .unwrap();
            stream.extend_from_slice(modules.as_bytes());
            writeln!(
                stream,
                "M 100644 inline dir/.gitattributes\ndata 7\n* -text"
            )
            .unwrap();
            writeln!(stream, "M 120000 inline link\ndata 3\nfoo").unwrap();
            writeln!(stream, "M 160000 {:040x} sub", number + 1).unwrap();
        }
        writeln!(
            stream,
            "tag v1\nfrom :20\ntagger {who} 1700000000 -0800\ndata 4\ntag\n"
        )
        .unwrap();
        repository.git(&["fast-import", "--quiet"], &stream);
        repository
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env_remove("GIT_DIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // Git may stop reading early.
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output().unwrap()
        })
    }

    fn git(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.run(arguments, input);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
        output.stdout
    }

    /// Writes a loose object, however malformed.
    pub fn write(&self, kind: ObjectKind, content: &[u8]) -> ObjectId {
        let id = hash::object_id(kind, content).unwrap();
        let hex = id.to_string();
        let (folder, file) = hex.split_at(2);
        let folder = self.folder.path().join("objects").join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        write!(encoder, "{kind} {}\0", content.len()).unwrap();
        encoder.write_all(content).unwrap();
        std::fs::write(folder.join(file), encoder.finish().unwrap()).unwrap();
        id
    }

    pub fn read_blob(&self, id: ObjectId) -> Vec<u8> {
        self.git(&["cat-file", "blob", &id.to_string()], b"")
    }

    pub fn fsck(&self, strict: bool) -> Verdict {
        let strictness = if strict { "--strict" } else { "--no-strict" };
        self.fsck_with(&[], strictness)
    }

    /// `git fsck --strict` where these messages are only warned of.
    pub fn fsck_lenient(&self, warned: &[MessageId]) -> Verdict {
        let settings = warned.iter().map(|id| format!("fsck.{}=warn", id.name()));
        self.fsck_with(&settings.collect::<Vec<_>>(), "--strict")
    }

    fn fsck_with(&self, settings: &[String], strictness: &str) -> Verdict {
        let mut arguments: Vec<_> = settings
            .iter()
            .flat_map(|setting| ["-c", setting.as_str()])
            .collect();
        arguments.extend(["fsck", strictness, "--no-dangling", "--no-progress"]);
        arguments.push("--no-reflogs");
        let output = self.run(&arguments, b"");
        let mut verdict = Verdict::default();
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            verdict.read_line(line);
        }
        verdict
    }

    /// The first fault that `git hash-object` finds in an object.
    pub fn first_flaw(&self, kind: ObjectKind, content: &[u8]) -> Option<String> {
        let output = self.run(&["hash-object", "-t", kind.name(), "--stdin"], content);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let flaw = stderr
            .lines()
            .find_map(|line| line.strip_prefix("error: object fails fsck: "));
        flaw.map(|flaw| flaw.chars().take(200).collect())
    }

    /// `index-pack` takes a pack of this object alone, checked as a push is checked where these
    /// messages are only warned of (`receive.fsck.<msg-id>`).
    pub fn index_pack_accepts(
        &self,
        kind: ObjectKind,
        content: &[u8],
        warned: &[MessageId],
    ) -> bool {
        let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
        let mut size = content.len();
        let mut byte = (kind as u8) << 4 | u8::try_from(size & 15).unwrap();
        size >>= 4;
        while size > 0 {
            pack.push(byte | 0x80);
            byte = u8::try_from(size & 127).unwrap();
            size >>= 7;
        }
        pack.push(byte);
        let mut encoder = ZlibEncoder::new(pack, Compression::fast());
        encoder.write_all(content).unwrap();
        let mut pack = encoder.finish().unwrap();
        let mut hasher = PackHasher::default();
        hasher.update(&pack);
        pack.extend_from_slice(&hasher.finish());
        // As `--strict`, save that the objects that this one names may be missing.
        let warned = warned.iter().map(|id| format!("{}=warn", id.name()));
        let warned = warned.collect::<Vec<_>>().join(",");
        let check = match warned.as_str() {
            "" => "--fsck-objects".to_owned(),
            warned => format!("--fsck-objects={warned}"),
        };
        self.run(&["index-pack", &check, "--stdin"], &pack)
            .status
            .success()
    }

    /// The facts that git parses out of commits.
    pub fn commit_facts(
        &self,
        ids: impl Iterator<Item = ObjectId>,
    ) -> BTreeMap<ObjectId, CommitFacts> {
        let ids = ids.map(|id| id.to_string()).collect::<Vec<_>>().join("\n");
        let shown = |option: &str| {
            let arguments = ["rev-list", "--no-walk=unsorted", option, "--stdin"];
            String::from_utf8(self.git(&arguments, ids.as_bytes())).unwrap()
        };
        let parse = |hex: &str| ObjectId::from_hex(hex.as_bytes()).unwrap();
        let mut facts = BTreeMap::new();
        for line in shown("--format=%H %T %P")
            .lines()
            .filter(|l| !l.starts_with("commit "))
        {
            let mut ids = line.split_ascii_whitespace().map(parse);
            let (id, tree) = (ids.next().unwrap(), ids.next().unwrap());
            facts.insert(
                id,
                CommitFacts {
                    tree,
                    parents: ids.collect(),
                    time: 0,
                },
            );
        }
        for line in shown("--timestamp").lines() {
            let (time, id) = line.split_once(' ').unwrap();
            facts.get_mut(&parse(id)).unwrap().time = time.parse().unwrap();
        }
        facts
    }
}

impl Verdict {
    fn read_line(&mut self, line: &str) {
        if let Some((id, _)) = line
            .strip_prefix("error: ")
            .and_then(|rest| rest.split_once(": object could not be parsed"))
        {
            self.unparsed
                .insert(ObjectId::from_hex(id.as_bytes()).unwrap());
            return;
        }
        let (is_error, rest) = match (
            line.strip_prefix("error in "),
            line.strip_prefix("warning in "),
        ) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return,
        };
        let Some((object, text)) = rest.split_once(": ") else {
            return;
        };
        let Some((_, id)) = object.rsplit_once(' ') else {
            return;
        };
        let Ok(id) = ObjectId::from_hex(id.as_bytes()) else {
            return;
        };
        // A line about a link to a missing object has no message id.
        if !text.contains(": ") {
            return;
        }
        let text = text.chars().take(200).collect();
        self.messages
            .entry(id)
            .or_default()
            .insert(Message { is_error, text });
    }
}

/// All objects of a repository, in memory.
pub struct Objects {
    stream: Vec<u8>,
    objects: Vec<(ObjectId, ObjectKind, std::ops::Range<usize>)>,
}

impl Objects {
    pub fn of(repository: &Repository) -> Self {
        let arguments = ["cat-file", "--batch-all-objects", "--batch", "--unordered"];
        let stream = repository.git(&arguments, b"");
        let mut objects = Vec::new();
        let mut at = 0;
        while let Some(header_bytes) = stream[at..].iter().position(|byte| *byte == b'\n') {
            let header = std::str::from_utf8(&stream[at..at + header_bytes]).unwrap();
            let mut words = header.split(' ');
            let id = ObjectId::from_hex(words.next().unwrap().as_bytes()).unwrap();
            let kind = ObjectKind::from_name(words.next().unwrap().as_bytes()).unwrap();
            let size: usize = words.next().unwrap().parse().unwrap();
            let start = at + header_bytes + 1;
            objects.push((id, kind, start..start + size));
            at = start + size + 1;
        }
        Self { stream, objects }
    }

    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, ObjectKind, &[u8])> {
        self.objects
            .iter()
            .map(|(id, kind, range)| (*id, *kind, &self.stream[range.clone()]))
    }
}
