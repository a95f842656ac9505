//! The Introduced parts of all live packs, each opened when it is first needed.

use std::cell::OnceCell;

use gix_hash::ObjectId;

use super::super::pack::reader::Location;
use super::super::store::{PackId, PackStore, Part, StoreError};
use super::commits::{CommitGraph, CommitNode};
use super::introduced::Introduced;

/// The objects that each commit of the graph introduces, and the commit that introduced an
/// object.
#[derive(Debug)]
pub(crate) struct Introductions {
    packs: Vec<(PackId, OnceCell<Introduced>)>,
}

impl Introductions {
    /// Those of the packs that the graph was opened over.
    pub(crate) fn of(graph: &CommitGraph) -> Self {
        let pack = |pack_id| (pack_id, OnceCell::new());
        Self {
            packs: graph.pack_ids().into_iter().map(pack).collect(),
        }
    }

    fn pack<S: PackStore + ?Sized>(
        &self,
        store: &S,
        ordinal: u32,
    ) -> Result<&Introduced, StoreError> {
        let pack = usize::try_from(ordinal)
            .ok()
            .and_then(|at| self.packs.get(at));
        let (pack_id, cell) = pack.ok_or(corrupt(PackId(u32::MAX)))?;
        if let Some(introduced) = cell.get() {
            return Ok(introduced);
        }
        let introduced = Introduced::open(store.part(*pack_id, Part::Introduced)?)
            .map_err(|_| corrupt(*pack_id))?;
        Ok(cell.get_or_init(|| introduced))
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
        let introduced = self.pack(store, place.ordinal)?;
        let mut is_complete = true;
        let pack = place.ordinal;
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

    /// The commit that introduced the object first, among those of the object's pack. `None` for
    /// tags and for what no commit of that pack reaches.
    pub(crate) fn introducer<S: PackStore + ?Sized>(
        &self,
        store: &S,
        graph: &CommitGraph,
        at: Location,
    ) -> Result<Option<CommitNode>, StoreError> {
        let number = self.pack(store, at.pack)?.introducer(at.position);
        Ok(number.and_then(|number| graph.node(at.pack, number)))
    }
}

fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "introduced lists",
        pack: pack_id.0,
    }
}
