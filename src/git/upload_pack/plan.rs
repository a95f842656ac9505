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

use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::filter::ObjectFilter;
use super::super::graph::closure::{TreeWalk, TreeWalkError};
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::introductions::Introductions;
use super::super::graph::paint::{Cuts, Paint};
use super::super::graph::shallow::{Boundary, Deepen, ShallowError};
use super::super::pack::reader::{LivePacks, Location};
use super::super::pack::selection::Selection;
use super::super::store::{PackStore, ReadError, StoreError};
use super::peel::{Peeled, Peeler};

/// Commits of the client to compare a shallow edge's tree with, at most.
const EDGE_BASES_MAX: usize = 4;

/// What the client asks for, beyond wants and haves.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions<'a> {
    /// With `include-tag`: annotated tags that refs name, and the commits that they peel to.
    pub include_tags: &'a [(ObjectId, ObjectId)],
    /// The client's shallow commits.
    pub client_shallow: &'a [ObjectId],
    /// How much history is wanted.
    pub deepen: DeepenRequest<'a>,
    /// Which of the introduced objects are sent.
    pub filter: ObjectFilter,
}

/// How much history is wanted: [`Deepen`], by ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeepenRequest<'a> {
    /// What the client's shallow commits leave.
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
        /// What the refs of the `deepen-not` lines name.
        not: &'a [ObjectId],
    },
}

/// The depth that means everything, in git.
const DEPTH_INFINITE: u32 = 0x7fff_ffff;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A want is not here, or was never proved to be complete.
    #[error("upload-pack: not our ref {0}")]
    NotOurRef(ObjectId),
    /// Nothing is left of what is wanted.
    #[error(transparent)]
    Shallow(#[from] ShallowError),
    /// The graph was opened over other packs.
    #[error("the graph is not that of the live packs")]
    OtherPacks,
    /// An object that a commit introduces is in no live pack: our corruption.
    #[error("introduced object {id} is missing")]
    Missing {
        /// The object.
        id: ObjectId,
    },
    /// A tree could not be walked.
    #[error(transparent)]
    Walk(#[from] TreeWalkError),
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for PlanError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// What is sent.
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
}

impl AtClient {
    /// Whether the client certainly has the object: whether the first commit that introduced it
    /// is one of the haves or of their ancestors.
    pub fn has<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        id: &oid,
    ) -> Result<bool, ReadError> {
        let Some(at) = packs.find(id)? else { return Ok(false) };
        let introducer = self.introductions.introducer(packs.store(), &self.graph, at)?;
        Ok(match introducer {
            Some(node) => self.paint.is_common(node)?,
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
    let same = packs.records().iter().map(|record| record.pack_id).eq(graph.pack_ids());
    if !same {
        return Err(PlanError::OtherPacks);
    }
    let mut objects = Objects::new(packs, graph, options.filter);
    let mut want_nodes = objects.add_wants(wants)?;
    let have_nodes = peel_haves(packs, graph, haves)?;

    let client_shallow = known(graph, options.client_shallow);
    let deepen = deepen(packs, graph, options.deepen)?;
    let boundary = Boundary::find(graph, &want_nodes, &client_shallow, &deepen)?;
    let mut parents = Vec::new();
    for node in &boundary.unshallow {
        graph.parents(*node, &mut parents)?;
        want_nodes.append(&mut parents);
    }
    let cuts =
        Cuts { wants: boundary.cut, haves: client_shallow.iter().copied().collect() };
    let edge = cuts.wants.clone();
    let mut paint = Paint::new(Rc::clone(graph), &want_nodes, &have_nodes, cuts);
    let missing = paint.missing()?;

    for node in &missing {
        if edge.contains(node) {
            objects.add_edge(*node, &have_nodes, &mut paint)?;
        } else {
            objects.add_introduced(*node)?;
        }
    }
    objects.include_tags(options.include_tags, &missing)?;
    let ids = |nodes: &[CommitNode]| nodes.iter().map(|node| graph.commit_id(*node)).collect();
    Ok(Plan {
        commits: missing.len(),
        shallow: ids(&boundary.shallow),
        unshallow: ids(&boundary.unshallow),
        selection: objects.selection,
        at_client: AtClient {
            graph: Rc::clone(graph),
            introductions: objects.introductions,
            paint,
        },
    })
}

fn known(graph: &CommitGraph, ids: &[ObjectId]) -> Vec<CommitNode> {
    ids.iter().filter_map(|id| graph.lookup(id)).collect()
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
        DeepenRequest::Revisions { since_seconds, not } => {
            Deepen::Revisions { since_seconds, not: peel_haves(packs, graph, not)? }
        }
    })
}

/// The objects selected so far.
struct Objects<'a, S> {
    packs: &'a LivePacks<S>,
    graph: &'a CommitGraph,
    filter: ObjectFilter,
    introductions: Introductions,
    trees: TreeWalk<'a>,
    selection: Selection,
}

