//! How similar two files are, as a number.

/// The score of equal files.
pub(super) const SCORE_MAX: u16 = 60_000;

/// A score in per cent, as git rounds it.
pub(super) fn percent(score: u16) -> u16 {
    score / (SCORE_MAX / 100)
}
