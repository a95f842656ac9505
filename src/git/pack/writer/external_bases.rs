//! Which of the bases that a pack's deltas have elsewhere are sent.
//!
//! To look each up as its delta comes by would ask for pages here and there in all earlier indexes. So
//! some thousand bases are looked up together, in the order of their ids; a bit is kept for each of them.

use gix_hash::ObjectId;

use super::super::super::store::{PackStore, StoreError};
use super::super::reader::LivePacks;
use super::super::selection::Selection;

/// Bases that are looked up together: 800 KB while that lasts.
const TOGETHER: u32 = 1 << 15;

/// Those of them that one call looks up.
const AT_ONCE: usize = if cfg!(debug_assertions) { 1 } else { 1 << 11 };

/// The answers for the bases that were asked for last.
#[derive(Debug, Default)]
pub(super) struct SentBases {
    pack: u32,
    first: u32,
    sent: Vec<bool>,
    /// Bases that are still to be looked up, with their numbers: by falling id, so that each index is
    /// gone through once.
    left: Vec<(ObjectId, u32)>,
}

impl SentBases {
    /// Whether the external base of the pack with this number is sent from an earlier pack; `None`:
    /// more must be looked up; ask again afterwards.
    pub(super) fn is_sent<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        selection: &Selection,
        (pack, number): (u32, u32),
    ) -> Result<Option<bool>, StoreError> {
        if self.pack != pack || self.place(number).is_none() {
            *self = Self::of(packs, pack, number - number % TOGETHER)?;
        }
        if !self.left.is_empty() {
            self.look_up(packs, selection)?;
        }
        let is_sent = self.place(number).and_then(|place| self.sent.get(place));
        let is_sent = is_sent.copied().unwrap_or(false);
        Ok(self.left.is_empty().then_some(is_sent))
    }

    /// Those from this number on; none is looked up yet.
    fn of<S: PackStore>(packs: &LivePacks<S>, pack: u32, first: u32) -> Result<Self, StoreError> {
        let end = first.saturating_add(TOGETHER);
        let end = end.min(packs.external_base_count(pack)?);
        let mut left: Vec<(ObjectId, u32)> = Vec::with_capacity(end.saturating_sub(first) as usize);
        for number in first..end {
            left.push((packs.external_base(pack, number)?, number));
        }
        left.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Self {
            pack,
            first,
            sent: vec![false; left.len()],
            left,
        })
    }

    fn look_up<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        selection: &Selection,
    ) -> Result<(), StoreError> {
        for _ in 0..AT_ONCE {
            let Some((id, number)) = self.left.last().copied() else {
                break;
            };
            let found = packs.find_before(&id, self.pack)?;
            let is_sent = found.is_some_and(|at| selection.contains(at.pack, at.position));
            let place = self.place(number);
            if let Some(slot) = place.and_then(|place| self.sent.get_mut(place)) {
                *slot = is_sent;
            }
            self.left.pop();
        }
        Ok(())
    }

    fn place(&self, number: u32) -> Option<usize> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        (place < self.sent.len()).then_some(place)
    }
}
