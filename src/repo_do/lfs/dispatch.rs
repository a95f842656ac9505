//! Which handler answers a request about Git LFS.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::{Method, Request};

use super::asked::LfsRequest;
use super::{batch, locks, presigned, transfer};
use crate::repo_do::contract::Access;
use crate::repo_do::contract::lfs::path;
use crate::repo_do::contract::lfs_locks;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, no_route};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::state::store::Store;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::PREFIX;

/// The access that a path needs.
pub(crate) fn access(path: &str) -> Access {
    match path {
        path::DOWNLOAD | path::LOCATE | lfs_locks::path::LIST => Access::Read,
        _ => Access::Push,
    }
}

/// Answers a request. In a box: the object's dispatch would else hold all of this.
pub(crate) fn answer(
    object: &Rc<RepoObject>,
    store: Rc<Store>,
    request: Request,
    authorized: Authorized,
) -> LocalBoxFuture<'static, Answer> {
    let asked = LfsRequest {
        object: Rc::clone(object),
        store,
        request,
        authorized,
    };
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
        path::VERIFY => presigned::expected(asked).await,
        path::ARRIVED => presigned::arrived(asked).await,
        path::LOCATE => transfer::locate(asked).await,
        route if route.starts_with(lfs_locks::path::PREFIX) => locks::answer(asked).await,
        _ => Err(no_route()),
    }
}
