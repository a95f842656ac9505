//! The pushes to downstreams that are under way.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The downstreams with a push under way. Each has one task at a time, so no remote gets two states of
/// the repository in the wrong order.
#[derive(Debug, Default)]
pub(crate) struct PushesUnderWay(RefCell<BTreeSet<String>>);

/// A push under way; dropping it ends the push.
#[derive(Debug)]
#[must_use]
pub(crate) struct PushUnderWay {
    all: Rc<PushesUnderWay>,
    id: String,
}

impl PushesUnderWay {
    /// Begins a push; `None` while another one is under way.
    pub(crate) fn begin(self: &Rc<Self>, id: &str) -> Option<PushUnderWay> {
        let is_new = self.0.borrow_mut().insert(id.to_owned());
        is_new.then(|| PushUnderWay {
            all: Rc::clone(self),
            id: id.to_owned(),
        })
    }

    /// Whether a push to this downstream is under way.
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
