//! The resources that one request, or one ring of the alarm, holds from its beginning to its end.
//!
//! Each runs under a [`Lease`], and so does the stream of its answer. Every step of either renews
//! it: a piece of a body that came, a piece of an answer that was taken, a timer. The lease owns
//! the work itself, so that ending the lease drops the work and everything that it holds:
//! reservations, tables, inputs. Three things end leases:
//!
//! - An object that replaces a reset one ends the work of its predecessor. After a reset (a full
//!   disk, an exception that breaks the object's gates) nothing polls that work again, and
//!   nothing drops it either.
//! - A request that waits for memory ends leases that were not renewed for [`RECLAIM_MS`].
//! - Every request ends those that were not renewed for [`IDLE_MS`]: clients that take nothing.
//!
//! Work that waits for other objects or for R2, as forks and alarms do, may take no step for
//! long. Its leases stay for [`OWN_RECLAIM_MS`].
//!
//! Work that resumes after its lease has ended finds nothing left to do, and gives [`Ended`].

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;
use futures::stream::{LocalBoxStream, Stream};
use futures::{FutureExt as _, StreamExt as _};

mod shares;

/// Milliseconds without a step after which a lease ends when others need its memory: longer than
/// the body of a request may pause (`Limits::body_idle_ms`).
pub(crate) const RECLAIM_MS: i64 = 75_000;

/// Milliseconds without a step after which a lease ends in any case: the client of an answer may
/// take nothing for so long.
pub(crate) const IDLE_MS: i64 = 5 * 60 * 1000;

/// The same for work that waits for us, not for a client: longer than an alarm may take.
pub(crate) const OWN_RECLAIM_MS: i64 = 15 * 60 * 1000;

/// Operations that wait for nobody but their clients.
const OF_CLIENTS: [&str; 8] = [
    "archive", "bundle", "compare", "content", "explore", "fetch", "push", "refs",
];

/// A request that waits for memory looks for it more often than this; one that does not was reset.
const WAIT_STEP_MS: i64 = 1000;

thread_local! {
    static OWNERS: Cell<u32> = const { Cell::new(0) };
    static NUMBERS: Cell<u64> = const { Cell::new(0) };
    static LEASES: RefCell<BTreeMap<u64, Weak<Lease>>> = const { RefCell::new(BTreeMap::new()) };
    static CURRENT: RefCell<Option<Rc<Lease>>> = const { RefCell::new(None) };
    static IS_ENDING: Cell<bool> = const { Cell::new(false) };
}

/// The user of a share of the isolate: one incarnation of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u32);

impl Owner {
    /// Another than all before.
    pub(crate) fn another() -> Self {
        let number = OWNERS.get().wrapping_add(1);
        OWNERS.set(number);
        Self(number)
    }

    /// Ends everything that runs for it.
    pub(crate) fn end(self) {
        for lease in all().filter(|lease| lease.owner == self) {
            lease.end();
        }
    }
}

/// The lease ended before the work under it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ended: it made no progress while others needed the memory")]
pub(crate) struct Ended;

/// One request, or one ring of the alarm.
pub(crate) struct Lease {
    number: u64,
    owner: Owner,
    /// The caller: a token, or an address without one. Empty for work of our own.
    caller: String,
    operation: &'static str,
    /// Bytes reserved under it.
    bytes: Cell<u64>,
    /// Those among them that count for the shares of the caller and of the repository.
    shared_bytes: Cell<u64>,
    is_waiting: Cell<bool>,
    renewed_ms: Cell<i64>,
    is_ended: Cell<bool>,
    work: RefCell<Vec<Weak<dyn Work>>>,
}

/// Work that runs under a lease.
trait Work {
    /// Drops it, unless it is the one that runs now.
    fn drop_work(&self);
}

impl<T> Work for RefCell<Option<T>> {
    fn drop_work(&self) {
        let work = self.try_borrow_mut().ok().and_then(|mut work| work.take());
        // Only now: dropping the work may look at the lease.
        drop(work);
    }
}

impl Lease {
    /// Begins a lease; `operation` names it in figures.
    pub(crate) fn begin(owner: Owner, caller: String, operation: &'static str) -> Rc<Self> {
        let number = NUMBERS.get().wrapping_add(1);
        NUMBERS.set(number);
        let lease = Rc::new(Self {
            number,
            owner,
            caller,
            operation,
            bytes: Cell::default(),
            shared_bytes: Cell::default(),
            is_waiting: Cell::default(),
            renewed_ms: Cell::new(now_ms()),
            is_ended: Cell::default(),
            work: RefCell::default(),
        });
        let _ = LEASES.try_with(|all| {
            all.borrow_mut().insert(number, Rc::downgrade(&lease));
        });
        lease
    }

