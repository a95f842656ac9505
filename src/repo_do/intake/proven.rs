//! A pack whose closure is proved, still in quarantine.

use std::rc::Rc;

use crate::git::graph::connectivity::Connected;
use crate::git::pack::entries::EntryTable;
use crate::git::pack::incoming::Received;
use crate::git::pack::incoming::objects::IncomingObjects;
use crate::git::store::StoreError;
use crate::repo_do::state::store::Store;
use crate::storage::repository::publication::PackPublication;

/// A proved pack, with its derived parts.
pub(crate) struct ProvenPack {
    table: EntryTable,
    received: Received,
    connected: Connected,
    has_written_parts: bool,
}

impl ProvenPack {
    /// Joins a resolved pack and the result of its proof; `None` if the pack has no objects.
    /// `has_written_parts` is what [`write_parts`](super::parts::write_parts) said of it.
    pub(crate) fn of(
        objects: IncomingObjects,
        connected: Connected,
        has_written_parts: bool,
    ) -> Option<Self> {
        (objects.table.count() > 0).then(|| Self {
            table: objects.table,
            received: objects.pack.finish(),
            connected,
            has_written_parts,
        })
    }

    /// Its bytes.
    pub(crate) fn pack_bytes(&self) -> u64 {
        self.received.pack_bytes
    }

    /// Writes the pack's last rows, and its parts unless they are written, in the transaction in which the
    /// caller publishes it.
    pub(crate) fn write(&self, store: &Rc<Store>) -> Result<PackPublication, StoreError> {
        if self.has_written_parts {
            return store.write_tail(&self.received, self.table.count());
        }
        let Connected {
            graph_part,
            introduced_part,
            ..
        } = &self.connected;
        store.write_pack(&self.received, &self.table, graph_part, introduced_part)
    }
}
