//! Work in steps: what a machine says after each.

/// Whether a machine has more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Call `step` again.
    More,
    /// Call `finish`.
    Done,
}
