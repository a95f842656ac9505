//! When the alarm rings.

/// When the alarm is set to ring, as far as this object knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// It was not asked yet.
    #[default]
    Unknown,
    /// It is not set.
    Off,
    /// Unix milliseconds.
    At(i64),
}
