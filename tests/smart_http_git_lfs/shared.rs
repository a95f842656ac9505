//! The beginnings that several stories share.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::git::Git;
use crate::support::git_lfs::{self, GitLfs};
use crate::support::history::noise;
use crate::support::rest::Hosted;
use crate::support::scratch::Scratch;
use crate::support::server::server;

/// A repository on the server, one here that gives `*.bin` to git-lfs, and a folder for clones.
pub struct Story {
    pub lfs: GitLfs,
    pub scratch: Scratch,
    pub hosted: Hosted,
    /// Its remote `origin` is [`hosted`](Self::hosted), with the token in the URL.
    pub work: Git,
}

impl Story {
    /// With this version.
    pub fn of(lfs: GitLfs, purpose: &str) -> Self {
        let name = format!("{}-{purpose}", lfs.name);
        let hosted = server().rest().create_repository("large", &name);
        let scratch = Scratch::new();
        let work = lfs.repository(&scratch, "work");
        work.run(&["remote", "add", "origin", &hosted.url()]);
        Self {
            lfs,
            scratch,
            hosted,
            work,
        }
    }

    /// With each version.
    pub fn with_each(purpose: &str) -> Vec<Self> {
        let versions = git_lfs::versions().into_iter();
        versions.map(|lfs| Self::of(lfs, purpose)).collect()
    }

    /// With the newest version alone, where the version makes no difference; with none if none is here.
    pub fn with_newest(purpose: &str) -> Vec<Self> {
        let newest = git_lfs::newest().into_iter();
        newest.map(|lfs| Self::of(lfs, purpose)).collect()
    }

    /// Commits a file of noise, which git-lfs stores if it is a `*.bin`.
    pub fn commit(&self, path: &str, seed: u64, bytes: usize) {
        self.work.write(path, noise(seed, bytes));
        self.work.commit(&format!("{path} of seed {seed}"));
    }

    /// Pushes `main`.
    pub fn push(&self) {
        self.work.run(&["push", "--quiet", "origin", "main"]);
    }

    /// Clones by the hosted repository's token.
    pub fn clone(&self, name: &str, options: &[&str]) -> Git {
        let url = self.hosted.url();
        self.lfs.clone(&self.scratch, &url, name, options)
    }

    /// The same, with pointers in place of the large files.
    pub fn clone_pointers(&self, name: &str) -> Git {
        let git = self.lfs.install(&self.scratch);
        let git = git.variable("GIT_LFS_SKIP_SMUDGE", "1");
        git.run(&["clone", "--quiet", &self.hosted.url(), name]);
        self.lfs.with(&self.scratch.git_in(name))
    }

    /// A token for the hosted repository.
    pub fn token(&self, scope: &str, label: &str) -> String {
        let asked = json!({ "repo": self.hosted.name, "scope": scope, "label": label });
        let rest = server().rest();
        rest.make_token(&self.hosted.namespace, &asked).plaintext
    }

    /// Revokes the token that came with the hosted repository.
    pub fn revoke(hosted: &Hosted) {
        let rest = server().rest();
        let tokens = rest.get(&hosted.path("/tokens")).result(200);
        for token in tokens.as_array().unwrap() {
            let id = token["id"].as_str().unwrap();
            rest.delete(&hosted.path(&format!("/tokens/{id}")))
                .result(200);
        }
    }
}

/// The file in a work tree is noise of this seed.
#[track_caller]
pub fn is_noise(git: &Git, path: &str, seed: u64, bytes: usize) {
    let found = std::fs::read(git.folder().join(path)).unwrap();
    assert!(
        found == noise(seed, bytes),
        "{path}: {} bytes that begin with {:?}",
        found.len(),
        String::from_utf8_lossy(&found[..found.len().min(100)])
    );
}

/// In the commit a pointer stands in place of the file.
#[track_caller]
pub fn is_pointer(git: &Git, path: &str) {
    let blob = git.run(&["cat-file", "blob", &format!("HEAD:{path}")]);
    let version = "version https://git-lfs.github.com/spec/v1\noid sha256:";
    assert!(blob.starts_with(version), "{path}: {blob}");
}

/// How many large files a clone keeps for itself.
pub fn local_objects(git: &Git) -> usize {
    fn files(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let counts = entries.map(|entry| match entry.path() {
            folder if folder.is_dir() => files(&folder),
            _ => 1,
        });
        counts.sum()
    }
    let dir = git.run(&["rev-parse", "--git-dir"]);
    files(&git.folder().join(dir).join("lfs/objects"))
}

/// The name of the object that the commit names at a path.
pub fn oid(git: &Git, revision: &str, path: &str) -> String {
    let pointer = git.run(&["cat-file", "blob", &format!("{revision}:{path}")]);
    let oid = pointer
        .lines()
        .find_map(|line| line.strip_prefix("oid sha256:"));
    oid.unwrap().to_owned()
}

/// Asks the server whether it gives an object out, as git-lfs does.
pub fn is_served(hosted: &Hosted, oid: &str, size: usize) -> bool {
    let asked = json!({
        "operation": "download",
        "transfers": ["basic"],
        "objects": [{ "oid": oid, "size": size }],
    });
    let answer = lfs_post(hosted, &hosted.token, "/objects/batch", &asked);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["objects"][0]["actions"]["download"].is_object()
}

/// `POST` to Git LFS, by this token.
pub fn lfs_post(
    hosted: &Hosted,
    token: &str,
    path: &str,
    body: &Value,
) -> crate::support::rest::Answer {
    let headers = [
        ("Content-Type", "application/vnd.git-lfs+json"),
        ("Accept", "application/vnd.git-lfs+json"),
    ];
    let path = hosted.git_path(&format!("info/lfs{path}"));
    let rest = server().rest().with_bearer(token);
    rest.send(
        ureq::http::Method::POST,
        &path,
        &headers,
        body.to_string().as_bytes(),
    )
}
