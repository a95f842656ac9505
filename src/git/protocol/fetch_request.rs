//! A fetch request: <https://git-scm.com/docs/gitprotocol-v2#_fetch>.
//!
//! One value for all versions of the protocol. The arguments of version 2 are read here; the body
//! of versions 0 and 1, which shares the lines about depth, in `upload_request`.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice};

use crate::git::limits::Limits;

use super::capabilities::Offer;
use super::sideband::SideBand;
use super::{oid_hex, pktline};

/// A fetch request that cannot be served, in git's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchRequestError {
    /// A line that has no place here.
    #[error("unexpected line: '{line}'")]
    UnexpectedLine {
        /// The line.
        line: String,
    },
    /// A line other than `want <id>` where wants are due.
    #[error("git upload-pack: protocol error, expected to get object ID, not '{line}'")]
    NotAWant {
        /// The line.
        line: String,
    },
    /// A line other than `have <id>` or `done` where haves are due.
    #[error("git upload-pack: expected SHA1 list, got '{line}'")]
    NotAHave {
        /// The line.
        line: String,
    },
    /// A have that is not an object id.
    #[error("git upload-pack: expected SHA1 object, got '{text}'")]
    NotAnId {
        /// The text in its place.
        text: String,
    },
    /// A shallow commit that is not an object id.
    #[error("invalid shallow line: {line}")]
    Shallow {
        /// The line.
        line: String,
    },
    /// A depth that is not a positive number.
    #[error("Invalid deepen: {line}")]
    Deepen {
        /// The line.
        line: String,
    },
    /// A time that is not a number of seconds.
    #[error("Invalid deepen-since: {line}")]
    DeepenSince {
        /// The line.
        line: String,
    },
    /// A depth beside a time or a ref.
    #[error("git upload-pack: deepen and deepen-since (or deepen-not) cannot be used together")]
    DeepenTwice,
    /// More than one filter.
    #[error("multiple filter-specs cannot be combined")]
    FilterTwice,
    /// A filter from a client that did not ask for the capability (versions 0 and 1).
    #[error("git upload-pack: filtering capability not negotiated")]
    FilterNotNegotiated,
    /// More than one list of protocols for pack URIs.
    #[error("multiple packfile-uris lines forbidden")]
    PackfileUrisTwice,
    /// The same ref wanted twice.
    #[error("duplicate want-ref {name}")]
    DuplicateWantRef {
        /// The ref.
        name: BString,
    },
    /// More of something than one request may have.
    #[error("git upload-pack: too many {what} lines, at most {lines_max}")]
    TooMany {
        /// The first word of the lines.
        what: &'static str,
        /// The bound.
        lines_max: usize,
    },
    /// A refname longer than refnames may be.
    #[error("git upload-pack: refname of {name_bytes} bytes, at most {name_bytes_max}")]
    RefnameTooLong {
        /// Its length in bytes.
        name_bytes: usize,
        /// The bound in bytes.
        name_bytes_max: usize,
    },
}

/// How a server of versions 0 and 1 acknowledges haves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MultiAck {
    /// Only the first common one.
    #[default]
    None,
    /// Each, as `continue`.
    Plain,
    /// Each, as `common` or `ready`.
    Detailed,
}

/// The end of a fetch request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// After the wants (versions 0 and 1): the client reads the shallow list and asks again.
    Wants,
    /// With a flush: the client waits for acknowledgements.
    #[default]
    Flush,
    /// With `done`: the client waits for the pack.
    Done,
}

/// Features that the client of versions 0 and 1 has to ask for; version 2 always has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadPackOptions {
    /// How haves are acknowledged.
    pub multi_ack: MultiAck,
    /// The pack may follow `ready` without waiting for `done`.
    pub(crate) no_done: bool,
    /// How the pack is multiplexed.
    pub side_band: SideBand,
}

