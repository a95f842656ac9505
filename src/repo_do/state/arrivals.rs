//! Events that arrive, for those who wait for them.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Counts arrivals, and wakes those who wait for the next one.
///
/// Whoever looks for events first asks how many have [come](Self::count), then reads, and then waits
/// for [more](Self::changed) than that: what arrives between the two is not missed.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    count: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Arrivals {
    /// How many have come so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.get()
    }

    /// Something has come: wakes everybody.
    pub(crate) fn notify(&self) {
        self.count.set(self.count.get().wrapping_add(1));
        // Outside the borrow: a waker may run anything.
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits until something has come since the count was `since`.
    pub(crate) async fn changed(&self, since: u64) {
        poll_fn(|context| {
            if self.count.get() != since {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.borrow_mut();
            if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::executor::block_on;
    use futures::future::join;

    use super::*;

    #[test]
    fn whoever_waits_is_woken_by_what_comes() {
        let arrivals = Arrivals::default();
        let seen = arrivals.count();
        assert_eq!(arrivals.changed(seen).now_or_never(), None);
        let waits = async {
            arrivals.changed(seen).await;
            arrivals.count()
        };
        let both = join(waits, async { arrivals.notify() });
        assert_eq!(block_on(both).0, seen + 1);
    }

    #[test]
    fn what_came_between_looking_and_waiting_is_not_missed() {
        let arrivals = Arrivals::default();
        let seen = arrivals.count();
        arrivals.notify();
        assert_eq!(arrivals.changed(seen).now_or_never(), Some(()));
    }
}
