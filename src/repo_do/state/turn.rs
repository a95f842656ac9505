//! Who copies packs to R2 now.

use std::cell::Cell;

use crate::repo_do::runtime::timer;

/// How often a request looks whether another run is over.
const POLL_MS: u32 = 20;

/// One run at a time in an object; given back when dropped.
#[derive(Debug, Default)]
pub struct Turn(Cell<bool>);

pub struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}

impl Turn {
    /// Waits until nobody else has it.
    pub async fn take(&self) -> Taken<'_> {
        while self.0.replace(true) {
            timer::after(POLL_MS).await;
        }
        Taken(self)
    }
}
