//! What changes a repository by REST. Each handler makes objects and asks `publish` for the refs: no
//! ref changes otherwise.
//!
//! | file | what |
//! |---|---|
//! | `commits` | a commit of changed files |
//! | `blobs` | a blob, to be named by a commit to come |
//! | `refs` | refs made, moved, deleted |
//! | `merge` | merges, cherry-picks, reverts, restores |
//! | `notes` | notes on commits |

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::{Method, Request};

use super::contract::write::path;
use super::object::RepoObject;
use super::request::account::Account;
use super::request::answer::{Answer, no_route};
use super::request::caller::Authorized;
use super::state::store::Store;

mod blobs;
mod commits;
mod merge;
mod notes;
mod refs;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::WRITE;

/// What every handler gets.
pub(crate) struct WriteRequest {
    /// The repository's object.
    pub(crate) object: Rc<RepoObject>,
    /// Its store.
    pub(crate) store: Rc<Store>,
    /// The request; its body is unread.
    pub(crate) request: Request,
    /// The caller, who may push, and the repository.
    pub(crate) authorized: Authorized,
    /// What the request costs.
    pub(crate) account: Rc<Account>,
}

/// Answers a request that writes. In a box: the object's dispatch would else hold all of this.
pub(crate) fn answer(write: WriteRequest) -> LocalBoxFuture<'static, Answer> {
    dispatch(write).boxed_local()
}

async fn dispatch(write: WriteRequest) -> Answer {
    let route = write.request.path();
    match (write.request.method(), route.as_str()) {
        (Method::Post, path::COMMITS) => commits::commit(write).await,
        (Method::Put, path::BLOBS) => blobs::put(write).await,
        (Method::Post, path::REFS) => refs::update(write).await,
        (Method::Post, path::MERGE) => merge::merge(write).await,
        (Method::Post, path::CHERRY_PICK) => merge::cherry_pick(write).await,
        (Method::Post, path::REVERT) => merge::revert(write).await,
        (Method::Post, path::RESTORE) => merge::restore(write).await,
        (Method::Post, path::NOTES) => notes::add(write).await,
        (Method::Delete, path::NOTES) => notes::remove(write).await,
        _ => Err(no_route()),
    }
}
