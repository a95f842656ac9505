//! Side-bands: <https://git-scm.com/docs/gitprotocol-pack#_packfile_data>.
//!
//! Once the pack begins, the first byte of each packet's data tells the kind of the rest.

use super::pktline;

/// The meaning of a packet's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Band {
    /// Payload: the pack, or the report of a push.
    Data = 1,
    /// Progress, which the client prints after `remote: `.
    Progress = 2,
    /// A fatal error, which the client prints; nothing follows.
    Error = 3,
}

/// How bands are multiplexed, as the client asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SideBand {
    /// Not at all: only payload is sent, bare.
    #[default]
    None,
    /// `side-band`: packets of at most 1000 bytes.
    Small,
    /// `side-band-64k`: packets of at most 65520 bytes.
    Large,
}

/// Bytes in front of each packet's payload: length digits and band.
pub(crate) const BAND_HEADER_BYTES: usize = 5;

impl SideBand {
    /// Bytes of payload in the longest packet; `None` when there are no packets.
    pub(crate) fn payload_bytes_max(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Small => Some(1000 - BAND_HEADER_BYTES),
            Self::Large => Some(pktline::PACKET_BYTES_MAX - BAND_HEADER_BYTES),
        }
    }

    /// Bytes that `payload_bytes` of payload have on the wire.
    pub(crate) fn framed_bytes(self, payload_bytes: u64) -> u64 {
        let Some(max) = self.payload_bytes_max() else {
            return payload_bytes;
        };
        let packets = payload_bytes.div_ceil(max as u64);
        payload_bytes.saturating_add(packets.saturating_mul(BAND_HEADER_BYTES as u64))
    }
}

/// The bytes before a packet's payload, for a caller that copies the payload itself.
///
/// The payload has at most [`SideBand::payload_bytes_max`] bytes.
pub(crate) fn band_header(band: Band, payload_bytes: usize) -> [u8; BAND_HEADER_BYTES] {
    debug_assert!(
        payload_bytes <= pktline::PACKET_BYTES_MAX - BAND_HEADER_BYTES,
        "a packet of {payload_bytes} bytes"
    );
    let [a, b, c, d] = pktline::length_digits(payload_bytes.saturating_add(1));
    [a, b, c, d, band as u8]
}

/// Writes `payload` on a band, in as many packets as it takes.
///
/// Without side-bands payload goes bare, and progress and errors are lost, as with git.
pub fn band(band: Band, payload: &[u8], side_band: SideBand, out: &mut Vec<u8>) {
    let Some(payload_bytes_max) = side_band.payload_bytes_max() else {
        if band == Band::Data {
            out.extend_from_slice(payload);
        }
        return;
    };
    let packets = payload.len().div_ceil(payload_bytes_max);
    out.reserve(
        payload
            .len()
            .saturating_add(packets.saturating_mul(BAND_HEADER_BYTES)),
    );
    for piece in payload.chunks(payload_bytes_max) {
        out.extend_from_slice(&band_header(band, piece.len()));
        out.extend_from_slice(piece);
    }
}

/// Writes a packet that carries nothing: a sign of life for the client and for proxies before it.
pub(crate) fn keepalive(side_band: SideBand, out: &mut Vec<u8>) {
    if side_band != SideBand::None {
        out.extend_from_slice(&band_header(Band::Data, 0));
    }
}

#[cfg(test)]
mod tests {
    use gix_packetline::decode::{Stream, streaming};
    use gix_packetline::{BandRef, PacketLineRef};

    use super::*;

    fn pieces(mut bytes: &[u8]) -> Vec<(Band, Vec<u8>)> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let Stream::Complete {
                line,
                bytes_consumed,
            } = streaming(bytes).unwrap()
            else {
                panic!("incomplete")
            };
            assert!(matches!(line, PacketLineRef::Data(_)));
            found.push(match line.decode_band().unwrap() {
                BandRef::Data(data) => (Band::Data, data.to_vec()),
                BandRef::Progress(data) => (Band::Progress, data.to_vec()),
                BandRef::Error(data) => (Band::Error, data.to_vec()),
            });
            bytes = &bytes[bytes_consumed..];
        }
        found
    }

    #[test]
    fn payload_is_cut_to_the_size_of_the_band() {
        for (side_band, max) in [(SideBand::Small, 995), (SideBand::Large, 65_515)] {
            for payload_bytes in [0usize, 1, max - 1, max, max + 1, 3 * max + 7] {
                let payload: Vec<u8> = (0..=250).cycle().take(payload_bytes).collect();
                let mut out = Vec::new();
                band(Band::Data, &payload, side_band, &mut out);
                assert_eq!(
                    out.len() as u64,
                    side_band.framed_bytes(payload_bytes as u64)
                );
                let found = pieces(&out);
                assert_eq!(found.len(), payload_bytes.div_ceil(max));
                assert!(
                    found
                        .iter()
                        .all(|(band, piece)| *band == Band::Data && piece.len() <= max)
                );
                assert_eq!(
                    found
                        .into_iter()
                        .flat_map(|(_, piece)| piece)
                        .collect::<Vec<_>>(),
                    payload
                );
            }
        }
    }

    #[test]
    fn progress_and_errors_have_their_own_band() {
        let mut out = Vec::new();
        band(Band::Progress, b"counting\r", SideBand::Large, &mut out);
        band(Band::Error, b"aborted", SideBand::Small, &mut out);
        keepalive(SideBand::Large, &mut out);
        assert_eq!(out, b"000e\x02counting\r000c\x03aborted0005\x01");
    }

    #[test]
    fn without_side_bands_only_payload_is_sent() {
        let mut out = Vec::new();
        band(Band::Progress, b"counting", SideBand::None, &mut out);
        band(Band::Data, b"PACK", SideBand::None, &mut out);
        band(Band::Error, b"aborted", SideBand::None, &mut out);
        keepalive(SideBand::None, &mut out);
        assert_eq!(out, b"PACK");
        assert_eq!(SideBand::None.framed_bytes(4), 4);
    }
}
