//! The offsets of entries in the pack that is being made.

use super::super::reader::Location;

/// The output offset of each entry given out, as runs of entries that all moved by the same number
/// of bytes: one run for a pack sent whole, and at worst 16 bytes an entry.
#[derive(Debug, Default)]
pub(super) struct OutputOffsets {
    /// Ascending, since entries go out in ascending order.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    first: Location,
    /// Output offset less stored offset, modulo 2^64.
    shift: u64,
}

impl OutputOffsets {
    /// Notes where the next entry goes.
    pub(super) fn record(&mut self, at: Location, stored: u64, output: u64) {
        let shift = output.wrapping_sub(stored);
        let is_same_run = self
            .runs
            .last()
            .is_some_and(|run| run.first.pack == at.pack && run.shift == shift);
        if !is_same_run {
            self.runs.push(Run { first: at, shift });
        }
    }

    /// Whether an entry given out earlier moved by as many bytes as the entry just recorded, so
    /// that the distance between the two, in the same pack, stays as it was.
    pub(super) fn moved_alike(&self, earlier: Location, just: Location) -> bool {
        let Some(last) = self.runs.last().filter(|_| earlier < just) else {
            return false;
        };
        let is_in_last = last.first <= earlier;
        is_in_last
            || self
                .run_of(earlier)
                .is_some_and(|run| run.shift == last.shift)
    }

    /// The offset of an entry that was given out earlier.
    pub(super) fn output_offset(&self, at: Location, stored: u64) -> u64 {
        stored.wrapping_add(self.run_of(at).map_or(0, |run| run.shift))
    }

    fn run_of(&self, at: Location) -> Option<Run> {
        let behind = self.runs.partition_point(|run| run.first <= at);
        self.runs.get(behind.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_moved_alike_share_a_run() {
        let at = |pack, position| Location { pack, position };
        let mut offsets = OutputOffsets::default();
        // Stored (offset, bytes) by position: (12, 10) (22, 30) (52, 5) (57, 8); 1 is left out.
        offsets.record(at(0, 0), 12, 12);
        offsets.record(at(0, 2), 52, 22);
        offsets.record(at(0, 3), 57, 27);
        assert_eq!(offsets.runs.len(), 2);
        assert!(offsets.moved_alike(at(0, 2), at(0, 3)));
        assert!(!offsets.moved_alike(at(0, 0), at(0, 3)));
        assert!(
            !offsets.moved_alike(at(0, 4), at(0, 3)),
            "it does not stand earlier"
        );
        assert_eq!(offsets.output_offset(at(0, 0), 12), 12);
        assert_eq!(offsets.output_offset(at(0, 3), 57), 27);
        // Another pack's entries are another run, even if they move alike.
        offsets.record(at(1, 5), 65, 35);
        assert_eq!(offsets.runs.len(), 3);
        assert_eq!(offsets.output_offset(at(0, 2), 52), 22);
    }
}
