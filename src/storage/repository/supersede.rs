//! Packs stored whole with their parts, and packs put in the place of others: maintenance writes both.

use std::rc::Rc;

use super::part_rows::{deflated_keys, keys};
use super::publication::PackPublication;
use super::store::RepoStore;
use crate::git::graph::made_part::{MadePart, row_bytes_max};
use crate::git::graph::unwritten::{MadeOf, UnwrittenParts};
use crate::git::maintenance::merge::Merged;
use crate::git::pack::entries::EntryTable;
use crate::git::pack::incoming::Received;
use crate::git::pack::index;
use crate::git::store::{PackId, Part, Quarantine as _, StoreError};
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// The new bytes of a part, in rows.
pub trait PartRows {
    /// Calls `put` with each row.
    fn for_each_row(
        &self,
        part: Part,
        put: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;
}

impl PartRows for &[u8] {
    fn for_each_row(
        &self,
        part: Part,
        put: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match part {
            Part::Index => index::rows(self).try_for_each(put),
            _ => self.chunks(row_bytes_max(self.len())).try_for_each(put),
        }
    }
}

impl PartRows for Rc<MadePart> {
    fn for_each_row(
        &self,
        _: Part,
        put: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.rows().try_for_each(|row| put(&row?))
    }
}

impl<D: Database> RepoStore<D> {
    /// Writes the rest of a pack, and its parts; opens it if need be. To be called
    /// in the transaction that publishes it.
    pub fn write_pack(
        &self,
        received: &Received,
        table: &EntryTable,
        graph: &MadePart,
        introduced: &MadePart,
    ) -> Result<PackPublication, StoreError> {
        let pack = self.write_tail(received, table.count())?;
        let made_of = MadeOf {
            table,
            graph,
            introduced,
        };
        let mut unwritten = UnwrittenParts::default();
        let mut put = |part, number, row: &[u8]| self.put_part(pack.pack_id, part, number, row);
        while !unwritten.step(made_of, &mut put)? {}
        Ok(pack)
    }

    /// The same of a pack whose parts are in quarantine already.
    pub(crate) fn write_tail(
        &self,
        received: &Received,
        object_count: u32,
    ) -> Result<PackPublication, StoreError> {
        debug_assert!(
            self.db.in_transaction(),
            "the pack is published in the same step"
        );
        let pack_id = match received.pack_id {
            Some(pack_id) => pack_id,
            None => self.open_pack()?,
        };
        self.put_chunk(pack_id, received.chunk_count, &received.tail)?;
        Ok(PackPublication {
            pack_id,
            pack_bytes: received.pack_bytes,
            object_count,
        })
    }

    /// Writes the last of a merged pack and puts it in the place of its sources, in one
    /// transaction.
    pub fn publish_merged(
        &self,
        merged: &Merged,
        now_ms: i64,
    ) -> Result<PackPublication, StoreError> {
        let Merged {
            received,
            table,
            graph_part,
            introduced_part,
            ..
        } = merged;
        let published = in_transaction(&self.db, || {
            let pack = if merged.has_written_parts {
                self.write_tail(received, table.count())?
            } else {
                self.write_pack(received, table, graph_part, introduced_part)?
            };
            self.supersede(&merged.sources, &pack, now_ms)?;
            Ok(pack)
        });
        self.forget_live_packs();
        published
    }

    /// Makes a quarantined pack live in the place of `sources`, which are superseded: their rows
    /// stay until no running fetch can copy them any more. After an error nothing has changed. An
    /// error too when the sources are not all live, or not neighbours.
    pub fn supersede(
        &self,
        sources: &[PackId],
        merged: &PackPublication,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let swapped = in_transaction(&self.db, || {
            let (first_seq, last_seq, published_at) = self.neighbours(sources)?;
            self.check_quarantined(merged.pack_id)?;
            let sql = "UPDATE pack SET state = 'superseded', superseded_at = ?1
                WHERE state = 'live' AND publish_seq BETWEEN ?2 AND ?3";
            let params = [now_ms.into(), first_seq.into(), last_seq.into()];
            self.db.execute(sql, &params)?;
            self.set_live(merged, last_seq, published_at)
        });
        self.forget_live_packs();
        swapped
    }

