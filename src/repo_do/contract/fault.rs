//! A fault of ours, on its way to the log.

/// What failed while a request was answered. The client hears what the reply says; the log has the
/// cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What failed, as log lines name it.
    pub kind: &'static str,
    /// Why, in the words of whatever failed.
    pub cause: String,
}
