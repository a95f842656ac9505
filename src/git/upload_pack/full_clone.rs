//! The most common fetch: everything that branches and tags reach, to a client that has nothing.
//!
//! Its answer depends on nothing but the objects wanted, so that it can be kept ready. Only the lines before
//! the pack differ between the versions of the protocol.
//!
//! Clients ask for it in many ways: with every branch and tag as a want, with the branches alone
//! and `include-tag`, with other refs besides that lead to the same commits (`clone --mirror`), or
//! with the only branch there is. [`covers`] says which of them one answer serves.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::paint::{Cuts, Paint};
use super::super::protocol::fetch_request::{Ending, FetchRequest};
use super::super::protocol::negotiation::{self, Sections};
use super::super::protocol::sideband::SideBand;
use super::super::store::StoreError;

/// The target of a branch or tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tip {
    /// The object.
    pub id: ObjectId,
    /// Its peeled id, when it is an annotated tag.
    pub peeled: Option<ObjectId>,
}

impl Tip {
    /// The object behind all tags.
    fn end(&self) -> ObjectId {
        self.peeled.unwrap_or(self.id)
    }
}

/// The request of which a ready answer is the answer: it wants these objects.
pub fn request(wants: Vec<ObjectId>) -> FetchRequest {
    FetchRequest {
        wants,
        ending: Ending::Done,
        ofs_delta: true,
        no_progress: true,
        ..FetchRequest::default()
    }
}

/// Whether the request has the options of a full clone: no haves, nothing left out, on the large
/// side-band, with deltas by distance. The ids of its wants do not matter here.
///
/// A ready answer has no progress, which no client insists on, and no thin deltas, which need haves.
pub(crate) fn is_plain(request: &FetchRequest) -> bool {
    // Without haves version 2 sends the pack at once, as git does; the others wait for `done`.
    let is_answered_now = request.upload_pack.is_none() || request.done();
    is_answered_now
        && !(request.wants.is_empty() && request.want_refs.is_empty())
        && request.haves.is_empty()
        && request.shallow.is_empty()
        && !request.deepens()
        && request.filter.is_none()
        && request.ofs_delta
        && !request.wait_for_done
        && request.side_band() == SideBand::Large
}

/// The bytes before the pack in the answer to a request that [`is_plain`]. `named` has the refs
/// that it wants by name, with their targets.
pub fn head(request: &FetchRequest, named: &[(ObjectId, BString)]) -> Vec<u8> {
    let mut head = Vec::new();
    if request.upload_pack.is_some() {
        negotiation::nak(&mut head);
        return head;
    }
    let sections = Sections {
        sideband_all: request.sideband_all,
    };
    if !named.is_empty() {
        sections.wanted_refs(&mut head);
        for (id, name) in named {
            sections.wanted_ref(id, name.as_bstr(), &mut head);
        }
        sections.delim(&mut head);
    }
    sections.packfile(&mut head);
    head
}

/// Whether the objects that the tips reach answer these wants: all wants are in it, and it has no commits
/// besides. It may have tag objects besides, which a client passes over that has no ref for them.
///
/// Reads the graph alone: a want that is neither a tip nor a commit is not covered.
pub fn covers(
    graph: &Rc<CommitGraph>,
    wants: &[ObjectId],
    tips: &[Tip],
) -> Result<bool, StoreError> {
    let ends: HashMap<ObjectId, ObjectId> = tips.iter().map(|tip| (tip.id, tip.end())).collect();
    let wanted: HashSet<ObjectId> = wants.iter().copied().collect();
    let (mut wanted_commits, mut other_wants) = (Vec::new(), Vec::new());
    for want in &wanted {
        let end = ends.get(want);
        match (graph.lookup(end.unwrap_or(want))?, end) {
            (Some(node), Some(_)) => wanted_commits.push(node),
            (Some(node), None) => {
                wanted_commits.push(node);
                other_wants.push(node);
            }
            // A tip that leads to a tree or a blob.
            (None, Some(_)) => {}
            (None, None) => return Ok(false),
        }
    }
    let (mut tip_commits, mut other_tips) = (Vec::new(), Vec::new());
    for tip in tips {
        let Some(node) = graph.lookup(&tip.end())? else {
            if wanted.contains(&tip.id) {
                continue;
            }
            return Ok(false);
        };
        tip_commits.push(node);
        if !wanted.contains(&tip.id) {
            other_tips.push(node);
        }
    }
    Ok(
        reaches(graph, &tip_commits, &other_wants)?
            && reaches(graph, &wanted_commits, &other_tips)?,
    )
}

/// Whether the tips reach all of these objects: each is a tip, or a commit behind one. So a client
/// that may clone may have the objects that these reach.
pub fn has_all(
    graph: &Rc<CommitGraph>,
    tips: &[Tip],
    ids: &[ObjectId],
) -> Result<bool, StoreError> {
    let named: HashSet<ObjectId> = tips.iter().map(|tip| tip.id).collect();
    let mut commits = Vec::new();
    for id in ids.iter().filter(|id| !named.contains(*id)) {
        match graph.lookup(id)? {
            Some(node) => commits.push(node),
            None => return Ok(false),
        }
    }
    let mut from = Vec::new();
    for tip in tips {
        from.extend(graph.lookup(&tip.end())?);
    }
    reaches(graph, &from, &commits)
}

