//! The expected state of a repository, from the server's acknowledgements.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::support::git::Refs;
use super::support::rest::Hosted;
use super::world::NAMESPACE;

/// The time before a repository's end in which no worker uses it, so that no operation meets the end.
const LAST: Duration = Duration::from_secs(25);

/// A change of a ref; `None` where the ref does not exist.
#[derive(Debug, Clone)]
pub struct Change {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    pub hosted: Hosted,
    pub id: String,
    /// Every ref and its target.
    pub refs: BTreeMap<String, String>,
    /// Every change since the repository was created.
    pub changes: Vec<Change>,
    /// Commits that a branch had once, and no longer has.
    pub left_behind: Vec<String>,
    /// Objects of Git LFS, by their ids.
    pub large: BTreeMap<String, Vec<u8>>,
    /// The earliest and the latest moment of the repository's end.
    pub ends: Option<(Instant, Instant)>,
    /// The earliest moment of its deletion; it can be restored.
    pub deleted: Option<Instant>,
}

impl Repository {
    pub fn new(hosted: Hosted, id: String) -> Self {
        Self {
            hosted,
            id,
            refs: BTreeMap::new(),
            changes: Vec::new(),
            left_behind: Vec::new(),
            large: BTreeMap::new(),
            ends: None,
            deleted: None,
        }
    }

    pub fn name(&self) -> &str {
        &self.hosted.name
    }

    pub fn path(&self, rest: &str) -> String {
        self.hosted.path(rest)
    }

    pub fn tip(&self, name: &str) -> Option<&str> {
        self.refs.get(name).map(String::as_str)
    }

    /// Whether a worker may use it: it exists, and its end is not near.
    pub fn is_usable(&self) -> bool {
        let is_near = |(from, _): (Instant, Instant)| Instant::now() + LAST > from;
        self.deleted.is_none() && !self.ends.is_some_and(is_near)
    }

    /// Whether its end passed a while ago.
    pub fn has_ended(&self) -> bool {
        let is_over = |(_, to): (Instant, Instant)| Instant::now() > to + Duration::from_secs(1);
        self.ends.is_some_and(is_over)
    }

    /// Notes an acknowledged change.
    pub fn note(&mut self, change: Change) {
        match &change.after {
            Some(id) => drop(self.refs.insert(change.name.clone(), id.clone())),
            None => drop(self.refs.remove(&change.name)),
        }
        self.left_behind.extend(change.before.clone());
        self.changes.push(change);
    }

    /// The branches that a worker may force and delete.
    pub fn topics(&self) -> Vec<String> {
        let names = self.refs.keys();
        let topics = names.filter(|name| name.starts_with("refs/heads/topic-"));
        topics.cloned().collect()
    }

    /// The refs as git shows those of a remote or of a mirror.
    pub fn shown_refs(&self, head: &str) -> Refs {
        let mut refs = self.refs.clone();
        refs.insert("HEAD".to_owned(), head.to_owned());
        refs
    }

    /// The same repository under another name.
    pub fn rename(&mut self, name: &str) {
        let end = format!("/{}.git", self.hosted.name);
        self.hosted.remote = self.hosted.remote.replace(&end, &format!("/{name}.git"));
        name.clone_into(&mut self.hosted.name);
    }
}

/// The path of the routes of a repository with this name.
pub fn path_of(name: &str, rest: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/repos/{name}{rest}")
}
