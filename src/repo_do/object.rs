//! One repository's object while it is awake: its store, and its memory between requests.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::Poll;

use futures::poll;
use worker::{Env, Result, State, Storage};

use super::feed::places::Places;
use super::runtime::clock::now_ms;
use super::runtime::lease::Owner;
use super::state::alarm_time::Alarm;
use super::state::answer_cache::KeptAnswers;
use super::state::bundles::KnownBundle;
use super::state::downstreams::PushesUnderWay;
use super::state::failure::Failure;
use super::state::fetch_counts::FetchCounts;
use super::state::graph_cache::KeptGraph;
use super::state::outbox::Outbox;
use super::state::rates::Rates;
use super::state::reach_cache::KeptReach;
use super::state::readers::Readers;
use super::state::room_claims::RoomClaims;
use super::state::running_requests::RunningRequests;
use super::state::seen_tokens::SeenTokens;
use super::state::turn::Turn;
use super::state::upstream::CurrentSync;
use super::state::usage_counts::UsageCounts;
use crate::git::protocol::capabilities::FetchExtensions;
use crate::git::store::{PackId, StoreError};
use crate::repo_do::state::store::Store;
use crate::repo_do::state::{fetch_extensions, import};
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::db::schema;
use crate::storage::fault_log;
use crate::storage::repository::store::RepoStore;

/// How long a quarantined pack is left alone: longer than any push may take.
pub(crate) const GRACE_MS: i64 = 60 * 60 * 1000;

/// How long telling the namespace of a deletion may take.
const TELLING_MS_MAX: i64 = 60 * 1000;

/// The variable that allows imports from private hosts.
const ALLOW_PRIVATE_REMOTES: &str = "CAIRN_IMPORT_ALLOW_PRIVATE";

/// The variable by which the operator stops all writes of the deployment.
const READ_ONLY: &str = "CAIRN_READ_ONLY";

/// The repository's object, as the requests under way share it.
pub(crate) struct RepoObject {
    /// How many requests come.
    pub(crate) rates: Rates,
    /// The namespace's answers about tokens that the repository does not know.
    pub(crate) seen_tokens: SeenTokens,
    /// The owner of the share of the isolate's memory that its clients use.
    pub(crate) owner: Owner,
    /// The platform's storage: alarms, and the wiping of everything.
    pub(crate) storage: Storage,
    /// The object's environment.
    pub(crate) env: Env,
    /// The repository's store, or why it could not be opened.
    store: RefCell<std::result::Result<Rc<Store>, StoreError>>,
    /// The commit graph of the live packs.
    pub(crate) graph: KeptGraph,
    /// The objects that its refs reach.
    pub(crate) reach: KeptReach,
    /// Answers about its history.
    pub(crate) answers: KeptAnswers,
    /// Its bundle in R2.
    pub(crate) bundle: KnownBundle,
    /// Packs in quarantine whose push is running.
    pub(crate) in_progress: RefCell<BTreeSet<PackId>>,
    /// The readers of packs now.
    pub(crate) readers: Rc<Readers>,
    /// Requests under way with a claim on the namespace's bytes.
    pub(crate) room_claims: RoomClaims,
    /// Requests under way that are done once.
    pub(crate) running_requests: Rc<RunningRequests>,
    /// Events that were written, and their hand-over to the namespace.
    pub(crate) outbox: Outbox,
    /// Clones and fetches that are still to be told.
    pub(crate) fetch_counts: FetchCounts,
    /// The use of the repository that is still to be told.
    pub(crate) usage: UsageCounts,
    /// The places of those who wait for events.
    pub(crate) places: Rc<Places>,
    /// When the alarm rings.
    pub(crate) alarm: Cell<Alarm>,
    /// Runs of maintenance.
    pub(crate) maintenance: Turn,
    /// When there is something to do for the packs in R2, in unix milliseconds; at once in an object
    /// that does not know yet.
    pub(crate) snapshot_due: Cell<i64>,
    /// The growth of a fork here.
    pub(crate) growing: Turn,
    /// A deletion told to the namespace, or a restore: one at a time.
    pub(crate) keeping: Turn,
    /// Work on the copies in R2.
    pub(crate) snapshot_turn: Turn,
    /// The import that is running, if one is.
    pub(crate) import: import::CurrentImport,
    /// Pushes to downstreams that are under way.
    pub(crate) downstreams: Rc<PushesUnderWay>,
    /// Syncs with its upstream.
    pub(crate) upstream: CurrentSync,
    /// Attempts at a recovery, by one alarm at a time.
    pub(crate) recovery: Turn,
    /// Capabilities of `fetch` beyond git's own list.
    pub(crate) fetch_extensions: FetchExtensions,
    /// How often everything was wiped.
    life: Cell<u64>,
    /// When it woke, in unix milliseconds.
    woke_ms: i64,
}

thread_local! {
    /// The objects of this isolate, by id: the last incarnation of each.
    static OBJECTS: RefCell<BTreeMap<String, Weak<RepoObject>>> =
        const { RefCell::new(BTreeMap::new()) };
}

impl RepoObject {
    /// The object, woken. The work of a former incarnation is over: the platform has reset it.
    pub(crate) fn wake(state: &State, env: Env) -> Rc<Self> {
        let id = state.id().to_string();
        let object = Rc::new(Self::new(state, env));
        let former = OBJECTS.with_borrow_mut(|all| {
            all.retain(|_, object| object.strong_count() > 0);
            all.insert(id, Rc::downgrade(&object))
        });
        if let Some(former) = former.and_then(|former| former.upgrade()) {
            former.end();
        }
        object
    }

