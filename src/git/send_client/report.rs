//! The answer to a push, read as it arrives:
//! <https://git-scm.com/docs/gitprotocol-pack#_report_status>.

use std::collections::HashMap;

use gix_object::bstr::{BString, ByteSlice as _};

use super::super::protocol::pktline::{Decoder, Packet, chomp, words};
use super::advertisement::Features;
use super::error::SendClientError;

/// Bytes of a report.
const REPORT_BYTES_MAX: usize = 16 << 20;

/// Bytes of a whole answer, progress included.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Bytes of the remote's messages that Cairn keeps.
const MESSAGES_BYTES_MAX: usize = 2000;

/// A remote's report of a push.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Report {
    /// The result of unpacking the pack; `None` if the remote gives no reports.
    pub(crate) unpack: Option<Result<(), String>>,
    /// The result of each ref that the remote names: success, or the reason for failure.
    pub(crate) refs: HashMap<BString, Result<(), String>>,
    /// The messages of the remote's hooks and its owner to people, line by line.
    pub(crate) messages: String,
}

/// Reads the answer, in pieces of any size.
#[derive(Debug)]
pub(crate) struct ReportReader {
    features: Features,
    /// The reader of packets with bands, if the remote uses bands.
    bands: Decoder,
    lines: Decoder,
    messages: Vec<u8>,
    unpack: Option<Result<(), String>>,
    refs: HashMap<BString, Result<(), String>>,
    /// Whether the report has ended.
    is_whole: bool,
    /// Whether the bands have ended.
    is_over: bool,
}

