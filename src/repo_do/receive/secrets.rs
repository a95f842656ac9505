//! Secrets in the blobs of a push: when they refuse it, and the event when they are let in.

use super::finish::PushJob;
use super::refused::Refused;
use crate::git::receive_pack::secrets::{LetIn, SecretRefusal};
use crate::git::store::StoreError;
use crate::repo_do::events::tell;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::secrets_shown;
use crate::repo_do::neighbour::brought::BroughtPack;
use crate::storage::event::EventKind;

impl PushJob {
    /// Refuses the push for secrets in its blobs: names the first of them to the pusher.
    pub(super) fn refused_for_secrets(&self, refusal: SecretRefusal) -> Refused {
        for line in refusal.lines() {
            self.progress.report_problem(&format!("error: {line}\n"));
        }
        IntakeError::Secrets(refusal).into()
    }

    /// Refuses a pack that was not searched, because the search was switched on meanwhile.
    pub(super) fn check_searched(
        &self,
        has_pack: bool,
        searched: Option<&LetIn>,
    ) -> Result<(), Refused> {
        let is_on = self.push.authorized.record.settings.push_protection;
        if is_on && has_pack && searched.is_none() {
            let message = "push protection was switched on while the push ran: push again";
            return Err(Refused::of(message.to_owned()));
        }
        Ok(())
    }

    /// Writes the event of secrets that the pusher let in, in the transaction that publishes them.
    pub(super) fn tell_let_in(&self, searched: Option<&LetIn>) -> Result<(), StoreError> {
        let brought = self.push.brought.as_ref().and_then(BroughtPack::secrets);
        let own = searched.and_then(|LetIn(found)| found.as_ref());
        for found in own.into_iter().chain(brought) {
            let more = secrets_shown::payload(found);
            let store = &self.push.store;
            tell::append_repository(store, EventKind::Overridden, self.doer(), &more)?;
        }
        Ok(())
    }
}
