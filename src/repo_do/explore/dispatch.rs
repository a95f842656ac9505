//! Which handler answers.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use super::{ahead_behind, blame, grep, last_commits, search};
use crate::repo_do::compare::request::CompareRequest;
use crate::repo_do::contract::explore::path;
use crate::repo_do::request::answer::{Answer, no_route};

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::EXPLORE;

/// Answers a request. Boxed: otherwise the object's dispatch would hold all of this.
pub(crate) fn answer(asked: CompareRequest) -> LocalBoxFuture<'static, Answer> {
    dispatch(asked).boxed_local()
}

async fn dispatch(asked: CompareRequest) -> Answer {
    let route = asked.request.path();
    if let Some(id) = route.strip_prefix(path::LAST_COMMITS) {
        return last_commits::list(asked, id).await;
    }
    if let Some(place) = route.strip_prefix(path::BLAME) {
        return blame::blame(asked, place).await;
    }
    if route == path::AHEAD_BEHIND {
        return ahead_behind::list(asked).await;
    }
    if route == path::GREP {
        return grep::search(asked).await;
    }
    if route == path::SEARCH {
        return search::search(asked).await;
    }
    Err(no_route())
}
