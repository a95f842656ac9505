//! The namespace's object: a thin shell over [`super::steps`].
#![expect(missing_docs, reason = "the macro's exports to JavaScript bear none")]

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use worker::durable::State;
use worker::{DurableObject, Env, Request, Response, durable_object};

use super::contract::{
    ByName, ByPrefix, Confirm, CreateNamespace, ListTokens, MakeToken, NamespaceInfo, REGISTRY,
    Relist, Reserve, Revoke, RevokeSigned, UpdateNamespace, path,
};
use super::events::{Author, author_text};
use super::state::NamespaceState;
use super::step_error::StepError;
use super::steps;
use super::wire::{done, unknown};
use super::{
    audit, background, deleted_steps, feed, lists, moving, once_steps, place, queue, quotas,
    registry_steps, signed, taking, telling, token_by_id, tokens, told_standing, update, usage,
    webhooks,
};
use crate::repo_do::contract::event::{HandOver, NAMESPACE_TAKE};
use crate::repo_do::contract::moving::{Depart, NAMESPACE_DEPART};
use crate::repo_do::contract::quota::{AskRoom, NAMESPACE_ROOM, NAMESPACE_ROOM_TOLD, TellRoom};
use crate::repo_do::contract::{
    Admit, ErrorCode, ErrorReply, KeptRepository, Meter, NAMESPACE_ADMIT, NAMESPACE_FORGET,
    NAMESPACE_KEEP, NAMESPACE_RELEASE, NAMESPACE_TOKEN, NAMESPACE_TOUCH, NamedToken, Rate,
    ReleaseName, TouchRepository, Usage, header, path::EVENTS,
};
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::db::sql::Database as _;
use crate::storage::db::sql_error::lasting;
use crate::storage::jurisdiction::env_of_object;
use crate::storage::namespace::events::FeedRetention;
use crate::storage::namespace::registry::RegistryStore;
use crate::storage::namespace::store::NamespaceStore;
use crate::worker::durable::alarm::now_ms;
use crate::worker::durable::message::{json, read, refusal};
use crate::worker::fault::fault;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{self, ListQuery};
use crate::worker::signed::issuer::Issuer;
use crate::worker::visit::respond;
use crate::worker::webhooks::contract::NAMESPACE_DISABLED;

/// The Durable Object of a namespace, or of the registry of namespaces.
///
/// Requests interleave only at awaits, and a step has none between its first read and its last
/// write.
#[durable_object(alarm)]
pub struct NamespaceDo {
    is_registry: bool,
    // A panic ends the request that caused it; the shared state is whole between calls.
    state: AssertUnwindSafe<Rc<NamespaceState>>,
    rate: Rate,
    /// Which events are kept.
    kept: FeedRetention,
    // A panic ends the request that caused it; a number is whole between calls.
    meter: AssertUnwindSafe<Meter>,
    /// Questions about unknown tokens.
    strangers: AssertUnwindSafe<Meter>,
}

/// The paths that count against the rate: those with which a REST request begins. Later steps and
/// the calls of other objects do not count, so that no request breaks off in its middle.
const METERED: [&str; 20] = [
    path::CREATE,
    path::SUMMARY,
    path::UPDATE,
    path::DELETE,
    path::RESERVE,
    path::CANDIDATES,
    path::LIST,
    path::USAGE,
    path::DELETED,
    path::DELETED_ONE,
    path::MAKE_TOKEN,
    path::TOKENS,
    path::AUDIT,
    path::REVOKE_SIGNED,
    path::WEBHOOKS,
    path::WEBHOOK,
    path::WEBHOOK_MAKE,
    path::WEBHOOK_CHANGE,
    path::WEBHOOK_ROTATE,
    path::WEBHOOK_DELETE,
];

/// The paths that may change policies for all repositories. They are answered with the namespace.
const TOLD_TO_ALL: [&str; 2] = [path::UPDATE, path::REVOKE_ALL];

