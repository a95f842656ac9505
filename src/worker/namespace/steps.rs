//! The steps of a namespace's object over its store. They are synchronous, so that each is
//! atomic.
//!
//! A name is reserved, confirmed and released. A maker that dies in between leaves an entry, and
//! a later request repairs it. See [`super::contract`].

use std::cmp::Ordering;

use super::contract::{
    Candidate, Confirm, CreateNamespace, Entry, Holds, NamespaceInfo, Relist, Relisted, Reserve,
    Reserved,
};
use super::place;
use super::quotas;
use super::step_error::{StepError, no_namespace};
use crate::repo_do::contract::{ErrorCode, ErrorReply, ReleaseName, RepositoryInfo};
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::jurisdiction::Jurisdiction;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::figures::FiguresChange;
use crate::storage::namespace::registry::RegistryStore;
use crate::storage::namespace::room_claims::FIRST_CLAIM;
use crate::storage::namespace::store;
use crate::storage::namespace::store::{
    ListedRepository, ListingPatch, NamespaceStore, RepositoryState, Reservation,
};
use crate::worker::signed::issuer;

/// Makes the namespace.
pub(crate) fn create<D: Database>(
    store: &NamespaceStore<D>,
    new: &CreateNamespace,
) -> Result<NamespaceInfo, StepError> {
    let created = in_transaction(store.database(), || {
        let created = store.create(&new.namespace, new.now_ms)?;
        if created {
            place::check_here(store)?;
            store.set_fsck_strict(new.fsck_strict)?;
        }
        Ok::<_, StepError>(created)
    });
    if created? {
        summary(store)
    } else {
        let message = "the namespace exists";
        Err(ErrorReply::at(ErrorCode::AlreadyExists, "/namespace", message).into())
    }
}

/// The namespace.
pub(crate) fn summary<D: Database>(store: &NamespaceStore<D>) -> Result<NamespaceInfo, StepError> {
    let record = store.load()?.ok_or_else(no_namespace)?;
    Ok(NamespaceInfo {
        namespace: record.name,
        jurisdiction: Jurisdiction::Unrestricted,
        repo_count: record.repo_count,
        created_at_ms: record.created_at,
        updated_at_ms: record.updated_at.max(record.created_at),
        fsck_strict: record.fsck_strict,
        totals: record.totals.into(),
        quotas: record.quotas,
        standing: store.standing()?,
        untold_count: match store.standing_told()? {
            Some(_) => store.standing_progress()?.left,
            None => 0,
        },
        issuers: issuer::stored(record.issuers.as_deref())?,
    })
}

/// The namespace, if it may be deleted.
pub(crate) fn deletable<D: Database>(
    store: &NamespaceStore<D>,
) -> Result<NamespaceInfo, StepError> {
    let info = summary(store)?;
    if store.is_empty()? {
        return Ok(info);
    }
    let message = "the namespace has repositories";
    Err(ErrorReply::new(ErrorCode::AlreadyExists, message).into())
}

/// Takes a name, the namespace made if need be.
pub(crate) fn reserve<D: Database>(
    store: &NamespaceStore<D>,
    wanted: &Reserve,
) -> Result<Reserved, StepError> {
    in_transaction(store.database(), || {
        let is_new = store.create(&wanted.namespace, wanted.now_ms)?;
        if is_new {
            place::check_here(store)?;
        }
        if let Some(holder) = store.find(&wanted.name)? {
            if wanted.replaces.as_ref() != Some(&holder.id) {
                return Ok(Reserved::Taken(entry_of(&holder)));
            }
            forget(store, &holder.name, &holder.id, wanted.now_ms)?;
        }
        quotas::check_new(store, wanted)?;
        take(store, wanted)?;
        let new_namespace = if is_new { Some(summary(store)?) } else { None };
        let namespace = store
            .shown_name()?
            .unwrap_or_else(|| wanted.namespace.clone());
        Ok(Reserved::Won {
            namespace,
            fsck_strict: store.fsck_strict()?,
            standing: store.standing()?,
            new_namespace,
        })
    })
}

