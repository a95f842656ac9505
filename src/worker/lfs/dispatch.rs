//! Which handler answers a request of Git LFS.

use worker::Response;

use super::{batch, download, locks, upload, verify};
use crate::repo_do::contract::ErrorReply;
use crate::worker::names::RepositoryPath;
use crate::worker::route::lfs::LfsRoute;
use crate::worker::visit::Visit;

/// Answers a request whose method fits its route.
pub(crate) async fn answer(
    visit: &Visit,
    request: web_sys::Request,
    method: &str,
    path: &RepositoryPath,
    route: &LfsRoute,
) -> Result<Response, ErrorReply> {
    match route {
        LfsRoute::Batch => batch::batch(visit, request, path).await,
        LfsRoute::Upload(oid, size) => upload::upload(visit, &request, path, (oid, *size)).await,
        LfsRoute::Object(oid) => {
            let is_head = method == "HEAD";
            download::download(visit, &request.headers(), path, oid, is_head).await
        }
        LfsRoute::Verify => verify::verify(visit, request, path).await,
        LfsRoute::Locks if method == "GET" => locks::list(visit, &request, path).await,
        LfsRoute::Locks => locks::create(visit, request, path).await,
        LfsRoute::LocksVerify => locks::verify(visit, request, path).await,
        LfsRoute::Unlock(id) => locks::unlock(visit, request, path, *id).await,
    }
}
