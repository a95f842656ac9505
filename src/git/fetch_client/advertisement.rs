//! A remote's first answer, to `info/refs?service=git-upload-pack`:
//! <https://git-scm.com/docs/gitprotocol-http#_smart_server_response>,
//! <https://git-scm.com/docs/gitprotocol-v2#_capability_advertisement>.
//!
//! The request asks for version 2. A server that does not know it answers in version 1 or 0, and
//! lists its refs at once.

use super::super::limits::Limits;
use super::super::protocol::advertise::Version;
use super::super::protocol::capabilities::Capabilities;
use super::super::protocol::oid_hex;
use super::super::protocol::pktline::{Decoder, Packet, PktLineError, chomp};
use super::error::{FetchClientError, err_message};
use super::remote_refs::{LIST_BYTES_MAX, RemoteRef, RemoteRefs};
use super::selection::RefSelection;

/// The capabilities of a remote that a fetch uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability")]
pub(crate) struct Features {
    /// `deepen`.
    pub shallow: bool,
    /// `filter`.
    pub filter: bool,
    /// `unborn`, an argument of `ls-refs`.
    pub unborn: bool,
    /// `object-format`, an argument of every command of version 2.
    pub(crate) object_format: bool,
}

/// The protocol of a remote, and its capabilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advertisement {
    /// The version of the protocol.
    pub version: Version,
    /// Its capabilities.
    pub(crate) features: Features,
    /// Its refs, in versions 0 and 1; version 2 has to be asked for them.
    pub refs: Option<RemoteRefs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but the line that names the service may have come.
    Start,
    /// The service was named: a flush is due.
    Service,
    /// Behind that flush, or behind `version 1`.
    FirstRef(Version),
    Refs(Version),
    Capabilities,
    Done(Version),
}

/// Reads the answer to `info/refs`, which arrives in pieces.
#[derive(Debug)]
pub(crate) struct AdvertisementReader {
    decoder: Decoder,
    asked: RefSelection,
    limits: Limits,
    state: State,
    features: Features,
    refs: RemoteRefs,
}

impl AdvertisementReader {
    /// Starts before the first byte of the answer.
    pub(crate) fn new(asked: &RefSelection, limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(LIST_BYTES_MAX),
            asked: asked.clone(),
            limits: *limits,
            state: State::Start,
            features: Features::default(),
            refs: RemoteRefs::default(),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, mut input: &[u8]) -> Result<(), FetchClientError> {
        while let Some(packet) = self.decoder.next(&mut input)? {
            self.state = match (packet, self.state) {
                (Packet::Data(line), state) => {
                    let lines = Lines {
                        features: &mut self.features,
                        refs: &mut self.refs,
                        asked: &self.asked,
                        limits: &self.limits,
                    };
                    lines.take(chomp(line), state)?
                }
                (Packet::Flush, State::Service) => State::FirstRef(Version::V0),
                (Packet::Flush, State::Start | State::FirstRef(Version::V0)) => {
                    State::Done(Version::V0)
                }
                (Packet::Flush, State::FirstRef(version) | State::Refs(version)) => {
                    State::Done(version)
                }
                (Packet::Flush, State::Capabilities) => State::Done(Version::V2),
                _ => return Err(FetchClientError::unexpected(b"a mark")),
            };
        }
        Ok(())
    }

    /// The refs that came since it was asked last, in versions 0 and 1.
    pub(crate) fn drain(&mut self) -> Vec<RemoteRef> {
        self.refs.drain()
    }

    /// Ends the input and gives the remote's protocol.
    pub(crate) fn finish(self) -> Result<Advertisement, FetchClientError> {
        let State::Done(version) = self.state else {
            return Err(PktLineError::Truncated.into());
        };
        let refs = (version != Version::V2).then(|| self.refs.complete());
        Ok(Advertisement {
            version,
            features: self.features,
            refs,
        })
    }
}

struct Lines<'a> {
    features: &'a mut Features,
    refs: &'a mut RemoteRefs,
    asked: &'a RefSelection,
    limits: &'a Limits,
}

