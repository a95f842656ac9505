use proptest::prelude::*;

use super::*;
use crate::git::protocol::splits;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Owned {
    Data(Vec<u8>),
    Flush,
    Delim,
    ResponseEnd,
}

impl From<Packet<'_>> for Owned {
    fn from(packet: Packet<'_>) -> Self {
        match packet {
            Packet::Data(data) => Self::Data(data.to_vec()),
            Packet::Flush => Self::Flush,
            Packet::Delim => Self::Delim,
            Packet::ResponseEnd => Self::ResponseEnd,
        }
    }
}

fn write(packets: &[Owned]) -> Vec<u8> {
    let mut out = Vec::new();
    for packet in packets {
        match packet {
            Owned::Data(payload) => data(payload, &mut out),
            Owned::Flush => flush(&mut out),
            Owned::Delim => delim(&mut out),
            Owned::ResponseEnd => out.extend(b"0002"),
        }
    }
    out
}

fn read(pieces: &[&[u8]]) -> (Vec<Owned>, Result<(), PktLineError>) {
    let mut decoder = Decoder::new(usize::MAX);
    let mut packets = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.next(&mut input) {
                Ok(Some(packet)) => packets.push(packet.into()),
                Ok(None) => break,
                Err(error) => return (packets, Err(error)),
            }
        }
        assert!(input.is_empty());
    }
    let end = decoder.finish();
    (packets, end)
}

#[test]
fn marks_and_the_empty_packet() {
    let (packets, end) = splits::check(b"000400000001000200050000a\n", read);
    assert_eq!(end, Err(PktLineError::Truncated));
    assert_eq!(
        packets,
        [
            Owned::Data(vec![]),
            Owned::Flush,
            Owned::Delim,
            Owned::ResponseEnd,
            Owned::Data(b"0".to_vec())
        ]
    );
}

#[test]
fn lengths_that_no_packet_has() {
    let bad = |header: &[u8; 4]| Err(PktLineError::BadLength { header: *header });
    assert_eq!(splits::check(b"0003", read), (vec![], bad(b"0003")));
    assert_eq!(splits::check(b"00zz", read), (vec![], bad(b"00zz")));
    assert_eq!(
        splits::check(b"0000PACK", read),
        (vec![Owned::Flush], bad(b"PACK"))
    );
    assert_eq!(
        bad(b"\0\n0'").unwrap_err().to_string(),
        r"protocol error: bad line length '\x00\n0\''"
    );
    for (digits, packet_bytes) in [(b"fff1", 65_521), (b"FFFF", 65_535)] {
        assert_eq!(
            read(&[digits]),
            (vec![], Err(PktLineError::TooLong { packet_bytes }))
        );
    }
    for truncated in [&b"0"[..], b"000", b"0005", b"0006a"] {
        assert_eq!(
            splits::check(truncated, read),
            (vec![], Err(PktLineError::Truncated))
        );
    }
}

#[test]
fn bytes_behind_a_packet_stay_in_the_input() {
    let stream = b"0006a\n0000PACK\0\0\0\x02";
    for cut in 0..=14 {
        let (first, second) = stream.split_at(cut);
        let mut decoder = Decoder::new(usize::MAX);
        let (mut first, mut second) = (first, second);
        let mut flushed = false;
        for input in [&mut first, &mut second] {
            while !flushed && let Some(packet) = decoder.next(input).unwrap() {
                flushed = packet == Packet::Flush;
            }
        }
        assert_eq!([first, second].concat(), b"PACK\0\0\0\x02", "cut at {cut}");
    }
}

#[test]
fn a_message_has_a_bound() {
    let bounded = |bytes_max| {
        splits::check(b"0006a\n00000006b\n0000", |pieces| {
            let mut decoder = Decoder::new(bytes_max);
            for piece in pieces {
                let mut input = *piece;
                while decoder.next(&mut input)?.is_some() {}
            }
            Ok(decoder.bytes_returned())
        })
    };
    assert_eq!(bounded(20), Ok(20));
    assert_eq!(
        bounded(19),
        Err(PktLineError::MessageTooLong { bytes_max: 19 })
    );
    assert_eq!(
        bounded(11),
        Err(PktLineError::MessageTooLong { bytes_max: 11 })
    );
}

#[test]
fn the_longest_packet_and_one_byte_more() {
    let longest = vec![7; DATA_BYTES_MAX];
    let mut out = Vec::new();
    data(&longest, &mut out);
    assert_eq!(&out[..4], b"fff0");
    assert_eq!(
        splits::check(&out, read),
        (vec![Owned::Data(longest.clone())], Ok(()))
    );

    let mut longer = longest.clone();
    longer.push(8);
    let mut out = Vec::new();
    data(&longer, &mut out);
    assert_eq!(
        read(&[&out]).0,
        [Owned::Data(longest), Owned::Data(vec![8])]
    );
}

#[test]
fn text_is_cut_to_one_packet() {
    let mut out = Vec::new();
    text(&[&vec![b'a'; 40_000], &vec![b'b'; 40_000], b"c"], &mut out);
    assert_eq!(out.len(), PACKET_BYTES_MAX);
    assert_eq!(&out[..4], b"fff0");
    assert_eq!(&out[PACKET_BYTES_MAX - 2..], b"b\n");

    let mut out = Vec::new();
    text(&[], &mut out);
    text(&[b"NAK"], &mut out);
    line(&[b"a", b"b"], &mut out);
    err("not our ref", &mut out);
    assert_eq!(out, b"0005\n0008NAK\n0006ab0013ERR not our ref");
}

#[test]
fn a_quoted_line_is_short_and_printable() {
    assert_eq!(quoted(b"a\nb\x1b[31m\xff"), "a?b?[31m\u{fffd}");
    assert_eq!(quoted(&[b'x'; 5000]).len(), QUOTED_BYTES_MAX);
}

fn packet() -> impl Strategy<Value = Owned> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Owned::Data),
        Just(Owned::Flush),
        Just(Owned::Delim),
        Just(Owned::ResponseEnd),
    ]
}

proptest! {
    #[test]
    fn packets_are_read_back_however_they_are_cut(
        packets in proptest::collection::vec(packet(), 0..12),
    ) {
        let (read_back, end) = splits::check(&write(&packets), read);
        prop_assert_eq!(read_back, packets);
        prop_assert_eq!(end, Ok(()));
    }

    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        bytes in proptest::collection::vec(
            prop_oneof![Just(b'0'), b'0'..=b'9', b'a'..=b'f', any::<u8>()], 0..80),
    ) {
        let _ = splits::check(&bytes, read);
    }

    #[test]
    fn the_library_reads_what_we_write(payload in proptest::collection::vec(any::<u8>(), 1..200)) {
        let mut out = Vec::new();
        data(&payload, &mut out);
        prop_assert_eq!(
            gix_packetline::decode(&out).unwrap(),
            PacketLineRef::Data(&payload),
        );
    }
}
