//! Calls to the Durable Objects: requests to internal URLs, with headers that only we write.

use std::cell::RefCell;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use js_sys::Reflect;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use worker::{Date, Env, Response};

use super::admission;
use super::call::{Call, Objects, told};
use super::credentials::Identity;
use super::fault::fault;
use super::names::{NamespaceName, RepositoryPath};
use super::namespace::contract::{Placed, REGISTRY, TakePlace, path};
use super::namespace::events::author_text;
use super::places::KnownPlaces;
use super::visit::Visit;
use super::wake;
use crate::repo_do::contract::{
    Actor, ErrorCode, ErrorReply, KeptRepository, forwarded_text, header,
};
use crate::storage::db::sql_error::lasting;
use crate::storage::fault_log;
use crate::storage::jurisdiction::{self, Jurisdiction};
use crate::storage::r2::binding::R2;

/// The binding of the repositories' objects.
const REPOSITORIES: &str = "REPO";
/// The binding of the namespaces' objects.
const NAMESPACES: &str = "NAMESPACE";
/// The binding of the webhooks' objects.
const WEBHOOKS: &str = "WEBHOOK";
/// When to try again after an object could not be reached.
const RETRY_AFTER_SECONDS: u32 = 2;

thread_local! {
    // Data alone: no request waits for another.
    static PLACES: RefCell<KnownPlaces> = const { RefCell::new(KnownPlaces::new()) };
}

/// An answer to come. Boxed, here and wherever many call: otherwise each caller's future would hold, and the
/// wasm repeat, all of the call.
pub(crate) type Asked<'a, T> = LocalBoxFuture<'a, T>;

/// Asks a repository's object.
pub(crate) fn repository<'a>(
    visit: &'a Visit,
    path: &'a RepositoryPath,
    actor: Actor,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let asked = async move {
        let answered = repository_as_it_is(visit, path, actor, call).await;
        if is_unauthorized(&answered) {
            admission::check_grant(visit, path).await?;
        }
        answered.map(Response::from)
    };
    asked.boxed_local()
}

/// Whether the credential was refused: by the object, or because no such repository was ever made.
pub(super) fn is_unauthorized(answered: &Result<web_sys::Response, ErrorReply>) -> bool {
    let refused = ErrorCode::Unauthorized;
    match answered {
        Ok(response) => response.status() == refused.status(),
        Err(error) => error.code == refused,
    }
}

/// As [`repository()`], for callers that may give the answer to the client unchanged.
pub(crate) fn repository_as_it_is<'a>(
    visit: &'a Visit,
    path: &'a RepositoryPath,
    actor: Actor,
    call: Call,
) -> Asked<'a, Result<web_sys::Response, ErrorReply>> {
    let mut own = vec![
        (header::ACTOR, actor.to_string()),
        (header::REPOSITORY, path.to_string()),
        (header::REQUEST_ID, visit.request_id.clone()),
    ];
    if actor == Actor::Operator
        && let Some(behalf) = &*visit.behalf.borrow()
    {
        own.push((header::BEHALF, behalf.to_string()));
    }
    if let (Actor::Token(_), Some(signed)) = (actor, &visit.signed) {
        own.push((header::SIGNED, signed.to_string()));
    }
    if actor == Actor::Anonymous || !visit.address.is_empty() {
        own.push((header::ADDRESS, visit.address.clone()));
    }
    let asked = async move {
        wake::check(visit, path).await?;
        let place = place(visit, &path.namespace.folded()).await?;
        ask(visit, (place, REPOSITORIES), path.object_name(), own, call).await
    };
    asked.boxed_local()
}

/// Asks the object that has a deleted repository, as the operator.
pub(crate) fn kept_repository<'a>(
    visit: &'a Visit,
    path: &RepositoryPath,
    kept: &KeptRepository,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let mut own = vec![
        (header::ACTOR, Actor::Operator.to_string()),
        (header::REPOSITORY, path.to_string()),
        (header::REQUEST_ID, visit.request_id.clone()),
        // The object's own name may lead to another one by now.
        (header::FORWARDED, forwarded_text(&kept.home())),
    ];
    if let Some(behalf) = &*visit.behalf.borrow() {
        own.push((header::BEHALF, behalf.to_string()));
    }
    let (namespace, object_name) = (path.namespace.folded(), kept.object_name.clone());
    let asked = async move {
        let place = place(visit, &namespace).await?;
        let asked = ask(visit, (place, REPOSITORIES), object_name, own, call);
        asked.await.map(Response::from)
    };
    asked.boxed_local()
}