    /// Removes a pack that is in quarantine still; one that is live stays.
    pub fn abandon_pack(&self, pack_id: PackId) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.check_quarantined(pack_id)?;
            self.remove_pack(pack_id)
        })
    }

    /// The first and the last place of packs that stand next to each other, and when the latest of
    /// them was published.
    fn neighbours(&self, packs: &[PackId]) -> Result<(i64, i64, i64), StoreError> {
        let sql = "SELECT pack_id, publish_seq, published_at FROM pack
            WHERE state = 'live' ORDER BY publish_seq";
        let live = query_all(&self.db, sql, &[], |row| {
            Ok((row.unsigned32(0)?, row.integer(1)?, row.integer(2)?))
        })?;
        let first = live
            .iter()
            .position(|row| Some(PackId(row.0)) == packs.first().copied());
        let found = first.and_then(|first| live.get(first..first.checked_add(packs.len())?));
        let same = |rows: &&[(u32, i64, i64)]| {
            rows.iter()
                .map(|row| PackId(row.0))
                .eq(packs.iter().copied())
        };
        let changed = || StoreError::Failed("the packs to replace have changed".to_owned());
        let found = found.filter(same).ok_or_else(changed)?;
        let published_at = found.iter().map(|row| row.2).max();
        match (found.first(), found.last(), published_at) {
            (Some(first), Some(last), Some(published_at)) => Ok((first.1, last.1, published_at)),
            _ => Err(changed()),
        }
    }

    /// Exchanges parts of live packs, all or none.
    pub fn replace_parts<R: PartRows>(
        &self,
        parts: &[(PackId, Part, R)],
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            for (pack_id, part, rows) in parts {
                let (pack_id, part) = (*pack_id, *part);
                let sql = "DELETE FROM pack_part WHERE part_key >= ?1 AND part_key < ?2";
                for keys in [keys(pack_id, part), deflated_keys(pack_id, part)] {
                    let bounds = [Value::Integer(keys.start), Value::Integer(keys.end)];
                    self.db.execute(sql, &bounds)?;
                }
                let mut number = 0;
                rows.for_each_row(part, &mut |row| {
                    self.put_part(pack_id, part, number, row)?;
                    number = number.saturating_add(1);
                    Ok(())
                })?;
            }
            Ok::<_, StoreError>(())
        })?;
        for (pack_id, ..) in parts {
            self.forget_pack(*pack_id);
        }
        Ok(())
    }

    /// The next time at which the sweeper has something to do; `None` when nothing waits for it.
    /// Packs in `in_progress` are not looked at.
    pub fn sweep_due(
        &self,
        grace_ms: i64,
        superseded_grace_ms: i64,
        is_in_progress: impl Fn(PackId) -> bool,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT pack_id, state = 'superseded', coalesce(superseded_at, created_at)
            FROM pack WHERE state <> 'live'";
        let waiting = query_all(&self.db, sql, &[], |row| {
            Ok((PackId(row.unsigned32(0)?), row.truth(1)?, row.integer(2)?))
        })?;
        let due = waiting.into_iter().filter(|row| !is_in_progress(row.0));
        let due = due.map(|(_, superseded, since)| {
            since.saturating_add(if superseded {
                superseded_grace_ms
            } else {
                grace_ms
            })
        });
        Ok(due.min())
    }

    /// Packs that are not live: in quarantine, or superseded.
    pub(crate) fn waiting_packs(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM pack WHERE state <> 'live'";
        Ok(query_first(&self.db, sql, &[], |row| row.unsigned(0))?.unwrap_or(0))
    }

    /// The number of the last reflog entry; 0 if the reflog is empty.
    pub fn last_reflog_seq(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM reflog";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(0))
    }
}
