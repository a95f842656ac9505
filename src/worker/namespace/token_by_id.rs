//! A token of the namespace, looked up by its id for a repository's object.

use super::step_error::StepError;
use super::tokens::opens;
use crate::repo_do::contract::{Admitted, NamedToken, Scope, TokenRecord};
use crate::storage::db::sql::Database;
use crate::storage::namespace::store::NamespaceStore;

/// The token with that id, in any state, and its rights.
pub(crate) fn find<D: Database>(
    store: &NamespaceStore<D>,
    asked: &NamedToken,
) -> Result<Admitted, StepError> {
    if store.shown_name()?.is_none() {
        return Ok(Admitted::nobody());
    }
    let found = store.tokens().find_by_id(&asked.token_id)?;
    let found = found.map(TokenRecord::from);
    let Some(token) = found.filter(|token| asked.admin_too || token.scope != Scope::Admin) else {
        return Ok(Admitted::nobody());
    };
    Ok(Admitted {
        repository_ids: opens(store, &token)?,
        token: Some(token),
    })
}
