//! Which of the bases that a pack's deltas have elsewhere are sent.
//!
//! To look each up as its delta comes by would ask for pages here and there in all earlier indexes. So
//! some thousand bases are looked up together, in the order of their ids; of each a bit is kept.

use gix_hash::ObjectId;

use super::super::super::store::{PackStore, StoreError};
use super::super::reader::LivePacks;
use super::super::selection::Selection;

/// Bases that are looked up together: 800 KB while that lasts.
const TOGETHER: u32 = 1 << 15;

/// The answers for the bases that were asked for last.
#[derive(Debug, Default)]
pub(super) struct SentBases {
    pack: u32,
    first: u32,
    sent: Vec<bool>,
}

impl SentBases {
    /// Whether the external base of the pack with this number is sent from an earlier pack.
    pub(super) fn is_sent<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        selection: &Selection,
        (pack, number): (u32, u32),
    ) -> Result<bool, StoreError> {
        if self.pack != pack || self.place(number).is_none() {
            let first = number - number % TOGETHER;
            self.sent = look_up(packs, selection, pack, first)?;
            (self.pack, self.first) = (pack, first);
        }
        Ok(self.place(number).unwrap_or(false))
    }

    fn place(&self, number: u32) -> Option<bool> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.sent.get(place).copied()
    }
}

fn look_up<S: PackStore>(
    packs: &LivePacks<S>,
    selection: &Selection,
    pack: u32,
    first: u32,
) -> Result<Vec<bool>, StoreError> {
    let end = first.saturating_add(TOGETHER);
    let end = end.min(packs.external_base_count(pack)?);
    let mut ids: Vec<(ObjectId, u32)> = Vec::with_capacity(end.saturating_sub(first) as usize);
    for number in first..end {
        ids.push((packs.external_base(pack, number)?, number));
    }
    ids.sort_unstable();
    let mut sent = vec![false; ids.len()];
    for (id, number) in ids {
        let found = packs.find_before(&id, pack)?;
        let is_sent = found.is_some_and(|at| selection.contains(at.pack, at.position));
        if let Some(slot) = sent.get_mut(number.saturating_sub(first) as usize) {
            *slot = is_sent;
        }
    }
    Ok(sent)
}
