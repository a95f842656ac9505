//! Times as REST shows them.

pub(crate) use crate::storage::time::{from_rfc_3339, iso_8601, parse_rfc_3339};
