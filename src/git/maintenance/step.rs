//! Work in steps: the result of each step of a machine.

/// Whether a machine has more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Call `step` again.
    More,
    /// Call `finish`.
    Done,
}
