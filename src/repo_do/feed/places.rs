//! How many readers of one object may wait, or read a stream, at a time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::repo_do::contract::ErrorReply;

/// Readers at a time. Each holds a timer and some hundred bytes, and each is woken by every event.
const PLACES: usize = 256;

/// When to try again after all places were taken.
const RETRY_SECONDS: u32 = 5;

/// A place is free again so long after its time, even if its reader went without a word.
const GRACE_MS: i64 = 30_000;

/// The places of one object.
#[derive(Debug, Default)]
pub(crate) struct Places {
    last: Cell<u64>,
    /// By number: until when each is taken, in unix milliseconds.
    taken: RefCell<BTreeMap<u64, i64>>,
}

impl Places {
    /// Takes a place until then, if there is one.
    pub(crate) fn take(self: &Rc<Self>, now_ms: i64, until_ms: i64) -> Result<Place, ErrorReply> {
        let mut taken = self.taken.borrow_mut();
        if taken.len() >= PLACES {
            taken.retain(|_, until_ms| until_ms.saturating_add(GRACE_MS) > now_ms);
        }
        if taken.len() >= PLACES {
            let message = format!("{PLACES} readers wait for events here already: try again later");
            return Err(ErrorReply::busy(RETRY_SECONDS, message));
        }
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        taken.insert(number, until_ms);
        Ok(Place {
            places: Rc::clone(self),
            number,
        })
    }

    /// How long the reader of that number lets others go first when something has come: all together
    /// look once a millisecond, so that hundreds of them neither hold up a push nor each other request.
    pub(crate) fn turn_ms(&self, number: u64) -> u32 {
        let readers = self.taken.borrow().len().max(1) as u64;
        u32::try_from(number % readers).unwrap_or(0)
    }
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Rc<Places>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::ErrorCode;

    #[test]
    fn many_readers_look_one_after_the_other() {
        let places = Rc::new(Places::default());
        assert_eq!(places.turn_ms(7), 0);
        let alone = places.take(0, 1000);
        assert_eq!(places.turn_ms(8), 0, "one reader looks at once");
        let others: Vec<_> = (0..9).map(|_| places.take(0, 1000)).collect();
        let turns: Vec<_> = (100..110).map(|number| places.turn_ms(number)).collect();
        assert_eq!(turns, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        drop((alone, others));
    }

    #[test]
    fn a_bounded_number_of_readers_has_places() {
        let places = Rc::new(Places::default());
        let take = |now_ms, until_ms| places.take(now_ms, until_ms);
        let mut held: Vec<_> = (0..PLACES).map(|_| take(0, 1000).unwrap()).collect();
        let refused = take(0, 1000).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Unavailable);
        assert_eq!(refused.retry_after_seconds, Some(RETRY_SECONDS));
        held.pop();
        let last = take(0, 1000).unwrap();
        assert!(take(1000 + GRACE_MS - 1, 9000).is_err());
        // A reader that left without a word keeps nobody out for ever.
        let late = take(1000 + GRACE_MS, 90_000).unwrap();
        drop((held, last));
        assert_eq!(places.taken.borrow().len(), 1);
        drop(late);
    }
}
