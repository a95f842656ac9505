//! The objects of an incoming pack: the facts about each, and the content of any of them.
//!
//! Every entry is inflated when it arrives. If the base of a delta is still in the cache, the delta
//! becomes an object at once; the others wait for the resolver. Content that left the cache is made
//! again from the received bytes.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::limits::Limits;
use super::super::super::object::ObjectKind;
use super::super::super::store::{PackStore, Shared};
use super::super::cache::BaseCache;
use super::super::delta;
use super::super::entries::{Base, Entry, EntryTable};
use super::super::inflate::Inflater;
use super::super::parser::error::{PackError, Refusal};
use super::IncomingPack;
use super::bases::ExternalBases;
use super::unhashed::{Unhashed, Unidentified};
use super::work::Work;

/// One object may take at most one of this many parts of the cache. A larger one would push out
/// many objects that are likelier to be needed soon.
const CACHE_PARTS: u64 = 4;

/// Bytes of the largest blob that is noted if the observer does not see it.
const UNSHOWN_BYTES_MAX: u64 = 1 << 20;

/// Sees each object of the pack once, except large blobs, soon after its content becomes known.
pub trait Observer {
    /// Sees a commit, tree or tag: its position, id, kind and content. A refusal ends the push.
    fn object(
        &mut self,
        position: u32,
        id: &ObjectId,
        kind: ObjectKind,
        content: &[u8],
    ) -> Result<(), Refusal>;

    /// Sees a blob that is held whole; the larger ones are never shown.
    fn blob(&mut self, _position: u32, _content: &[u8]) {}
}

impl<F> Observer for F
where
    F: FnMut(u32, &ObjectId, ObjectKind, &[u8]) -> Result<(), Refusal>,
{
    fn object(
        &mut self,
        position: u32,
        id: &ObjectId,
        kind: ObjectKind,
        content: &[u8],
    ) -> Result<(), Refusal> {
        self(position, id, kind, content)
    }
}

/// The source of objects that are not in memory.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Holds the chunks of the incoming pack that are already written.
    pub store: &'a dyn PackStore,
    /// Holds the bases outside the pack.
    pub bases: &'a dyn ExternalBases,
}

/// How far a pack has come, for progress messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries that the header announces.
    pub(crate) objects_announced: u32,
    /// Entries received whole.
    pub(crate) objects_received: u32,
    /// Deltas among them.
    pub deltas: u32,
    /// Deltas made into objects.
    pub(crate) deltas_resolved: u32,
}

/// A pack's bytes, its entries, and the objects made of them.
pub struct IncomingObjects {
    /// The entries, as far as they are known.
    pub table: EntryTable,
    /// The received bytes.
    pub pack: IncomingPack,
    /// How far it has come.
    pub progress: Progress,
    pub(in super::super) inflater: Inflater,
    pub(in super::super) limits: Limits,
    cache: BaseCache<u32>,
    pub(super) unhashed: Unhashed,
    /// Small blobs that the observer did not see: they were made piece by piece, of large ones.
    unshown: Vec<u32>,
    work: Work,
    /// Bytes of the stream, without the appended ones: the work allowed follows from them.
    pub(in super::super) received_bytes: u64,
    /// Bytes appended to it.
    pub(super) appended_bytes: u64,
}

/// The base of a delta at hand, all that recording its result needs.
pub(in super::super) struct BaseAtHand<'a> {
    pub base: Base,
    pub kind: ObjectKind,
    pub depth: u16,
    pub content: &'a [u8],
}

impl Progress {
    /// Deltas that wait for their base.
    pub(crate) fn waiting(&self) -> u32 {
        self.deltas.saturating_sub(self.deltas_resolved)
    }
}

impl IncomingObjects {
    pub(in super::super) fn new(limits: Limits) -> Self {
        Self {
            table: EntryTable::default(),
            pack: IncomingPack::default(),
            progress: Progress::default(),
            inflater: Inflater::new(),
            limits,
            cache: BaseCache::new(limits.base_cache_bytes),
            unhashed: Unhashed::default(),
            unshown: Vec::new(),
            work: Work::default(),
            received_bytes: 0,
            appended_bytes: 0,
        }
    }

