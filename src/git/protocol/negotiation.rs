//! The answer before the pack: acknowledgements, and in version 2 the sections of the answer to
//! `fetch`.
//!
//! <https://git-scm.com/docs/gitprotocol-v2#_fetch> and
//! <https://git-scm.com/docs/gitprotocol-pack#_packfile_negotiation>.

use gix_hash::oid;
use gix_object::bstr::BStr;

use super::oid_hex::hex;
use super::pktline;
use super::sideband::{self, Band, SideBand};

/// Writes the sections of an answer of version 2.
///
/// Order, each part only when there is something to say: `acknowledgments`, `shallow-info`,
/// `wanted-refs`, `packfile`. Every section but the last ends with [`Sections::delim`], an answer
/// without a pack with [`Sections::flush`]. (Git's server has the refs before the shallow
/// commits; its client, and the specification, have them as here.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sections {
    /// The client asked for `sideband-all`: every line goes on the data band.
    pub(crate) sideband_all: bool,
}

impl Sections {
    fn text(self, pieces: &[&[u8]], out: &mut Vec<u8>) {
        if self.sideband_all {
            let line = [&pieces.concat()[..], b"\n"].concat();
            sideband::band(Band::Data, &line, SideBand::Large, out);
        } else {
            pktline::text(pieces, out);
        }
    }

    /// Begins the section that answers haves.
    pub(crate) fn acknowledgments(self, out: &mut Vec<u8>) {
        self.text(&[b"acknowledgments"], out);
    }

    /// No have was common.
    pub(crate) fn nak(self, out: &mut Vec<u8>) {
        self.text(&[b"NAK"], out);
    }

    /// This have is common.
    pub(crate) fn ack(self, id: &oid, out: &mut Vec<u8>) {
        self.text(&[b"ACK ", &hex(id)], out);
    }

    /// Enough is common: the pack follows in this answer.
    pub(crate) fn ready(self, out: &mut Vec<u8>) {
        self.text(&[b"ready"], out);
    }

    /// Begins the section with the client's new shallow boundary.
    pub(crate) fn shallow_info(self, out: &mut Vec<u8>) {
        self.text(&[b"shallow-info"], out);
    }

    /// The client gets this commit without its parents.
    pub(crate) fn shallow(self, id: &oid, out: &mut Vec<u8>) {
        self.text(&[b"shallow ", &hex(id)], out);
    }

    /// The client gets the parents of this commit, which it had without.
    pub(crate) fn unshallow(self, id: &oid, out: &mut Vec<u8>) {
        self.text(&[b"unshallow ", &hex(id)], out);
    }

    /// Begins the section with the values of refs wanted by name.
    pub(crate) fn wanted_refs(self, out: &mut Vec<u8>) {
        self.text(&[b"wanted-refs"], out);
    }

    /// The value of a ref wanted by name.
    pub(crate) fn wanted_ref(self, id: &oid, name: &BStr, out: &mut Vec<u8>) {
        self.text(&[&hex(id), b" ", name], out);
    }

    /// Begins the last section: the pack follows on side-bands, then a flush.
    pub(crate) fn packfile(self, out: &mut Vec<u8>) {
        self.text(&[b"packfile"], out);
    }

    /// Ends a section that another follows.
    #[allow(clippy::unused_self, reason = "reads as the other lines of an answer")]
    pub(crate) fn delim(self, out: &mut Vec<u8>) {
        pktline::delim(out);
    }

    /// Ends the answer.
    #[allow(clippy::unused_self, reason = "reads as the other lines of an answer")]
    pub(crate) fn flush(self, out: &mut Vec<u8>) {
        pktline::flush(out);
    }
}

/// The status of an object in an acknowledgement of versions 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ack {
    /// It is common, go on (`multi_ack`).
    Continue,
    /// It is common (`multi_ack_detailed`).
    Common,
    /// Enough is common to make the pack (`multi_ack_detailed`).
    Ready,
    /// It is common; the pack follows, or without `multi_ack` nothing further is said.
    Final,
}

/// Writes an acknowledgement of versions 0 and 1.
pub(crate) fn ack(id: &oid, ack: Ack, out: &mut Vec<u8>) {
    let status: &[u8] = match ack {
        Ack::Continue => b" continue",
        Ack::Common => b" common",
        Ack::Ready => b" ready",
        Ack::Final => b"",
    };
    pktline::text(&[b"ACK ", &hex(id), status], out);
}

/// Writes that nothing further is common, versions 0 and 1.
pub(crate) fn nak(out: &mut Vec<u8>) {
    pktline::text(&[b"NAK"], out);
}

/// Writes that the client gets this commit without its parents, versions 0 and 1. The list ends
/// with a flush.
pub fn shallow(id: &oid, out: &mut Vec<u8>) {
    pktline::line(&[b"shallow ", &hex(id)], out);
}

/// Writes that the client gets the parents of this commit, which it had without, versions 0 and 1.
pub fn unshallow(id: &oid, out: &mut Vec<u8>) {
    pktline::line(&[b"unshallow ", &hex(id)], out);
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;

    use super::*;

    const HEX: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    fn id() -> ObjectId {
        ObjectId::from_hex(HEX.as_bytes()).unwrap()
    }

    #[test]
    fn acknowledgements_of_version_0() {
        let mut out = Vec::new();
        ack(&id(), Ack::Common, &mut out);
        ack(&id(), Ack::Ready, &mut out);
        ack(&id(), Ack::Continue, &mut out);
        nak(&mut out);
        ack(&id(), Ack::Final, &mut out);
        shallow(&id(), &mut out);
        unshallow(&id(), &mut out);
        let expected = format!(
            "0038ACK {HEX} common\n0037ACK {HEX} ready\n003aACK {HEX} continue\n0008NAK\n\
             0031ACK {HEX}\n0034shallow {HEX}0036unshallow {HEX}"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn sections_of_version_2() {
        let sections = Sections::default();
        let mut out = Vec::new();
        sections.acknowledgments(&mut out);
        sections.nak(&mut out);
        sections.ack(&id(), &mut out);
        sections.ready(&mut out);
        sections.delim(&mut out);
        sections.shallow_info(&mut out);
        sections.shallow(&id(), &mut out);
        sections.unshallow(&id(), &mut out);
        sections.delim(&mut out);
        sections.wanted_refs(&mut out);
        sections.wanted_ref(&id(), "refs/heads/main".into(), &mut out);
        sections.delim(&mut out);
        sections.packfile(&mut out);
        sections.flush(&mut out);
        let expected = format!(
            "0014acknowledgments\n0008NAK\n0031ACK {HEX}\n000aready\n0001\
             0011shallow-info\n0035shallow {HEX}\n0037unshallow {HEX}\n0001\
             0010wanted-refs\n003d{HEX} refs/heads/main\n0001000dpackfile\n0000"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn sections_can_go_on_the_data_band() {
        let sections = Sections { sideband_all: true };
        let mut out = Vec::new();
        sections.packfile(&mut out);
        sections.flush(&mut out);
        assert_eq!(out, b"000e\x01packfile\n0000");
    }
}
