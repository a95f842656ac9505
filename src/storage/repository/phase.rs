//! The phases of a repository's life.
//!
//! A phase is one column of the repository's row, so that to change it is one write: work begun before a
//! change and work after it never mix.

/// The phase of a repository's life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing: it serves.
    #[default]
    Ready,
    /// Its content is being taken over from another repository.
    Forking,
    /// It was deleted, and can still be restored. (It is stored as ready, with the time of deletion.)
    Kept,
    /// Every caller finds it gone; its database must still be emptied.
    Deleting,
}

impl Phase {
    /// The phase of that name, as it is stored.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "ready" => Some(Self::Ready),
            "forking" => Some(Self::Forking),
            "deleting" => Some(Self::Deleting),
            _ => None,
        }
    }
}
