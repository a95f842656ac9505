//! The Durable Object: wakes, authorizes, dispatches.

// The platform's macro makes public functions that nothing can document.
#![expect(missing_docs, reason = "made by the macro `durable_object`")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use worker::{Date, DurableObject, Env, Method, Request, Response, Result, State, Storage};

use super::contract::{Access, Actor, ErrorCode, ErrorReply, TokenRecord, authorize, header, path};
use super::graphs::KeptGraph;
use super::memory::Reservation;
use super::{admin, receive, refs, reply, timer, upload};
use crate::git::protocol::advertise::Service;
use crate::git::store::PackId;
use crate::storage::do_sql::ObjectDatabase;
use crate::storage::repository::{RepoStore, RepositoryRecord};
use crate::storage::schema;
use crate::storage::sweep::Sweep;

/// The repository's store on the object's own database.
pub type Store = RepoStore<ObjectDatabase>;

/// How long a quarantined pack is left alone: longer than any push may take.
const GRACE_MS: i64 = 60 * 60 * 1000;

/// The same from now on. Of a number `set_alarm` would take it to be that as well, not a time.
const GRACE: Duration = Duration::from_millis(GRACE_MS.unsigned_abs());

/// Rows that one run of the sweeper removes.
const SWEEP_ROWS_MAX: u32 = 1000;

/// The repository's object, as the requests under way share it.
pub struct RepoObject {
    /// The platform's storage: alarms, and the wiping of everything.
    pub storage: Storage,
    /// The object's environment.
    pub env: Env,
    /// The repository's store, or why it could not be opened.
    store: RefCell<std::result::Result<Rc<Store>, String>>,
    /// The commit graph of the live packs.
    pub graph: KeptGraph,
    /// Packs in quarantine whose push is running.
    pub in_progress: RefCell<BTreeSet<PackId>>,
}

/// Unix milliseconds.
pub fn now_ms() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

/// How long a request waits for room in the isolate before it is turned away.
const ROOM_WAIT_MS: i64 = 10_000;

/// How often it looks for room meanwhile.
const ROOM_POLL_MS: u32 = 20;

/// Seconds after which a request that was turned away may find room.
const ROOM_RETRY_SECONDS: u32 = 5;

/// Reserves `bytes` of the isolate's memory, waiting a while for others to be done. Each request
/// looks again by a timer of its own: nothing of one request may wake another's.
pub async fn reserve(bytes: u64) -> std::result::Result<Reservation, ErrorReply> {
    let until_ms = now_ms().saturating_add(ROOM_WAIT_MS);
    loop {
        match Reservation::new(bytes) {
            Ok(reservation) => return Ok(reservation),
            Err(error) if now_ms() >= until_ms => {
                return Err(ErrorReply::busy(ROOM_RETRY_SECONDS, error.to_string()));
            }
            Err(_) => timer::after(ROOM_POLL_MS).await,
        }
    }
}

/// Lets other requests of the object run.
pub async fn pause() {
    timer::after(0).await;
}

impl RepoObject {
    fn new(state: &State, env: Env) -> Self {
        let storage = state.storage();
        let store = RefCell::new(open(&storage));
        Self {
            storage,
            env,
            store,
            graph: KeptGraph::default(),
            in_progress: RefCell::default(),
        }
    }

    /// The repository's store, created or not.
    pub fn store(&self) -> std::result::Result<Rc<Store>, ErrorReply> {
        self.store.borrow().clone().map_err(|message| {
            worker::console_error!("{}", reply::fault_line("wake", &message));
            ErrorReply::new(
                ErrorCode::InternalError,
                "the repository's database does not open",
            )
        })
    }

    /// Opens the store again: after everything was wiped, nothing remembered may survive.
    pub fn reopen(&self) {
        *self.store.borrow_mut() = open(&self.storage);
        self.in_progress.take();
        self.graph.clear();
    }

