//! A fault of ours, on its way to the log.

/// What failed while a request was answered. The client hears what the reply says; the log has the
/// cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What failed, as log lines name it.
    pub(crate) kind: &'static str,
    /// Why, in the words of whatever failed.
    pub(crate) cause: String,
}
