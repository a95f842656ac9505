//! The Introduced parts of all live packs, each opened when it is first needed; that of a large
//! pack by pages, until so much of it is asked for that the whole costs less. A fetch reads runs instead.

use std::cell::{Cell, OnceCell};

use gix_hash::ObjectId;

use super::super::pack::index::PagedError;
use super::super::pack::reader::Location;
use super::super::store::{PackId, PackRecord, PackStore, Part, StoreError};
use super::commits::{CommitGraph, CommitNode};
use super::introduced::Introduced;
use super::introduced::paged::PagedIntroduced;
use super::segment::Segment;

/// Commits of the smallest segment whose lists are read by pages.
const PAGED_COMMITS_MIN: u32 = 8_192;

/// The objects that each commit of the graph introduces, and the commit that introduced an
/// object.
#[derive(Debug)]
pub(crate) struct Introductions {
    packs: Vec<PackLists>,
    /// Many questions will be asked.
    asks_many: Cell<bool>,
}

/// The Introduced part of one pack, as far as it is here.
#[derive(Debug)]
struct PackLists {
    pack_id: PackId,
    commits: u32,
    /// So large that it is read by runs where others are taken whole.
    has_runs: bool,
    whole: OnceCell<Introduced>,
    /// `None` inside: it is not read by pages.
    paged: OnceCell<Option<PagedIntroduced>>,
}

impl PackLists {
    fn whole<S: PackStore + ?Sized>(&self, store: &S) -> Result<&Introduced, StoreError> {
        if let Some(introduced) = self.whole.get() {
            return Ok(introduced);
        }
        let introduced = Introduced::open(store.part(self.pack_id, Part::Introduced)?)
            .map_err(|_| corrupt(self.pack_id))?;
        Ok(self.whole.get_or_init(|| introduced))
    }

    /// Asks the pages; `None` if the whole part must be asked.
    fn ask_pages<S: PackStore + ?Sized, T>(
        &self,
        store: &S,
        asks_many: bool,
        ask: impl FnOnce(&PagedIntroduced) -> Result<T, PagedError>,
    ) -> Result<Option<T>, StoreError> {
        let is_paged = if self.has_runs {
            true
        } else {
            !asks_many && self.commits >= PAGED_COMMITS_MIN
        };
        if !is_paged || self.whole.get().is_some() {
            return Ok(None);
        }
        if self.paged.get().is_none() {
            let paged = PagedIntroduced::open(self.pack_id, store, self.has_runs)?;
            self.paged.get_or_init(|| paged);
        }
        let paged = self.paged.get().and_then(Option::as_ref);
        if let Some(paged) = paged.filter(|_| asks_many) {
            paged.expect_many_questions();
        }
        match paged.map(ask).transpose() {
            Ok(answer) => Ok(answer),
            Err(PagedError::Store(error)) => Err(error),
            Err(PagedError::Whole) => Ok(None),
        }
    }

    fn external<S: PackStore + ?Sized>(
        &self,
        store: &S,
        asks_many: bool,
        row: u32,
    ) -> Result<ObjectId, StoreError> {
        let id = match self.ask_pages(store, asks_many, |pages| pages.external(store, row))? {
            Some(id) => id,
            None => self.whole(store)?.external(row),
        };
        id.ok_or(corrupt(self.pack_id))
    }
}

impl Introductions {
    /// Those of the packs that the graph was opened over.
    pub(crate) fn of(graph: &CommitGraph) -> Self {
        Self::with(graph, |_| false)
    }

    /// The same for a fetch from these packs, which the graph was opened over: the parts of packs with
    /// so many objects are never taken whole.
    pub(crate) fn to_fetch(graph: &CommitGraph, records: &[PackRecord], objects_min: u32) -> Self {
        Self::with(graph, |ordinal: u32| {
            let record = usize::try_from(ordinal).ok().and_then(|at| records.get(at));
            record.is_some_and(|record| record.object_count >= objects_min)
        })
    }

    fn with(graph: &CommitGraph, has_runs: impl Fn(u32) -> bool) -> Self {
        let lists = |(ordinal, pack_id)| PackLists {
            pack_id,
            commits: graph.segment(ordinal).map_or(0, Segment::len),
            has_runs: has_runs(ordinal),
            whole: OnceCell::new(),
            paged: OnceCell::new(),
        };
        Self {
            packs: (0..).zip(graph.pack_ids()).map(lists).collect(),
            asks_many: Cell::new(false),
        }
    }

    /// From now on takes the parts whole, or reads runs of them, as pages would cost more.
    pub(crate) fn expect_many_questions(&self) {
        self.asks_many.set(true);
    }

    /// Gives up the memory kept for the next lists.
    pub(crate) fn forget_runs(&self) {
        for pack in &self.packs {
            if let Some(Some(paged)) = pack.paged.get() {
                paged.forget_runs();
            }
        }
    }

    fn pack(&self, ordinal: u32) -> Result<&PackLists, StoreError> {
        let at = usize::try_from(ordinal).ok();
        let pack = at.and_then(|at| self.packs.get(at));
        pack.ok_or(corrupt(PackId(u32::MAX)))
    }

    /// Calls `stored` with the entries of the commit's own pack that it introduces, itself
    /// included, and `elsewhere` with the ids of those that are in other packs.
    pub(crate) fn for_each<S: PackStore + ?Sized>(
        &self,
        store: &S,
        graph: &CommitGraph,
        node: CommitNode,
        mut stored: impl FnMut(Location),
        mut elsewhere: impl FnMut(ObjectId),
    ) -> Result<(), StoreError> {
        let place = graph.place(node).ok_or(corrupt(PackId(u32::MAX)))?;
        let lists = self.pack(place.ordinal)?;
        let pack = place.ordinal;
        let asks_many = self.asks_many.get();
        let mut rows = Vec::new();
        let read = lists.ask_pages(store, asks_many, |pages| {
            let stored = |position| stored(Location { pack, position });
            pages.for_each(store, place.number, stored, |row| rows.push(row))
        })?;
        if read.is_some() {
            for row in rows {
                elsewhere(lists.external(store, asks_many, row)?);
            }
            return Ok(());
        }
        let introduced = lists.whole(store)?;
        let mut is_complete = true;
        let stored = |position| stored(Location { pack, position });
        let elsewhere = |row| match introduced.external(row) {
            Some(id) => elsewhere(id),
            None => is_complete = false,
        };
        introduced
            .for_each(place.number, stored, elsewhere)
            .map_err(|_| corrupt(place.pack_id))?;
        if is_complete {
            Ok(())
        } else {
            Err(corrupt(place.pack_id))
        }
    }

    /// The commit that introduced the object first, among those of the object's pack. `None` for tags and for
    /// objects that no commit of that pack reaches.
    pub(crate) fn introducer<S: PackStore + ?Sized>(
        &self,
        store: &S,
        graph: &CommitGraph,
        at: Location,
    ) -> Result<Option<CommitNode>, StoreError> {
        let lists = self.pack(at.pack)?;
        let asks_many = self.asks_many.get();
        let found = lists.ask_pages(store, asks_many, |pages| {
            pages.introducer(store, at.position)
        })?;
        let number = match found {
            Some(number) => number,
            None => lists.whole(store)?.introducer(at.position),
        };
        Ok(number.and_then(|number| graph.node(at.pack, number)))
    }
}

fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "introduced lists",
        pack: pack_id.0,
    }
}
