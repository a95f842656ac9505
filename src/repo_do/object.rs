//! The Durable Object: wakes, authorizes, dispatches.

// The platform's macro makes public functions that nothing can document.
#![expect(missing_docs, reason = "made by the macro `durable_object`")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::{Date, DurableObject, Env, Method, Request, Response, Result, State, Storage};

use super::account::Account;
use super::alarm::{self, Alarm};
use super::caller::Caller;
use super::contract::{Access, Actor, ErrorCode, ErrorReply, ExportFork, header, path};
use super::fork::Growing;
use super::graphs::KeptGraph;
use super::maintenance::{self, Failure};
use super::memory::{NoRoom, Owner, Reservation};
use super::rates::Rates;
use super::readers::Readers;
use super::seen::SeenTokens;
use super::snapshot::Turn;
use super::{
    admin, bundle, content, deletion, filling, fork, import, receive, recover, refs, reply, timer,
    upload,
};
use crate::git::protocol::advertise::Service;
use crate::git::store::PackId;
use crate::storage::do_sql::ObjectDatabase;
use crate::storage::life::Phase;
use crate::storage::repository::{RepoStore, RepositoryRecord};
use crate::storage::schema;

/// The repository's store on the object's own database.
pub type Store = RepoStore<ObjectDatabase>;

/// How long a quarantined pack is left alone: longer than any push may take.
pub const GRACE_MS: i64 = 60 * 60 * 1000;

/// The variable that allows imports from private hosts.
const ALLOW_PRIVATE_REMOTES: &str = "CAIRN_IMPORT_ALLOW_PRIVATE";

/// Seconds after which an import or a recovery may be done.
const IMPORT_RETRY_SECONDS: u32 = 10;

/// The repository's object, as the requests under way share it.
pub struct RepoObject {
    /// How many requests come.
    pub rates: Rates,
    /// What the namespace has said of tokens that are none of the repository's own.
    pub seen_tokens: SeenTokens,
    /// Whose share of the isolate's memory its clients use.
    pub owner: Owner,
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
    /// Who reads packs now.
    pub readers: Rc<Readers>,
    /// When the alarm rings.
    pub alarm: Cell<Alarm>,
    /// Whether maintenance is being done.
    pub is_maintained: Cell<bool>,
    /// When there is something to do for the packs in R2, in unix milliseconds; at once in an object
    /// that does not know yet.
    pub snapshot_due: Cell<i64>,
    /// Whether a fork grows here.
    pub growing: Growing,
    /// Who copies packs to R2 now.
    pub snapshot_turn: Turn,
    /// The import that is running, if one is.
    pub import: import::Underway,
    /// The recovery that is running, if one is.
    pub recovery: filling::Running,
    /// How often everything was wiped.
    life: Cell<u64>,
}

/// Unix milliseconds.
pub fn now_ms() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

/// How long a request waits for room in the isolate before it is turned away.
const ROOM_WAIT_MS: i64 = 10_000;

/// How often it looks for room meanwhile.
const ROOM_POLL_MS: u32 = 20;

/// Seconds after which a fork that grows now is there, as a rule.
const FORK_RETRY_SECONDS: u32 = 2;

/// Seconds after which a request that was turned away may find room.
const ROOM_RETRY_SECONDS: u32 = 5;

/// Room to come, or a refusal.
type Room = LocalBoxFuture<'static, std::result::Result<Reservation, ErrorReply>>;

/// Reserves `bytes` of the isolate's memory, waiting a while for others to be done.
pub fn reserve(bytes: u64) -> Room {
    room(move || Reservation::new(bytes))
}

/// The same for what a client begins: within the repository's share.
pub fn reserve_share(object: &RepoObject, bytes: u64) -> Room {
    let owner = object.owner;
    room(move || Reservation::of(owner, bytes))
}

