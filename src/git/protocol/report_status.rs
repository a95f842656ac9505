//! The outcome of a push: <https://git-scm.com/docs/gitprotocol-pack#_report_status>.

use std::borrow::Cow;

use gix_object::bstr::BStr;

use super::pktline;
use super::push_commands::{PushCapabilities, ReportStatus};
use super::sideband::{self, Band, SideBand};

/// How one ref update went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefStatus<'a> {
    /// The ref, as the client named it.
    pub name: &'a BStr,
    /// Its outcome.
    pub outcome: Outcome<'a>,
}

/// The outcome of a ref update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome<'a> {
    /// Done as asked.
    Updated,
    /// Refused, and why.
    Rejected(Cow<'a, str>),
}

/// Writes the report of a push, if the client asked for one, and the end of the answer.
///
/// `unpack` is how the pack fared as a whole; when it is an error, every ref was rejected with
/// `unpacker error`. Line breaks in reasons are made spaces.
pub(crate) fn write<'r>(
    unpack: Result<(), &str>,
    statuses: impl IntoIterator<Item = RefStatus<'r>>,
    capabilities: &PushCapabilities,
    out: &mut Vec<u8>,
) {
    if capabilities.report_status != ReportStatus::None {
        let mut report = Vec::new();
        let unpack = unpack.map_or_else(one_line, |()| "ok".to_owned());
        pktline::text(&[b"unpack ", unpack.as_bytes()], &mut report);
        for status in statuses {
            status.write(&mut report);
        }
        pktline::flush(&mut report);
        sideband::band(Band::Data, &report, capabilities.side_band, out);
    }
    if capabilities.side_band != SideBand::None {
        pktline::flush(out);
    }
}

impl RefStatus<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match &self.outcome {
            Outcome::Rejected(reason) => {
                let reason = one_line(reason);
                pktline::text(&[b"ng ", self.name, b" ", reason.as_bytes()], out);
            }
            Outcome::Updated => pktline::text(&[b"ok ", self.name], out),
        }
    }
}

fn one_line(reason: &str) -> String {
    reason.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capabilities(report_status: ReportStatus, side_band: SideBand) -> PushCapabilities {
        PushCapabilities {
            report_status,
            side_band,
            ..PushCapabilities::default()
        }
    }

    fn report(unpack: Result<(), &str>, capabilities: &PushCapabilities) -> String {
        let statuses = [
            RefStatus {
                name: "refs/heads/a".into(),
                outcome: Outcome::Updated,
            },
            RefStatus {
                name: "refs/for/b".into(),
                outcome: Outcome::Updated,
            },
            RefStatus {
                name: "refs/x".into(),
                outcome: Outcome::Rejected("funny\nrefname".into()),
            },
        ];
        let mut out = Vec::new();
        write(unpack, statuses, capabilities, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_for_each_command() {
        let plain = capabilities(ReportStatus::V1, SideBand::None);
        assert_eq!(
            report(Ok(()), &plain),
            "000eunpack ok\n0014ok refs/heads/a\n0012ok refs/for/b\n001cng refs/x funny refname\n0000"
        );
        assert!(
            report(Err("index-pack\tfailed"), &plain).starts_with("001dunpack index-pack failed\n")
        );
    }

    #[test]
    fn version_2_has_no_options_where_everything_was_done_as_asked() {
        let [one, two] = [ReportStatus::V1, ReportStatus::V2]
            .map(|version| report(Ok(()), &capabilities(version, SideBand::None)));
        assert_eq!(one, two);
    }

    #[test]
    fn the_report_ends_inside_the_band_and_the_answer_outside() {
        let bare = report(Ok(()), &capabilities(ReportStatus::V1, SideBand::None));
        let banded = report(Ok(()), &capabilities(ReportStatus::V1, SideBand::Large));
        assert_eq!(banded, format!("{:04x}\u{1}{bare}0000", bare.len() + 5));
    }

    #[test]
    fn no_report_was_asked_for() {
        assert_eq!(
            report(Ok(()), &capabilities(ReportStatus::None, SideBand::None)),
            ""
        );
        assert_eq!(
            report(Ok(()), &capabilities(ReportStatus::None, SideBand::Large)),
            "0000"
        );
    }
}
