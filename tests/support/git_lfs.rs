//! The real git-lfs, in two versions: Debian's, and the newest that a package registry has.
//!
//! `scripts/install-clients.sh` installs both. A version that a machine cannot install is skipped, and
//! the run says so ([`say_which`]).

use std::io::Write as _;
use std::path::PathBuf;

use super::git::Git;
use super::installed::installed;
use super::scratch::Scratch;

/// One version of git-lfs.
#[derive(Debug, Clone)]
pub struct GitLfs {
    /// Its name here; fit for a repository's name.
    pub name: &'static str,
    folder: PathBuf,
}

/// The versions, by the folders in which they are installed.
const VERSIONS: [(&str, &str); 2] = [
    ("git-lfs-newest", "git_lfs_newest"),
    ("git-lfs-debian", "git_lfs_debian"),
];

/// Every version that is here.
pub fn versions() -> Vec<GitLfs> {
    let found = VERSIONS.iter().map(|(name, part)| found(name, part));
    found.filter_map(Result::ok).collect()
}

/// The newest one that is here, for stories in which the version makes no difference.
pub fn newest() -> Option<GitLfs> {
    versions().into_iter().next()
}

/// Says on the run's own standard error, which the test harness does not hide, which versions there
/// are and which are missing.
pub fn say_which() {
    let said = VERSIONS.iter().map(|(name, part)| match found(name, part) {
        Ok(lfs) => format!("clients: {name} tested ({})\n", lfs.version()),
        Err(reason) => format!("clients: {name} skipped: {reason}\n"),
    });
    let said: String = said.collect();
    let written = std::io::stderr().write_all(said.as_bytes());
    written.expect("standard error can be written");
}

fn found(name: &'static str, part: &str) -> Result<GitLfs, String> {
    let folder = installed(part)?;
    Ok(GitLfs { name, folder })
}

impl GitLfs {
    /// Its own name of its version.
    pub fn version(&self) -> String {
        self.with(&Scratch::new().git()).run(&["lfs", "version"])
    }

    /// The same git with this git-lfs, and with configuration in its home instead of none.
    pub fn with(&self, git: &Git) -> Git {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.folder.clone()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(path).expect("no folder of the path has a colon");
        let path = path.to_str().expect("a path of ASCII").to_owned();
        let config = git.home().join(".gitconfig");
        let config = config.to_str().expect("a path of ASCII");
        git.clone()
            .variable("PATH", &path)
            .variable("GIT_CONFIG_GLOBAL", config)
    }

    /// Sets it up in the home of a scratch folder, as its users do, if it is not yet: `git lfs install`.
    /// Git that runs in the folder itself.
    pub fn install(&self, scratch: &Scratch) -> Git {
        let git = self.with(&scratch.git());
        if !git.home().join(".gitconfig").exists() {
            std::fs::create_dir_all(git.home()).expect("a home can be made");
            git.run(&["lfs", "install"]);
        }
        git
    }

    /// A new repository with a work tree, which gives `*.bin` to git-lfs.
    pub fn repository(&self, scratch: &Scratch, name: &str) -> Git {
        self.install(scratch);
        let git = self.with(&scratch.repository(name));
        git.run(&["lfs", "track", "*.bin"]);
        git.run(&["add", ".gitattributes"]);
        git
    }

    /// A clone, with `options`.
    pub fn clone(&self, scratch: &Scratch, url: &str, name: &str, options: &[&str]) -> Git {
        let git = self.install(scratch);
        let mut arguments = vec!["clone", "--quiet"];
        arguments.extend(options);
        arguments.extend([url, name]);
        git.run(&arguments);
        self.with(&scratch.git_in(name))
    }
}