    /// Gives up everything that this incarnation holds. Nothing polls its work again, and nothing
    /// drops it either, so that memory would stay reserved for the life of the isolate.
    fn end(&self) {
        if let Ok(store) = &*self.store.borrow() {
            store.database().close();
        }
        *self.store.borrow_mut() = Err(StoreError::Failed("the object was reset".to_owned()));
        self.owner.end();
        self.graph.clear();
    }

    fn new(state: &State, env: Env) -> Self {
        let storage = state.storage();
        let store = RefCell::new(open(&storage, &env));
        let fetch_extensions = fetch_extensions::extensions(&env);
        Self {
            rates: Rates::of(&env),
            seen_tokens: SeenTokens::default(),
            owner: Owner::another(),
            storage,
            env,
            store,
            graph: KeptGraph::default(),
            reach: KeptReach::default(),
            answers: KeptAnswers::default(),
            bundle: KnownBundle::default(),
            in_progress: RefCell::default(),
            readers: Rc::default(),
            room_claims: RoomClaims::default(),
            running_requests: Rc::default(),
            outbox: Outbox::default(),
            fetch_counts: FetchCounts::default(),
            usage: UsageCounts::default(),
            places: Rc::default(),
            alarm: Cell::default(),
            maintenance: Turn::default(),
            snapshot_due: Cell::default(),
            growing: Turn::default(),
            keeping: Turn::ending_after(TELLING_MS_MAX),
            snapshot_turn: Turn::default(),
            import: import::CurrentImport::default(),
            downstreams: Rc::default(),
            upstream: CurrentSync::default(),
            recovery: Turn::of_an_alarm(),
            fetch_extensions,
            life: Cell::new(0),
            woke_ms: now_ms(),
        }
    }

    /// How long a pack in quarantine is left alone if no request here works at it: a pack that was opened
    /// before this object woke belongs to work that ended with its predecessor.
    pub(crate) fn quarantine_grace_ms(&self) -> i64 {
        let awake_ms = now_ms().saturating_sub(self.woke_ms);
        awake_ms.saturating_add(1).min(GRACE_MS)
    }

    /// The store, for work that no request waits for.
    pub(crate) fn open_store(&self) -> std::result::Result<Rc<Store>, Failure> {
        self.store().map_err(|_| Failure::Gone)
    }

    /// Whether this store is still the object's: not if everything was wiped since.
    pub(crate) fn is_open(&self, store: &Store) -> bool {
        let current = self.store.borrow();
        current
            .as_ref()
            .is_ok_and(|current| std::ptr::eq(Rc::as_ptr(current), store))
    }

    /// Fails if everything was wiped since the store was opened.
    pub(crate) fn check_open(&self, store: &Store) -> std::result::Result<(), Failure> {
        if self.is_open(store) {
            Ok(())
        } else {
            Err(Failure::Gone)
        }
    }

    /// The repository's store, created or not.
    pub(crate) fn store(&self) -> std::result::Result<Rc<Store>, StoreError> {
        self.store.borrow().clone()
    }

    /// The same where nobody waits for an answer: without a store it does nothing.
    pub(crate) fn store_or_log(&self) -> Option<Rc<Store>> {
        let store = self.store();
        store
            .inspect_err(|error| fault_log::error("store", error))
            .ok()
    }

    /// Which life this is: a number that changes when everything is wiped.
    pub(crate) fn life(&self) -> u64 {
        self.life.get()
    }

    /// A variable of the deployment, if it is set.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.env.var(name).ok().map(|value| value.to_string())
    }

    /// Whether the operator allows imports from private hosts, for development.
    pub(crate) fn allows_private_remotes(&self) -> bool {
        is_true(&self.env, ALLOW_PRIVATE_REMOTES)
    }

    /// Empties the database and takes the alarm away; the object still passes on requests that its name leads
    /// elsewhere. It drops everything in memory, and running work on the old repository can no longer
    /// write into the next one.
    pub(crate) async fn wipe(&self) -> Result<()> {
        let failed = |error: StoreError| worker::Error::RustError(error.to_string());
        let forwarding = match &*self.store.borrow() {
            Ok(store) => store.forwarding().map_err(failed)?,
            Err(_) => None,
        };
        self.life.set(self.life.get().wrapping_add(1));
        if let Ok(store) = &*self.store.borrow() {
            store.database().close();
        }
        let mut wiping = pin!(self.storage.delete_all());
        let begun = poll!(&mut wiping);
        *self.store.borrow_mut() = open(&self.storage, &self.env);
        // In the turn in which everything is wiped, so that both happen or neither.
        let forwards = match forwarding {
            Some(forwarding) => self
                .store()
                .and_then(|store| store.set_forwarding(&forwarding)),
            None => Ok(()),
        };
        let wiped = match begun {
            Poll::Ready(wiped) => wiped,
            Poll::Pending => wiping.await,
        };
        self.in_progress.take();
        self.alarm.set(Alarm::Unknown);
        self.snapshot_due.take();
        self.graph.clear();
        self.reach.clear();
        self.answers.clear();
        self.import.clear();
        self.upstream.clear();
        self.outbox.clear();
        self.usage.clear();
        wiped.and(forwards.map_err(failed))
    }
}

fn open(storage: &Storage, env: &Env) -> std::result::Result<Rc<Store>, StoreError> {
    let db = ObjectDatabase::new(storage)?;
    schema::wake(&db, schema::REPOSITORY)?;
    let store = RepoStore::new(Rc::new(db), Box::new(now_ms)).with_paged_graphs();
    if is_true(env, READ_ONLY) {
        store.freeze();
    }
    Ok(Rc::new(store))
}

/// Whether a variable of the deployment says so.
fn is_true(env: &Env, name: &str) -> bool {
    env.var(name).is_ok_and(|value| value.to_string() == "true")
}
