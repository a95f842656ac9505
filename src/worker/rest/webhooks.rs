//! Webhooks of a namespace and of its repositories: made, listed, changed, deleted; their
//! deliveries. An administrator of the namespace administers its repositories too.

use serde_json::json;
use worker::Request;

use super::body::{body, body_below};
use super::imports;
use crate::repo_do::contract::event_shown::Shown;
use crate::repo_do::contract::event_types::EventPrefix;
use crate::repo_do::contract::{ErrorCode, ErrorReply, RemoteUrlError, check_webhook_url, signing};
use crate::repo_do::feed::answer::prefix;
use crate::storage::event::{ActorKind, Event, EventActor, EventBody, EventKind};
use crate::storage::event_payload::raw;
use crate::storage::webhook::definition::Secret;
use crate::worker::call::Call;
use crate::worker::credentials::Identity;
use crate::worker::envelope;
use crate::worker::namespace::contract::{Done, path as namespace_path};
use crate::worker::namespace::directory;
use crate::worker::namespace::once::Purpose;
use crate::worker::namespace::webhooks::{Change, Make, Rotate, Webhook, Which};
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::rest::parameters::webhooks::{
    self as given, DeliveryQuery, NewSecret, NewWebhook, WebhookChange,
};
use crate::worker::rest::resources::Gone;
use crate::worker::rest::resources::webhooks::{ShownDelivery, ShownWebhook};
use crate::worker::route::webhooks::{HookOwner, HookRoute};
use crate::worker::visit::Visit;
use crate::worker::webhooks::contract::{
    BySeq, Deliveries, Delivery, DeliveryInFull, Extra, GivenEvent, ListDeliveries, Redeliver,
    object_name, path,
};
use crate::worker::{admission, id};

/// Answers a request below `…/webhooks`.
pub(crate) async fn answer(
    visit: &Visit,
    request: Request,
    method: &str,
    query: &str,
    owner: &HookOwner,
    route: &HookRoute,
) -> Result<Reply, ErrorReply> {
    match (route, method) {
        (HookRoute::All, "POST") => create(visit, request, owner).await,
        (HookRoute::All, _) => list(visit, owner).await,
        (HookRoute::One(id), "PATCH") => update(visit, request, owner, id).await,
        (HookRoute::One(id), "DELETE") => delete(visit, owner, id).await,
        (HookRoute::One(id), _) => {
            let hook = find(visit, owner, id).await?;
            envelope::success(200, &ShownWebhook::new(hook, &types(visit)))
        }
        (HookRoute::Ping(id), _) => ping(visit, request, owner, id).await,
        (HookRoute::RotateSecret(id), _) => rotate(visit, request, owner, id).await,
        (HookRoute::Deliveries(id), _) => deliveries(visit, query, owner, id).await,
        (HookRoute::Delivery(id, seq), _) => delivery(visit, owner, id, *seq).await,
        (HookRoute::Redeliver(id, seq), _) => redeliver(visit, request, owner, id, *seq).await,
    }
}

async fn create(visit: &Visit, request: Request, owner: &HookOwner) -> Result<Reply, ErrorReply> {
    let new: NewWebhook = body_below(visit, &owner.namespace, request).await?;
    let types = types(visit);
    check_url(visit, &new.url)?;
    let asked = Make {
        which: which(owner, &id::repository_id(visit.entropy(Purpose::Webhook)?)),
        events: given::events(&new.events, &types)?,
        refs: new.refs.map(given::refs).transpose()?,
        secret: secret(visit, new.secret.as_deref())?,
        url: new.url,
        active: new.active.unwrap_or(true),
    };
    let made: Webhook = directory::post(
        visit,
        &owner.namespace,
        namespace_path::WEBHOOK_MAKE,
        &asked,
    )
    .await?;
    envelope::success(201, &ShownWebhook::with_secret(made, &types))
}

async fn list(visit: &Visit, owner: &HookOwner) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, &owner.namespace).await?;
    let hooks: Vec<Webhook> = get(visit, owner, namespace_path::WEBHOOKS, "").await?;
    let types = types(visit);
    let shown = hooks
        .into_iter()
        .map(|hook| ShownWebhook::new(hook, &types));
    envelope::success(200, &shown.collect::<Vec<_>>())
}

