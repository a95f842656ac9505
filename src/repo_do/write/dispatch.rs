//! Which handler answers a request that writes.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::Method;

use super::request::WriteRequest;
use super::{blobs, commits, merge, notes, refs, rules_test};
use crate::repo_do::contract::write::path;
use crate::repo_do::request::answer::{Answer, no_route};
use crate::repo_do::request::once::{Begun, Once};

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::WRITE;

/// Answers a request that writes. Boxed: otherwise the object's dispatch would hold all of this.
pub(crate) fn answer(write: WriteRequest) -> LocalBoxFuture<'static, Answer> {
    once(write).boxed_local()
}

/// Does a request, unless one with its key was done before.
async fn once(mut write: WriteRequest) -> Answer {
    let once = match Once::begin(&write.object, &write.store, &write.request)? {
        Begun::ToDo(once) => Rc::new(once),
        Begun::Before(before) => return before.answer(&write.request).await,
    };
    write.once = once;
    dispatch(write).boxed_local().await
}

async fn dispatch(write: WriteRequest) -> Answer {
    let route = write.request.path();
    match (write.request.method(), route.as_str()) {
        (Method::Post, path::COMMITS) => commits::commit(write).boxed_local().await,
        (Method::Put, path::BLOBS) => blobs::put(write).boxed_local().await,
        (Method::Post, path::REFS) => refs::update(write).await,
        (Method::Post, path::MERGE) => merge::merge(write).await,
        (Method::Post, path::CHERRY_PICK) => merge::cherry_pick(write).await,
        (Method::Post, path::REVERT) => merge::revert(write).await,
        (Method::Post, path::RESTORE) => merge::restore(write).await,
        (Method::Post, path::NOTES) => notes::add(write).await,
        (Method::Delete, path::NOTES) => notes::remove(write).await,
        (Method::Post, path::RULES_TEST) => rules_test::test(write).await,
        _ => Err(no_route()),
    }
}
