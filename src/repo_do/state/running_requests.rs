//! Requests with an `Idempotency-Key` that are being done now.
//!
//! They leave nothing in the database before they are done, and nobody but this object does them.
//! So memory is enough: when the object ends, so do they.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::storage::repository::idempotency::Digest;

/// The keys of the requests under way.
#[derive(Debug, Default)]
pub(crate) struct RunningRequests(RefCell<BTreeSet<Digest>>);

impl RunningRequests {
    /// Registers a request; `None` while another one with its key is under way.
    pub(crate) fn begin(self: &Rc<Self>, key: Digest) -> Option<RunningRequest> {
        let is_new = self.0.borrow_mut().insert(key);
        is_new.then(|| RunningRequest {
            all: Rc::clone(self),
            key,
        })
    }
}

/// A request under way, until it is dropped: when it was answered, or its client hung up.
#[derive(Debug)]
pub(crate) struct RunningRequest {
    all: Rc<RunningRequests>,
    key: Digest,
}

impl RunningRequest {
    /// Its key.
    pub(crate) fn key(&self) -> &Digest {
        &self.key
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        let was_there = self.all.0.borrow_mut().remove(&self.key);
        debug_assert!(was_there, "nobody else takes a request away");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_until_its_request_is_over() {
        let all = Rc::new(RunningRequests::default());
        let first = all.begin([1; 32]).unwrap();
        assert_eq!(first.key(), &[1; 32]);
        assert!(all.begin([1; 32]).is_none());
        let other = all.begin([2; 32]);
        assert!(other.is_some());
        drop(first);
        assert!(all.begin([1; 32]).is_some());
    }
}
