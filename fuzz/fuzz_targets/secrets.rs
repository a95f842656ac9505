//! The search for secrets, on any bytes: its findings lie in them, and it finds the same in a text around
//! them.
#![no_main]

use cairn_secrets::Searcher;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let searcher = Searcher::new();
    let found_in = |content: &[u8]| {
        let mut found = Vec::new();
        searcher.search(content, &mut |secret| {
            assert!(content.get(secret.range.clone()).is_some_and(|bytes| !bytes.is_empty()));
            found.push(secret.kind);
            true
        });
        found
    };
    let alone = found_in(content);
    let around = [b"let a = 1;\n".as_slice(), content, b"\nlet b = 2;\n"].concat();
    // Those at the edges may need the text around them.
    let among = found_in(&around);
    assert!(among.len() >= alone.len(), "{alone:?} {among:?}");
});
