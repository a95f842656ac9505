//! The readers of packs now: fetches that copy, pushes that check.
//!
//! They hold a list of packs over many pauses. A pack that was superseded meanwhile must stay
//! until they are done, however short its grace period is. A prune must not remove an object that
//! a running push may have found. Both are known exactly: only this object reads its packs, and
//! its readers end when it does.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The purpose of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To send or to examine stored objects.
    Look,
    /// To build on stored objects.
    Push,
}

/// The readers of one object.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    last: Cell<u64>,
    /// By number: the start, in unix milliseconds, and the purpose.
    running: RefCell<BTreeMap<u64, (i64, Purpose)>>,
}

impl Readers {
    /// Registers a reader that begins now.
    pub(crate) fn enter(self: &Rc<Self>, purpose: Purpose, now_ms: i64) -> Reader {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        self.running.borrow_mut().insert(number, (now_ms, purpose));
        Reader {
            readers: Rc::clone(self),
            number,
        }
    }

    /// Start time of the oldest reader, in unix milliseconds.
    pub(crate) fn oldest(&self) -> Option<i64> {
        self.running.borrow().values().map(|reader| reader.0).min()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.running.borrow().len()
    }

    /// Whether a push runs.
    pub(crate) fn has_push(&self) -> bool {
        let running = self.running.borrow();
        running.values().any(|reader| reader.1 == Purpose::Push)
    }
}

/// A reader, until it is dropped.
#[derive(Debug)]
pub(crate) struct Reader {
    readers: Rc<Readers>,
    number: u64,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let left = self.readers.running.borrow_mut().remove(&self.number);
        debug_assert!(left.is_some(), "nobody else takes a reader away");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_known_until_they_are_done() {
        let readers = Rc::new(Readers::default());
        assert_eq!((readers.oldest(), readers.has_push()), (None, false));
        let fetch = readers.enter(Purpose::Look, 5);
        let push = readers.enter(Purpose::Push, 7);
        assert_eq!((readers.oldest(), readers.has_push()), (Some(5), true));
        assert_eq!(readers.count(), 2);
        drop(fetch);
        assert_eq!(readers.oldest(), Some(7));
        drop(push);
        assert_eq!((readers.oldest(), readers.has_push()), (None, false));
    }
}
