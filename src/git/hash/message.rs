//! An object as SHA-1 reads it: blocks of 64 bytes, the header before and the padding behind.

use super::super::object::ObjectKind;
use super::compression::Block;

/// A block and what may not fit in: the header, or the length.
const BLOCK_BYTES: usize = 64;

/// The padding: a byte at least, and the length.
const PADDING_BYTES_MIN: usize = 9;

/// An object whose blocks are taken in order. Those that are all content are read where they lie.
pub(super) struct Message<'a> {
    part: Part,
    /// The header, and what the first block holds of the content. Then bytes of no meaning.
    head: [u8; 2 * BLOCK_BYTES],
    middle: &'a [Block],
    /// One block of no meaning, and the last one or two of the message.
    tail: [u8; 3 * BLOCK_BYTES],
    tail_end: usize,
}

/// Where the next block is from.
enum Part {
    Head,
    Middle,
    Tail,
    Nowhere,
}

impl<'a> Message<'a> {
    /// A message that has ended.
    pub(super) fn ended() -> Self {
        Self {
            part: Part::Nowhere,
            head: [0; 2 * BLOCK_BYTES],
            middle: &[],
            tail: [0; 3 * BLOCK_BYTES],
            tail_end: 0,
        }
    }

    /// Becomes this object.
    ///
    /// What is put together is copied by whole blocks, with what comes before it, since a copy of a
    /// length that the compiler does not know is a call out of the wasm.
    pub(super) fn begin(&mut self, kind: ObjectKind, content: &'a [u8]) {
        let header = gix_object::encode::loose_header(kind.into(), content.len() as u64);
        let ends = (
            content.first_chunk::<BLOCK_BYTES>(),
            content.last_chunk::<BLOCK_BYTES>(),
        );
        let in_tail = if let (Some(first), Some(last)) = ends {
            put(&mut self.head, 0, &header);
            put_array(&mut self.head, header.len(), first);
            let behind = content.get(BLOCK_BYTES - header.len()..);
            let (middle, rest) = behind.unwrap_or_default().as_chunks();
            self.middle = middle;
            put_array(&mut self.tail, rest.len(), last);
            put_array(&mut self.tail, BLOCK_BYTES + rest.len(), &[0; BLOCK_BYTES]);
            self.part = Part::Head;
            rest.len()
        } else {
            self.tail = [0; 3 * BLOCK_BYTES];
            put(&mut self.tail, BLOCK_BYTES, &header);
            put(&mut self.tail, BLOCK_BYTES + header.len(), content);
            self.part = Part::Tail;
            header.len() + content.len()
        };
        if let Some(behind) = self.tail.get_mut(BLOCK_BYTES + in_tail) {
            *behind = 0x80;
        }
        let is_one = in_tail + PADDING_BYTES_MIN <= BLOCK_BYTES;
        self.tail_end = if is_one { 2 } else { 3 } * BLOCK_BYTES;
        let bits = (header.len() as u64 + content.len() as u64) << 3;
        put_array(&mut self.tail, self.tail_end - 8, &bits.to_be_bytes());
    }

    /// The next blocks: at least one, unless the message has ended.
    pub(super) fn blocks(&self) -> &[Block] {
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

    /// Takes so many of [`Self::blocks`].
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
