//! Bytes in several pieces, which read as one run.
//!
//! The index of a large pack has some 20 MB. The heap of wasm never shrinks and soon has no gap of
//! that size; pieces fit into small gaps.

use std::ops::Range;
use std::rc::Rc;

/// Bytes shared without copying; an isolate has one thread.
pub type Shared = Rc<Vec<u8>>;

/// Bytes shared without copying, in pieces of any sizes.
#[derive(Debug, Clone)]
pub struct Pieces {
    all: Rc<[Piece]>,
    /// No piece has more than 2 to the power of this many bytes.
    shift: u32,
    len: usize,
}

#[derive(Debug)]
struct Piece {
    /// Bytes in the pieces before.
    start: usize,
    bytes: Shared,
}

impl Pieces {
    /// The bytes of all pieces, in order.
    pub fn new(pieces: impl IntoIterator<Item = Shared>) -> Self {
        let mut len = 0;
        let mut longest = 1;
        let mut placed = Vec::new();
        for bytes in pieces {
            if !bytes.is_empty() {
                let start = len;
                len += bytes.len();
                longest = longest.max(bytes.len());
                placed.push(Piece { start, bytes });
            }
        }
        Self {
            all: placed.into(),
            shift: usize::BITS - (longest - 1).leading_zeros(),
            len,
        }
    }

    /// Bytes in all pieces.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory that the pieces take.
    pub fn held_bytes(&self) -> usize {
        self.all.iter().map(|piece| piece.bytes.capacity()).sum()
    }

    /// The pieces, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Shared> + '_ {
        self.all.iter().map(|piece| &piece.bytes)
    }

    /// The starts of the pieces, except the first.
    pub(crate) fn seams(&self) -> impl Iterator<Item = usize> + '_ {
        self.all.iter().skip(1).map(|piece| piece.start)
    }

    /// The `N` bytes from `at` on, where there are as many in one piece.
    pub fn array<const N: usize>(&self, at: usize) -> Option<&[u8; N]> {
        // The piece if all had the size of the largest; where most have nearly that, it mostly is.
        let piece = self.all.get(self.earliest(at))?;
        let found = piece.from(at).and_then(<[u8]>::first_chunk);
        if found.is_some() {
            return found;
        }
        self.piece_with(at)?.from(at)?.first_chunk()
    }

    /// The bytes of a range, where they are in one piece.
    pub fn run(&self, range: Range<usize>) -> Option<&[u8]> {
        let rest = self.piece_with(range.start)?.from(range.start)?;
        rest.get(..range.len())
    }

    /// A copy of the bytes of a range; `None` if some of them are not here.
    pub(crate) fn copied(&self, range: Range<usize>) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(range.len());
        self.copy(range, &mut bytes)?;
        Some(bytes)
    }

    /// Appends the bytes of a range to `out`; `None` if there are not as many.
    pub(crate) fn copy(&self, range: Range<usize>, out: &mut Vec<u8>) -> Option<()> {
        let mut at = range.start;
        while at < range.end {
            let here = self.piece_with(at)?.from(at)?;
            let here = here.get(..range.end.saturating_sub(at)).unwrap_or(here);
            if here.is_empty() {
                return None;
            }
            out.extend_from_slice(here);
            at = at.saturating_add(here.len());
        }
        Some(())
    }

    /// The bytes in one run: a copy, unless they are in one piece.
    pub fn whole(&self) -> Shared {
        match &*self.all {
            [only] => Rc::clone(&only.bytes),
            pieces => {
                let mut whole = Vec::with_capacity(self.len);
                for piece in pieces {
                    whole.extend_from_slice(&piece.bytes);
                }
                Rc::new(whole)
            }
        }
    }

    /// The piece that the byte is in, or the last.
    fn piece_with(&self, at: usize) -> Option<&Piece> {
        let mut number = self.earliest(at);
        let mut piece = self.all.get(number)?;
        while let Some(next) = self.all.get(number + 1)
            && next.start <= at
        {
            piece = next;
            number += 1;
        }
        Some(piece)
    }

    /// The number of the earliest piece that the byte can be in.
    fn earliest(&self, at: usize) -> usize {
        at.wrapping_shr(self.shift)
    }
}

impl Piece {
    /// The bytes from `at` on, counted over all pieces.
    fn from(&self, at: usize) -> Option<&[u8]> {
        self.bytes.get(at.checked_sub(self.start)?..)
    }
}

impl From<Shared> for Pieces {
    fn from(bytes: Shared) -> Self {
        Self::new([bytes])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_read_as_the_run_that_they_are(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..9),
        ) {
            let run = pieces.concat();
            let pieces = Pieces::new(pieces.into_iter().map(Rc::new));
            prop_assert_eq!((pieces.len(), pieces.is_empty()), (run.len(), run.is_empty()));
            prop_assert_eq!(&*pieces.whole(), &run);
            let seams: Vec<usize> = pieces.seams().collect();
            for at in (0..=run.len() + 3).chain([usize::MAX]) {
                let rest = run.get(at..).unwrap_or_default();
                prop_assert_eq!(pieces.array::<1>(at), rest.first_chunk());
                let is_split = seams.iter().any(|&seam| at < seam && seam - at < 20);
                let expected = rest.first_chunk().filter(|_| !is_split);
                prop_assert_eq!(pieces.array::<20>(at), expected);
                for length in [0, 1, 20, 90] {
                    let there = run.get(at..at.saturating_add(length));
                    let mut copied = Vec::new();
                    let is_copied = pieces.copy(at..at.saturating_add(length), &mut copied);
                    let is_empty = at.saturating_add(length) == at;
                    prop_assert_eq!(is_copied.is_some(), there.is_some() || is_empty);
                    if let Some(there) = there {
                        prop_assert_eq!(copied.as_slice(), there);
                    }
                }
                let run = pieces.run(at..at.saturating_add(20));
                prop_assert_eq!(run, expected.map(<[u8; 20]>::as_slice));
            }
        }
    }

    #[test]
    fn one_piece_is_not_copied() {
        let bytes = Rc::new(vec![1, 2, 3]);
        let pieces = Pieces::from(Rc::clone(&bytes));
        assert!(Rc::ptr_eq(&pieces.whole(), &bytes));
        assert_eq!(pieces.held_bytes(), bytes.capacity());
    }
}