/// Whether each of `commits` is among `from` or their ancestors.
fn reaches(
    graph: &Rc<CommitGraph>,
    from: &[CommitNode],
    commits: &[CommitNode],
) -> Result<bool, StoreError> {
    let mut paint = Paint::new(Rc::clone(graph), commits, from, Cuts::default())?;
    Ok(commits.is_empty() || paint.missing()?.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::super::limits::Limits;
    use super::super::super::protocol::capabilities::{FetchExtensions, Offer};
    use super::super::super::protocol::command_request::{Command, CommandRequestReader};
    use super::super::super::protocol::fetch_request::{MultiAck, UploadPackOptions};
    use super::super::super::protocol::pktline;
    use super::super::super::protocol::real_git::Sandbox;
    use super::super::super::protocol::upload_request::UploadRequestReader;
    use super::*;

    fn plain() -> FetchRequest {
        request(vec![ObjectId::empty_tree(gix_hash::Kind::Sha1)])
    }

    fn answered(request: &FetchRequest) -> Option<Vec<u8>> {
        is_plain(request).then(|| head(request, &[]))
    }

    #[test]
    fn both_versions_have_their_own_head() {
        assert_eq!(answered(&plain()).unwrap(), b"000dpackfile\n");
        let agreed = UploadPackOptions {
            multi_ack: MultiAck::Detailed,
            no_done: true,
            side_band: SideBand::Large,
        };
        let mut version_0 = FetchRequest {
            upload_pack: Some(agreed),
            include_tag: true,
            thin_pack: true,
            ..plain()
        };
        assert_eq!(answered(&version_0).unwrap(), b"0008NAK\n");
        version_0.ending = Ending::Flush;
        assert_eq!(answered(&version_0), None, "version 0 waits for done");
        version_0.ending = Ending::Done;
        version_0.upload_pack = Some(UploadPackOptions {
            side_band: SideBand::Small,
            ..agreed
        });
        assert_eq!(answered(&version_0), None);
    }

    #[test]
    fn the_lines_of_extensions_stand_before_the_pack() {
        let named = (plain().wants.remove(0), BString::from("refs/heads/main"));
        let by_name = FetchRequest {
            wants: Vec::new(),
            want_refs: vec![named.1.clone()],
            sideband_all: true,
            ending: Ending::Flush,
            ..plain()
        };
        assert!(is_plain(&by_name));
        let id = named.0;
        let expected =
            format!("0011\x01wanted-refs\n003e\x01{id} refs/heads/main\n0001000e\x01packfile\n");
        assert_eq!(BString::from(head(&by_name, &[named])), expected);
    }

    #[test]
    fn a_request_for_less_or_for_another_form_is_not_a_full_clone() {
        let other: [fn(&mut FetchRequest); 8] = [
            |request| request.haves = request.wants.clone(),
            |request| request.shallow = request.wants.clone(),
            |request| request.deepen = Some(1),
            |request| request.deepen_not = vec!["main".into()],
            |request| request.filter = Some("blob:none".into()),
            |request| request.ofs_delta = false,
            |request| request.wait_for_done = true,
            |request| request.wants.clear(),
        ];
        for change in other {
            let mut request = plain();
            change(&mut request);
            assert_eq!(answered(&request), None, "{request:?}");
        }
    }

    /// The fetch among the requests of a connection of version 2: the one after `ls-refs`.
    fn fetch_of(mut sent: &[u8], offer: Offer<'_>) -> FetchRequest {
        loop {
            let mut reader = CommandRequestReader::new(offer, &Limits::DEFAULT);
            // As one body over HTTP: up to its flush.
            let end = flush_end(sent);
            reader.feed(&sent[..end]).unwrap();
            if let Command::Fetch(request) = reader.finish().unwrap().unwrap().command {
                return *request;
            }
            sent = &sent[end..];
        }
    }

    fn flush_end(sent: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let digits = std::str::from_utf8(&sent[at..at + 4]).unwrap();
            let length = usize::from_str_radix(digits, 16).unwrap();
            at += length.max(4);
            if length == 0 {
                return at;
            }
        }
    }

    /// Each request of real git for a full clone is recognised as one.
    #[test]
    fn gits_request_for_a_clone_is_plain() {
        let everything = FetchExtensions::parse("ref-in-want,sideband-all,packfile-uris").unwrap();
        for arguments in [
            &["clone", "-q", "REMOTE", "copy"][..],
            &["clone", "-q", "--progress", "--bare", "REMOTE", "copy"],
            &["clone", "-q", "--mirror", "REMOTE", "copy"],
            &["clone", "-q", "--single-branch", "REMOTE", "copy"],
            &["clone", "-q", "--no-tags", "REMOTE", "copy"],
        ] {
            let sent = Sandbox::with_history().sent("git-upload-pack", 2, arguments);
            let request = fetch_of(&sent, everything.offer());
            assert!(is_plain(&request), "{arguments:?}: {request:?}");
            let sent = Sandbox::with_history().sent("git-upload-pack", 0, arguments);
            let mut reader = UploadRequestReader::new(Offer::DEFAULT, &Limits::DEFAULT);
            reader.feed(&sent).unwrap();
            let request = reader.finish().unwrap().fetch;
            assert!(is_plain(&request), "{arguments:?}: {request:?}");
        }
    }

    /// As go-git 5 writes it (`packp.UploadPackRequest`): version 0, capabilities in order of the
    /// alphabet, no `multi_ack`, and `done` at once.
    #[test]
    fn the_request_of_go_git_for_a_clone_is_plain() {
        let id = "1".repeat(40);
        let mut body = Vec::new();
        let first = format!("want {id} agent=go-git/5.x ofs-delta side-band-64k\n");
        pktline::line(&[first.as_bytes()], &mut body);
        pktline::flush(&mut body);
        pktline::line(&[b"done\n"], &mut body);
        let mut reader = UploadRequestReader::new(Offer::DEFAULT, &Limits::DEFAULT);
        reader.feed(&body).unwrap();
        assert!(is_plain(&reader.finish().unwrap().fetch));
    }
}
