//! A request that is refused as a whole, told where Git shows it to its user.
//!
//! Git prints the body of an answer that is not 200 only for `info/refs`, and only if it is plain
//! text. To a POST it says `HTTP 413` and nothing else (`rpc_in` and `show_http_message` of git's
//! `remote-curl.c`). So a refusal of a POST has status 200, and its reason is in the protocol.

use std::borrow::Cow;

use gix_object::bstr::ByteSlice as _;

use super::advertise::Service;
use super::pktline;
use super::push_commands::{PushCommands, ReportStatus};
use super::report_status::{self, Outcome, RefStatus};
use super::sideband::{Band, SideBand, band};

/// Refs that are each told the reason, at most: a report that told more of them would have megabytes.
const REASONS_MAX: usize = 1000;

/// The message for the other refs, as in git.
const UNPACKER_ERROR: &str = "unpacker error";

/// Writes an advertisement that says only why nothing is advertised. The line with the service comes
/// first: `JGit`, libgit2 and dulwich read nothing without it.
pub fn advertisement(service: Service, reason: &str, out: &mut Vec<u8>) {
    pktline::text(&[b"# service=", service.name().as_bytes()], out);
    pktline::flush(out);
    pktline::err(reason, out);
}

/// Writes the refusal of a fetch, in every version of the protocol.
pub fn upload_pack(reason: &str, out: &mut Vec<u8>) {
    pktline::err(reason, out);
}

/// Writes the refusal of a push whose commands were read: the report, with the reason for the pack
/// and for every ref, and the reason once more where Git prints it first. `named` is the reason
/// with the request's id, which ties it to the log.
pub fn receive_pack(reason: &str, named: &str, push: &PushCommands, out: &mut Vec<u8>) {
    let capabilities = &push.capabilities;
    if push.commands.is_empty() || capabilities.report_status == ReportStatus::None {
        return unread_push(named, capabilities.side_band, out);
    }
    let text = format!("error: {named}\n");
    // Without side-bands this writes nothing.
    band(Band::Progress, text.as_bytes(), capabilities.side_band, out);
    let refused = push.commands.iter().enumerate();
    let refused = refused.map(|(at, command)| RefStatus {
        name: command.name.as_bstr(),
        outcome: Outcome::Rejected(Cow::Borrowed(if at < REASONS_MAX {
            reason
        } else {
            UNPACKER_ERROR
        })),
    });
    report_status::write(Err(named), refused, capabilities, out);
}

/// Writes the refusal of a push of which not all commands are known, so that there is no report.
pub(crate) fn unread_push(named: &str, side_band: SideBand, out: &mut Vec<u8>) {
    if side_band == SideBand::None {
        pktline::err(named, out);
        return;
    }
    band(Band::Error, format!("{named}\n").as_bytes(), side_band, out);
    pktline::flush(out);
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::push_commands::{PushCapabilities, PushCommand};
    use super::*;

    fn push(report_status: ReportStatus, side_band: SideBand) -> PushCommands {
        let command = |name: &str| {
            Rc::new(PushCommand {
                name: name.into(),
                old: None,
                new: None,
            })
        };
        PushCommands {
            commands: vec![command("refs/heads/a"), command("refs/tags/b")],
            capabilities: PushCapabilities {
                report_status,
                side_band,
                ..PushCapabilities::default()
            },
            ..PushCommands::default()
        }
    }

    fn told(push: &PushCommands) -> String {
        let mut out = Vec::new();
        receive_pack("too much", "too much (request 7)", push, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_refused_push_has_a_report_with_the_reason_for_every_ref() {
        let report = "0020unpack too much (request 7)\n001dng refs/heads/a too much\n\
                      001cng refs/tags/b too much\n0000";
        assert_eq!(told(&push(ReportStatus::V1, SideBand::None)), report);
        let banded = told(&push(ReportStatus::V2, SideBand::Large));
        assert_eq!(
            banded,
            format!(
                "0021\u{2}error: too much (request 7)\n{:04x}\u{1}{report}0000",
                report.len() + 5
            )
        );
    }

    #[test]
    fn a_push_without_commands_or_report_is_told_as_a_fatal_error() {
        let fatal = "001a\u{3}too much (request 7)\n0000";
        assert_eq!(told(&push(ReportStatus::None, SideBand::Large)), fatal);
        let mut none = push(ReportStatus::V1, SideBand::Large);
        none.commands.clear();
        assert_eq!(told(&none), fatal);
        let bare = told(&push(ReportStatus::None, SideBand::None));
        assert_eq!(bare, "001cERR too much (request 7)");
    }

    #[test]
    fn a_refused_advertisement_says_why() {
        let mut out = Vec::new();
        advertisement(Service::ReceivePack, "read-only", &mut out);
        assert_eq!(
            out,
            b"001f# service=git-receive-pack\n00000011ERR read-only"
        );
    }
}
