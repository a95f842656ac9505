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
}

impl ProvenPack {
    /// Joins a resolved pack and the result of its proof; `None` if the pack has no objects.
    pub(crate) fn of(objects: IncomingObjects, connected: Connected) -> Option<Self> {
        (objects.table.count() > 0).then(|| Self {
            table: objects.table,
            received: objects.pack.finish(),
            connected,
        })
    }

    /// Its bytes.
    pub(crate) fn pack_bytes(&self) -> u64 {
        self.received.pack_bytes
    }

    /// Writes the pack's last rows and its parts, in the transaction in which the caller
    /// publishes it.
    pub(crate) fn write(&self, store: &Rc<Store>) -> Result<PackPublication, StoreError> {
        let Connected {
            graph_part,
            introduced_part,
            ..
        } = &self.connected;
        store.write_pack(&self.received, &self.table, graph_part, introduced_part)
    }
}
