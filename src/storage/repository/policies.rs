//! Rules, bounds and the end of a repository: columns of its row that stand last.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::pre_receive::PreReceive;
use super::standing::Standing;
use super::upstream::Followed;
use crate::git::receive_pack::ref_rules::RefRules;
use crate::git::store::StoreError;
use crate::storage::db::row::Row;
use crate::storage::db::sql_error::SqlError;

/// Rules, bounds and the end of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policies {
    /// Rules about refs.
    pub ref_rules: RefRules,
    /// The hook that is asked before a push is published.
    pub pre_receive: Option<PreReceive>,
    /// The bytes that its packs and large files may have together.
    pub bytes_max: Option<u64>,
    /// Unix milliseconds: when it deletes itself.
    pub expires_at: Option<i64>,
    /// Seconds without use after which it deletes itself.
    pub idle_ttl_seconds: Option<i64>,
    /// Unix milliseconds: when it was deleted, while it can still be restored.
    #[serde(skip)]
    pub deleted_at: Option<i64>,
    /// Unix milliseconds: when it was last read, roughly; noted only where idle time counts.
    #[serde(skip)]
    pub used_at: Option<i64>,
    /// The namespace's policies for all of its repositories.
    #[serde(skip)]
    pub standing: Standing,
    /// The upstream that it follows.
    #[serde(skip)]
    pub upstream: Option<Followed>,
    /// The deployment takes no writes. No column says it.
    #[serde(skip)]
    pub is_frozen: bool,
}

/// Reads the columns in the order of the fields, the first of which has this number.
pub(super) fn read(row: &dyn Row, first: usize) -> Result<Policies, SqlError> {
    let at = |offset: usize| first.saturating_add(offset);
    Ok(Policies {
        ref_rules: json(row, at(0))?.unwrap_or_default(),
        pre_receive: json(row, at(1))?,
        bytes_max: row
            .integer_or_null(at(3))?
            .and_then(|bytes| bytes.try_into().ok()),
        expires_at: row.integer_or_null(at(4))?,
        idle_ttl_seconds: row.integer_or_null(at(5))?,
        deleted_at: row.integer_or_null(at(6))?,
        used_at: row.integer_or_null(at(7))?,
        standing: json(row, at(8))?.unwrap_or_default(),
        upstream: json(row, at(9))?,
        is_frozen: false,
    })
}

/// A column with JSON that this program wrote.
pub(super) fn json<T: DeserializeOwned>(
    row: &dyn Row,
    column: usize,
) -> Result<Option<T>, SqlError> {
    let wrong = SqlError::Column {
        column,
        expected: "JSON of its shape",
    };
    let text = row.text_or_null(column)?;
    let read = text.map(|text| serde_json::from_str(&text).map_err(|_| wrong));
    read.transpose()
}

/// Rules as a column holds them: a repository's, or a token's. `None`: none.
pub(super) fn rules_json(rules: &RefRules) -> Result<Option<String>, StoreError> {
    let rules = Some(rules).filter(|rules| !rules.is_empty());
    rules.map(to_json).transpose()
}

/// A value as a column holds it.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}
