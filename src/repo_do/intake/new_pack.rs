//! New objects as a pack in quarantine.

use super::arrival::ArrivedPack;
use super::memory::PackMemory;
use super::quarantine::QuarantinedPack;

/// New objects, in quarantine.
pub(crate) struct NewPack {
    /// The pack, whole.
    pub(crate) arrived: ArrivedPack,
    /// Its rows.
    pub(crate) quarantined: QuarantinedPack,
    /// Memory that it holds.
    pub(crate) memory: PackMemory,
}
