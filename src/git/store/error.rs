//! Why a store fails.

/// The store failed; the caller gives up and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database refused or failed.
    #[error("store: {0}")]
    Failed(String),
    /// The database refused for a reason that lasts until its operator has done something.
    #[error("store: {cause}")]
    Lasting {
        /// The kind of reason.
        fault: LastingFault,
        /// The database's own words.
        cause: String,
    },
    /// A row that must be there is not: our corruption, logged loudly.
    #[error("store: {what} of pack {pack} is missing")]
    Missing {
        /// The thing that was asked for.
        what: &'static str,
        /// The pack's number.
        pack: u32,
    },
    /// The chunk is not here but elsewhere: the shell fetches it, and the step is done again.
    #[error("store: chunk {chunk} of pack {pack} is cold")]
    Cold {
        /// The pack's number.
        pack: u32,
        /// The chunk's number.
        chunk: u32,
    },
    /// A stored row does not have the form that we write.
    #[error("store: {what} of pack {pack} is corrupt")]
    Corrupt {
        /// The thing that was read.
        what: &'static str,
        /// The pack's number.
        pack: u32,
    },
}

/// Why the store fails in the same way each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastingFault {
    /// It takes no more.
    Full,
    /// It cannot be written: a quota, a read-only file system or a failing disk.
    Unwritable,
    /// Its contents cannot be read.
    Damaged,
    /// A newer version of this server has written it.
    Newer,
}

impl LastingFault {
    /// The text for a client, which says that the client cannot help it.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Full => "the storage is full: it takes no writes until the operator makes room",
            Self::Unwritable => {
                "the storage is full or cannot be written: it takes no writes until the operator \
                 has mended it"
            }
            Self::Damaged => "the storage is damaged: it stays so until the operator repairs it",
            Self::Newer => {
                "the storage was written by a newer version of this server: it is served once the \
                 operator has deployed that version"
            }
        }
    }
}

impl StoreError {
    /// The text for a client; the log has the cause.
    pub fn told(&self) -> &'static str {
        match self.lasting() {
            Some(fault) => fault.told(),
            None => "the storage failed",
        }
    }

    /// Why it will fail again, if that is known.
    pub fn lasting(&self) -> Option<LastingFault> {
        match self {
            Self::Lasting { fault, .. } => Some(*fault),
            Self::Missing { .. } | Self::Corrupt { .. } => Some(LastingFault::Damaged),
            Self::Failed(_) | Self::Cold { .. } => None,
        }
    }
}
