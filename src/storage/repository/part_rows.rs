//! The rows of a pack's parts: read one after the other, and deflated if the pack is cold.
//!
//! The database keeps the parts of a cold pack, which take about a sixth of its bytes, or an
//! eighth when deflated. The key of a row says whether it is deflated: `part_key` takes the
//! part's number as it is, or with 8 added for a deflated row. A deflated row has the length of
//! its content (4 bytes, big-endian) and then a zlib stream.

use std::io::{Read as _, Write as _};
use std::ops::{ControlFlow, Range};
use std::rc::Rc;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::packs::{PIECES_MAX, part_key, part_name};
use super::parts::Parts;
use super::store::RepoStore;
use crate::git::store::{PART_ROW_BYTES_MAX, PackId, Part, Pieces, Shared, StoreError};
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_first};

/// Added to a part's key if the row is deflated.
pub(super) const DEFLATED: i64 = 8 << 16;

/// Bytes in front of a deflated row's stream.
pub(super) const LENGTH_BYTES: usize = 4;

/// A row that deflates to more than this many of 8 parts of it stays as it is.
const WORTH_EIGHTHS: usize = 7;

/// The rows of one part.
#[derive(Debug, Default)]
struct PartRows {
    /// Rows that are as they are.
    whole: u64,
    /// Rows that are deflated.
    deflated: u64,
    /// The bytes, when they are in the first row and there is no other.
    only: Option<Vec<u8>>,
}

impl<D: Database> Parts<D> {
    /// The bytes of a part, a piece for each of its rows: taken over without a copy, unless the row
    /// is deflated.
    pub(super) fn read_part(&self, pack_id: PackId, part: Part) -> Result<Pieces, StoreError> {
        let rows = self.part_rows(pack_id, part)?;
        if let Some(only) = rows.only {
            return Ok(Rc::new(only).into());
        }
        let what = part_name(part);
        let pack = pack_id.0;
        let count = rows.whole.saturating_add(rows.deflated);
        if count == 0 {
            return Err(StoreError::Missing { what, pack });
        }
        let mut pieces = Vec::new();
        if rows.deflated == 0 {
            pieces = self.whole_rows(pack_id, part)?;
            if pieces.len() as u64 != count {
                return Err(StoreError::Corrupt { what, pack });
            }
            return Ok(Pieces::new(pieces));
        }
        for number in 0..count {
            let number = u32::try_from(number).ok();
            let piece = number.map(|number| self.part_piece(pack_id, part, number));
            let piece = piece.transpose()?.flatten();
            pieces.push(Rc::new(piece.ok_or(StoreError::Corrupt { what, pack })?));
        }
        Ok(Pieces::new(pieces))
    }

    /// The rows from the first up to one that is missing, none of them deflated.
    fn whole_rows(&self, pack_id: PackId, part: Part) -> Result<Vec<Shared>, StoreError> {
        let keys = keys(pack_id, part);
        let sql = "SELECT part_key, bytes FROM pack_part
            WHERE part_key >= ?1 AND part_key < ?2 ORDER BY part_key";
        let (mut pieces, mut next) = (Vec::new(), keys.start);
        self.db
            .query(sql, &[keys.start.into(), keys.end.into()], &mut |row| {
                if row.integer(0)? != next {
                    return Ok(ControlFlow::Break(()));
                }
                next = next.saturating_add(1);
                pieces.push(Rc::new(row.blob(1)?));
                Ok(ControlFlow::Continue(()))
            })?;
        Ok(pieces)
    }

    /// The content of a row; `None` if the row is missing or damaged.
    fn part_piece(
        &self,
        pack_id: PackId,
        part: Part,
        number: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = part_key(pack_id, part, number);
        if let Some(row) = self.part_row(key)? {
            return Ok(Some(row));
        }
        let row = self.part_row(key | DEFLATED)?;
        Ok(row.and_then(|row| inflate(&row)))
    }

    fn part_rows(&self, pack_id: PackId, part: Part) -> Result<PartRows, StoreError> {
        let sql = "WITH whole AS (SELECT count(*) AS rows
                FROM pack_part WHERE part_key >= ?1 AND part_key < ?2),
            deflated AS (SELECT count(*) AS rows
                FROM pack_part WHERE part_key >= ?3 AND part_key < ?4)
            SELECT whole.rows, deflated.rows,
                CASE WHEN whole.rows = 1 AND deflated.rows = 0
                THEN (SELECT bytes FROM pack_part WHERE part_key = ?1) END
            FROM whole, deflated";
        let (whole, deflated) = (keys(pack_id, part), deflated_keys(pack_id, part));
        let bounds = [whole.start, whole.end, deflated.start, deflated.end].map(Into::into);
        let rows = query_first(&self.db, sql, &bounds, |row| {
            Ok(PartRows {
                whole: row.unsigned(0)?,
                deflated: row.unsigned(1)?,
                only: row.blob_or_null(2)?,
            })
        })?;
        Ok(rows.unwrap_or_default())
    }

    pub(super) fn part_row(&self, key: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM pack_part WHERE part_key = ?1";
        Ok(query_first(&self.db, sql, &[key.into()], |row| {
            row.blob(0)
        })?)
    }
}

