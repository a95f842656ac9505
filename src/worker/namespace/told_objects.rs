//! Which objects of webhooks are being told something now, and which are left alone for a while.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::repo_do::contract::Backoff;

/// Objects that get messages at once: messages to all of them take some megabytes.
const RUNNING_MAX: usize = 32;

/// A message that has no answer for so long is over.
const RUN_MS_MAX: i64 = 5 * 60_000;

/// Doublings of the time for which an object is left alone after failures: some four minutes.
const DOUBLINGS_MAX: u32 = 8;

/// The webhooks whose objects are being told something, and since when; and those whose objects did
/// not answer.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    since_ms: RefCell<BTreeMap<String, i64>>,
    failing: RefCell<BTreeMap<String, Failing>>,
}

/// How often the last messages to an object failed, and until when it is left alone.
#[derive(Debug)]
struct Failing {
    backoff: Backoff,
    until_ms: i64,
}

impl Default for Failing {
    fn default() -> Self {
        Self {
            backoff: Backoff::doubling(DOUBLINGS_MAX),
            until_ms: 0,
        }
    }
}

impl Telling {
    /// Whether the object may be told something now; then it counts as being told.
    pub(super) fn begin(&self, id: &str, now_ms: i64) -> bool {
        let mut since_ms = self.since_ms.borrow_mut();
        since_ms.retain(|_, since_ms| now_ms.saturating_sub(*since_ms) < RUN_MS_MAX);
        let failing = self.failing.borrow();
        let is_left_alone = failing.get(id).is_some_and(|it| now_ms < it.until_ms);
        if is_left_alone || since_ms.len() >= RUNNING_MAX || since_ms.contains_key(id) {
            return false;
        }
        since_ms.insert(id.to_owned(), now_ms);
        true
    }

    /// The message has ended, well or not.
    pub(super) fn ended(&self, id: &str) {
        self.since_ms.borrow_mut().remove(id);
    }

    /// The object has answered.
    pub(super) fn succeeded(&self, id: &str) {
        self.failing.borrow_mut().remove(id);
    }

    /// The object did not answer. Gives when to try again.
    pub(super) fn failed(&self, id: &str, now_ms: i64) -> i64 {
        let mut failing = self.failing.borrow_mut();
        let failing = failing.entry(id.to_owned()).or_default();
        failing.until_ms = now_ms.saturating_add(failing.backoff.failed());
        failing.until_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_at_a_time_to_each_webhook() {
        let telling = Telling::default();
        assert!(telling.begin("a", 0) && telling.begin("b", 0));
        assert!(!telling.begin("a", RUN_MS_MAX - 1));
        assert!(telling.begin("a", RUN_MS_MAX), "no answer is over");
        telling.ended("a");
        assert!(telling.begin("a", RUN_MS_MAX));
    }

    #[test]
    fn a_bounded_number_of_objects_is_told_at_once() {
        let telling = Telling::default();
        let begun = (0..100).filter(|id: &i32| telling.begin(&id.to_string(), 0));
        assert_eq!(begun.count(), RUNNING_MAX);
        telling.ended("7");
        assert!(telling.begin("99", 0));
    }

    #[test]
    fn a_webhook_whose_object_fails_waits_longer_each_time() {
        let telling = Telling::default();
        let waits: Vec<_> = (0..10).map(|_| telling.failed("a", 0)).collect();
        assert_eq!(waits[..3], [1_000, 2_000, 4_000]);
        assert_eq!(waits[8..], [256_000; 2]);
        assert!(!telling.begin("a", 255_999) && telling.begin("a", 256_000));
        assert!(telling.begin("b", 0), "the others are well");
        telling.succeeded("a");
        assert_eq!(telling.failed("a", 0), 1_000);
    }
}
