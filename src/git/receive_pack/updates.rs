//! The ref updates of a push: the pusher's command, the findings about it, and its result, together in one
//! value for each ref.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::rules::Rejection;
use crate::git::protocol::push_commands::{PushCommand, PushCommands};

/// One ref update. It is open until it is rejected; an update that is open at the end is published.
#[derive(Debug, Clone)]
pub(crate) struct PushUpdate {
    /// The client's command.
    pub command: Rc<PushCommand>,
    /// The peeled id of the new one, if that names an annotated tag. Known once the objects are.
    pub peeled: Option<ObjectId>,
    /// The command deletes a ref that does not exist: as with git that succeeds.
    pub(crate) is_gone: bool,
    /// Whether the move of the ref is [forced](super::ref_rules::RefOp::Force). `None`: nobody asked yet, or
    /// it is not a move.
    pub(crate) is_forced: Option<bool>,
    rejection: Option<Rejection>,
}

impl PushUpdate {
    /// Whether it was not rejected.
    pub(crate) fn is_open(&self) -> bool {
        self.rejection.is_none()
    }

    /// Why it was rejected.
    pub(crate) fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }
}

/// The ref updates of one push, in the pusher's order.
#[derive(Debug, Clone)]
pub(crate) struct PushUpdates {
    all: Vec<PushUpdate>,
    /// One rejection rejects all.
    is_atomic: bool,
}

impl PushUpdates {
    /// Everything that a push asks; no command is rejected yet.
    pub(crate) fn new(push: &PushCommands) -> Self {
        let update = |command: &Rc<PushCommand>| PushUpdate {
            command: Rc::clone(command),
            peeled: None,
            is_gone: false,
            is_forced: None,
            rejection: None,
        };
        Self {
            all: push.commands.iter().map(update).collect(),
            is_atomic: push.capabilities.atomic,
        }
    }

    /// All updates.
    pub(crate) fn all(&self) -> &[PushUpdate] {
        &self.all
    }

    /// The updates that were not rejected.
    pub(crate) fn open(&self) -> impl Iterator<Item = &PushUpdate> {
        self.all.iter().filter(|update| update.is_open())
    }

    /// Whether some update is still open.
    pub(crate) fn has_open(&self) -> bool {
        self.open().next().is_some()
    }

    /// Whether some update was rejected.
    pub(crate) fn has_rejected(&self) -> bool {
        self.all.iter().any(|update| !update.is_open())
    }

    /// The updates that were not rejected, to note the findings about them.
    pub(crate) fn open_mut(&mut self) -> impl Iterator<Item = &mut PushUpdate> {
        self.all.iter_mut().filter(|update| update.is_open())
    }

    /// Calls `judge` with each open update, and rejects those for which it gives a reason.
    pub(crate) fn judge(&mut self, mut judge: impl FnMut(&PushUpdate) -> Option<Rejection>) {
        for update in self.open_mut() {
            update.rejection = judge(update);
        }
        self.reject_the_rest_if_atomic();
    }

    /// Like [`Self::judge`], where a judgement can fail. A failure ends it; the updates that were
    /// judged before it keep their findings.
    pub(crate) fn try_judge<E>(
        &mut self,
        mut judge: impl FnMut(&mut PushUpdate) -> Result<Option<Rejection>, E>,
    ) -> Result<(), E> {
        for update in self.open_mut() {
            update.rejection = judge(update)?;
        }
        self.reject_the_rest_if_atomic();
        Ok(())
    }

    /// Rejects every open update.
    pub(crate) fn reject_open(&mut self, rejection: &Rejection) {
        for update in self.open_mut() {
            update.rejection = Some(rejection.clone());
        }
    }

    /// Gives each open update, in order, the publisher's result.
    pub(crate) fn settle<R>(
        &mut self,
        results: impl IntoIterator<Item = R>,
        rejection_of: impl Fn(R, &PushCommand) -> Option<Rejection>,
    ) {
        for (update, result) in self.open_mut().zip(results) {
            update.rejection = rejection_of(result, &update.command);
        }
    }

    /// In an atomic push one rejection rejects all.
    fn reject_the_rest_if_atomic(&mut self) {
        if self.is_atomic && self.has_rejected() {
            self.reject_open(&Rejection::Atomic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::protocol::push_commands::PushCapabilities;

    fn updates(names: &[&str], atomic: bool) -> PushUpdates {
        let command = |name: &&str| {
            Rc::new(PushCommand {
                name: (*name).into(),
                old: None,
                new: Some(ObjectId::empty_tree(gix_hash::Kind::Sha1)),
            })
        };
        PushUpdates::new(&PushCommands {
            commands: names.iter().map(command).collect(),
            capabilities: PushCapabilities {
                atomic,
                ..PushCapabilities::default()
            },
            ..PushCommands::default()
        })
    }

    fn reject(updates: &mut PushUpdates, name: &str, rejection: &Rejection) {
        updates.judge(|update| {
            let is_meant = update.command.name == name;
            is_meant.then(|| rejection.clone())
        });
    }

    fn rejections(updates: &PushUpdates) -> Vec<Option<&Rejection>> {
        updates.all().iter().map(PushUpdate::rejection).collect()
    }

    #[test]
    fn the_first_reason_stays() {
        let mut updates = updates(&["a", "b"], false);
        reject(&mut updates, "b", &Rejection::ReadOnly);
        reject(&mut updates, "b", &Rejection::NonFastForward);
        updates.reject_open(&Rejection::Unpacker);
        let expect = [Some(&Rejection::Unpacker), Some(&Rejection::ReadOnly)];
        assert_eq!(rejections(&updates), expect);
    }

    #[test]
    fn in_an_atomic_push_one_rejection_rejects_all() {
        let mut updates = updates(&["a", "b", "c"], true);
        reject(&mut updates, "b", &Rejection::FunnyRefname);
        let (atomic, funny) = (&Rejection::Atomic, &Rejection::FunnyRefname);
        assert_eq!(
            rejections(&updates),
            [Some(atomic), Some(funny), Some(atomic)]
        );
        assert!(!updates.has_open());
    }

    #[test]
    fn the_publishers_results_go_to_the_open_updates_in_order() {
        let mut updates = updates(&["a", "b", "c"], false);
        reject(&mut updates, "a", &Rejection::ReadOnly);
        updates.settle([None, Some(Rejection::Atomic)], |result, _| result);
        let expect = [Some(&Rejection::ReadOnly), None, Some(&Rejection::Atomic)];
        assert_eq!(rejections(&updates), expect);
        assert!(updates.has_open() && updates.has_rejected());
    }

    #[test]
    fn a_failure_leaves_the_updates_open_that_were_not_judged() {
        let mut updates = updates(&["a", "b"], true);
        let mut looked_at = 0;
        let judged = updates.try_judge(|_| {
            looked_at += 1;
            if looked_at == 2 {
                Err("no disk")
            } else {
                Ok(Some(Rejection::ReadOnly))
            }
        });
        assert_eq!(judged, Err("no disk"));
        assert_eq!(rejections(&updates), [Some(&Rejection::ReadOnly), None]);
    }
}