/// Asks a namespace's object, or the registry of namespaces.
pub(crate) fn namespace<'a>(
    visit: &'a Visit,
    object_name: &str,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let mut own = vec![(header::REQUEST_ID, visit.request_id.clone())];
    let token_id = visit.costs.usage().token_id;
    let is_operator = visit.identity == Identity::Operator;
    if let Some(author) = author_text(is_operator, token_id.as_deref()) {
        own.push((header::ACTOR, author));
    }
    if let (Some(_), Some(signed)) = (&token_id, &visit.signed) {
        own.push((header::SIGNED, signed.to_string()));
    }
    if !visit.address.is_empty() {
        own.push((header::ADDRESS, visit.address.clone()));
    }
    let object_name = object_name.to_owned();
    let asked = async move {
        // The registry is in no jurisdiction.
        let place = if object_name == REGISTRY {
            Jurisdiction::Unrestricted
        } else {
            place(visit, &object_name).await?
        };
        let asked = ask(visit, (place, NAMESPACES), object_name, own, call);
        asked.await.map(Response::from)
    };
    asked.boxed_local()
}

/// Asks a webhook's object.
pub(crate) fn webhook<'a>(
    visit: &'a Visit,
    object_name: &str,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let own = vec![(header::REQUEST_ID, visit.request_id.clone())];
    let object_name = object_name.to_owned();
    let asked = async move {
        let namespace = object_name.split('/').next().unwrap_or_default();
        let place = place(visit, namespace).await?;
        let asked = ask(visit, (place, WEBHOOKS), object_name, own, call);
        asked.await.map(Response::from)
    };
    asked.boxed_local()
}

/// Where a namespace is kept, by its name in lower case. A deployment without a bucket in any jurisdiction
/// asks nobody; another one asks once for each namespace and isolate.
pub(crate) fn place<'a>(
    visit: &'a Visit,
    namespace: &'a str,
) -> Asked<'a, Result<Jurisdiction, ErrorReply>> {
    let found = async move {
        if !visit.offers_jurisdictions() {
            return Ok(Jurisdiction::Unrestricted);
        }
        if let Some(known) = PLACES.with_borrow(|known| known.of(namespace, visit.now_ms)) {
            return Ok(known);
        }
        let placed: Placed = read(outside(visit, namespace, Call::get(path::PLACE)).await?).await?;
        if let Some(jurisdiction) = placed.jurisdiction {
            note_place(visit, namespace, jurisdiction);
        }
        Ok(placed.jurisdiction.unwrap_or_default())
    };
    found.boxed_local()
}

/// Keeps a namespace in a jurisdiction, by its name in lower case. It stays there.
pub(crate) fn take_place<'a>(
    visit: &'a Visit,
    namespace: &'a str,
    jurisdiction: Jurisdiction,
) -> Asked<'a, Result<(), ErrorReply>> {
    let taken = async move {
        let take = TakePlace {
            jurisdiction,
            now_ms: visit.now_ms,
        };
        let call = Call::post(path::TAKE_PLACE, &take)?.repeatable();
        let _: Placed = read(outside(visit, namespace, call).await?).await?;
        note_place(visit, namespace, jurisdiction);
        Ok(())
    };
    taken.boxed_local()
}

fn note_place(visit: &Visit, namespace: &str, jurisdiction: Jurisdiction) {
    PLACES.with_borrow_mut(|known| known.note(namespace, jurisdiction, visit.now_ms));
}

/// Asks the object of a namespace's name that is in no jurisdiction.
async fn outside(visit: &Visit, namespace: &str, call: Call) -> Result<Response, ErrorReply> {
    let own = vec![(header::REQUEST_ID, visit.request_id.clone())];
    let nowhere = (Jurisdiction::Unrestricted, NAMESPACES);
    let asked = ask(visit, nowhere, namespace.to_owned(), own, call).await;
    asked.map(Response::from)
}

