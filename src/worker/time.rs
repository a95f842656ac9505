//! Times as REST shows them.

pub(crate) use crate::storage::time::{iso_8601, parse_rfc_3339};
