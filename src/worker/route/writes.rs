//! The writes to a repository.

/// The writes to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// `POST /commits`
    Commits,
    /// `PUT /blobs`
    Blobs,
    /// `POST /refs`
    Refs,
    /// `POST /merge`
    Merge,
    /// `POST /sync-fork`
    SyncFork,
    /// `POST /cherry-pick`
    CherryPick,
    /// `POST /revert`
    Revert,
    /// `POST /restore`
    Restore,
    /// `POST /notes` and `DELETE /notes`
    Notes,
    /// `POST /rules/test`, which writes nothing.
    RulesTest,
}

impl Write {
    /// The write of these segments. Refs and notes are also read;
    /// [`RestRoute::write`](super::RestRoute::write) tells reads and writes of them apart.
    #[must_use]
    pub(crate) fn parse(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            ["commits"] => Self::Commits,
            ["blobs"] => Self::Blobs,
            ["merge"] => Self::Merge,
            ["sync-fork"] => Self::SyncFork,
            ["cherry-pick"] => Self::CherryPick,
            ["revert"] => Self::Revert,
            ["restore"] => Self::Restore,
            ["rules", "test"] => Self::RulesTest,
            _ => return None,
        })
    }
}
