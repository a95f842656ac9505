//! Which handler answers a request about Git LFS.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::{Method, Request};

use super::asked::LfsRequest;
use super::{batch, locks, presigned, transfer};
use crate::repo_do::contract::Access;
use crate::repo_do::contract::lfs::path;
use crate::repo_do::contract::lfs_locks::path as lock_path;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, body, no_route};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::state::store::Store;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::PREFIX;

/// The access that a path needs.
pub(crate) fn access(path: &str) -> Access {
    match path {
        path::DOWNLOAD | path::LOCATE | lock_path::LIST => Access::Read,
        _ => Access::Push,
    }
}

/// Whether a request of this path announces bytes. Those that add them claim them.
fn announces_bytes(path: &str) -> bool {
    matches!(path, path::UPLOAD | path::BEGIN)
}

/// Answers a request. Boxed: otherwise the object's dispatch would hold all of this.
pub(crate) fn answer(
    object: &Rc<RepoObject>,
    store: Rc<Store>,
    request: Request,
    authorized: Authorized,
) -> LocalBoxFuture<'static, Answer> {
    let asked = LfsRequest {
        object: Rc::clone(object),
        store,
        authorized,
    };
    dispatch(asked, request).boxed_local()
}

async fn dispatch(mut asked: LfsRequest, request: Request) -> Answer {
    let route = request.path();
    if request.method() != Method::Post {
        return Err(no_route());
    }
    if announces_bytes(&route) {
        let asking = asked
            .authorized
            .with_quota(&asked.object, &asked.store, None);
        asked.authorized = asking.await?;
    }
    match route.as_str() {
        path::DOWNLOAD => batch::download(&asked, &body(request).await?),
        path::UPLOAD => batch::upload(&asked, &body(request).await?).await,
        path::BEGIN => transfer::begin(&asked, &body(request).await?).await,
        path::FINISH => transfer::finish(&asked, &body(request).await?).await,
        path::VERIFY => presigned::expected(&asked, &body(request).await?),
        path::ARRIVED => presigned::arrived(&asked, &body(request).await?).await,
        path::LOCATE => transfer::locate(&asked, &body(request).await?),
        lock_path::CREATE => locks::create(&asked, &body(request).await?),
        lock_path::LIST => locks::list(&asked, &body(request).await?),
        lock_path::VERIFY => locks::verify(&asked, &body(request).await?),
        lock_path::UNLOCK => locks::unlock(&asked, &body(request).await?),
        _ => Err(no_route()),
    }
}
