//! Packets: <https://git-scm.com/docs/gitprotocol-common#_pkt_line_format>.
//!
//! A packet is four hexadecimal digits that give its length, those four included, and then its
//! data. The lengths 0, 1 and 2 are marks without data: flush, delimiter, response end.

use gix_packetline::PacketLineRef;
use gix_packetline::decode::{PacketLineOrWantedSize, hex_prefix};

use super::oid_hex;

/// Bytes of the longest packet, its length digits included.
pub(crate) const PACKET_BYTES_MAX: usize = 65_520;

/// Bytes of data in the longest packet.
pub(crate) const DATA_BYTES_MAX: usize = PACKET_BYTES_MAX - HEADER_BYTES;

/// Bytes of the length digits.
const HEADER_BYTES: usize = 4;

/// Bytes of a peer's line that an error message repeats.
const QUOTED_BYTES_MAX: usize = 200;

/// Bytes of a peer's message for people that an error repeats.
const WORDS_BYTES_MAX: usize = 300;

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Data, possibly none: a peer may send the packet `0004`.
    Data(&'a [u8]),
    /// `0000`, the end of a message.
    Flush,
    /// `0001`, the end of a section of a message.
    Delim,
    /// `0002`, the end of a response over a stateless connection.
    ResponseEnd,
}

/// The stream is not made of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PktLineError {
    /// The length digits are not hexadecimal, or give the length 3.
    #[error("protocol error: bad line length '{}'", header.escape_ascii())]
    BadLength {
        /// The four bytes where the length should be.
        header: [u8; 4],
    },
    /// The packet is longer than packets may be.
    #[error("protocol error: bad line length {packet_bytes}, at most {PACKET_BYTES_MAX}")]
    TooLong {
        /// The length that the packet claims, in bytes.
        packet_bytes: usize,
    },
    /// The message is longer than its reader takes.
    #[error("protocol error: message of more than {bytes_max} bytes")]
    MessageTooLong {
        /// The bound in bytes.
        bytes_max: usize,
    },
    /// The stream ended inside a packet, or before the message was whole.
    #[error("the remote end hung up unexpectedly")]
    Truncated,
}

/// The meaning of a packet's length digits.
enum Header {
    Mark(Packet<'static>),
    Data { packet_bytes: usize },
}

/// Cuts a message, which arrives in pieces, into packets.
///
/// It holds back at most one packet. It never looks beyond the packet that it returns, so the
/// caller may stop after any of them and hand the rest of the input to another reader.
#[derive(Debug)]
pub struct Decoder {
    bytes_max: usize,
    /// Bytes of the packets that were returned.
    bytes_returned: usize,
    /// The bytes of a packet that has not arrived whole, from its first byte.
    held: Vec<u8>,
    /// `held` is a whole packet that the last call returned.
    returned: bool,
}

impl Decoder {
    /// Starts before the first packet of a message of at most `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes_returned: 0,
            held: Vec::new(),
            returned: false,
        }
    }

    /// Takes bytes from the front of `input` until a packet is whole.
    ///
    /// `None` means that all of `input` was taken and more is needed. After an error the message
    /// cannot be continued.
    pub fn next<'p, 'i: 'p>(
        &'p mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Packet<'p>>, PktLineError> {
        if self.returned {
            self.returned = false;
            self.held.clear();
        }
        if self.held.is_empty() {
            return self.next_from_input(input);
        }
        if !self.hold(HEADER_BYTES, input) {
            return Ok(None);
        }
        let packet_bytes = match self.header(&self.held)? {
            Some(Header::Mark(mark)) => {
                self.held.clear();
                self.bytes_returned = self.bytes_returned.saturating_add(HEADER_BYTES);
                return Ok(Some(mark));
            }
            Some(Header::Data { packet_bytes }) => packet_bytes,
            None => return Ok(None),
        };
        if !self.hold(packet_bytes, input) {
            return Ok(None);
        }
        self.returned = true;
        self.bytes_returned = self.bytes_returned.saturating_add(packet_bytes);
        Ok(Some(Packet::Data(
            self.held.get(HEADER_BYTES..).unwrap_or_default(),
        )))
    }

    /// Nothing is held back: returns the packet in place when it is there whole.
    fn next_from_input<'i>(
        &mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Packet<'i>>, PktLineError> {
        let (packet, packet_bytes) = match self.header(input)? {
            Some(Header::Mark(mark)) => (mark, HEADER_BYTES),
            Some(Header::Data { packet_bytes }) => match input.get(HEADER_BYTES..packet_bytes) {
                Some(data) => (Packet::Data(data), packet_bytes),
                None => return Ok(self.hold_all(input)),
            },
            None => return Ok(self.hold_all(input)),
        };
        *input = input.get(packet_bytes..).unwrap_or_default();
        self.bytes_returned = self.bytes_returned.saturating_add(packet_bytes);
        Ok(Some(packet))
    }

    /// Bytes of the packets returned so far: where in the message the next one starts.
    pub(crate) fn bytes_returned(&self) -> usize {
        self.bytes_returned
    }

    /// The input has ended: complains when that was inside a packet.
    pub fn finish(&self) -> Result<(), PktLineError> {
        if self.returned || self.held.is_empty() {
            Ok(())
        } else {
            Err(PktLineError::Truncated)
        }
    }

    /// Reads the length digits at the start of a packet; `None` when they are not all there.
    /// A packet that reaches beyond the bound is refused here, before its data is held.
    fn header(&self, packet: &[u8]) -> Result<Option<Header>, PktLineError> {
        let Some(digits) = packet.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let header = header(*digits)?;
        let packet_bytes = match header {
            Header::Mark(_) => HEADER_BYTES,
            Header::Data { packet_bytes } => packet_bytes,
        };
        if packet_bytes > self.bytes_max.saturating_sub(self.bytes_returned) {
            return Err(PktLineError::MessageTooLong {
                bytes_max: self.bytes_max,
            });
        }
        Ok(Some(header))
    }

    /// Moves bytes from `input` until `total_bytes` are held; whether they are.
    fn hold(&mut self, total_bytes: usize, input: &mut &[u8]) -> bool {
        let wanted = total_bytes.saturating_sub(self.held.len());
        let (taken, rest) = input.split_at_checked(wanted).unwrap_or((*input, &[]));
        self.held.extend_from_slice(taken);
        *input = rest;
        self.held.len() >= total_bytes
    }

    fn hold_all(&mut self, input: &mut &[u8]) -> Option<Packet<'static>> {
        self.held.extend_from_slice(input);
        *input = &[];
        None
    }
}

