//! A page of findings, as it is sent.

use serde::Serialize;
use serde_json::json;

use crate::repo_do::contract::content::{ENVELOPE_OPEN, envelope_close};

/// The envelope of these results. The cursor leads to the next page; on the last one it is empty.
pub(super) fn envelope(
    result: &impl Serialize,
    count: usize,
    cursor: &str,
) -> worker::Result<Vec<u8>> {
    let mut out = Vec::from(ENVELOPE_OPEN);
    serde_json::to_writer(&mut out, result)?;
    close(&mut out, count, cursor);
    Ok(out)
}

/// Closes an envelope whose results are written.
pub(super) fn close(out: &mut Vec<u8>, count: usize, cursor: &str) {
    let info = json!({ "count": count, "truncated": !cursor.is_empty(), "cursor": cursor });
    out.extend_from_slice(envelope_close(Some(&info.to_string())).as_bytes());
}
