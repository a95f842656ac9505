//! The answer of a request by REST that is done once, kept by the transaction that publishes.

use std::rc::Rc;

use crate::git::receive_pack::rules::Rejection;
use crate::git::receive_pack::updates::PushUpdates;
use crate::git::store::StoreError;
use crate::repo_do::request::once::Once;
use crate::repo_do::state::store::Store;

/// The answer to a request that changed something, by the result of each ref.
#[derive(Clone)]
pub(crate) struct AnswerOf(Rc<MakeAnswer>);

/// Gives the HTTP status and the body; `None` where the body cannot be written.
type MakeAnswer = dyn Fn(&[Option<Rejection>]) -> Option<(u16, Vec<u8>)>;

impl AnswerOf {
    /// The answer that this makes of the reasons for which refs were refused, in order.
    pub(crate) fn by(
        make: impl Fn(&[Option<Rejection>]) -> Option<(u16, Vec<u8>)> + 'static,
    ) -> Self {
        Self(Rc::new(make))
    }

    /// This answer, which is known before.
    pub(crate) fn fixed(status: u16, body: Vec<u8>) -> Self {
        Self::by(move |_| Some((status, body.clone())))
    }
}

/// The answer of a request that is done once, on its way into the transaction that publishes.
pub(super) struct KeptAnswer {
    once: Rc<Once>,
    answer: Option<AnswerOf>,
}

impl KeptAnswer {
    /// The answer to a request.
    pub(super) fn new(once: &Rc<Once>, answer: Option<AnswerOf>) -> Self {
        let once = Rc::clone(once);
        Self { once, answer }
    }

    /// Keeps the answer with the results of these refs.
    pub(super) fn keep(&self, store: &Store, updates: &PushUpdates) -> Result<(), StoreError> {
        if !self.once.has_key() {
            return Ok(());
        }
        let rejections = rejections(updates);
        let answer = self
            .answer
            .as_ref()
            .and_then(|answer| (answer.0)(&rejections));
        self.once.keep(store, answer)
    }
}

/// Why each ref was refused, in order.
pub(super) fn rejections(updates: &PushUpdates) -> Vec<Option<Rejection>> {
    let updates = updates.all().iter();
    updates.map(|update| update.rejection().cloned()).collect()
}
