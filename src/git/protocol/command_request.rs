//! A request of version 2: <https://git-scm.com/docs/gitprotocol-v2#_command_request>.
//!
//! Lines with the command and with capabilities, a delimiter, the command's arguments, a flush.

use gix_object::bstr::BString;

use crate::git::limits::Limits;

use super::capabilities::{Client, Offer, sanitized, split_word};
use super::fetch_request::{FetchRequest, FetchRequestError};
use super::ls_refs::{LsRefsError, LsRefsRequest};
use super::object_info::{ObjectInfoError, ObjectInfoRequest};
use super::pktline::{self, Decoder, Packet, PktLineError};

/// Server options in one request: far more than anyone sends.
const SERVER_OPTIONS_MAX: usize = 1024;

/// The body is not a request of version 2, in git's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandRequestError {
    /// It is not made of packets.
    #[error(transparent)]
    PktLine(#[from] PktLineError),
    /// A capability that this server does not offer.
    #[error("unknown capability '{line}'")]
    UnknownCapability {
        /// The line.
        line: String,
    },
    /// A command that this server does not offer.
    #[error("invalid command '{name}'")]
    InvalidCommand {
        /// Its name.
        name: String,
    },
    /// More than one command.
    #[error("command '{second}' requested after already requesting command '{first}'")]
    SecondCommand {
        /// The first.
        first: &'static str,
        /// The second.
        second: String,
    },
    /// Capabilities, and no command.
    #[error("no command requested")]
    NoCommand,
    /// The client names a hash function that git does not have.
    #[error("unknown object format '{name}'")]
    UnknownObjectFormat {
        /// The name in it.
        name: String,
    },
    /// The client's repository has another hash function.
    #[error("mismatched object format: server sha1; client {name}")]
    MismatchedObjectFormat {
        /// The client's.
        name: String,
    },
    /// Arguments that end with something else than a flush.
    #[error("expected flush after {command} arguments")]
    ExpectedFlush {
        /// The command.
        command: &'static str,
    },
    /// An argument of a command that has none.
    #[error("bundle-uri: unexpected argument: '{line}'")]
    BundleUriArgument {
        /// The argument.
        line: String,
    },
    /// An argument of `ls-refs` is wrong.
    #[error(transparent)]
    LsRefs(#[from] LsRefsError),
    /// An argument of `fetch` is wrong, or the arguments together.
    #[error(transparent)]
    Fetch(#[from] FetchRequestError),
    /// An argument of `object-info` is wrong.
    #[error(transparent)]
    ObjectInfo(#[from] ObjectInfoError),
}

/// The command of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The refs.
    LsRefs(LsRefsRequest),
    /// Objects.
    Fetch(Box<FetchRequest>),
    /// Facts about objects.
    ObjectInfo(ObjectInfoRequest),
    /// Locations of bundles.
    BundleUri,
}

impl Command {
    /// The command of this name without arguments, if it is offered.
    fn offered(name: &[u8], offer: &Offer<'_>) -> Option<Self> {
        let other = |name| offer.commands.contains(&name);
        match name {
            b"ls-refs" => Some(Self::LsRefs(LsRefsRequest::default())),
            b"fetch" => Some(Self::Fetch(Box::default())),
            b"object-info" if other("object-info") => {
                Some(Self::ObjectInfo(ObjectInfoRequest::default()))
            }
            b"bundle-uri" if other("bundle-uri") => Some(Self::BundleUri),
            _ => None,
        }
    }

    /// The command's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LsRefs(_) => "ls-refs",
            Self::Fetch(_) => "fetch",
            Self::ObjectInfo(_) => "object-info",
            Self::BundleUri => "bundle-uri",
        }
    }

    fn argument(
        &mut self,
        line: &[u8],
        offer: &Offer<'_>,
        limits: &Limits,
    ) -> Result<(), CommandRequestError> {
        match self {
            Self::LsRefs(request) => request.argument(line, offer)?,
            Self::Fetch(request) => request.argument(line, offer, limits)?,
            Self::ObjectInfo(request) => request.argument(line, limits)?,
            Self::BundleUri => {
                let line = pktline::quoted(line);
                return Err(CommandRequestError::BundleUriArgument { line });
            }
        }
        Ok(())
    }

    fn complete(self) -> Result<Self, CommandRequestError> {
        Ok(match self {
            Self::LsRefs(request) => Self::LsRefs(request.complete()),
            Self::Fetch(request) => Self::Fetch(Box::new(request.complete()?)),
            Self::ObjectInfo(_) | Self::BundleUri => self,
        })
    }
}

/// A request of version 2, and the client that sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRequest {
    /// Its command.
    pub command: Command,
    /// The client.
    pub client: Client,
    /// The values of `server-option`, in the order sent.
    pub(crate) server_options: Vec<BString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Lines before the delimiter.
    Keys,
    /// Lines after it.
    Arguments,
    Complete,
}

/// Reads the body of a version 2 request, which arrives in pieces.
#[derive(Debug)]
pub struct CommandRequestReader<'a> {
    limits: Limits,
    decoder: Decoder,
    request: Partial<'a>,
}

