//! A fault of ours, on its way to the log.

/// A failure while a request was answered. The client gets the reply's message; the log gets the
/// cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The part that failed, as log lines name it.
    pub(crate) kind: &'static str,
    /// Why, in the words of the part that failed.
    pub(crate) cause: String,
}