impl<'a, S: PackStore> Objects<'a, S> {
    fn new(packs: &'a LivePacks<S>, graph: &'a CommitGraph, filter: ObjectFilter) -> Self {
        Self {
            packs,
            graph,
            filter,
            introductions: Introductions::of(graph),
            trees: TreeWalk::new(packs),
            selection: packs.select_none(),
        }
    }

    fn insert(&mut self, at: Location) {
        self.selection.insert(at.pack, at.position);
    }

    /// Adds what is wanted but is no commit; returns the wanted commits.
    fn add_wants(&mut self, wants: &[ObjectId]) -> Result<Vec<CommitNode>, PlanError> {
        let mut peeler = Peeler::new(self.packs, self.graph);
        let mut nodes = Vec::with_capacity(wants.len());
        for want in wants {
            let selection = &mut self.selection;
            let peeled = peeler.peel(*want, |tag| {
                selection.insert(tag.pack, tag.position);
            })?;
            match peeled {
                Peeled::Commit(node) => nodes.push(node),
                Peeled::Tree(id, at) => {
                    self.insert(at);
                    self.add_tree(id, &[])?;
                }
                Peeled::Blob(at) => self.insert(at),
                Peeled::SeenTag => {}
                Peeled::Nothing => return Err(PlanError::NotOurRef(*want)),
            }
        }
        Ok(nodes)
    }

    /// Adds what the commit introduces, on condition that the client gets or has its parents.
    fn add_introduced(&mut self, node: CommitNode) -> Result<(), PlanError> {
        let (packs, filter) = (self.packs, self.filter);
        let mut elsewhere = Vec::new();
        let selection = &mut self.selection;
        let mut failed = None;
        let insert = |at: Location| {
            if filter == ObjectFilter::Everything {
                selection.insert(at.pack, at.position);
            } else {
                match packs.row(at) {
                    Ok(row) if filter.keeps(row.kind, u64::from(row.size_bytes)) => {
                        selection.insert(at.pack, at.position);
                    }
                    Ok(_) => {}
                    Err(error) => failed = Some(error),
                }
            }
        };
        let store = packs.store();
        self.introductions
            .for_each(store, self.graph, node, insert, |id| elsewhere.push(id))?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        for id in elsewhere {
            self.add_object(id)?;
        }
        Ok(())
    }

    fn add_object(&mut self, id: ObjectId) -> Result<(), PlanError> {
        add_object(self.packs, self.filter, &mut self.selection, id)
    }

    /// Adds a commit whose parents the client will not have, and its whole tree. What the client
    /// has is left out as far as the trees of a few of its commits tell.
    fn add_edge(
        &mut self,
        node: CommitNode,
        haves: &[CommitNode],
        paint: &mut Paint,
    ) -> Result<(), PlanError> {
        let mut parents = Vec::new();
        self.graph.parents(node, &mut parents)?;
        let mut had: Vec<ObjectId> = Vec::new();
        for candidate in parents.iter().chain(haves) {
            let tree_id = self.graph.tree_id(*candidate);
            if had.len() < EDGE_BASES_MAX && !had.contains(&tree_id) && paint.is_common(*candidate)?
            {
                had.push(tree_id);
            }
        }
        self.add_object(self.graph.commit_id(node))?;
        self.add_tree(self.graph.tree_id(node), &had)
    }

    fn add_tree(&mut self, tree_id: ObjectId, had: &[ObjectId]) -> Result<(), PlanError> {
        if self.filter == ObjectFilter::NoTrees {
            return Ok(());
        }
        let (packs, filter, selection) = (self.packs, self.filter, &mut self.selection);
        self.trees.walk(tree_id, had, |id, _| add_object(packs, filter, selection, id))
    }

    /// Adds the tags of commits that are sent, with the tags that they tag.
    fn include_tags(
        &mut self,
        tags: &[(ObjectId, ObjectId)],
        missing: &[CommitNode],
    ) -> Result<(), PlanError> {
        if tags.is_empty() || missing.is_empty() {
            return Ok(());
        }
        let mut sorted = missing.to_vec();
        sorted.sort_unstable();
        let mut peeler = Peeler::new(self.packs, self.graph);
        for (tag_id, peeled_id) in tags {
            let node = self.graph.lookup(peeled_id);
            if node.is_some_and(|node| sorted.binary_search(&node).is_ok()) {
                let selection = &mut self.selection;
                peeler.peel(*tag_id, |tag| {
                    selection.insert(tag.pack, tag.position);
                })?;
            }
        }
        Ok(())
    }
}

fn add_object<S: PackStore>(
    packs: &LivePacks<S>,
    filter: ObjectFilter,
    selection: &mut Selection,
    id: ObjectId,
) -> Result<(), PlanError> {
    let at = packs.find(&id)?.ok_or(PlanError::Missing { id })?;
    let row = packs.row(at)?;
    if filter.keeps(row.kind, u64::from(row.size_bytes)) {
        selection.insert(at.pack, at.position);
    }
    Ok(())
}
