//! Downstreams of a repository: adds, lists, changes and removes them, and requests pushes.

use serde::Serialize;
use worker::{Method, Request};

use super::body::body;
use super::imports;
use crate::repo_do::contract::downstream::{
    DownstreamPath, PushPage, RemovedDownstream, ShownDownstream,
};
use crate::repo_do::contract::{Access, Actor, ErrorReply};
use crate::worker::call::Call;
use crate::worker::envelope;
use crate::worker::names::RepositoryPath;
use crate::worker::namespace::once::Purpose;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::rest::parameters::downstreams::{Changed, Given, PushQuery};
use crate::worker::rest::parameters::webhooks::{self as given, Nothing};
use crate::worker::rest::resources::Gone;
use crate::worker::rest::resources::downstreams::{DownstreamShown, PushShown};
use crate::worker::route::downstreams::DownstreamRoute;
use crate::worker::visit::Visit;
use crate::worker::{admission, id};

/// Answers a request below `…/downstreams`.
pub(crate) async fn answer(
    visit: &Visit,
    request: Request,
    method: &str,
    query: &str,
    (path, route): (&RepositoryPath, &DownstreamRoute),
) -> Result<Reply, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let downstreams = Downstreams { visit, path, actor };
    match (route, method) {
        (DownstreamRoute::All, "POST") => downstreams.add(request).await,
        (DownstreamRoute::All, _) => {
            let all: Vec<ShownDownstream> = downstreams.get(DownstreamPath::All.write()).await?;
            let shown = all.into_iter().map(DownstreamShown::from);
            envelope::success(200, &shown.collect::<Vec<_>>())
        }
        (DownstreamRoute::One(id), "PATCH") => downstreams.change(request, id).await,
        (DownstreamRoute::One(id), "DELETE") => {
            let call = Call::delete(DownstreamPath::One(id).write());
            let removed: RemovedDownstream = downstreams.ask(call).await?;
            envelope::success(200, &Gone { id: removed.id })
        }
        (DownstreamRoute::One(id), _) => {
            let found = downstreams.get(DownstreamPath::One(id).write()).await?;
            one(200, found)
        }
        (DownstreamRoute::Push(id), _) => {
            let Nothing {} = body(request).await?;
            let call = Call::post(DownstreamPath::Push(id).write(), &())?;
            one(202, downstreams.ask(call).await?)
        }
        (DownstreamRoute::Pushes(id), _) => downstreams.pushes(query, id).await,
    }
}

fn one(status: u16, found: ShownDownstream) -> Result<Reply, ErrorReply> {
    envelope::success(status, &DownstreamShown::from(found))
}

struct Downstreams<'a> {
    visit: &'a Visit,
    path: &'a RepositoryPath,
    actor: Actor,
}

impl Downstreams<'_> {
    async fn add(&self, request: Request) -> Result<Reply, ErrorReply> {
        let given: Given = body(request).await?;
        let id = id::repository_id(self.visit.entropy(Purpose::Downstream)?);
        let new = given.checked(id, imports::allows_private(self.visit))?;
        one(201, self.post(DownstreamPath::All.write(), &new).await?)
    }

    async fn change(&self, request: Request, id: &str) -> Result<Reply, ErrorReply> {
        let changed: Changed = body(request).await?;
        let change = changed.checked(imports::allows_private(self.visit))?;
        let call = Call::post(DownstreamPath::One(id).write(), &change)?;
        one(200, self.ask(call.by(Method::Patch)).await?)
    }

    async fn pushes(&self, query: &str, id: &str) -> Result<Reply, ErrorReply> {
        let asked = parameters::query::<PushQuery>(query)?.checked()?;
        let path = DownstreamPath::Pushes(id).write();
        let page: PushPage = self.get(objects::target(&path, &asked)?).await?;
        let cursor = match page.pushes.last() {
            Some(last) if page.has_more => Some(given::cursor(last.number)),
            _ => None,
        };
        let shown = page.pushes.into_iter().map(PushShown::from);
        envelope::page(&shown.collect::<Vec<_>>(), asked.limit, cursor)
    }

    async fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: String,
        body: &impl Serialize,
    ) -> Result<T, ErrorReply> {
        self.ask(Call::post(path, body)?).await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, target: String) -> Result<T, ErrorReply> {
        self.ask(Call::get(target)).await
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, call: Call) -> Result<T, ErrorReply> {
        let response = objects::repository(self.visit, self.path, self.actor, call).await?;
        objects::read(response).await
    }
}