/// Each request looks again by a timer of its own: nothing of one request may wake another's.
fn room(look: impl Fn() -> std::result::Result<Reservation, NoRoom> + 'static) -> Room {
    let until_ms = now_ms().saturating_add(ROOM_WAIT_MS);
    let room = async move {
        loop {
            match look() {
                Ok(reservation) => return Ok(reservation),
                Err(error) if now_ms() >= until_ms => {
                    return Err(ErrorReply::busy(ROOM_RETRY_SECONDS, error.to_string()));
                }
                Err(_) => timer::after(ROOM_POLL_MS).await,
            }
        }
    };
    room.boxed_local()
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
            rates: Rates::of(&env),
            seen_tokens: SeenTokens::default(),
            owner: Owner::another(),
            storage,
            env,
            store,
            graph: KeptGraph::default(),
            in_progress: RefCell::default(),
            readers: Rc::default(),
            alarm: Cell::default(),
            is_maintained: Cell::default(),
            snapshot_due: Cell::default(),
            growing: Growing::default(),
            snapshot_turn: Turn::default(),
            import: import::Underway::default(),
            recovery: filling::Running::default(),
            life: Cell::new(0),
        }
    }

    /// The store, for work that no request waits for.
    pub fn open_store(&self) -> std::result::Result<Rc<Store>, Failure> {
        self.store().map_err(|_| Failure::Gone)
    }

    /// Whether this store is still the object's: not if everything was wiped since.
    pub fn is_open(&self, store: &Store) -> bool {
        let current = self.store.borrow();
        current
            .as_ref()
            .is_ok_and(|current| std::ptr::eq(Rc::as_ptr(current), store))
    }

    /// Fails if everything was wiped since the store was opened.
    pub fn check_open(&self, store: &Store) -> std::result::Result<(), Failure> {
        if self.is_open(store) {
            Ok(())
        } else {
            Err(Failure::Gone)
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

    /// Which life this is: a number that changes when everything is wiped.
    pub fn life(&self) -> u64 {
        self.life.get()
    }

    /// A variable of the deployment, if it is set.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.env.var(name).ok().map(|value| value.to_string())
    }

    /// Whether the operator allows imports from private hosts, for development.
    pub fn allows_private_remotes(&self) -> bool {
        self.variable(ALLOW_PRIVATE_REMOTES).as_deref() == Some("true")
    }

    /// Empties the database, the alarm included. Nothing remembered may survive, and whoever is
    /// still at work on what was here must not write into what comes after it.
    pub async fn wipe(&self) -> Result<()> {
        self.life.set(self.life.get().wrapping_add(1));
        if let Ok(store) = &*self.store.borrow() {
            store.database().close();
        }
        let wiped = self.storage.delete_all().await;
        *self.store.borrow_mut() = open(&self.storage);
        self.in_progress.take();
        self.alarm.set(Alarm::Unknown);
        self.snapshot_due.take();
        self.graph.clear();
        self.import.clear();
        wiped
    }
}

fn open(storage: &Storage) -> std::result::Result<Rc<Store>, String> {
    let db = ObjectDatabase::new(storage).map_err(|error| error.to_string())?;
    schema::wake(&db, schema::REPOSITORY).map_err(|error| error.to_string())?;
    Ok(Rc::new(RepoStore::new(db, Box::new(now_ms))))
}

/// Turns a request away while the repository is being filled from elsewhere.
fn check_serves(record: &RepositoryRecord, is_git: bool) -> std::result::Result<(), ErrorReply> {
    match (record.phase, is_git) {
        (Phase::Forking, true) => Err(ErrorReply::busy(
            FORK_RETRY_SECONDS,
            "the repository is being forked",
        )),
        (Phase::Forking, false) => Err(admin::in_progress()),
        (_, true) if record.is_being_filled() => Err(ErrorReply::busy(
            IMPORT_RETRY_SECONDS,
            format!("{}: try again later", admin::being_filled(record).message),
        )),
        _ => Ok(()),
    }
}

