//! Makes a selection into a pack on the wire.
//!
//! The caller pulls the pack item by item. An item is bytes that are made here (the header,
//! rewritten entry headers, the few objects that are compressed again) or an [`Extent`], a run of a
//! stored pack to copy. Entries go out pack by pack in publish order, and within a pack in its own
//! order. Adjacent selected entries are one extent, so a pack that is selected whole is a single
//! item. The caller adds the trailer, because it is the hash of the copied bytes.
//!
//! No delta leaves without its base, and no two deltas build on each other:
//! - Each object is sent once: the copy in the earliest published pack, the first in that pack.
//!   [`PackWriter::new`] exchanges the selected entries for that copy.
//! - A delta is sent as such only when its base is (a) the entry of its own pack that it was
//!   stored on, also sent, or (b) an object sent from an earlier published pack, or (c) at the
//!   client. Otherwise the object goes whole.
//! - So along a chain the pack never gets later. Where it stays the same, the chain is the stored
//!   one, which ended when the push was resolved; packs are finite, so the chain ends: in an
//!   object sent whole or in one that the client has.

use std::collections::VecDeque;

use cairn_deflate::Deflater;
use gix_hash::oid;

use super::super::store::{Extent, PackStore, ReadError};
use super::entries::Base;
use super::entry::{self, EntryKind};
use super::index::{Row, RowRun};
use super::reader::{LivePacks, Location};
use super::selection::Selection;

mod copies;
mod external_bases;
mod offsets;

pub(crate) use copies::FirstCopies;
use external_bases::SentBases;
use offsets::OutputOffsets;

/// Entries that one call visits before it gives out its output: a few milliseconds of work.
const ENTRIES_PER_ITEM_MAX: u32 = 1 << 14;

/// The features that the client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Deltas may have bases that are not in the pack but at the client.
    pub thin: bool,
    /// Deltas may name their base by its distance.
    pub ofs_delta: bool,
}

/// The next part of the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Bytes to send.
    Bytes(Vec<u8>),
    /// Bytes to copy from a stored pack, never none.
    Extent(Extent),
    /// Nothing yet: others may run before the next call.
    Pause,
}

/// The contents of a pack: complete at the end, and a running count before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Objects.
    pub objects: u32,
    /// Objects that were sent as deltas.
    pub deltas: u32,
    /// Objects whose stored bytes were copied, deltas included; the others were compressed again.
    pub reused: u32,
    /// Bytes given out, those of the extents included, without the trailer.
    pub bytes: u64,
}

/// Whether the client certainly has an object, so that a delta may build on it.
pub(crate) type AtClient<'a> = dyn FnMut(&oid) -> Result<bool, ReadError> + 'a;

/// Makes a pack of a selection.
///
/// It does not borrow the packs, so that it can live in a stream. Every call needs the same packs.
pub struct PackWriter {
    selection: Selection,
    options: WriteOptions,
    object_count: u32,
    counts: Counts,
    /// The next entry to look at; `None` after the last.
    next: Option<Location>,
    offsets: OutputOffsets,
    sent_bases: SentBases,
    /// The rows that were read last, and their pack.
    rows: Option<(u32, RowRun)>,
    ready: VecDeque<Item>,
    /// The extent that the next entry may prolong, and the entries in it.
    open: Option<(Extent, u32)>,
    deflater: Option<Deflater>,
    /// Bytes that were compressed.
    deflated_bytes: u64,
}

/// How an entry is sent.
enum Plan {
    /// As it is stored.
    Verbatim,
    /// Its payload as it is stored, behind another header.
    Rewritten {
        kind: EntryKind,
        size_bytes: u64,
        header_bytes: usize,
    },
    /// Resolved and compressed again.
    Whole,
}

impl PackWriter {
    /// Prepares the pack of a selection over these packs. Takes one look-up in the earlier packs
    /// for each object selected in another than the first.
    pub fn new<S: PackStore>(
        packs: &LivePacks<S>,
        mut selection: Selection,
        options: WriteOptions,
    ) -> Result<Self, ReadError> {
        let mut copies = FirstCopies::new(packs, &selection);
        while copies.step(packs, &mut selection)? {}
        Ok(Self::of_first_copies(selection, options))
    }

