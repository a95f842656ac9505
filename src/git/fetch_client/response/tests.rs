use proptest::prelude::*;

use super::super::super::protocol::negotiation::{self, Ack, Sections};
use super::super::super::protocol::sideband::{Band, SideBand, band, keepalive};
use super::super::super::protocol::{pktline, splits};
use super::*;

fn id() -> ObjectId {
    ObjectId::empty_tree(gix_hash::Kind::Sha1)
}

/// The parts of an answer: the pack, the progress, the shallow commits.
type Read = (Vec<u8>, Vec<u8>, Vec<ObjectId>);

fn read(version: Version, deepens: bool, bytes: &[u8]) -> Result<Read, FetchClientError> {
    splits::check(bytes, |pieces| {
        let mut reader = FetchResponseReader::new(version, deepens);
        let mut read = Read::default();
        for piece in pieces {
            reader.feed(piece, |event| {
                match event {
                    Event::Pack(bytes) => read.0.extend_from_slice(bytes),
                    Event::Progress(text) => read.1.extend_from_slice(text),
                    Event::Shallow(id) => read.2.push(id),
                }
                Ok::<_, FetchClientError>(())
            })?;
        }
        reader.finish()?;
        Ok(read)
    })
}

fn banded(out: &mut Vec<u8>) {
    band(Band::Progress, b"counting", SideBand::Large, out);
    keepalive(SideBand::Large, out);
    band(Band::Data, b"PA", SideBand::Large, out);
    band(Band::Data, b"CK", SideBand::Large, out);
    pktline::flush(out);
}

#[test]
fn an_answer_of_version_2() {
    let sections = Sections::default();
    let mut out = Vec::new();
    sections.acknowledgments(&mut out);
    sections.ack(&id(), &mut out);
    sections.ready(&mut out);
    sections.delim(&mut out);
    sections.shallow_info(&mut out);
    sections.shallow(&id(), &mut out);
    sections.delim(&mut out);
    sections.wanted_refs(&mut out);
    sections.wanted_ref(&id(), "refs/heads/main".into(), &mut out);
    sections.delim(&mut out);
    sections.packfile(&mut out);
    banded(&mut out);
    let expect = (b"PACK".to_vec(), b"counting".to_vec(), vec![id()]);
    assert_eq!(read(Version::V2, true, &out), Ok(expect));
}

#[test]
fn an_answer_of_version_0() {
    for deepens in [false, true] {
        let mut out = Vec::new();
        if deepens {
            negotiation::shallow(&id(), &mut out);
            pktline::flush(&mut out);
        }
        negotiation::ack(&id(), Ack::Common, &mut out);
        negotiation::ack(&id(), Ack::Final, &mut out);
        negotiation::nak(&mut out);
        banded(&mut out);
        let shallow = if deepens { vec![id()] } else { Vec::new() };
        let expect = (b"PACK".to_vec(), b"counting".to_vec(), shallow);
        assert_eq!(read(Version::V1, deepens, &out), Ok(expect));
    }
}

#[test]
fn a_refusal_comes_in_a_packet_or_on_its_band() {
    let expect = Err(FetchClientError::Refused("not our ref".to_owned()));
    for version in [Version::V0, Version::V2] {
        let mut out = Vec::new();
        pktline::err("not our ref", &mut out);
        assert_eq!(read(version, false, &out), expect);
    }
    let mut out = Vec::new();
    Sections::default().packfile(&mut out);
    band(Band::Error, b"not our ref\n", SideBand::Large, &mut out);
    assert_eq!(read(Version::V2, false, &out), expect);
}

#[test]
fn an_answer_that_breaks_off_is_not_whole() {
    let mut whole = Vec::new();
    Sections::default().packfile(&mut whole);
    banded(&mut whole);
    for end in 0..whole.len() {
        let mut reader = FetchResponseReader::new(Version::V2, false);
        let fed = reader.feed(&whole[..end], |_| Ok::<_, FetchClientError>(()));
        assert_eq!(fed, Ok(()));
        let truncated = Err(FetchClientError::PktLine(PktLineError::Truncated));
        assert_eq!(reader.finish(), truncated, "cut at {end}");
    }
}

#[test]
fn a_line_in_a_wrong_place_is_named() {
    let check = |version, deepens, lines: &[&str], expect: &FetchClientError| {
        let mut out = Vec::new();
        for line in lines {
            match *line {
                "flush" => pktline::flush(&mut out),
                "delim" => pktline::delim(&mut out),
                line => pktline::text(&[line.as_bytes()], &mut out),
            }
        }
        assert_eq!(
            read(version, deepens, &out).as_ref(),
            Err(expect),
            "{lines:?}"
        );
    };
    let unexpected = |line: &str| FetchClientError::unexpected(line.as_bytes());
    check(Version::V2, false, &["bundle"], &unexpected("bundle"));
    check(Version::V2, false, &["flush"], &FetchClientError::NoPack);
    check(
        Version::V2,
        false,
        &["acknowledgments", "flush"],
        &FetchClientError::NoPack,
    );
    check(Version::V2, false, &["delim"], &unexpected("0001"));
    check(
        Version::V2,
        true,
        &["shallow-info", "shallow x"],
        &unexpected("shallow x"),
    );
    check(Version::V0, true, &["NAK"], &unexpected("NAK"));
    check(Version::V0, false, &["flush"], &FetchClientError::NoPack);
    check(
        Version::V2,
        false,
        &["packfile", "flush", "more"],
        &unexpected("more\n"),
    );
    check(Version::V2, false, &["packfile", "4"], &unexpected("4\n"));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), two in any::<bool>()) {
        let version = if two { Version::V2 } else { Version::V0 };
        let mut framed = Vec::new();
        for line in bytes.split(|byte| *byte == 0) {
            pktline::data(line, &mut framed);
        }
        for input in [&bytes, &framed] {
            let mut reader = FetchResponseReader::new(version, bytes.len() % 2 == 0);
            let _ = reader.feed(input, |_| Ok::<_, FetchClientError>(()));
        }
    }
}