/// Takes a name that is free.
pub(super) fn take<D: Database>(
    store: &NamespaceStore<D>,
    wanted: &Reserve,
) -> Result<(), StepError> {
    let candidate = store::Candidate {
        name: &wanted.name,
        id: &wanted.repository_id,
        description: wanted.description.as_deref().unwrap_or(""),
        default_branch: &wanted.default_branch,
        read_only: wanted.read_only,
        public: wanted.public,
        source: wanted.source.as_deref(),
        now_ms: wanted.now_ms,
    };
    match store.reserve(&candidate, i64::MAX)? {
        Reservation::Reserved { .. } => Ok(()),
        taken => {
            Err(EntryError::Failed(format!("a free name was not to be had: {taken:?}")).into())
        }
    }
}

/// Lists a repository that was made; one that stands there under another id than the name was
/// reserved for takes the entry over. Nothing happens when the entry is somebody else's by now.
pub(crate) fn confirm<D: Database>(
    store: &NamespaceStore<D>,
    confirm: &Confirm,
) -> Result<(), StepError> {
    let info = &confirm.info;
    in_transaction(store.database(), || {
        if info.repository_id != confirm.reserved_id {
            let Some(holder) = store.find(&info.name)? else {
                return Ok(());
            };
            if holder.id != confirm.reserved_id {
                return Ok(());
            }
            forget(store, &holder.name, &holder.id, info.updated_at_ms)?;
            take(store, &Reserve::again(info, info.created_at_ms))?;
        }
        store.end_claim(&info.repository_id, FIRST_CLAIM)?;
        touch(store, info)
    })
}

/// Brings an entry up to date, if it is still that repository's, and shows one that was reserved for it.
pub(crate) fn touch<D: Database>(
    store: &NamespaceStore<D>,
    info: &RepositoryInfo,
) -> Result<(), StepError> {
    if store.shown_name()?.is_none() {
        return Ok(());
    }
    let patch = ListingPatch {
        description: Some(info.description.as_deref().unwrap_or("")),
        default_branch: Some(&info.default_branch),
        read_only: Some(info.settings.read_only),
        public: Some(info.settings.public),
        last_push_at: info.last_push_at_ms,
        figures: Some(FiguresChange {
            size_bytes: info.size_bytes,
            object_count: info.object_count,
            lfs_bytes: info.lfs_bytes,
            database_bytes: info.database_bytes,
            r2_bytes: info.r2_bytes,
            expires_at: info.expires_at_ms,
        }),
    };
    let (name, id) = (&info.name, &info.repository_id);
    in_transaction(store.database(), || {
        store.settle_name(name, id, info.created_at_ms)?;
        let is_its_own = store.update(name, id, &patch, info.updated_at_ms)?;
        if is_its_own {
            match info.standing_version.cmp(&store.standing()?.version) {
                // It began with the policies of the time when its name was reserved, or came from another
                // namespace.
                Ordering::Less => store.tell_standing_again(&info.name)?,
                Ordering::Greater => store.raise_standing_version(info.standing_version)?,
                Ordering::Equal => {}
            }
        }
        Ok(())
    })
}

/// Frees a name, if the entry is still that repository's.
pub(crate) fn release<D: Database>(
    store: &NamespaceStore<D>,
    release: &ReleaseName,
) -> Result<(), StepError> {
    if store.shown_name()?.is_none() {
        return Ok(());
    }
    forget(store, &release.name, &release.repository_id, release.now_ms)
}

/// Takes an entry away whose object is known to be empty.
fn forget<D: Database>(
    store: &NamespaceStore<D>,
    name: &str,
    repository_id: &str,
    now_ms: i64,
) -> Result<(), StepError> {
    in_transaction(store.database(), || {
        if store.remove(name, repository_id, now_ms)? {
            store.deletion_finished(repository_id)?;
        }
        store.end_claim(repository_id, FIRST_CLAIM)?;
        Ok(())
    })
}

