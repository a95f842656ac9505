//! Which handler answers a request that compares.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use super::request::CompareRequest;
use super::{commits, diff, merge_base, notes, patch, reflog};
use crate::repo_do::contract::compare::path;
use crate::repo_do::request::answer::{Answer, no_route};

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::COMPARE;

/// Answers a request that compares. Boxed: otherwise the object's dispatch would hold all of this.
pub(crate) fn answer(compare: CompareRequest) -> LocalBoxFuture<'static, Answer> {
    dispatch(compare).boxed_local()
}

async fn dispatch(compare: CompareRequest) -> Answer {
    let route = compare.request.path();
    if let Some(spec) = route.strip_prefix(path::COMMITS) {
        return commits::compare(compare, spec).await;
    }
    if let Some(id) = route.strip_prefix(path::COMMIT_PATCH) {
        return patch::patch(compare, id).await;
    }
    if let Some(id) = route.strip_prefix(path::COMMIT_DIFF) {
        return patch::diff(compare, id).await;
    }
    match route.as_str() {
        path::DIFF => diff::diff(compare).await,
        path::MERGE_BASE => merge_base::merge_base(compare).await,
        path::REFLOG => reflog::reflog(&compare),
        path::NOTES => notes::read(compare).await,
        _ => Err(no_route()),
    }
}