    /// Bytes that it holds: the tables and the resolved objects.
    pub(in super::super) fn held_bytes(&self) -> u64 {
        let held = self.table.held_bytes();
        let held = held.saturating_add(self.cache.bytes());
        held.saturating_add(self.unhashed.bytes()) as u64
    }

    /// Empties the cache, and bounds it by `cache_bytes` from now on. Once the last delta is
    /// resolved, others need the memory, and in one piece.
    pub(crate) fn renew_cache(&mut self, cache_bytes: usize) {
        self.cache = BaseCache::new(cache_bytes);
    }

    /// Records a whole object that is held whole.
    pub(in super::super) fn record_whole(
        &mut self,
        position: u32,
        kind: ObjectKind,
        content: Vec<u8>,
        observer: &mut dyn Observer,
    ) -> Result<(), PackError> {
        let content = Rc::new(content);
        self.keep(position, kind, &content);
        self.record(position, kind, 0, content, observer)
    }

    /// Records an object whose id was computed while its content passed by.
    pub(in super::super) fn record_passed(
        &mut self,
        position: u32,
        id: ObjectId,
        kind: ObjectKind,
        size_bytes: u64,
    ) -> Result<(), PackError> {
        let offset = self.entry(position)?.offset;
        let limit = self.limits.object_bytes_max;
        let size = u32::try_from(size_bytes);
        let size_bytes = size.map_err(|_| PackError::ObjectTooLarge {
            offset,
            kind,
            size: size_bytes,
            limit,
        })?;
        if let Some(entry) = self.table.get_mut(position) {
            *entry = Entry {
                id,
                kind: Some(kind),
                size_bytes,
                ..*entry
            };
        }
        Ok(())
    }

    /// Notes an object that was made piece by piece.
    pub(in super::super) fn note_unshown(&mut self, position: u32, size_bytes: u64) {
        if size_bytes <= UNSHOWN_BYTES_MAX {
            self.unshown.push(position);
        }
    }

    /// Blobs of 1 MiB at most that no observer saw.
    pub(crate) fn unshown(&self) -> &[u32] {
        &self.unshown
    }

    /// Whether the object of a delta on this base must be stored whole. A chain that leads to
    /// another pack ends when it is long, or each push would make it longer.
    pub(in super::super) fn ends_chain(&self, base: Base, base_depth: u16) -> bool {
        matches!(base, Base::External(_)) && base_depth >= self.limits.thin_depth_max
    }

    /// Applies a delta to its base at hand and records the object that it makes.
    pub(in super::super) fn record_delta(
        &mut self,
        position: u32,
        base: &BaseAtHand<'_>,
        instructions: &[u8],
        observer: &mut dyn Observer,
    ) -> Result<Shared, PackError> {
        let offset = self.entry(position)?.offset;
        let depth = if self.ends_chain(base.base, base.depth) {
            0
        } else {
            base.depth.saturating_add(1)
        };
        if depth > self.limits.delta_depth_max {
            let limit = self.limits.delta_depth_max;
            return Err(PackError::ChainTooLong { offset, limit });
        }
        let wrong = |source| PackError::Delta { offset, source };
        let (base_size, result_size) = delta::sizes(instructions).map_err(wrong)?;
        for (what, size) in [("base", base_size), ("result", result_size)] {
            check_delta(offset, what, size, self.limits.delta_bytes_max)?;
        }
        self.check_size(offset, base.kind, result_size)?;
        self.charge(result_size)?;
        let content = delta::apply(base.content, instructions, result_size).map_err(wrong)?;
        let content = Rc::new(content);
        if let Some(entry) = self.table.get_mut(position) {
            entry.base = base.base;
        }
        self.record(position, base.kind, depth, Rc::clone(&content), observer)?;
        self.progress.deltas_resolved += 1;
        Ok(content)
    }

    /// Keeps content that a delta may soon build on, if it is small enough.
    pub(in super::super) fn keep(&mut self, position: u32, kind: ObjectKind, content: &Shared) {
        if content.len() as u64 <= self.keep_bytes_max() {
            self.cache.insert(position, kind, Rc::clone(content));
        }
    }

    /// Keeps content that will be needed once more, even if it takes all of the cache.
    pub(in super::super) fn put_aside(&mut self, position: u32, kind: ObjectKind, content: Shared) {
        self.cache.insert(position, kind, content);
    }

