//! The claims on the namespace's bytes that requests to this object have made, by their numbers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// The claims of requests under way.
#[derive(Debug, Default)]
pub(crate) struct RoomClaims {
    running: RefCell<BTreeSet<i64>>,
    last: Cell<i64>,
}

impl RoomClaims {
    /// Begins a claim; its number. It grows with time, so that no number comes again when the object
    /// wakes once more.
    pub(crate) fn begin(&self, now_ms: i64) -> i64 {
        let number = now_ms.max(self.last.get().saturating_add(1)).max(1);
        self.last.set(number);
        self.running.borrow_mut().insert(number);
        number
    }

    /// Ends it.
    pub(crate) fn end(&self, number: i64) {
        self.running.borrow_mut().remove(&number);
    }

    /// All that are under way and have begun after `since_ms`.
    pub(crate) fn running(&self, since_ms: i64) -> Vec<i64> {
        let mut running = self.running.borrow_mut();
        // A request that was cancelled has not ended its claim.
        running.retain(|number| *number > since_ms);
        running.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_also_where_the_clock_stands_or_goes_back() {
        let claims = RoomClaims::default();
        assert_eq!(
            [claims.begin(7), claims.begin(7), claims.begin(3)],
            [7, 8, 9]
        );
        claims.end(8);
        assert_eq!(claims.running(0), [7, 9]);
        assert_eq!(claims.running(7), [9], "that of 7 is over");
    }
}
