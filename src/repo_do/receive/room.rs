//! The bytes that a push may add. They are bounded when the client announces them, while they come, and
//! in the step that publishes them.

use std::rc::Rc;

use super::finish::PushJob;
use super::push::Push;
use super::refused::Refused;
use crate::git::pack::parser::error::PackError;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::intake::arrival::ArrivedPack;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::proven::ProvenPack;
use crate::repo_do::neighbour::brought::BroughtPack;

impl Push {
    /// Bounds the pack by the bytes that are left. Gives `false` if the client announces more than that:
    /// then none of them need be read.
    pub(super) fn bound_pack(&mut self, told_pack_bytes: Option<u64>) -> Result<bool, ErrorReply> {
        let record = &self.authorized.record;
        let Some(bound) = self.authorized.quota.bound(&self.store, record)? else {
            return Ok(true);
        };
        let limit = bound.pack_bytes_max(self.limits.pack_bytes_max);
        if limit >= self.limits.pack_bytes_max {
            return Ok(true);
        }
        self.limits.pack_bytes_max = limit;
        self.bound = Some(bound);
        let is_refused = told_pack_bytes.is_some_and(|bytes| bytes > limit);
        if is_refused {
            self.arrived = Some(Err(PackError::PackTooLarge { limit }));
        }
        Ok(!is_refused)
    }

    /// Whether the pack is larger than packs may be, so that the rest of it need not come. The report tells
    /// a bound of the repository or the namespace with the refs.
    pub(super) fn is_too_large(&self, error: &PackError) -> bool {
        match error {
            PackError::TooManyObjects { .. } => true,
            PackError::PackTooLarge { .. } => self.bound.is_none(),
            _ => false,
        }
    }

    /// Why the pack is refused.
    pub(super) fn refused_for(&self, error: IntakeError) -> Refused {
        error.bounded_by(self.bound).into()
    }

    /// The pack, if one has come.
    pub(super) fn take_arrived(&mut self) -> Result<Option<ArrivedPack>, Refused> {
        let arrived = self.arrived.take().transpose();
        arrived.map_err(|error| self.refused_for(error.into()))
    }
}

impl PushJob {
    /// Claims the bytes of the new objects at the namespace, so that no other push takes their room
    /// between this and the publication.
    pub(super) async fn claim_room(&mut self, pack_bytes: u64) -> Result<(), Refused> {
        if !self.push.updates.has_open() {
            return Ok(());
        }
        let more = pack_bytes.saturating_add(self.brought_bytes());
        let (object, store) = (Rc::clone(&self.push.object), Rc::clone(&self.push.store));
        let authorized = &mut self.push.authorized;
        Ok(authorized.claim_room(&object, &store, more).await?)
    }

    fn brought_bytes(&self) -> u64 {
        let brought = self.push.brought.as_ref().map(BroughtPack::record);
        brought.map_or(0, |pack| pack.pack_bytes)
    }

    /// Judges the bytes of the new objects by the bounds as they are now.
    pub(super) fn check_quota(&self, pack: Option<&ProvenPack>) -> Result<(), Refused> {
        let pack_bytes = pack.map_or(0, ProvenPack::pack_bytes);
        let more = pack_bytes.saturating_add(self.brought_bytes());
        if more == 0 {
            return Ok(());
        }
        let (authorized, store) = (&self.push.authorized, &self.push.store);
        match authorized.quota.bound(store, &authorized.record)? {
            Some(bound) => Ok(bound.check(more)?),
            None => Ok(()),
        }
    }
}
