//! Adds, shows, changes and removes downstreams, and requests pushes.

use std::rc::Rc;

use serde_json::{Value, json};
use worker::{Method, Request};

use super::run;
use crate::git::store::StoreError;
use crate::repo_do::contract::downstream::{
    DOWNSTREAMS_MAX, DownstreamChange, DownstreamPath, DownstreamState, ListPushes, NewDownstream,
    PushPage, RemovedDownstream, ShownDownstream, ShownPush,
};
use crate::repo_do::contract::{Actor, ErrorCode, ErrorReply, GivenCredentials, RemoteUrl};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::mirrors::credentials::place::{Direction, Place};
use crate::repo_do::mirrors::credentials::sealed::SealedCredentials;
use crate::repo_do::mirrors::credentials::sealing;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{self, Answer, no_route};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::not_ready;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::downstreams::{Downstream, DownstreamSettings};

/// Answers a request below `/downstreams`.
pub(crate) async fn answer(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    authorized: &Authorized,
    doer: Doer,
) -> Answer {
    let route = request.path();
    let path = DownstreamPath::parse(&route).ok_or_else(no_route)?;
    let administration = Administration {
        object,
        store,
        authorized,
        doer,
    };
    match (request.method(), path) {
        (Method::Get, DownstreamPath::All) => {
            let all = store.downstreams()?.into_iter();
            let all = all.map(|downstream| shown(object, store, downstream));
            reply::json(&all.collect::<Result<Vec<_>, _>>()?)
        }
        (Method::Post, DownstreamPath::All) => administration.add(request).await,
        (Method::Get, DownstreamPath::One(id)) => administration.show(id),
        (Method::Patch, DownstreamPath::One(id)) => administration.change(request, id).await,
        (Method::Delete, DownstreamPath::One(id)) => administration.remove(id).await,
        (Method::Post, DownstreamPath::Push(id)) => administration.push(id).await,
        (Method::Get, DownstreamPath::Pushes(id)) => pushes(store, &request, id),
        _ => Err(no_route()),
    }
}

/// The change of a downstream, for its event.
#[derive(Debug, Clone, Copy)]
enum Change {
    Added,
    Changed,
    Removed,
}

struct Administration<'a> {
    object: &'a Rc<RepoObject>,
    store: &'a Rc<Store>,
    authorized: &'a Authorized,
    doer: Doer,
}

