//! How many instructions each operation of the engine takes: counted, not timed, so that the
//! figures are the same on every machine and however busy it is.
//!
//! The engine is built as wasm, as it runs in production but without the platform
//! (`benches/wasm`), made to count its instructions, and run by Node. The figures move with the
//! sources, the compiler (`rust-toolchain.toml`) and the dependencies (`Cargo.lock`), and with
//! nothing else.

#![allow(clippy::panic, reason = "a panic is how a test fails")]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

mod counting;
mod known;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The most instructions that each may take: at most a twentieth above the present number. A commit that
/// raises one says why.
const BUDGETS: [(&str, u64); 15] = [
    ("inflate 1 MiB", 27_900_000),
    ("hash an object of 1 MiB", 63_500_000),
    ("hash 256 objects of 4 KiB", 31_800_000),
    ("hash 1 MiB of a pack", 41_100_000),
    ("apply a delta of 1 MiB", 171_000),
    ("read 1,000 commits", 4_900_000),
    ("read 1,000 trees", 5_900_000),
    ("check 1,000 trees", 12_400_000),
    ("look 1,000 objects up", 1_560_000),
    ("take a push of 400 commits", 272_000_000),
    ("take a push of one commit", 2_940_000),
    // Each list is asked for by pages first, where the segment is large. A question to the graph looks
    // first whether its segment is read by pages.
    ("plan a clone", 2_970_000),
    ("write a clone", 15_500_000),
    ("plan and write a fetch of one commit", 220_000),
    ("plan and write a clone --depth=1", 90_500_000),
];

/// Instructions by operation.
type Counts = BTreeMap<String, u64>;

#[test]
fn no_operation_of_the_engine_takes_more_instructions_than_its_budget() {
    let module = std::fs::read(built()).expect("it was built");
    let file = counting_file("engine.wasm", &module);
    let counts = counts_of(&file);
    assert_eq!(counts, counts_of(&file), "the second run counts otherwise");

    let mut over = Vec::new();
    for (name, taken) in &counts {
        let budget = BUDGETS.iter().find(|(other, _)| other == name);
        let (_, budget) = budget.unwrap_or_else(|| panic!("{name} has no budget: {taken}"));
        println!("{name}: {taken} instructions of {budget}");
        if taken > budget {
            over.push(format!(
                "{name}: {taken} instructions, and may take {budget}"
            ));
        }
    }
    assert_eq!(
        counts.len(),
        BUDGETS.len(),
        "one was not counted: {counts:?}"
    );
    assert!(over.is_empty(), "beyond BUDGETS:\n{}", over.join("\n"));
}

#[test]
fn the_count_equals_the_executed_instructions() {
    let file = counting_file("known.wasm", &known::module());
    let expected = Counts::from([("x".to_owned(), known::INSTRUCTIONS)]);
    assert_eq!(counts_of(&file), expected);
}

/// The module made to count, in a file.
fn counting_file(name: &str, module: &[u8]) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, counting::counting(module)).expect("the folder is there");
    file
}

/// Builds the module with the profile of the release, not with the flags of this run.
fn built() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("tmp is in the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--locked", "--quiet", "--release"])
        .args(["--package", "cairn-engine-operations"])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PROFILE_") || text.ends_with("RUSTFLAGS") {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "the engine does not compile as wasm");
    target.join("wasm32-unknown-unknown/release/engine_operations.wasm")
}

/// Does every operation in a new instance of the module.
fn counts_of(module: &Path) -> Counts {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("scripts/node"))
        .arg(root.join("benches/wasm.mjs"))
        .arg(module)
        .output()
        .expect("bash is installed");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let count = |line: &str| {
        let (name, count) = line.split_once('\t')?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    stdout.lines().filter_map(count).collect()
}
