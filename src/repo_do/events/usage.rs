//! Fetches counted for the usage that the namespace shows.

use std::rc::Rc;

use super::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::runtime::clock::now_ms;

/// Called when a fetch has got its last byte: counts it, and tells of it if the last message was a while ago.
pub(crate) fn fetched(object: &Rc<RepoObject>, account: &Account) {
    account.add_usage(1);
    if object.usage.is_due(now_ms()) {
        tell::send(object);
    }
}
