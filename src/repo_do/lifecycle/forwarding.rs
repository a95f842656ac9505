//! Names that lead to another object: the roof of an object passes such requests on, untouched.
//!
//! A repository stays in the object in which it was made. When it gets another name, the object of that
//! name passes requests on. When a name is taken again whose own object still holds a repository (one
//! that has moved away, or that was deleted and can be restored), the new repository gets an object
//! beside it, and the name's own object passes requests on.

use worker::{Env, Method, Request, RequestInit, Response};

use crate::repo_do::contract::{
    Actor, ErrorCode, ErrorReply, Forwarding, ORIGIN, RepositoryInfo, forwarded_text, header, path,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer;
use crate::repo_do::request::place::{self, Place, named_object, passed_on, place};
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// The paths by which a repository is made.
pub(crate) const MAKERS: [&str; 4] = [path::INIT, path::FORK, path::IMPORT, path::RECOVER];

/// The binding of the repositories' objects.
const REPOSITORIES: &str = "REPO";

/// When to try again after another object did not answer.
const RETRY_SECONDS: u32 = 2;

/// A request at the roof.
pub(crate) enum Arrived {
    /// It is for this object.
    Here(Request),
    /// Another object, or the roof, has answered it.
    Answered(Response),
}

/// Passes a request on if this object's name leads elsewhere.
pub(crate) async fn arrive(object: &RepoObject, request: Request) -> Result<Arrived, ErrorReply> {
    let store = object.store()?;
    let route = request.path();
    let is_maker = MAKERS.contains(&route.as_str()) && request.method() == Method::Post;
    let forwarding = store.forwarding()?;
    // Nearly every request of nearly every object.
    if !is_maker && route != path::FORWARD && forwarding.is_none() {
        return Ok(Arrived::Here(request));
    }
    if passed_on(&request).is_some() {
        return Ok(Arrived::Here(request));
    }
    if route == path::FORWARD {
        let pointed = point(object, &store, request).await?;
        return Ok(Arrived::Answered(pointed));
    }
    if is_maker {
        return make(object, request).await;
    }
    match forwarding {
        Some(to) if !lives_here(&store, &request)? => {
            let answered = send(&object.env, &to, request.inner(), None).await?;
            Ok(Arrived::Answered(answered))
        }
        _ => Ok(Arrived::Here(request)),
    }
}

/// Refuses to make a repository here for a name that leads here, if this object holds another one. Who
/// asked finds another object for it.
pub(crate) fn check_free(object: &RepoObject, request: &Request) -> Result<(), ErrorReply> {
    if passed_on(request).is_none() {
        return Ok(());
    }
    match object.store()?.load()? {
        Some(record) if is_occupied(request, &record) => Err(place::moved(&record)),
        _ => Ok(()),
    }
}

/// Whether a repository stays in this object that does not go by the name of the request.
fn is_occupied(request: &Request, record: &RepositoryRecord) -> bool {
    let is_another = place(request, record) != Place::Here || record.policies.deleted_at.is_some();
    record.phase != Phase::Deleting && is_another
}

/// Whether the repository that the request names is in this object.
fn lives_here(store: &Store, request: &Request) -> Result<bool, ErrorReply> {
    let record = store.load()?;
    Ok(record
        .is_some_and(|record| record.phase != Phase::Deleting && !is_occupied(request, &record)))
}

/// Finds an object for a repository that is to be made.
async fn make(object: &RepoObject, mut request: Request) -> Result<Arrived, ErrorReply> {
    let store = object.store()?;
    let is_occupied_now = |store: &Store, request: &Request| {
        let record = store.load()?;
        Ok::<_, ErrorReply>(record.is_some_and(|record| is_occupied(request, &record)))
    };
    let Some(name) = named_object(&request) else {
        return Ok(Arrived::Here(request));
    };
    if store.forwarding()?.is_none() && !is_occupied_now(&store, &request)? {
        return Ok(Arrived::Here(request));
    }
    let body = request.text().await?;
    let repository_id = repository_id(&body)?;
    let env = &object.env;
    loop {
        // No await stands between a look at the row and a change of it.
        let store = object.store()?;
        let there = store.forwarding()?;
        if let Some(there) = there.filter(|_| !lives_here(&store, &request).unwrap_or(false)) {
            let to = Forwarding {
                repository_id: repository_id.clone(),
                ..there.clone()
            };
            let answered = send(env, &to, request.inner(), Some(&body)).await?;
            if answered.status_code() != ErrorCode::Moved.status() {
                let store = object.store()?;
                let is_unchanged = store.forwarding()?.as_ref() == Some(&there);
                if answered.status_code() == 200 && is_unchanged && there != to {
                    store.set_forwarding(&to)?;
                }
                return Ok(Arrived::Answered(answered));
            }
            if object.store()?.forwarding()?.as_ref() != Some(&there) {
                continue;
            }
        }
        // That object holds another repository, or there is none.
        let store = object.store()?;
        if !is_occupied_now(&store, &request)? {
            store.clear_forwarding()?;
            return Ok(Arrived::Here(copy(request.inner(), None, Some(&body))?));
        }
        let beside = Forwarding::beside(&name, &repository_id);
        store.set_forwarding(&beside)?;
        let answered = send(env, &beside, request.inner(), Some(&body)).await?;
        return Ok(Arrived::Answered(answered));
    }
}

/// The id of the repository that a maker's body asks for.
fn repository_id(body: &str) -> Result<String, ErrorReply> {
    let body = serde_json::from_str::<serde_json::Value>(body);
    let body = body.map_err(|error| ErrorReply::internal("forwarding", &error))?;
    let create = body.get("create").unwrap_or(&body);
    let id = create.get("repository_id").and_then(|id| id.as_str());
    let none = || ErrorReply::internal("forwarding", &"the body names no repository");
    id.map(str::to_owned).ok_or_else(none)
}

/// `POST /forward`: requests by this object's name go to another one from now on, unless a repository
/// that is there has the name.
async fn point(
    object: &RepoObject,
    store: &Store,
    request: Request,
) -> Result<Response, ErrorReply> {
    let actor = request.headers().get(header::ACTOR).ok().flatten();
    if actor.and_then(|actor| actor.parse().ok()) != Some(Actor::Operator) {
        let message = "only the operator moves names";
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    let none = || ErrorReply::internal("forwarding", &"the request names no repository");
    let name = named_object(&request).ok_or_else(none)?;
    let again = Request::from(Clone::clone(request.inner()));
    let to: Forwarding = answer::body(request).await?;
    let there = store.forwarding()?;
    if let Some(there) = there.as_ref().filter(|there| **there != to) {
        let question = ask_info(&name)?;
        let mut answered = send(&object.env, there, question.inner(), None).await?;
        let is_free = match answered.status_code() {
            200 => answered.json::<RepositoryInfo>().await?.repository_id == to.repository_id,
            status => [ErrorCode::NotFound, ErrorCode::Moved]
                .map(ErrorCode::status)
                .contains(&status),
        };
        if !is_free {
            return Err(taken());
        }
    }
    let store = object.store()?;
    if store.forwarding()? != there {
        let message = "the name is being moved by another request, try again";
        return Err(ErrorReply::busy(RETRY_SECONDS, message));
    }
    let here = store
        .load()?
        .filter(|_| lives_here(&store, &again).unwrap_or(true));
    if here.is_some_and(|record| record.id != to.repository_id) {
        return Err(taken());
    }
    if to.object_name == name {
        store.clear_forwarding()?;
    } else {
        store.set_forwarding(&to)?;
    }
    reply::json(&to)
}

fn taken() -> ErrorReply {
    let message = "a repository of this name exists in the namespace";
    ErrorReply::at(ErrorCode::AlreadyExists, "/name", message)
}

/// The operator's question what repository goes by a name.
fn ask_info(name: &str) -> worker::Result<Request> {
    let headers = worker::Headers::new();
    headers.set(header::ACTOR, &Actor::Operator.to_string())?;
    headers.set(header::REPOSITORY, name)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get).with_headers(headers);
    Request::new_with_init(&format!("{ORIGIN}{}", path::INFO), &init)
}

/// Passes a request on, its body as a stream unless one is given, and the answer as it comes.
async fn send(
    env: &Env,
    to: &Forwarding,
    request: &web_sys::Request,
    body: Option<&str>,
) -> Result<Response, ErrorReply> {
    let sent = async {
        let request = copy(request, Some(to), body)?;
        let object = env
            .durable_object(REPOSITORIES)?
            .get_by_name(&to.object_name)?;
        object.fetch_with_request(request).await
    };
    sent.await.map_err(|error| {
        let message = "the repository's object did not answer, try again";
        ErrorReply::busy(RETRY_SECONDS, message).caused_by("forwarding", &error)
    })
}

/// The same request, for another object or with its body given back.
fn copy(
    request: &web_sys::Request,
    to: Option<&Forwarding>,
    body: Option<&str>,
) -> worker::Result<Request> {
    let headers = web_sys::Headers::new_with_headers(&request.headers())?;
    if let Some(to) = to {
        headers.set(header::FORWARDED, &forwarded_text(to))?;
    }
    let init = web_sys::RequestInit::new();
    init.set_headers(&headers);
    init.set_redirect(web_sys::RequestRedirect::Manual);
    let copy = match body {
        Some(body) => {
            init.set_method(&request.method());
            init.set_body(&body.into());
            web_sys::Request::new_with_str_and_init(&request.url(), &init)
        }
        None => web_sys::Request::new_with_request_and_init(request, &init),
    };
    Ok(copy?.into())
}
