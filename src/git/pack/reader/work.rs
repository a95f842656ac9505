//! The cost of reading an object, in tenths of a microsecond, about: see [`super::LivePacks::work`].

/// A page or a run of an index, out of a cache or the database.
pub(super) const INDEX_RUN: u64 = 300;

/// A chunk that was not kept.
pub(super) const CHUNK: u64 = 1_500;

/// An entry that is inflated.
pub(super) fn inflated(bytes: usize) -> u64 {
    20 + bytes as u64 / 32
}

/// A delta that is applied to its base.
pub(super) fn applied(bytes: usize) -> u64 {
    10 + bytes as u64 / 512
}