    /// Asks for the alarm after the grace period, unless it is set already.
    pub async fn schedule_sweep(&self) -> Result<()> {
        if self.storage.get_alarm().await?.is_none() {
            self.storage.set_alarm(GRACE).await?;
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<()> {
        let Ok(store) = self.store() else {
            return Ok(());
        };
        if !matches!(store.load(), Ok(Some(_))) {
            return Ok(());
        }
        loop {
            let in_progress = self.in_progress.borrow().clone();
            let now_ms = now_ms();
            let sweep = Sweep {
                now_ms,
                grace_ms: GRACE_MS,
                rows_max: SWEEP_ROWS_MAX,
                in_progress: &in_progress,
            };
            match store.sweep(sweep) {
                Ok(true) => pause().await,
                Ok(false) => break,
                Err(error) => return Err(worker::Error::RustError(error.to_string())),
            }
        }
        let counts = store
            .counts()
            .map_err(|error| worker::Error::RustError(error.to_string()))?;
        if counts.quarantined_packs + counts.superseded_packs > 0 {
            self.storage.set_alarm(GRACE).await?;
        }
        Ok(())
    }
}

fn open(storage: &Storage) -> std::result::Result<Rc<Store>, String> {
    let db = ObjectDatabase::new(storage).map_err(|error| error.to_string())?;
    schema::wake(&db, schema::REPOSITORY).map_err(|error| error.to_string())?;
    Ok(Rc::new(RepoStore::new(db, Box::new(now_ms))))
}

/// One request, and who it is from.
pub struct Caller {
    /// Who asks.
    pub actor: Actor,
    /// The object's own record of the actor's token.
    pub token: Option<TokenRecord>,
    /// The repository's record; `None` while there is none.
    pub record: Option<RepositoryRecord>,
}

impl Caller {
    fn of(request: &Request, store: &Store) -> std::result::Result<Self, ErrorReply> {
        let actor = request
            .headers()
            .get(header::ACTOR)
            .ok()
            .flatten()
            .unwrap_or_default();
        let actor = actor
            .parse::<Actor>()
            .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
        let record = store.load()?;
        let token = match (&actor, &record) {
            (Actor::Token(hash), Some(_)) => admin::token_by_hash(store, hash)?,
            _ => None,
        };
        Ok(Self {
            actor,
            token,
            record,
        })
    }

    /// The repository, if the caller may do this to it.
    fn repository(self, access: Access) -> std::result::Result<Authorized, ErrorReply> {
        let public = self.record.as_ref().map(|record| record.public);
        authorize(&self.actor, public, self.token.as_ref(), access, now_ms())?;
        let not_found = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
        let record = self.record.ok_or_else(not_found)?;
        Ok(Authorized {
            record,
            token: self.token,
        })
    }
}

/// A caller who may do what it asks for.
pub struct Authorized {
    /// The repository.
    pub record: RepositoryRecord,
    /// The token that let it in; `None` for the operator and for the public.
    pub token: Option<TokenRecord>,
}

async fn dispatch(
    object: &Rc<RepoObject>,
    request: Request,
) -> std::result::Result<Result<Response>, ErrorReply> {
    let store = object.store()?;
    let caller = Caller::of(&request, &store)?;
    let route = request.path();
    let method = request.method();
    if (&method, route.as_str()) == (&Method::Post, path::INIT) {
        return admin::init(&store, &caller, request).await;
    }
    let authorized = |access| {
        let authorized = caller.repository(access)?;
        if let Some(token) = &authorized.token {
            admin::touch_token(&store, token)?;
        }
        Ok::<_, ErrorReply>(authorized)
    };
    Ok(match (&method, route.as_str()) {
        (Method::Get, path::INFO_REFS) => {
            let service = refs::service(&request)?;
            let access = match service {
                Service::UploadPack => Access::Read,
                Service::ReceivePack => Access::Push,
            };
            refs::advertise(&store, service, &request, &authorized(access)?)
        }
        (Method::Post, path::UPLOAD_PACK) => {
            let authorized = authorized(Access::Read)?;
            upload::upload_pack(object, &store, request, &authorized).await?
        }
        (Method::Post, path::RECEIVE_PACK) => {
            let authorized = authorized(Access::Push)?;
            receive::receive_pack(object, &store, request, authorized).await?
        }
        (Method::Get, path::INFO) => admin::info(&store, authorized(Access::Administer)?.record)?,
        (Method::Post, path::UPDATE) => {
            authorized(Access::Administer)?;
            admin::update(&store, request).await?
        }
        (Method::Post, path::DELETE) => {
            let record = authorized(Access::Administer)?.record;
            admin::delete(object, record).await
        }
        (Method::Post, path::TOKENS) => {
            authorized(Access::Administer)?;
            admin::create_token(&store, request).await?
        }
        (Method::Get, path::TOKENS) => {
            authorized(Access::Administer)?;
            admin::list_tokens(&store, &request)?
        }
        (Method::Get, path::STATS) => {
            authorized(Access::Administer)?;
            admin::stats(&store)?
        }
        (Method::Delete, _) if path::token_id(&route).is_some() => {
            authorized(Access::Administer)?;
            admin::revoke_token(&store, path::token_id(&route).unwrap_or_default())?
        }
        _ => {
            return Err(ErrorReply::new(
                ErrorCode::NotFound,
                "the object has no such route",
            ));
        }
    })
}

/// The Durable Object of one repository.
#[worker::durable_object(alarm)]
pub struct RepoDo {
    // A panic is caught at the request that caused it; the cells inside are whole between calls.
    object: AssertUnwindSafe<Rc<RepoObject>>,
}

impl DurableObject for RepoDo {
    fn new(state: State, env: Env) -> Self {
        Self {
            object: AssertUnwindSafe(Rc::new(RepoObject::new(&state, env))),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let object = Rc::clone(&self.object);
        match dispatch(&object, request).await {
            Ok(response) => response,
            Err(refused) => reply::refusal(&refused),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        let object = Rc::clone(&self.object);
        object.sweep().await?;
        Response::ok("")
    }
}
