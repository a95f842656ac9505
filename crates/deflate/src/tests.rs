use flate2::{Decompress, FlushDecompress, Status};
use proptest::prelude::*;

use super::*;

/// Deflates, and has zlib inflate.
fn deflated(deflater: &mut Deflater, content: &[u8]) -> Vec<u8> {
    let mut out = b"header".to_vec();
    deflater.append(content, &mut out);
    let stream = out.split_off(b"header".len());
    assert_eq!(out, b"header");
    let mut inflated = Vec::with_capacity(content.len() + 1);
    let mut zlib = Decompress::new(true);
    let status = zlib.decompress_vec(&stream, &mut inflated, FlushDecompress::Finish);
    assert_eq!(status.unwrap(), Status::StreamEnd);
    assert!(inflated == content);
    assert_eq!(zlib.total_in(), stream.len() as u64);
    stream
}

fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(state.to_be_bytes()[0])
    };
    (0..bytes).scan(seed, |state, _| next(state)).collect()
}

fn words(seed: u32, bytes: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = [
        "let ", "the ", "= ", "self.", "count", "\n    ", "fn ", "of ",
    ];
    let mut text = Vec::new();
    for byte in noise(seed, bytes) {
        text.extend_from_slice(WORDS[usize::from(byte % 8)].as_bytes());
    }
    text.truncate(bytes);
    text
}

#[test]
fn zlib_inflates_our_streams() {
    let mut deflater = Deflater::new();
    let sizes = [0, 1, 2, 3, 4, 5, 8, 100, 32_767, 65_535, 70_000, 1_000_000];
    for size in sizes {
        deflated(&mut deflater, &noise(1, size));
        deflated(&mut deflater, &words(2, size));
        deflated(&mut deflater, &vec![7; size]);
    }
}

#[test]
fn a_stream_depends_on_nothing_that_was_deflated_before() {
    let (text, other) = (words(3, 40_000), words(4, 90_000));
    let alone = deflated(&mut Deflater::new(), &text);
    let mut deflater = Deflater::new();
    for before in [&text, &other, &text] {
        deflated(&mut deflater, before);
        assert!(deflated(&mut deflater, &text) == alone);
    }
}

#[test]
fn a_content_without_repetitions_becomes_hardly_longer() {
    for size in [1, 100, 70_000, 300_000] {
        let stream = deflated(&mut Deflater::new(), &noise(5, size));
        // Five bytes a stored block, and six around them all.
        assert!(stream.len() <= size + 6 + 5 * (1 + size / 32_000), "{size}");
    }
}

#[test]
fn sources_become_as_short_as_with_the_level_that_takes_as_long() {
    let text = include_bytes!("tokens.rs");
    let own = deflated(&mut Deflater::new(), text).len();
    let mut zlib = flate2::Compress::new(flate2::Compression::new(2), true);
    let mut stream = Vec::with_capacity(text.len());
    zlib.compress_vec(text, &mut stream, flate2::FlushCompress::Finish)
        .unwrap();
    assert!(own < stream.len(), "{own} bytes, {} by zlib", stream.len());
}

#[test]
fn codes_that_would_be_too_long_are_bounded() {
    // Counts like Fibonacci's numbers make the longest codes.
    let mut counts = [0; symbols::LITERALS];
    let (mut one, mut two) = (1, 1);
    for count in &mut counts[..22] {
        *count = one;
        (one, two) = (two, one + two);
    }
    for length_max in [7_u32, 15] {
        let codes = huffman::codes(&counts, length_max as usize);
        let lengths = codes.map(|code| u32::from(code.length));
        assert_eq!(*lengths.iter().max().unwrap(), length_max);
        let used = lengths.iter().filter(|length| **length > 0);
        let taken: u32 = used.map(|length| 1 << (length_max - length)).sum();
        assert_eq!(taken, 1 << length_max, "the code is complete");
    }
}

/// Content of runs that repeat at all distances.
fn repetitive() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(0_u8..4, 0..300).prop_map(|bytes| (bytes, None)),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| (bytes, None)),
        (1_usize..40_000, 0_usize..600).prop_map(|run| (Vec::new(), Some(run))),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| {
        let mut content = vec![0; 100];
        for (bytes, run) in pieces {
            content.extend(bytes);
            if let Some((distance, length)) = run {
                for _ in 0..length {
                    content.push(content[content.len().saturating_sub(distance)]);
                }
            }
        }
        content
    })
}

proptest! {
    #[test]
    fn any_content_comes_back(contents in prop::collection::vec(repetitive(), 1..4)) {
        let mut deflater = Deflater::new();
        for content in contents {
            deflated(&mut deflater, &content);
        }
    }
}
