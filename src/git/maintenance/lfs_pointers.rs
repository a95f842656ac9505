//! Finds the pointers of Git LFS among objects, such as those that [`Reach`](super::reach::Reach)
//! has found.
//!
//! Only a blob of a pointer's size is read, in the order in which a pack has them. A pack that is
//! cold is read as well; the machine stops at the chunk that it lacks, and goes on there.

use super::super::lfs::pointer::{POINTER_BYTES_MAX, POINTER_BYTES_MIN, Pointer};
use super::super::object::ObjectKind;
use super::super::pack::reader::{LivePacks, Location};
use super::super::pack::selection::Selection;
use super::super::store::{PackStore, ReadError};
use super::step::Step;

/// The cost of reading one blob in a step's budget, in entries that are only looked at.
const READ_COST: usize = 32;

/// Looks through entries for pointers. It borrows neither the packs nor the entries; every call
/// needs the same ones.
#[derive(Debug, Default)]
pub struct LfsPointers {
    /// The first entry that was not looked at, by pack and position.
    pack: u32,
    position: u32,
}

impl LfsPointers {
    /// Nothing was looked at yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks on, and calls `found` with each pointer; the same one may come more than once, from
    /// several blobs or copies of a blob. `budget` counts entries. After an error with a
    /// [cold](ReadError::cold) chunk the next step goes on at the same blob.
    pub fn step<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        entries: &Selection,
        budget: usize,
        mut found: impl FnMut(Pointer),
    ) -> Result<Step, ReadError> {
        let mut spent = 0_usize;
        while spent < budget {
            let Some(at) = self.next(entries) else {
                return Ok(Step::Done);
            };
            let row = packs.row(at)?;
            let sizes = POINTER_BYTES_MIN..=POINTER_BYTES_MAX;
            let may_be = usize::try_from(row.size_bytes).is_ok_and(|size| sizes.contains(&size));
            if row.kind == ObjectKind::Blob && may_be {
                let (_, content) = packs.read_at(at)?;
                if let Some(pointer) = Pointer::parse(&content) {
                    found(pointer);
                }
                spent = spent.saturating_add(READ_COST);
            }
            spent = spent.saturating_add(1);
            self.position = at.position.saturating_add(1);
        }
        Ok(Step::More)
    }

    /// The next entry to look at.
    fn next(&mut self, entries: &Selection) -> Option<Location> {
        while self.pack < entries.pack_count() {
            let pack = self.pack;
            if let Some(position) = entries.next_from(pack, self.position) {
                return Some(Location { pack, position });
            }
            (self.pack, self.position) = (pack.saturating_add(1), 0);
        }
        None
    }
}
