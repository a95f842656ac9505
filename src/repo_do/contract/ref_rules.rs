//! Rules about refs that a caller sets.

use super::error::{ErrorCode, ErrorReply};
use crate::git::receive_pack::ref_rules::RefRules;

/// Checks rules by their bounds; `pointer` leads to their list.
pub(crate) fn checked_ref_rules(pointer: &str, rules: RefRules) -> Result<RefRules, ErrorReply> {
    rules.check().map_err(|error| {
        let pointer = format!("{pointer}{}", error.pointer());
        ErrorReply::at(ErrorCode::InvalidInput, pointer, error.to_string())
    })?;
    Ok(rules)
}
