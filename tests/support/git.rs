//! The real `git`: the client of every story and the oracle of every answer.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The refs of a repository: object id by refname, and the target of `HEAD`.
pub type Refs = BTreeMap<String, String>;

/// Git in one folder, without the machine's or the user's configuration. Author,
/// committer and dates are fixed, so that the same commands make the same object ids.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
    home: PathBuf,
    config: Vec<(String, String)>,
    variables: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether its status was 0.
    pub ok: bool,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error: progress, the server's messages, the reason of a failure.
    pub stderr: String,
}

impl Ended {
    /// The answer as text, without the last newline.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }
}

impl Git {
    /// Git in `folder`, with `home` in place of the user's.
    pub fn in_folder(folder: &Path, home: &Path) -> Self {
        let git = Self {
            folder: folder.to_owned(),
            home: home.to_owned(),
            config: Vec::new(),
            variables: Vec::new(),
        };
        // Maintenance in the background would race with the end of the test.
        git.config("init.defaultBranch", "main")
            .config("gc.auto", "0")
            .config("maintenance.auto", "false")
            .config("advice.detachedHead", "false")
            .config("protocol.version", "2")
    }

    /// The folder it runs in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder in place of the user's home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The same with one more setting, as by `git -c key=value`; the last one of a key counts.
    #[must_use]
    pub fn config(mut self, key: &str, value: &str) -> Self {
        self.config.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same with protocol version 0, 1 or 2 (the default is 2).
    #[must_use]
    pub fn protocol(self, version: u8) -> Self {
        self.config("protocol.version", &version.to_string())
    }

    /// The same with one more environment variable, `GIT_TRACE_PACKET` say.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs a command that must succeed; its answer as text, without the last newline.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.run_with(arguments, b"")
    }

    /// Like [`Self::run`], with standard input.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> String {
        let ended = self.try_run(arguments, input);
        assert!(
            ended.ok,
            "git {} failed:\n{}",
            arguments.join(" "),
            ended.stderr
        );
        ended.text()
    }

    /// Runs a command that must fail; gives its words.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let ended = self.try_run(arguments, b"");
        assert!(
            !ended.ok,
            "git {} succeeded:\n{}",
            arguments.join(" "),
            ended.text()
        );
        ended.stderr
    }

    /// Runs a command, however it may end.
    pub fn try_run(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git is installed");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // A command may answer before it has read everything, or not read at all.
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output().expect("git can be waited for")
        });
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ended {
            ok: status.success(),
            stdout,
            stderr,
        }
    }

    /// The command, not started: to be killed half-way, say.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for (key, value) in &self.config {
            command.arg("-c").arg(format!("{key}={value}"));
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear();
        for kept in ["PATH", "TMPDIR", "LD_LIBRARY_PATH"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_PAGER", "cat")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("NO_PROXY", "127.0.0.1")
            .env("GIT_AUTHOR_NAME", "A U Thor")
            .env("GIT_AUTHOR_EMAIL", "author@example.com")
            .env("GIT_AUTHOR_DATE", "1700000000 +0000")
            .env("GIT_COMMITTER_NAME", "C O Mitter")
            .env("GIT_COMMITTER_EMAIL", "committer@example.com")
            .env("GIT_COMMITTER_DATE", "1700000000 +0000")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Writes a file of the work tree and stages it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.folder.join(path);
        let parent = file.parent().expect("a file is in a folder");
        std::fs::create_dir_all(parent).expect("a folder of the work tree can be made");
        std::fs::write(&file, content).expect("a file of the work tree can be written");
        self.run(&["add", "--", path]);
    }

    /// Commits the staged files, none if need be; the new commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.run(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.run(&["rev-parse", "HEAD"])
    }

    /// The refs of this repository.
    pub fn refs(&self) -> Refs {
        let listed = self.run(&["for-each-ref", "--format=%(objectname) %(refname)"]);
        let mut refs = parse_refs(&listed, ' ');
        let head = self
            .try_run(&["symbolic-ref", "--quiet", "HEAD"], b"")
            .text();
        refs.insert("HEAD".to_owned(), head);
        refs
    }

    /// The refs that a server advertises, peeled tags (`^{}`) apart.
    pub fn remote_refs(&self, url: &str) -> Refs {
        let listed = self.run(&["ls-remote", "--symref", url]);
        let mut refs = Refs::new();
        let mut head = String::new();
        for line in listed.lines() {
            let (value, name) = line.split_once('\t').expect("a tab before the refname");
            match (value.strip_prefix("ref: "), name) {
                (Some(target), _) => target.clone_into(&mut head),
                (None, "HEAD") => {}
                (None, name) if name.ends_with("^{}") => {}
                (None, name) => drop(refs.insert(name.to_owned(), value.to_owned())),
            }
        }
        refs.insert("HEAD".to_owned(), head);
        refs
    }

    /// All objects reachable from `revisions`, sorted.
    pub fn objects(&self, revisions: &[&str]) -> Vec<String> {
        let mut arguments = vec!["rev-list", "--objects", "--no-object-names"];
        arguments.extend(revisions);
        let mut objects: Vec<_> = self.run(&arguments).lines().map(str::to_owned).collect();
        objects.sort_unstable();
        objects
    }

    /// Git's own judgement: every object is sound and every closure is there.
    pub fn fsck_strict(&self) {
        self.run(&[
            "fsck",
            "--strict",
            "--full",
            "--no-dangling",
            "--no-progress",
        ]);
    }
}

/// Both repositories have the same refs at the same objects, and the same `HEAD`.
pub fn refs_equal(left: &Git, right: &Git) {
    let (left_name, right_name) = (left.folder.display(), right.folder.display());
    assert_eq!(
        left.refs(),
        right.refs(),
        "{left_name} against {right_name}"
    );
}

fn parse_refs(listed: &str, separator: char) -> Refs {
    let split = |line: &str| {
        let (id, name) = line
            .split_once(separator)
            .expect("an id before the refname");
        (name.to_owned(), id.to_owned())
    };
    listed.lines().map(split).collect()
}
