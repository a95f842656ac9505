//! Compares the upstream's refs with those here, as they come.
//!
//! Servers list refs by name, and the database returns them by name. So this reads both side by side, a
//! page of ours at a time, and keeps only the differences. A server may also list refs in another order;
//! then each ref out of order costs one look-up.

use std::collections::{BTreeMap, VecDeque};

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use crate::git::fetch_client::error::FetchClientError;
use crate::git::fetch_client::remote_refs::RemoteRef;
use crate::git::limits::Limits;
use crate::git::refname::{self, REFS};
use crate::git::refspec::Refspecs;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;
use crate::storage::repository::origin_report::SkippedRefs;
use crate::storage::repository::ref_record::RefRecord;
use crate::storage::repository::store::RepoStore;

/// Our refs that one page reads.
const PAGE_REFS: u32 = 500;

/// The differences between the refs of both sides.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// By name: the ref's target here, and its target in the upstream.
    pub(super) changed: BTreeMap<BString, (Option<ObjectId>, ObjectId)>,
    /// Refs here that a refspec leads to but that the upstream lacks, with their targets here.
    pub(super) gone: BTreeMap<BString, ObjectId>,
    /// Refs of the upstream that a refspec leads somewhere.
    pub(super) listed: u64,
    /// Refs of the upstream whose names no repository here can have.
    pub(super) skipped: SkippedRefs,
    /// Bytes of the names in memory.
    name_bytes: usize,
}

impl Differences {
    /// Bytes of memory for the differences and the lists made from them.
    pub(super) fn held_bytes(&self) -> u64 {
        let refs = self.changed.len().saturating_add(self.gone.len());
        let refs = refs.saturating_mul(size_of::<RefRecord>().saturating_mul(2));
        (refs.saturating_add(self.name_bytes) as u64).saturating_mul(3)
    }
}

/// Compares the lists as they come.
pub(super) struct Listing<'a, D> {
    store: &'a RepoStore<D>,
    refspecs: &'a Refspecs,
    /// Whether to look for refs that exist only here.
    prunes: bool,
    limits: Limits,
    /// The next refs here.
    page: VecDeque<RefRecord>,
    /// The start of the page after it; `None` if there is none.
    next_page: Option<BString>,
    /// The last ref here that was compared or skipped.
    passed: Option<BString>,
    found: Differences,
}

impl<'a, D: Database> Listing<'a, D> {
    /// Starts before the first ref.
    pub(super) fn new(
        store: &'a RepoStore<D>,
        refspecs: &'a Refspecs,
        prunes: bool,
        limits: &Limits,
    ) -> Self {
        Self {
            store,
            refspecs,
            prunes,
            limits: *limits,
            page: VecDeque::new(),
            next_page: Some(REFS.into()),
            passed: None,
            found: Differences::default(),
        }
    }

    /// Compares the next refs of the upstream.
    pub(super) fn take(&mut self, refs: Vec<RemoteRef>) -> Result<(), ListingError> {
        for listed in refs {
            let Some(led) = self.refspecs.lead(listed.name.as_bstr()) else {
                continue;
            };
            if refname::is_ephemeral(led.name.as_bstr()) {
                continue;
            }
            let name_bytes_max = self.limits.refname_bytes_max;
            if let Err(reason) = refname::check_update(led.name.as_bstr(), name_bytes_max) {
                self.found.skipped.note(led.name.as_bstr(), &reason);
                continue;
            }
            self.found.listed = self.found.listed.saturating_add(1);
            let here = self.find(led.name.as_bstr())?;
            if here == Some(listed.target) {
                self.found.changed.remove(&led.name);
            } else {
                self.note_changed(led.name, (here, listed.target))?;
            }
        }
        Ok(())
    }

    /// Ends the list, and returns the differences.
    pub(super) fn finish(mut self) -> Result<Differences, ListingError> {
        if self.prunes {
            while let Some(record) = self.next()? {
                self.note_gone(record)?;
            }
        }
        Ok(self.found)
    }

    /// The target of the ref of this name here.
    fn find(&mut self, name: &BStr) -> Result<Option<ObjectId>, ListingError> {
        if self.passed.as_ref().is_some_and(|passed| name <= passed) {
            // The ref comes out of order, so it may wrongly count as one that exists only here.
            self.found.gone.remove(name);
            let found = self.store.find_ref(name)?;
            return Ok(found.map(|found| found.target));
        }
        loop {
            if self.page.is_empty() {
                self.read_page(name)?;
            }
            match self
                .page
                .front()
                .map(|first| first.name.as_bstr().cmp(name))
            {
                Some(std::cmp::Ordering::Less) => {
                    if let Some(record) = self.next()? {
                        self.note_gone(record)?;
                    }
                }
                Some(std::cmp::Ordering::Equal) => {
                    return Ok(self.next()?.map(|record| record.target));
                }
                Some(std::cmp::Ordering::Greater) | None => return Ok(None),
            }
        }
    }

    /// The next ref here; the reading position moves past it.
    fn next(&mut self) -> Result<Option<RefRecord>, ListingError> {
        if self.page.is_empty() {
            self.read_page(BStr::new(""))?;
        }
        let next = self.page.pop_front();
        if let Some(next) = &next {
            self.passed = Some(next.name.clone());
        }
        Ok(next)
    }

    /// Reads the next page. If nobody looks for refs that exist only here, the page begins at `name`: the
    /// refs before it do not matter.
    fn read_page(&mut self, name: &BStr) -> Result<(), ListingError> {
        let Some(from) = self.next_page.take() else {
            return Ok(());
        };
        let from = if self.prunes || from.as_bstr() >= name {
            from
        } else {
            // The reading position skips the refs before it.
            self.passed = Some(name.to_owned());
            name.to_owned()
        };
        let page = self.store.refs_from(from.as_bstr(), PAGE_REFS)?;
        if page.len() >= PAGE_REFS as usize {
            self.next_page = page.last().map(|last| {
                let mut next = last.name.clone();
                // The smallest name after it.
                next.push(0);
                next
            });
        }
        self.page = page.into();
        Ok(())
    }

    fn note_changed(
        &mut self,
        name: BString,
        sides: (Option<ObjectId>, ObjectId),
    ) -> Result<(), ListingError> {
        let bytes = name.len();
        if self.found.changed.insert(name, sides).is_none() {
            self.count(bytes)?;
        }
        Ok(())
    }

    /// Notes a ref that upstream did not list in its place.
    fn note_gone(&mut self, record: RefRecord) -> Result<(), ListingError> {
        let name = record.name;
        if !self.prunes || !self.refspecs.leads_to(name.as_bstr()) {
            return Ok(());
        }
        let bytes = name.len();
        self.found.gone.insert(name, record.target);
        self.count(bytes)
    }

    /// Applies the bounds of a push to the differences in memory.
    fn count(&mut self, name_bytes: usize) -> Result<(), ListingError> {
        let refs_max = self.limits.commands_max;
        let refs = self
            .found
            .changed
            .len()
            .saturating_add(self.found.gone.len());
        if refs > refs_max {
            return Err(FetchClientError::TooManyRefs { refs_max }.into());
        }
        self.found.name_bytes = self.found.name_bytes.saturating_add(name_bytes);
        let bytes_max = self.limits.command_bytes_max;
        if self.found.name_bytes > bytes_max {
            return Err(FetchClientError::RefNamesTooLong { bytes_max }.into());
        }
        Ok(())
    }
}

/// The reason why lists cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListingError {
    /// The list is beyond a bound.
    #[error(transparent)]
    Remote(#[from] FetchClientError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests;
