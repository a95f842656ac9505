//! Sorts a table whose entries are in scratch: it is read in order a few times, each time for the
//! ids of some buckets.

use std::ops::Range;

use gix_hash::ObjectId;

use super::blocks::Entries;
use super::fan::Fan;

/// Ids that are sorted in one pass: 3 MiB.
const PASS_IDS: usize = 1 << 17;

/// How far the sort has come.
#[derive(Debug, Default)]
pub(super) struct Sorting {
    /// Whether the buckets are counted.
    is_begun: bool,
    /// Buckets that are done.
    buckets: usize,
}

impl Sorting {
    /// Reads all entries once, and adds the next of them by id: positions and marks. True when
    /// these are all.
    pub(super) fn pass(
        &mut self,
        entries: &Entries,
        fan: &mut Fan,
        (by_id, marks): (&mut Vec<u32>, &mut Vec<u16>),
    ) -> bool {
        if !self.is_begun {
            fan.count(entries.len(), entries.iter().map(|entry| entry.id));
            self.is_begun = true;
            *by_id = Vec::with_capacity(entries.len());
            *marks = Vec::with_capacity(entries.len());
            return false;
        }
        let buckets = self.next_buckets(fan, entries.len());
        // Once and for all: memory never shrinks, so a list that grows costs twice.
        let mut ids: Vec<(ObjectId, u32)> = Vec::with_capacity(PASS_IDS.min(entries.len()));
        for (position, entry) in (0..).zip(entries.iter()) {
            if buckets.contains(&fan.bucket(&entry.id)) {
                ids.push((entry.id, position));
            }
        }
        sort(&mut ids);
        for (id, position) in ids {
            by_id.push(position);
            marks.push(fan.mark(&id));
        }
        self.buckets = buckets.end;
        let is_sorted = buckets.end >= fan.buckets();
        if is_sorted {
            fan.take_all(entries.len());
        }
        is_sorted
    }

    /// The next buckets, as many as one pass can take: at least one. A bucket ends where the next
    /// begins.
    fn next_buckets(&self, fan: &Fan, all: usize) -> Range<usize> {
        let first = self.buckets;
        let most = fan.start(first).unwrap_or(all).saturating_add(PASS_IDS);
        let mut end = first.saturating_add(1);
        let fits = |end: usize| fan.start(end.saturating_add(1)).unwrap_or(all) <= most;
        while end < fan.buckets() && fits(end) {
            end = end.saturating_add(1);
        }
        first..end
    }
}

/// Not inlined: a sort compares at dozens of places, and the wasm would have as many copies.
#[inline(never)]
fn sort(ids: &mut [(ObjectId, u32)]) {
    ids.sort_unstable();
}
