//! Tables of fixed-width numbers and ids inside a stored part, read without copying.
//!
//! Numbers are little-endian: that is the order of wasm, where these tables are read most.

use std::ops::Range;

use gix_hash::ObjectId;

/// Bytes of an object id.
pub(super) const ID_BYTES: usize = 20;

/// The place of one table in a part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    start: usize,
    rows: usize,
    width: usize,
}

impl Column {
    /// Reserves the next `rows` rows of `width` bytes after `end`; `None` on overflow.
    pub(super) fn after(end: &mut usize, rows: u32, width: usize) -> Option<Self> {
        let rows = usize::try_from(rows).ok()?;
        let start = *end;
        *end = rows.checked_mul(width)?.checked_add(start)?;
        Some(Self { start, rows, width })
    }

    /// The bytes of one row.
    pub(super) fn row(self, part: &[u8], row: usize) -> Option<&[u8]> {
        if row >= self.rows {
            return None;
        }
        let start = row.checked_mul(self.width)?.checked_add(self.start)?;
        part.get(start..start.checked_add(self.width)?)
    }

    /// The bytes of one row of `N`.
    pub(super) fn array<const N: usize>(self, part: &[u8], row: u32) -> Option<[u8; N]> {
        self.row(part, usize::try_from(row).ok()?)?.try_into().ok()
    }

    /// The number in one row of at most 4 bytes.
    pub(super) fn u32(self, part: &[u8], row: u32) -> Option<u32> {
        let bytes = self.row(part, usize::try_from(row).ok()?)?;
        let mut number = [0; 4];
        number.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(u32::from_le_bytes(number))
    }

    /// The id in one row of [`ID_BYTES`].
    pub(super) fn id(self, part: &[u8], row: u32) -> Option<ObjectId> {
        let bytes = self.row(part, usize::try_from(row).ok()?)?;
        ObjectId::try_from(bytes).ok()
    }

    /// The bytes of some rows of the table in the part.
    pub(super) fn range(self, rows: Range<u32>) -> Option<Range<usize>> {
        let at = |row: u32| {
            let row = usize::try_from(row).ok()?;
            row.checked_mul(self.width)?.checked_add(self.start)
        };
        let range = at(rows.start)?..at(rows.end)?;
        (rows.end <= self.rows()).then_some(range)
    }

    /// A table of these rows, in bytes that hold nothing else.
    pub(super) fn alone(self, rows: u32) -> Option<Self> {
        Self::after(&mut 0, rows, self.width)
    }

    /// Bytes of a row.
    pub(super) fn width(self) -> usize {
        self.width
    }

    /// Rows of the table.
    pub(super) fn rows(self) -> u32 {
        u32::try_from(self.rows).unwrap_or(u32::MAX)
    }
}

/// The number at byte `at`.
pub(super) fn u32_at(part: &[u8], at: usize) -> Option<u32> {
    let bytes = part.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
