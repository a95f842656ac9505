//! One run of maintenance at a time.

use std::cell::Cell;

/// Keeps two runs from being made at once.
pub struct Busy<'a>(&'a Cell<bool>);

impl<'a> Busy<'a> {
    /// `None` while another run is being made.
    pub fn new(flag: &'a Cell<bool>) -> Option<Self> {
        // Not `then_some`: what it would drop gives back what another has.
        (!flag.replace(true)).then(|| Self(flag))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_it_taken_does_not_give_it_back() {
        let flag = Cell::new(false);
        let one = Busy::new(&flag);
        assert!(one.is_some());
        assert!(Busy::new(&flag).is_none());
        assert!(Busy::new(&flag).is_none(), "the first one has it still");
        drop(one);
        assert!(Busy::new(&flag).is_some());
    }
}
