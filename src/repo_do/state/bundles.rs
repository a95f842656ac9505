//! The object's memory of its bundle: the key of its URLs, and the objects that its refs name.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gix_hash::ObjectId;

use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::random;

/// The remembered facts about the bundle.
#[derive(Default)]
pub(crate) struct KnownBundle {
    url_key: Cell<Option<[u8; 32]>>,
    tips: RefCell<Option<(String, Rc<[ObjectId]>)>>,
}

impl KnownBundle {
    /// The key by which URLs of bundles are signed, until the object sleeps.
    pub(crate) fn url_key(&self) -> Result<[u8; 32], ErrorReply> {
        if let Some(key) = self.url_key.get() {
            return Ok(key);
        }
        let key = random::bytes()?;
        self.url_key.set(Some(key));
        Ok(key)
    }

    /// The objects that the refs of this bundle name, if they were read before.
    pub(crate) fn tips(&self, r2_key: &str) -> Option<Rc<[ObjectId]>> {
        let known = self.tips.borrow();
        let (of, tips) = known.as_ref()?;
        (of == r2_key).then(|| Rc::clone(tips))
    }

    /// Remembers them in the place of those of the bundle before.
    pub(crate) fn note_tips(&self, r2_key: &str, tips: &Rc<[ObjectId]>) {
        self.tips
            .replace(Some((r2_key.to_owned(), Rc::clone(tips))));
    }
}
