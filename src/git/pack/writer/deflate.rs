//! Objects deflated anew, one after another, with one compressor.

use flate2::{Compress, Compression, FlushCompress, Status};

/// Room added to the output when it is full.
const GROW_BYTES: usize = 16 << 10;

/// The level of most answers: half the time of git's 6, for streams that are a ninth larger. Levels 3
/// to 5 are as slow as 6.
const WELL: Compression = Compression::new(2);

/// Bytes of content that get it, a second's work at most.
const WELL_DEFLATED_BYTES: usize = 48 << 20;

/// A compressor, about 300 KiB, reused for every object.
///
/// Only objects whose delta base stays behind come here: of the files of a clone with `--depth 1`,
/// the half or so that were pushed as deltas. The fastest level takes half of the time once more, and
/// makes them a quarter larger: a large answer goes on with that.
pub(super) struct Deflater {
    compress: Compress,
    /// Bytes of content that are still deflated well.
    well: usize,
}

impl Deflater {
    pub(super) fn new() -> Self {
        Self {
            compress: Compress::new(WELL, true),
            well: WELL_DEFLATED_BYTES,
        }
    }

    /// Appends the content as a zlib stream; false when the compressor fails, which it does not.
    pub(super) fn append(&mut self, content: &[u8], out: &mut Vec<u8>) -> bool {
        let well = self.well;
        self.well = well.saturating_sub(content.len());
        if well > 0 && self.well == 0 {
            self.compress = Compress::new(Compression::fast(), true);
        }
        let compress = &mut self.compress;
        compress.reset();
        out.reserve(content.len() / 2 + 64);
        loop {
            let taken = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
            let rest = content.get(taken..).unwrap_or_default();
            let before = (taken, out.len());
            match compress.compress_vec(rest, out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return true,
                Ok(_) if out.len() == out.capacity() => out.reserve(GROW_BYTES),
                Ok(_) if compress.total_in() > before.0 as u64 || out.len() > before.1 => {}
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
