//! Whether the new parts of a pack equal the stored ones.
//!
//! Where they do, the stored ones take their place. Graphs and lists count on the packs before theirs:
//! from the first pack on that differs, everything that was made stays, in scratch.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::git::graph::connectivity::Incoming;
use crate::git::graph::made_part::MadePart;
use crate::git::maintenance::compare_parts::{PartsCompare, Side};
use crate::git::store::{PackId, PackRecord, StoreError};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;

/// Commits compared between two pauses.
const COMPARE_STEP_COMMITS: u32 = 5_000;

/// The findings about the packs whose parts were made.
pub(crate) struct AsStored {
    /// The packs whose stored parts say the same.
    same: BTreeSet<PackId>,
    /// Whether all packs so far are among them.
    is_all: bool,
    /// The faults of stored indexes.
    index_problems: BTreeMap<PackId, String>,
}

impl Default for AsStored {
    fn default() -> Self {
        Self {
            same: BTreeSet::new(),
            is_all: true,
            index_problems: BTreeMap::new(),
        }
    }
}

/// A pack whose parts were made.
pub(super) struct MadePack<'a> {
    pub(super) object: &'a RepoObject,
    pub(super) store: &'a Rc<Store>,
    pub(super) record: &'a PackRecord,
    /// Its objects.
    pub(super) objects: &'a dyn Incoming,
    pub(super) graph_part: &'a Rc<MadePart>,
    pub(super) introduced_part: &'a Rc<MadePart>,
}

impl AsStored {
    /// Whether the stored parts of the pack were compared, and say the same.
    pub(super) fn is_same(&self, pack_id: PackId) -> bool {
        self.same.contains(&pack_id)
    }

    /// The fault of the pack's stored index, if it has one.
    pub(super) fn index_problem(&self, pack_id: PackId) -> Option<&str> {
        self.index_problems.get(&pack_id).map(String::as_str)
    }

    /// Notes the fault of a stored index.
    pub(super) fn note_index_problem(&mut self, pack_id: PackId, problem: String) {
        self.index_problems.insert(pack_id, problem);
        self.is_all = false;
    }

    /// Compares the parts of a pack whose index was compared; tells whether the stored ones say the same.
    pub(super) async fn compare(&mut self, made: &MadePack<'_>) -> Result<bool, Failure> {
        let is_same = self.is_all
            && match is_as_stored(made).await {
                Ok(is_same) => is_same,
                Err(Failure::Read(_)) => false,
                Err(error) => return Err(error),
            };
        self.is_all = is_same;
        if is_same {
            self.same.insert(made.record.pack_id);
        }
        Ok(is_same)
    }
}

async fn is_as_stored(made: &MadePack<'_>) -> Result<bool, Failure> {
    let pack_id = made.record.pack_id;
    let sides = || {
        let stored = Side::stored(&**made.store, made.record)?;
        let made = Side::made(pack_id, made.graph_part, made.introduced_part)?;
        Ok::<_, StoreError>((stored, made))
    };
    let (stored, remade) = sides()?;
    let mut compare = PartsCompare::new(made.objects, stored, remade);
    loop {
        let is_same = compare.step(COMPARE_STEP_COMMITS)?;
        made.objects.check()?;
        if let Some(is_same) = is_same {
            return Ok(is_same);
        }
        pause().await;
        made.object.check_open(made.store)?;
    }
}
