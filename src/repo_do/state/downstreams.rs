//! Which downstreams are being pushed to.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The downstreams that are being pushed to: each by one task at a time, so that none hears of two
/// states of the repository in the wrong order.
#[derive(Debug, Default)]
pub(crate) struct PushesUnderWay(RefCell<BTreeSet<String>>);

/// A push under way; it ends when this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct PushUnderWay {
    all: Rc<PushesUnderWay>,
    id: String,
}

impl PushesUnderWay {
    /// Begins a push; `None` while one is under way.
    pub(crate) fn begin(self: &Rc<Self>, id: &str) -> Option<PushUnderWay> {
        let is_new = self.0.borrow_mut().insert(id.to_owned());
        is_new.then(|| PushUnderWay {
            all: Rc::clone(self),
            id: id.to_owned(),
        })
    }

    /// Whether one is under way to this downstream.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.borrow().contains(id)
    }
}

impl Drop for PushUnderWay {
    fn drop(&mut self) {
        self.all.0.borrow_mut().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_downstream_is_pushed_to_by_one_at_a_time() {
        let all = Rc::new(PushesUnderWay::default());
        let one = all.begin("a");
        assert!(one.is_some() && all.begin("a").is_none());
        let other = all.begin("b");
        assert!(other.is_some() && all.has("a"));
        drop(one);
        assert!(!all.has("a") && all.has("b"));
        assert!(all.begin("a").is_some());
        drop(other);
        assert!(!all.has("b"));
    }
}