    /// The content, if it is kept.
    pub(in super::super) fn kept(&mut self, position: u32) -> Option<(ObjectKind, Shared)> {
        self.cache.get(&position)
    }

    /// Bytes of the largest object that is kept.
    pub(in super::super) fn keep_bytes_max(&self) -> u64 {
        let part = self.limits.base_cache_bytes as u64 / CACHE_PARTS;
        part.min(self.limits.delta_bytes_max)
    }

    /// Refuses a delta that cannot be applied even piece by piece.
    pub(in super::super) fn check_large(
        &self,
        offset: u64,
        what: &'static str,
        size: u64,
    ) -> Result<(), PackError> {
        check_delta(offset, what, size, self.limits.large_delta_bytes_max)
    }

    /// Refuses an object that is larger than its kind may be.
    pub(in super::super) fn check_size(
        &self,
        offset: u64,
        kind: ObjectKind,
        size: u64,
    ) -> Result<(), PackError> {
        let limit = match kind {
            ObjectKind::Blob => self.limits.object_bytes_max,
            _ => self.limits.control_object_bytes_max,
        };
        if size > limit {
            return Err(PackError::ObjectTooLarge {
                offset,
                kind,
                size,
                limit,
            });
        }
        Ok(())
    }

    /// Adds to the work done, which is bounded.
    pub(in super::super) fn charge(&mut self, bytes: u64) -> Result<(), PackError> {
        self.work.charge(bytes, &self.limits, self.received_bytes)
    }

    /// Forgets the work done so far: our own objects may be read again as often as needed.
    pub(crate) fn forget_work(&mut self) {
        self.work = Work::default();
    }

    /// The work done so far, in bytes inflated and bytes made by deltas.
    pub(crate) fn work_bytes(&self) -> u64 {
        self.work.bytes()
    }

    /// The entry at a position that the table must have.
    pub(in super::super) fn entry(&self, position: u32) -> Result<Entry, PackError> {
        match self.table.get(position) {
            Some(entry) => Ok(entry),
            None => self
                .table
                .check()
                .map_err(PackError::from)
                .and(Err(PackError::NoEntry { position })),
        }
    }

    /// Computes the ids of the objects that wait for them, completes their entries, and shows the
    /// objects to the observer. Call it before anything looks at ids: after the last entry, after
    /// the last delta, and before a search by id.
    pub(in super::super) fn hash(&mut self, observer: &mut dyn Observer) -> Result<(), PackError> {
        for (object, id) in std::mem::take(&mut self.unhashed).identified() {
            let Some(entry) = self.table.get_mut(object.position) else {
                continue;
            };
            let offset = entry.offset;
            entry.id = id.map_err(|_| PackError::Collision { offset })?;
            let id = entry.id;
            show(&object, &id, observer)?;
        }
        Ok(())
    }

    /// Completes an object's entry except for its id, which is computed together with others.
    fn record(
        &mut self,
        position: u32,
        kind: ObjectKind,
        depth: u16,
        content: Shared,
        observer: &mut dyn Observer,
    ) -> Result<(), PackError> {
        let no_id = ObjectId::null(gix_hash::Kind::Sha1);
        self.record_passed(position, no_id, kind, content.len() as u64)?;
        if let Some(entry) = self.table.get_mut(position) {
            entry.depth = depth;
        }
        self.unhashed.push(position, kind, content);
        if self.unhashed.is_full() {
            self.hash(observer)?;
        }
        Ok(())
    }
}

/// Shows the observer an object.
fn show(
    object: &Unidentified,
    id: &ObjectId,
    observer: &mut dyn Observer,
) -> Result<(), PackError> {
    let Unidentified {
        position,
        kind,
        content,
    } = object;
    if *kind == ObjectKind::Blob {
        observer.blob(*position, content);
        return Ok(());
    }
    let shown = observer.object(*position, id, *kind, content);
    shown.map_err(|Refusal(reason)| PackError::Refused {
        id: *id,
        kind: *kind,
        reason,
    })
}

/// Refuses a delta that has more bytes than the limit in its base or its result.
fn check_delta(offset: u64, what: &'static str, size: u64, limit: u64) -> Result<(), PackError> {
    if size > limit {
        return Err(PackError::DeltaTooLarge {
            offset,
            what,
            size,
            limit,
        });
    }
    Ok(())
}
