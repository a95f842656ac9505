//! Answers that took a walk over a history, kept from one request to the next.
//!
//! They follow from a commit's id, so nothing here goes stale. The answers of all objects of
//! the isolate share a bound, and the least recently used one goes first.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::storage::db::cache::Lru;

/// Bytes of answers that an isolate keeps: some hundred directories.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// Bytes of one answer that is kept at most.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// By the object's number and the question, hashed.
type Answers = Lru<(u64, [u8; 20]), Rc<Vec<u8>>>;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(1) };
    static KEPT: RefCell<Answers> = RefCell::new(Lru::new(KEPT_BYTES_MAX));
}

/// Evicts until `bytes` of the bound are free, for an operation that needs the room now.
pub(crate) fn make_room(bytes: usize) {
    with(|kept| kept.make_room(bytes));
}

/// The answers of one object, by a number that is never given twice.
#[derive(Debug)]
pub(crate) struct KeptAnswers(u64);

impl KeptAnswers {
    /// The answer to a question, if it is kept.
    pub(crate) fn get(&self, question: [u8; 20]) -> Option<Rc<Vec<u8>>> {
        with(|kept| kept.get(&(self.0, question))).flatten()
    }

    /// Keeps an answer, unless it is large.
    pub(crate) fn put(&self, question: [u8; 20], answer: &[u8]) {
        if answer.len() <= ANSWER_BYTES_MAX {
            let held = Rc::new(answer.to_vec());
            with(|kept| kept.put((self.0, question), held, answer.len()));
        }
    }

    /// Keeps nothing: an answer may show objects that were purged.
    pub(crate) fn clear(&self) {
        with(|kept| kept.forget(|key| key.0 == self.0));
    }
}

impl Default for KeptAnswers {
    fn default() -> Self {
        Self(NEXT.with(|next| next.replace(next.get().wrapping_add(1))))
    }
}

impl Drop for KeptAnswers {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Runs `act` on the kept answers; `None` while the thread ends or they are in use.
fn with<T>(act: impl FnOnce(&mut Answers) -> T) -> Option<T> {
    KEPT.try_with(|kept| kept.try_borrow_mut().ok().map(|mut kept| act(&mut kept)))
        .ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_by_object_and_within_the_bound() {
        let (one, other) = (KeptAnswers::default(), KeptAnswers::default());
        let question = |number: u8| [number; 20];
        one.put(question(1), b"answer");
        assert_eq!(one.get(question(1)).unwrap().as_slice(), b"answer");
        assert!(other.get(question(1)).is_none() && one.get(question(2)).is_none());
        one.put(question(3), &vec![0; ANSWER_BYTES_MAX + 1]);
        assert!(one.get(question(3)).is_none());
        for number in 10..15 {
            other.put(question(number), &vec![0; ANSWER_BYTES_MAX]);
        }
        assert!(one.get(question(1)).is_none() && other.get(question(10)).is_none());
        assert!(other.get(question(14)).is_some());
        other.clear();
        assert!(other.get(question(14)).is_none());
    }
}
