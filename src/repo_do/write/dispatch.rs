//! Which handler answers a request that writes.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use js_sys::Uint8Array;
use worker::{Method, Request, RequestInit, ResponseBody};

use super::body::HeldBody;
use super::request::WriteRequest;
use super::{blobs, body, commits, merge, notes, refs};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::write::path;
use crate::repo_do::request::answer::{self, Answer, no_route};
use crate::repo_do::request::once::{Begun, Once};

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::WRITE;

/// Bytes of JSON that a handler takes, at most.
const JSON_BYTES_MAX: usize = commits::JSON_BYTES_MAX;

/// Answers a request that writes. In a box: the object's dispatch would else hold all of this.
pub(crate) fn answer(write: WriteRequest) -> LocalBoxFuture<'static, Answer> {
    once(write).boxed_local()
}

/// Does a request with a key once; any other at once.
async fn once(mut write: WriteRequest) -> Answer {
    let once = match Once::begin(&write.object, &write.store, &write.request)? {
        Begun::ToDo(once) => Rc::new(once),
        Begun::Before(before) => return before.answer(&write.request).await,
    };
    write.once = Rc::clone(&once);
    if !once.has_key() {
        return dispatch(write).boxed_local().await;
    }
    let mut held = HeldBody::new();
    if !commits::is_streamed(&write.request) {
        // The digest tells whether the same request comes again, whatever the handler reads of it.
        let bytes = body::whole(&write.request, JSON_BYTES_MAX, &mut held).await?;
        once.note_body(&bytes);
        write.request = with_body(&write.request, &bytes)?;
    }
    let store = Rc::clone(&write.store);
    let answered = dispatch(write).boxed_local().await?;
    if !once.needs_answer() {
        return Ok(answered);
    }
    let status = answered.status_code();
    let ResponseBody::Body(bytes) = answered.into_parts().1 else {
        let cause = "an answer that is done once streams";
        return Err(ErrorReply::internal("answer", &cause));
    };
    once.keep(&store, Some((status, bytes.clone())))?;
    Ok(answer::json(bytes)?.with_status(status))
}

/// The same request, with a body that was read.
fn with_body(request: &Request, bytes: &[u8]) -> worker::Result<Request> {
    let mut init = RequestInit::new();
    init.with_method(request.method())
        .with_headers(request.headers().clone())
        .with_body(Some(Uint8Array::from(bytes).into()));
    Request::new_with_init(request.url()?.as_str(), &init)
}

async fn dispatch(write: WriteRequest) -> Answer {
    let route = write.request.path();
    match (write.request.method(), route.as_str()) {
        (Method::Post, path::COMMITS) => commits::commit(write).boxed_local().await,
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
