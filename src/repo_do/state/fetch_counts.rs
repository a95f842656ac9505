//! How often the repository was cloned and fetched from since the last message. Kept in memory
//! alone: a count that the object had not told when it ended is lost.

use std::cell::Cell;

/// At most one event of each kind in this time.
const WINDOW_MS: i64 = 60_000;

/// The two things that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Fetches by clients that have nothing.
    Cloned,
    /// All others.
    Fetched,
}

/// The counts of one kind.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// The time of the last message, in unix milliseconds.
    told_ms: Option<i64>,
    /// How many there were since.
    count: u64,
}

/// The counts of both kinds.
#[derive(Debug, Default)]
pub(crate) struct FetchCounts {
    cloned: Cell<Window>,
    fetched: Cell<Window>,
}

/// The next step after one more was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Tell of so many now.
    Tell(u64),
    /// Tell at this time, in unix milliseconds.
    Later(i64),
}

impl FetchCounts {
    fn window(&self, kind: Counted) -> &Cell<Window> {
        match kind {
            Counted::Cloned => &self.cloned,
            Counted::Fetched => &self.fetched,
        }
    }

    /// Counts one more.
    pub(crate) fn add(&self, kind: Counted, now_ms: i64) -> Counting {
        let window = self.window(kind);
        let Window { told_ms, count } = window.get();
        let count = count.saturating_add(1);
        window.set(Window { told_ms, count });
        let due_ms = told_ms.map(|told_ms| told_ms.saturating_add(WINDOW_MS));
        match due_ms.filter(|due_ms| *due_ms > now_ms) {
            Some(due_ms) => Counting::Later(due_ms),
            None => Counting::Tell(self.take(kind, now_ms).unwrap_or(1)),
        }
    }

    /// Takes the count, if there is one whose time has come.
    pub(crate) fn take(&self, kind: Counted, now_ms: i64) -> Option<u64> {
        let window = self.window(kind);
        let Window { told_ms, count } = window.get();
        let is_due = told_ms.is_none_or(|told_ms| told_ms.saturating_add(WINDOW_MS) <= now_ms);
        if count == 0 || !is_due {
            return None;
        }
        window.set(Window {
            told_ms: Some(now_ms),
            count: 0,
        });
        Some(count)
    }

    /// When to tell of a count, in unix milliseconds.
    pub(crate) fn due(&self) -> Option<i64> {
        let due = |window: Window| {
            let told_ms = window.told_ms.filter(|_| window.count > 0)?;
            Some(told_ms.saturating_add(WINDOW_MS))
        };
        let windows = [self.cloned.get(), self.fetched.get()];
        windows.into_iter().filter_map(due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_rest_once_a_minute() {
        let counts = FetchCounts::default();
        let add = |now_ms| counts.add(Counted::Cloned, now_ms);
        assert_eq!(add(1000), Counting::Tell(1));
        assert_eq!(
            (add(1001), counts.due()),
            (Counting::Later(61_000), Some(61_000))
        );
        assert_eq!(add(60_999), Counting::Later(61_000));
        assert_eq!(counts.take(Counted::Cloned, 60_999), None);
        assert_eq!(counts.take(Counted::Cloned, 61_000), Some(2));
        assert_eq!(
            (counts.take(Counted::Cloned, 99_999_999), counts.due()),
            (None, None)
        );
        assert_eq!(add(61_001), Counting::Later(121_000));
        // If nobody has told it meanwhile.
        assert_eq!(add(121_000), Counting::Tell(2));
    }

    #[test]
    fn clones_and_fetches_are_counted_apart() {
        let counts = FetchCounts::default();
        assert_eq!(counts.add(Counted::Cloned, 5), Counting::Tell(1));
        assert_eq!(counts.add(Counted::Fetched, 6), Counting::Tell(1));
        counts.add(Counted::Fetched, 7);
        assert_eq!(counts.due(), Some(60_006));
        assert_eq!(counts.take(Counted::Cloned, 99_999), None);
        assert_eq!(counts.take(Counted::Fetched, 99_999), Some(1));
    }
}
