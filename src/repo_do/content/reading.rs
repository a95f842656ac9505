//! Objects read while some of their bytes may be in R2 alone.

use std::any::Any;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::contract::ErrorReply;
use super::super::fetch::reach::Visible;
use super::super::object::RepoObject;
use super::super::r2::cold::{COLD_BYTES, Faults};
use super::super::runtime::admission::{self, RETRY_SECONDS, reserve_share};
use super::super::runtime::clock::now_ms;
use super::super::runtime::memory::{FETCH_BYTES, Reservation};
use super::super::state::reach_cache::Audience;
use super::super::state::readers::{Purpose, Reader};
use super::super::state::store::Store;
use crate::git::graph::commits::CommitGraph;
use crate::git::limits::Limits;
use crate::git::pack::reader::LivePacks;
use crate::git::store::{ColdChunk, Nameable as _, PackRecord, ReadError, StoreError};

/// Bytes of bases that are kept while one is read.
const BASE_CACHE_BYTES: usize = 2 << 20;

/// Bytes that stay reserved while it waits for room for something large: the bytes that are ready for the
/// client.
const WAITING_BYTES: u64 = 256 << 10;

/// The packs that are read.
pub(crate) type Packs = LivePacks<Rc<Store>>;

/// The live packs of one moment, and the means to read them to the end.
pub(crate) struct Reading {
    object: Rc<RepoObject>,
    packs: LivePacks<Rc<Store>>,
    /// The last of the packs is not live.
    has_more: bool,
    faults: Faults,
    room: Reservation,
    room_bytes: u64,
    more_room: Vec<Reservation>,
    audience: Audience,
    /// The owner of a pack that is not live: what it holds goes when the pack is read no more.
    kept: Option<Box<dyn Any>>,
    /// Packs that are superseded meanwhile stay.
    _reader: Reader,
}

impl Reading {
    /// Waits for room, and takes the packs that are live then.
    pub(crate) async fn begin(
        object: &Rc<RepoObject>,
        store: &Rc<Store>,
        audience: Audience,
    ) -> Result<Self, ErrorReply> {
        Self::begin_with(object, store, audience, None).await
    }

    /// The same with a pack behind them that is whole and not live yet.
    pub(crate) async fn begin_with(
        object: &Rc<RepoObject>,
        store: &Rc<Store>,
        audience: Audience,
        last: Option<PackRecord>,
    ) -> Result<Self, ErrorReply> {
        // This holds the same as a fetch that sends: bases, chunks, a piece of output.
        let cold_bytes = if store.has_cold_packs()? {
            COLD_BYTES
        } else {
            0
        };
        let room_bytes = FETCH_BYTES.saturating_add(cold_bytes);
        let room = reserve_share(room_bytes).await?;
        let limits = Limits {
            base_cache_bytes: BASE_CACHE_BYTES,
            ..Limits::DEFAULT
        };
        Ok(Self {
            object: Rc::clone(object),
            packs: LivePacks::open_with(Rc::clone(store), &limits, last)?,
            has_more: last.is_some(),
            faults: Faults::default(),
            room,
            room_bytes,
            more_room: Vec::new(),
            audience,
            kept: None,
            _reader: object.readers.enter(Purpose::Look, now_ms()),
        })
    }

    /// Keeps the owner of the pack behind the live ones for as long as it is read.
    pub(crate) fn keep(&mut self, owner: Box<dyn Any>) {
        self.kept = Some(owner);
    }

    /// The store.
    pub(crate) fn store(&self) -> &Rc<Store> {
        self.packs.store()
    }

    /// The packs.
    pub(crate) fn packs(&self) -> &LivePacks<Rc<Store>> {
        &self.packs
    }

    /// The graph of the packs that are live now, and of the one behind them.
    pub(crate) fn graph(&self) -> Result<Rc<CommitGraph>, StoreError> {
        let graph = self.object.graph.current(self.store())?;
        if !self.has_more {
            return Ok(graph);
        }
        let more = graph.reopen(&**self.store(), self.packs.records())?;
        Ok(Rc::new(more))
    }

    /// Refuses an object that the caller may not name, as if it were not here.
    pub(crate) async fn check_visible(
        &mut self,
        id: ObjectId,
        hidden: impl FnOnce() -> ErrorReply,
    ) -> Result<(), ErrorReply> {
        if self.is_visible(id).await? {
            Ok(())
        } else {
            Err(hidden())
        }
    }

    /// Whether the caller may name the object.
    pub(crate) async fn is_visible(&mut self, id: ObjectId) -> Result<bool, ErrorReply> {
        let (object, store) = (Rc::clone(&self.object), Rc::clone(self.store()));
        let visible = Visible::to(&object, &store, self.audience);
        Ok(self.until(|_| visible.first_hidden(&[id])).await?.is_none())
    }

    /// Reserves more, for as long as this is read.
    pub(crate) async fn reserve(&mut self, bytes: u64) -> Result<(), ErrorReply> {
        self.more_room.push(reserve_share(bytes).await?);
        Ok(())
    }

    /// Makes `held` a reservation of at least so many bytes, for one large thing beside its own memory. A
    /// request that has to wait for it gives its own memory back meanwhile: many that hold a
    /// little and want much would leave no room for any of them.
    pub(crate) async fn grow_room(
        &mut self,
        held: &mut Option<Reservation>,
        bytes: u64,
    ) -> Result<(), ErrorReply> {
        let room = held.get_or_insert_with(Reservation::empty_share);
        let Err(error) = room.grow_to(bytes) else {
            return Ok(());
        };
        if !admission::may_wait_holding() {
            return Err(ErrorReply::busy(RETRY_SECONDS, error.to_string()));
        }
        self.packs.forget_kept();
        self.room.shrink_to(WAITING_BYTES);
        // Both at once, so that nobody takes the rest in between.
        let own_bytes = self.room_bytes.saturating_sub(WAITING_BYTES);
        admission::grow(room, bytes.saturating_add(own_bytes)).await?;
        room.shrink_to(bytes);
        admission::grow(&mut self.room, self.room_bytes).await
    }

    /// Takes a step again until no chunk that it needs is cold.
    pub(crate) async fn until<T>(
        &mut self,
        mut step: impl FnMut(&LivePacks<Rc<Store>>) -> Result<T, ReadError>,
    ) -> Result<T, ErrorReply> {
        loop {
            let error = match step(&self.packs) {
                Ok(done) => {
                    self.faults.settled();
                    return Ok(done);
                }
                Err(error) => error,
            };
            let Some(chunk) = error.cold() else {
                return Err(error.into());
            };
            self.fetch(chunk).await?;
        }
    }

    /// Fetches a cold chunk, for a caller that takes steps by itself.
    pub(crate) async fn fetch(&mut self, chunk: ColdChunk) -> Result<(), ErrorReply> {
        let store = self.packs.store();
        self.faults
            .fetch_cold_chunk(&self.object, store, chunk)
            .await?;
        Ok(())
    }
}
