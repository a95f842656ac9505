//! What each handler of the room gets.

use std::rc::Rc;

use worker::Request;

use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// What every handler gets.
pub(crate) struct CompareRequest {
    /// The repository's object.
    pub(crate) object: Rc<RepoObject>,
    /// Its store.
    pub(crate) store: Rc<Store>,
    /// The request; its query is the client's, unread.
    pub(crate) request: Request,
    /// The repository.
    pub(crate) record: RepositoryRecord,
    /// What the caller may see.
    pub(crate) audience: Audience,
    /// What the request costs.
    pub(crate) account: Rc<Account>,
}