async fn dispatch(
    object: &Rc<RepoObject>,
    request: Request,
    account: &Rc<Account>,
) -> std::result::Result<Result<Response>, ErrorReply> {
    let caller = Caller::identify(object, &request).await?;
    if let Some(token) = &caller.token {
        account.is_of(&token.token_id);
    }
    let store = object.store()?;
    let route = request.path();
    let method = request.method();
    match (&method, route.as_str()) {
        (Method::Post, path::INIT) => return admin::init(object, &caller, request).await,
        (Method::Post, path::FORK) => return fork::fork(object, &caller, request).await,
        (Method::Post, path::IMPORT) => return import::start(object, &caller, request).await,
        (Method::Post, path::RECOVER) => return recover::start(object, &caller, request).await,
        _ => {}
    }
    if matches!(&caller.record, Some(record) if record.is_importing) {
        // Best effort: the alarm that goes on with it is set in any case but the oddest.
        let _ = import::resume(object).await;
    }
    if matches!(&caller.record, Some(record) if record.is_recovering) {
        let _ = recover::resume(object).await;
    }
    let is_git = route.starts_with(path::GIT);
    let actor = caller.actor;
    let authorized = |access| {
        let authorized = caller.repository(access)?;
        check_serves(&authorized.record, is_git)?;
        if let (Actor::Token(_), Some(token)) = (actor, &authorized.token) {
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
            let authorized = authorized(access)?;
            account.log_as("GET", "/git/:ns/:repo/info/refs");
            refs::advertise(&store, service, &request, &authorized, account)?
        }
        (Method::Post, path::UPLOAD_PACK) => {
            let authorized = authorized(Access::Read)?;
            account.log_as("POST", "/git/:ns/:repo/git-upload-pack");
            upload::upload_pack(object, &store, request, &authorized, account).await?
        }
        (Method::Post, path::RECEIVE_PACK) => {
            let authorized = authorized(Access::Push)?;
            account.log_as("POST", "/git/:ns/:repo/git-receive-pack");
            receive::receive_pack(object, &store, request, authorized, account).await?
        }
        (Method::Get, path) if path.starts_with(content::PATHS) => {
            let authorized = authorized(Access::Read)?;
            admin::check_filled(&authorized.record)?;
            content::answer(object, &store, request, authorized.record, account).await?
        }
        (Method::Get, path::BUNDLE) => {
            admin::check_filled(&authorized(Access::Read)?.record)?;
            bundle::bundle(object, &store, account).await?
        }
        _ => {
            let record = authorized(Access::Administer)?.record;
            administer(object, &store, request, actor, record).await?
        }
    })
}

/// What an operator, or a namespace's administrator, asks of a repository.
async fn administer(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    actor: Actor,
    record: RepositoryRecord,
) -> std::result::Result<Result<Response>, ErrorReply> {
    let route = request.path();
    let method = request.method();
    Ok(match (&method, route.as_str()) {
        (Method::Get, path::INFO) => admin::info(object, store, record)?,
        (Method::Post, path::UPDATE) => {
            let updated = admin::update(object, store, request).await?;
            // New settings, and the record in R2, which has the old ones.
            alarm::after_settings(object, store).await;
            updated
        }
        (Method::Post, path::DELETE) => deletion::delete(object, store, record).await?,
        (Method::Post, path::FORK_EXPORT) => {
            let asked: ExportFork = admin::body(request).await?;
            if asked.repository_id != record.id {
                let message = "another repository has taken the source's place";
                return Err(ErrorReply::new(ErrorCode::NotFound, message));
            }
            fork::export::export(object, &asked).await?
        }
        (Method::Post, path::TOKENS) => admin::create_token(store, request).await?,
        (Method::Get, path::TOKENS) => admin::list_tokens(store, &request)?,
        (Method::Get, path::STATS) => admin::stats(store, actor)?,
        (Method::Post, path::MAINTENANCE) => maintenance::serve::serve(object, request).await?,
        (Method::Delete, _) if path::token_id(&route).is_some() => {
            admin::revoke_token(store, path::token_id(&route).unwrap_or_default())?
        }
        _ => {
            let message = "the object has no such route";
            return Err(ErrorReply::new(ErrorCode::NotFound, message));
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
        let account = Account::begin(&object, &request);
        let mut response = match dispatch(&object, request, &account).await {
            Ok(response) => response?,
            Err(refused) => {
                account.log_elsewhere();
                reply::refusal(&refused)?
            }
        };
        // Whatever goes to the client as it is says nothing of it.
        if !account.logs() {
            let usage = account.usage().to_string();
            response.headers_mut().set(header::USAGE, &usage)?;
        }
        Ok(response)
    }

    async fn alarm(&self) -> Result<Response> {
        let object = Rc::clone(&self.object);
        alarm::ring(&object).await?;
        Response::ok("")
    }
}
