//! Names that lead to another object: the roof of an object passes such requests on, untouched.
//!
//! A repository stays in the object in which it was made. When it gets another name, the object of that
//! name passes requests on. When a name is taken again whose own object still holds a repository (one
//! that has moved away, or that was deleted and can be restored), the new repository gets an object
//! beside it, and the name's own object passes requests on.

use worker::{Env, Method, Request, Response};

use crate::repo_do::contract::{
    ErrorCode, ErrorReply, Forwarding, RepositoryInfo, forwarded_text, header, path,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::caller::check_operator;
use crate::repo_do::request::place::{self, named_object, passed_on};
use crate::repo_do::request::{answer, repository};
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// The paths by which a repository is made.
const MAKERS: [&str; 4] = [path::INIT, path::FORK, path::IMPORT, path::RECOVER];

/// When to try again after another object did not answer.
const RETRY_SECONDS: u32 = 2;

/// A request at the roof.
pub(crate) enum Arrived {
    /// It is for this object.
    Here(Request),
    /// Another object, or the roof, has answered it.
    Answered(Response),
}

/// Whether a request makes a repository.
pub(crate) fn is_maker(request: &Request) -> bool {
    request.method() == Method::Post && MAKERS.contains(&request.path().as_str())
}

/// Passes a request on if this object's name leads elsewhere.
pub(crate) async fn arrive(object: &RepoObject, request: Request) -> Result<Arrived, ErrorReply> {
    let store = object.store()?;
    let (is_maker, moves_name) = (is_maker(&request), request.path() == path::FORWARD);
    let forwarding = store.forwarding()?;
    // Nearly every request of nearly every object.
    if !is_maker && !moves_name && forwarding.is_none() {
        return Ok(Arrived::Here(request));
    }
    if passed_on(&request).is_some() {
        return Ok(Arrived::Here(request));
    }
    let answered = match (named_object(&request), forwarding) {
        (Some(name), _) if moves_name => point(object, &name, request).await?,
        (Some(name), _) if is_maker => return make(object, name, request).await,
        (Some(name), _) if lives_here(&store, &name) => return Ok(Arrived::Here(request)),
        (_, Some(to)) => send(&object.env, &to, request.inner(), None).await?,
        (_, None) => return Ok(Arrived::Here(request)),
    };
    Ok(Arrived::Answered(answered))
}

/// Refuses to make a repository here for a name that leads here, if this object holds another one. The caller
/// finds another object for it.
pub(crate) fn check_free(object: &RepoObject, request: &Request) -> Result<(), ErrorReply> {
    let name = named_object(request).filter(|_| passed_on(request).is_some());
    match (object.store()?.load()?, name) {
        (Some(record), Some(name)) if is_occupied(&record, &name) => Err(place::moved(&record)),
        _ => Ok(()),
    }
}

/// Whether a repository stays in this object that does not go by this name.
fn is_occupied(record: &RepositoryRecord, name: &str) -> bool {
    let is_another = !place::goes_by(record, name) || record.policies.deleted_at.is_some();
    record.phase != Phase::Deleting && is_another
}

/// Whether a repository that goes by this name is in this object.
fn lives_here(store: &Store, name: &str) -> bool {
    let is_alive =
        |record: &RepositoryRecord| record.phase != Phase::Deleting && !is_occupied(record, name);
    store
        .load()
        .is_ok_and(|record| record.as_ref().is_some_and(is_alive))
}

/// Finds an object for a new repository.
async fn make(
    object: &RepoObject,
    name: String,
    mut request: Request,
) -> Result<Arrived, ErrorReply> {
    let is_occupied_now = |store: &Store| {
        let record = store.load()?;
        Ok::<_, ErrorReply>(record.is_some_and(|record| is_occupied(&record, &name)))
    };
    let store = object.store()?;
    if store.forwarding()?.is_none() && !is_occupied_now(&store)? {
        return Ok(Arrived::Here(request));
    }
    let body = request.text().await?;
    let repository_id = repository_id(&body)?;
    let env = &object.env;
    loop {
        // No await stands between a look at the row and a change of it.
        let store = object.store()?;
        let there = store.forwarding()?.filter(|_| !lives_here(&store, &name));
        if let Some(there) = there {
            let to = Forwarding {
                repository_id: repository_id.clone(),
                ..there.clone()
            };
            let answered = send(env, &to, request.inner(), Some(&body)).await?;
            let store = object.store()?;
            let is_unchanged = store.forwarding()?.as_ref() == Some(&there);
            if answered.status_code() != ErrorCode::Moved.status() {
                if answered.status_code() == 200 && is_unchanged && there != to {
                    store.set_forwarding(&to)?;
                }
                return Ok(Arrived::Answered(answered));
            }
            if !is_unchanged {
                continue;
            }
        }
        // That object holds another repository or none.
        let store = object.store()?;
        if !is_occupied_now(&store)? {
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
async fn point(object: &RepoObject, name: &str, request: Request) -> Result<Response, ErrorReply> {
    check_operator(&request, "only the operator moves names")?;
    let to: Forwarding = answer::body(request).await?;
    check_name(object, name, &to.repository_id).await?;
    let store = object.store()?;
    if to.object_name == name {
        store.clear_forwarding()?;
    } else {
        store.set_forwarding(&to)?;
    }
    reply::json(&to)
}

/// Refuses this object's name to a repository, if another one has it.
pub(crate) async fn check_name(
    object: &RepoObject,
    name: &str,
    repository_id: &str,
) -> Result<(), ErrorReply> {
    let there = object.store()?.forwarding()?;
    if let Some(there) = there.as_ref() {
        let mut answered =
            send(&object.env, there, repository::info_of(name)?.inner(), None).await?;
        let is_free = match answered.status_code() {
            200 => answered.json::<RepositoryInfo>().await?.repository_id == repository_id,
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
    let here = store.load()?.filter(|_| lives_here(&store, name));
    if here.is_some_and(|record| record.id != repository_id) {
        return Err(taken());
    }
    Ok(())
}

/// Tells the object of a name to pass requests on to another one.
pub(crate) async fn tell(env: &Env, name: &str, to: &Forwarding) -> Result<(), ErrorReply> {
    let told = async {
        let mut response = repository::post(env, name, path::FORWARD, to).await?;
        match response.status_code() {
            200 => Ok(None),
            _ => response.json::<ErrorReply>().await.map(Some),
        }
    };
    match told.await {
        Ok(None) => Ok(()),
        Ok(Some(refused)) => Err(refused),
        Err(error) => Err(no_answer(&error)),
    }
}

fn no_answer(error: &worker::Error) -> ErrorReply {
    let message = "the object of the name did not answer, try again";
    ErrorReply::busy(RETRY_SECONDS, message).caused_by("forwarding", error)
}

fn taken() -> ErrorReply {
    let message = "a repository of this name exists in the namespace";
    ErrorReply::at(ErrorCode::AlreadyExists, "/name", message)
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
        repository::send(env, &to.object_name, request).await
    };
    sent.await.map_err(|error| no_answer(&error))
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
