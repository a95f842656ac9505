//! How much of one content another one has, as git's `diffcore-delta.c` estimates it.
//!
//! A content is cut into spans: lines, and pieces of 64 bytes of longer ones. Each is hashed, and two
//! contents have in common the bytes of the hashes that occur in both.

/// Hashes of spans are below this prime (git's `HASHBASE`).
const HASH_BASE: u32 = 107_927;

/// The longest span, in bytes.
const SPAN_BYTES_MAX: u32 = 64;

/// Where a NUL is searched (git's `FIRST_FEW_BYTES`).
const BINARY_BYTES: usize = 8000;

/// Spans that are noted before equal ones are joined: more than there are hashes.
const UNSORTED_MAX: usize = 2 * HASH_BASE as usize;

/// Whether git takes the content for binary: where its first bytes have a NUL.
pub(super) fn is_binary(content: &[u8]) -> bool {
    let first = content.get(..BINARY_BYTES).unwrap_or(content);
    first.contains(&0)
}

/// The spans of a content: by hash, how many bytes have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spans(Vec<(u32, u32)>);

impl Spans {
    /// Cuts a content into spans.
    pub(super) fn of(content: &[u8]) -> Self {
        let is_text = !is_binary(content);
        let mut spans = Vec::new();
        let mut hash = SpanHash::default();
        let mut rest = content;
        while let Some((byte, behind)) = rest.split_first() {
            rest = behind;
            // The CR of a CRLF does not count in a text.
            if is_text && *byte == b'\r' && rest.first() == Some(&b'\n') {
                continue;
            }
            hash.add(*byte);
            if hash.bytes == SPAN_BYTES_MAX || *byte == b'\n' {
                spans.push(hash.take());
                if spans.len() >= UNSORTED_MAX {
                    join(&mut spans);
                }
            }
        }
        if hash.bytes > 0 {
            spans.push(hash.take());
        }
        join(&mut spans);
        spans.shrink_to_fit();
        Self(spans)
    }

    /// Bytes that it takes.
    pub(super) fn held_bytes(&self) -> usize {
        size_of_val(self.0.as_slice()).saturating_add(size_of::<Self>())
    }

    /// Bytes of this content that the other one has as well.
    pub(super) fn copied_bytes(&self, other: &Self) -> u64 {
        let mut copied = 0_u64;
        let mut theirs = other.0.iter().peekable();
        for (hash, bytes) in &self.0 {
            while theirs.next_if(|(other, _)| other < hash).is_some() {}
            if let Some((_, other)) = theirs.next_if(|(other, _)| other == hash) {
                copied = copied.saturating_add(u64::from(*bytes.min(other)));
            }
        }
        copied
    }
}

/// The hash of a span under way.
#[derive(Default)]
struct SpanHash {
    low: u32,
    high: u32,
    bytes: u32,
}

impl SpanHash {
    fn add(&mut self, byte: u8) {
        let low = self.low;
        self.low = (low << 7) ^ (self.high >> 25);
        self.high = (self.high << 7) ^ (low >> 25);
        self.low = self.low.wrapping_add(u32::from(byte));
        self.bytes = self.bytes.saturating_add(1);
    }

    fn take(&mut self) -> (u32, u32) {
        let hash = self.low.wrapping_add(self.high.wrapping_mul(0x61)) % HASH_BASE;
        let bytes = self.bytes;
        *self = Self::default();
        (hash, bytes)
    }
}

/// Sorts spans by hash and joins those with the same hash.
fn join(spans: &mut Vec<(u32, u32)>) {
    spans.sort_unstable();
    spans.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        is_same
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(one: &[u8], other: &[u8]) -> u64 {
        Spans::of(one).copied_bytes(&Spans::of(other))
    }

    #[test]
    fn lines_in_common_count_with_their_bytes() {
        assert_eq!(copied(b"one\ntwo\nthree\n", b"three\none\n"), 10);
        assert_eq!(copied(b"one\none\n", b"one\n"), 4);
        assert_eq!(copied(b"", b"one\n"), 0);
    }

    #[test]
    fn a_carriage_return_at_the_end_of_a_line_of_text_does_not_count() {
        assert_eq!(copied(b"one\r\ntwo\n", b"one\ntwo\r\n"), 8);
        assert_eq!(copied(b"one\r\n\0", b"one\n"), 0);
    }

    #[test]
    fn many_spans_are_joined_on_the_way() {
        let lines = |count: usize| -> Vec<u8> {
            let line = |number| format!("line {}\n", number % 1000).into_bytes();
            (0..count).flat_map(line).collect()
        };
        let (long, short) = (lines(200_000), lines(1000));
        assert_eq!(copied(&long, &short), short.len() as u64);
        assert!(Spans::of(&long).held_bytes() < 16 << 10);
    }

    #[test]
    fn a_nul_behind_the_first_bytes_makes_no_binary() {
        let mut content = vec![b'a'; 8001];
        content[8000] = 0;
        assert!(!is_binary(&content));
        content[7999] = 0;
        assert!(is_binary(&content));
    }
}