impl ReportReader {
    /// Starts before the first byte of the answer of a remote with these features.
    pub(crate) fn new(features: Features) -> Self {
        Self {
            features,
            bands: Decoder::new(ANSWER_BYTES_MAX),
            lines: Decoder::new(REPORT_BYTES_MAX),
            messages: Vec::new(),
            unpack: None,
            refs: HashMap::new(),
            is_whole: false,
            is_over: false,
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, mut input: &[u8]) -> Result<(), SendClientError> {
        if !self.features.side_band {
            return self.feed_report(input);
        }
        let mut bands = std::mem::replace(&mut self.bands, Decoder::new(0));
        let result = loop {
            match bands.next(&mut input) {
                Ok(None) => break Ok(()),
                Ok(Some(packet)) => {
                    if let Err(error) = self.take_band(packet) {
                        break Err(error);
                    }
                }
                Err(error) => break Err(error.into()),
            }
        };
        self.bands = bands;
        result
    }

    fn take_band(&mut self, packet: Packet<'_>) -> Result<(), SendClientError> {
        let Packet::Data(data) = packet else {
            self.is_over = true;
            return Ok(());
        };
        if let Some(message) = data.strip_prefix(b"ERR ") {
            return Err(SendClientError::refused(message));
        }
        match data.split_first() {
            _ if self.is_over => Err(SendClientError::unexpected(data)),
            Some((1, report)) => self.feed_report(report),
            Some((2, message)) => {
                let room = MESSAGES_BYTES_MAX.saturating_sub(self.messages.len());
                let message = message.get(..room).unwrap_or(message);
                self.messages.extend_from_slice(message);
                Ok(())
            }
            Some((3, message)) => Err(SendClientError::refused(message)),
            // The remote sends an empty packet as a keep-alive.
            None => Ok(()),
            Some(_) => Err(SendClientError::unexpected(data)),
        }
    }

    fn feed_report(&mut self, mut input: &[u8]) -> Result<(), SendClientError> {
        while let Some(packet) = self.lines.next(&mut input)? {
            match packet {
                Packet::Data(line) if !self.is_whole => {
                    let line = chomp(line);
                    if let Some(message) = line.strip_prefix(b"ERR ") {
                        return Err(SendClientError::refused(message));
                    }
                    if !take_line(line, &mut self.unpack, &mut self.refs) {
                        return Err(SendClientError::unexpected(line));
                    }
                }
                Packet::Flush => self.is_whole = true,
                Packet::Data(line) => return Err(SendClientError::unexpected(line)),
                Packet::Delim | Packet::ResponseEnd => {
                    return Err(SendClientError::unexpected(b"a mark"));
                }
            }
        }
        Ok(())
    }

    /// Ends the input and returns the report; it is empty if the remote gives no reports.
    pub(crate) fn finish(self) -> Result<Report, SendClientError> {
        let is_whole = self.is_whole && self.unpack.is_some();
        if self.features.reports() && !is_whole {
            return Err(SendClientError::NoReport);
        }
        Ok(Report {
            unpack: self.unpack,
            refs: self.refs,
            messages: lines_of(&self.messages),
        })
    }
}

/// Reads a line. Returns whether it belongs to a report.
fn take_line(
    line: &[u8],
    unpack: &mut Option<Result<(), String>>,
    refs: &mut HashMap<BString, Result<(), String>>,
) -> bool {
    if unpack.is_none() {
        let Some(how) = line.strip_prefix(b"unpack ") else {
            return false;
        };
        *unpack = Some(if how == b"ok" {
            Ok(())
        } else {
            Err(words(how))
        });
        return true;
    }
    // In version 2, option lines name refs that hooks redirected. Skip them; the next push sees those
    // refs.
    if line.starts_with(b"option ") {
        return true;
    }
    let (name, outcome) = if let Some(name) = line.strip_prefix(b"ok ") {
        (name, Ok(()))
    } else if let Some(rest) = line.strip_prefix(b"ng ") {
        match rest.split_once_str(" ") {
            Some((name, reason)) => (name, Err(words(reason))),
            None => (rest, Err("failed".to_owned())),
        }
    } else {
        return false;
    };
    // A refusal counts, even if the remote also reports success for the ref.
    let said = refs.entry(name.into()).or_insert(Ok(()));
    if said.is_ok() {
        *said = outcome;
    }
    true
}

/// The messages without progress meters, whose lines overwrite each other.
fn lines_of(messages: &[u8]) -> String {
    let lines = messages.lines().filter(|line| !line.contains(&b'\r'));
    let lines = lines.map(words).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::protocol::sideband::{Band, SideBand, band};
    use super::super::super::protocol::{pktline, splits};
    use super::*;

    const BANDS: Features = Features {
        report_status: true,
        report_status_v2: true,
        side_band: true,
        delete_refs: true,
        ofs_delta: true,
        atomic: true,
        quiet: true,
        no_thin: false,
        object_format: true,
        agent: true,
    };
    const BARE: Features = Features {
        side_band: false,
        ..BANDS
    };

    fn packets(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            pktline::text(&[line.as_bytes()], &mut out);
        }
        pktline::flush(&mut out);
        out
    }

    fn read(bytes: &[u8], features: Features) -> Result<Report, SendClientError> {
        splits::check(bytes, |pieces| {
            let mut reader = ReportReader::new(features);
            for piece in pieces {
                reader.feed(piece)?;
            }
            reader.finish()
        })
    }

    fn banded(report: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        band(
            Band::Progress,
            b"Resolving deltas:  50%\rResolving deltas: 100%, done.\n",
            SideBand::Large,
            &mut out,
        );
        band(
            Band::Progress,
            b"see https://example",
            SideBand::Large,
            &mut out,
        );
        band(
            Band::Progress,
            b".com/new\nbye\n",
            SideBand::Large,
            &mut out,
        );
        out.extend_from_slice(b"0005\x01");
        // Feeds the report in pieces cut anywhere.
        let (one, other) = report.split_at(report.len() / 2);
        band(Band::Data, one, SideBand::Large, &mut out);
        band(Band::Data, other, SideBand::Large, &mut out);
        pktline::flush(&mut out);
        out
    }

