//! New objects of a write, as a pack in quarantine.

use crate::repo_do::intake::arrival::ArrivedPack;
use crate::repo_do::intake::memory::PackMemory;
use crate::repo_do::intake::quarantine::QuarantinedPack;

/// New objects, in quarantine.
pub(crate) struct NewPack {
    /// The pack, whole.
    pub(crate) arrived: ArrivedPack,
    /// Its rows.
    pub(crate) quarantined: QuarantinedPack,
    /// Memory that it holds.
    pub(crate) memory: PackMemory,
}
