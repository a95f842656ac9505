//! What differs between commits, where refs have been, and notes.
//!
//! | file | what |
//! |---|---|
//! | `commits` | `GET …/compare/:base...:head` |
//! | `diff` | `GET …/diff` |
//! | `patch` | `GET …/commit/:id.patch` and `.diff` |
//! | `merge_base` | `GET …/merge-base` |
//! | `reflog` | `GET …/reflog` |
//! | `notes` | `GET …/notes` |

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::Request;

use super::contract::compare::path;
use super::object::RepoObject;
use super::request::account::Account;
use super::request::answer::{Answer, no_route};
use super::state::reach_cache::Audience;
use super::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

mod commits;
mod diff;
mod merge_base;
mod notes;
mod patch;
mod reflog;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::COMPARE;

/// What every handler gets.
pub(crate) struct CompareRequest {
    /// The repository's object.
    pub(crate) object: Rc<RepoObject>,
    /// Its store.
    pub(crate) store: Rc<Store>,
    /// The request; its query is the client's, unread.
    pub(crate) request: Request,
    /// The repository.
    pub(crate) record: RepositoryRecord,
    /// What the caller may see.
    pub(crate) audience: Audience,
    /// What the request costs.
    pub(crate) account: Rc<Account>,
}

/// Answers a request that compares. In a box: the object's dispatch would else hold all of this.
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
        path::REFLOG => reflog::reflog(compare).await,
        path::NOTES => notes::read(compare).await,
        _ => Err(no_route()),
    }
}