/// The bindings with which a namespace's data is read and written.
pub(crate) async fn env(visit: &Visit, namespace: &NamespaceName) -> Result<Env, ErrorReply> {
    Ok(match place(visit, &namespace.folded()).await? {
        Jurisdiction::Unrestricted => visit.env.clone(),
        restricted => jurisdiction::within(&visit.env, restricted.name()),
    })
}

/// The bucket of a namespace.
pub(crate) async fn bucket(visit: &Visit, namespace: &NamespaceName) -> Result<R2, ErrorReply> {
    R2::of(&env(visit, namespace).await?).map_err(|error| fault("r2", &error))
}

/// A path and its query.
pub(crate) fn target<Q: Serialize>(path: &str, query: &Q) -> Result<String, ErrorReply> {
    let query = serde_urlencoded::to_string(query).map_err(|error| fault("query", &error))?;
    Ok(format!("{path}?{query}"))
}

async fn ask(
    visit: &Visit,
    (place, binding): (Jurisdiction, &str),
    object_name: String,
    own: Vec<(&'static str, String)>,
    call: Call,
) -> Result<web_sys::Response, ErrorReply> {
    let objects = match place {
        Jurisdiction::Unrestricted => Reflect::get(&visit.env, &binding.into()),
        restricted => jurisdiction::objects_of(&visit.env, binding, restricted.name()),
    };
    let objects = objects.map_err(|thrown| fault(binding, &told(&thrown)))?;
    let objects: Objects = objects.unchecked_into();
    let attempts = if call.is_repeatable { 2 } else { 1 };
    let mut last = JsValue::UNDEFINED;
    for _ in 0..attempts {
        let asked_ms = Date::now().as_millis();
        let answered = call.send(&objects, &object_name, &own).await;
        let ms = Date::now().as_millis().saturating_sub(asked_ms);
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        match answered {
            Ok(response) => {
                let usage = response.headers().get(header::USAGE).ok().flatten();
                visit.costs.add(ms, usage.as_deref());
                return Ok(response);
            }
            Err(thrown) => last = thrown,
        }
    }
    Err(unreachable(binding, &last))
}

/// The object threw, was reset, or has more to do than it can. Where the fault lasts, no answer says to come
/// back: the words say so, or the platform could not even start the object and does
/// not expect that to change. (That is how a damaged database shows.)
fn unreachable(binding: &str, thrown: &JsValue) -> ErrorReply {
    let cause = told(thrown);
    fault_log::error("object", &format!("{binding} did not answer: {cause}"));
    let says = |flag: &str| Reflect::get(thrown, &flag.into()).is_ok_and(|flag| flag.is_truthy());
    let is_passing = says("retryable") || says("overloaded");
    if let Some(fault) = lasting(&cause) {
        return ErrorReply::new(ErrorCode::InternalError, fault.told());
    }
    if cause.starts_with("internal error") && !is_passing {
        let message = "the storage could not be opened and may be damaged: the operator's log \
                       says why";
        return ErrorReply::new(ErrorCode::InternalError, message);
    }
    let message = "the service did not answer: try again, and tell the operator if that lasts";
    ErrorReply::busy(RETRY_AFTER_SECONDS, message)
}

/// The object's answer in the contract's type, or its refusal.
pub(crate) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ErrorReply> {
    let bytes = accept(response).await?;
    serde_json::from_slice(&bytes).map_err(|error| fault("object's answer", &error))
}

/// The bytes of a good answer, or the object's refusal.
pub(crate) fn accept(mut response: Response) -> Asked<'static, Result<Vec<u8>, ErrorReply>> {
    let accepted = async move {
        if response.status_code() != 200 {
            return Err(refusal(response).await);
        }
        let bytes = response.bytes().await;
        bytes.map_err(|error| fault("object's answer", &error))
    };
    accepted.boxed_local()
}

/// The refusal that an answer other than 200 carries.
pub(crate) fn refusal(mut response: Response) -> Asked<'static, ErrorReply> {
    let refused = async move {
        let status = response.status_code();
        let error = match response.bytes().await {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let what = format!("object's refusal with status {status}");
        error.unwrap_or_else(|error| fault(&what, &error))
    };
    refused.boxed_local()
}
