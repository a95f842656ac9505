//! The commits that wait for their parents: a stack, the bottom of which goes to scratch where a history of
//! one line makes it large.

use std::rc::Rc;

use super::super::super::store::StoreError;
use super::super::spool::Spill;

/// A commit that waits. A history of one line has all of its commits waiting at once, so it has 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Its position in the pack; or [`super::OUTSIDE`], and its place among the commits outside it.
    pub(super) place: u32,
    /// Parents that are done.
    pub(super) parents_done: u32,
}

const WAITING_BYTES: usize = 8;

/// Commits of one row of scratch: 128 KiB.
const ROW_COMMITS: usize = 1 << 14;

/// The stack.
#[derive(Debug, Default)]
pub(super) struct Path {
    /// Those at its end: the last two at least, if there are as many.
    top: Vec<Waiting>,
    /// How many rows of scratch the others fill.
    below: usize,
    /// The rows of scratch that it has, in use or not.
    rows: Vec<u32>,
    spill: Option<Rc<Spill>>,
}

impl Path {
    /// Moves its bottom there once it is large.
    pub(super) fn spill_to(&mut self, spill: &Rc<Spill>) {
        self.spill = Some(Rc::clone(spill));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.top.is_empty()
    }

    pub(super) fn last(&self) -> Option<Waiting> {
        self.top.last().copied()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Waiting> {
        self.top.last_mut()
    }

    /// The one before the last.
    pub(super) fn child(&self) -> Option<Waiting> {
        match self.top.as_slice() {
            [.., child, _] => Some(*child),
            _ => None,
        }
    }

    pub(super) fn push(&mut self, waiting: Waiting) -> Result<(), StoreError> {
        if let Some(spill) = &self.spill
            && self.top.len() >= 2 * ROW_COMMITS
        {
            let bottom = self.top.iter().take(ROW_COMMITS).copied();
            let row: Vec<u8> = bottom.flat_map(bytes).collect();
            let number = spill.put(self.rows.get(self.below).copied(), &row)?;
            if self.below == self.rows.len() {
                self.rows.push(number);
            }
            self.below = self.below.saturating_add(1);
            self.top.drain(..ROW_COMMITS);
        }
        self.top.push(waiting);
        Ok(())
    }

    /// Removes the last one. After an error it is there still.
    pub(super) fn pop(&mut self) -> Result<(), StoreError> {
        if self.top.len() <= 2 && self.below > 0 {
            self.load()?;
        }
        self.top.pop();
        Ok(())
    }

    /// Takes all of them, from the end on.
    pub(super) fn take_all(&mut self) -> Result<Vec<Waiting>, StoreError> {
        while self.below > 0 {
            self.load()?;
        }
        Ok(std::mem::take(&mut self.top))
    }

    /// Brings a row back.
    fn load(&mut self) -> Result<(), StoreError> {
        let lost = || StoreError::Failed("scratch: waiting commits are not there".to_owned());
        let below = self.below.checked_sub(1).ok_or_else(lost)?;
        let row = self.rows.get(below).zip(self.spill.as_ref());
        let row = row.map(|(number, spill)| spill.get(*number));
        let row = row.ok_or_else(lost)??;
        let commits = row.as_chunks::<WAITING_BYTES>().0;
        if commits.len() != ROW_COMMITS {
            return Err(lost());
        }
        self.top.splice(..0, commits.iter().copied().map(of_bytes));
        self.below = below;
        Ok(())
    }
}

fn bytes(waiting: Waiting) -> [u8; WAITING_BYTES] {
    (u64::from(waiting.place) << 32 | u64::from(waiting.parents_done)).to_be_bytes()
}

fn of_bytes(bytes: [u8; WAITING_BYTES]) -> Waiting {
    let both = u64::from_be_bytes(bytes);
    let number = |half: u64| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default();
    Waiting {
        place: number(both >> 32),
        parents_done: number(both),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::pack::incoming::testing::MemoryScratch;
    use super::*;

    fn waiting(place: usize) -> Waiting {
        Waiting {
            place: u32::try_from(place).unwrap(),
            parents_done: 3,
        }
    }

    fn path(commits: usize) -> (Path, Rc<MemoryScratch>) {
        let scratch = Rc::new(MemoryScratch::default());
        let mut path = Path::default();
        path.spill_to(&Rc::new(Spill::new(Rc::clone(&scratch) as _)));
        for place in 0..commits {
            path.push(waiting(place)).unwrap();
        }
        (path, scratch)
    }

    #[test]
    fn a_long_path_comes_back_from_scratch_as_it_went_there() {
        let commits = 5 * ROW_COMMITS + 7;
        let (mut path, scratch) = path(commits);
        assert_eq!((path.below, scratch.written.get()), (4, 4));
        let up_and_down = |path: &mut Path, from: usize, to: usize| {
            for place in (to..from).rev() {
                assert_eq!(path.last(), Some(waiting(place)));
                let child = place.checked_sub(1).map(waiting);
                assert_eq!(path.child(), child, "before {place}");
                path.pop().unwrap();
            }
        };
        up_and_down(&mut path, commits, ROW_COMMITS);
        for place in ROW_COMMITS..commits {
            path.push(waiting(place)).unwrap();
        }
        assert_eq!(path.rows.len(), 4, "rows are used again");
        up_and_down(&mut path, commits, 0);
        assert!(path.is_empty());
    }

    #[test]
    fn a_short_path_writes_nothing_and_a_lost_row_is_an_error() {
        let (_, scratch) = path(2 * ROW_COMMITS);
        assert_eq!(scratch.written.get(), 0);
        let (mut path, scratch) = path(4 * ROW_COMMITS);
        scratch.lost.set(Some(1));
        let popped = (0..4 * ROW_COMMITS).find(|_| path.pop().is_err());
        assert!(popped.is_some_and(|popped| popped < 3 * ROW_COMMITS));
        assert!(path.take_all().is_err());
    }
}
