//! Each object once: which of its copies is sent.

use super::super::super::store::{PackStore, ReadError};
use super::super::entry::{PACK_HEADER_BYTES, PACK_TRAILER_BYTES};
use super::super::index::Row;
use super::super::reader::{LivePacks, Location};
use super::super::selection::Selection;

/// Exchanges each selected entry for the copy of its object that counts, and gives the bytes of a
/// pack of them all.
pub(super) fn select_first_copies<S: PackStore>(
    packs: &LivePacks<S>,
    selection: &mut Selection,
) -> Result<u64, ReadError> {
    let mut bytes = (PACK_HEADER_BYTES + PACK_TRAILER_BYTES) as u64;
    // From the last pack to the first: what is exchanged lands in a pack that is yet to be added.
    for pack in (0..selection.pack_count()).rev() {
        let mut next = selection.next_from(pack, 0);
        while let Some(position) = next {
            let at = Location { pack, position };
            let row = packs.row(at)?;
            if let Some(first) = first_copy(packs, at, &row)? {
                selection.remove(pack, position);
                let is_new = selection.insert(first.pack, first.position);
                if is_new && first.pack == pack {
                    // It stands before this one, where the loop has already been.
                    bytes = bytes.saturating_add(u64::from(packs.row(first)?.stored_bytes));
                }
            } else {
                bytes = bytes.saturating_add(u64::from(row.stored_bytes));
            }
            next = position
                .checked_add(1)
                .and_then(|from| selection.next_from(pack, from));
        }
    }
    Ok(bytes)
}

/// The copy that counts of the object at `at`, when that is another one.
fn first_copy<S: PackStore>(
    packs: &LivePacks<S>,
    at: Location,
    row: &Row,
) -> Result<Option<Location>, ReadError> {
    let index = packs.index(at.pack)?;
    if at.pack > 0 {
        let earlier = packs.find_before(&packs.id(at)?, at.pack)?;
        if earlier.is_some() {
            return Ok(earlier);
        }
    }
    if index.is_first_copy(row) {
        return Ok(None);
    }
    let first = index
        .find(&packs.id(at)?)
        .filter(|first| *first != at.position);
    Ok(first.map(|position| Location { position, ..at }))
}
