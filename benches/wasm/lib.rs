//! The engine by itself, as wasm, and the operations that it is measured with.
//!
//! It imports nothing, so that any runtime can run it: `tests/engine_instructions` counts the executed
//! instructions, `benches/wasm.mjs` takes the time in the JavaScript engine that Workers run in.
//!
//! | export | what it does |
//! |---|---|
//! | `name(number)` | where the name of an operation is: its address in the upper 32 bits, its length in the lower ones; 0 after the last |
//! | `prepare(number)` | makes what the operation works on |
//! | `run()` | does it |

use std::cell::RefCell;

// The operations say `cairn::git`, as they do in the native benchmark.
extern crate self as cairn;

mod deflate;
/// The engine's own sources: the whole crate would bring the platform along.
#[allow(
    dead_code,
    unused_imports,
    reason = "the shell and the storage use the rest"
)]
#[path = "../../src/git/mod.rs"]
pub mod git;
#[path = "../operations/mod.rs"]
mod operations;
mod push;

use operations::{OPERATIONS, Prepared};

thread_local! {
    static PREPARED: RefCell<Option<Prepared>> = const { RefCell::new(None) };
}

#[unsafe(no_mangle)]
extern "C" fn name(number: u32) -> u64 {
    OPERATIONS.get(number as usize).map_or(0, |(name, _)| {
        (name.as_ptr() as u64) << 32 | name.len() as u64
    })
}

#[unsafe(no_mangle)]
extern "C" fn prepare(number: u32) {
    PREPARED.set(None);
    PREPARED.set(Some(OPERATIONS[number as usize].1()));
}

#[unsafe(no_mangle)]
extern "C" fn run() {
    PREPARED.with_borrow_mut(|prepared| prepared.as_mut().expect("it is prepared")());
}
