//! Events that arrive, for those who wait for them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Counts arrivals, and wakes those who wait for the next one.
///
/// A reader first asks how many events have [come](Self::count), then reads, and then waits
/// for [more](Self::changed) than that: no event that arrives between the two is missed.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    count: Cell<u64>,
    last_waiter: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Waker>>,
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
        waiting.into_values().for_each(Waker::wake);
    }

    /// Waits until something has come since the count was `since`.
    pub(crate) fn changed(&self, since: u64) -> Changed<'_> {
        let number = self.last_waiter.get().wrapping_add(1);
        self.last_waiter.set(number);
        Changed {
            arrivals: self,
            since,
            number,
        }
    }
}

/// Ready when something has come. Dropped before, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Changed<'a> {
    arrivals: &'a Arrivals,
    since: u64,
    number: u64,
}

impl Changed<'_> {
    /// Counts those who have waited so far.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Future for Changed<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.arrivals.count.get() != self.since {
            return Poll::Ready(());
        }
        let mut waiting = self.arrivals.waiting.borrow_mut();
        waiting.insert(self.number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        let waker = self.arrivals.waiting.borrow_mut().remove(&self.number);
        // Outside the borrow.
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt as _;
    use futures::task::{ArcWake, waker};

    use super::*;

    struct Woken(AtomicBool);

    impl ArcWake for Woken {
        fn wake_by_ref(woken: &Arc<Self>) {
            woken.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn an_arrival_wakes_every_waiting_reader() {
        let arrivals = Arrivals::default();
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = waker(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut waits = arrivals.changed(arrivals.count());
        assert_eq!(waits.poll_unpin(&mut context), Poll::Pending);
        arrivals.notify();
        assert!(woken.0.load(Ordering::Relaxed));
        assert_eq!(waits.poll_unpin(&mut context), Poll::Ready(()));
    }

    #[test]
    fn an_arrival_between_looking_and_waiting_is_not_missed() {
        let arrivals = Arrivals::default();
        let seen = arrivals.count();
        arrivals.notify();
        assert_eq!(arrivals.changed(seen).now_or_never(), Some(()));
    }

    #[test]
    fn a_reader_that_gives_up_leaves_nothing_behind() {
        let arrivals = Arrivals::default();
        for _ in 0..100 {
            assert_eq!(arrivals.changed(0).now_or_never(), None);
        }
        assert!(arrivals.waiting.borrow().is_empty());
    }
}
