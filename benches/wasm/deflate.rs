//! Exports for `crates/deflate/benches/compare.mjs`: both compressors, as wasm.
//!
//! | export | what it does |
//! |---|---|
//! | `reserve(bytes)` | makes room for the contents, and says where |
//! | `compress(level)` | compresses them all, and says how many bytes the streams have |

use std::cell::RefCell;

#[path = "../../crates/deflate/benches/compressors.rs"]
mod compressors;

thread_local! {
    static FRAMES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[unsafe(no_mangle)]
extern "C" fn reserve(bytes: u32) -> *const u8 {
    FRAMES.with_borrow_mut(|frames| {
        *frames = vec![0; bytes as usize];
        frames.as_ptr()
    })
}

#[unsafe(no_mangle)]
extern "C" fn compress(level: u32) -> u64 {
    FRAMES.with_borrow(|frames| {
        let contents = compressors::contents(frames);
        compressors::compressed_bytes(&contents, level)
    })
}
