//! Real git, the oracle, in repositories of its own.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The revisions that reach all of [`history`].
pub const EVERYTHING: &str = "main\nv1\n";

/// A repository that is removed with the value.
pub struct Repository {
    directory: TempDir,
}

impl Repository {
    pub fn new() -> Self {
        let repository = Self {
            directory: TempDir::new().unwrap(),
        };
        repository.run(&["init", "-q", "-b", "main"]);
        repository
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn run(&self, arguments: &[&str]) -> Vec<u8> {
        self.run_with(arguments, b"")
    }

    /// Runs git with this on its standard input; gives its standard output.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_AUTHOR_NAME", "A U Thor")
            .env("GIT_AUTHOR_EMAIL", "author@example.com")
            .env("GIT_COMMITTER_NAME", "C O Mitter")
            .env("GIT_COMMITTER_EMAIL", "committer@example.com")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let feed = std::thread::Builder::new()
            .spawn(move || stdin.write_all(&input))
            .unwrap();
        let output = child.wait_with_output().unwrap();
        // Git may stop reading early; its exit status tells the reason.
        let _ = feed.join().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {errors}");
        output.stdout
    }

    pub fn line(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments))
            .unwrap()
            .trim()
            .to_owned()
    }

    /// The pack of the objects that `revisions` (as `rev-list` reads them) reach.
    pub fn pack(&self, options: &[&str], revisions: &str) -> Vec<u8> {
        let arguments = [&["pack-objects", "-q", "--stdout", "--revs"], options].concat();
        self.run_with(&arguments, revisions.as_bytes())
    }

    /// Makes a commit of the worktree and gives its id.
    pub fn commit(&self, message: &str) -> String {
        self.run(&["add", "-A"]);
        self.run(&["commit", "-q", "--allow-empty", "-m", message]);
        self.line(&["rev-parse", "HEAD"])
    }

    /// Kind and content of each object named, by `cat-file --batch`.
    pub fn objects(&self, ids: &[String]) -> Vec<(String, Vec<u8>)> {
        let input = ids.join("\n") + "\n";
        let output = self.run_with(&["cat-file", "--batch"], input.as_bytes());
        let mut rest = output.as_slice();
        ids.iter()
            .map(|id| {
                let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
                let header = String::from_utf8(rest[..end].to_vec()).unwrap();
                let mut words = header.split(' ');
                assert_eq!(words.next(), Some(id.as_str()), "{header}");
                let kind = words.next().unwrap().to_owned();
                let size: usize = words.next().unwrap().parse().unwrap();
                let content = rest[end + 1..end + 1 + size].to_vec();
                rest = &rest[end + size + 2..];
                (kind, content)
            })
            .collect()
    }

    /// All ids that the repository has, sorted.
    pub fn all_ids(&self) -> Vec<String> {
        let arguments = [
            "cat-file",
            "--batch-all-objects",
            "--batch-check=%(objectname)",
        ];
        let output = String::from_utf8(self.run(&arguments)).unwrap();
        output.lines().map(str::to_owned).collect()
    }
}

/// Numbers that look random and are the same each time.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }

    pub fn word(&mut self) -> String {
        format!("{:x}", self.next() % 5000)
    }
}

/// A repository with a history of edits: deltas several links deep, directories, tags, a blob of
/// several chunks. Gives the commits, oldest first.
pub fn history(commits: usize, seed: u64) -> (Repository, Vec<String>) {
    let repository = Repository::new();
    let mut noise = Noise(seed);
    for directory in ["src", "src/deep", "doc"] {
        std::fs::create_dir_all(repository.path().join(directory)).unwrap();
    }
    let mut files: Vec<(String, Vec<String>)> = Vec::new();
    for number in 0..12 {
        let directory = ["", "src/", "src/deep/", "doc/"][number % 4];
        let lines = (0..150).map(|_| noise.word()).collect();
        files.push((format!("{directory}file{number}.txt"), lines));
    }
    std::fs::write(repository.path().join("large.bin"), noise.bytes(900_000)).unwrap();
    let ids = (0..commits).map(|number| {
        for _ in 0..4 {
            let chosen = noise.below(files.len());
            let (name, lines) = &mut files[chosen];
            let line = noise.below(lines.len());
            lines[line] = noise.word();
            std::fs::write(repository.path().join(&*name), lines.join("\n")).unwrap();
        }
        repository.commit(&format!("commit {number}"))
    });
    let ids: Vec<String> = ids.collect();
    repository.run(&["tag", "-a", "-m", "a tag", "v1", &ids[commits / 2]]);
    (repository, ids)
}
