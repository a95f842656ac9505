//! Another repository of this deployment, whose object answers in the caller's name.
//!
//! The other object decides what the caller may read, as it does for every request. If it does not know a
//! token, it ignores the token: the holder may then read what everybody may read. If the caller may not
//! read the repository, it answers that the repository does not exist.

use gix_hash::ObjectId;
use worker::{Headers, Method, Request, RequestInit, Response, ResponseBody};

use super::asking::{Asking, Elsewhere, Fields, check_revision};
use crate::git::fetch_client::advertisement::Features;
use crate::git::fetch_client::request::FetchOrder;
use crate::git::protocol::advertise::Version;
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::repo_do::contract::content::{self, ContentQuery, Named};
use crate::repo_do::contract::lfs::{self, LfsBatch, LfsBatchAnswer};
use crate::repo_do::contract::{Actor, ErrorCode, ErrorReply, ORIGIN, header, object_name, path};
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::timer;

/// The binding of the repositories' objects.
const REPOSITORIES: &str = "REPO";

/// Milliseconds that the other object may stay silent.
pub(super) const SILENCE_MS: u32 = 60_000;

/// Seconds after which a client may try again, if the other object did not answer.
const RETRY_SECONDS: u32 = 2;

/// Another repository that the caller may read.
#[derive(Clone)]
pub(crate) struct Neighbour {
    /// `namespace/name`, as the client spelled it.
    path: String,
    /// The actor that the other object takes the caller for.
    actor: String,
    /// The claims that the Worker checked, beside a signed token.
    signed: Option<String>,
    request_id: String,
    env: worker::Env,
    fields: Fields,
}

/// A commit of another repository.
pub(crate) struct Found {
    pub(crate) neighbour: Neighbour,
    pub(crate) commit: ObjectId,
    /// The revision's name there, as git spells it: `branch 'x'`.
    pub(crate) what: String,
    /// The label in conflict markers: `namespace/name:x`.
    pub(crate) label: String,
}

/// Finds the commit of another repository's revision.
pub(crate) async fn find(asking: &Asking<'_>, from: &Elsewhere) -> Result<Found, ErrorReply> {
    let fields = asking.fields;
    check_revision(&from.revision, fields.revision)?;
    let given = |name: &str| asking.headers.get(name).ok().flatten();
    match given(header::OTHER) {
        Some(other) if other == header::ABSENT => return Err(absent(fields)),
        // The Worker has checked the name that it read.
        Some(other) if other == from.repository => {}
        _ => {
            let message = "it is not the name of a repository: namespace/name";
            let at = fields.repository;
            return Err(ErrorReply::at(ErrorCode::InvalidInput, at, message));
        }
    }
    let mut neighbour = Neighbour {
        path: from.repository.clone(),
        actor: given(header::ACTOR).unwrap_or_default(),
        signed: given(header::SIGNED),
        request_id: given(header::REQUEST_ID).unwrap_or_default(),
        env: asking.object.env.clone(),
        fields,
    };
    let named = neighbour.named(&from.revision).await?;
    let commit = oid_hex::parse(named.commit.as_bytes());
    let commit = commit.ok_or_else(|| neighbour.broken(&"its commit has no id"))?;
    let name = named.name.as_deref().unwrap_or(&from.revision);
    let what = match (
        name.strip_prefix(refname::HEADS),
        name.strip_prefix("refs/tags/"),
    ) {
        (Some(branch), _) => format!("branch '{branch}'"),
        (None, Some(tag)) => format!("tag '{tag}'"),
        (None, None) => format!("commit '{name}'"),
    };
    Ok(Found {
        label: format!("{}:{}", neighbour.path, from.revision),
        neighbour,
        commit,
        what,
    })
}

