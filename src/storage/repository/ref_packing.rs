//! Loose refs put into [pages](super::packed_refs), so that a list of very many refs reads a row for
//! some hundreds of them.
//!
//! Names and targets stay as they are, so that nobody who reads or changes refs meanwhile sees a
//! difference.

use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::packed_refs::{PACKED_PAGE_REFS, Page, read_page};
use super::ref_record::RefRecord;
use super::refs::read_ref;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// Loose refs that are not worth a page: a list of them costs some milliseconds.
const LOOSE_MIN: u64 = 4_096;

/// It pays to pack when one of so many refs is loose: each packed ref is then written a few times in all.
const LOOSE_SHARE: u64 = 16;

/// Loose refs, and pages, that one step takes. Pages without many loose refs among them stay.
const STEP_LOOSE: usize = if cfg!(test) { 32 } else { 512 };
const STEP_PAGES: usize = if cfg!(test) { 2 } else { 8 };
const STEP_SHARE: usize = 32;

/// The result of a step.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PackedStep {
    /// Refs that it packed.
    pub refs: u64,
    /// The name behind which to go on; `None`: it was the last step.
    pub after: Option<BString>,
}

/// The refs of a step, and the rows written for them.
struct Window {
    loose: Vec<RefRecord>,
    pages: Vec<Page>,
    /// Whether more may follow.
    has_more: bool,
}

impl<D: Database> RepoStore<D> {
    /// Whether so many refs are loose that they should be packed.
    pub fn is_packing_due(&self) -> Result<bool, StoreError> {
        // Counts that are not on record are so with the first push that makes a ref.
        let refs = self.kept_ref_counts()?.map_or(0, |counts| counts.refs);
        if refs < LOOSE_MIN {
            return Ok(false);
        }
        let sql = "SELECT coalesce(sum(ref_count), 0) FROM packed_refs";
        let packed = query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(0);
        let loose = refs.saturating_sub(u64::try_from(packed).unwrap_or(0));
        Ok(loose >= LOOSE_MIN.max(refs / LOOSE_SHARE))
    }

    /// Packs refs whose names follow `after`; an empty name begins.
    pub fn pack_refs_after(&self, after: &BStr) -> Result<PackedStep, StoreError> {
        in_transaction(&self.db, || {
            let window = self.window(after)?;
            let mut refs: Vec<_> = window.loose.iter().collect();
            refs.extend(window.pages.iter().flat_map(|page| &page.refs));
            refs.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            let end = window.end();
            let within = refs.partition_point(|record| {
                let is_behind = end.is_some_and(|end| record.name.as_bstr() > end);
                !is_behind
            });
            let last = refs.get(..within).and_then(|refs| refs.last());
            let last = last.map(|record| record.name.clone());
            let (loose, packed) = (window.loose.len(), refs.len() - window.loose.len());
            let is_worth_it = loose > 0 && loose.saturating_mul(STEP_SHARE) >= packed;
            if is_worth_it {
                let (within, behind) = refs.split_at_checked(within).unwrap_or_default();
                self.replace(&window, [within, behind])?;
            }
            Ok(PackedStep {
                refs: if is_worth_it { loose as u64 } else { 0 },
                after: last.filter(|_| window.has_more),
            })
        })
    }

    /// The refs that a step takes. All pages that begin up to `after` end there.
    fn window(&self, after: &BStr) -> Result<Window, StoreError> {
        let sql = "SELECT name, target, peeled FROM ref WHERE name > ?1 ORDER BY name LIMIT ?2";
        let limit = |count: usize| Value::from(u32::try_from(count).unwrap_or(u32::MAX));
        let after = Value::Blob(after.as_bytes());
        let mut loose = query_all(&self.db, sql, &[after, limit(STEP_LOOSE)], read_ref)?;
        let sql = "SELECT from_name, refs FROM packed_refs
            WHERE from_name > ?1 ORDER BY from_name LIMIT ?2";
        let mut pages = query_all(&self.db, sql, &[after, limit(STEP_PAGES + 1)], read_page)?;
        let next_page = pages.split_off(STEP_PAGES.min(pages.len())).pop();
        if let Some(next) = &next_page {
            loose.retain(|record| record.name.as_slice() < next.from_name.as_slice());
        }
        let is_cut = loose.len() == STEP_LOOSE;
        if let Some(last) = loose.last().filter(|_| is_cut) {
            pages.retain(|page| page.from_name.as_slice() <= last.name.as_slice());
        }
        Ok(Window {
            loose,
            pages,
            has_more: is_cut || next_page.is_some(),
        })
    }

    /// Writes these runs of refs as pages in place of the window's loose refs and pages.
    fn replace(&self, window: &Window, runs: [&[&RefRecord]; 2]) -> Result<(), StoreError> {
        if let (Some(first), Some(last)) = (window.loose.first(), window.loose.last()) {
            let sql = "DELETE FROM ref WHERE name >= ?1 AND name <= ?2";
            let (first, last) = (first.name.as_bytes(), last.name.as_bytes());
            self.db
                .execute(sql, &[Value::Blob(first), Value::Blob(last)])?;
        }
        if let (Some(first), Some(last)) = (window.pages.first(), window.pages.last()) {
            let sql = "DELETE FROM packed_refs WHERE from_name >= ?1 AND from_name <= ?2";
            let (first, last) = (&first.from_name, &last.from_name);
            self.db
                .execute(sql, &[Value::Blob(first), Value::Blob(last)])?;
        }
        for page in runs
            .into_iter()
            .flat_map(|run| run.chunks(PACKED_PAGE_REFS))
        {
            self.insert_page(page.iter().copied())?;
        }
        Ok(())
    }
}

impl Window {
    /// The name up to which loose refs were read, if there may be more: the page in which it lies is
    /// split there.
    fn end(&self) -> Option<&BStr> {
        let last = self.loose.last().filter(|_| self.loose.len() == STEP_LOOSE);
        last.map(|record| record.name.as_bstr())
    }
}

#[cfg(test)]
mod tests;