    /// Prepares the pack of a selection that [`FirstCopies`] has walked.
    pub(crate) fn of_first_copies(selection: Selection, options: WriteOptions) -> Self {
        // A pack of more objects than can be counted would have an index of 200 GB.
        let object_count = u32::try_from(selection.count()).unwrap_or(u32::MAX);
        let header = entry::write_pack(object_count).to_vec();
        Self {
            selection,
            options,
            object_count,
            counts: Counts {
                bytes: header.len() as u64,
                ..Counts::default()
            },
            next: Some(Location {
                pack: 0,
                position: 0,
            }),
            offsets: OutputOffsets::default(),
            sent_bases: SentBases::default(),
            rows: None,
            ready: VecDeque::from([Item::Bytes(header)]),
            open: None,
            deflater: None,
            deflated_bytes: 0,
        }
    }

    /// The same pack from its beginning; no part of it may have been read yet.
    pub(crate) fn twin(&self) -> Self {
        debug_assert_eq!(self.counts.objects, 0, "the pack has begun");
        Self::of_first_copies(self.selection.clone(), self.options)
    }

    /// Objects that the pack will have.
    pub fn object_count(&self) -> u32 {
        self.object_count
    }

    /// Grows with the work of [`PackWriter::next`], beside the count of [`LivePacks::work`] and in its
    /// units.
    pub(crate) fn work(&self) -> u64 {
        self.deflated_bytes / 4 + u64::from(self.counts.objects)
    }

