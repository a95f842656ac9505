//! The pack on the wire: its bytes hashed for the trailer and framed in side-band packets.
//!
//! <https://git-scm.com/docs/gitprotocol-pack#_packfile_data>. Payload is framed in place: a
//! packet's head is left open in the output and its length written when the packet is full, so
//! that each byte is copied once.

use super::super::hash::PackHasher;

/// How the pack is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Bare pack bytes (v0 without a side-band).
    Bare,
    /// `side-band`: packets of at most 1,000 bytes.
    SideBand,
    /// `side-band-64k` and protocol v2: packets of at most 65,520 bytes.
    SideBand64k,
}

/// Bytes of a packet's length and band.
const HEAD_BYTES: usize = 5;

impl Framing {
    /// Bytes of payload in a full packet; 0 when there are no packets.
    fn payload_bytes_max(self) -> usize {
        match self {
            Self::Bare => 0,
            Self::SideBand => 1000 - HEAD_BYTES,
            Self::SideBand64k => 65520 - HEAD_BYTES,
        }
    }
}

/// Which stream of the side-band a packet belongs to.
#[derive(Debug, Clone, Copy)]
enum Band {
    Data = 1,
    Progress = 2,
    Error = 3,
}

/// Frames one pack. The same `out` may be emptied between calls: no packet stays open across them.
pub struct PackStream {
    hasher: PackHasher,
    framing: Framing,
}

impl PackStream {
    /// A stream that has sent nothing yet.
    pub fn new(framing: Framing) -> Self {
        Self {
            hasher: PackHasher::default(),
            framing,
        }
    }

    /// Appends bytes of the pack.
    pub fn pack_bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.hasher.update(bytes);
        self.frame(Band::Data, bytes, out);
    }

    /// Appends a line of progress; without a side-band there is nowhere to show it.
    pub fn progress(&self, message: &str, out: &mut Vec<u8>) {
        if self.framing != Framing::Bare {
            self.frame(Band::Progress, message.as_bytes(), out);
        }
    }

    /// Appends the pack's trailer and the end of the response.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let trailer = std::mem::take(&mut self.hasher).finish();
        self.frame(Band::Data, &trailer, out);
        if self.framing != Framing::Bare {
            out.extend_from_slice(b"0000");
        }
    }

    /// Appends the message that ends a response which cannot be finished. Without a side-band the
    /// caller must abort the body: a short pack has no valid trailer.
    pub fn fail(&self, message: &str, out: &mut Vec<u8>) {
        if self.framing != Framing::Bare {
            self.frame(Band::Error, message.as_bytes(), out);
        }
    }

    fn frame(&self, band: Band, bytes: &[u8], out: &mut Vec<u8>) {
        if self.framing == Framing::Bare {
            out.extend_from_slice(bytes);
            return;
        }
        let payload_bytes_max = self.framing.payload_bytes_max();
        out.reserve(bytes.len() + HEAD_BYTES * (bytes.len() / payload_bytes_max + 1));
        for payload in bytes.chunks(payload_bytes_max) {
            let length = HEAD_BYTES + payload.len();
            for shift in [12, 8, 4, 0] {
                out.push(hex_digit((length >> shift) & 0xf));
            }
            out.push(band as u8);
            out.extend_from_slice(payload);
        }
    }
}

fn hex_digit(nibble: usize) -> u8 {
    // `nibble` is masked to 0..=15 by the caller.
    b"0123456789abcdef".get(nibble).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix_packetline::{BandRef, PacketLineRef, decode};

    fn unframed(mut wire: &[u8]) -> (Vec<u8>, Vec<u8>, bool) {
        let (mut data, mut progress) = (Vec::new(), Vec::new());
        while !wire.is_empty() {
            let decode::Stream::Complete {
                line,
                bytes_consumed,
            } = decode::streaming(wire).unwrap()
            else {
                panic!("cut off")
            };
            wire = &wire[bytes_consumed..];
            if line == PacketLineRef::Flush {
                return (data, progress, wire.is_empty());
            }
            match line.decode_band().unwrap() {
                BandRef::Data(bytes) => data.extend_from_slice(bytes),
                BandRef::Progress(bytes) => progress.extend_from_slice(bytes),
                BandRef::Error(_) => panic!("no error was sent"),
            }
        }
        (data, progress, false)
    }

    #[test]
    fn what_is_framed_comes_out_with_its_trailer() {
        for framing in [Framing::SideBand, Framing::SideBand64k] {
            for size in [0, 1, 994, 995, 996, 65_514, 65_515, 65_516, 200_000] {
                let pack = vec![7; size];
                let mut wire = Vec::new();
                let mut stream = PackStream::new(framing);
                stream.progress("Total 3\n", &mut wire);
                stream.pack_bytes(&pack, &mut wire);
                stream.finish(&mut wire);
                let (data, progress, ended) = unframed(&wire);
                let mut hasher = PackHasher::default();
                hasher.update(&pack);
                assert_eq!(&data[..size], pack);
                assert_eq!(&data[size..], hasher.finish());
                assert_eq!(progress, b"Total 3\n");
                assert!(ended);
            }
        }
    }

    #[test]
    fn a_bare_stream_is_the_pack_and_nothing_else() {
        let mut wire = Vec::new();
        let mut stream = PackStream::new(Framing::Bare);
        stream.progress("lost", &mut wire);
        stream.pack_bytes(b"PACK", &mut wire);
        stream.finish(&mut wire);
        assert_eq!(wire.len(), 24);
    }
}
