//! The data that 0.1 left, and its contents.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::support::git::{Git, Refs};
use super::support::history::History;
use super::support::package_root;
use super::support::remote::Remote;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;

/// The namespace of all repositories in the data.
pub const NAMESPACE: &str = "old";

/// Allows remotes on this machine, makes imports fetch small parts, and lets R2 keep no unreferenced object.
pub const DEPLOYMENT: [(&str, &str); 3] = [
    ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
    ("CAIRN_IMPORT_PART_OBJECTS", "120"),
    ("CAIRN_R2_GRACE_SECONDS", "0"),
];

/// The description of the data, beside it in the archive.
const EXPECTED: &str = "expected.json";

/// The folder of the data in the archive.
const STATE: &str = "state";

fn archive() -> PathBuf {
    package_root().join("tests/smart_http_upgrade/state-0.1.tar.gz")
}

/// The source of the import under way: the same, whenever it is made.
pub fn imported(scratch: &Scratch) -> Git {
    let source = scratch.bare_repository("remotes/source.git");
    let history = History {
        commits: 120,
        branches: 4,
        ..History::small(241)
    };
    history.make(&source);
    // As at the large hosts, the source serves filters that omit trees, so a long history comes in parts.
    source.run(&["config", "uploadpack.allowFilter", "true"]);
    source
}

/// Archives a folder of data with its description.
pub fn keep(scratch: &Scratch, state: &Path, expected: &Value) {
    assert_eq!(state, scratch.join(STATE));
    std::fs::write(scratch.join(EXPECTED), expected.to_string()).unwrap();
    let mut tar = Command::new("tar");
    // The same data gives the same archive on every machine.
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .args(["-I", "gzip -9n", "-cf"])
        .arg(archive())
        .arg("-C")
        .arg(scratch.path())
        .args([EXPECTED, STATE]);
    assert!(tar.status().unwrap().success());
}

/// A server of this version that serves the data of 0.1.
pub struct Old {
    pub server: Server,
    pub scratch: Scratch,
    pub expected: Value,
}

impl Old {
    /// Unpacks the data, lets `prepare` change the folder, and serves it.
    pub fn serve(prepare: impl FnOnce(&Scratch, &Path)) -> Self {
        let scratch = Scratch::new();
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(archive()).arg("-C").arg(scratch.path());
        assert!(tar.status().unwrap().success());
        let expected = std::fs::read(scratch.join(EXPECTED)).unwrap();
        let state = scratch.join(STATE);
        prepare(&scratch, &state);
        Self {
            server: Server::start_at(&package_root(), &state, &DEPLOYMENT),
            expected: serde_json::from_slice(&expected).unwrap(),
            scratch,
        }
    }

    pub fn rest(&self) -> Rest {
        self.server.rest()
    }

    /// The names of the complete repositories.
    pub fn names(&self) -> Vec<String> {
        let repositories = self.expected["repositories"].as_object().unwrap();
        repositories.keys().cloned().collect()
    }

    /// One repository, with the token that 0.1 issued.
    pub fn hosted(&self, name: &str) -> Hosted {
        let token = self.expected["repositories"][name]["token"].as_str();
        self.hosted_with(name, token.unwrap_or_default())
    }

    pub fn hosted_with(&self, name: &str, token: &str) -> Hosted {
        Hosted {
            namespace: NAMESPACE.to_owned(),
            name: name.to_owned(),
            remote: format!("{}/git/{NAMESPACE}/{name}.git", self.server.url()),
            token: token.to_owned(),
        }
    }

    /// The id that 0.1 gave the repository.
    pub fn id(&self, name: &str) -> String {
        let id = self.expected["repositories"][name]["id"].as_str();
        id.unwrap().to_owned()
    }

    /// The repository's refs when 0.1 ended.
    pub fn refs(&self, name: &str) -> Refs {
        serde_json::from_value(self.expected["repositories"][name]["refs"].clone()).unwrap()
    }

    /// A token of another kind.
    pub fn token(&self, name: &str) -> &str {
        self.expected["tokens"][name].as_str().unwrap()
    }

    /// Checks that a repository is as 0.1 left it: its refs, and every object that they reach.
    pub fn is_whole(&self, name: &str) {
        let hosted = self.hosted(name);
        let git = self.scratch.git();
        assert_eq!(git.remote_refs(&hosted.url()), self.refs(name), "{name}");
        let clone = format!("clone-of-{name}");
        let mirror = self.scratch.clone(&hosted.url(), &clone, &["--mirror"]);
        mirror.fsck_strict();
        let verified = self.maintain(&hosted, "verify");
        assert_eq!(verified["ok"], true, "{name}: {verified}");
    }

    /// The answer of a maintenance task.
    pub fn maintain(&self, hosted: &Hosted, task: &str) -> Value {
        let path = hosted.path("/maintenance");
        let answer = self.rest().post(&path, &json!({ "task": task }));
        answer.result(200)
    }
}

/// The database files of the repositories' objects.
pub fn repositories(state: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(state.join("data/do/-RepoDo")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files.filter(|file| is_database(file)).collect()
}

fn is_database(file: &Path) -> bool {
    let is_sqlite = file.extension().is_some_and(|end| end == "sqlite");
    is_sqlite && file.file_stem().is_some_and(|name| name != "metadata")
}

/// The database file of one repository's object.
pub fn repository(state: &Path, name: &str) -> PathBuf {
    let is_its = |file: &PathBuf| {
        let database = Connection::open(file).unwrap();
        let sql = "SELECT 1 FROM repository WHERE name = ?1";
        database.query_row(sql, [name], |_| Ok(())).is_ok()
    };
    let found = repositories(state).into_iter().find(is_its);
    found.unwrap_or_else(|| panic!("no object has {name}"))
}

/// Points the import under way at the remote's present address.
pub fn move_remote(state: &Path, remote: &Remote) {
    let database = Connection::open(repository(state, "importing")).unwrap();
    let url = remote.url("source.git");
    let changed = database.execute("UPDATE import SET url = ?1", [url]);
    assert_eq!(changed, Ok(1));
}
