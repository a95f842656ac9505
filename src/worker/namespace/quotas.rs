//! How much a namespace has and may have: the steps that refuse changes beyond its bounds.

use super::contract::Reserve;
use super::step_error::StepError;
use crate::repo_do::contract::quota::{AskClaim, AskRoom, CLAIM_MS, Room, TellRoom};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::namespace::quotas::Quotas;
use crate::storage::namespace::room_claims::{FIRST_CLAIM, RoomClaim};
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
        let id = &wanted.repository_id;
        store.sweep_claims((id, &[]), wanted.now_ms)?;
        let (_, totals) = store.totals()?;
        let (here, claimed) = (
            totals.quota_bytes(),
            store.claimed_without(id, FIRST_CLAIM)?,
        );
        // Nobody knows the bytes of an import: it needs some room.
        let all = here.saturating_add(claimed).saturating_add(more.max(1));
        if all > bytes_max {
            let pending = match claimed {
                0 => String::new(),
                claimed => format!(", requests under way add {claimed}"),
            };
            let message = format!(
                "quota exceeded: the namespace has {here} bytes{pending}, and this would add \
                 {more}; at most {bytes_max}"
            );
            return Err(ErrorReply::new(ErrorCode::QuotaExceeded, message).into());
        }
        if more > 0 {
            put_claim(store, id, (FIRST_CLAIM, more), wanted.now_ms)?;
        }
    }
    Ok(())
}

fn put_claim<D: Database>(
    store: &NamespaceStore<D>,
    repository_id: &str,
    (number, bytes): (i64, u64),
    now_ms: i64,
) -> Result<(), StepError> {
    Ok(store.put_claim(RoomClaim {
        repository_id,
        number,
        bytes,
        until_ms: now_ms.saturating_add(CLAIM_MS),
    })?)
}

/// How many bytes the other repositories have, for one that is about to take more. A claim that fits
/// counts from now on.
pub(crate) fn room<D: Database>(
    store: &NamespaceStore<D>,
    asked: &AskRoom,
    now_ms: i64,
) -> Result<Room, StepError> {
    let quotas = match store.shown_name()? {
        Some(_) => store.quotas()?,
        None => Quotas::default(),
    };
    let Some(bytes_max) = quotas.bytes_max else {
        return Ok(Room {
            others: 0,
            claimed: 0,
            bytes_max: None,
            is_granted: true,
        });
    };
    let id = &asked.repository_id;
    in_transaction(store.database(), || {
        store.sweep_claims((id, &asked.running), now_ms)?;
        let others = store.quota_bytes_without(id)?;
        let number = asked.claim.map_or(FIRST_CLAIM, |claim| claim.number);
        let claimed = store.claimed_without(id, number)?;
        let mut is_granted = false;
        if let Some(AskClaim { number, bytes }) = asked.claim {
            let all = [asked.here, others, claimed, bytes];
            let all = all.into_iter().fold(0, u64::saturating_add);
            is_granted = all <= bytes_max;
            if is_granted {
                put_claim(store, id, (number, bytes), now_ms)?;
            }
        }
        Ok(Room {
            others,
            claimed,
            bytes_max: Some(bytes_max),
            is_granted,
        })
    })
}

/// A request with a claim is over: its repository tells its present sizes.
pub(crate) fn told<D: Database>(
    store: &NamespaceStore<D>,
    told: &TellRoom,
) -> Result<(), StepError> {
    if store.shown_name()?.is_none() {
        return Ok(());
    }
    let id = &told.repository_id;
    in_transaction(store.database(), || {
        store.end_claim(id, told.number)?;
        store.note_quota_bytes(id, told.size_bytes, told.lfs_bytes)?;
        Ok(())
    })
}

#[cfg(test)]
mod tests;