impl<D: Database> RepoStore<D> {
    /// Deflates the first row of a pack's parts that has a key above `after`, if it gets much
    /// smaller by that; gives its key, and `None` when there are no more.
    pub fn deflate_part_row(
        &self,
        pack_id: PackId,
        after: Option<i64>,
    ) -> Result<Option<i64>, StoreError> {
        let keys = keys(pack_id, Part::Index).start..keys(pack_id, Part::Introduced).end;
        let start = after.map_or(keys.start, |after| after.saturating_add(1));
        let sql = "SELECT part_key, bytes FROM pack_part
            WHERE part_key >= ?1 AND part_key < ?2 ORDER BY part_key LIMIT 1";
        let row = query_first(&self.db, sql, &[start.into(), keys.end.into()], |row| {
            Ok((row.integer(0)?, row.blob(1)?))
        })?;
        let Some((key, row)) = row else {
            return Ok(None);
        };
        if let Some(deflated) = deflate(&row) {
            in_transaction(&self.db, || {
                let sql = "INSERT INTO pack_part (part_key, bytes) VALUES (?1, ?2)";
                let params = [(key | DEFLATED).into(), Value::Blob(&deflated)];
                self.db.execute(sql, &params)?;
                let sql = "DELETE FROM pack_part WHERE part_key = ?1";
                self.db.execute(sql, &[key.into()])
            })?;
        }
        Ok(Some(key))
    }
}

/// The keys of the rows of a part that are as they are.
pub(super) fn keys(pack_id: PackId, part: Part) -> Range<i64> {
    let start = part_key(pack_id, part, 0);
    start..start.saturating_add(i64::from(PIECES_MAX))
}

pub(super) fn deflated_keys(pack_id: PackId, part: Part) -> Range<i64> {
    let Range { start, end } = keys(pack_id, part);
    let deflated = start | DEFLATED;
    deflated..deflated.saturating_add(end - start)
}

/// The row, deflated; `None` when it is not worth it.
fn deflate(row: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(row.len()).ok()?;
    let mut encoder = ZlibEncoder::new(length.to_be_bytes().to_vec(), Compression::default());
    encoder.write_all(row).ok()?;
    let deflated = encoder.finish().ok()?;
    (deflated.len() / WORTH_EIGHTHS < row.len() / 8).then_some(deflated)
}

/// Inflates the content of a row; `None` unless [`deflate`] made it.
pub(super) fn inflate(row: &[u8]) -> Option<Vec<u8>> {
    let (length, stream) = row.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if length > PART_ROW_BYTES_MAX {
        return None;
    }
    let mut bytes = Vec::with_capacity(length);
    let stream = ZlibDecoder::new(stream);
    stream.take(length as u64).read_to_end(&mut bytes).ok()?;
    (bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::packs::PARTS;
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_went() {
        let row: Vec<u8> = (0..200_000_u32)
            .flat_map(|n| (n / 3).to_be_bytes())
            .collect();
        let deflated = deflate(&row).unwrap();
        assert!(deflated.len() < row.len() / 2);
        let back = inflate(&deflated).unwrap();
        assert_eq!((back.capacity(), &back), (row.len(), &row));
        let cut = deflated.split_at(deflated.len() / 2).0;
        assert_eq!(inflate(cut), None);
        assert_eq!(inflate(b"\xff\xff\xff\xff"), None);
    }

    #[test]
    fn a_row_that_does_not_deflate_stays() {
        let mut state = 1_u64;
        let mut noise = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        };
        let row: Vec<u8> = (0..100_000).map(|_| noise()).collect();
        assert_eq!(deflate(&row), None);
        assert_eq!(deflate(b""), None);
    }

    #[test]
    fn deflated_rows_have_keys_of_their_own_in_the_same_pack() {
        for part in PARTS {
            let (whole, deflated) = (keys(PackId(7), part), deflated_keys(PackId(7), part));
            assert_eq!(whole.end - whole.start, deflated.end - deflated.start);
            assert!(whole.end <= part_key(PackId(7), Part::Introduced, 0) + (1 << 16));
            assert!(deflated.start > part_key(PackId(7), Part::Introduced, PIECES_MAX - 1));
            assert_eq!((deflated.end - 1) >> 20, 7);
        }
    }
}