/// Reads length digits.
fn header(digits: [u8; HEADER_BYTES]) -> Result<Header, PktLineError> {
    // An empty packet is legal for a receiver, and git accepts it; the library does not.
    if &digits == b"0004" {
        return Ok(Header::Data {
            packet_bytes: HEADER_BYTES,
        });
    }
    let bad = PktLineError::BadLength { header: digits };
    let data_bytes = match hex_prefix(&digits) {
        Ok(PacketLineOrWantedSize::Wanted(data_bytes)) => usize::from(data_bytes),
        Ok(PacketLineOrWantedSize::Line(line)) => {
            return match line {
                PacketLineRef::Flush => Ok(Header::Mark(Packet::Flush)),
                PacketLineRef::Delimiter => Ok(Header::Mark(Packet::Delim)),
                PacketLineRef::ResponseEnd => Ok(Header::Mark(Packet::ResponseEnd)),
                PacketLineRef::Data(_) => Err(bad),
            };
        }
        Err(_) => return Err(bad),
    };
    let packet_bytes = data_bytes + HEADER_BYTES;
    if packet_bytes > PACKET_BYTES_MAX {
        return Err(PktLineError::TooLong { packet_bytes });
    }
    Ok(Header::Data { packet_bytes })
}

/// A line without the newline that may end it: senders should add one, receivers must not need it.
pub(crate) fn chomp(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").unwrap_or(data)
}

/// A peer's message for people as an error repeats it: short, on one line, and without control characters.
pub(in crate::git) fn words(message: &[u8]) -> String {
    let message = message.get(..WORDS_BYTES_MAX).unwrap_or(message);
    let message = String::from_utf8_lossy(message);
    message.trim().replace(char::is_control, " ")
}

/// A peer's line as an error message repeats it: short, and without control characters.
pub(in crate::git) fn quoted(line: &[u8]) -> String {
    let shown = line.get(..QUOTED_BYTES_MAX).unwrap_or(line);
    String::from_utf8_lossy(shown).replace(char::is_control, "?")
}

/// The four digits of a packet with `data_bytes` of data, at most [`DATA_BYTES_MAX`].
pub(super) fn length_digits(data_bytes: usize) -> [u8; HEADER_BYTES] {
    let packet_bytes = data_bytes.saturating_add(HEADER_BYTES);
    debug_assert!(
        packet_bytes <= PACKET_BYTES_MAX,
        "a packet of {packet_bytes} bytes"
    );
    // At most 65,520.
    let packet_bytes = u16::try_from(packet_bytes.min(PACKET_BYTES_MAX)).unwrap_or(u16::MAX);
    let [[a, b], [c, d]] = packet_bytes.to_be_bytes().map(oid_hex::pair_of);
    [a, b, c, d]
}

/// Writes `payload` as it is, in as many packets as it takes; nothing becomes one empty packet.
#[cfg(test)]
pub fn data(payload: &[u8], out: &mut Vec<u8>) {
    if payload.is_empty() {
        out.extend_from_slice(b"0004");
    }
    for piece in payload.chunks(DATA_BYTES_MAX) {
        out.extend_from_slice(&length_digits(piece.len()));
        out.extend_from_slice(piece);
    }
}

/// Writes the pieces, joined, as one packet without a newline; cuts a text that is too long.
pub fn line(pieces: &[&[u8]], out: &mut Vec<u8>) {
    joined(pieces, b"", out);
}

/// Writes the pieces, joined, and a newline as one packet; a text that is too long is cut off.
pub fn text(pieces: &[&[u8]], out: &mut Vec<u8>) {
    joined(pieces, b"\n", out);
}

fn joined(pieces: &[&[u8]], end: &[u8], out: &mut Vec<u8>) {
    let mut room = DATA_BYTES_MAX - end.len();
    let total = pieces
        .iter()
        .map(|piece| piece.len())
        .fold(0, usize::saturating_add)
        .min(room);
    out.reserve(HEADER_BYTES + total + end.len());
    out.extend_from_slice(&length_digits(total + end.len()));
    for piece in pieces {
        let piece = piece.get(..room).unwrap_or(piece);
        out.extend_from_slice(piece);
        room -= piece.len();
    }
    out.extend_from_slice(end);
}

/// Writes the packet that ends a message.
pub fn flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Writes the packet that ends a section.
pub(crate) fn delim(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0001");
}

/// Writes an error that ends the conversation: the client prints it as `remote error: <message>`.
pub fn err(message: &str, out: &mut Vec<u8>) {
    line(&[b"ERR ", message.as_bytes()], out);
}

#[cfg(test)]
mod tests;
