//! Chooses which copy of each object is sent.
//!
//! The ids of a pack are gone through in ascending order, and looked up in the packs before it: so the
//! look-ups, too, go through each index once, from its first page to its last.

use super::super::super::store::{PackStore, ReadError};
use super::super::index::Row;
use super::super::reader::{LivePacks, Location};
use super::super::selection::Selection;

/// Objects that are sent at most without having much of the indexes of their packs.
const PAGED_OBJECTS_MAX: u64 = 1_000;

/// Objects of one pack that are looked up one by one at most. Native tests go through sorted ids nearly
/// always.
const FEW_OBJECTS_MAX: u32 = if cfg!(debug_assertions) { 1 } else { 256 };

/// Exchanges each selected entry for the copy of its object that counts, in steps.
#[derive(Debug)]
pub(crate) struct FirstCopies {
    /// How many packs are still to be gone through, from the last to the first: a copy that counts lies
    /// in an earlier pack.
    packs_left: u32,
    /// The next of the sorted ids of the last of them.
    next_id: u32,
}

impl FirstCopies {
    /// Nothing was exchanged yet.
    pub(crate) fn new<S: PackStore>(packs: &LivePacks<S>, selection: &Selection) -> Self {
        if selection.count() > PAGED_OBJECTS_MAX {
            packs.expect_many_look_ups();
        }
        Self {
            packs_left: selection.pack_count(),
            next_id: 0,
        }
    }

    /// Goes through some thousand ids; whether there are more. After an error it can be called again.
    pub(crate) fn step<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        selection: &mut Selection,
    ) -> Result<bool, ReadError> {
        let Some(pack) = self.packs_left.checked_sub(1) else {
            return Ok(false);
        };
        let selected = selection.count_in(pack);
        let is_done = if selected == 0 || (pack == 0 && !packs.has_copies(pack)?) {
            true
        } else if selected <= FEW_OBJECTS_MAX {
            exchange_each(packs, selection, pack)?;
            true
        } else {
            self.exchange_run(packs, selection, pack)?
        };
        if is_done {
            *self = Self {
                packs_left: pack,
                next_id: 0,
            };
        }
        Ok(self.packs_left > 0)
    }

    /// Exchanges the selected ones of the next ids of the pack; whether they were the last.
    fn exchange_run<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        selection: &mut Selection,
        pack: u32,
    ) -> Result<bool, ReadError> {
        let run = packs.sorted_ids(pack, self.next_id)?;
        let has_copies = packs.has_copies(pack)?;
        let mut before = None;
        for (id, position) in &run {
            // A run may begin between two copies.
            let may_be_copy = has_copies && before.is_none_or(|before| before == id);
            before = Some(id);
            if !selection.contains(pack, *position) {
                continue;
            }
            let mut counts = packs.find_before(id, pack)?;
            if counts.is_none() && may_be_copy {
                let first = packs.find_in(id, pack)?;
                counts = first.map(|position| Location { pack, position });
            }
            let position = *position;
            if let Some(first) = counts.filter(|first| *first != Location { pack, position }) {
                selection.remove(pack, position);
                selection.insert(first.pack, first.position);
            }
        }
        let count = u32::try_from(run.len()).unwrap_or(u32::MAX);
        self.next_id = self.next_id.saturating_add(count);
        Ok(run.is_empty())
    }
}

/// Exchanges the selected entries of the pack, one by one.
fn exchange_each<S: PackStore>(
    packs: &LivePacks<S>,
    selection: &mut Selection,
    pack: u32,
) -> Result<(), ReadError> {
    let mut next = selection.next_from(pack, 0);
    while let Some(position) = next {
        let at = Location { pack, position };
        let row = packs.row(at)?;
        if let Some(first) = first_copy(packs, at, &row)? {
            selection.remove(pack, position);
            selection.insert(first.pack, first.position);
        }
        next = position
            .checked_add(1)
            .and_then(|from| selection.next_from(pack, from));
    }
    Ok(())
}

/// The copy that counts of the object at `at`, when that is another one.
fn first_copy<S: PackStore>(
    packs: &LivePacks<S>,
    at: Location,
    row: &Row,
) -> Result<Option<Location>, ReadError> {
    if at.pack > 0 {
        let earlier = packs.find_before(&packs.id(at)?, at.pack)?;
        if earlier.is_some() {
            return Ok(earlier);
        }
    }
    if packs.is_first_copy(at.pack, row)? {
        return Ok(None);
    }
    let first = packs.find_in(&packs.id(at)?, at.pack)?;
    let first = first.filter(|first| *first != at.position);
    Ok(first.map(|position| Location { position, ..at }))
}
