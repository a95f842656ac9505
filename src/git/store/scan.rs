//! A part of a stored pack that is read once from end to end, or nearly in that order: some windows of
//! it are in memory, and the bytes read are kept for nobody else.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use super::{PackId, PackRecord, PackStore, Part, PartReader, Pieces, Shared, StoreError};

/// Bytes of a window.
const WINDOW_BYTES: usize = 64 << 10;

/// Windows in memory: two readers at different places, and an item across a border.
const WINDOWS: usize = 4;

/// Bytes that a part has for each object, about: from this a small pack is known without a question.
const BYTES_AN_OBJECT: usize = 48;

/// The part.
pub(crate) struct ScannedPart {
    pack_id: PackId,
    part: Part,
    len: usize,
    source: Source,
    windows: RefCell<Windows>,
}

enum Source {
    /// It is small, or the store does not read it by ranges.
    Whole(Pieces),
    Ranges(Rc<dyn PartReader>),
}

#[derive(Default)]
struct Windows {
    held: [Option<(usize, Shared)>; WINDOWS],
    next: usize,
}

impl ScannedPart {
    /// A part of a stored pack.
    pub(crate) fn open<S: PackStore + ?Sized>(
        store: &S,
        record: &PackRecord,
        part: Part,
    ) -> Result<Self, StoreError> {
        let pack_id = record.pack_id;
        let objects = usize::try_from(record.object_count).unwrap_or(usize::MAX);
        let reader = store.part_scanner(pack_id);
        let is_large = |reader: &Rc<dyn PartReader>| {
            objects.saturating_mul(BYTES_AN_OBJECT) >= reader.paged_bytes_min()
        };
        if let Some(reader) = reader.filter(is_large)
            && let Some(scanned) = Self::by_ranges(pack_id, part, reader)?
        {
            return Ok(scanned);
        }
        let whole = match part {
            Part::Index => store.index(pack_id)?,
            _ => store.part(pack_id, part)?.into(),
        };
        Ok(Self::new(pack_id, part, whole.len(), Source::Whole(whole)))
    }

    /// The same by a reader; `None` if that does not read it by ranges.
    pub(crate) fn by_ranges(
        pack_id: PackId,
        part: Part,
        reader: Rc<dyn PartReader>,
    ) -> Result<Option<Self>, StoreError> {
        let len = reader.part_len(pack_id, part)?;
        Ok(len.map(|len| Self::new(pack_id, part, len, Source::Ranges(reader))))
    }

    fn new(pack_id: PackId, part: Part, len: usize, source: Source) -> Self {
        Self {
            pack_id,
            part,
            len,
            source,
            windows: RefCell::default(),
        }
    }

    /// Whether all of it is in memory.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.source, Source::Whole(_))
    }

    /// Bytes of the part.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The pack.
    pub(crate) fn pack_id(&self) -> PackId {
        self.pack_id
    }

    /// The `N` bytes at `at`.
    pub(crate) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], StoreError> {
        if let Source::Whole(pieces) = &self.source
            && let Some(found) = pieces.array(at)
        {
            return Ok(*found);
        }
        if let Some(found) = self.windows.borrow().run(at).and_then(<[u8]>::first_chunk) {
            return Ok(*found);
        }
        let mut bytes = Vec::with_capacity(N);
        self.read(at..at.saturating_add(N), &mut bytes)?;
        bytes.first_chunk().copied().ok_or_else(|| self.corrupt())
    }

    /// Appends the bytes of a range to `out`.
    pub(crate) fn read(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        if range.end > self.len {
            return Err(self.corrupt());
        }
        let reader = match &self.source {
            Source::Whole(pieces) => {
                let copied = pieces.copy(range, out);
                return copied.ok_or_else(|| self.corrupt());
            }
            Source::Ranges(reader) => reader,
        };
        let mut at = range.start;
        while at < range.end {
            let wanted = range.end.saturating_sub(at);
            let taken = self.windows.borrow().run(at).map(|run| {
                let run = run.get(..wanted).unwrap_or(run);
                out.extend_from_slice(run);
                run.len()
            });
            match taken {
                Some(taken) => at = at.saturating_add(taken),
                None => self.load(reader, at)?,
            }
        }
        Ok(())
    }

    /// Reads the window that the byte is in.
    fn load(&self, reader: &Rc<dyn PartReader>, at: usize) -> Result<(), StoreError> {
        let start = at - at % WINDOW_BYTES;
        let end = start.saturating_add(WINDOW_BYTES).min(self.len);
        let read = reader.part_range(self.pack_id, self.part, start..end)?;
        let read = read.filter(|read| read.len() == end.saturating_sub(start));
        let read = read.filter(|read| !read.is_empty());
        let window = (start, read.ok_or_else(|| self.corrupt())?);
        self.windows.borrow_mut().put(window);
        Ok(())
    }

    /// The error that names the part.
    pub(crate) fn corrupt(&self) -> StoreError {
        StoreError::Corrupt {
            what: match self.part {
                Part::Index => "index",
                Part::Graph => "commit graph",
                Part::Introduced => "introduced lists",
            },
            pack: self.pack_id.0,
        }
    }
}

impl Windows {
    /// The bytes from `at` on that are in a window.
    fn run(&self, at: usize) -> Option<&[u8]> {
        let run = |window: &'_ (usize, Shared)| at.checked_sub(window.0);
        self.held.iter().flatten().find_map(|window| {
            let rest = window.1.get(run(window)?..)?;
            (!rest.is_empty()).then_some(rest)
        })
    }

    fn put(&mut self, window: (usize, Shared)) {
        let next = self.next % WINDOWS;
        if let Some(slot) = self.held.get_mut(next) {
            *slot = Some(window);
        }
        self.next = next.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Ranges;
    use super::*;

    const PACK: PackId = PackId(3);

    fn scanned(bytes: &[u8]) -> ScannedPart {
        let ranges = Rc::new(Ranges::new(bytes.to_vec()));
        ScannedPart::by_ranges(PACK, Part::Graph, ranges)
            .unwrap()
            .unwrap()
    }

    #[test]
    fn any_range_is_what_the_whole_part_has() {
        let bytes: Vec<u8> = (0..3 * WINDOW_BYTES + 1_000)
            .map(|at| u8::try_from(at * 7 % 251).unwrap())
            .collect();
        let part = scanned(&bytes);
        assert_eq!(part.len(), bytes.len());
        for start in [0, 5, WINDOW_BYTES - 3, 2 * WINDOW_BYTES, bytes.len() - 9] {
            for length in [0, 1, 9, 70_000] {
                let Some(expected) = bytes.get(start..start + length) else {
                    continue;
                };
                let mut read = Vec::new();
                part.read(start..start + length, &mut read).unwrap();
                assert!(read == expected, "{start}, {length}");
            }
            assert_eq!(
                part.array::<8>(start).unwrap().as_slice(),
                &bytes[start..start + 8]
            );
        }
    }

    #[test]
    fn bytes_behind_the_end_are_an_error() {
        let part = scanned(&[1; 100]);
        assert!(part.array::<8>(93).is_err());
        assert!(part.read(0..101, &mut Vec::new()).is_err());
        assert!(part.array::<8>(usize::MAX - 3).is_err());
    }
}
