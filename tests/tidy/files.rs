//! Sizes of files, and files that nothing compiles.

use std::collections::BTreeSet;

use super::support::package_root;
use super::support::source::{declared, files, modules, text};
use super::{none, production};

/// Lines of a source file, its tests apart.
const LINES_MAX: usize = 450;

#[test]
fn files_stay_small() {
    let mut sizes: Vec<_> = production()
        .into_iter()
        .map(|source| (source.lines(), source.file))
        .collect();
    sizes.sort_unstable();
    let longest = sizes.last().expect("there are sources");
    println!(
        "longest file: {} with {} lines of {LINES_MAX}",
        longest.1, longest.0
    );
    let long = sizes.iter().filter(|(lines, _)| *lines > LINES_MAX);
    none(
        &long
            .map(|(lines, file)| format!("{file}: {lines} lines"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_source_and_test_file_is_compiled() {
    let mut reached: BTreeSet<_> = modules().into_iter().map(|source| source.file).collect();
    // Cargo makes a test of `tests/name.rs` and of `tests/name/main.rs`.
    let is_root = |file: &String| match file.matches('/').count() {
        1 => true,
        2 => file.ends_with("/main.rs"),
        _ => false,
    };
    let mut open: Vec<_> = files("tests", "rs").into_iter().filter(is_root).collect();
    while let Some(file) = open.pop() {
        if reached.insert(file.clone()) {
            open.extend(
                declared(&file, &text(&file))
                    .into_iter()
                    .map(|(_, child, _)| child),
            );
        }
    }
    let all = files("src", "rs").into_iter().chain(files("tests", "rs"));
    // A package of its own is not for this one to compile.
    let apart = |file: &String| {
        let (folder, _) = file.rsplit_once('/').expect("a file in a folder");
        package_root().join(folder).join("Cargo.toml").exists()
    };
    let forgotten: Vec<_> = all
        .filter(|file| !reached.contains(file) && !apart(file))
        .collect();
    none(&forgotten);
}