/// The paths that write events, or change webhooks.
const TOLD: [&str; 12] = [
    NAMESPACE_TAKE,
    NAMESPACE_FORGET,
    path::UPDATE,
    path::MAKE_TOKEN,
    path::REVOKE,
    path::REVOKE_ALL,
    path::REVOKE_SIGNED,
    path::WEBHOOK_MAKE,
    path::WEBHOOK_CHANGE,
    path::WEBHOOK_ROTATE,
    path::WEBHOOK_DELETE,
    NAMESPACE_DISABLED,
];

impl DurableObject for NamespaceDo {
    fn new(state: State, env: Env) -> Self {
        let env = env_of_object(&state, env);
        let variable = |name: &str| env.var(name).ok().map(|value| value.to_string());
        Self {
            is_registry: state.id().name().as_deref() == Some(REGISTRY),
            rate: Rate::of(variable),
            kept: taking::retention(variable, queue::is_bound(&env)),
            state: AssertUnwindSafe(Rc::new(NamespaceState::new(state.storage(), env))),
            meter: AssertUnwindSafe(Meter::default()),
            strangers: AssertUnwindSafe(Meter::default()),
        }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let mut usage = Usage::default();
        if request.path() == EVENTS && !self.is_registry {
            return self.events(&request).await;
        }
        let reply = match self.answer(request, &mut usage).await {
            Ok(json) => Reply::new(200, "application/json", json),
            Err(error) => refusal(&error),
        };
        respond(reply.with_header(header::USAGE, usage.to_string()))
    }

    async fn alarm(&self) -> worker::Result<Response> {
        if !self.is_registry {
            steps::wake(&self.state.database().map_err(told)?, false).map_err(told)?;
            background::ring(&self.state).await?;
        }
        Response::ok("")
    }
}

fn told(error: impl std::fmt::Display) -> worker::Error {
    worker::Error::RustError(error.to_string())
}

impl NamespaceDo {
    async fn answer(&self, mut request: Request, usage: &mut Usage) -> Result<String, ErrorReply> {
        let header = |name| request.headers().get(name).ok().flatten();
        let (actor, request_id) = (header(header::ACTOR), header(header::REQUEST_ID));
        let address = header(header::ADDRESS);
        let token = header(header::SIGNED).and_then(|text| text.parse().ok());
        let label = token.and_then(|token| signed::label_of(&token));
        let url = request
            .url()
            .map_err(|error| fault("internal URL", &error))?;
        // Until the message is done with: many repositories may hand over much at a time.
        let _room = match url.path() {
            NAMESPACE_TAKE => Some(self.state.arriving.take(header(header::BODY_BYTES))?),
            _ => None,
        };
        let body = request
            .bytes()
            .await
            .map_err(|error| fault("internal body", &error))?;
        let is_registry = self.is_registry;
        // A flood must not keep the operator from stopping it; all tokens are revoked in any case.
        let by_operator = actor.is_some() && actor == author_text(true, None);
        let is_emergency = url.path() == path::UPDATE && by_operator;
        if !is_registry && METERED.contains(&url.path()) && !is_emergency {
            let admitted = self.meter.admit(self.rate, "the namespace", now_ms());
            usage.rate_left = self.meter.left(self.rate, now_ms());
            admitted?;
        }
        let db = self.database()?;
        steps::wake(&db, is_registry)?;
        if url.path() == path::DELETE && !is_registry {
            return self.delete(self.state.store_of(db)).await;
        }
        if !is_registry {
            background::woken(&self.state).await;
        }
        let query = url.query().unwrap_or("");
        let schema = steps::schema(is_registry);
        match url.path() {
            path::ONCE_BEGIN => return json(&once_steps::begin(&db, schema, &read(&body)?)?),
            path::ONCE_END => return done(once_steps::end(&db, schema, &read(&body)?)),
            _ => {}
        }
        let author = Author::named(actor.as_deref(), request_id, now_ms());
        let author = author.with_address(address).with_label(label);
        if is_registry {
            let store = RegistryStore::new(db);
            return registry(&store, url.path(), query, &body, &author);
        }
        let store = self.state.store_of(db);
        let mut answered = match url.path() {
            NAMESPACE_ADMIT => self.admit(&store, &body),
            NAMESPACE_TAKE => self.take(&store, &body),
            path => namespace(&store, path, query, &body, &author),
        };
        if answered.is_ok() && TOLD.contains(&url.path()) {
            background::written(&self.state).await;
        }
        if answered.is_ok() && TOLD_TO_ALL.contains(&url.path()) {
            told_standing::tell_now(&self.state).await;
            answered = self.info();
        }
        usage.rows_read = store.database().rows_read();
        usage.rows_written = store.database().rows_written();
        answered
    }