async fn update(
    visit: &Visit,
    request: Request,
    owner: &HookOwner,
    id: &str,
) -> Result<Reply, ErrorReply> {
    let change: WebhookChange = body_below(visit, &owner.namespace, request).await?;
    let types = types(visit);
    if let Some(url) = &change.url {
        check_url(visit, url)?;
    }
    let events = change.events.as_deref();
    let refs = change.refs.map(|refs| refs.map(given::refs).transpose());
    let change = Change {
        which: which(owner, id),
        url: change.url,
        events: events
            .map(|events| given::events(events, &types))
            .transpose()?,
        refs: refs.transpose()?,
        active: change.active,
    };
    let path = namespace_path::WEBHOOK_CHANGE;
    let changed: Webhook = directory::post(visit, &owner.namespace, path, &change).await?;
    envelope::success(200, &ShownWebhook::new(changed, &types))
}

async fn delete(visit: &Visit, owner: &HookOwner, id: &str) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, &owner.namespace).await?;
    let (path, which) = (namespace_path::WEBHOOK_DELETE, which(owner, id));
    let Done {} = directory::post(visit, &owner.namespace, path, &which).await?;
    let id = id.to_owned();
    envelope::success(200, &Gone { id })
}

async fn rotate(
    visit: &Visit,
    request: Request,
    owner: &HookOwner,
    id: &str,
) -> Result<Reply, ErrorReply> {
    let new: NewSecret = body_below(visit, &owner.namespace, request).await?;
    let rotate = Rotate {
        which: which(owner, id),
        secret: secret(visit, new.secret.as_deref())?,
        keep_ms: given::keep_ms(new.keep_seconds)?,
    };
    let path = namespace_path::WEBHOOK_ROTATE;
    let changed: Webhook = directory::post(visit, &owner.namespace, path, &rotate).await?;
    envelope::success(200, &ShownWebhook::with_secret(changed, &types(visit)))
}

/// Sends a ping, also where the webhook is switched off: so a receiver can be tried before.
async fn ping(
    visit: &Visit,
    request: Request,
    owner: &HookOwner,
    id: &str,
) -> Result<Reply, ErrorReply> {
    let hook = find_for(visit, request, owner, id).await?;
    let definition = hook.definition;
    let event = Event {
        // It has a place in no order; the time tells pings apart.
        sequence: visit.now_ms,
        at_ms: visit.now_ms,
        kind: EventKind::WebhookPing,
        body: EventBody {
            namespace: definition.namespace.clone(),
            repo_name: owner.repo.as_ref().map(|name| name.as_str().to_owned()),
            payload: raw(&json!({ "webhookId": id })),
            actor: actor(visit),
            address: None,
            request_id: Some(visit.request_id.clone()),
        },
    };
    let shown = Shown {
        event: &event,
        repository_id: id,
        namespace_sequence: None,
    };
    let types = types(visit);
    let body = shown.json(&types);
    let body = body.map_err(|error| ErrorReply::internal("ping", &error))?;
    let name = object_name(&definition.namespace, id);
    let extra = Extra {
        event: GivenEvent {
            repository_id: String::new(),
            sequence: None,
            event_id: shown.id(),
            kind: shown.kind(&types),
            body,
        },
        definition,
    };
    let call = Call::post(path::EXTRA, &extra)?;
    let delivery: Delivery = objects::read(objects::webhook(visit, &name, call).await?).await?;
    envelope::success(202, &ShownDelivery::from(delivery))
}

async fn redeliver(
    visit: &Visit,
    request: Request,
    owner: &HookOwner,
    id: &str,
    seq: i64,
) -> Result<Reply, ErrorReply> {
    let hook = find_for(visit, request, owner, id).await?;
    let definition = hook.definition;
    if !definition.active {
        let message = "the webhook is switched off: switch it on before an event is sent again";
        return Err(ErrorReply::new(ErrorCode::Conflict, message));
    }
    let name = object_name(&definition.namespace, id);
    let call = Call::post(path::REDELIVER, &Redeliver { definition, seq })?;
    let delivery: Delivery = objects::read(objects::webhook(visit, &name, call).await?).await?;
    envelope::success(202, &ShownDelivery::from(delivery))
}

