//! Writes bits into bytes; the first bit takes the lowest place (RFC 1951, section 3.1.1).

/// Room added to the output when it is full.
const ROOM_BYTES: usize = 4 << 10;

/// Writes bits at the end of a vector.
///
/// The vector holds zeros behind the written bytes, so that writing four more is a store and not a
/// call. [`BitWriter::finish`] removes them.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// How many bytes of `out` are written.
    end: usize,
    /// Bits that are not written yet: fewer than 32.
    held: u64,
    held_count: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`, and makes room for `bytes`.
    pub(super) fn new(out: &'a mut Vec<u8>, bytes: usize) -> Self {
        let end = out.len();
        out.resize(end + bytes, 0);
        Self {
            out,
            end,
            held: 0,
            held_count: 0,
        }
    }

    /// Appends the lowest `count` bits, at most 32. The other bits must be zero.
    #[inline(always)]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        debug_assert!(count <= u32::BITS, "{count} bits at once");
        debug_assert!(u64::from(bits) >> count == 0, "more than {count} bits");
        // 31 held and 32 more fit in 64.
        self.held |= u64::from(bits) << self.held_count;
        self.held_count += count;
        if self.held_count >= u32::BITS {
            let [a, b, c, d, ..] = self.held.to_le_bytes();
            let room = self.out.get_mut(self.end..);
            match room.and_then(<[u8]>::first_chunk_mut) {
                Some(place) => *place = [a, b, c, d],
                None => self.append(&[a, b, c, d]),
            }
            self.end += 4;
            self.held >>= u32::BITS;
            self.held_count -= u32::BITS;
        }
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self) {
        let bytes = self.held.to_le_bytes();
        let count = self.held_count.div_ceil(8) as usize;
        (self.held, self.held_count) = (0, 0);
        self.bytes(bytes.get(..count).unwrap_or_default());
    }

    /// Appends bytes. Call it only where the last byte is full.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.append(bytes);
        self.end += bytes.len();
    }

    /// Fills the last byte with zeros, and removes the room behind it.
    pub(super) fn finish(mut self) {
        self.align();
        self.out.truncate(self.end);
    }

    /// Puts bytes at the end, and zeros behind them.
    #[cold]
    fn append(&mut self, bytes: &[u8]) {
        self.out.truncate(self.end);
        self.out.extend_from_slice(bytes);
        self.out.resize(self.end + bytes.len() + ROOM_BYTES, 0);
    }
}
