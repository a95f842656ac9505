//! Where a field of an update stands in the body.

/// Its JSON pointer.
pub(super) fn pointer(number: usize, field: &str) -> String {
    format!("/updates/{number}/{field}")
}
