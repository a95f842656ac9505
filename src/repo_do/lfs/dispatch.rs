//! Which handler answers a request about Git LFS.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::{Method, Request};

use super::{batch, locks, presigned, transfer};
use crate::git::lfs::LfsOid;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::lfs::path;
use crate::repo_do::contract::lfs_locks;
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, no_route};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::PREFIX;

/// The input of every handler.
pub(crate) struct LfsRequest {
    /// The repository's object.
    pub(crate) object: Rc<RepoObject>,
    /// Its store.
    pub(crate) store: Rc<Store>,
    /// The request; its body is unread.
    pub(crate) request: Request,
    /// The caller, who has the access of the path, and the repository.
    pub(crate) authorized: Authorized,
}

/// The access that a path needs.
pub(crate) fn access(path: &str) -> Access {
    match path {
        path::DOWNLOAD | path::LOCATE | lfs_locks::path::LIST => Access::Read,
        _ => Access::Push,
    }
}

/// Answers a request. In a box: the object's dispatch would else hold all of this.
pub(crate) fn answer(asked: LfsRequest) -> LocalBoxFuture<'static, Answer> {
    dispatch(asked).boxed_local()
}

async fn dispatch(asked: LfsRequest) -> Answer {
    let route = asked.request.path();
    if asked.request.method() != Method::Post {
        return Err(no_route());
    }
    match route.as_str() {
        path::DOWNLOAD => batch::download(asked).await,
        path::UPLOAD => batch::upload(asked).await,
        path::BEGIN => transfer::begin(asked).await,
        path::FINISH => transfer::finish(asked).await,
        path::EXPECTED => presigned::expected(asked).await,
        path::ARRIVED => presigned::arrived(asked).await,
        path::LOCATE | path::VERIFY => transfer::locate(asked).await,
        route if route.starts_with(lfs_locks::path::PREFIX) => locks::answer(asked).await,
        _ => Err(no_route()),
    }
}

/// The repository as it is now, if the caller may still push to it and its settings allow changes. To
/// be asked in the step that changes something.
pub(super) fn writable(
    store: &Store,
    authorized: &Authorized,
) -> Result<RepositoryRecord, ErrorReply> {
    let record = authorized.judge_again(store, Access::Push)?;
    if record.settings.read_only {
        let message = Rejection::ReadOnly.to_string();
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    Ok(record)
}

/// The name in a request of the Worker's, which has checked it.
pub(super) fn oid_of(digits: &str) -> Result<LfsOid, ErrorReply> {
    LfsOid::from_hex(digits.as_bytes()).ok_or_else(|| {
        let message = format!("the worker sent '{digits}' as the name of an lfs object");
        ErrorReply::new(ErrorCode::InternalError, message)
    })
}
