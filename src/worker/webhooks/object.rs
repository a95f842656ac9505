//! The Durable Object of one webhook: a thin shell over [`Hook`].
#![expect(missing_docs, reason = "the macro's exports to JavaScript bear none")]

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use worker::durable::State;
use worker::{DurableObject, Env, Request, Response, durable_object};

use super::contract::{BySeq, Deliver, Extra, ListDeliveries, Redeliver, path};
use super::hook::Hook;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::jurisdiction::env_of_object;
use crate::worker::durable::message::{json, read, refusal};
use crate::worker::fault::fault;
use crate::worker::namespace::contract::Done;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::visit::respond;

/// The Durable Object of one webhook.
#[durable_object(alarm)]
pub struct WebhookDo {
    // A panic ends the task that caused it; the cells inside are whole between calls.
    hook: AssertUnwindSafe<Rc<Hook>>,
}

impl DurableObject for WebhookDo {
    fn new(state: State, env: Env) -> Self {
        let env = env_of_object(&state, env);
        Self {
            hook: AssertUnwindSafe(Rc::new(Hook::new(state.storage(), env))),
        }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let reply = match answer(&self.hook, request).await {
            Ok(json) => Reply::new(200, "application/json", json),
            Err(error) => refusal(&error),
        };
        respond(reply)
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let hook = Rc::clone(&self.hook);
        hook.ring().await?;
        Response::ok("")
    }
}

async fn answer(hook: &Rc<Hook>, mut request: Request) -> Result<String, ErrorReply> {
    let url = request
        .url()
        .map_err(|error| fault("internal URL", &error))?;
    let body = request
        .bytes()
        .await
        .map_err(|error| fault("internal body", &error))?;
    let query = url.query().unwrap_or("");
    match url.path() {
        path::DELIVER => {
            hook.deliver(&read::<Deliver>(&body)?).await?;
            json(&Done {})
        }
        path::EXTRA => json(&hook.extra(&read::<Extra>(&body)?).await?),
        path::REDELIVER => json(&hook.redeliver(&read::<Redeliver>(&body)?).await?),
        path::DELIVERIES => {
            let asked: ListDeliveries = parameters::query(query)?;
            json(&hook.deliveries(&asked)?)
        }
        path::DELIVERY => {
            let asked: BySeq = parameters::query(query)?;
            json(&hook.delivery(asked.seq)?)
        }
        path::WIPE => {
            hook.wipe().await?;
            json(&Done {})
        }
        path => {
            let message = format!("a webhook's object does not serve {path}");
            Err(ErrorReply::new(ErrorCode::NotFound, message))
        }
    }
}
