//! Chooses which copy of each object is sent.

use super::super::super::store::{PackStore, ReadError};
use super::super::index::Row;
use super::super::reader::{LivePacks, Location};
use super::super::selection::Selection;

/// Objects that are sent at most without having the indexes of their packs whole.
const PAGED_OBJECTS_MAX: u64 = 1_000;

/// Exchanges each selected entry for the copy of its object that counts.
pub(super) fn select_first_copies<S: PackStore>(
    packs: &LivePacks<S>,
    selection: &mut Selection,
) -> Result<(), ReadError> {
    if selection.count() > PAGED_OBJECTS_MAX {
        packs.expect_many_look_ups();
    }
    // From the last pack to the first: a copy that counts lies in an earlier pack.
    for pack in (0..selection.pack_count()).rev() {
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
