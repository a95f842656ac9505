//! The request for a plan, and the plan's choice.

use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::filter::ObjectFilter;
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::introductions::Introductions;
use super::super::graph::paint::{Cuts, Paint};
use super::super::graph::peel::{Peeled, Peeler};
use super::super::graph::shallow::Deepen;
use super::super::pack::reader::LivePacks;
use super::super::pack::selection::Selection;
use super::super::store::{PackStore, ReadError};
use super::error::PlanError;

/// The request beyond wants and haves.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions<'a> {
    /// With `include-tag`: annotated tags that refs name, and the commits that they peel to.
    pub include_tags: &'a [(ObjectId, ObjectId)],
    /// The client's shallow commits.
    pub client_shallow: &'a [ObjectId],
    /// Commits that are here without their parents.
    pub shallow: &'a [ObjectId],
    /// How much history is wanted.
    pub deepen: DeepenRequest<'a>,
    /// Which of the introduced objects are sent.
    pub filter: ObjectFilter,
}

/// How much history is wanted: [`Deepen`], by ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeepenRequest<'a> {
    /// The client's shallow commits decide.
    #[default]
    Unchanged,
    /// `deepen`; 2,147,483,647 means everything.
    Depth(u32),
    /// `deepen` with `deepen-relative`.
    Relative(u32),
    /// `deepen-since` and `deepen-not`.
    Revisions {
        /// In seconds since 1970.
        since_seconds: Option<u64>,
        /// The targets of the refs of the `deepen-not` lines.
        not: &'a [ObjectId],
    },
}

/// The depth that means everything, in git.
pub(super) const DEPTH_INFINITE: u32 = 0x7fff_ffff;

/// The objects to send.
#[derive(Debug)]
pub struct Plan {
    /// The objects.
    pub selection: Selection,
    /// How many commits are among them.
    pub commits: usize,
    /// Commits to be announced as `shallow`.
    pub shallow: Vec<ObjectId>,
    /// Commits to be announced as `unshallow`.
    pub unshallow: Vec<ObjectId>,
    /// Which objects the client has.
    pub at_client: AtClient,
}

/// Knows which objects the client has: a delta may be sent whose base is one of them.
#[derive(Debug)]
pub struct AtClient {
    pub(super) graph: Rc<CommitGraph>,
    pub(super) introductions: Introductions,
    pub(super) paint: Paint,
    /// The client filters, so that it may lack some of the objects that its commits reach.
    pub(super) is_partial: bool,
}

impl AtClient {
    /// The same client as if it had no object.
    pub(crate) fn of_nothing(&self) -> Self {
        Self {
            graph: Rc::clone(&self.graph),
            introductions: Introductions::of(&self.graph),
            paint: Paint::unpainted(Rc::clone(&self.graph), Cuts::default()),
            is_partial: true,
        }
    }

    /// Whether the client certainly has the object, and may: whether the first commit that
    /// introduced it is one of the haves or of their ancestors, and a want reaches it as well. (A
    /// delta tells something of its base, and anybody can claim to have a commit.) For a client that
    /// filters, nothing is certain.
    pub fn has<S: PackStore>(&mut self, packs: &LivePacks<S>, id: &oid) -> Result<bool, ReadError> {
        if self.is_partial {
            return Ok(false);
        }
        let Some(at) = packs.find(id)? else {
            return Ok(false);
        };
        let introducer = self
            .introductions
            .introducer(packs.store(), &self.graph, at)?;
        Ok(match introducer {
            Some(node) => self.paint.is_wanted_and_common(node)?,
            None => false,
        })
    }
}

pub(super) fn peel_haves<S: PackStore>(
    packs: &LivePacks<S>,
    graph: &CommitGraph,
    haves: &[ObjectId],
) -> Result<Vec<CommitNode>, PlanError> {
    let mut peeler = Peeler::new(packs, graph);
    let mut nodes = Vec::with_capacity(haves.len());
    for have in haves {
        if let Peeled::Commit(node) = peeler.peel(*have, |_| {})? {
            nodes.push(node);
        }
    }
    Ok(nodes)
}

pub(super) fn deepen<S: PackStore>(
    packs: &LivePacks<S>,
    graph: &CommitGraph,
    request: DeepenRequest<'_>,
) -> Result<Deepen, PlanError> {
    Ok(match request {
        DeepenRequest::Unchanged => Deepen::Unchanged,
        DeepenRequest::Depth(DEPTH_INFINITE..) => Deepen::Infinite,
        DeepenRequest::Depth(depth) => Deepen::Depth(depth),
        DeepenRequest::Relative(depth) => Deepen::Relative(depth),
        DeepenRequest::Revisions { since_seconds, not } => Deepen::Revisions {
            since_seconds,
            not: peel_haves(packs, graph, not)?,
        },
    })
}
