//! The ref updates of a push:
//! <https://git-scm.com/docs/gitprotocol-pack#_reference_update_request_and_packfile_transfer>.
//!
//! A body is: commands, the first with the client's capabilities behind a NUL; a flush; if the
//! client has them, push options and another flush; then the pack, bare.

use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

use crate::git::limits::Limits;

use super::capabilities::{Capabilities, Client, Offer};
use super::oid_hex;
use super::pktline::{self, Decoder, Packet, PktLineError};
use super::sideband::SideBand;

/// The body is not a push, in git's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushCommandsError {
    /// It does not begin with packets.
    #[error(transparent)]
    PktLine(#[from] PktLineError),
    /// A line is not a command.
    #[error("protocol error: expected old/new/ref, got '{line}'")]
    NotACommand {
        /// The line.
        line: String,
    },
    /// A shallow commit that is not an object id.
    #[error("protocol error: expected shallow sha, got '{text}'")]
    Shallow {
        /// The text in its place.
        text: String,
    },
    /// A delimiter or a response end.
    #[error("protocol error: got an unexpected packet")]
    UnexpectedPacket,
    /// A signed push; this server does not offer them.
    #[error("the receiving end does not support --signed push")]
    PushCert,
    /// The client's repository has another hash function.
    #[error("error: unsupported object format '{name}'")]
    ObjectFormat {
        /// The client's.
        name: String,
    },
    /// More push options than one push may have, or longer ones.
    #[error(
        "push option {number} of {bytes} bytes: a push may have {options_max} options of \
         {option_bytes_max} bytes each, {total_bytes_max} together"
    )]
    TooManyOptions {
        /// The option that is too much, from 1.
        number: usize,
        /// Its length in bytes.
        bytes: usize,
        /// The bound of their number.
        options_max: usize,
        /// The bound of each.
        option_bytes_max: usize,
        /// The bound of all.
        total_bytes_max: usize,
    },
    /// More commands than one push may have.
    #[error(
        "too many ref updates in one push, at most {commands_max} are taken at once: push the refs \
         in groups, as in 'git push <remote> \"refs/tags/v1*:refs/tags/v1*\"'"
    )]
    TooManyCommands {
        /// The bound.
        commands_max: usize,
    },
    /// A refname longer than refnames may be.
    #[error("refname of {name_bytes} bytes, at most {name_bytes_max}")]
    RefnameTooLong {
        /// Its length in bytes.
        name_bytes: usize,
        /// The bound in bytes.
        name_bytes_max: usize,
    },
}

/// Two commands of one push name the same ref.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("multiple updates for ref '{name}' not allowed")]
pub struct MultipleUpdates {
    /// The ref.
    pub name: BString,
}

/// One ref update. The name is as sent: whether it is a refname at all is checked later, so that
/// one funny name spoils only its own command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushCommand {
    /// The ref.
    pub name: BString,
    /// The id that the client saw there; `None` without such a ref.
    pub old: Option<ObjectId>,
    /// The id that it should get; `None` deletes it.
    pub new: Option<ObjectId>,
}

/// How the outcome of a push is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ReportStatus {
    /// Not at all.
    #[default]
    None,
    /// A line for each command.
    V1,
    /// Options may follow a command's line.
    V2,
}

/// The client's requests beside its commands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a capability")]
pub struct PushCapabilities {
    /// The report.
    pub(crate) report_status: ReportStatus,
    /// How report, progress and errors are multiplexed: [`SideBand::None`] or
    /// [`SideBand::Large`].
    pub side_band: SideBand,
    /// No progress messages.
    pub quiet: bool,
    /// All updates or none.
    pub atomic: bool,
    /// Push options follow the commands.
    pub push_options: bool,
    /// The client.
    pub client: Client,
}

/// A push without its pack.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushCommands {
    /// The ref updates, in the order sent. None at all is git's probe of the connection: it is
    /// answered with nothing, or with a flush if side-bands were asked for.
    pub commands: Vec<Rc<PushCommand>>,
    /// The client's requests beside the commands.
    pub capabilities: PushCapabilities,
    /// Commits that the client has without their parents.
    pub shallow: Vec<ObjectId>,
    /// The push options, in the order sent.
    pub push_options: Vec<BString>,
}

impl PushCommands {
    /// Refuses a push that updates a ref twice.
    pub fn check_names_differ(&self) -> Result<(), MultipleUpdates> {
        let mut seen: HashSet<&BStr> = HashSet::with_capacity(self.commands.len());
        match self
            .commands
            .iter()
            .find(|command| !seen.insert(command.name.as_bstr()))
        {
            Some(command) => Err(MultipleUpdates {
                name: command.name.clone(),
            }),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Commands,
    Options,
    Complete,
}

/// Reads the commands at the start of a receive-pack body, which arrives in pieces, and leaves
/// the pack behind them alone.
#[derive(Debug)]
pub struct PushCommandsReader<'a> {
    offer: Offer<'a>,
    limits: Limits,
    decoder: Decoder,
    state: State,
    push: PushCommands,
}

impl<'a> PushCommandsReader<'a> {
    /// Starts before the first byte of the body.
    pub fn new(offer: Offer<'a>, limits: &Limits) -> Self {
        Self {
            offer,
            limits: *limits,
            decoder: Decoder::new(limits.command_bytes_max),
            state: State::Commands,
            push: PushCommands::default(),
        }
    }

