//! A fetch request of versions 0 and 1:
//! <https://git-scm.com/docs/gitprotocol-pack#_packfile_negotiation>.
//!
//! Over HTTP every request starts again with the wants, so a body is: wants and depth, a flush,
//! then haves up to a flush or `done`. Bytes behind that are not read, as in git.

use crate::git::limits::Limits;

use super::capabilities::{Capabilities, Client, Offer};
use super::fetch_request::{Ending, FetchRequest, FetchRequestError, MultiAck, UploadPackOptions};
use super::oid_hex;
use super::pktline::{self, Decoder, Packet, PktLineError};
use super::sideband::SideBand;

/// The body is not a fetch request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadRequestError {
    /// It is not made of packets.
    #[error(transparent)]
    PktLine(#[from] PktLineError),
    /// A line is wrong, or the lines together.
    #[error(transparent)]
    Fetch(#[from] FetchRequestError),
}

/// A fetch request, and the client that sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// The request; without wants it asks for nothing and gets an empty answer.
    pub fetch: FetchRequest,
    /// The client.
    pub client: Client,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Wants,
    /// After the flush behind the wants. `any`: something has followed it.
    Haves {
        any: bool,
    },
    Complete,
}

/// Reads the body of an upload-pack request, which arrives in pieces.
#[derive(Debug)]
pub struct UploadRequestReader<'a> {
    offer: Offer<'a>,
    limits: Limits,
    decoder: Decoder,
    state: State,
    fetch: FetchRequest,
    agreed: UploadPackOptions,
    client: Client,
    /// The client asked for the capability `filter`.
    filter: bool,
}

impl<'a> UploadRequestReader<'a> {
    /// Starts before the first byte of the body.
    pub fn new(offer: Offer<'a>, limits: &Limits) -> Self {
        let (multi_ack, side_band) = (MultiAck::None, SideBand::None);
        Self {
            offer,
            limits: *limits,
            decoder: Decoder::new(limits.request_bytes_max),
            state: State::Wants,
            fetch: FetchRequest::default(),
            agreed: UploadPackOptions {
                multi_ack,
                no_done: false,
                side_band,
            },
            client: Client::default(),
            filter: false,
        }
    }

    /// Takes the next piece of the body; whether the request is complete, so that the rest of the
    /// body need not be read.
    pub fn feed(&mut self, mut input: &[u8]) -> Result<bool, UploadRequestError> {
        while self.state != State::Complete {
            let Some(packet) = self.decoder.next(&mut input)? else {
                return Ok(false);
            };
            let line = match packet {
                Packet::Data(line) => Some(pktline::chomp(line)),
                Packet::Flush | Packet::Delim | Packet::ResponseEnd => None,
            };
            let mut rest = Lines {
                offer: &self.offer,
                limits: &self.limits,
                fetch: &mut self.fetch,
                agreed: &mut self.agreed,
                client: &mut self.client,
                filter: &mut self.filter,
            };
            self.state = rest.take(self.state, line)?;
        }
        Ok(true)
    }

    /// The body has ended. A client may stop after the flush behind its wants, to read the
    /// shallow list; anywhere else the request is cut off.
    pub fn finish(self) -> Result<UploadRequest, UploadRequestError> {
        self.decoder.finish()?;
        let mut fetch = self.fetch;
        match self.state {
            State::Complete => {}
            State::Haves { any: false } => fetch.ending = Ending::Wants,
            State::Wants if self.decoder.bytes_returned() == 0 => fetch.ending = Ending::Wants,
            State::Wants | State::Haves { any: true } => {
                return Err(PktLineError::Truncated.into());
            }
        }
        fetch.upload_pack = Some(self.agreed);
        Ok(UploadRequest {
            fetch: fetch.complete()?,
            client: self.client,
        })
    }
}

/// The values that lines change, apart from the decoder that lends them.
struct Lines<'r, 'a> {
    offer: &'r Offer<'a>,
    limits: &'r Limits,
    fetch: &'r mut FetchRequest,
    agreed: &'r mut UploadPackOptions,
    client: &'r mut Client,
    filter: &'r mut bool,
}

impl Lines<'_, '_> {
    /// Takes a line, or `None` for a flush, and gives the next state.
    fn take(&mut self, state: State, line: Option<&[u8]>) -> Result<State, FetchRequestError> {
        match (state, line) {
            (State::Wants, Some(line)) => {
                self.want_line(line)?;
                Ok(State::Wants)
            }
            // Without wants nothing follows: git hangs up here.
            (State::Wants, None) if self.fetch.wants.is_empty() => Ok(State::Complete),
            (State::Wants, None) => Ok(State::Haves { any: false }),
            (State::Haves { .. }, Some(b"done")) => {
                self.fetch.ending = Ending::Done;
                Ok(State::Complete)
            }
            (State::Haves { .. }, Some(line)) => {
                let not_a_have = || FetchRequestError::NotAHave {
                    line: pktline::quoted(line),
                };
                let digits = line.strip_prefix(b"have ").ok_or_else(not_a_have)?;
                self.fetch.have(digits, self.limits)?;
                Ok(State::Haves { any: true })
            }
            (State::Haves { .. } | State::Complete, _) => Ok(State::Complete),
        }
    }

    fn want_line(&mut self, line: &[u8]) -> Result<(), FetchRequestError> {
        if self.fetch.depth_line(line, self.limits)? {
            return Ok(());
        }
        if let Some(spec) = line.strip_prefix(b"filter ") {
            if !*self.filter {
                return Err(FetchRequestError::FilterNotNegotiated);
            }
            return self.fetch.filter(spec);
        }
        let want = line.strip_prefix(b"want ").and_then(oid_hex::split_first);
        let Some((id, capabilities)) = want else {
            return Err(FetchRequestError::NotAWant {
                line: pktline::quoted(line),
            });
        };
        self.fetch.want(id, self.limits)?;
        if !capabilities.is_empty() {
            self.agree(Capabilities::new(capabilities));
        }
        Ok(())
    }

    fn agree(&mut self, asked: Capabilities<'_>) {
        self.client.note(asked);
        // Git's order of preference, within one list.
        if asked.has("multi_ack_detailed") {
            self.agreed.multi_ack = MultiAck::Detailed;
        } else if asked.has("multi_ack") {
            self.agreed.multi_ack = MultiAck::Plain;
        }
        if asked.has("side-band-64k") {
            self.agreed.side_band = SideBand::Large;
        } else if asked.has("side-band") {
            self.agreed.side_band = SideBand::Small;
        }
        self.agreed.no_done |= asked.has("no-done");
        self.fetch.deepen_relative |= asked.has("deepen-relative");
        self.fetch.thin_pack |= asked.has("thin-pack");
        self.fetch.ofs_delta |= asked.has("ofs-delta");
        self.fetch.no_progress |= asked.has("no-progress");
        self.fetch.include_tag |= asked.has("include-tag");
        *self.filter |= asked.has("filter") && self.offer.upload_pack.contains(&"filter");
    }
}

#[cfg(test)]
mod tests;
