//! Other implementations of Git, as clients of the server.
//!
//! Each is a program in this folder that knows the same commands, so that one story is told
//! with all of them. The token comes in the environment variable `CAIRN_TOKEN`.
//!
//! | command | what it does, by that implementation alone |
//! |---|---|
//! | `create <folder> <url>` | a repository with a made history; pushes its branches and tags |
//! | `clone <url> <folder> [<depth>]` | clones |
//! | `fetch <folder> [<depth>]` | fetches from `origin`, and prunes |
//! | `commit <folder> <number>` | commits to `main` as `create` did, and pushes `main` |
//! | `delete <folder> <branch>` | deletes the branch at `origin` |
//!
//! The made history: branches `main` and `topic`, `main` with a merge of `topic` at its tip,
//! the annotated tag `v1` there, and the lightweight tag `light` at the root commit.
//!
//! `scripts/install-clients.sh` installs their tools, outside the package and at pinned
//! versions. A client that a machine cannot install is skipped, and the run says so.

#![allow(clippy::panic, reason = "a panic is how a test fails")]
#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod described;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::installed::{folder, installed};
use crate::support::package_root;
use crate::support::rest::Hosted;
use crate::support::scratch::Scratch;
use crate::support::server::server;

/// A client that is there.
#[derive(Debug, Clone)]
pub struct Client {
    /// The implementation's name, fit for a repository's.
    pub name: &'static str,
    /// Whether it can push; not every one can.
    pub pushes: bool,
    /// Whether a fetch loses the branches that the server no longer has.
    pub prunes: bool,
    /// Whether it can clone with a depth.
    pub shallow: bool,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    /// The `git` that `git.sh` runs.
    git: Option<PathBuf>,
}

/// A client, or why it is not there.
pub type Found = Result<Client, String>;

/// libgit2, by way of pygit2.
pub fn libgit2() -> Found {
    python("libgit2", "libgit2.py")
}

/// dulwich, which is Git in Python.
pub fn dulwich() -> Found {
    python("dulwich", "dulwich_porcelain.py")
}

/// isomorphic-git, which is Git in JavaScript.
pub fn isomorphic_git() -> Found {
    installed("npm")?;
    let node = package_root().join("scripts/node");
    Ok(Client::new(
        "isomorphic-git",
        node,
        [script("isomorphic.mjs")],
    ))
}

/// `JGit`, which is Git in Java. The one of Debian is from before it knew shallow clones.
pub fn jgit() -> Found {
    let folder = installed("jgit")?;
    let jars = folder.join("jars/*");
    let path = format!("{}:{}", folder.join("classes").display(), jars.display());
    // Java does not ask the environment where the user's configuration is.
    let home = format!("-Duser.home={}", folder.join("home").display());
    let arguments = ["-XX:TieredStopAtLevel=1", &home, "-cp", &path, "JGit"];
    let arguments = arguments.map(PathBuf::from);
    Ok(Client {
        shallow: false,
        ..Client::new("jgit", "java".into(), arguments)
    })
}

/// gitoxide, which is Git in Rust. It fetches, and cannot push (yet).
pub fn gix() -> Found {
    let program = installed("gix")?.join("gix-client");
    Ok(Client {
        pushes: false,
        prunes: false,
        ..Client::new("gix", program, [])
    })
}

/// A `git` of another version than the first one of the search path.
pub fn another_git() -> Found {
    let version = |git: &Path| {
        let said = Command::new(git).arg("--version").output().ok()?;
        Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    };
    let first = version(Path::new("git"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/bin".into(), "/usr/local/bin".into()]);
    let other = folders
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file() && version(git) != first)
        .ok_or("every git on this machine is of one version")?;
    Ok(Client {
        git: Some(other),
        ..Client::new("another-git", script("git.sh"), [])
    })
}

/// schemathesis, which asks an API whether it is as its description says.
pub fn schemathesis() -> Result<PathBuf, String> {
    Ok(installed("schemathesis")?.join("bin/schemathesis"))
}

fn python(name: &'static str, file: &str) -> Found {
    let python = installed("python")?.join("bin/python");
    Ok(Client::new(name, python, [script(file)]))
}

/// A file of this folder.
pub fn script(file: &str) -> PathBuf {
    package_root().join("tests/clients").join(file)
}

impl Client {
    fn new<const N: usize>(name: &'static str, program: PathBuf, arguments: [PathBuf; N]) -> Self {
        Self {
            name,
            pushes: true,
            prunes: true,
            shallow: true,
            program,
            arguments: arguments.into(),
            git: None,
        }
    }

    /// A new, empty repository on the server for one part of this client's story.
    pub fn hosted(&self, purpose: &str) -> Hosted {
        let name = format!("{}-{purpose}", self.name);
        server().rest().create_repository("clients", &name)
    }

    /// Runs a command with this token; it must succeed.
    pub fn run(&self, token: &str, words: &[&str]) {
        if let Err(said) = self.try_run(token, words) {
            panic!("{} {} failed:\n{said}", self.name, words.join(" "));
        }
    }

    /// Runs a command with this token; it must fail. Returns its words.
    pub fn fails(&self, token: &str, words: &[&str]) -> String {
        match self.try_run(token, words) {
            Ok(()) => panic!("{} {} succeeded", self.name, words.join(" ")),
            Err(said) => said,
        }
    }

    /// Runs a command with this token, however it may end; returns its words if it failed.
    pub fn try_run(&self, token: &str, words: &[&str]) -> Result<(), String> {
        // No configuration of the user's, and no place to leave any.
        let home = Scratch::new();
        let home = home.path();
        let ended = Command::new(&self.program)
            .args(&self.arguments)
            .args(words)
            .env("CAIRN_TOKEN", token)
            .env("CAIRN_CLIENTS", folder())
            .envs(self.git.as_ref().map(|git| ("GIT", git)))
            .env("NO_PROXY", "127.0.0.1")
            .env("HOME", home)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1")
            .output()
            .expect("an installed client can be started");
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if ended.status.success() {
            Ok(())
        } else {
            Err(said)
        }
    }
}
