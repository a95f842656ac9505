//! The rules of `CONTRIBUTING.md` that a machine can check.

#![allow(clippy::indexing_slicing, reason = "a panic is how a test fails")]

use cairn_test_support as support;

mod code;
mod documents;
mod files;
mod layers;
mod migrations;
mod reader;

use support::source::{Source, modules};

/// The sources that are not test code.
fn production() -> Vec<Source> {
    modules()
        .into_iter()
        .filter(|source| !source.test)
        .collect()
}

/// Fails with the whole list, so that one run shows everything.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
