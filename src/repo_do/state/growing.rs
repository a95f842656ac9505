//! Whether a fork grows in this object.

use std::cell::Cell;

/// Whether a fork grows in this object now.
#[derive(Debug, Default)]
pub struct Growing(pub Cell<bool>);

impl Growing {
    /// Whether it does: else what is in phase `forking` was interrupted.
    pub fn is_under_way(&self) -> bool {
        self.0.get()
    }
}

/// Ends with whoever makes the fork, however that ends.
pub struct GrowthGuard<'a>(pub &'a Growing);

impl Drop for GrowthGuard<'_> {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}