    /// The namespace as it is now; 404 when it was deleted meanwhile.
    fn info(&self) -> Result<String, ErrorReply> {
        json(&steps::summary(&self.state.store_of(self.database()?))?)
    }

    /// Answers a reader of the feed.
    async fn events(&self, request: &Request) -> worker::Result<Response> {
        let answered = async {
            self.meter.admit(self.rate, "the namespace", now_ms())?;
            steps::wake(&self.database()?, false)?;
            feed::answer(&self.state, request).await
        };
        match answered.await {
            Ok(response) => Ok(response),
            Err(error) => respond(refusal(&error)),
        }
    }

    /// Takes the events of a repository.
    fn take(
        &self,
        store: &NamespaceStore<ObjectDatabase>,
        body: &[u8],
    ) -> Result<String, ErrorReply> {
        let handed: HandOver = read(body)?;
        json(&taking::take(store, &handed, self.kept, now_ms())?)
    }

    /// Looks a token up. It counts unknown tokens, but not those of owners.
    fn admit(
        &self,
        store: &NamespaceStore<ObjectDatabase>,
        body: &[u8],
    ) -> Result<String, ErrorReply> {
        let asked: Admit = read(body)?;
        let admitted = match &asked.signed {
            Some(signed) => signed::admit(store, &asked, signed),
            None => tokens::admit(store, &asked),
        };
        let admitted = admitted.map_err(ErrorReply::from);
        let is_stranger = match &admitted {
            Ok(admitted) => admitted.token.is_none(),
            Err(error) => matches!(error.code, ErrorCode::Unauthorized | ErrorCode::Forbidden),
        };
        if is_stranger {
            self.strangers.admit(self.rate, "the namespace", now_ms())?;
        }
        json(&admitted?)
    }

    fn database(&self) -> Result<ObjectDatabase, ErrorReply> {
        self.state.database().map_err(|error| store_fault(&error))
    }

    /// Deletes the namespace: no await stands between the check and the order to delete.
    async fn delete(&self, store: NamespaceStore<ObjectDatabase>) -> Result<String, ErrorReply> {
        steps::deletable(&store)?;
        telling::delete_all(&self.state).await?;
        // Again: a name may have been taken meanwhile.
        let info = steps::deletable(&store)?;
        let deleted = self.state.wipe(now_ms()).await;
        deleted.map_err(|error| fault("namespace's deletion", &error))?;
        json(&info)
    }
}

