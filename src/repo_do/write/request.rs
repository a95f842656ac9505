//! The input of each handler of the room.

use std::rc::Rc;

use worker::Request;

use crate::git::limits::Limits;
use crate::git::store::PackRecord;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::neighbour::asking::{Asking, Fields};
use crate::repo_do::object::RepoObject;
use crate::repo_do::receive::by_rest::Writer;
use crate::repo_do::request::account::Account;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::once::Once;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::store::Store;

/// The input of every handler.
pub(crate) struct WriteRequest {
    /// The repository's object.
    pub(crate) object: Rc<RepoObject>,
    /// Its store.
    pub(crate) store: Rc<Store>,
    /// The request; its body is unread.
    pub(crate) request: Request,
    /// The caller, who may push, and the repository.
    pub(crate) authorized: Authorized,
    /// The account of the request's costs.
    pub(crate) account: Rc<Account>,
    /// Whether it is done once.
    pub(crate) once: Rc<Once>,
}

impl WriteRequest {
    /// Begins to read for it.
    pub(crate) async fn reading(&self) -> Result<Reading, ErrorReply> {
        self.reading_with(None).await
    }

    /// The same with a pack that is whole and not live yet.
    pub(crate) async fn reading_with(
        &self,
        last: Option<PackRecord>,
    ) -> Result<Reading, ErrorReply> {
        let audience = Audience::of(self.authorized.actor);
        let reading = Reading::begin_with(&self.object, &self.store, audience, last).await?;
        self.account.note_packs(reading.packs().records().len());
        Ok(reading)
    }

    /// The request, as another repository is asked in its name.
    pub(crate) fn asking(&self, fields: Fields) -> Asking<'_> {
        Asking {
            object: &self.object,
            store: &self.store,
            record: &self.authorized.record,
            headers: self.request.headers(),
            audience: Audience::of(self.authorized.actor),
            account: &self.account,
            fields,
            pack_bytes_max: Limits::DEFAULT.pack_bytes_max,
            will_stay: true,
        }
    }

    /// Refuses so many bytes more if a bound does not leave them.
    pub(super) fn check_room(&self, more: u64) -> Result<(), ErrorReply> {
        let Authorized { quota, record, .. } = &self.authorized;
        quota.check(&self.store, record, more)
    }

    /// The caller that changes refs, and the repository.
    pub(crate) fn writer(&self) -> Writer<'_> {
        Writer {
            object: &self.object,
            store: &self.store,
            authorized: &self.authorized,
            account: &self.account,
            once: &self.once,
        }
    }
}
