//! A request about Git LFS as its handler gets it, and what handlers ask of it.

use std::rc::Rc;

use crate::git::lfs::LfsOid;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// What every handler gets beside the body.
pub(super) struct LfsRequest {
    /// The repository's object.
    pub(super) object: Rc<RepoObject>,
    /// Its store.
    pub(super) store: Rc<Store>,
    /// The caller, who has the access of the path, and the repository.
    pub(super) authorized: Authorized,
}

impl LfsRequest {
    /// Refuses so many bytes more if a bound does not leave them.
    pub(super) fn check_room(
        &self,
        record: &RepositoryRecord,
        more: u64,
    ) -> Result<(), ErrorReply> {
        self.authorized.quota.check(&self.store, record, more)
    }

    /// Refuses an object that comes, unless the repository has it.
    pub(super) fn check_object(
        &self,
        record: &RepositoryRecord,
        oid: &LfsOid,
        bytes: u64,
    ) -> Result<(), ErrorReply> {
        if self.store.stored_lfs_object(oid)?.is_some() {
            return Ok(());
        }
        self.check_room(record, bytes)
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