fn namespace(
    store: &NamespaceStore<ObjectDatabase>,
    path: &str,
    query: &str,
    body: &[u8],
    author: &Author,
) -> Result<String, ErrorReply> {
    match path {
        path::CREATE => json(&steps::create(store, &read::<CreateNamespace>(body)?)?),
        path::PLACE => json(&place::found(store)?),
        path::TAKE_PLACE => json(&place::take(store, &read(body)?)?),
        path::SUMMARY => json(&steps::summary(store)?),
        path::UPDATE => json(&update::update(
            store,
            &read::<UpdateNamespace>(body)?,
            author,
        )?),
        path::AUDIT => json(&audit::list(store, &parameters::query(query)?)?),
        path::REVOKE_ALL => json(&update::revoke_all(store, author, now_ms())?),
        path::RESERVE => json(&steps::reserve(store, &read::<Reserve>(body)?)?),
        path::CONFIRM => done(steps::confirm(store, &read::<Confirm>(body)?)),
        NAMESPACE_TOUCH => done(steps::touch(store, &read::<TouchRepository>(body)?.info)),
        NAMESPACE_RELEASE => done(steps::release(store, &read::<ReleaseName>(body)?)),
        NAMESPACE_ROOM => json(&quotas::room(
            store,
            &read::<AskRoom>(body)?,
            author.now_ms(),
        )?),
        NAMESPACE_ROOM_TOLD => done(quotas::told(store, &read::<TellRoom>(body)?)),
        NAMESPACE_KEEP => done(deleted_steps::keep(store, &read::<KeptRepository>(body)?)),
        NAMESPACE_FORGET => done(deleted_steps::forget(store, &read(body)?, author)),
        path::DELETED => json(&deleted_steps::list(store, &parameters::query(query)?)?),
        path::DELETED_ONE => json(&deleted_steps::find(store, &parameters::query(query)?)?),
        NAMESPACE_DEPART => json(&moving::depart(store, &read::<Depart>(body)?)?),
        path::REPOSITORY => json(&steps::entry(store, &read_name(query)?)?),
        path::HOLDS => json(&steps::holds(store, &read_name(query)?)?),
        path::RELIST => json(&steps::relist(store, &read::<Relist>(body)?)?),
        path::CANDIDATES => json(&steps::candidates(
            store,
            &parameters::query::<ByPrefix>(query)?.prefix,
        )?),
        path::MAKE_TOKEN => json(&tokens::make(store, read::<MakeToken>(body)?, author)?),
        path::TOKENS => {
            let asked: ListTokens = parameters::query(query)?;
            json(&tokens::list(store, &asked, now_ms())?)
        }
        NAMESPACE_TOKEN => json(&token_by_id::find(store, &read::<NamedToken>(body)?)?),
        path::ISSUERS => {
            let issuers = signed::issuers(store)?.into_iter();
            json(&issuers.map(Issuer::without_rules).collect::<Vec<_>>())
        }
        path::REVOKE_SIGNED => json(&signed::revoke(
            store,
            &read::<RevokeSigned>(body)?,
            author,
        )?),
        path::REVOKE => json(&tokens::revoke(store, &read::<Revoke>(body)?, author)?),
        path::LIST => {
            let (limit, query) = parameters::query::<ListQuery>(query)?.checked()?;
            json(&lists::list(store, &query, limit)?)
        }
        path::USAGE => json(&usage::shown(store, &parameters::query(query)?)?),
        path => webhooks::answer(store, path, query, body, author),
    }
}

fn registry(
    store: &RegistryStore<ObjectDatabase>,
    path: &str,
    query: &str,
    body: &[u8],
    author: &Author,
) -> Result<String, ErrorReply> {
    match path {
        path::REGISTER => done(registry_steps::register(store, &read(body)?, author)),
        path::REGISTERED => json(&steps::registered(store, &read_name(query)?)?),
        path::ANNOUNCE => {
            let info: NamespaceInfo = read(body)?;
            let noted = store.announce(&info.namespace, info.created_at_ms);
            done(noted.map_err(Into::into))
        }
        path::UNREGISTER => done(registry_steps::unregister(store, &read(body)?, author)),
        path::ACTS => json(&audit::acts(store, &parameters::query(query)?)?),
        path::REGISTRY => {
            let (limit, query) = parameters::query::<ListQuery>(query)?.checked()?;
            json(&lists::registry(store, &query, limit)?)
        }
        _ => Err(unknown(path)),
    }
}

impl From<StepError> for ErrorReply {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Refused(reply) => reply,
            StepError::Store(error) => store_fault(&error),
        }
    }
}

fn read_name(query: &str) -> Result<String, ErrorReply> {
    Ok(parameters::query::<ByName>(query)?.name)
}

/// The namespace's store failed: the caller hears whether that lasts, the log hears why.
fn store_fault(error: &dyn std::fmt::Display) -> ErrorReply {
    let lasting = lasting(&error.to_string());
    let told = lasting.map_or("internal error", |fault| fault.told());
    ErrorReply::new(ErrorCode::InternalError, told).caused_by("namespace", error)
}
