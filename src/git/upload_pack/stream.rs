//! The pack on the wire: its bytes hashed for the trailer, and put on the side-band.

use super::super::hash::PackHasher;
use super::super::protocol::pktline;
use super::super::protocol::sideband::{Band, SideBand, band};

/// Wraps the bytes of one pack.
pub struct PackStream {
    hasher: PackHasher,
    side_band: SideBand,
}

impl PackStream {
    /// A stream that has sent nothing yet.
    pub fn new(side_band: SideBand) -> Self {
        Self {
            hasher: PackHasher::default(),
            side_band,
        }
    }

    /// Appends bytes of the pack.
    pub fn pack_bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.hasher.update(bytes);
        band(Band::Data, bytes, self.side_band, out);
    }

    /// Appends a line of progress; without a side-band it is lost.
    pub fn progress(&self, message: &str, out: &mut Vec<u8>) {
        band(Band::Progress, message.as_bytes(), self.side_band, out);
    }

    /// Appends the pack's trailer and the end of the response.
    pub fn finish(self, out: &mut Vec<u8>) {
        let trailer = self.hasher.finish();
        band(Band::Data, &trailer, self.side_band, out);
        if self.side_band != SideBand::None {
            pktline::flush(out);
        }
    }

    /// Appends the message that ends a response which cannot be finished. The body must then be
    /// aborted too: without a side-band nothing else tells, as a short pack has no trailer.
    pub fn fail(&self, message: &str, out: &mut Vec<u8>) {
        band(Band::Error, message.as_bytes(), self.side_band, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailer_is_the_hash_of_all_pack_bytes() {
        let (mut bare, mut banded) = (Vec::new(), Vec::new());
        for (side_band, out) in [(SideBand::None, &mut bare), (SideBand::Large, &mut banded)] {
            let mut stream = PackStream::new(side_band);
            stream.progress("Total 0\n", out);
            stream.pack_bytes(b"PA", out);
            stream.pack_bytes(b"CK", out);
            stream.finish(out);
        }
        let mut hasher = PackHasher::default();
        hasher.update(b"PACK");
        assert_eq!(bare, [b"PACK".as_slice(), &hasher.finish()].concat());
        assert!(banded.starts_with(b"000d\x02Total 0\n0007\x01PA0007\x01CK0019\x01"));
        assert!(banded.ends_with(b"0000"));
    }
}