impl Administration<'_> {
    async fn add(self, request: Request) -> Answer {
        not_ready::check_filled(&self.authorized.record)?;
        let new: NewDownstream = answer::body(request).await?;
        let credentials = match new.credentials {
            Some(given) => Some(self.sealed(&new.url, given).await?),
            None => None,
        };
        let downstream = Downstream {
            id: new.id,
            url: new.url,
            settings: DownstreamSettings {
                refs: new.refs,
                force: new.force,
                prune: new.prune,
                atomic: new.atomic,
            },
            credentials,
            is_active: new.active,
            created_at: now_ms(),
            reflog_seq: 0,
            is_asked: true,
            attempts: 0,
            retry_at: None,
        };
        self.write(Change::Added, &downstream, |store| {
            let all = store.downstreams()?;
            let is_known = all.iter().any(|known| known.id == downstream.id);
            if all.len() >= DOWNSTREAMS_MAX && !is_known {
                return Ok(false);
            }
            store.add_downstream(&downstream)?;
            Ok(true)
        })
        .await
    }

    fn show(&self, id: &str) -> Answer {
        let found = self.store.downstream(id)?.ok_or_else(unknown)?;
        reply::json(&shown(self.object, self.store, found)?)
    }

    async fn change(self, request: Request, id: &str) -> Answer {
        let change: DownstreamChange = answer::body(request).await?;
        let mut changed = self.store.downstream(id)?.ok_or_else(unknown)?;
        let before = changed.url.clone();
        changed.url = change.url.unwrap_or(changed.url);
        let settings = &mut changed.settings;
        settings.refs = change.refs.unwrap_or(std::mem::take(&mut settings.refs));
        settings.force = change.force.unwrap_or(settings.force);
        settings.prune = change.prune.unwrap_or(settings.prune);
        settings.atomic = change.atomic.unwrap_or(settings.atomic);
        changed.is_active = change.active.unwrap_or(changed.is_active);
        match change.credentials {
            Some(Some(given)) => {
                changed.credentials = Some(self.sealed(&changed.url, given).await?);
            }
            Some(None) => changed.credentials = None,
            None if changed.url != before => self.check_kept(&changed).await?,
            None => {}
        }
        self.write(Change::Changed, &changed, |store| {
            if store.downstream(&changed.id)?.is_none() {
                return Err(StoreError::Failed("the downstream is gone".to_owned()));
            }
            store.change_downstream(&changed)?;
            Ok(true)
        })
        .await
    }

    async fn remove(self, id: &str) -> Answer {
        let found = self.store.downstream(id)?.ok_or_else(unknown)?;
        tell::prepare(self.object).await;
        tell::still_here(self.object, self.store)?;
        in_transaction(self.store.database(), || {
            self.store.remove_downstream(id)?;
            self.tell(Change::Removed, &found)
        })?;
        tell::written_and_sent(self.object).await;
        reply::json(&RemovedDownstream { id: id.to_owned() })
    }

    async fn push(&self, id: &str) -> Answer {
        let found = self.store.downstream(id)?.ok_or_else(unknown)?;
        if !found.is_active {
            let message = "the downstream is switched off: switch it on before it is pushed to";
            return Err(ErrorReply::new(ErrorCode::Conflict, message));
        }
        self.store.ask_downstream(id)?;
        run::run(self.object).await;
        self.show(id)
    }

    /// Writes a downstream and its event, and starts a push.
    async fn write(
        &self,
        change: Change,
        downstream: &Downstream,
        write: impl Fn(&Store) -> Result<bool, StoreError>,
    ) -> Answer {
        tell::prepare(self.object).await;
        tell::still_here(self.object, self.store)?;
        let written = in_transaction(self.store.database(), || {
            let written = write(self.store)?;
            if written {
                self.tell(change, downstream)?;
            }
            Ok::<_, StoreError>(written)
        })?;
        if !written {
            let message = format!("a repository has {DOWNSTREAMS_MAX} downstreams at most");
            return Err(ErrorReply::new(ErrorCode::Conflict, message));
        }
        tell::written_and_sent(self.object).await;
        run::run(self.object).await;
        self.show(&downstream.id)
    }

    fn tell(&self, change: Change, downstream: &Downstream) -> Result<(), StoreError> {
        let shown = json!({"id": downstream.id, "url": downstream.url});
        let (from, to) = match change {
            Change::Added => (Value::Null, shown),
            Change::Changed => (shown.clone(), shown),
            Change::Removed => (shown, Value::Null),
        };
        let changes = json!({"changes": {"downstreams": {"from": from, "to": to}}});
        tell::append_repository(self.store, EventKind::Updated, self.doer.clone(), &changes)
    }

    async fn sealed(&self, url: &str, given: GivenCredentials) -> Result<String, ErrorReply> {
        let url = self.remote_url(url)?;
        let actor: Actor = self.authorized.actor;
        let sealed = sealing::seal(self.object, &self.place(&url), given, actor).await?;
        Ok(sealed.to_text())
    }

    /// Refuses a changed URL for stored credentials: they belong to the URL that they were given for.
    async fn check_kept(&self, changed: &Downstream) -> Result<(), ErrorReply> {
        let Some(stored) = &changed.credentials else {
            return Ok(());
        };
        let url = self.remote_url(&changed.url)?;
        let malformed = |error| ErrorReply::internal("credentials", &error);
        let sealed = SealedCredentials::parse(stored).map_err(malformed)?;
        sealing::check_url(self.object, &self.place(&url), &sealed).await
    }

    fn place<'p>(&'p self, url: &'p RemoteUrl) -> Place<'p> {
        Place {
            repository_id: &self.authorized.record.id,
            direction: Direction::Downstream,
            url,
        }
    }

    fn remote_url(&self, url: &str) -> Result<RemoteUrl, ErrorReply> {
        let parsed = RemoteUrl::parse(url, self.object.allows_private_remotes());
        let refused = |error: crate::repo_do::contract::RemoteUrlError| {
            ErrorReply::at(ErrorCode::InvalidUrl, "/url", error.to_string())
        };
        parsed.map(|(url, _)| url).map_err(refused)
    }
}

fn pushes(store: &Store, request: &Request, id: &str) -> Answer {
    store.downstream(id)?.ok_or_else(unknown)?;
    let asked: ListPushes = request
        .query()
        .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    let one_more = asked.limit.saturating_add(1);
    let mut pushes = store.downstream_pushes(id, asked.before, one_more)?;
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let has_more = pushes.len() > limit;
    pushes.truncate(limit);
    reply::json(&PushPage {
        pushes: pushes.into_iter().map(ShownPush::from).collect(),
        has_more,
    })
}

fn unknown() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "there is no such downstream")
}

fn shown(
    object: &RepoObject,
    store: &Store,
    downstream: Downstream,
) -> Result<ShownDownstream, StoreError> {
    let due_ms = downstream.due(store.last_reflog_seq()?);
    let is_pushing = object.downstreams.has(&downstream.id);
    let state = match due_ms {
        _ if !downstream.is_active => DownstreamState::Inactive,
        None if !is_pushing => DownstreamState::Idle,
        Some(at_ms) if !is_pushing && at_ms > now_ms() => DownstreamState::Waiting,
        _ => DownstreamState::Pushing,
    };
    let credentials = downstream.credentials.as_deref();
    let credentials = credentials.and_then(|text| SealedCredentials::parse(text).ok());
    let last_push = store.downstream_pushes(&downstream.id, None, 1)?.pop();
    // The attempt under way has not failed yet.
    let failures = downstream.attempts.saturating_sub(u32::from(is_pushing));
    Ok(ShownDownstream {
        id: downstream.id,
        url: downstream.url,
        refs: downstream.settings.refs,
        force: downstream.settings.force,
        prune: downstream.settings.prune,
        atomic: downstream.settings.atomic,
        active: downstream.is_active,
        credentials: credentials.map(|sealed| sealed.kind()),
        created_at_ms: downstream.created_at,
        state,
        failures,
        next_attempt_at_ms: due_ms.filter(|_| state == DownstreamState::Waiting),
        last_push: last_push.map(Into::into),
    })
}
