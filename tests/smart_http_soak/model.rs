//! A repository as it must be, by what the server has acknowledged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::support::git::Refs;
use super::support::rest::Hosted;
use super::world::NAMESPACE;

/// Before its end a repository is left alone for so long: an operation shall not meet the end.
const LAST: Duration = Duration::from_secs(25);

/// A change of a ref; none: the ref is not there.
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
    /// Every ref, and where it points.
    pub refs: BTreeMap<String, String>,
    /// What has changed since it was made.
    pub changes: Vec<Change>,
    /// Commits that a branch had, and has no more.
    pub left_behind: Vec<String>,
    /// Objects of Git LFS, by their ids.
    pub large: BTreeMap<String, Vec<u8>>,
    /// It ends between these moments.
    pub ends: Option<(Instant, Instant)>,
    /// It was deleted at this moment at the earliest, and can be restored.
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

    /// Whether it may be used: it is there, and its end is not near.
    pub fn is_usable(&self) -> bool {
        let is_near = |(from, _): (Instant, Instant)| Instant::now() + LAST > from;
        self.deleted.is_none() && !self.ends.is_some_and(is_near)
    }

    /// Whether its time was up a while ago.
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

    /// The branches that may be forced and deleted.
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