    /// The lease of the work that runs now, or a new one outside of any.
    pub(crate) fn current() -> Rc<Self> {
        let current = CURRENT.try_with(|current| current.borrow().clone());
        let current = current.ok().flatten();
        current.unwrap_or_else(|| Self::begin(Owner(0), String::new(), "other"))
    }

    /// Runs `work` under this lease.
    pub(crate) async fn run<T: 'static>(
        self: &Rc<Self>,
        work: impl Future<Output = T> + 'static,
    ) -> Result<T, Ended> {
        let work: Rc<RefCell<Option<LocalBoxFuture<'static, T>>>> =
            Rc::new(RefCell::new(Some(work.boxed_local())));
        self.own(&work);
        let lease = Rc::clone(self);
        futures::future::poll_fn(move |context| lease.poll_future(&work, context)).await
    }

    /// The same for the stream of an answer, which begins while the request is worked on and goes
    /// on when that is done.
    pub(crate) fn stream<T: 'static>(
        self: Rc<Self>,
        pieces: impl Stream<Item = worker::Result<T>> + 'static,
    ) -> impl Stream<Item = worker::Result<T>> {
        let work: Rc<RefCell<Option<LocalBoxStream<'static, worker::Result<T>>>>> =
            Rc::new(RefCell::new(Some(pieces.boxed_local())));
        self.own(&work);
        futures::stream::poll_fn(move |context| self.poll_stream(&work, context))
    }

    fn own<W: Work + 'static>(&self, work: &Rc<W>) {
        let work: Weak<W> = Rc::downgrade(work);
        self.work.borrow_mut().push(work);
    }

    fn poll_future<T>(
        self: &Rc<Self>,
        work: &RefCell<Option<LocalBoxFuture<'static, T>>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<T, Ended>> {
        let Some(mut running) = work.take() else {
            return Poll::Ready(Err(Ended));
        };
        match self.as_current(|| running.as_mut().poll(context)) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if self.is_ended.get() => Poll::Ready(Err(Ended)),
            Poll::Pending => {
                work.replace(Some(running));
                Poll::Pending
            }
        }
    }

    fn poll_stream<T>(
        self: &Rc<Self>,
        work: &RefCell<Option<LocalBoxStream<'static, worker::Result<T>>>>,
        context: &mut Context<'_>,
    ) -> Poll<Option<worker::Result<T>>> {
        let ended = || Poll::Ready(Some(Err(worker::Error::RustError(Ended.to_string()))));
        let Some(mut running) = work.take() else {
            return ended();
        };
        let polled = self.as_current(|| Pin::as_mut(&mut running).poll_next(context));
        if self.is_ended.get() {
            return ended();
        }
        if !matches!(polled, Poll::Ready(None)) {
            work.replace(Some(running));
        }
        polled
    }

    /// Takes a step, which renews the lease.
    fn as_current<T>(self: &Rc<Self>, step: impl FnOnce() -> T) -> T {
        struct Before(Option<Rc<Lease>>);
        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.replace(self.0.take());
            }
        }
        self.renewed_ms.set(now_ms());
        let _before = Before(CURRENT.replace(Some(Rc::clone(self))));
        step()
    }

    /// Ends it: drops the work under it, which gives back everything that it holds.
    fn end(&self) {
        self.is_ended.set(true);
        let all = std::mem::take(&mut *self.work.borrow_mut());
        IS_ENDING.set(true);
        for work in all.iter().filter_map(Weak::upgrade) {
            work.drop_work();
        }
        IS_ENDING.set(false);
    }

    fn waits_for_client(&self) -> bool {
        OF_CLIENTS.contains(&self.operation)
    }

    fn idle_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.renewed_ms.get())
    }

    /// Counts `bytes` more as held under it.
    pub(super) fn hold(&self, bytes: u64, is_shared: bool) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        if is_shared {
            self.set_shared_bytes(self.shared_bytes.get().saturating_add(bytes));
        }
    }

    /// Counts `bytes` as no longer held.
    pub(super) fn give_back(&self, bytes: u64, is_shared: bool) {
        debug_assert!(
            bytes <= self.bytes.get(),
            "no reservation gives back another's bytes"
        );
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
        if is_shared {
            self.set_shared_bytes(self.shared_bytes.get().saturating_sub(bytes));
        }
    }

    fn set_shared_bytes(&self, bytes: u64) {
        let before = self.shared_bytes.replace(bytes);
        shares::change(self.owner, &self.caller, before, bytes);
    }

    /// Notes whether it waits for memory.
    pub(crate) fn set_waiting(&self, is_waiting: bool) {
        self.is_waiting.set(is_waiting);
    }

    /// Whether it was made for a request without a credential.
    pub(super) fn is_anonymous(&self) -> bool {
        self.caller.starts_with(ANONYMOUS)
    }

    /// Bytes that other requests hold of the shares that this one uses: the repository's, and the
    /// caller's.
    pub(super) fn others_of_shares(&self) -> (u64, u64) {
        let own = self.shared_bytes.get();
        let (repository, caller) = shares::sums(self.owner, &self.caller);
        (repository.saturating_sub(own), caller.saturating_sub(own))
    }

    /// The bytes of those leases that wait for more, and so do nothing with the bytes they hold.
    pub(super) fn waiting_of_shares(&self) -> (u64, u64) {
        let (mut of_repository, mut of_caller) = (0_u64, 0_u64);
        for other in waiting_now().filter(|other| other.number != self.number) {
            let bytes = other.shared_bytes.get();
            if other.owner == self.owner {
                of_repository = of_repository.saturating_add(bytes);
            }
            if other.caller == self.caller && !self.caller.is_empty() {
                of_caller = of_caller.saturating_add(bytes);
            }
        }
        (of_repository, of_caller)
    }

    /// How many other requests of the same operation hold something and wait for more.
    pub(crate) fn waiting_peers(&self) -> usize {
        let is_peer = |other: &Rc<Self>| {
            other.number != self.number
                && other.operation == self.operation
                && other.bytes.get() > 0
        };
        waiting_now().filter(is_peer).count()
    }

    /// Bytes that this one holds of shares.
    pub(super) fn shared_bytes(&self) -> u64 {
        self.shared_bytes.get()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.set_shared_bytes(0);
        let _ = LEASES.try_with(|all| {
            if let Ok(mut all) = all.try_borrow_mut() {
                all.remove(&self.number);
            }
        });
    }
}

