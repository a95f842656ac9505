//! A message as SHA-1 reads it: blocks of 64 bytes, the prefix before and the padding behind.

use super::compression::Block;

const BLOCK_BYTES: usize = 64;

/// The longest prefix, in bytes, so that the first block holds all of it.
pub const PREFIX_BYTES_MAX: usize = 32;

/// A message in two parts, so that nobody has to put them together: Git hashes an object's header
/// before its content.
pub trait Message: Copy {
    /// The bytes before the content: [`PREFIX_BYTES_MAX`] at most.
    fn prefix(&self) -> impl AsRef<[u8]>;

    /// The rest of the message.
    fn content(&self) -> &[u8];
}

/// The shortest padding: one byte and the length.
const PADDING_BYTES_MIN: usize = 9;

/// The blocks of a message, in order. A block that is all content is read where it lies.
pub(super) struct Blocks<'a> {
    part: Part,
    /// The prefix and the start of the content, as the first block holds them; then padding that is
    /// never read.
    head: [u8; 2 * BLOCK_BYTES],
    middle: &'a [Block],
    /// A block that is never read, then the last one or two of the message.
    tail: [u8; 3 * BLOCK_BYTES],
    tail_end: usize,
}

/// The source of the next block.
enum Part {
    Head,
    Middle,
    Tail,
    Nowhere,
}

impl<'a> Blocks<'a> {
    /// No blocks: a message that has ended.
    pub(super) fn ended() -> Self {
        Self {
            part: Part::Nowhere,
            head: [0; 2 * BLOCK_BYTES],
            middle: &[],
            tail: [0; 3 * BLOCK_BYTES],
            tail_end: 0,
        }
    }

    /// Becomes the blocks of this message.
    ///
    /// Copies whole blocks, with any bytes before those that count, because a copy whose length the compiler
    /// does not know is a call out of the wasm.
    pub(super) fn begin(&mut self, prefix: &[u8], content: &'a [u8]) {
        debug_assert!(
            prefix.len() <= PREFIX_BYTES_MAX,
            "a prefix of {} bytes",
            prefix.len()
        );
        let ends = (
            content.first_chunk::<BLOCK_BYTES>(),
            content.last_chunk::<BLOCK_BYTES>(),
        );
        let in_tail = if let (Some(first), Some(last)) = ends {
            put(&mut self.head, 0, prefix);
            put_array(&mut self.head, prefix.len(), first);
            let behind = content.get(BLOCK_BYTES - prefix.len()..);
            let (middle, rest) = behind.unwrap_or_default().as_chunks();
            self.middle = middle;
            put_array(&mut self.tail, rest.len(), last);
            put_array(&mut self.tail, BLOCK_BYTES + rest.len(), &[0; BLOCK_BYTES]);
            self.part = Part::Head;
            rest.len()
        } else {
            self.tail = [0; 3 * BLOCK_BYTES];
            put(&mut self.tail, BLOCK_BYTES, prefix);
            put(&mut self.tail, BLOCK_BYTES + prefix.len(), content);
            self.part = Part::Tail;
            prefix.len() + content.len()
        };
        if let Some(behind) = self.tail.get_mut(BLOCK_BYTES + in_tail) {
            *behind = 0x80;
        }
        let is_one = in_tail + PADDING_BYTES_MIN <= BLOCK_BYTES;
        self.tail_end = if is_one { 2 } else { 3 } * BLOCK_BYTES;
        let bits = (prefix.len() as u64 + content.len() as u64) << 3;
        put_array(&mut self.tail, self.tail_end - 8, &bits.to_be_bytes());
    }

    /// The next blocks: at least one, unless the message has ended.
    pub(super) fn next(&self) -> &[Block] {
        match self.part {
            Part::Head => self.head.as_chunks().0.get(..1).unwrap_or_default(),
            Part::Middle => self.middle,
            Part::Tail => {
                let tail = self.tail.get(BLOCK_BYTES..self.tail_end);
                tail.unwrap_or_default().as_chunks().0
            }
            Part::Nowhere => &[],
        }
    }

    /// Whether all blocks were taken.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.part, Part::Nowhere)
    }

    /// Passes over so many of [`Self::next`].
    pub(super) fn advance(&mut self, blocks: usize) {
        match self.part {
            Part::Head => self.part = Part::Middle,
            Part::Middle => self.middle = self.middle.get(blocks..).unwrap_or_default(),
            Part::Tail if blocks * BLOCK_BYTES < self.tail_end - BLOCK_BYTES => {
                self.tail.copy_within(2 * BLOCK_BYTES.., BLOCK_BYTES);
                self.tail_end = 2 * BLOCK_BYTES;
            }
            Part::Tail | Part::Nowhere => self.part = Part::Nowhere,
        }
        if matches!(self.part, Part::Middle) && self.middle.is_empty() {
            self.part = Part::Tail;
        }
    }
}

fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(to) = buffer.get_mut(at..at + bytes.len()) {
        to.copy_from_slice(bytes);
    }
}

fn put_array<const N: usize>(buffer: &mut [u8], at: usize, bytes: &[u8; N]) {
    let to = buffer.get_mut(at..).and_then(<[_]>::first_chunk_mut);
    if let Some(to) = to {
        *to = *bytes;
    }
}
