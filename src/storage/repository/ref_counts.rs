//! The number of refs and the bytes of their names. The repository's row keeps both, so that a push
//! that makes a ref need not count all refs.

use std::ops::ControlFlow;

use super::publication::{RefBounds, RefUpdate, TooManyRefs};
use super::ref_record::RefRecord;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, query_first};

/// Refs, and bytes of their names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefCounts {
    /// Refs.
    pub refs: u64,
    /// Bytes of names.
    pub name_bytes: u64,
}

/// The counts while one push changes them: read when it makes or deletes its first ref.
#[derive(Debug, Default)]
pub(super) struct Counting(Option<RefCounts>);

impl Counting {
    /// Takes an update into account, unless there is no room for it.
    pub(super) fn count<D: Database>(
        &mut self,
        store: &RepoStore<D>,
        update: &RefUpdate,
        bounds: RefBounds,
    ) -> Result<Result<(), TooManyRefs>, StoreError> {
        if update.old.is_some() == update.new.is_some() {
            return Ok(Ok(()));
        }
        let counts = match self.0 {
            Some(counts) => counts,
            None => store.ref_counts()?,
        };
        let bytes = update.name.len() as u64;
        let next = if update.new.is_some() {
            RefCounts {
                refs: counts.refs.saturating_add(1),
                name_bytes: counts.name_bytes.saturating_add(bytes),
            }
        } else {
            RefCounts {
                refs: counts.refs.saturating_sub(1),
                name_bytes: counts.name_bytes.saturating_sub(bytes),
            }
        };
        // A repository may be above the bounds from a time before they existed. It may still
        // delete refs.
        let fits = next.refs <= bounds.refs_max && next.name_bytes <= bounds.name_bytes_max;
        if update.new.is_some() && !fits {
            self.0 = Some(counts);
            return Ok(Err(TooManyRefs {
                refs: counts.refs,
                refs_max: bounds.refs_max,
                name_bytes: counts.name_bytes,
                name_bytes_max: bounds.name_bytes_max,
            }));
        }
        self.0 = Some(next);
        Ok(Ok(()))
    }

    /// The new counts, if they were looked at.
    pub(super) fn counts(&self) -> Option<RefCounts> {
        self.0
    }
}

impl<D: Database> RepoStore<D> {
    /// The counts in the row, if they are on record.
    pub(super) fn kept_ref_counts(&self) -> Result<Option<RefCounts>, StoreError> {
        let sql = "SELECT ref_count, ref_name_bytes FROM repository";
        let kept = query_first(&self.db, sql, &[], |row| {
            Ok((row.integer_or_null(0)?, row.integer_or_null(1)?))
        })?;
        let Some((Some(refs), Some(name_bytes))) = kept else {
            return Ok(None);
        };
        Ok(Some(RefCounts {
            refs: u64::try_from(refs).unwrap_or(0),
            name_bytes: u64::try_from(name_bytes).unwrap_or(0),
        }))
    }

    /// Puts the counts on record: those of a repository whose refs were just written.
    pub(crate) fn set_ref_counts(&self, counts: RefCounts) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET ref_count = ?1, ref_name_bytes = ?2";
        self.db.execute(sql, &RefCounts::values(Some(counts)))?;
        Ok(())
    }

    /// The counts in the row. Where an earlier version left none, counts all refs.
    pub fn ref_counts(&self) -> Result<RefCounts, StoreError> {
        if let Some(kept) = self.kept_ref_counts()? {
            return Ok(kept);
        }
        let mut counts = RefCounts::default();
        self.read_refs(b"refs/", &mut |record| {
            counts.refs = counts.refs.saturating_add(1);
            counts.name_bytes = counts.name_bytes.saturating_add(record.name.len() as u64);
            ControlFlow::Continue(())
        })?;
        Ok(counts)
    }
}

impl RefCounts {
    /// Counts these refs too.
    pub(crate) fn add(&mut self, refs: &[RefRecord]) {
        let name_bytes: u64 = refs.iter().map(|record| record.name.len() as u64).sum();
        self.refs = self.refs.saturating_add(refs.len() as u64);
        self.name_bytes = self.name_bytes.saturating_add(name_bytes);
    }

    /// As the row has them.
    pub(super) fn values(counts: Option<Self>) -> [Value<'static>; 2] {
        let value = |number: Option<u64>| {
            Value::integer(number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
        };
        [
            value(counts.map(|counts| counts.refs)),
            value(counts.map(|counts| counts.name_bytes)),
        ]
    }
}
