//! For tests: the same input in every pair of pieces, byte by byte, and at random.

use std::fmt::Debug;

/// Runs `read` on `bytes` whole, cut in two at every place, cut in three at many, and in pieces
/// of one byte, and asserts that the result is the same. Long inputs are cut at a sample of
/// places, among them those next to each end.
pub(crate) fn check<T: PartialEq + Debug>(bytes: &[u8], read: impl Fn(&[&[u8]]) -> T) -> T {
    let whole = read(&[bytes]);
    let stride = (bytes.len() / 512).max(1);
    let ends = |at: usize| at < 8 || at + 8 > bytes.len();
    for at in (0..=bytes.len()).filter(|&at| at % stride == 0 || ends(at)) {
        let (left, right) = bytes.split_at(at);
        assert_eq!(read(&[left, right]), whole, "cut at {at}");
        let (middle, right) = right.split_at(right.len() / 2);
        assert_eq!(
            read(&[left, middle, right]),
            whole,
            "cut at {at} and {}",
            at + middle.len()
        );
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), whole, "byte by byte");
    whole
}
