//! Deltas: the result has the size that the delta claims, in bounded memory, whatever the bytes.
#![no_main]

use cairn::git::pack::delta;
use libfuzzer_sys::fuzz_target;

/// Bytes that a result may have here.
const RESULT_BYTES_MAX: u64 = 1 << 16;

// The first byte says how much of the rest is the base.
fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let (base, instructions) = rest.split_at(usize::from(*first).min(rest.len()));
    let sizes = delta::sizes(instructions);
    if let Ok(result) = delta::apply(base, instructions, RESULT_BYTES_MAX) {
        let lengths = (base.len() as u64, result.len() as u64);
        assert_eq!(sizes.ok(), Some(lengths));
        assert!(lengths.1 <= RESULT_BYTES_MAX);
    }
});