/// A fetch request. Lists are as sent: repeated entries stay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is an argument of the protocol"
)]
pub struct FetchRequest {
    /// Objects wanted.
    pub wants: Vec<ObjectId>,
    /// Refs wanted by full name; no name twice.
    pub want_refs: Vec<BString>,
    /// Objects that the client has, in the order sent.
    pub haves: Vec<ObjectId>,
    /// The end of the request.
    pub ending: Ending,
    /// Deltas may build on objects that the client has.
    pub thin_pack: bool,
    /// No progress messages.
    pub no_progress: bool,
    /// Send tag objects whose target is sent.
    pub include_tag: bool,
    /// Deltas may name their base by its distance.
    pub ofs_delta: bool,
    /// Never say `ready`: the client only wants to know the common commits.
    pub wait_for_done: bool,
    /// The whole answer is multiplexed, not the pack alone.
    pub sideband_all: bool,
    /// Commits that the client has without their parents.
    pub shallow: Vec<ObjectId>,
    /// Commits of history wanted from each tip, at least 1.
    pub deepen: Option<u32>,
    /// `deepen` counts from the client's shallow boundary, not from the tips.
    pub deepen_relative: bool,
    /// History wanted since this time, in seconds since the epoch.
    pub deepen_since: Option<i64>,
    /// History wanted without the commits that these refs, named in full or in short, reach.
    pub deepen_not: Vec<BString>,
    /// The filter-spec, not yet parsed.
    pub filter: Option<BString>,
    /// URI protocols by which the client can get packs from elsewhere.
    pub packfile_uris: Vec<BString>,
    /// The features that the client of versions 0 and 1 asked for; `None` in version 2.
    pub upload_pack: Option<UploadPackOptions>,
}

/// The number that stands for "all of history" in `deepen`.
pub(crate) const INFINITE_DEPTH: u32 = 0x7fff_ffff;

impl FetchRequest {
    /// Whether the client waits for the pack now.
    pub fn done(&self) -> bool {
        self.ending == Ending::Done
    }

    /// Whether the client wants to move its shallow boundary.
    pub(crate) fn deepens(&self) -> bool {
        self.deepen.is_some() || self.deepen_since.is_some() || !self.deepen_not.is_empty()
    }

    /// How the pack is multiplexed: as agreed in versions 0 and 1, always in version 2.
    pub fn side_band(&self) -> SideBand {
        self.upload_pack
            .map_or(SideBand::Large, |agreed| agreed.side_band)
    }

    /// Takes one argument of version 2.
    pub(super) fn argument(
        &mut self,
        line: &[u8],
        offer: &Offer<'_>,
        limits: &Limits,
    ) -> Result<(), FetchRequestError> {
        if self.flag(line, offer) {
            return Ok(());
        }
        if let Some(digits) = line.strip_prefix(b"want ") {
            let not_a_want = || FetchRequestError::NotAWant {
                line: pktline::quoted(line),
            };
            let id = oid_hex::parse(digits).ok_or_else(not_a_want)?;
            return self.want(id, limits);
        }
        if let Some(digits) = line.strip_prefix(b"have ") {
            return self.have(digits, limits);
        }
        if self.depth_line(line, limits)? {
            return Ok(());
        }
        let offered = |feature| offer.fetch.contains(&feature);
        if let (Some(name), true) = (line.strip_prefix(b"want-ref "), offered("ref-in-want")) {
            room(self.want_refs.len(), limits.wants_max, "want-ref")?;
            self.want_refs.push(refname(name, limits)?);
            return Ok(());
        }
        if let (Some(spec), true) = (line.strip_prefix(b"filter "), offered("filter")) {
            return self.filter(spec);
        }
        if let (Some(list), true) = (
            line.strip_prefix(b"packfile-uris "),
            offered("packfile-uris"),
        ) {
            if !self.packfile_uris.is_empty() {
                return Err(FetchRequestError::PackfileUrisTwice);
            }
            self.packfile_uris = list.split_str(",").map(BString::from).collect();
            return Ok(());
        }
        Err(FetchRequestError::UnexpectedLine {
            line: pktline::quoted(line),
        })
    }

