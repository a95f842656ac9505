//! The way in for packs: [`quarantine`] holds a pack's rows until it is published.

pub mod quarantine;
