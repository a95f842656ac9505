//! Packets: the same whole and byte by byte, and nothing is lost.
#![no_main]

use cairn::git::protocol::pktline::{Decoder, Packet, PktLineError};
use libfuzzer_sys::fuzz_target;

fn read<'i>(pieces: impl Iterator<Item = &'i [u8]>) -> (Vec<String>, Result<(), PktLineError>) {
    let mut decoder = Decoder::new(usize::MAX);
    let mut packets = Vec::new();
    for mut input in pieces {
        loop {
            match decoder.next(&mut input) {
                Ok(Some(Packet::Data(data))) => packets.push(data.escape_ascii().to_string()),
                Ok(Some(mark)) => packets.push(format!("{mark:?}")),
                Ok(None) => break,
                Err(error) => return (packets, Err(error)),
            }
        }
    }
    let end = decoder.finish();
    (packets, end)
}

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(read(std::iter::once(bytes)), read(bytes.chunks(1)));
});
