//! For tests: real git's servers, and the requests of real git's clients.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The agent that git is told to use, so that its answers can be compared.
pub(crate) const AGENT: &str = "git/test";

/// A folder with a bare repository `server` and a clone `client` of it.
pub(crate) struct Sandbox(TempDir);

impl Sandbox {
    /// Two commits on `main`, the branch `topic` at the first, an annotated and a plain tag.
    pub(crate) fn with_history() -> Self {
        let sandbox = Self::empty();
        let client = sandbox.path("client");
        for arguments in [
            &["commit", "-q", "--allow-empty", "-m", "one"][..],
            &["branch", "topic"],
            &["commit", "-q", "--allow-empty", "-m", "two"],
            &["tag", "-a", "-m", "first", "v1"],
            &["tag", "plain"],
            &["push", "-q", "--all", "../server"],
            &["push", "-q", "--tags", "../server"],
        ] {
            run(&client, arguments, &[]);
        }
        sandbox
    }

    /// A repository without refs, whose `HEAD` names `main`.
    pub(crate) fn empty() -> Self {
        let sandbox = Self(TempDir::new().unwrap());
        run(
            sandbox.0.path(),
            &["init", "-q", "--bare", "-b", "main", "server"],
            &[],
        );
        run(
            sandbox.0.path(),
            &["init", "-q", "-b", "main", "client"],
            &[],
        );
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs git in the server's repository and gives its output.
    pub(crate) fn server(&self, arguments: &[&str]) -> String {
        String::from_utf8(run(&self.path("server"), arguments, &[]))
            .unwrap()
            .trim()
            .to_owned()
    }

    /// The refs as `ls-refs` shows them: `HEAD` first if it resolves, then sorted; each with its
    /// id and the id that it peels to.
    pub(crate) fn refs(&self) -> Vec<(String, String, String)> {
        let format = "--format=%(refname) %(objectname) %(*objectname)";
        let listing = self.server(&["for-each-ref", format]);
        let line = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            let mut word = || words.next().unwrap_or_default();
            (word(), word(), word())
        };
        let refs: Vec<_> = listing.lines().map(line).collect();
        let main = refs.iter().find(|(name, ..)| name == "refs/heads/main");
        let head = main.map(|(_, id, peeled)| ("HEAD".to_owned(), id.clone(), peeled.clone()));
        head.into_iter().chain(refs.clone()).collect()
    }

    /// The answer of git's server over stateless HTTP. With an empty `body` this asks for
    /// `info/refs`.
    pub(crate) fn answer(&self, service: &str, version: u8, body: &[u8]) -> Vec<u8> {
        let request = self.path("request");
        fs::write(&request, body).unwrap();
        let mode = if body.is_empty() {
            "--http-backend-info-refs"
        } else {
            "--stateless-rpc"
        };
        let output = git(self.0.path())
            .args([service, mode, "server"])
            .env("GIT_PROTOCOL", format!("version={version}"))
            .stdin(File::open(&request).unwrap())
            .output()
            .unwrap();
        output.stdout
    }

    /// Runs git in the client, with `REMOTE` standing for the server, and gives the bytes that it sent over
    /// the one connection that it made.
    pub(crate) fn sent(&self, service: &str, version: u8, arguments: &[&str]) -> Vec<u8> {
        let (log, server) = (self.path("sent"), self.path("server"));
        let remote = format!(
            "ext::sh -c tee% {}|{service}% {}",
            log.display(),
            server.display()
        );
        let mut all = vec!["-c", "protocol.ext.allow=always"];
        all.extend(
            arguments
                .iter()
                .map(|word| if *word == "REMOTE" { &remote } else { *word }),
        );
        let version = format!("version={version}");
        run(&self.path("client"), &all, &[("GIT_PROTOCOL", &version)]);
        fs::read(log).unwrap()
    }
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .stderr(Stdio::piped())
        .env("GIT_USER_AGENT", AGENT);
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.com"),
    ] {
        command.env(name, value);
    }
    command
}

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<u8> {
    let output = git(folder)
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {problem}");
    output.stdout
}
