//! A remote's first answer, to `info/refs?service=git-receive-pack`, in version 0 or 1:
//! <https://git-scm.com/docs/gitprotocol-pack#_reference_discovery>. Version 2 has no push.

use std::collections::HashMap;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::super::limits::Limits;
use super::super::protocol::capabilities::Capabilities;
use super::super::protocol::oid_hex;
use super::super::protocol::pktline::{Decoder, Packet, PktLineError, chomp, words};
use super::super::refspec::Refspecs;
use super::error::SendClientError;

/// Bytes of an advertisement, with the refs that Cairn does not keep.
const LIST_BYTES_MAX: usize = 64 << 20;

/// The capabilities of a remote that a push uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability")]
pub(crate) struct Features {
    /// `report-status`.
    pub(crate) report_status: bool,
    /// `report-status-v2`.
    pub(crate) report_status_v2: bool,
    /// `delete-refs`.
    pub(crate) delete_refs: bool,
    /// `ofs-delta`.
    pub(crate) ofs_delta: bool,
    /// `side-band-64k`.
    pub(crate) side_band: bool,
    /// `atomic`.
    pub(crate) atomic: bool,
    /// `quiet`.
    pub(crate) quiet: bool,
    /// `no-thin`: the remote takes no pack with bases outside the pack.
    pub(crate) no_thin: bool,
    /// `object-format`.
    pub(crate) object_format: bool,
    /// `agent`.
    pub(crate) agent: bool,
}

impl Features {
    /// Whether the remote reports the result of a push.
    pub(crate) fn reports(self) -> bool {
        self.report_status || self.report_status_v2
    }
}

/// A remote's answer: its capabilities and refs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Advertisement {
    /// The remote's capabilities.
    pub(crate) features: Features,
    /// The remote's refs that the refspecs reach.
    pub(crate) refs: HashMap<BString, ObjectId>,
    /// Objects that the remote names as its own: targets of all its refs, and `.have` lines of its
    /// alternates.
    pub(crate) has: Vec<ObjectId>,
    /// Commits that the remote has without their parents.
    pub(crate) shallow: Vec<ObjectId>,
    /// Bytes of the names of `refs`.
    pub(super) name_bytes: usize,
}

impl Advertisement {
    /// Bytes of memory that the advertisement takes.
    pub(crate) fn held_bytes(&self) -> u64 {
        let refs = self
            .refs
            .len()
            .saturating_mul(2 * size_of::<(BString, ObjectId)>());
        let ids = self.has.len().saturating_add(self.shallow.len());
        let ids = ids.saturating_mul(size_of::<ObjectId>());
        refs.saturating_add(self.name_bytes).saturating_add(ids) as u64
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The answer has begun, or only the line that names the service has come.
    Start,
    /// The answer has named the service; a flush must follow.
    Service,
    /// The line with the capabilities must follow.
    FirstRef,
    Refs,
    Done,
}

/// Reads the answer to `info/refs`, in pieces of any size.
#[derive(Debug)]
pub(crate) struct AdvertisementReader {
    decoder: Decoder,
    refspecs: Refspecs,
    limits: Limits,
    state: State,
    found: Advertisement,
}

impl AdvertisementReader {
    /// Starts before the first byte of the answer.
    pub(crate) fn new(refspecs: &Refspecs, limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(LIST_BYTES_MAX),
            refspecs: refspecs.clone(),
            limits: *limits,
            state: State::Start,
            found: Advertisement::default(),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, mut input: &[u8]) -> Result<(), SendClientError> {
        while let Some(packet) = self.decoder.next(&mut input)? {
            self.state = match (packet, self.state) {
                (Packet::Data(line), state) => {
                    let kept = Kept {
                        found: &mut self.found,
                        refspecs: &self.refspecs,
                        limits: &self.limits,
                    };
                    kept.take(chomp(line), state)?
                }
                (Packet::Flush, State::Service) => State::FirstRef,
                (Packet::Flush, State::Refs) => State::Done,
                _ => return Err(SendClientError::unexpected(b"a mark")),
            };
        }
        Ok(())
    }

