//! The answer to a fetch, taken apart as it arrives:
//! <https://git-scm.com/docs/gitprotocol-v2#_fetch>,
//! <https://git-scm.com/docs/gitprotocol-pack#_packfile_negotiation>.

use gix_hash::ObjectId;

use super::super::protocol::advertise::Version;
use super::super::protocol::oid_hex;
use super::super::protocol::pktline::{Decoder, Packet, PktLineError, chomp};
use super::error::{FetchClientError, err_message};

/// Something of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// The next bytes of the pack, never none.
    Pack(&'a [u8]),
    /// Progress of the remote, for people.
    Progress(&'a [u8]),
    /// A commit that comes, or was, without its parents.
    Shallow(ObjectId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Version 2: the first line of a section is due.
    Section,
    /// Version 2: the lines of a section; they matter if it is `shallow-info`.
    Lines {
        shallow: bool,
    },
    /// Versions 0 and 1: `shallow` lines up to a flush.
    ShallowList,
    /// Versions 0 and 1: acknowledgements up to the first band.
    Acknowledgements,
    /// Bands, up to a flush.
    Pack,
    Done,
}

/// Takes the answer to a request with `done` apart.
#[derive(Debug)]
pub(crate) struct FetchResponseReader {
    decoder: Decoder,
    state: State,
}

impl FetchResponseReader {
    /// Starts before the first byte of the answer. `deepens`: the request had a depth.
    pub(crate) fn new(version: Version, deepens: bool) -> Self {
        let state = match version {
            Version::V2 => State::Section,
            Version::V0 | Version::V1 if deepens => State::ShallowList,
            Version::V0 | Version::V1 => State::Acknowledgements,
        };
        Self {
            // A pack's own bounds are its parser's to watch.
            decoder: Decoder::new(usize::MAX),
            state,
        }
    }

    /// Takes the next bytes and shows the events in them; gives the first error, the caller's or one
    /// of the answer.
    pub(crate) fn feed<E: From<FetchClientError>>(
        &mut self,
        mut input: &[u8],
        mut show: impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(packet) = self.decoder.next(&mut input).map_err(wrong)? {
            let (state, event) = step(self.state, packet)?;
            self.state = state;
            if let Some(event) = event {
                show(event)?;
            }
        }
        Ok(())
    }

    /// Whether the pack is whole.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The input has ended: complains unless the pack was whole.
    pub(crate) fn finish(&self) -> Result<(), FetchClientError> {
        if self.is_done() {
            self.decoder.finish().map_err(wrong)
        } else {
            Err(PktLineError::Truncated.into())
        }
    }
}

fn wrong(error: PktLineError) -> FetchClientError {
    error.into()
}

/// Reads a packet in a state, and gives the next state.
fn step(state: State, packet: Packet<'_>) -> Result<(State, Option<Event<'_>>), FetchClientError> {
    let line = match packet {
        Packet::Data(line) => line,
        Packet::Flush | Packet::ResponseEnd => {
            return match state {
                State::ShallowList => Ok((State::Acknowledgements, None)),
                State::Pack | State::Done => Ok((State::Done, None)),
                _ => Err(FetchClientError::NoPack),
            };
        }
        Packet::Delim => {
            return match state {
                State::Lines { .. } => Ok((State::Section, None)),
                _ => Err(FetchClientError::unexpected(b"0001")),
            };
        }
    };
    match state {
        State::Pack => banded(line),
        State::Done => Err(FetchClientError::unexpected(line)),
        _ => match err_message(line) {
            Some(message) => Err(FetchClientError::refused(message)),
            None => before_pack(state, line),
        },
    }
}

/// A line before the pack.
fn before_pack(state: State, line: &[u8]) -> Result<(State, Option<Event<'_>>), FetchClientError> {
    let text = chomp(line);
    let unexpected = || Err(FetchClientError::unexpected(text));
    match state {
        State::Section => match text {
            b"packfile" => Ok((State::Pack, None)),
            b"shallow-info" => Ok((State::Lines { shallow: true }, None)),
            b"acknowledgments" | b"wanted-refs" | b"packfile-uris" => {
                Ok((State::Lines { shallow: false }, None))
            }
            _ => unexpected(),
        },
        State::Lines { shallow: false } => Ok((state, None)),
        State::Lines { shallow: true } | State::ShallowList => Ok((state, shallow_line(text)?)),
        State::Acknowledgements if text == b"NAK" || text.starts_with(b"ACK ") => Ok((state, None)),
        State::Acknowledgements if matches!(line.first(), Some(1..=3)) => banded(line),
        State::Acknowledgements | State::Pack | State::Done => unexpected(),
    }
}

fn shallow_line(text: &[u8]) -> Result<Option<Event<'_>>, FetchClientError> {
    let unexpected = || FetchClientError::unexpected(text);
    if let Some(hex) = text.strip_prefix(b"shallow ") {
        let id = oid_hex::parse(hex).ok_or_else(unexpected)?;
        return Ok(Some(Event::Shallow(id)));
    }
    // Nothing here was shallow before, so that nothing can cease to be.
    Err(unexpected())
}

/// A packet of the multiplexed part.
fn banded(packet: &[u8]) -> Result<(State, Option<Event<'_>>), FetchClientError> {
    let event = match packet.split_first() {
        Some((1, payload)) => (!payload.is_empty()).then_some(Event::Pack(payload)),
        Some((2, payload)) => Some(Event::Progress(payload)),
        Some((3, message)) => return Err(FetchClientError::refused(message)),
        _ => return Err(FetchClientError::unexpected(packet)),
    };
    Ok((State::Pack, event))
}

#[cfg(test)]
mod tests;