    /// Takes an argument of version 2 that is one word.
    fn flag(&mut self, line: &[u8], offer: &Offer<'_>) -> bool {
        match line {
            b"done" => self.ending = Ending::Done,
            b"thin-pack" => self.thin_pack = true,
            b"no-progress" => self.no_progress = true,
            b"include-tag" => self.include_tag = true,
            b"ofs-delta" => self.ofs_delta = true,
            b"wait-for-done" => self.wait_for_done = true,
            b"deepen-relative" => self.deepen_relative = true,
            b"sideband-all" if offer.fetch.contains(&"sideband-all") => self.sideband_all = true,
            _ => return false,
        }
        true
    }

    pub(super) fn want(&mut self, id: ObjectId, limits: &Limits) -> Result<(), FetchRequestError> {
        room(self.wants.len(), limits.wants_max, "want")?;
        self.wants.push(id);
        Ok(())
    }

    pub(super) fn have(&mut self, digits: &[u8], limits: &Limits) -> Result<(), FetchRequestError> {
        let not_an_id = || FetchRequestError::NotAnId {
            text: pktline::quoted(digits),
        };
        let id = oid_hex::parse(digits).ok_or_else(not_an_id)?;
        room(self.haves.len(), limits.haves_max, "have")?;
        self.haves.push(id);
        Ok(())
    }

    pub(super) fn filter(&mut self, spec: &[u8]) -> Result<(), FetchRequestError> {
        if self.filter.is_some() {
            return Err(FetchRequestError::FilterTwice);
        }
        self.filter = Some(spec.into());
        Ok(())
    }

    /// Takes a line about depth, which all versions have; whether it was one.
    pub(super) fn depth_line(
        &mut self,
        line: &[u8],
        limits: &Limits,
    ) -> Result<bool, FetchRequestError> {
        let quoted = || pktline::quoted(line);
        if let Some(digits) = line.strip_prefix(b"shallow ") {
            let invalid = || FetchRequestError::Shallow { line: quoted() };
            let id = oid_hex::parse(digits).ok_or_else(invalid)?;
            room(self.shallow.len(), limits.haves_max, "shallow")?;
            self.shallow.push(id);
        } else if let Some(depth) = line.strip_prefix(b"deepen ") {
            let depth = number(depth).and_then(|depth| u32::try_from(depth).ok());
            let depth = depth.filter(|depth| (1..=INFINITE_DEPTH).contains(depth));
            let depth = depth.ok_or_else(|| FetchRequestError::Deepen { line: quoted() })?;
            self.deepen = Some(depth);
        } else if let Some(seconds) = line.strip_prefix(b"deepen-since ") {
            let invalid = || FetchRequestError::DeepenSince { line: quoted() };
            self.deepen_since = Some(number(seconds).ok_or_else(invalid)?);
        } else if let Some(name) = line.strip_prefix(b"deepen-not ") {
            room(self.deepen_not.len(), limits.wants_max, "deepen-not")?;
            self.deepen_not.push(refname(name, limits)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// All lines are there: checks the rules that no line shows alone.
    pub(super) fn complete(self) -> Result<Self, FetchRequestError> {
        let by_rev_list = self.deepen_since.is_some() || !self.deepen_not.is_empty();
        if self.deepen.is_some() && by_rev_list {
            return Err(FetchRequestError::DeepenTwice);
        }
        let mut names: Vec<_> = self.want_refs.iter().collect();
        names.sort_unstable();
        for (name, next) in names.iter().zip(names.iter().skip(1)) {
            if name == next {
                return Err(FetchRequestError::DuplicateWantRef {
                    name: (*name).clone(),
                });
            }
        }
        Ok(self)
    }
}

/// A number that is not negative, in decimal digits and nothing else.
fn number(text: &[u8]) -> Option<i64> {
    let digits = text
        .to_str()
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits?.parse().ok()
}

fn refname(name: &[u8], limits: &Limits) -> Result<BString, FetchRequestError> {
    let name_bytes_max = limits.refname_bytes_max;
    if name.len() > name_bytes_max {
        let name_bytes = name.len();
        return Err(FetchRequestError::RefnameTooLong {
            name_bytes,
            name_bytes_max,
        });
    }
    Ok(name.into())
}

fn room(lines: usize, lines_max: usize, what: &'static str) -> Result<(), FetchRequestError> {
    if lines < lines_max {
        Ok(())
    } else {
        Err(FetchRequestError::TooMany { what, lines_max })
    }
}
