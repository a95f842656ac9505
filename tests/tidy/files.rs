//! Sizes of files, and files that nothing compiles.

use std::collections::BTreeSet;

use super::support::package_root;
use super::support::source::{declared, files, modules, text};
use super::{none, production};

/// Lines of a source file, its tests apart.
const LINES_MAX: usize = 450;
/// Lines of a function, from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 80;

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
fn functions_fit_a_screen() {
    let mut wrong = Vec::new();
    for source in production() {
        for (name, lines) in functions(&source.text) {
            if lines > FUNCTION_LINES_MAX {
                wrong.push(format!("{}: {name} has {lines} lines", source.file));
            }
        }
    }
    none(&wrong);
}

/// The functions with a body in this text before its tests, and how many lines each has. The text is as
/// `rustfmt` lays it out: the closing brace is alone in its line, as far in as the signature.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let is_comment = code.starts_with("//");
        let Some((before, after)) = code.split_once("fn ").filter(|_| !is_comment) else {
            continue;
        };
        let words = ["pub", "const", "async"];
        let is_signature =
            |word: &str| words.contains(&word) || word.starts_with("pub(") || word.ends_with(')');
        if !before.split_whitespace().all(is_signature) {
            continue;
        }
        let is_as_far_in = |line: &str| {
            let rest = line.strip_prefix(indent);
            rest.is_some_and(|rest| !rest.starts_with(' '))
        };
        let mut ends = lines[start..]
            .iter()
            .enumerate()
            .filter(|(_, line)| line.ends_with([';', '}']) && is_as_far_in(line));
        let last = ends.next().map_or(0, |(at, _)| at);
        found.push((after.split(['(', '<']).next().unwrap_or_default(), last + 1));
    }
    found
}

#[test]
fn a_function_ends_at_its_own_brace() {
    let text = "fn a() {\n    b(\n    );\n}\n\n    pub(crate) async fn c<T>(\n        d: u8,\n    ) -> E {\n\
                \x20       if f {\n        }\n    }\n// no fn g() {\nfn h() {}\n";
    assert_eq!(functions(text), [("a", 4), ("c", 6), ("h", 1)]);
}

#[test]
fn no_suite_compiles_the_helpers_again() {
    let own = files("tests", "rs").into_iter().filter(|file| {
        let text = text(file);
        text.lines().any(|line| line == "mod support;")
    });
    let advice = |file| format!("{file}: use cairn_test_support as support");
    none(&own.map(advice).collect::<Vec<_>>());
}

#[test]
fn every_source_and_test_file_is_compiled() {
    let mut reached: BTreeSet<_> = modules().into_iter().map(|source| source.file).collect();
    // Cargo makes a test of `tests/name.rs` and of `tests/name/main.rs`. The helpers are a crate.
    let is_root = |file: &String| match file.matches('/').count() {
        1 => true,
        2 => file.ends_with("/main.rs") || file == "tests/support/mod.rs",
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
        folder != "tests/support" && package_root().join(folder).join("Cargo.toml").exists()
    };
    let forgotten: Vec<_> = all
        .filter(|file| !reached.contains(file) && !apart(file))
        .collect();
    none(&forgotten);
}
