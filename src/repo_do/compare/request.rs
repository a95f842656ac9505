//! The input of each handler of the room.

use std::rc::Rc;

use worker::Request;

use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// The input of every handler.
pub(crate) struct CompareRequest {
    /// The repository's object.
    pub(crate) object: Rc<RepoObject>,
    /// Its store.
    pub(crate) store: Rc<Store>,
    /// The request; its query is the client's, unread.
    pub(crate) request: Request,
    /// The repository.
    pub(crate) record: RepositoryRecord,
    /// The objects that the caller may see.
    pub(crate) audience: Audience,
    /// The account of the request's costs.
    pub(crate) account: Rc<Account>,
}

impl CompareRequest {
    /// The client's query.
    pub(crate) fn query(&self) -> String {
        let url = self.request.url();
        let query = url.ok().and_then(|url| url.query().map(str::to_owned));
        query.unwrap_or_default()
    }

    /// Whether the client asks for the bytes of `git diff`.
    pub(crate) fn wants_bytes(&self) -> bool {
        let accept = self.request.headers().get("accept").ok().flatten();
        accept.is_some_and(|accept| accept.contains("text/x-diff"))
    }
}