    /// Counts of the entries given out so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The next item of the pack; `None` at its end, where the trailer belongs. After an error it
    /// can be called again, and takes the entry up again that it could not read.
    pub fn next<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        at_client: &mut AtClient<'_>,
    ) -> Result<Option<Item>, ReadError> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            let Some(at) = self.advance() else {
                self.close_extent();
                return Ok(self.ready.pop_front());
            };
            match self.put(packs, at, at_client) {
                Ok(true) => {}
                Ok(false) => {
                    self.next = Some(at);
                    return Ok(Some(Item::Pause));
                }
                Err(error) => {
                    self.next = Some(at);
                    return Err(error);
                }
            }
        }
    }

    /// The next selected entry.
    fn advance(&mut self) -> Option<Location> {
        let mut from = self.next.take()?;
        while from.pack < self.selection.pack_count() {
            if let Some(position) = self.selection.next_from(from.pack, from.position) {
                let at = Location {
                    pack: from.pack,
                    position,
                };
                // Nothing is selected behind the last position: the next pack follows.
                self.next = Some(Location {
                    position: position.saturating_add(1),
                    ..at
                });
                return Some(at);
            }
            from = Location {
                pack: from.pack + 1,
                position: 0,
            };
        }
        None
    }

    /// Puts an entry into the pack; false: it must be put later, as it takes more work.
    fn put<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        at: Location,
        at_client: &mut AtClient<'_>,
    ) -> Result<bool, ReadError> {
        let row = self.row(packs, at)?;
        self.offsets.record(at, row.offset, self.counts.bytes);
        let Some(plan) = self.plan(packs, at, &row, at_client)? else {
            return Ok(false);
        };
        let pack_id = packs.pack_id(at.pack)?;
        let stored_bytes = u64::from(row.stored_bytes);
        match plan {
            Plan::Verbatim => {
                self.copy(Extent {
                    pack_id,
                    offset: row.offset,
                    length: stored_bytes,
                });
            }
            Plan::Rewritten {
                kind,
                size_bytes,
                header_bytes,
            } => {
                let mut header = Vec::new();
                entry::write(&kind, size_bytes, &mut header);
                self.emit(header);
                // `header` found that the entry has as many bytes.
                let skipped = header_bytes as u64;
                let (offset, length) = (row.offset + skipped, stored_bytes - skipped);
                self.copy(Extent {
                    pack_id,
                    offset,
                    length,
                });
            }
            Plan::Whole => {
                let (kind, content) = packs.read_at(at)?;
                let mut bytes = Vec::new();
                entry::write(&EntryKind::Whole(kind), content.len() as u64, &mut bytes);
                let deflater = self.deflater.get_or_insert_with(Deflater::new);
                deflater.append(&content, &mut bytes);
                self.deflated_bytes += content.len() as u64;
                self.emit(bytes);
                self.counts.objects += 1;
                return Ok(true);
            }
        }
        self.counts.objects += 1;
        self.counts.reused += 1;
        self.counts.deltas += u32::from(row.base != Base::None);
        Ok(true)
    }

    /// The index's facts of an entry: entries are asked in order.
    fn row<S: PackStore>(&mut self, packs: &LivePacks<S>, at: Location) -> Result<Row, ReadError> {
        if !packs.is_read_by_runs() {
            return Ok(packs.row(at)?);
        }
        let held = self.rows.as_ref().filter(|(pack, _)| *pack == at.pack);
        if let Some(row) = held.and_then(|(_, rows)| rows.row(at.position)) {
            return Ok(row);
        }
        self.rows = packs.rows_around(at)?.map(|rows| (at.pack, rows));
        Ok(packs.row(at)?)
    }

    /// Decides how an entry is sent; see the top of this file. `None`: later, as more must be looked up.
    fn plan<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        at: Location,
        row: &Row,
        at_client: &mut AtClient<'_>,
    ) -> Result<Option<Plan>, ReadError> {
        // The base's id, and where it is when it is sent.
        let (base_id, sent) = match row.base {
            Base::None => return Ok(Some(Plan::Verbatim)),
            Base::Position(position) => {
                let base = Location {
                    pack: at.pack,
                    position,
                };
                if self.selection.contains(base.pack, base.position) {
                    if self.options.ofs_delta && self.offsets.moved_alike(base, at) {
                        // By distance or by id, the header names the base as it did.
                        return Ok(Some(Plan::Verbatim));
                    }
                    (packs.id(base)?, Some(base))
                } else if at.pack == 0 && !self.options.thin {
                    return Ok(Some(Plan::Whole));
                } else {
                    let base_id = packs.id(base)?;
                    (base_id, self.sent_before(packs, &base_id, at.pack)?)
                }
            }
            Base::External(number) if packs.is_read_by_runs() => {
                let asked = (at.pack, number);
                let is_sent = self.sent_bases.is_sent(packs, &self.selection, asked)?;
                let Some(is_sent) = is_sent else {
                    return Ok(None);
                };
                let is_there = is_sent
                    || (self.options.thin && at_client(&packs.external_base(at.pack, number)?)?);
                let plan = if is_there {
                    Plan::Verbatim
                } else {
                    Plan::Whole
                };
                return Ok(Some(plan));
            }
            Base::External(number) => {
                let base_id = packs.external_base(at.pack, number)?;
                (base_id, self.sent_before(packs, &base_id, at.pack)?)
            }
        };
        if sent.is_none() && !(self.options.thin && at_client(&base_id)?) {
            return Ok(Some(Plan::Whole));
        }
        if matches!(row.base, Base::External(_)) {
            // Stored with the base's id, which is still right.
            return Ok(Some(Plan::Verbatim));
        }
        let header = packs.header(at, row)?;
        if matches!(header.kind, EntryKind::RefDelta { .. }) {
            return Ok(Some(Plan::Verbatim));
        }
        let base = sent.filter(|base| self.options.ofs_delta && *base < at);
        let kind = match base {
            Some(base) => EntryKind::OfsDelta {
                distance: self.distance(packs, base)?,
            },
            None => EntryKind::RefDelta { base_id },
        };
        let (size_bytes, header_bytes) = (header.size_bytes, header.header_bytes);
        Ok(Some(Plan::Rewritten {
            kind,
            size_bytes,
            header_bytes,
        }))
    }

    /// The place of the object, when it is sent from an earlier pack than this one.
    fn sent_before<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        id: &oid,
        pack: u32,
    ) -> Result<Option<Location>, ReadError> {
        let found = packs.find_before(id, pack)?;
        Ok(found.filter(|found| self.selection.contains(found.pack, found.position)))
    }

    /// Bytes from the start of an entry already given out to where the pack now ends.
    fn distance<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        base: Location,
    ) -> Result<u64, ReadError> {
        let offset = self.offsets.output_offset(base, packs.row(base)?.offset);
        debug_assert!(offset < self.counts.bytes, "a base behind its delta");
        Ok(self.counts.bytes.saturating_sub(offset))
    }

    /// Gives out bytes made here.
    fn emit(&mut self, bytes: Vec<u8>) {
        self.close_extent();
        self.counts.bytes += bytes.len() as u64;
        self.ready.push_back(Item::Bytes(bytes));
    }

    /// Gives out stored bytes, together with those before them if they adjoin.
    fn copy(&mut self, extent: Extent) {
        self.counts.bytes += extent.length;
        match &mut self.open {
            Some((open, entries))
                if open.pack_id == extent.pack_id
                    && open.offset + open.length == extent.offset
                    && *entries < ENTRIES_PER_ITEM_MAX =>
            {
                open.length += extent.length;
                *entries += 1;
            }
            _ => {
                self.close_extent();
                self.open = Some((extent, 1));
            }
        }
    }

    fn close_extent(&mut self) {
        if let Some((extent, _)) = self.open.take() {
            self.ready.push_back(Item::Extent(extent));
        }
    }
}
