//! `POST /objects/batch`: where objects go, or come from.

use worker::{Env, Response};

use super::asking::{ask, body_bytes};
use super::presigned::Signer;
use super::request::{BATCH_BYTES_MAX, BatchRequest, Operation};
use super::response::{BatchResponse, Found, Links};
use super::s3_settings::S3Settings;
use super::told;
use crate::repo_do::contract::lfs::{self, LfsBatch, LfsBatchAnswer, LfsNamed};
use crate::repo_do::contract::{Access, ErrorReply};
use crate::storage::fault_log;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
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
    let env = objects::env(visit, &path.namespace).await?;
    let settings = s3_settings(&env);
    let signer = settings
        .as_ref()
        .and_then(|settings| Signer::new(settings, visit.now_ms));
    let question = LfsBatch {
        objects: objects.collect(),
        presigned: signer.is_some() && batch.operation == Operation::Upload,
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
        network_id: &answer.network_id,
        signer: signer.as_ref(),
    };
    let (mut sizes, mut uploads) = (answer.sizes.into_iter(), answer.uploads.iter());
    let objects = batch.objects.iter().zip(checked).map(|(asked, checked)| {
        let found = checked.map(|(oid, size)| Found {
            oid,
            size,
            here: sizes.next().flatten(),
            upload: uploads.next().map(String::as_str),
        });
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

/// The operator's key for transfers that bypass the Worker. Where it cannot be used, the log says why.
fn s3_settings(env: &Env) -> Option<S3Settings> {
    let variable = |name: &str| env.var(name).ok().map(|value| value.to_string());
    S3Settings::read(variable).unwrap_or_else(|error| {
        fault_log::error("configuration", &error);
        None
    })
}
