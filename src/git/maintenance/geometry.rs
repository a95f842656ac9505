//! Which packs to merge, so that their number stays logarithmic in the number of pushes.
//!
//! Packs stand in the order of publishing. From the newest on, packs are taken in as long as the
//! next older one is less than [`RATIO`] times as heavy as all that were taken; a merge is due when
//! these are [`PACKS_MIN`]. The merged pack then weighs at least half as much again as its heaviest part, so
//! that a byte is copied as often as the logarithm of the repository's size; and in the
//! end each pack is at least twice as heavy as the next newer one.

use std::ops::Range;

use super::super::store::PackRecord;

/// How much heavier a pack is than all newer ones together.
const RATIO: u64 = 2;

/// Packs that a merge takes at least: fewer are not worth the rows.
const PACKS_MIN: usize = 6;

/// Packs beyond which the newest are merged whatever their weights.
const PACKS_MAX: usize = 18;

/// Objects of a merged pack at most: some bytes of each are held while it is made.
pub const OBJECTS_MAX: u64 = 2_000_000;

/// Bytes of a merged pack at most: it is made in one go, beside its sources.
pub const BYTES_MAX: u64 = 512 << 20;

/// The weight of an entry besides its bytes, for its place in the parts.
const OBJECT_WEIGHT: u64 = 128;

/// The packs to merge next, by their places among the live packs; `None` when all is well.
/// `is_fixed` tells of a pack whether it must stay as it is.
pub fn due(packs: &[PackRecord], is_fixed: impl Fn(&PackRecord) -> bool) -> Option<Range<usize>> {
    // From the newest run of packs that may be merged to the oldest.
    let mut end = packs.len();
    while end > 0 {
        let movable = |pack: &PackRecord| !is_fixed(pack) && fits(pack);
        let before = packs.get(..end)?;
        let run = before.iter().rev().take_while(|pack| movable(pack)).count();
        let start = end - run;
        if let Some(range) = due_in(packs.get(start..end)?) {
            return Some(start + range.start..start + range.end);
        }
        // The pack that ended the run is passed over.
        end = start.saturating_sub(1);
    }
    None
}

/// The same for packs all of which may be merged.
fn due_in(packs: &[PackRecord]) -> Option<Range<usize>> {
    let mut taken = Taken::default();
    for pack in packs.iter().rev() {
        let is_light = weight(pack) < RATIO.saturating_mul(taken.weight);
        if taken.packs > 0 && !is_light || !taken.add(pack) {
            break;
        }
    }
    if taken.packs < PACKS_MIN && packs.len() > PACKS_MAX {
        taken = Taken::default();
        for pack in packs.iter().rev().take(PACKS_MAX) {
            if !taken.add(pack) {
                break;
            }
        }
    }
    let is_due = taken.packs >= PACKS_MIN;
    is_due.then(|| packs.len() - taken.packs..packs.len())
}

/// The packs taken in so far.
#[derive(Default)]
struct Taken {
    packs: usize,
    weight: u64,
    objects: u64,
    bytes: u64,
}

impl Taken {
    /// Takes a pack in, unless the merged pack would be too large.
    fn add(&mut self, pack: &PackRecord) -> bool {
        let objects = self.objects.saturating_add(u64::from(pack.object_count));
        let bytes = self.bytes.saturating_add(pack.pack_bytes);
        if objects > OBJECTS_MAX || bytes > BYTES_MAX {
            return false;
        }
        *self = Self {
            packs: self.packs + 1,
            weight: self.weight.saturating_add(weight(pack)),
            objects,
            bytes,
        };
        true
    }
}

fn weight(pack: &PackRecord) -> u64 {
    let objects = u64::from(pack.object_count).saturating_mul(OBJECT_WEIGHT);
    pack.pack_bytes.saturating_add(objects)
}

/// Whether a merged pack could hold this one and as much again.
fn fits(pack: &PackRecord) -> bool {
    u64::from(pack.object_count) <= OBJECTS_MAX / 2 && pack.pack_bytes <= BYTES_MAX / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::store::PackId;

    fn pack(number: u32, pack_bytes: u64) -> PackRecord {
        PackRecord {
            pack_id: PackId(number),
            pack_bytes,
            object_count: 3,
        }
    }

    fn merge(packs: &mut Vec<PackRecord>, range: Range<usize>) -> u64 {
        let merged = PackRecord {
            pack_id: PackId(1_000_000 + packs[range.start].pack_id.0),
            pack_bytes: packs[range.clone()].iter().map(|p| p.pack_bytes).sum(),
            object_count: packs[range.clone()].iter().map(|p| p.object_count).sum(),
        };
        packs.splice(range, [merged]);
        merged.pack_bytes
    }

    #[test]
    fn two_thousand_pushes_leave_few_packs_and_copy_little() {
        let (mut packs, mut copied) = (vec![pack(0, 17 << 20)], 0);
        let mut most = 0;
        for number in 1..=2000 {
            packs.push(pack(number, 1000));
            while let Some(range) = due(&packs, |_| false) {
                copied += merge(&mut packs, range);
            }
            most = most.max(packs.len());
        }
        assert!(most <= 16, "{most} packs");
        assert!(copied < 12 * 2000 * 1000, "{copied} bytes copied");
        assert_eq!(packs[0], pack(0, 17 << 20), "the large pack is left alone");
    }

    #[test]
    fn a_pack_that_must_stay_is_never_in_a_range() {
        let packs: Vec<_> = (0..40).map(|number| pack(number, 100)).collect();
        let is_fixed = |pack: &PackRecord| pack.pack_id.0 == 33 || pack.pack_id.0 < 10;
        let range = due(&packs, is_fixed).unwrap();
        assert_eq!(range, 34..40);
        assert_eq!(due(&packs[..34], is_fixed), Some(10..33));
        assert_eq!(due(&packs[..12], is_fixed), None);
        assert_eq!(due(&[], is_fixed), None);
    }

    proptest! {
        #[test]
        fn packs_stay_few_after_any_pushes(
            sizes in prop::collection::vec((0_u32..24).prop_flat_map(|bits| 1_u64..=1 << bits), 1..400),
        ) {
            let mut packs = Vec::new();
            for (number, size) in (0..).zip(sizes) {
                packs.push(pack(number, size));
                while let Some(range) = due(&packs, |_| false) {
                    prop_assert!(range.end <= packs.len() && range.len() >= PACKS_MIN);
                    merge(&mut packs, range);
                }
                prop_assert!(packs.len() <= PACKS_MAX + 1, "{} packs", packs.len());
            }
        }
    }
}