async fn deliveries(
    visit: &Visit,
    query: &str,
    owner: &HookOwner,
    id: &str,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, &owner.namespace).await?;
    let query: DeliveryQuery = parameters::query(query)?;
    let asked = ListDeliveries {
        state: query.state,
        before: query.before()?,
        limit: query.limit()?,
    };
    let hook = find_admitted(visit, owner, id).await?;
    let name = object_name(&hook.definition.namespace, id);
    let call = Call::get(objects::target(path::DELIVERIES, &asked)?);
    let found: Deliveries = objects::read(objects::webhook(visit, &name, call).await?).await?;
    let cursor = match found.deliveries.last() {
        Some(last) if found.has_more => Some(given::cursor(last.seq)),
        _ => None,
    };
    let shown: Vec<_> = found
        .deliveries
        .into_iter()
        .map(ShownDelivery::from)
        .collect();
    envelope::page(&shown, asked.limit, cursor)
}

async fn delivery(
    visit: &Visit,
    owner: &HookOwner,
    id: &str,
    seq: i64,
) -> Result<Reply, ErrorReply> {
    let hook = find(visit, owner, id).await?;
    let name = object_name(&hook.definition.namespace, id);
    let call = Call::get(objects::target(path::DELIVERY, &BySeq { seq })?);
    let found: DeliveryInFull = objects::read(objects::webhook(visit, &name, call).await?).await?;
    envelope::success(200, &ShownDelivery::in_full(found))
}

/// The webhook, for a request whose body is empty.
async fn find_for(
    visit: &Visit,
    request: Request,
    owner: &HookOwner,
    id: &str,
) -> Result<Webhook, ErrorReply> {
    admission::to_namespace(visit, &owner.namespace).await?;
    let given::Nothing {} = body(request).await?;
    find(visit, owner, id).await
}

async fn find(visit: &Visit, owner: &HookOwner, id: &str) -> Result<Webhook, ErrorReply> {
    admission::to_namespace(visit, &owner.namespace).await?;
    find_admitted(visit, owner, id).await
}

async fn find_admitted(visit: &Visit, owner: &HookOwner, id: &str) -> Result<Webhook, ErrorReply> {
    get(visit, owner, namespace_path::WEBHOOK, id).await
}

async fn get<T: serde::de::DeserializeOwned>(
    visit: &Visit,
    owner: &HookOwner,
    path: &str,
    id: &str,
) -> Result<T, ErrorReply> {
    let which = which(owner, id);
    directory::get(visit, &owner.namespace.folded(), path, &which).await
}

fn which(owner: &HookOwner, id: &str) -> Which {
    Which {
        id: id.to_owned(),
        repo: owner.repo.as_ref().map(|name| name.as_str().to_owned()),
    }
}

/// The secret that the caller gave, or else a new one.
fn secret(visit: &Visit, text: Option<&str>) -> Result<Secret, ErrorReply> {
    match text {
        Some(text) => given::secret(text),
        None => Ok(signing::secret_of(visit.entropy(Purpose::WebhookSecret)?)),
    }
}

fn check_url(visit: &Visit, url: &str) -> Result<(), ErrorReply> {
    let refused =
        |error: RemoteUrlError| ErrorReply::at(ErrorCode::InvalidUrl, "/url", error.to_string());
    check_webhook_url(url, imports::allows_private(visit)).map_err(refused)
}

fn types(visit: &Visit) -> EventPrefix {
    prefix(|name| visit.env.var(name).ok().map(|value| value.to_string()))
}

fn actor(visit: &Visit) -> EventActor {
    let kind = match visit.identity {
        Identity::Operator => ActorKind::Operator,
        _ => ActorKind::Namespace,
    };
    EventActor {
        kind,
        token_id: visit.costs.usage().token_id,
        label: None,
    }
}
