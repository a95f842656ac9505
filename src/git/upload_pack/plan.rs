//! Which objects a fetch sends.
//!
//! Two steps, each to be varied alone. *Commits*: those that the wants reach and the haves do
//! not, with the edges of shallow histories. *Objects*: the objects that those commits introduce, which are
//! on record, so that no tree is read; only at a shallow edge, where the client lacks the parents' objects,
//! the whole tree is walked. Then the wants that are not commits, and the tags.
//!
//! The rule: the client has everything that its haves reach (up to its shallow commits), and
//! must end with everything that the wants reach. To send a little too much is allowed: an object
//! that a missing commit brings back may be at the client already.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::graph::commits::CommitGraph;
use super::super::graph::peel::{Peeled, Peeler};
use super::super::graph::shallow::Boundary;
use super::super::pack::reader::LivePacks;
use super::super::store::PackStore;
use super::error::PlanError;
use super::planner::{Asked, Planner};
use super::request::deepen;
pub use super::request::{AtClient, DeepenRequest, Plan, PlanOptions};

/// Plans the pack of a fetch. `graph` must have been opened over the same live packs. Haves that
/// are not known are passed over.
pub fn plan<S: PackStore>(
    packs: &LivePacks<S>,
    graph: &Rc<CommitGraph>,
    wants: &[ObjectId],
    haves: &[ObjectId],
    options: &PlanOptions<'_>,
) -> Result<Plan, PlanError> {
    let asked = Asked {
        wants,
        haves,
        options,
    };
    let mut planner = Planner::new(packs, graph)?;
    while planner.step(packs, asked)? {}
    planner.finish(asked)
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