    #[test]
    fn each_ref_has_its_outcome() {
        let report = packets(&[
            "unpack ok",
            "ok refs/heads/main",
            "option refname refs/heads/other",
            "option forced-update",
            "ng refs/heads/locked hook declined",
            "ng refs/heads/odd",
        ]);
        let bare = read(&report, BARE).unwrap();
        assert_eq!(bare.unpack, Some(Ok(())));
        let expect = [
            ("refs/heads/main", Ok(())),
            ("refs/heads/locked", Err("hook declined".to_owned())),
            ("refs/heads/odd", Err("failed".to_owned())),
        ];
        let expect: HashMap<BString, _> = expect
            .into_iter()
            .map(|(name, how)| (name.into(), how))
            .collect();
        assert_eq!(bare.refs, expect);
        let in_bands = read(&banded(&report), BANDS).unwrap();
        assert_eq!(in_bands.refs, expect);
        assert_eq!(in_bands.messages, "see https://example.com/new\nbye");
    }

    #[test]
    fn a_remote_contradicts_itself_and_stays_refused() {
        let report = packets(&["unpack ok", "ng refs/heads/a no", "ok refs/heads/a"]);
        let found = read(&report, BARE).unwrap();
        assert_eq!(
            found.refs.get(&BString::from("refs/heads/a")),
            Some(&Err("no".to_owned()))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |message: &str| Err(SendClientError::Refused(message.to_owned()));
        assert_eq!(
            read(&packets(&["ERR too large"]), BARE),
            refused("too large")
        );
        assert_eq!(
            read(&packets(&["ERR too large"]), BANDS),
            refused("too large")
        );
        let mut fatal = Vec::new();
        band(Band::Error, b"out of disk\n", SideBand::Large, &mut fatal);
        assert_eq!(read(&fatal, BANDS), refused("out of disk"));
        let failed = read(&packets(&["unpack index-pack failed"]), BARE).unwrap();
        assert_eq!(failed.unpack, Some(Err("index-pack failed".to_owned())));
        for cut in [&b""[..], b"000eunpack ok\n", b"0000"] {
            assert_eq!(read(cut, BARE), Err(SendClientError::NoReport));
        }
        assert_eq!(read(b"0000", BANDS), Err(SendClientError::NoReport));
        let odd = SendClientError::unexpected(b"ok refs/heads/a");
        assert_eq!(read(&packets(&["ok refs/heads/a"]), BARE), Err(odd));
        let silent = Features {
            report_status: false,
            report_status_v2: false,
            ..BARE
        };
        assert_eq!(read(b"", silent), Ok(Report::default()));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), is_banded: bool) {
            let features = if is_banded { BANDS } else { BARE };
            let mut reader = ReportReader::new(features);
            let _ = reader.feed(&bytes).and_then(|()| reader.finish());
        }

        #[test]
        fn what_our_own_server_writes_is_read_back(
            outcomes in proptest::collection::btree_map("refs/heads/[a-z]{1,8}", proptest::option::of("[a-z]([a-z ]{0,18}[a-z])?"), 1..6),
        ) {
            use super::super::super::protocol::push_commands::{PushCapabilities, ReportStatus};
            use super::super::super::protocol::report_status::{self, Outcome, RefStatus};
            let statuses = outcomes.iter().map(|(name, reason)| RefStatus {
                name: name.as_str().into(),
                outcome: match reason {
                    None => Outcome::Updated,
                    Some(reason) => Outcome::Rejected(reason.as_str().into()),
                },
            });
            let capabilities = PushCapabilities {
                report_status: ReportStatus::V2,
                side_band: SideBand::Large,
                ..PushCapabilities::default()
            };
            let mut out = Vec::new();
            report_status::write(Ok(()), statuses, &capabilities, &mut out);
            let mut reader = ReportReader::new(BANDS);
            reader.feed(&out).unwrap();
            let report = reader.finish().unwrap();
            prop_assert_eq!(report.refs.len(), outcomes.len());
            for (name, reason) in &outcomes {
                let found = report.refs.get(name.as_bytes().as_bstr());
                let expect = reason.as_ref().map_or(Ok(()), |reason| Err(reason.clone()));
                prop_assert_eq!(found, Some(&expect));
            }
        }
    }
}
