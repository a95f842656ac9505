//! `GET …/merge-base`

use std::rc::Rc;

use super::query::{CompareQuery, needed};
use super::request::CompareRequest;
use super::revisions::{Revision, begin, node};
use crate::git::compare::history::CommonHistory;
use crate::git::graph::commits::{CommitGraph, CommitNode};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::query::wrong;
use crate::repo_do::request::answer::{Answer, enveloped};
use crate::repo_do::runtime::admission::reserve_share;
use crate::repo_do::runtime::memory::Reservation;
use crate::repo_do::runtime::timer::pause;

/// Revisions of one request.
const REVISIONS_MAX: usize = 32;

/// Commits of one step: some 20 ms.
const STEP_COMMITS: usize = 20_000;

/// The best common ancestors of the first commit and of the merge that all others would make: `git
/// merge-base --all`.
pub(super) async fn merge_base(compare: CompareRequest) -> Answer {
    let query = CompareQuery::read(&compare.query(), &["refs"])?;
    let names = needed("refs", query.refs.as_deref())?;
    let names: Vec<&str> = names.split(',').collect();
    if names.len() < 2 || names.len() > REVISIONS_MAX {
        let message = format!(
            "2 to {REVISIONS_MAX} revisions are needed, with commas between them; these are {}",
            names.len()
        );
        return Err(wrong("refs", message));
    }
    let mut reading = begin(&compare).await?;
    // Before anything else is awaited: the packs' own graph.
    let graph = reading.graph()?;
    let mut nodes = Vec::new();
    for name in names {
        let revision = Revision::find(&mut reading, "refs", name).await?;
        let commit = revision.commit(&mut reading).await?;
        nodes.push(node(&graph, commit)?);
    }
    let Some((base, heads)) = nodes.split_first() else {
        return Err(wrong("refs", "no revision is named".to_owned()));
    };
    let (history, _room) = common_history(&graph, *base, heads).await?;
    let bases = graph.commit_ids(&history.merge_bases()?)?;
    let bases: Vec<String> = bases.iter().map(ToString::to_string).collect();
    Ok(enveloped(&serde_json::json!({ "mergeBases": bases }))?)
}

/// Walks the histories of a base and of heads to where they meet, while other requests run.
pub(crate) async fn common_history(
    graph: &Rc<CommitGraph>,
    base: CommitNode,
    heads: &[CommitNode],
) -> Result<(CommonHistory, Reservation), ErrorReply> {
    let commits = graph.len() as u64;
    let room = reserve_share(commits.saturating_mul(CommonHistory::COMMIT_BYTES)).await?;
    let mut history = CommonHistory::new(Rc::clone(graph), base, heads)?;
    while history.step(STEP_COMMITS)? {
        pause().await;
    }
    Ok((history, room))
}
