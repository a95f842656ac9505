//! Which objects a fetch sends.
//!
//! Two steps, each to be varied alone. *Commits*: those that the wants reach and the haves do
//! not, with the edges of shallow histories. *Objects*: what those commits introduce, which is on
//! record, so that no tree is read; only at a shallow edge, where the client lacks what the
//! parents have, the whole tree is walked. Then the wants that are not commits, and the tags.
//!
//! The rule: the client has everything that its haves reach (up to its shallow commits), and
//! must end with everything that the wants reach. To send a little too much is allowed: an object
//! that a missing commit brings back may be at the client already.

use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::filter::ObjectFilter;
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::introductions::Introductions;
use super::super::graph::paint::{Cuts, Paint};
use super::super::graph::peel::{Peeled, Peeler};
use super::super::graph::shallow::{Boundary, Deepen};
use super::super::pack::reader::LivePacks;
use super::super::pack::selection::Selection;
use super::super::store::{PackStore, ReadError};
use super::error::PlanError;
use super::objects::Objects;

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

/// Commits of a fetch at most for which pages of indexes and lists are read instead of all of them.
const FEW_COMMITS_MAX: usize = 250;

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
    graph: Rc<CommitGraph>,
    introductions: Introductions,
    paint: Paint,
    /// The client filters, so that it may lack some of what its commits reach.
    is_partial: bool,
}

impl AtClient {
    /// Whether the client certainly has the object, and may: whether the first commit that
    /// introduced it is one of the haves or of their ancestors, and a want reaches it as well. (A
    /// delta tells something of its base, and anybody can say of a commit that he has it.) Of a
    /// client that filters nothing is certain.
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

/// Plans what a fetch sends. `graph` must have been opened over the same live packs. Haves that
/// are not known are passed over.
pub fn plan<S: PackStore>(
    packs: &LivePacks<S>,
    graph: &Rc<CommitGraph>,
    wants: &[ObjectId],
    haves: &[ObjectId],
    options: &PlanOptions<'_>,
) -> Result<Plan, PlanError> {
    if !graph.is_of(packs.records()) {
        return Err(PlanError::OtherPacks);
    }
    let mut objects = Objects::new(packs, graph, &options.filter);
    let mut want_nodes = objects.add_wants(wants)?;
    let have_nodes = peel_haves(packs, graph, haves)?;

    let client_shallow = graph.lookup_all(options.client_shallow)?;
    let deepen = deepen(packs, graph, options.deepen)?;
    let boundary = Boundary::find(graph, &want_nodes, &client_shallow, &deepen)?;
    let roots = graph.lookup_all(options.shallow)?;
    let boundary = boundary.within_shallow(graph, &want_nodes, &client_shallow, &roots)?;
    let mut parents = Vec::new();
    for node in &boundary.unshallow {
        graph.parents(*node, &mut parents)?;
        want_nodes.append(&mut parents);
    }
    // To deepen is to want the parents.
    let wanted: HashSet<CommitNode> = want_nodes.iter().copied().collect();
    let cuts = Cuts {
        wants: boundary.cut,
        haves: client_shallow.iter().copied().collect(),
    };
    let edge = cuts.wants.clone();
    let mut paint = Paint::new(Rc::clone(graph), &want_nodes, &have_nodes, cuts)?;
    let missing = paint.missing()?;
    if missing.len() > FEW_COMMITS_MAX {
        objects.expect_many_commits();
    }

    // Parents first: a walk by path leaves out what the parents have, so they must be done.
    for node in missing.iter().rev() {
        if wanted.contains(node) {
            objects.add_wanted_commit(*node)?;
        }
        if edge.contains(node) {
            objects.add_edge(*node, &have_nodes, &mut paint)?;
        } else {
            objects.add_introduced(*node)?;
        }
    }
    objects.include_tags(options.include_tags)?;
    let (selection, introductions) = objects.finish();
    Ok(Plan {
        commits: missing.len(),
        shallow: graph.commit_ids(&boundary.shallow)?,
        unshallow: graph.commit_ids(&boundary.unshallow)?,
        selection,
        at_client: AtClient {
            graph: Rc::clone(graph),
            introductions,
            paint,
            is_partial: !options.filter.is_everything(),
        },
    })
}

/// The edge that the [`Plan`] would have, without choosing objects; checks the wants in passing.
pub fn edge<S: PackStore>(
    packs: &LivePacks<S>,
    graph: &Rc<CommitGraph>,
    wants: &[ObjectId],
    options: &PlanOptions<'_>,
) -> Result<Boundary, PlanError> {
    let mut peeler = Peeler::new(packs, graph);
    let mut nodes = Vec::with_capacity(wants.len());
    for want in wants {
        match peeler.peel(*want, |_| {})? {
            Peeled::Commit(node) => nodes.push(node),
            Peeled::Tree(..) | Peeled::Blob(_) | Peeled::SeenTag => {}
            Peeled::Nothing => return Err(PlanError::NotOurRef(*want)),
        }
    }
    let client_shallow = graph.lookup_all(options.client_shallow)?;
    let deepen = deepen(packs, graph, options.deepen)?;
    let boundary = Boundary::find(graph, &nodes, &client_shallow, &deepen)?;
    let roots = graph.lookup_all(options.shallow)?;
    Ok(boundary.within_shallow(graph, &nodes, &client_shallow, &roots)?)
}

fn peel_haves<S: PackStore>(
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

fn deepen<S: PackStore>(
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