impl Lines<'_> {
    fn take(self, line: &[u8], state: State) -> Result<State, FetchClientError> {
        if let Some(message) = err_message(line) {
            return Err(FetchClientError::refused(message));
        }
        match (state, line) {
            (State::Start, b"# service=git-upload-pack") => Ok(State::Service),
            (State::Start | State::FirstRef(Version::V0), b"version 2") => Ok(State::Capabilities),
            (State::Start | State::FirstRef(Version::V0), b"version 1") => {
                Ok(State::FirstRef(Version::V1))
            }
            (State::Start, _) => self.first_ref(line, Version::V0),
            (State::FirstRef(version), _) => self.first_ref(line, version),
            (State::Refs(version), _) => {
                self.next_ref(line)?;
                Ok(State::Refs(version))
            }
            (State::Capabilities, _) => {
                self.capability(line)?;
                Ok(State::Capabilities)
            }
            (State::Service | State::Done(_), _) => Err(FetchClientError::unexpected(line)),
        }
    }

    /// `<id> <name>NUL<capabilities>`.
    fn first_ref(self, line: &[u8], version: Version) -> Result<State, FetchClientError> {
        let at = line.iter().position(|&byte| byte == 0);
        let (shown, list) = at
            .and_then(|at| line.split_at_checked(at))
            .ok_or_else(|| FetchClientError::unexpected(line))?;
        let list = Capabilities::new(list.strip_prefix(b"\0").unwrap_or(list));
        for (name, value) in list.iter() {
            let value = value.unwrap_or_default();
            match name {
                b"symref" => {
                    if let Some(branch) = value.strip_prefix(b"HEAD:") {
                        self.refs.head = Some(branch.into());
                    }
                }
                b"object-format" => check_format(value)?,
                b"shallow" => self.features.shallow = true,
                b"filter" => self.features.filter = true,
                _ => {}
            }
        }
        if !list.has("side-band-64k") {
            let feature = "side-band-64k";
            return Err(FetchClientError::Lacks { feature });
        }
        if !shown.ends_with(b" capabilities^{}") {
            self.next_ref(shown)?;
        }
        Ok(State::Refs(version))
    }

    /// `<id> <name>`, `<id> <name>^{}` or `shallow <id>`.
    fn next_ref(self, line: &[u8]) -> Result<(), FetchClientError> {
        let unexpected = || FetchClientError::unexpected(line);
        if let Some(hex) = line.strip_prefix(b"shallow ") {
            let id = oid_hex::parse(hex).ok_or_else(unexpected)?;
            let refs_max = self.limits.haves_max;
            if self.refs.shallow.len() >= refs_max {
                return Err(FetchClientError::TooManyRefs { refs_max });
            }
            self.refs.shallow.push(id);
            return Ok(());
        }
        let (target, rest) = oid_hex::split_first(line).ok_or_else(unexpected)?;
        let name = rest.strip_prefix(b" ").ok_or_else(unexpected)?;
        if let Some(name) = name.strip_suffix(b"^{}") {
            self.refs.peel_last(name, target);
            return Ok(());
        }
        let found = RemoteRef {
            name: name.into(),
            target,
            peeled: None,
        };
        self.refs.add(found, self.asked, self.limits)
    }

    /// A line of version 2: a capability, with `=` and its features.
    fn capability(self, line: &[u8]) -> Result<(), FetchClientError> {
        let list = Capabilities::new(line);
        let Some((name, first)) = list.iter().next() else {
            return Ok(());
        };
        let has = |feature: &str| first == Some(feature.as_bytes()) || list.has(feature);
        match name {
            b"object-format" => {
                check_format(first.unwrap_or_default())?;
                self.features.object_format = true;
            }
            b"ls-refs" => self.features.unborn = has("unborn"),
            b"fetch" => {
                self.features.shallow = has("shallow");
                self.features.filter = has("filter");
            }
            _ => {}
        }
        Ok(())
    }
}

fn check_format(format: &[u8]) -> Result<(), FetchClientError> {
    if format == b"sha1" {
        return Ok(());
    }
    let format = String::from_utf8_lossy(format.get(..20).unwrap_or(format)).into_owned();
    Err(FetchClientError::ObjectFormat { format })
}

#[cfg(test)]
mod tests;
