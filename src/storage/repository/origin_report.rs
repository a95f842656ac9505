//! Reports that a repository keeps: the warnings of fsck, and the refs that its import or fork left out.

use std::collections::BTreeMap;

use gix_object::bstr::{BStr, ByteSlice as _};
use serde::{Deserialize, Serialize};

use super::import_lfs::LfsReport;
use super::store::RepoStore;
use crate::git::receive_pack::findings::{self, BadObject};
use crate::git::refname::RefnameError;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// Warnings and refs that are shown in full; the others are counted.
const FIRST: usize = 10;

/// Bytes that are shown of one refname: a name may have thousands.
const NAME_BYTES_SHOWN: usize = 1024;

/// The warnings that fsck gave about the objects of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FsckWarnings {
    /// Objects with a warning.
    pub(crate) object_count: u64,
    /// By git's message id: the objects that have it.
    pub(crate) by_message: BTreeMap<String, u64>,
    /// The first ten warnings.
    pub(crate) first: Vec<FsckWarning>,
}

/// One warning of fsck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FsckWarning {
    /// The object's id, 40 lowercase hex digits.
    pub(crate) hash: String,
    /// `commit`, `tree`, `tag` or `blob`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Git's message id, as in `badTimezone`.
    pub(crate) message: String,
    /// Git's text for it.
    pub(crate) detail: String,
}

impl FsckWarnings {
    /// Adds those of another pack.
    fn add(&mut self, other: &Self) {
        self.object_count = self.object_count.saturating_add(other.object_count);
        for (message, objects) in &other.by_message {
            let count = self.by_message.entry(message.clone()).or_default();
            *count = count.saturating_add(*objects);
        }
        let room = FIRST.saturating_sub(self.first.len());
        self.first.extend(other.first.iter().take(room).cloned());
    }
}

impl From<&findings::FsckWarnings> for FsckWarnings {
    fn from(found: &findings::FsckWarnings) -> Self {
        let counts = found.by_message.iter();
        Self {
            object_count: found.object_count,
            by_message: counts
                .map(|(id, count)| (id.name().to_owned(), *count))
                .collect(),
            first: found.first.iter().take(FIRST).map(Into::into).collect(),
        }
    }
}

impl From<&BadObject> for FsckWarning {
    fn from(bad: &BadObject) -> Self {
        Self {
            hash: bad.id.to_string(),
            kind: bad.kind.to_string(),
            message: bad.finding.id.name().to_owned(),
            detail: bad.finding.detail.clone().into_owned(),
        }
    }
}

/// Refs of its source that a repository does not have, because of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SkippedRefs {
    /// How many there are.
    pub(crate) count: u64,
    /// The first ten.
    pub(crate) first: Vec<SkippedRef>,
}

/// A ref that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SkippedRef {
    /// Its full name, as text; cut where it is very long.
    pub(crate) name: String,
    /// Why it was left out.
    pub(crate) reason: String,
}

impl SkippedRefs {
    /// Notes one more.
    pub(crate) fn note(&mut self, name: &BStr, reason: &RefnameError) {
        self.count = self.count.saturating_add(1);
        if self.first.len() >= FIRST {
            return;
        }
        let shown = name.get(..NAME_BYTES_SHOWN);
        let dots = if shown.is_some() { "..." } else { "" };
        let shown = shown.unwrap_or(name).to_str_lossy();
        self.first.push(SkippedRef {
            name: format!("{shown}{dots}"),
            reason: reason.to_string(),
        });
    }
}

/// The report of an import or a fork.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OriginReport {
    /// For an import: the warnings of fsck. While the import runs, so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fsck_warnings: Option<FsckWarnings>,
    /// The source's refs that were left out; unknown while an import runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped_refs: Option<SkippedRefs>,
    /// For an import that took objects of Git LFS along: the objects that came and those that did not;
    /// unknown while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lfs_import: Option<LfsReport>,
}

impl<D: Database> RepoStore<D> {
    /// The report of the import or fork that made this repository; empty if there was none, or if an
    /// earlier version made it.
    pub(crate) fn origin_report(&self) -> Result<OriginReport, StoreError> {
        let sql = "SELECT fsck_warnings, skipped_refs, lfs FROM origin_report";
        let found = query_first(&self.db, sql, &[], |row| {
            Ok((
                row.text_or_null(0)?,
                row.text_or_null(1)?,
                row.text_or_null(2)?,
            ))
        })?;
        let (fsck_warnings, skipped_refs, lfs) = found.unwrap_or_default();
        Ok(OriginReport {
            fsck_warnings: fsck_warnings.as_deref().map(read_json).transpose()?,
            skipped_refs: skipped_refs.as_deref().map(read_json).transpose()?,
            lfs_import: lfs.as_deref().map(read_json).transpose()?,
        })
    }

    /// Adds the warnings of fsck about one pack of an import.
    pub(crate) fn add_import_warnings(
        &self,
        found: &findings::FsckWarnings,
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let mut warnings = self.origin_report()?.fsck_warnings.unwrap_or_default();
            warnings.add(&found.into());
            let sql = "INSERT INTO origin_report (singleton, fsck_warnings) VALUES (1, ?1)
                ON CONFLICT DO UPDATE SET fsck_warnings = excluded.fsck_warnings";
            let json = write_json(&warnings)?;
            self.db.execute(sql, &[json.as_str().into()])?;
            self.count_warnings(found)
        })
    }

    /// Notes which of its source's refs the repository does not have.
    pub(crate) fn set_skipped_refs(&self, skipped: &SkippedRefs) -> Result<(), StoreError> {
        let sql = "INSERT INTO origin_report (singleton, skipped_refs) VALUES (1, ?1)
            ON CONFLICT DO UPDATE SET skipped_refs = excluded.skipped_refs";
        let json = write_json(skipped)?;
        self.db.execute(sql, &[json.as_str().into()])?;
        Ok(())
    }

    /// Notes an import's report about objects of Git LFS.
    pub(crate) fn set_lfs_report(&self, report: &LfsReport) -> Result<(), StoreError> {
        let sql = "INSERT INTO origin_report (singleton, lfs) VALUES (1, ?1)
            ON CONFLICT DO UPDATE SET lfs = excluded.lfs";
        let json = write_json(report)?;
        self.db.execute(sql, &[json.as_str().into()])?;
        Ok(())
    }

    /// Counts the warnings of fsck about a pack that becomes live, for good. Writes nothing where there
    /// was no warning.
    pub(crate) fn count_warnings(&self, found: &findings::FsckWarnings) -> Result<(), StoreError> {
        let sql = "INSERT INTO fsck_warning (message, object_count) VALUES (?1, ?2)
            ON CONFLICT DO UPDATE SET object_count = object_count + excluded.object_count";
        for (message, count) in &found.by_message {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            let params = [Value::Text(message.name()), count.into()];
            self.db.execute(sql, &params)?;
        }
        Ok(())
    }

    /// The warnings of fsck since the repository was made: numbers of objects by git's message
    /// id.
    pub(crate) fn warning_counts(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let sql = "SELECT message, object_count FROM fsck_warning ORDER BY message";
        let counts = query_all(&self.db, sql, &[], |row| {
            Ok((row.text(0)?, row.unsigned(1)?))
        })?;
        Ok(counts.into_iter().collect())
    }
}

fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| unreadable(&error))
}

fn write_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> StoreError {
    StoreError::Failed(format!("the report of an import or fork: {error}"))
}

#[cfg(test)]
mod tests;
