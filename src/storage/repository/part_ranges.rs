//! Ranges of a pack's parts, read without the rest.
//!
//! The writer of a part chose the length of its rows: those of an index that an earlier
//! version wrote have 1 MiB. So their ends are read first, once for an isolate. SQLite knows the
//! length of a row without reading its bytes. A deflated row is inflated for the range, unless it
//! is long: then the part is read whole.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::packs::{part_key, part_name};
use super::part_rows::{DEFLATED, LENGTH_BYTES, deflated_keys, inflate, keys};
use super::parts::Parts;
use crate::git::store::{PAGED_ROW_BYTES_MAX, PackId, Part, Shared, StoreError};
use crate::storage::db::cache::Piece;
use crate::storage::db::sql::{Database, query_all, query_first};

#[cfg(test)]
mod tests;

/// Bytes of an end as it is kept.
const END_BYTES: usize = 8;

impl<D: Database> Parts<D> {
    /// The bytes of a range; `None` if the part has deflated rows that are too long to be inflated
    /// for a range.
    pub(super) fn read_part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let corrupt = StoreError::Corrupt {
            what: part_name(part),
            pack: pack_id.0,
        };
        let ends = self.part_row_ends(pack_id, part)?;
        let (ends, _) = ends.as_chunks::<END_BYTES>();
        let end_of = |row: usize| ends.get(row).copied().map(u64::from_be_bytes);
        if ends.is_empty() {
            return Ok(None);
        }
        let wanted = range.len();
        let (mut at, end) = (range.start as u64, range.end as u64);
        let mut row = ends.partition_point(|end| u64::from_be_bytes(*end) <= at);
        let mut bytes = Vec::new();
        while at < end {
            let row_start = row.checked_sub(1).and_then(end_of).unwrap_or(0);
            let row_end = end_of(row).ok_or_else(|| corrupt.clone())?;
            let length = end.min(row_end).saturating_sub(at);
            let number = u32::try_from(row).unwrap_or(u32::MAX);
            if length == 0 {
                row = row.saturating_add(1);
                continue;
            }
            let piece = self.part_row_range(
                part_key(pack_id, part, number),
                at.saturating_sub(row_start),
                length,
            )?;
            let piece = piece.filter(|piece| piece.len() as u64 == length);
            let piece = piece.ok_or_else(|| corrupt.clone())?;
            if bytes.is_empty() && piece.len() == wanted {
                bytes = piece;
            } else {
                // Once and for all: memory never shrinks, so a buffer that grows costs twice.
                bytes.reserve_exact(wanted.saturating_sub(bytes.len()));
                bytes.extend_from_slice(&piece);
            }
            at = at.saturating_add(length);
            row = row.saturating_add(1);
        }
        Ok(Some(bytes))
    }

    /// Bytes of the part; `None` if its rows are not read by ranges.
    pub(super) fn part_len(
        &self,
        pack_id: PackId,
        part: Part,
    ) -> Result<Option<usize>, StoreError> {
        let ends = self.part_row_ends(pack_id, part)?;
        let last = ends.last_chunk::<END_BYTES>().copied();
        Ok(last.and_then(|end| usize::try_from(u64::from_be_bytes(end)).ok()))
    }

    /// Where each row of the part ends; empty if it has long deflated rows.
    fn part_row_ends(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        let piece = Piece::PartRowEnds(part);
        if let Some(kept) = self.lease.get(pack_id, piece) {
            return Ok(kept.whole());
        }
        let ends = Rc::new(self.read_part_row_ends(pack_id, part)?);
        self.lease.put(pack_id, piece, Rc::clone(&ends).into());
        Ok(ends)
    }

    fn read_part_row_ends(&self, pack_id: PackId, part: Part) -> Result<Vec<u8>, StoreError> {
        let (what, pack) = (part_name(part), pack_id.0);
        let corrupt = StoreError::Corrupt { what, pack };
        let mut lengths = self.whole_row_lengths(pack_id, part)?;
        for (number, length) in self.deflated_row_lengths(pack_id, part)? {
            let length = length.ok_or_else(|| corrupt.clone())?;
            if length > PAGED_ROW_BYTES_MAX as u64 {
                return Ok(Vec::new());
            }
            lengths.insert(number, length);
        }
        if lengths.is_empty() {
            return Err(StoreError::Missing { what, pack });
        }
        let (mut ends, mut end) = (Vec::new(), 0_u64);
        for (expected, (number, length)) in (0..).zip(lengths) {
            if number != expected {
                return Err(corrupt);
            }
            end = end.saturating_add(length);
            ends.extend_from_slice(&end.to_be_bytes());
        }
        Ok(ends)
    }

    /// The lengths of the rows that are as they are, by number.
    fn whole_row_lengths(
        &self,
        pack_id: PackId,
        part: Part,
    ) -> Result<BTreeMap<i64, u64>, StoreError> {
        let keys = keys(pack_id, part);
        let sql = "SELECT part_key, length(bytes) FROM pack_part
            WHERE part_key >= ?1 AND part_key < ?2 ORDER BY part_key";
        let bounds = [keys.start.into(), keys.end.into()];
        let rows = query_all(&self.db, sql, &bounds, |row| {
            let number = row.integer(0)?.saturating_sub(keys.start);
            Ok((number, row.unsigned(1)?))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The lengths of the contents of the deflated rows, by number; `None` of a damaged one.
    fn deflated_row_lengths(
        &self,
        pack_id: PackId,
        part: Part,
    ) -> Result<Vec<(i64, Option<u64>)>, StoreError> {
        let keys = deflated_keys(pack_id, part);
        let sql = "SELECT part_key, substr(bytes, 1, ?3) FROM pack_part
            WHERE part_key >= ?1 AND part_key < ?2 ORDER BY part_key";
        let head_bytes = i64::try_from(LENGTH_BYTES).unwrap_or(i64::MAX);
        let bounds = [keys.start, keys.end, head_bytes].map(Into::into);
        Ok(query_all(&self.db, sql, &bounds, |row| {
            let number = row.integer(0)?.saturating_sub(keys.start);
            let head = row.blob(1)?;
            let length = head.first_chunk().map(|head| u32::from_be_bytes(*head));
            Ok((number, length.map(u64::from)))
        })?)
    }

    /// So many bytes of a row; `None` if there is no such row, or it is damaged.
    fn part_row_range(
        &self,
        key: i64,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        // A row has 1 MiB at most, so neither number is cut off.
        let number = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        // SQL counts the bytes from 1.
        let sql = "SELECT substr(bytes, ?2 + 1, ?3) FROM pack_part WHERE part_key = ?1";
        let params = [key, number(start), number(length)].map(Into::into);
        let range = query_first(&self.db, sql, &params, |row| row.blob(0))?;
        if range.is_some() {
            return Ok(range);
        }
        let content = self.part_row(key | DEFLATED)?.and_then(|row| inflate(&row));
        Ok(content.and_then(|content| {
            let start = usize::try_from(start).ok()?;
            let end = start.checked_add(usize::try_from(length).ok()?)?;
            content.get(start..end).map(<[u8]>::to_vec)
        }))
    }
}
