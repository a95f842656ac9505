//! A request about Git LFS as its handler gets it, and the questions that handlers ask it.

use std::rc::Rc;

use super::room;
use crate::git::lfs::{LfsOid, Pointer};
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::room_hold::{Claimant, RoomHold};
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// The facts that every handler gets beside the body.
pub(super) struct LfsRequest {
    /// The repository's object.
    pub(super) object: Rc<RepoObject>,
    /// Its store.
    pub(super) store: Rc<Store>,
    /// The caller, who has the access of the path, and the repository.
    pub(super) authorized: Authorized,
}

impl LfsRequest {
    /// Refuses objects that come if a bound leaves no room for those that the repository lacks.
    pub(super) fn check_room(
        &self,
        record: &RepositoryRecord,
        objects: impl IntoIterator<Item = Pointer>,
    ) -> Result<(), ErrorReply> {
        room::check(self.authorized.quota, &self.store, record, objects)
    }

    /// Claims the bytes of an object that has come, as long as the answer lives.
    pub(super) async fn claim_room(&self, object: Pointer) -> Result<Option<RoomHold>, ErrorReply> {
        let claimant = Claimant {
            object: &self.object,
            store: &self.store,
            record: &self.authorized.record,
        };
        Ok(claimant.claim_objects([object]).await?)
    }

    /// The repository as it is now, if the caller may still push to it and its settings allow changes.
    /// To be asked in the step that changes something.
    pub(super) fn writable(&self) -> Result<RepositoryRecord, ErrorReply> {
        let record = self.authorized.judge_again(&self.store, Access::Push)?;
        if record.is_read_only() {
            let message = Rejection::ReadOnly.to_string();
            return Err(ErrorReply::new(ErrorCode::Forbidden, message));
        }
        Ok(record)
    }
}

/// The name in a request of the Worker's, which has checked it.
pub(super) fn oid_of(digits: &str) -> Result<LfsOid, ErrorReply> {
    LfsOid::from_hex(digits.as_bytes()).ok_or_else(|| {
        let message = format!("the worker sent '{digits}' as the name of an lfs object");
        ErrorReply::new(ErrorCode::InternalError, message)
    })
}
