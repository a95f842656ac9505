//! `POST /objects/batch`: where objects go, or come from.

use worker::Response;

use super::asking::{ask, body_bytes};
use super::request::{BATCH_BYTES_MAX, BatchRequest, Operation};
use super::response::{BatchResponse, Links};
use super::told;
use crate::repo_do::contract::lfs::{self, LfsBatch, LfsBatchAnswer, LfsNamed};
use crate::repo_do::contract::{Access, ErrorReply};
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::visit::{Visit, respond};

/// Answers a batch.
pub(super) async fn batch(
    visit: &Visit,
    request: web_sys::Request,
    path: &RepositoryPath,
) -> Result<Response, ErrorReply> {
    let authorization = request.headers().get("authorization").ok().flatten();
    let body = body_bytes(request, BATCH_BYTES_MAX).await?;
    let batch = BatchRequest::parse(&body)?;
    let checked = batch.checked();
    let objects = checked.iter().flatten().map(|(oid, size)| LfsNamed {
        oid: oid.to_string(),
        size: *size,
    });
    let question = LfsBatch {
        objects: objects.collect(),
        presigned: false,
    };
    let (access, target) = match batch.operation {
        Operation::Download => (Access::Read, lfs::path::DOWNLOAD),
        Operation::Upload => (Access::Push, lfs::path::UPLOAD),
    };
    let answer: LfsBatchAnswer = ask(visit, path, access, target, &question).await?;
    let base = base(visit, path);
    let links = Links {
        base: &base,
        authorization: authorization.as_deref(),
        expires_at_ms: answer.expires_at_ms,
        now_ms: visit.now_ms,
    };
    let mut sizes = answer.sizes.into_iter();
    let objects = batch.objects.iter().zip(checked).map(|(asked, checked)| {
        let found = checked.map(|(oid, size)| (oid, size, sizes.next().flatten()));
        links.object(batch.operation, asked, found)
    });
    let reply = told::json(200, &BatchResponse::new(objects.collect()))?;
    respond(reply).map_err(|error| fault("lfs batch", &error))
}

/// The URL of the repository's Git LFS.
fn base(visit: &Visit, path: &RepositoryPath) -> String {
    let remote = visit.remote(path.namespace.as_str(), path.name.as_str());
    format!("{remote}/info/lfs")
}
