//! Objects made here, written as a pack into quarantine: the intake parses and checks them as it does
//! those of a push.

use std::rc::Rc;

use gix_hash::ObjectId;

use crate::git::edit::new_objects::NewObjects;
use crate::git::edit::packing::Packing;
use crate::git::hash::WholeObject;
use crate::git::limits::Limits;
use crate::git::object::fsck::Strictness;
use crate::git::store::{PackId, Quarantine as _};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::intake::arrival::ArrivingPack;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::hooks::Unwatched;
use crate::repo_do::intake::memory::PackMemory;
use crate::repo_do::intake::new_pack::NewPack;
use crate::repo_do::intake::quarantine::{Discarding, QuarantinedPack};
use crate::repo_do::receive::by_rest::Writer;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::quota::Bound;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::store::Store;

/// Bytes of the pack that are handed on at once.
const PIECE_BYTES: usize = 64 << 10;

/// Bytes of content that are compressed and parsed between two pauses: about 20 ms of CPU.
const STEP_BYTES: u64 = 1 << 20;

/// A pack under way. Dropped before it is finished, it leaves nothing in quarantine.
pub(crate) struct PackMaker {
    packing: Packing,
    arriving: ArrivingPack,
    memory: PackMemory,
    /// The bound on bytes by which it is cut off, if there is one.
    bound: Option<Bound>,
    store: Rc<Store>,
    quarantine: Discarding,
    out: Vec<u8>,
    /// Bytes of content since the last pause.
    unpaused_bytes: u64,
}

impl PackMaker {
    /// Begins a pack of this many objects. The caller holds `beside_bytes` meanwhile.
    pub(crate) async fn begin(
        writer: &Writer<'_>,
        object_count: u32,
        beside_bytes: u64,
    ) -> Result<Self, ErrorReply> {
        let mut memory = PackMemory::of_client();
        memory.hold_beside(beside_bytes).await?;
        let quarantined = QuarantinedPack::new(Rc::clone(writer.object), Rc::clone(writer.store));
        let strictness = Strictness::of(writer.authorized.record.fsck_strict);
        let mut out = Vec::new();
        let Authorized { quota, record, .. } = writer.authorized;
        let bound = quota.bound(writer.store, record)?;
        let mut limits = Limits::DEFAULT;
        if let Some(bound) = bound {
            limits.pack_bytes_max = bound.pack_bytes_max(limits.pack_bytes_max);
        }
        Ok(Self {
            packing: Packing::new(object_count, &mut out),
            arriving: ArrivingPack::new(limits, strictness)
                .searching_for_secrets(record.settings.push_protection),
            memory,
            bound,
            store: Rc::clone(writer.store),
            quarantine: Discarding::new(quarantined),
            out,
            unpaused_bytes: 0,
        })
    }

    /// Writes an object that is held whole.
    pub(crate) async fn put(&mut self, object: WholeObject<'_>) -> Result<(), ErrorReply> {
        self.packing.put(object, &mut self.out);
        self.passed(object.content.len()).await
    }

    /// Begins a blob of this many bytes; its zlib stream follows by [`Self::write`].
    pub(crate) fn open_blob(&mut self, size_bytes: u64) {
        self.packing.open_blob(size_bytes, &mut self.out);
    }

    /// Writes the next bytes of the pack as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), ErrorReply> {
        self.packing.write(bytes, &mut self.out);
        self.passed(bytes.len()).await
    }

    /// The ids of the objects that were written, in order.
    pub(crate) async fn ids(&mut self) -> Result<Vec<ObjectId>, ErrorReply> {
        self.hand_on().await?;
        Ok(self.arriving.ids().map_err(IntakeError::from)?)
    }

    /// Opens rows beside the pack, for bytes that cannot be written yet.
    pub(crate) async fn open_scratch(&mut self) -> Result<PackId, ErrorReply> {
        let quarantined = self.quarantine.get()?;
        let scratch_id = quarantined.open_scratch()?;
        quarantined.sweep_later().await?;
        Ok(scratch_id)
    }

    /// Puts a chunk beside the pack.
    pub(crate) fn put_scratch(
        &self,
        scratch_id: PackId,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), ErrorReply> {
        Ok(self
            .quarantine
            .get()?
            .put_chunk(scratch_id, number, bytes)?)
    }

    /// Writes the chunks that were put beside the pack, and removes them.
    pub(crate) async fn write_scratch(
        &mut self,
        scratch_id: PackId,
        chunks: u32,
    ) -> Result<(), ErrorReply> {
        for number in 0..chunks {
            let chunk = self.store.chunk_uncached(scratch_id, number)?;
            self.write(&chunk).await?;
        }
        self.drop_scratch(scratch_id)
    }

    /// Removes the chunks that were put beside the pack.
    pub(crate) fn drop_scratch(&self, scratch_id: PackId) -> Result<(), ErrorReply> {
        Ok(self.quarantine.get()?.drop_scratch(scratch_id)?)
    }

    /// Writes the trailer.
    pub(crate) async fn finish(mut self) -> Result<NewPack, ErrorReply> {
        self.hand_on().await?;
        self.packing.finish(&mut self.out);
        let quarantined = self.quarantine.get()?;
        let fed = self.arriving.feed(&self.out, quarantined);
        fed.map_err(|error| IntakeError::from(error).bounded_by(self.bound))?;
        let arrived = self.arriving.finish().map_err(IntakeError::from)?;
        Ok(NewPack {
            arrived,
            quarantined: self.quarantine.take()?,
            memory: self.memory,
        })
    }

    /// Lets others have their turn.
    pub(crate) async fn pause(&mut self) {
        self.unpaused_bytes = 0;
        pause().await;
    }

    async fn passed(&mut self, content_bytes: usize) -> Result<(), ErrorReply> {
        if self.out.len() >= PIECE_BYTES {
            self.hand_on().await?;
        }
        self.unpaused_bytes = self.unpaused_bytes.saturating_add(content_bytes as u64);
        if self.unpaused_bytes >= STEP_BYTES {
            self.pause().await;
        }
        Ok(())
    }

    async fn hand_on(&mut self) -> Result<(), ErrorReply> {
        let quarantined = self.quarantine.get()?;
        let fed = self.arriving.feed(&self.out, quarantined);
        fed.map_err(|error| IntakeError::from(error).bounded_by(self.bound))?;
        self.out.clear();
        let settled = self
            .arriving
            .settle(quarantined, &mut self.memory, &Unwatched);
        Ok(settled.await?)
    }
}

/// Makes a pack of these objects.
pub(crate) async fn pack_of(
    writer: &Writer<'_>,
    objects: &NewObjects,
) -> Result<NewPack, ErrorReply> {
    let object_count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
    let mut maker = PackMaker::begin(writer, object_count, objects.held_bytes()).await?;
    for (_, object) in objects.in_pack_order() {
        maker.put(object).await?;
    }
    maker.finish().await
}
