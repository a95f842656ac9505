//! A folder of a test's own, removed when the test ends.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::git::Git;
use super::rest::{Hosted, Rest};

/// A temporary folder. Repositories below it share one isolated home.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes an empty folder.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("cairn-test-").tempdir();
        Self(folder.expect("a temporary folder can be made"))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path below the folder; nothing is made there.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Git, run in the folder itself (to clone into it, say).
    pub fn git(&self) -> Git {
        Git::in_folder(self.path(), &self.join(".home"))
    }

    /// Git, run in the folder `name`, which is made if need be.
    pub fn git_in(&self, name: &str) -> Git {
        let folder = self.join(name);
        std::fs::create_dir_all(&folder).expect("a scratch folder can be made");
        Git::in_folder(&folder, &self.join(".home"))
    }

    /// A new, empty repository with a work tree; its first branch is `main`.
    pub fn repository(&self, name: &str) -> Git {
        let git = self.git_in(name);
        git.run(&["init", "--quiet"]);
        git
    }

    /// A new, empty repository without a work tree.
    pub fn bare_repository(&self, name: &str) -> Git {
        let git = self.git_in(name);
        git.run(&["init", "--quiet", "--bare"]);
        git
    }

    /// A new repository on the server, with one commit pushed to `main` by its own token; and where that
    /// was pushed from.
    pub fn pushed(&self, rest: &Rest, namespace: &str, name: &str) -> (Hosted, Git) {
        let hosted = rest.create_repository(namespace, name);
        let work = self.repository(&format!("work-{namespace}-{name}"));
        work.write("content", format!("of {name}\n"));
        work.commit("first");
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
        (hosted, work)
    }

    /// Clones `url` into the folder `name`, with `options` such as `--mirror`.
    pub fn clone(&self, url: &str, name: &str, options: &[&str]) -> Git {
        let mut arguments = vec!["clone", "--quiet"];
        arguments.extend(options);
        arguments.extend([url, name]);
        self.git().run(&arguments);
        self.git_in(name)
    }
}
