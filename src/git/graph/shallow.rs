//! Finds the end of a shallow history: `deepen`, `deepen-since` and `deepen-not` of a fetch
//! (<https://git-scm.com/docs/gitprotocol-pack#_packfile_negotiation>).
//!
//! A *shallow* commit is one that the client keeps without its parents.

use std::collections::HashSet;
use std::rc::Rc;

use super::super::store::StoreError;
use super::commits::{CommitGraph, CommitNode};
use super::paint::{Cuts, Paint};

/// How much history a fetch asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Deepen {
    /// No `deepen` line: the client's shallow commits decide.
    #[default]
    Unchanged,
    /// Everything: `deepen 2147483647`.
    Infinite,
    /// `deepen`: this many commits from each want on, the want included.
    Depth(u32),
    /// `deepen` with `deepen-relative`: this many commits beyond the client's shallow ones, all
    /// of them, whatever the client wants (as in git).
    Relative(u32),
    /// `deepen-since` and `deepen-not`.
    Revisions {
        /// Commits that are older than this, in seconds since 1970, are left out, with the objects that only
        /// they reach.
        since_seconds: Option<u64>,
        /// Left out, with their ancestors.
        not: Vec<CommitNode>,
    },
}

/// The new edge of the client's history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Boundary {
    /// Commits that are sent, or stay, without their parents.
    pub cut: HashSet<CommitNode>,
    /// To be announced as `shallow`.
    pub shallow: Vec<CommitNode>,
    /// To be announced as `unshallow`.
    pub unshallow: Vec<CommitNode>,
}

/// `deepen-since` and `deepen-not` leave none of the wanted commits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShallowError {
    /// Git's own words.
    #[error("no commits selected for shallow requests")]
    NothingSelected,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Commits within the new history and, among them or behind them, its edge.
#[derive(Default)]
struct Found {
    /// Commits that keep their parents.
    inside: HashSet<CommitNode>,
    /// Commits that lose them.
    edge: Vec<CommitNode>,
}

impl Boundary {
    /// Finds the edge for these wants, of a client that has these shallow commits.
    pub(crate) fn find(
        graph: &Rc<CommitGraph>,
        wants: &[CommitNode],
        client_shallow: &[CommitNode],
        deepen: &Deepen,
    ) -> Result<Self, ShallowError> {
        let found = match deepen {
            Deepen::Unchanged | Deepen::Depth(0) | Deepen::Relative(0) => Found::default(),
            Deepen::Infinite => Found {
                inside: client_shallow.iter().copied().collect(),
                edge: Vec::new(),
            },
            Deepen::Depth(depth) => within_depth(graph, wants, *depth)?,
            Deepen::Relative(depth) => {
                within_depth(graph, client_shallow, depth.saturating_add(1))?
            }
            Deepen::Revisions { since_seconds, not } => {
                within_revisions(graph, wants, since_seconds.unwrap_or(0), not)?
            }
        };
        let client: HashSet<CommitNode> = client_shallow.iter().copied().collect();
        let mut boundary = Self::default();
        for node in found.edge {
            if boundary.cut.insert(node) && !client.contains(&node) {
                boundary.shallow.push(node);
            }
        }
        let mut client: Vec<CommitNode> = client.into_iter().collect();
        client.sort_unstable();
        for node in client {
            if found.inside.contains(&node) {
                boundary.unshallow.push(node);
            } else {
                boundary.cut.insert(node);
            }
        }
        Ok(boundary)
    }
}

impl Boundary {
    /// The same in a repository that is shallow itself: `roots` are commits that lack their
    /// parents here, so that no client can be given them. As in git, those that the wants reach are
    /// announced, unless the client has them as such already, and no commit ceases to be shallow.
    pub(crate) fn within_shallow(
        mut self,
        graph: &CommitGraph,
        wants: &[CommitNode],
        client_shallow: &[CommitNode],
        roots: &[CommitNode],
    ) -> Result<Self, StoreError> {
        if roots.is_empty() {
            return Ok(self);
        }
        self.unshallow.retain(|node| !roots.contains(node));
        let roots: HashSet<CommitNode> = roots.iter().copied().collect();
        let mut told: HashSet<CommitNode> = client_shallow.iter().copied().collect();
        told.extend(&self.shallow);
        let mut open = wants.to_vec();
        open.extend(&self.unshallow);
        let (mut seen, mut parents) = (HashSet::new(), Vec::new());
        while let Some(node) = open.pop() {
            if !seen.insert(node) {
                continue;
            }
            if roots.contains(&node) && told.insert(node) {
                self.shallow.push(node);
            }
            if !self.cut.contains(&node) {
                graph.parents(node, &mut parents)?;
                open.append(&mut parents);
            }
        }
        Ok(self)
    }
}

/// Goes level by level from `starts`, which are level 1. The commits of level `depth` are the
/// edge, roots among them too, as in git.
fn within_depth(
    graph: &CommitGraph,
    starts: &[CommitNode],
    depth: u32,
) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let mut level: Vec<CommitNode> = starts.to_vec();
    let mut parents = Vec::new();
    for _ in 1..depth {
        let mut next = Vec::new();
        for node in level {
            if found.inside.insert(node) {
                graph.parents(node, &mut parents)?;
                next.append(&mut parents);
            }
        }
        next.sort_unstable();
        next.dedup();
        level = next;
        if level.is_empty() {
            break;
        }
    }
    level.retain(|node| !found.inside.contains(node));
    level.sort_unstable();
    level.dedup();
    found.edge = level;
    Ok(found)
}

/// The commits that the wants reach and that are young enough, less the ancestors of `not`.
fn within_revisions(
    graph: &Rc<CommitGraph>,
    wants: &[CommitNode],
    since_seconds: u64,
    not: &[CommitNode],
) -> Result<Found, ShallowError> {
    let mut paint = Paint::new(Rc::clone(graph), wants, not, Cuts::default())?;
    let mut allowed = HashSet::new();
    for node in paint.missing()? {
        if graph.time_seconds(node)? >= since_seconds {
            allowed.insert(node);
        }
    }
    let fits = |node: &CommitNode| allowed.contains(node);
    let mut found = Found::default();
    let mut selected = Vec::new();
    let mut stack: Vec<CommitNode> = wants.iter().copied().filter(fits).collect();
    let mut parents = Vec::new();
    while let Some(node) = stack.pop() {
        if found.inside.insert(node) {
            selected.push(node);
            graph.parents(node, &mut parents)?;
            stack.extend(parents.iter().copied().filter(fits));
        }
    }
    if selected.is_empty() {
        return Err(ShallowError::NothingSelected);
    }
    let mut edge = HashSet::new();
    for node in selected {
        graph.parents(node, &mut parents)?;
        if parents.iter().any(|parent| !found.inside.contains(parent)) {
            edge.insert(node);
        }
    }
    found.inside.retain(|node| !edge.contains(node));
    // A merge at the edge loses all of its parents, so that another edge may lie behind it. Git
    // announces that one, too, and a client that then has to deepen fails, for want of the commit.
    let mut stack: Vec<CommitNode> = wants.to_vec();
    let mut seen = HashSet::new();
    while let Some(node) = stack.pop() {
        if !seen.insert(node) {
            continue;
        }
        if edge.contains(&node) {
            found.edge.push(node);
        } else if found.inside.contains(&node) {
            graph.parents(node, &mut parents)?;
            stack.append(&mut parents);
        }
    }
    Ok(found)
}