    /// Ends the input and returns the remote's answer.
    pub(crate) fn finish(mut self) -> Result<Advertisement, SendClientError> {
        if self.state != State::Done {
            return Err(PktLineError::Truncated.into());
        }
        self.found.has.sort_unstable();
        self.found.has.dedup();
        Ok(self.found)
    }
}

struct Kept<'a> {
    found: &'a mut Advertisement,
    refspecs: &'a Refspecs,
    limits: &'a Limits,
}

impl Kept<'_> {
    fn take(self, line: &[u8], state: State) -> Result<State, SendClientError> {
        if let Some(message) = line.strip_prefix(b"ERR ") {
            return Err(SendClientError::refused(message));
        }
        match (state, line) {
            (State::Start, b"# service=git-receive-pack") => Ok(State::Service),
            (State::Start | State::FirstRef, b"version 1") => Ok(State::FirstRef),
            (State::Start | State::FirstRef, _) => self.first_ref(line),
            (State::Refs, _) => {
                self.next_ref(line)?;
                Ok(State::Refs)
            }
            (State::Service | State::Done, _) => Err(SendClientError::unexpected(line)),
        }
    }

    /// Reads `<id> <name>NUL<capabilities>`; a remote without refs sends `capabilities^{}` as the name.
    fn first_ref(self, line: &[u8]) -> Result<State, SendClientError> {
        let (shown, list) = line
            .split_once_str("\0")
            .ok_or_else(|| SendClientError::unexpected(line))?;
        let features = &mut self.found.features;
        for (name, value) in Capabilities::new(list).iter() {
            match name {
                b"report-status" => features.report_status = true,
                b"report-status-v2" => features.report_status_v2 = true,
                b"delete-refs" => features.delete_refs = true,
                b"ofs-delta" => features.ofs_delta = true,
                b"side-band-64k" => features.side_band = true,
                b"atomic" => features.atomic = true,
                b"quiet" => features.quiet = true,
                b"no-thin" => features.no_thin = true,
                b"agent" => features.agent = true,
                b"object-format" => {
                    check_format(value.unwrap_or_default())?;
                    features.object_format = true;
                }
                _ => {}
            }
        }
        if !shown.ends_with(b" capabilities^{}") {
            self.next_ref(shown)?;
        }
        Ok(State::Refs)
    }

    /// Reads `<id> <name>`, `<id> .have` or `shallow <id>`.
    fn next_ref(self, line: &[u8]) -> Result<(), SendClientError> {
        let unexpected = || SendClientError::unexpected(line);
        let Self {
            found,
            refspecs,
            limits,
        } = self;
        let ids_max = limits.haves_max;
        if let Some(hex) = line.strip_prefix(b"shallow ") {
            let id = oid_hex::parse(hex).ok_or_else(unexpected)?;
            if found.shallow.len() >= ids_max {
                return Err(SendClientError::TooManyRefs { refs_max: ids_max });
            }
            found.shallow.push(id);
            return Ok(());
        }
        let (target, rest) = oid_hex::split_first(line).ok_or_else(unexpected)?;
        let name = rest.strip_prefix(b" ").ok_or_else(unexpected)?;
        // Objects beyond the bound only make the pack larger; the push stays right.
        if found.has.len() < ids_max && !target.is_null() {
            found.has.push(target);
        }
        let name = BStr::new(name);
        if target.is_null() || !refspecs.leads_to(name) {
            return Ok(());
        }
        let refs_max = limits.commands_max;
        if found.refs.len() >= refs_max {
            return Err(SendClientError::TooManyRefs { refs_max });
        }
        found.name_bytes = found.name_bytes.saturating_add(name.len());
        let bytes_max = limits.command_bytes_max;
        if found.name_bytes > bytes_max {
            return Err(SendClientError::RefNamesTooLong { bytes_max });
        }
        found.refs.insert(name.to_owned(), target);
        Ok(())
    }
}

