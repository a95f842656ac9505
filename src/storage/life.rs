//! The phases of a repository's life, and its place in a fork network.
//!
//! A phase is one column of the repository's row, so that to change it is one write: what was begun
//! before it and what comes after it never mix.

use super::repository::RepoStore;
use super::sql::Database;
use crate::git::store::StoreError;

/// What a repository is going through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing: it serves.
    #[default]
    Ready,
    /// Its content is being taken over from another repository.
    Forking,
    /// It is gone for everybody, and its database is to be emptied.
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

impl<D: Database> RepoStore<D> {
    /// Makes the repository one of a fork network, unless it is one already: to be done before the
    /// network hears of it, so that a deletion knows whom to tell.
    pub fn join_network(&self, network_id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET network_id = ?1 WHERE network_id IS NULL";
        self.db.execute(sql, &[network_id.into()])?;
        Ok(())
    }

    /// From here on the repository is gone; what is left is to be emptied.
    pub fn begin_deletion(&self) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET phase = 'deleting' WHERE phase <> 'deleting'";
        self.db.execute(sql, &[])?;
        Ok(())
    }
}
