//! The report of an import: the warnings of fsck about the objects that came, and the refs of the remote
//! that were left out. It is written in the transaction of the objects.

use gix_hash::ObjectId;
use serde_json::json;

use super::attempt::Attempt;
use super::error::ImportError;
use super::wanted::Wanted;
use crate::git::receive_pack::findings::FsckWarnings;
use crate::git::receive_pack::inspection::Inspection;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::imports::ImportLfs;
use crate::storage::repository::origin_report::SkippedRefs;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// The report about one pack of an import.
pub(crate) struct PartReport {
    warned: FsckWarnings,
    /// The remote's refs that were left out; the last pack's report has them.
    skipped: SkippedRefs,
}

impl PartReport {
    /// Reports the findings while the pack came in.
    pub(crate) fn new(inspection: &Inspection, skipped: SkippedRefs) -> Self {
        Self {
            warned: inspection.warned().clone(),
            skipped,
        }
    }

    /// Writes it with a part whose commits no ref names yet.
    pub(crate) fn write_part(&self, store: &Store) -> Result<(), StoreError> {
        if self.warned.object_count == 0 {
            return Ok(());
        }
        store.add_import_warnings(&self.warned)
    }

    /// Writes it with the last part: also where it has no warnings, so that readers know that.
    pub(crate) fn write_last(&self, store: &Store) -> Result<(), StoreError> {
        store.add_import_warnings(&self.warned)?;
        store.set_skipped_refs(&self.skipped)
    }
}

impl Attempt {
    /// Ends the import of a remote without refs, or without one that can be taken.
    pub(crate) fn finish_empty(&self, wanted: &Wanted) -> Result<(), ImportError> {
        // Nothing came, so no tag came along.
        let skipped = wanted.skipped_refs(|_| Ok(false))?;
        let report = PartReport {
            warned: FsckWarnings::default(),
            skipped,
        };
        in_transaction(self.store.database(), || {
            if let Some(head) = &wanted.head {
                self.store.set_head(head.as_ref(), now_ms())?;
            }
            report.write_last(&self.store)?;
            self.end(&[])
        })?;
        Ok(())
    }

    /// Ends Git's part of the import, which is all of it if objects of Git LFS are left out.
    pub(super) fn end_git(&self, shallow: &[ObjectId]) -> Result<(), StoreError> {
        let import = self.store.import()?;
        if import.is_some_and(|import| import.lfs == ImportLfs::Later) {
            return self.store.begin_import_lfs(shallow);
        }
        self.end(shallow)
    }

    /// Ends the import, and tells of it: one event for all of its refs.
    pub(super) fn end(&self, shallow: &[ObjectId]) -> Result<(), StoreError> {
        let Some(import) = self.store.import()? else {
            return self.store.finish_import(shallow);
        };
        self.store.finish_import(shallow)?;
        // One that is being deleted has had its last event.
        let is_ready = |record: &RepositoryRecord| record.phase == Phase::Ready;
        if !self.store.load()?.as_ref().is_some_and(is_ready) {
            return Ok(());
        }
        let doer = import
            .asked_by
            .and_then(|text| serde_json::from_str(&text).ok());
        let doer: Doer = doer.unwrap_or_default();
        let head = self.store.head()?.to_string();
        let branch = head.strip_prefix(refname::HEADS).map(str::to_owned);
        let more = json!({"sourceUrl": import.url, "branch": import.branch.or(branch)});
        tell::append_repository(&self.store, EventKind::Imported, doer, &more)
    }
}
