//! The bounds of a namespace: how many repositories it may have, and how many bytes.

use serde::{Deserialize, Serialize};

use crate::storage::db::row::Row;
use crate::storage::db::sql_error::SqlError;

/// The bounds of a namespace; `None`: there is no such bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Quotas {
    /// Bytes of the packs and large files of its repositories together.
    pub bytes_max: Option<u64>,
    /// Repositories, those that are being made included.
    pub repos_max: Option<u64>,
}

/// Reads the two columns, the first of which has this number.
pub(super) fn read(row: &dyn Row, first: usize) -> Result<Quotas, SqlError> {
    let bound = |column: usize| {
        let bound = row.integer_or_null(column)?;
        Ok::<_, SqlError>(bound.and_then(|bound| u64::try_from(bound).ok()))
    };
    Ok(Quotas {
        bytes_max: bound(first)?,
        repos_max: bound(first.saturating_add(1))?,
    })
}