/// How the name of a caller without a credential begins.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// All leases, oldest first: a list of its own, since they may end meanwhile.
fn all() -> impl Iterator<Item = Rc<Lease>> {
    let all = LEASES.try_with(|all| all.borrow().values().filter_map(Weak::upgrade).collect());
    all.unwrap_or_else(|_| Vec::new()).into_iter()
}

/// Whether work is being dropped because its lease ended: it may be another object's.
pub(crate) fn is_ending() -> bool {
    IS_ENDING.get()
}

/// Ends leases whose memory others need; gives whether there were any.
pub(crate) fn reclaim() -> bool {
    let now_ms = now_ms();
    let mut reclaimed = false;
    for lease in all().filter(|lease| lease.bytes.get() > 0) {
        let idle_max_ms = if lease.waits_for_client() {
            RECLAIM_MS
        } else {
            OWN_RECLAIM_MS
        };
        if lease.idle_ms(now_ms) >= idle_max_ms {
            lease.end();
            reclaimed = true;
        }
    }
    reclaimed
}

/// Ends leases whose clients are gone, or take nothing.
pub(crate) fn end_idle() {
    let now_ms = now_ms();
    for lease in all().filter(|lease| lease.waits_for_client()) {
        if lease.idle_ms(now_ms) >= IDLE_MS {
            lease.end();
        }
    }
}

/// How many requests wait for memory.
pub(crate) fn waiting() -> usize {
    waiting_now().count()
}

/// The requests that wait for memory.
fn waiting_now() -> impl Iterator<Item = Rc<Lease>> {
    let now_ms = now_ms();
    let is_waiting =
        move |lease: &Rc<Lease>| lease.is_waiting.get() && lease.idle_ms(now_ms) <= WAIT_STEP_MS;
    all().filter(is_waiting)
}

/// Reservations, for the operator.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Leases that hold something.
    pub(crate) count: u64,
    /// Bytes that they hold.
    pub(crate) bytes: u64,
    /// The longest time without a step, in milliseconds.
    pub(crate) oldest_ms: i64,
    /// By operation: how many leases, and their bytes.
    pub(crate) operations: BTreeMap<&'static str, (u64, u64)>,
}

/// Counts the bytes that are reserved now.
pub(crate) fn figures() -> Figures {
    let now_ms = now_ms();
    let mut figures = Figures::default();
    for lease in all().filter(|lease| lease.bytes.get() > 0) {
        let bytes = lease.bytes.get();
        figures.count = figures.count.saturating_add(1);
        figures.bytes = figures.bytes.saturating_add(bytes);
        figures.oldest_ms = figures.oldest_ms.max(lease.idle_ms(now_ms));
        let of_operation = figures.operations.entry(lease.operation).or_default();
        of_operation.0 = of_operation.0.saturating_add(1);
        of_operation.1 = of_operation.1.saturating_add(bytes);
    }
    figures
}

#[cfg(target_family = "wasm")]
fn now_ms() -> i64 {
    crate::repo_do::runtime::clock::now_ms()
}

#[cfg(not(target_family = "wasm"))]
thread_local! {
    static TEST_CLOCK: Cell<i64> = const { Cell::new(0) };
}

#[cfg(not(target_family = "wasm"))]
fn now_ms() -> i64 {
    TEST_CLOCK.get()
}

#[cfg(test)]
pub(super) mod tests;
