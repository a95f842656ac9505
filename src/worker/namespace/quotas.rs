//! How much a namespace has and may have: the steps that refuse what is beyond its bounds.

use super::contract::Reserve;
use super::step_error::StepError;
use crate::repo_do::contract::quota::{AskRoom, Room};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::db::sql::Database;
use crate::storage::namespace::quotas::Quotas;
use crate::storage::namespace::store::NamespaceStore;

/// Whether another repository fits: its name, and the bytes that it comes with.
pub(crate) fn check_new<D: Database>(
    store: &NamespaceStore<D>,
    wanted: &Reserve,
) -> Result<(), StepError> {
    let Quotas {
        bytes_max,
        repos_max,
    } = store.quotas()?;
    if !store
        .names_of(std::slice::from_ref(&wanted.repository_id))?
        .is_empty()
    {
        // It is here already, and gets another name.
        return Ok(());
    }
    if let Some(repos_max) = repos_max {
        let taken = store.names_taken()?;
        if taken >= repos_max {
            let message = format!(
                "quota exceeded: the namespace has {taken} repositories, at most {repos_max}"
            );
            return Err(ErrorReply::new(ErrorCode::QuotaExceeded, message).into());
        }
    }
    if let (Some(bytes_max), Some(more)) = (bytes_max, wanted.comes_with_bytes) {
        let (_, totals) = store.totals()?;
        let here = totals.quota_bytes();
        // Nobody knows the bytes of an import: it needs some room.
        if here.saturating_add(more.max(1)) > bytes_max {
            let message = format!(
                "quota exceeded: the namespace has {here} bytes, and this would add {more}; at \
                 most {bytes_max}"
            );
            return Err(ErrorReply::new(ErrorCode::QuotaExceeded, message).into());
        }
    }
    Ok(())
}

/// How many bytes the other repositories have, for one that is about to take more.
pub(crate) fn room<D: Database>(
    store: &NamespaceStore<D>,
    asked: &AskRoom,
) -> Result<Room, StepError> {
    if store.shown_name()?.is_none() {
        return Ok(Room {
            others: 0,
            bytes_max: None,
        });
    }
    Ok(Room {
        others: store.quota_bytes_without(&asked.repository_id)?,
        bytes_max: store.quotas()?.bytes_max,
    })
}

#[cfg(test)]
mod tests;