/// The request as far as it has been read.
#[derive(Debug)]
struct Partial<'a> {
    offer: Offer<'a>,
    state: State,
    /// Any line was there.
    any: bool,
    command: Option<Command>,
    /// The client's hash function, when it is not ours.
    other_format: Option<String>,
    client: Client,
    server_options: Vec<BString>,
}

impl<'a> CommandRequestReader<'a> {
    /// Starts before the first byte of the body.
    pub fn new(offer: Offer<'a>, limits: &Limits) -> Self {
        let request = Partial {
            offer,
            state: State::Keys,
            any: false,
            command: None,
            other_format: None,
            client: Client::default(),
            server_options: Vec::new(),
        };
        Self {
            limits: *limits,
            decoder: Decoder::new(limits.request_bytes_max),

            request,
        }
    }

    /// Takes the next piece of the body; whether the request is complete, so that the rest of the
    /// body need not be read.
    pub fn feed(&mut self, mut input: &[u8]) -> Result<bool, CommandRequestError> {
        while self.request.state != State::Complete {
            let Some(packet) = self.decoder.next(&mut input)? else {
                return Ok(false);
            };
            self.request.packet(packet, &self.limits)?;
        }
        Ok(true)
    }

    /// The body has ended. `None` when it asks for nothing: it is empty, or one flush.
    pub fn finish(self) -> Result<Option<CommandRequest>, CommandRequestError> {
        self.decoder.finish()?;
        let request = self.request;
        if request.state != State::Complete && self.decoder.bytes_returned() > 0 {
            return Err(PktLineError::Truncated.into());
        }
        let Some(command) = request.command else {
            return Ok(None);
        };
        let Partial {
            client,
            server_options,
            ..
        } = request;
        let mut command = command.complete()?;
        if let Command::Fetch(request) = &mut command {
            request.ofs_delta |= client.reads_ofs_delta();
        }
        Ok(Some(CommandRequest {
            command,
            client,
            server_options,
        }))
    }
}

impl Partial<'_> {
    fn packet(&mut self, packet: Packet<'_>, limits: &Limits) -> Result<(), CommandRequestError> {
        match (self.state, packet) {
            (State::Keys, Packet::Data(line)) => self.key(pktline::chomp(line)),
            (State::Keys, Packet::Flush) => {
                self.state = State::Complete;
                if self.any { self.check_keys() } else { Ok(()) }
            }
            (State::Keys, Packet::Delim) => {
                self.state = State::Arguments;
                self.check_keys()
            }
            (State::Arguments, Packet::Data(line)) => match &mut self.command {
                Some(command) => command.argument(pktline::chomp(line), &self.offer, limits),
                None => Err(CommandRequestError::NoCommand),
            },
            (State::Arguments, Packet::Flush) => {
                self.state = State::Complete;
                Ok(())
            }
            (State::Keys, Packet::ResponseEnd)
            | (State::Arguments, Packet::Delim | Packet::ResponseEnd)
            | (State::Complete, _) => {
                let command = self.command.as_ref().map_or("request", Command::name);
                Err(CommandRequestError::ExpectedFlush { command })
            }
        }
    }

    fn key(&mut self, line: &[u8]) -> Result<(), CommandRequestError> {
        self.any = true;
        if let Some(name) = line.strip_prefix(b"command=") {
            return self.command(name);
        }
        let (name, value) = split_word(line);
        match name {
            b"agent" => self.client.agent = sanitized(value.unwrap_or_default()),
            b"session-id" if self.offer.session_id.is_some() => {
                self.client.session_id = sanitized(value.unwrap_or_default());
            }
            b"server-option" if self.server_options.len() < SERVER_OPTIONS_MAX => {
                self.server_options.push(value.unwrap_or_default().into());
            }
            b"object-format" => return self.object_format(value.unwrap_or_default()),
            _ => {
                let line = pktline::quoted(line);
                return Err(CommandRequestError::UnknownCapability { line });
            }
        }
        Ok(())
    }

    fn command(&mut self, name: &[u8]) -> Result<(), CommandRequestError> {
        if let Some(first) = &self.command {
            let (first, second) = (first.name(), pktline::quoted(name));
            return Err(CommandRequestError::SecondCommand { first, second });
        }
        let invalid = || CommandRequestError::InvalidCommand {
            name: pktline::quoted(name),
        };
        self.command = Some(Command::offered(name, &self.offer).ok_or_else(invalid)?);
        Ok(())
    }

    fn object_format(&mut self, name: &[u8]) -> Result<(), CommandRequestError> {
        self.other_format = match name {
            b"sha1" => None,
            b"sha256" => Some(pktline::quoted(name)),
            _ => {
                let name = pktline::quoted(name);
                return Err(CommandRequestError::UnknownObjectFormat { name });
            }
        };
        Ok(())
    }

    fn check_keys(&self) -> Result<(), CommandRequestError> {
        if self.command.is_none() {
            return Err(CommandRequestError::NoCommand);
        }
        match &self.other_format {
            Some(name) => Err(CommandRequestError::MismatchedObjectFormat { name: name.clone() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