/// The entry of a name.
pub(crate) fn entry<D: Database>(
    store: &NamespaceStore<D>,
    name: &str,
) -> Result<Entry, StepError> {
    let found = match store.shown_name()? {
        Some(_) => store.find(name)?,
        None => None,
    };
    found
        .map(|holder| entry_of(&holder))
        .ok_or_else(|| ErrorReply::new(ErrorCode::NotFound, "the name is free").into())
}

/// Lists repositories that are there, the namespace made if need be. An entry of another repository
/// is left over: the caller knows which repository has its name now.
pub(crate) fn relist<D: Database>(
    store: &NamespaceStore<D>,
    relist: &Relist,
) -> Result<Relisted, StepError> {
    in_transaction(store.database(), || {
        if store.create(&relist.namespace, relist.now_ms)? {
            place::check_here(store)?;
        }
        let mut is_new = Vec::with_capacity(relist.infos.len());
        for info in &relist.infos {
            let holder = store.find(&info.name)?;
            let is_listed = holder.as_ref().is_some_and(|holder| {
                holder.id == info.repository_id && holder.state == RepositoryState::Live
            });
            if !is_listed {
                if let Some(holder) = &holder {
                    forget(store, &holder.name, &holder.id, relist.now_ms)?;
                }
                take(store, &Reserve::again(info, info.created_at_ms))?;
            }
            store.forget_deleted(&info.repository_id)?;
            store.correct_creation(&info.name, &info.repository_id, info.created_at_ms)?;
            store.end_claim(&info.repository_id, FIRST_CLAIM)?;
            touch(store, info)?;
            is_new.push(!is_listed);
        }
        Ok(Relisted {
            is_new,
            namespace: summary(store)?,
        })
    })
}

/// Whether a name is taken.
pub(crate) fn holds<D: Database>(
    store: &NamespaceStore<D>,
    name: &str,
) -> Result<Holds, StepError> {
    if store.shown_name()?.is_none() {
        return Ok(Holds::Nothing);
    }
    Ok(match store.find(name)? {
        Some(_) => Holds::Held,
        None if store.is_former_name(name)? => Holds::Held,
        None => Holds::Free,
    })
}

/// Whether the registry knows a namespace.
pub(crate) fn registered<D: Database>(
    store: &RegistryStore<D>,
    name: &str,
) -> Result<Holds, StepError> {
    Ok(if store.contains(name)? {
        Holds::Held
    } else if store.list(None, None, 1)?.is_empty() {
        Holds::Nothing
    } else {
        Holds::Free
    })
}

fn entry_of(holder: &ListedRepository) -> Entry {
    Entry {
        repository_id: holder.id.clone(),
        confirmed: holder.state == RepositoryState::Live,
        reserved_at_ms: holder.created_at,
    }
}

/// The repositories whose ids start so.
pub(crate) fn candidates<D: Database>(
    store: &NamespaceStore<D>,
    prefix: &str,
) -> Result<Vec<Candidate>, StepError> {
    if store.shown_name()?.is_none() {
        return Ok(Vec::new());
    }
    let found = store.with_id_prefix(prefix)?;
    Ok(found
        .into_iter()
        .map(|found| Candidate {
            name: found.name,
            repository_id: found.id,
        })
        .collect())
}

/// The kind of database.
pub(crate) fn schema(is_registry: bool) -> schema::Schema {
    if is_registry {
        schema::REGISTRY
    } else {
        schema::NAMESPACE
    }
}

/// Whether the namespace's database is there and up to date; writes nothing when it is not.
pub(crate) fn wake<D: Database>(db: &D, is_registry: bool) -> Result<bool, StepError> {
    Ok(schema::wake(db, schema(is_registry))?)
}

#[cfg(test)]
mod tests;
