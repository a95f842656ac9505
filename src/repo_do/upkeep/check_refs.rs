//! Whether the refs name objects that the packs have.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::rebuild::Rebuild;
use crate::git::graph::commits::CommitGraph;
use crate::git::maintenance::overlay::Overlay;
use crate::git::object::{ObjectKind, facts};
use crate::git::pack::reader::LivePacks;
use crate::git::store::{ObjectSource as _, PackStore, StoreError};
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::storage::repository::ref_record::RefRecord;

/// The refs, looked at.
pub(crate) struct CheckedRefs {
    /// Objects that they name: their targets, and the objects that tags peel to.
    pub(crate) ids: u64,
    /// The problems that were found.
    pub(crate) problems: Vec<String>,
}

impl Rebuild {
    /// The problems of the refs, if the repository has these packs.
    pub(crate) fn problems_of_refs(&self) -> Result<Vec<String>, Failure> {
        let packs = self.remade_packs()?;
        let graph = CommitGraph::open(&*self.overlay, packs.records())?;
        Ok(self.check_refs(&packs, &graph)?.problems)
    }

    /// Every ref must name an object that is there, and a commit that is complete.
    pub(crate) fn check_refs(
        &self,
        packs: &LivePacks<Rc<Overlay<Rc<Store>>>>,
        graph: &CommitGraph,
    ) -> Result<CheckedRefs, Failure> {
        let (mut refs, mut problems) = (Vec::new(), Vec::new());
        let mut tell = |problem| problems.push(problem);
        self.store
            .audit_refs(&mut |record| refs.push(record), &mut tell);
        let mut ids = 0;
        for record in refs {
            for id in [Some(record.target), record.peeled].into_iter().flatten() {
                ids += 1;
                if let Some(wrong) = problem_of(packs, graph, &id)? {
                    problems.push(format!("{}: {id} is {wrong}", record.name));
                }
            }
            if let Some(wrong) = problem_of_tag(packs, &record)? {
                problems.push(format!("{}: {wrong}", record.name));
            }
        }
        Ok(CheckedRefs { ids, problems })
    }
}

/// The problem of a named object; none if it is here and, for a commit, complete.
pub(crate) fn problem_of<S: PackStore>(
    packs: &LivePacks<S>,
    graph: &CommitGraph,
    id: &ObjectId,
) -> Result<Option<&'static str>, StoreError> {
    if graph.lookup(id)?.is_some() {
        return Ok(None);
    }
    Ok(match packs.find(id)? {
        None => Some("not here"),
        Some(at) if packs.row(at)?.kind == ObjectKind::Commit => Some("not complete"),
        Some(_) => None,
    })
}

/// The problem of the peeled id that a ref records. A tag that cannot be read is left to the
/// comparison of the packs.
fn problem_of_tag<S: PackStore>(
    packs: &LivePacks<S>,
    record: &RefRecord,
) -> Result<Option<String>, StoreError> {
    let mut end = record.target;
    loop {
        let Some(at) = packs.find(&end)? else {
            return Ok(None);
        };
        if packs.row(at)?.kind != ObjectKind::Tag {
            break;
        }
        let Ok(Some((_, content))) = packs.read(&end) else {
            return Ok(None);
        };
        let Ok(tag) = facts::tag(&content) else {
            return Ok(None);
        };
        end = tag.target;
    }
    let peeled = (end != record.target).then_some(end);
    Ok((peeled != record.peeled).then(|| format!("it peels to {end}, and the ref says otherwise")))
}
