//! `GET …/refs?ahead_behind`

use std::rc::Rc;

use crate::git::compare::history::CommonHistory;
use crate::git::graph::commits::{CommitGraph, CommitNode};
use crate::repo_do::compare::request::CompareRequest;
use crate::repo_do::compare::revisions::{Revision, begin, node};
use crate::repo_do::content::refs::RefPage;
use crate::repo_do::contract::content::ContentQuery;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::admission::reserve_share;
use crate::repo_do::runtime::timer::pause;

/// Commits that are walked before others get their turn: some 20 ms.
const STEP_COMMITS: usize = 20_000;

/// Steps of a request, for all its refs together: some second. A page ends where they are used up.
const STEPS_MAX: usize = 50;

/// `…/refs?ahead_behind&prefix&limit&cursor`: each ref that leads to a commit with the commits that it has and
/// the other revision has not, and the other way round: `git for-each-ref --format='%(ahead-behind:…)'`.
pub(super) async fn list(asked: CompareRequest) -> Answer {
    let query: ContentQuery = asked
        .request
        .query()
        .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    let base = query.ahead_behind.as_deref().unwrap_or("HEAD");
    let mut reading = begin(&asked).await?;
    // Before anything else is awaited: refs and graph of one moment.
    let graph = reading.graph()?;
    let mut page = RefPage::read(&asked.store, &asked.record, &query)?;
    let base = Revision::find(&mut reading, "ahead_behind", base).await?;
    let base = node(&graph, base.commit(&mut reading).await?)?;
    let mut steps = 0_usize;
    let mut counted = 0_usize;
    for listed in &mut page.refs {
        if steps >= STEPS_MAX {
            break;
        }
        if let Some(head) = graph.lookup(&listed.leads_to)? {
            let (ahead_by, behind_by) = count(&graph, base, head, &mut steps).await?;
            listed.shown.count(ahead_by, behind_by);
        }
        counted = counted.saturating_add(1);
    }
    page.end_behind(counted);
    page.answer()
}

/// Walks two histories to where they meet.
async fn count(
    graph: &Rc<CommitGraph>,
    base: CommitNode,
    head: CommitNode,
    steps: &mut usize,
) -> Result<(u64, u64), ErrorReply> {
    let commits = graph.len() as u64;
    let bytes = commits.saturating_mul(CommonHistory::COMMIT_BYTES);
    let _room = reserve_share(bytes).await?;
    let mut history = CommonHistory::new(Rc::clone(graph), base, &[head])?;
    loop {
        *steps = steps.saturating_add(1);
        if !history.step(STEP_COMMITS)? {
            return Ok((history.ahead_by(), history.behind_by()));
        }
        pause().await;
    }
}
