//! The content of an incoming pack's objects, read again from the received bytes.

use std::rc::Rc;

use super::super::super::object::ObjectKind;
use super::super::super::store::{PackStore, ReadError, Shared};
use super::super::delta;
use super::super::entries::{Base, Entry};
use super::super::entry::{self, ENTRY_HEADER_BYTES_MAX, Header};
use super::super::inflate::INPUT_TO_SPARE;
use super::super::parser::error::PackError;
use super::bases::{ExternalBase, ExternalBases};
use super::objects::{IncomingObjects, Sources};
use super::work::WORK_OF_HASHING;

impl IncomingObjects {
    /// The content of a resolved object: kept, or made again from its delta chain.
    ///
    /// For commits, trees and tags, and for blobs that are small enough to be a delta's base.
    pub fn content(
        &mut self,
        position: u32,
        sources: Sources<'_>,
    ) -> Result<(ObjectKind, Shared), PackError> {
        if let Some(kept) = self.kept(position) {
            return Ok(kept);
        }
        // An unresolved delta has no content yet, and its base may not be known.
        self.entry(position)?
            .kind
            .ok_or(PackError::NoEntry { position })?;
        let (mut links, mut at) = (Vec::new(), position);
        let (kind, mut content) = loop {
            if let Some(kept) = self.kept(at) {
                break kept;
            }
            let entry = self.entry(at)?;
            match entry.base {
                Base::None => break self.whole(at, &entry, sources.store)?,
                Base::Position(below) => {
                    links.push(at);
                    at = below;
                }
                Base::External(number) => {
                    links.push(at);
                    let base = self.external(number, sources.bases)?;
                    break (base.kind, base.content);
                }
            }
            // Links only ever lead to entries that were resolved before, so that they end; but a table
            // that is wrong must not hang us.
            if links.len() > usize::from(self.limits.delta_depth_max) {
                let limit = self.limits.delta_depth_max;
                return Err(PackError::ChainTooLong {
                    offset: entry.offset,
                    limit,
                });
            }
        };
        while let Some(link) = links.pop() {
            content = self.remake(link, &content, sources.store)?;
            self.keep(link, kind, &content);
        }
        Ok((kind, content))
    }

    /// The content of an object that was resolved before, made again from its base.
    pub(in super::super) fn remake(
        &mut self,
        position: u32,
        base: &[u8],
        store: &dyn PackStore,
    ) -> Result<Shared, PackError> {
        let offset = self.entry(position)?.offset;
        let mut instructions = Vec::new();
        self.inflate_entry(position, &mut instructions, store)?;
        let content = delta::apply(base, &instructions, self.limits.delta_bytes_max)
            .map_err(|source| PackError::Delta { offset, source })?;
        // Nothing is hashed again, which is most of the work on an object.
        self.charge(content.len() as u64 / WORK_OF_HASHING)?;
        Ok(Rc::new(content))
    }

    /// The object outside the pack with this number in the table.
    pub(in super::super) fn external(
        &self,
        number: u32,
        bases: &dyn ExternalBases,
    ) -> Result<ExternalBase, PackError> {
        let id = self.table.base_id(Base::External(number));
        let id = id.ok_or(PackError::NoEntry { position: number })?;
        let base = bases.base(&id)?;
        base.ok_or(PackError::Base(ReadError::Corrupt {
            id,
            what: "the base is gone",
        }))
    }

    /// Inflates an entry from the received bytes onto the end of `content`.
    pub(in super::super) fn inflate_entry(
        &mut self,
        position: u32,
        content: &mut Vec<u8>,
        store: &dyn PackStore,
    ) -> Result<(), PackError> {
        let (header, mut at, end) = self.stored_entry(position, store)?;
        let (offset, end) = (at, end.saturating_add(INPUT_TO_SPARE));
        self.charge(header.size_bytes)?;
        self.inflater.start(header.size_bytes);
        loop {
            let run = self.pack.run(at, end.saturating_sub(at), store)?;
            let step = self
                .inflater
                .append_to(content, run)
                .map_err(|source| PackError::Inflate { offset, source })?;
            at += step.consumed as u64;
            if step.done {
                return Ok(());
            }
        }
    }

    /// The header of an entry as received, where its deflated bytes start, and where they end.
    pub(in super::super) fn stored_entry(
        &mut self,
        position: u32,
        store: &dyn PackStore,
    ) -> Result<(Header, u64, u64), PackError> {
        let Entry {
            offset,
            stored_bytes,
            ..
        } = self.entry(position)?;
        let end = offset + u64::from(stored_bytes);
        let first = ENTRY_HEADER_BYTES_MAX.min(stored_bytes as usize);
        let header = entry::parse(&self.pack.read(offset, first, store)?)
            .map_err(|source| PackError::Entry { offset, source })?
            .ok_or(PackError::NoEntry { position })?;
        Ok((header, offset + header.header_bytes as u64, end))
    }

    /// Inflates a piece of the entry whose next deflated bytes are at `at`; gives it, and whether
    /// it was the last.
    pub(in super::super) fn inflate_piece(
        &mut self,
        at: &mut u64,
        end: u64,
        store: &dyn PackStore,
    ) -> Result<(Vec<u8>, bool), PackError> {
        let run = self.pack.run(*at, end.saturating_sub(*at), store)?;
        let (step, piece) = self
            .inflater
            .next_piece(run)
            .map_err(|source| PackError::Inflate {
                offset: *at,
                source,
            })?;
        *at += step.consumed as u64;
        Ok((piece.to_vec(), step.done))
    }

    /// Reads a whole object, to be the base of a delta.
    fn whole(
        &mut self,
        position: u32,
        entry: &Entry,
        store: &dyn PackStore,
    ) -> Result<(ObjectKind, Shared), PackError> {
        let kind = entry.kind.ok_or(PackError::NoEntry { position })?;
        let Entry {
            offset, size_bytes, ..
        } = *entry;
        let (size, limit) = (u64::from(size_bytes), self.limits.delta_bytes_max);
        if size > limit {
            return Err(PackError::DeltaTooLarge {
                offset,
                what: "base",
                size,
                limit,
            });
        }
        let mut content = Vec::new();
        self.inflate_entry(position, &mut content, store)?;
        let content = Rc::new(content);
        self.keep(position, kind, &content);
        Ok((kind, content))
    }
}
