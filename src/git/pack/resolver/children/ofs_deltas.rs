//! Ofs-deltas that wait, each behind the position of its base, sorted. Where there are many and there is
//! scratch, they lie there, and some rows of them are in memory: deltas stand near their bases.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::super::super::store::{Scratch, StoreError};
use super::super::super::cache::Lru;
use super::super::super::entries::partitions::{Partitions, grouped, partition_of};
use super::super::super::entries::{Base, Entries};

/// Pairs that stay in memory: 1 MiB.
const HELD_MAX: usize = 1 << 17;

/// Bytes of a pair.
const PAIR_BYTES: usize = 8;

/// Bytes of rows that are in memory at most.
const ROWS_BYTES: usize = 1 << 20;

/// Bases of one bucket, by two to the power of this.
const BUCKET_BITS: u32 = 8;

/// The position of a base, and that of a delta on it.
type Pair = (u32, u32);

/// The pairs.
#[derive(Debug)]
pub(super) enum OfsDeltas {
    /// All of them.
    Held(Vec<Pair>),
    /// In scratch.
    Spilled(Box<Spilled>),
}

#[derive(Debug)]
pub(super) struct Spilled {
    partitions: Partitions<PAIR_BYTES>,
    /// For each row, its first base and the place of its first pair.
    rows: Vec<(u32, usize)>,
    count: usize,
    scratch: Rc<dyn Scratch>,
    /// By place of their first pair.
    held: RefCell<Lru<usize, Row>>,
    last: RefCell<(usize, Row)>,
}

/// Pairs of one row.
type Row = Rc<Vec<[u8; PAIR_BYTES]>>;

impl Default for OfsDeltas {
    fn default() -> Self {
        Self::Held(Vec::new())
    }
}

impl OfsDeltas {
    /// Those of entries that are not resolved; `count` is how many there are.
    pub(super) fn of_unresolved(entries: &Entries, count: usize) -> Result<Self, StoreError> {
        if count > HELD_MAX
            && entries.are_spilled()
            && let Ok(scratch) = entries.scratch()
        {
            let spilled = Spilled::of(entries, scratch)?;
            return Ok(Self::Spilled(Box::new(spilled)));
        }
        let mut held = Vec::with_capacity(count);
        held.extend(pairs(entries));
        held.sort_unstable();
        Ok(Self::Held(held))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Held(held) => held.is_empty(),
            Self::Spilled(spilled) => spilled.count == 0,
        }
    }

    /// The place of the first delta on this base, or on the next one that has any.
    pub(super) fn first(&self, base: u32) -> Result<usize, StoreError> {
        match self {
            Self::Held(held) => Ok(held.partition_point(|pair| pair.0 < base)),
            Self::Spilled(spilled) => spilled.first(base),
        }
    }

    /// The pair at a place.
    pub(super) fn at(&self, place: usize) -> Result<Option<Pair>, StoreError> {
        match self {
            Self::Held(held) => Ok(held.get(place).copied()),
            Self::Spilled(spilled) => spilled.at(place),
        }
    }
}

/// The deltas that are not resolved, and their bases.
fn pairs(entries: &Entries) -> impl Iterator<Item = Pair> {
    (0_u32..)
        .zip(entries.iter())
        .filter_map(|(position, entry)| {
            let base = match entry.base {
                Base::Position(base) if entry.kind.is_none() => base,
                _ => return None,
            };
            Some((base, position))
        })
}

fn bucket(base: u32) -> usize {
    usize::try_from(base >> BUCKET_BITS).unwrap_or(usize::MAX)
}

impl Spilled {
    fn of(entries: &Entries, scratch: Rc<dyn Scratch>) -> Result<Self, StoreError> {
        let last = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let mut counts = vec![0_usize; bucket(last).saturating_add(1)];
        for (base, _) in pairs(entries) {
            if let Some(count) = counts.get_mut(bucket(base)) {
                *count = count.saturating_add(1);
            }
        }
        let ends = grouped(counts.iter().copied(), PAIR_BYTES);
        drop(counts);
        let mut partitions = Partitions::new(ends.len());
        let mut count = 0_usize;
        for (base, position) in pairs(entries) {
            let pair = u64::from(base) << 32 | u64::from(position);
            let partition = partition_of(&ends, bucket(base));
            partitions.put(partition, &pair.to_be_bytes(), &*scratch)?;
            count = count.saturating_add(1);
        }
        entries.check()?;
        partitions.close(&*scratch)?;
        let (mut rows, mut place) = (Vec::new(), 0_usize);
        for partition in 0..partitions.count() {
            let sorted = partitions.sort(partition, &*scratch)?;
            for row in sorted.chunks(Partitions::<PAIR_BYTES>::ROW_ITEMS) {
                let first = row.first().map_or(u32::MAX, |pair| of_bytes(*pair).0);
                rows.push((first, place));
                place = place.saturating_add(row.len());
            }
        }
        Ok(Self {
            partitions,
            rows,
            count,
            scratch,
            held: RefCell::new(Lru::new(ROWS_BYTES)),
            last: RefCell::default(),
        })
    }

    fn first(&self, base: u32) -> Result<usize, StoreError> {
        let after = self.rows.partition_point(|row| row.0 < base);
        let end = self.rows.get(after).map_or(self.count, |row| row.1);
        // The last row that begins before the base may have it further on.
        let Some((_, start)) = after.checked_sub(1).and_then(|at| self.rows.get(at)) else {
            return Ok(end);
        };
        let row = self.row(*start)?;
        let before = row.partition_point(|pair| of_bytes(*pair).0 < base);
        Ok(start.saturating_add(before))
    }

    fn at(&self, place: usize) -> Result<Option<Pair>, StoreError> {
        if place >= self.count {
            return Ok(None);
        }
        let after = self.rows.partition_point(|row| row.1 <= place);
        let row = after.checked_sub(1).and_then(|at| self.rows.get(at));
        let start = row.map_or(0, |row| row.1);
        let row = self.row(start)?;
        let pair = place.checked_sub(start).and_then(|at| row.get(at));
        Ok(pair.copied().map(of_bytes))
    }

    /// The pairs of the row that begins at this place.
    fn row(&self, start: usize) -> Result<Row, StoreError> {
        let last = self.last.borrow();
        if last.0 == start && !last.1.is_empty() {
            return Ok(Rc::clone(&last.1));
        }
        drop(last);
        let kept = self.held.borrow_mut().get(&start).map(Rc::clone);
        let row = match kept {
            Some(row) => row,
            None => Rc::new(self.partitions.read(start, &*self.scratch)?.1),
        };
        let bytes = row.len().saturating_mul(PAIR_BYTES);
        self.held.borrow_mut().insert(start, Rc::clone(&row), bytes);
        self.last.replace((start, Rc::clone(&row)));
        Ok(row)
    }
}

fn of_bytes(pair: [u8; PAIR_BYTES]) -> Pair {
    let both = u64::from_be_bytes(pair);
    let number = |half: u64| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default();
    (number(both >> 32), number(both))
}

#[cfg(test)]
mod tests;
