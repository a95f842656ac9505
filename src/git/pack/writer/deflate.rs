//! Objects deflated anew, one after another, with one compressor.

use flate2::{Compress, Compression, FlushCompress, Status};

/// Room added to the output when it is full.
const GROW_BYTES: usize = 16 << 10;

/// A compressor, about 300 KiB, reused for every object.
///
/// It is set to be fast: only objects whose delta base stays behind come here, and the time that a
/// better setting takes is the isolate's, while the bytes that it saves are few.
pub(super) struct Deflater(Compress);

impl Deflater {
    pub(super) fn new() -> Self {
        Self(Compress::new(Compression::fast(), true))
    }

    /// Appends the content as a zlib stream; false when the compressor fails, which it does not.
    pub(super) fn append(&mut self, content: &[u8], out: &mut Vec<u8>) -> bool {
        self.0.reset();
        out.reserve(content.len() / 2 + 64);
        loop {
            let taken = usize::try_from(self.0.total_in()).unwrap_or(usize::MAX);
            let rest = content.get(taken..).unwrap_or_default();
            let before = (taken, out.len());
            match self.0.compress_vec(rest, out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return true,
                Ok(_) if out.len() == out.capacity() => out.reserve(GROW_BYTES),
                Ok(_) if self.0.total_in() > before.0 as u64 || out.len() > before.1 => {}
                Ok(_) | Err(_) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::inflate::Inflater;
    use super::*;

    #[test]
    fn what_is_deflated_is_inflated_again() {
        let mut deflater = Deflater::new();
        let noise = |n: u32| n.wrapping_mul(2_654_435_761).to_le_bytes()[3];
        for size in [0, 1, 100, 70_000, 1_000_000] {
            let content: Vec<u8> = (0..size).map(noise).collect();
            let mut out = b"header".to_vec();
            assert!(deflater.append(&content, &mut out));
            let (inflated, consumed) = Inflater::new().whole(&out[6..], content.len()).unwrap();
            assert!(inflated == content);
            assert_eq!(consumed, out.len() - 6);
        }
    }
}
