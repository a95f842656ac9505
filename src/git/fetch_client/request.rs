//! Requests to a remote: `ls-refs`, and `fetch` in the words of each version of the protocol.
//!
//! <https://git-scm.com/docs/gitprotocol-v2#_command_request>,
//! <https://git-scm.com/docs/gitprotocol-pack#_packfile_negotiation>.

use gix_hash::ObjectId;

use super::super::protocol::advertise::Version;
use super::super::protocol::capabilities::Offer;
use super::super::protocol::oid_hex;
use super::super::protocol::pktline;
use super::advertisement::Features;
use super::selection::RefSelection;

/// The body of a request for `HEAD` and these refs of the remote's (version 2).
pub(crate) fn ls_refs(features: Features, asked: &RefSelection) -> Vec<u8> {
    let mut out = Vec::new();
    command("ls-refs", features, &mut out);
    pktline::text(&[b"peel"], &mut out);
    pktline::text(&[b"symrefs"], &mut out);
    if features.unborn {
        pktline::text(&[b"unborn"], &mut out);
    }
    let prefixes = asked.prefixes();
    if !prefixes.is_empty() {
        for prefix in ["HEAD"].iter().chain(&prefixes) {
            pktline::text(&[b"ref-prefix ", prefix.as_bytes()], &mut out);
        }
    }
    pktline::flush(&mut out);
    out
}

/// The objects to fetch. One request says it all, and the pack follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FetchOrder<'a> {
    /// Objects wanted, each once.
    pub wants: &'a [ObjectId],
    /// Commits that are here, with all that they reach.
    pub haves: &'a [ObjectId],
    /// Commits of history from each want; `None` for all.
    pub depth: Option<u32>,
    /// Commits and tags alone, without trees and blobs.
    pub(crate) history_only: bool,
    /// No tags but those that are wanted.
    pub(crate) without_tags: bool,
    /// Commits that are here without their parents.
    pub(crate) shallow: &'a [ObjectId],
}

/// The filter that leaves commits and tags.
const HISTORY_ONLY: &[u8] = b"filter tree:0";

impl FetchOrder<'_> {
    /// The request's body, for a server of this version.
    pub(crate) fn write(&self, version: Version, features: Features) -> Vec<u8> {
        let mut out = Vec::new();
        if version == Version::V2 {
            self.version_2(features, &mut out);
        } else {
            self.version_0(&mut out);
        }
        out
    }

    fn version_2(&self, features: Features, out: &mut Vec<u8>) {
        command("fetch", features, out);
        for flag in ["thin-pack", "no-progress", "ofs-delta"] {
            pktline::text(&[flag.as_bytes()], out);
        }
        if !self.without_tags {
            pktline::text(&[b"include-tag"], out);
        }
        for want in self.wants {
            pktline::text(&[b"want ", &oid_hex::hex(want)], out);
        }
        self.depth_and_filter(out);
        self.haves(out);
        pktline::text(&[b"done"], out);
        pktline::flush(out);
    }

    fn version_0(&self, out: &mut Vec<u8>) {
        let filter = if self.history_only { " filter" } else { "" };
        let tags = if self.without_tags {
            ""
        } else {
            " include-tag"
        };
        let words = format!(
            " side-band-64k thin-pack no-progress{tags} ofs-delta{filter} agent={}",
            Offer::DEFAULT.agent
        );
        let mut words = words.as_bytes();
        for want in self.wants {
            pktline::text(&[b"want ", &oid_hex::hex(want), words], out);
            words = b"";
        }
        self.depth_and_filter(out);
        pktline::flush(out);
        self.haves(out);
        pktline::text(&[b"done"], out);
    }

    fn depth_and_filter(&self, out: &mut Vec<u8>) {
        for shallow in self.shallow {
            pktline::text(&[b"shallow ", &oid_hex::hex(shallow)], out);
        }
        if let Some(depth) = self.depth {
            pktline::text(&[b"deepen ", depth.to_string().as_bytes()], out);
        }
        if self.history_only {
            pktline::text(&[HISTORY_ONLY], out);
        }
    }

    fn haves(&self, out: &mut Vec<u8>) {
        for have in self.haves {
            pktline::text(&[b"have ", &oid_hex::hex(have)], out);
        }
    }
}

fn command(name: &str, features: Features, out: &mut Vec<u8>) {
    pktline::text(&[b"command=", name.as_bytes()], out);
    pktline::text(&[b"agent=", Offer::DEFAULT.agent.as_bytes()], out);
    if features.object_format {
        pktline::text(&[b"object-format=sha1"], out);
    }
    pktline::delim(out);
}

#[cfg(test)]
mod tests {
    use super::super::super::limits::Limits;
    use super::super::super::protocol::command_request::{Command, CommandRequestReader};
    use super::super::super::protocol::fetch_request::{Ending, FetchRequest};
    use super::super::super::protocol::upload_request::UploadRequestReader;
    use super::*;

    const FEATURES: Features = Features {
        shallow: true,
        filter: true,
        unborn: true,
        object_format: true,
    };

    fn ids() -> [ObjectId; 2] {
        let kind = gix_hash::Kind::Sha1;
        [ObjectId::empty_tree(kind), ObjectId::empty_blob(kind)]
    }

    /// Our own server's reading of a request of version 2.
    fn understood(body: &[u8]) -> Command {
        let mut reader = CommandRequestReader::new(Offer::DEFAULT, &Limits::DEFAULT);
        reader.feed(body).unwrap();
        reader.finish().unwrap().unwrap().command
    }

    #[test]
    fn our_own_server_understands_ls_refs() {
        let Command::LsRefs(request) = understood(&ls_refs(FEATURES, &RefSelection::default()))
        else {
            panic!("not ls-refs");
        };
        assert!(request.peel && request.symrefs && request.unborn);
        assert_eq!(request.prefixes(), ["HEAD", "refs/heads/", "refs/tags/"]);
    }

    #[test]
    fn our_own_server_understands_a_fetch_of_every_version() {
        let [want, have] = ids();
        let order = FetchOrder {
            wants: &[want],
            haves: &[have],
            depth: Some(3),
            history_only: true,
            without_tags: true,
            shallow: &[have],
        };
        let check = |request: &FetchRequest| {
            assert_eq!(request.shallow, [have]);
            assert_eq!(
                (&request.wants[..], &request.haves[..]),
                (&[want][..], &[have][..])
            );
            assert_eq!((request.deepen, request.ending), (Some(3), Ending::Done));
            assert!(request.thin_pack && request.ofs_delta && !request.include_tag);
            assert_eq!(request.filter, Some("tree:0".into()));
        };
        let Command::Fetch(request) = understood(&order.write(Version::V2, FEATURES)) else {
            panic!("not fetch");
        };
        check(&request);
        for version in [Version::V0, Version::V1] {
            let mut reader = UploadRequestReader::new(Offer::DEFAULT, &Limits::DEFAULT);
            reader.feed(&order.write(version, FEATURES)).unwrap();
            check(&reader.finish().unwrap().fetch);
        }
    }

    #[test]
    fn the_first_want_alone_has_the_capabilities() {
        let order = FetchOrder {
            wants: &ids(),
            ..FetchOrder::default()
        };
        let body = String::from_utf8(order.write(Version::V0, FEATURES)).unwrap();
        assert_eq!(body.matches("side-band-64k").count(), 1);
        assert!(!body.contains("filter") && !body.contains("deepen"));
        assert!(body.ends_with("00000009done\n"));
    }
}