    /// Takes bytes from the front of `input`; whether the commands are complete. The bytes then left in
    /// `input`, and all that follow, are the pack.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<bool, PushCommandsError> {
        while self.state != State::Complete {
            match self.decoder.next(input)? {
                None => return Ok(false),
                Some(Packet::Data(line)) if self.state == State::Options => {
                    self.push.take_option(pktline::chomp(line), &self.limits)?;
                }
                Some(Packet::Data(line)) => {
                    self.push
                        .take_line(pktline::chomp(line), &self.offer, &self.limits)?;
                }
                Some(Packet::Flush) => self.state = self.after_flush(),
                Some(Packet::Delim | Packet::ResponseEnd) => {
                    return Err(PushCommandsError::UnexpectedPacket);
                }
            }
        }
        Ok(true)
    }

    fn after_flush(&self) -> State {
        // Options belong to commands: without one, git reads nothing further.
        let options = self.push.capabilities.push_options && !self.push.commands.is_empty();
        if self.state == State::Commands && options {
            State::Options
        } else {
            State::Complete
        }
    }

    /// Bytes of the packets read so far. Once complete, this is where the pack starts in the body.
    pub fn bytes_taken(&self) -> usize {
        self.decoder.bytes_returned()
    }

    /// Whether the last command was read; push options may follow. After an error, this says
    /// whether the client can be told by a report.
    pub(crate) fn has_all_commands(&self) -> bool {
        self.state != State::Commands
    }

    /// The push as far as it was read, after an error.
    pub(crate) fn into_commands(self) -> PushCommands {
        self.push
    }

    /// The client's requests as far as they have been read. After an error they say how to tell
    /// the client.
    pub fn capabilities(&self) -> &PushCapabilities {
        &self.push.capabilities
    }

    /// The push. An empty body is a push without commands; a body that ends inside the commands
    /// is an error.
    pub fn finish(self) -> Result<PushCommands, PushCommandsError> {
        self.decoder.finish()?;
        if self.state != State::Complete && self.decoder.bytes_returned() > 0 {
            return Err(PktLineError::Truncated.into());
        }
        Ok(self.push)
    }
}

impl PushCommands {
    /// Takes one push option. They are kept with the refs, and so are bounded like a row.
    fn take_option(&mut self, option: &[u8], limits: &Limits) -> Result<(), PushCommandsError> {
        let before: usize = self.push_options.iter().map(|option| option.len()).sum();
        let number = self.push_options.len().saturating_add(1);
        if number > limits.push_options_max
            || option.len() > limits.push_option_bytes_max
            || before.saturating_add(option.len()) > limits.push_options_bytes_max
        {
            return Err(PushCommandsError::TooManyOptions {
                number,
                bytes: option.len(),
                options_max: limits.push_options_max,
                option_bytes_max: limits.push_option_bytes_max,
                total_bytes_max: limits.push_options_bytes_max,
            });
        }
        self.push_options.push(option.into());
        Ok(())
    }

    /// Takes one line before the first flush.
    fn take_line(
        &mut self,
        line: &[u8],
        offer: &Offer<'_>,
        limits: &Limits,
    ) -> Result<(), PushCommandsError> {
        if let Some(digits) = line.strip_prefix(b"shallow ") {
            let not_an_id = || PushCommandsError::Shallow {
                text: pktline::quoted(digits),
            };
            self.shallow
                .push(oid_hex::parse(digits).ok_or_else(not_an_id)?);
            return Ok(());
        }
        let (line, list) = line
            .split_once_str("\0")
            .map_or((line, None), |(l, c)| (l, Some(c)));
        if let Some(list) = list {
            self.capabilities.agree(Capabilities::new(list), offer)?;
        }
        if line == b"push-cert" {
            return Err(PushCommandsError::PushCert);
        }
        let not_a_command = || PushCommandsError::NotACommand {
            line: pktline::quoted(line),
        };
        let command = parse_command(line).ok_or_else(not_a_command)?;
        let (name_bytes, name_bytes_max) = (command.name.len(), limits.refname_bytes_max);
        if name_bytes > name_bytes_max {
            return Err(PushCommandsError::RefnameTooLong {
                name_bytes,
                name_bytes_max,
            });
        }
        if self.commands.len() >= limits.commands_max {
            let commands_max = limits.commands_max;
            return Err(PushCommandsError::TooManyCommands { commands_max });
        }
        self.commands.push(Rc::new(command));
        Ok(())
    }
}

fn parse_command(line: &[u8]) -> Option<PushCommand> {
    let (old, rest) = oid_hex::split_first(line)?;
    let (new, rest) = oid_hex::split_first(rest.strip_prefix(b" ")?)?;
    let name = rest.strip_prefix(b" ")?;
    let some = |id: ObjectId| if id.is_null() { None } else { Some(id) };
    Some(PushCommand {
        name: name.into(),
        old: some(old),
        new: some(new),
    })
}

impl PushCapabilities {
    /// Takes a list of capabilities. As with git, a capability that was not offered has no effect, and only
    /// another hash function is refused.
    fn agree(
        &mut self,
        asked: Capabilities<'_>,
        offer: &Offer<'_>,
    ) -> Result<(), PushCommandsError> {
        let agreed = |name| asked.has(name) && offer.receive_pack.contains(&name);
        if agreed("report-status-v2") {
            self.report_status = ReportStatus::V2;
        } else if agreed("report-status") && self.report_status == ReportStatus::None {
            self.report_status = ReportStatus::V1;
        }
        if agreed("side-band-64k") {
            self.side_band = SideBand::Large;
        }
        self.quiet |= agreed("quiet");
        self.atomic |= agreed("atomic");
        self.push_options |= agreed("push-options");
        self.client.note(asked);
        match asked.value("object-format") {
            None | Some(b"sha1") => Ok(()),
            Some(name) => Err(PushCommandsError::ObjectFormat {
                name: pktline::quoted(name),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
