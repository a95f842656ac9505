//! Locks on files. A caller that may push may lock files, unlock its own and, if it says so, those of others;
//! a caller that may read sees all holders. No handler waits between its judgement and its write.
//! Locks do not judge pushes by Git itself: git-lfs asks about them before it pushes.

use serde_json::json;

use super::asked::LfsRequest;
use crate::git::edit::path::check_file;
use crate::git::limits::Limits;
use crate::git::store::StoreError;
use crate::repo_do::contract::lfs_locks::{
    LOCK_REF_BYTES_MAX, LOCKS_MAX, LOCKS_PAGE_MAX, ListLocks, LockAnswer, LockList, LockOwner,
    NewLock, OPERATOR, ShownLock, Unlock, VerifiedLocks,
};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::repository::lfs_locks::{self, LfsLock, LockPage, Locked};
use crate::storage::time::rfc_3339_seconds;

/// Locks a file.
pub(super) fn create(asked: &LfsRequest, new: &NewLock) -> Answer {
    check_path(&new.path)?;
    check_ref(new.ref_name.as_deref())?;
    let new = lfs_locks::NewLock {
        path: &new.path,
        ref_name: new.ref_name.as_deref(),
        owner: owner(asked),
    };
    asked.writable()?;
    match asked.store.lock_lfs_file(&new, LOCKS_MAX, now_ms())? {
        Locked::Made(lock) => reply::json(&answered(&lock)),
        Locked::Before(lock) => {
            let message = format!("lock already created: {}", held_by(&lock));
            let refusal = ErrorReply::new(ErrorCode::AlreadyExists, message);
            Err(refusal.with_details(json!(answered(&lock))))
        }
        Locked::TooMany => {
            let message = format!("the repository has {LOCKS_MAX} locks, and may have no more");
            Err(ErrorReply::new(ErrorCode::Forbidden, message))
        }
    }
}

/// Lists locks.
pub(super) fn list(asked: &LfsRequest, listed: &ListLocks) -> Answer {
    let page = page(&asked.store, listed)?;
    reply::json(&LockList {
        next_cursor: next_cursor(&page),
        locks: page.locks.iter().map(shown).collect(),
    })
}

/// Lists the caller's own locks and those of others.
pub(super) fn verify(asked: &LfsRequest, listed: &ListLocks) -> Answer {
    let page = page(&asked.store, listed)?;
    let owner = owner(asked);
    let is_ours = |lock: &&LfsLock| lock.owner == owner;
    let (ours, theirs): (Vec<_>, Vec<_>) = page.locks.iter().partition(is_ours);
    reply::json(&VerifiedLocks {
        ours: ours.into_iter().map(shown).collect(),
        theirs: theirs.into_iter().map(shown).collect(),
        next_cursor: next_cursor(&page),
    })
}

/// Unlocks a file.
pub(super) fn unlock(asked: &LfsRequest, removed: &Unlock) -> Answer {
    asked.writable()?;
    let (store, id) = (&asked.store, removed.id);
    let found = find(store, &id.to_string())?;
    let unknown = || {
        let message = format!("there is no lock with the id {id}");
        ErrorReply::new(ErrorCode::NotFound, message)
    };
    let lock = found.ok_or_else(unknown)?;
    if lock.owner != owner(asked) && !removed.force {
        let message = format!("{}: only force removes it", held_by(&lock));
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    store.unlock_lfs_file(lock.id)?;
    reply::json(&answered(&lock))
}

/// The page that was asked for.
fn page(store: &Store, asked: &ListLocks) -> Result<LockPage, ErrorReply> {
    let limit = asked.limit.filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(LOCKS_PAGE_MAX).min(LOCKS_PAGE_MAX);
    if asked.path.is_none() && asked.id.is_none() {
        let after = asked.cursor.as_deref().map_or(Some(0), parse_id);
        let unknown =
            || ErrorReply::new(ErrorCode::InvalidInput, "cursor: not one of this server's");
        return Ok(store.lfs_locks(after.ok_or_else(unknown)?, limit)?);
    }
    let lock = match &asked.path {
        Some(path) => store.lfs_lock_on(path)?,
        None => find(store, asked.id.as_deref().unwrap_or_default())?,
    };
    let is_meant = |lock: &LfsLock| {
        let id = asked.id.as_deref();
        id.is_none_or(|id| parse_id(id) == Some(lock.id))
    };
    // There is one such lock at most, which any page before had.
    let lock = lock.filter(|lock| asked.cursor.is_none() && is_meant(lock));
    Ok(LockPage {
        locks: lock.into_iter().collect(),
        has_more: false,
    })
}

fn next_cursor(page: &LockPage) -> Option<String> {
    let last = page.locks.last().filter(|_| page.has_more)?;
    Some(last.id.to_string())
}

fn find(store: &Store, id: &str) -> Result<Option<LfsLock>, StoreError> {
    match parse_id(id) {
        Some(id) => store.lfs_lock(id),
        None => Ok(None),
    }
}

/// The number in an id, in no other spelling than ours and no larger than the database takes.
fn parse_id(id: &str) -> Option<i64> {
    let number: i64 = id.parse().ok()?;
    let is_number = (1..=INTEGER_MAX).contains(&number);
    (is_number && number.to_string() == id).then_some(number)
}

fn check_path(path: &str) -> Result<(), ErrorReply> {
    check_file(path.into(), &Limits::DEFAULT).map_err(|fault| {
        let message = format!("path: {fault}");
        ErrorReply::at(ErrorCode::InvalidInput, "/path", message)
    })
}

fn check_ref(name: Option<&str>) -> Result<(), ErrorReply> {
    let bytes = name.unwrap_or_default().len();
    if bytes <= LOCK_REF_BYTES_MAX {
        return Ok(());
    }
    let message = format!("ref.name: has {bytes} bytes, at most {LOCK_REF_BYTES_MAX} are taken");
    Err(ErrorReply::at(
        ErrorCode::InvalidInput,
        "/ref/name",
        message,
    ))
}

/// The name of a caller as the owner of locks: tokens of one label are one owner. The operator, who has no
/// token, is the empty name.
fn owner(asked: &LfsRequest) -> &str {
    asked.authorized.token.as_ref().map_or("", |token| {
        token.label.as_deref().unwrap_or(&token.token_id)
    })
}

fn owner_shown(owner: &str) -> &str {
    if owner.is_empty() { OPERATOR } else { owner }
}

fn held_by(lock: &LfsLock) -> String {
    let owner = owner_shown(&lock.owner);
    format!("'{}' is locked by {owner}", shortened(&lock.path))
}

/// The beginning of a client's text, for a message.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

fn answered(lock: &LfsLock) -> LockAnswer {
    LockAnswer { lock: shown(lock) }
}

fn shown(lock: &LfsLock) -> ShownLock {
    ShownLock {
        id: lock.id.to_string(),
        path: lock.path.clone(),
        locked_at: rfc_3339_seconds(lock.locked_at),
        owner: LockOwner {
            name: owner_shown(&lock.owner).to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling_and_a_bound() {
        assert_eq!(parse_id("1"), Some(1));
        assert_eq!(parse_id("9007199254740991"), Some(INTEGER_MAX));
        for other in ["", "0", "-1", "+1", "01", " 1", "x", "9007199254740992"] {
            assert_eq!(parse_id(other), None, "{other}");
        }
    }
}