fn check_format(format: &[u8]) -> Result<(), SendClientError> {
    if format == b"sha1" {
        return Ok(());
    }
    let format = words(format.get(..20).unwrap_or(format));
    Err(SendClientError::ObjectFormat { format })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::protocol::{pktline, splits};
    use super::*;

    const A: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
    const B: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn specs() -> Refspecs {
        Refspecs::parse(vec!["refs/heads/*".to_owned(), "refs/tags/*".to_owned()]).unwrap()
    }

    fn packets(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            if *line == "0000" {
                pktline::flush(&mut out);
            } else {
                pktline::text(&[line.as_bytes()], &mut out);
            }
        }
        pktline::flush(&mut out);
        out
    }

    fn read_with(bytes: &[u8], limits: &Limits) -> Result<Advertisement, SendClientError> {
        splits::check(bytes, |pieces| {
            let mut reader = AdvertisementReader::new(&specs(), limits);
            for piece in pieces {
                reader.feed(piece)?;
            }
            reader.finish()
        })
    }

    fn read(lines: &[&str]) -> Result<Advertisement, SendClientError> {
        read_with(&packets(lines), &Limits::DEFAULT)
    }

    #[test]
    fn refs_that_are_reached_are_kept_and_all_ids_are_told() {
        let first = format!(
            "{A} refs/heads/main\0report-status report-status-v2 delete-refs side-band-64k quiet \
             atomic ofs-delta object-format=sha1 agent=git/2"
        );
        let lines = [
            "# service=git-receive-pack",
            "0000",
            &first,
            &format!("{B} refs/pull/1/head"),
            &format!("{B} .have"),
            &format!("shallow {B}"),
        ];
        let found = read(&lines).unwrap();
        let features = found.features;
        assert!(features.report_status_v2 && features.delete_refs && features.atomic);
        assert!(features.ofs_delta && features.side_band && features.agent);
        assert!(features.object_format && !features.no_thin);
        assert_eq!(found.refs.len(), 1);
        assert_eq!(found.has.len(), 2);
        assert_eq!(found.shallow.len(), 1);
        // Some servers omit the line that names the service, or speak version 1.
        let plain = read(&lines[2..]).unwrap();
        assert_eq!(plain, found);
        let version_1: Vec<_> = ["# service=git-receive-pack", "0000", "version 1"]
            .iter()
            .chain(&lines[2..])
            .copied()
            .collect();
        assert_eq!(read(&version_1).unwrap(), found);
    }

    #[test]
    fn an_empty_repository_has_capabilities_alone() {
        let first = format!("{ZERO} capabilities^{{}}\0report-status no-thin");
        let found = read(&["# service=git-receive-pack", "0000", &first]).unwrap();
        assert!(found.refs.is_empty() && found.has.is_empty());
        assert!(found.features.report_status && found.features.no_thin);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = SendClientError::Refused("no way".to_owned());
        assert_eq!(read(&["ERR no\tway "]), Err(refused));
        for line in ["", "x refs/heads/a", &A[1..], A] {
            let expect = SendClientError::unexpected(line.as_bytes());
            assert_eq!(read(&[line]), Err(expect));
        }
        let other = format!("{A} refs/heads/a\0object-format=sha256");
        let format = "sha256".to_owned();
        assert_eq!(
            read(&[&other]),
            Err(SendClientError::ObjectFormat { format })
        );
        assert_eq!(
            read(&["version 2"]),
            Err(SendClientError::unexpected(b"version 2"))
        );
        let tight = Limits {
            commands_max: 1,
            ..Limits::DEFAULT
        };
        let two = packets(&[&format!("{A} refs/heads/a\0"), &format!("{A} refs/heads/b")]);
        let expect = SendClientError::TooManyRefs { refs_max: 1 };
        assert_eq!(read_with(&two, &tight), Err(expect));
        let cut = &two[..two.len() - 4];
        assert_eq!(
            read_with(cut, &Limits::DEFAULT),
            Err(PktLineError::Truncated.into())
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = AdvertisementReader::new(&specs(), &Limits::DEFAULT);
            let fed = reader.feed(&bytes);
            prop_assert!(fed.is_err() || reader.finish().is_err() || !bytes.is_empty());
        }

        #[test]
        fn no_lines_panic(lines in proptest::collection::vec("[ -~\u{0}]{0,60}", 0..6)) {
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let mut reader = AdvertisementReader::new(&specs(), &Limits::DEFAULT);
            let _ = reader.feed(&packets(&lines)).and_then(|()| reader.finish());
        }
    }
}