impl Neighbour {
    /// Its name.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The commit of a revision. If it does not know the caller's token, the request is repeated without a
    /// token.
    async fn named(&mut self, revision: &str) -> Result<Named, ErrorReply> {
        let query = ContentQuery {
            revision: Some(revision.to_owned()),
            ..ContentQuery::default()
        };
        let query = serde_urlencoded::to_string(query).map_err(|error| self.broken(&error))?;
        let target = format!("{}?{query}", content::path::REVISION);
        loop {
            let mut response = self.ask(Method::Get, &target, None).await?;
            if response.status_code() == 200 {
                return response.json().await.map_err(|error| self.broken(&error));
            }
            let refusal = self.refusal(&mut response).await;
            let anybody = Actor::Anonymous.to_string();
            match refusal.code {
                ErrorCode::Unauthorized | ErrorCode::Forbidden if self.actor != anybody => {
                    self.actor = anybody;
                    self.signed = None;
                }
                ErrorCode::NotFound if refusal.pointer.as_deref() == Some("/ref") => {
                    let message = "it names no commit in the other repository";
                    let at = self.fields.revision;
                    return Err(ErrorReply::at(ErrorCode::NotFound, at, message));
                }
                ErrorCode::Unauthorized | ErrorCode::Forbidden | ErrorCode::NotFound => {
                    return Err(absent(self.fields));
                }
                ErrorCode::Moved => {
                    let moved = ErrorReply::new(ErrorCode::NotFound, refusal.message);
                    return Err(at(self.fields.repository, moved));
                }
                _ => return Err(at(self.fields.repository, refusal)),
            }
        }
    }

    /// Asks for a pack.
    pub(super) async fn fetch(&self, order: &FetchOrder<'_>) -> Result<Body, ErrorReply> {
        let features = Features {
            object_format: true,
            ..Features::default()
        };
        let body = order.write(Version::V2, features);
        let mut response = self
            .ask(Method::Post, path::UPLOAD_PACK, Some(&body))
            .await?;
        if response.status_code() != 200 {
            let refusal = self.refusal(&mut response).await;
            return Err(at(self.fields.repository, refusal));
        }
        let (_, body) = response.into_parts();
        let ResponseBody::Stream(stream) = body else {
            return Err(self.broken(&"its answer has no body"));
        };
        Body::of_stream(stream).map_err(|error| self.broken(&error))
    }

    /// Which of these objects of Git LFS it has.
    pub(crate) async fn lfs(&self, batch: &LfsBatch) -> Result<LfsBatchAnswer, ErrorReply> {
        let body = serde_json::to_vec(batch).map_err(|error| self.broken(&error))?;
        let mut response = self
            .ask(Method::Post, lfs::path::DOWNLOAD, Some(&body))
            .await?;
        if response.status_code() != 200 {
            let refusal = self.refusal(&mut response).await;
            return Err(at(self.fields.repository, refusal));
        }
        response.json().await.map_err(|error| self.broken(&error))
    }

    async fn ask(
        &self,
        method: Method,
        target: &str,
        body: Option<&[u8]>,
    ) -> Result<Response, ErrorReply> {
        let asked = async {
            let headers = Headers::new();
            headers.set(header::ACTOR, &self.actor)?;
            if let Some(signed) = &self.signed {
                headers.set(header::SIGNED, signed)?;
            }
            headers.set(header::REPOSITORY, &self.path)?;
            headers.set(header::REQUEST_ID, &self.request_id)?;
            headers.set(header::GIT_PROTOCOL, "version=2")?;
            let mut init = RequestInit::new();
            init.with_method(method).with_headers(headers);
            if let Some(body) = body {
                let body = js_sys::Uint8Array::from(body);
                init.with_body(Some(body.into()));
            }
            let request = Request::new_with_init(&format!("{ORIGIN}{target}"), &init)?;
            let (namespace, name) = self.path.split_once('/').unwrap_or_default();
            let objects = self.env.durable_object(REPOSITORIES)?;
            let object = objects.get_by_name(&object_name(namespace, name))?;
            object.fetch_with_request(request).await
        };
        let answered = timer::within(SILENCE_MS, asked).await;
        answered
            .ok_or_else(|| self.broken(&"it says nothing"))?
            .map_err(|error| self.broken(&error))
    }

    async fn refusal(&self, response: &mut Response) -> ErrorReply {
        let refusal = response.json::<ErrorReply>().await;
        refusal.unwrap_or_else(|error| self.broken(&error))
    }

    /// The error of an answer that is of no use.
    pub(crate) fn broken(&self, cause: &dyn std::fmt::Display) -> ErrorReply {
        let message = format!("{} did not answer to the end: try again", self.path);
        let busy = ErrorReply::busy(RETRY_SECONDS, message);
        at(self.fields.repository, busy).caused_by("neighbour", &cause)
    }
}

fn absent(fields: Fields) -> ErrorReply {
    let message = "there is no such repository, or the credential may not read it";
    ErrorReply::at(ErrorCode::NotFound, fields.repository, message)
}

/// The same refusal, blaming this field.
pub(crate) fn at(pointer: &str, refusal: ErrorReply) -> ErrorReply {
    ErrorReply {
        pointer: Some(pointer.to_owned()),
        ..refusal
    }
}
