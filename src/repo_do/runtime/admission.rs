//! Waiting for memory.
//!
//! Each request looks again by a timer of its own: nothing of one request may wake another's.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use super::lease::{self, Lease};
use super::memory::{NeverRoom, NoRoom, Reservation};
use super::timer;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::clock::now_ms;

/// How long a request waits for room in the isolate before it is turned away.
const WAIT_MS: i64 = 20_000;

/// Time between two looks for room. It grows with the number of waiting requests, so that all of
/// them together look some four hundred times a second.
const POLL_MS: u32 = 20;
const LOOKS_A_POLL: usize = 8;

/// Requests that may wait; more are turned away at once.
const WAITING_MAX: usize = 256;

/// Requests of one operation that may wait for something large while they hold something small.
const HOLDING_MAX: usize = 24;

/// Seconds after which a request that was turned away may find room.
pub(crate) const RETRY_SECONDS: u32 = 5;

/// Room to come, or a refusal.
pub(crate) type Room<'a, T> = LocalBoxFuture<'a, Result<T, ErrorReply>>;

/// Reserves `bytes` for work of our own, waiting a while for others to be done.
pub(crate) fn reserve(bytes: u64) -> Room<'static, Reservation> {
    room(move || Reservation::new(bytes))
}

/// The same for a client: within its share and the repository's.
pub(crate) fn reserve_share(bytes: u64) -> Room<'static, Reservation> {
    room(move || Reservation::share(bytes))
}

/// Reserves more, if there are not as many bytes yet.
pub(crate) async fn grow(reservation: &mut Reservation, bytes: u64) -> Result<(), ErrorReply> {
    // Nearly always there is room, or enough already.
    if reservation.grow_to(bytes).is_ok() {
        return Ok(());
    }
    room(|| reservation.grow_to(bytes)).await
}

/// Whether one more request of this operation may wait for more while it holds something.
pub(crate) fn may_wait_holding() -> bool {
    Lease::current().waiting_peers() < HOLDING_MAX
}

fn room<'a, T: 'a>(mut look: impl FnMut() -> Result<T, NoRoom> + 'a) -> Room<'a, T> {
    let begun_ms = now_ms();
    let room = async move {
        let lease = Lease::current();
        let found = loop {
            let error = match look() {
                Ok(found) => break Ok(found),
                Err(error) => error,
            };
            if error.is_lasting() {
                let message = NeverRoom::from(error).to_string();
                break Err(ErrorReply::new(ErrorCode::MemoryLimit, message));
            }
            // Idle leases go first.
            if lease::reclaim() {
                continue;
            }
            lease.set_waiting(true);
            let waited_ms = now_ms().saturating_sub(begun_ms);
            let waiting = lease::waiting();
            if waited_ms >= WAIT_MS || waiting > WAITING_MAX {
                break Err(ErrorReply::busy(RETRY_SECONDS, error.to_string()));
            }
            let polls = u32::try_from(waiting / LOOKS_A_POLL).unwrap_or(u32::MAX);
            timer::after(POLL_MS.saturating_mul(polls.saturating_add(1))).await;
        };
        lease.set_waiting(false);
        found
    };
    room.boxed_local()
}
