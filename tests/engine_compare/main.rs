//! Comparisons, with real git as the judge of every byte.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod changes;
mod mails;
mod patches;
mod repository;
