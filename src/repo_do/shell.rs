//! The Durable Object: it wakes its [`RepoObject`], and hands requests on to it.

// The platform's macro makes public functions that nothing can document.
#![expect(missing_docs, reason = "made by the macro `durable_object`")]

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use futures::FutureExt as _;
use worker::{DurableObject, Env, Request, Response, Result, State};

use super::alarm;
use super::contract::{ErrorReply, header};
use super::dispatch::{asker, dispatch, operation};
use super::lifecycle::forwarding::{self, Arrived};
use super::object::RepoObject;
use super::request::account::Account;
use super::request::refuse;
use super::runtime::admission::RETRY_SECONDS;
use super::runtime::lease::{self, Lease};
use super::runtime::reply;
use crate::storage::jurisdiction::env_of_object;

/// The Durable Object of one repository.
#[worker::durable_object(alarm)]
pub struct RepoDo {
    // A panic is caught at the request that caused it; the cells inside are whole between calls.
    object: AssertUnwindSafe<Rc<RepoObject>>,
}

impl DurableObject for RepoDo {
    fn new(state: State, env: Env) -> Self {
        Self {
            object: AssertUnwindSafe(RepoObject::wake(&state, env_of_object(&state, env))),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let object = Rc::clone(&self.object);
        lease::end_idle();
        let request = match forwarding::arrive(&object, request).boxed_local().await {
            Ok(Arrived::Here(request)) => request,
            Ok(Arrived::Answered(response)) => return Ok(response),
            Err(refused) => return reply::refusal(&refused),
        };
        let account = Account::begin(&object, &request);
        let posted = refuse::posted(&request);
        let again = Clone::clone(request.inner());
        let lease = Lease::begin(object.owner, asker(&request), operation(&request.path()));
        let (of_request, of_account) = (Rc::clone(&object), Rc::clone(&account));
        // Boxed: it is large, and would be a part of every future around it.
        let answer = async move {
            dispatch(&of_request, request, &of_account)
                .boxed_local()
                .await
        };
        let answered = lease.run(answer).await;
        let answered = answered
            .unwrap_or_else(|ended| Err(ErrorReply::busy(RETRY_SECONDS, ended.to_string())));
        let answered = match (answered, posted) {
            (Err(refused), Some(post)) if refuse::is_in_band(&again, &refused) => {
                refuse::untouched(post, &Request::from(again), &account, &refused).await
            }
            (answered, _) => answered,
        };
        let mut response = match answered {
            Ok(response) => response,
            Err(refused) => {
                account.log_elsewhere();
                reply::refusal(&refused)?
            }
        };
        // An answer that the client gets as it is carries no usage: the object logs it.
        if !account.logs() {
            let usage = account.usage().to_string();
            response.headers_mut().set(header::USAGE, &usage)?;
        }
        Ok(response)
    }

    async fn alarm(&self) -> Result<Response> {
        let object = Rc::clone(&self.object);
        lease::end_idle();
        let lease = Lease::begin(object.owner, String::new(), "alarm");
        let rung = lease.run(async move { alarm::ring(&object).await }).await;
        rung.map_err(|ended| worker::Error::RustError(ended.to_string()))??;
        Response::ok("")
    }
}
