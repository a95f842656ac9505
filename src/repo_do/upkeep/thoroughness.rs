//! How much a prune leaves.

/// The objects to keep beside those that refs reach, and the cost at which the rest may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thoroughness {
    /// The reflog and the grace period count, and cold packs are spared where it does not pay.
    Due,
    /// The same at any cost.
    Asked,
    /// Nothing else is kept, not even for a delta's sake, at any cost.
    Purge,
}
