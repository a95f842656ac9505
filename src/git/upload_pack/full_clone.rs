//! The most common fetch: everything that branches and tags reach, to a client that has nothing.
//!
//! Its answer depends on nothing but the objects wanted, so that it can be kept ready. Only what
//! stands before the pack differs between the versions of the protocol.

use gix_hash::ObjectId;

use super::super::protocol::fetch_request::{Ending, FetchRequest};
use super::super::protocol::negotiation::{self, Sections};
use super::super::protocol::sideband::SideBand;

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

/// What stands before the pack in the answer, if the request is a full clone with the usual
/// options: no haves, nothing left out, on the large side-band, with deltas by distance. A ready
/// answer has no progress, which no client insists on, and no thin deltas, which need haves.
pub fn head(request: &FetchRequest) -> Option<Vec<u8>> {
    let is_plain = request.done()
        && !request.wants.is_empty()
        && request.want_refs.is_empty()
        && request.haves.is_empty()
        && request.shallow.is_empty()
        && !request.deepens()
        && request.filter.is_none()
        && request.ofs_delta
        && !request.wait_for_done
        && !request.sideband_all
        && request.side_band() == SideBand::Large;
    if !is_plain {
        return None;
    }
    let mut head = Vec::new();
    match request.upload_pack {
        Some(_) => negotiation::nak(&mut head),
        None => Sections {
            sideband_all: false,
        }
        .packfile(&mut head),
    }
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::super::super::protocol::fetch_request::{MultiAck, UploadPackOptions};
    use super::*;

    fn plain() -> FetchRequest {
        request(vec![ObjectId::empty_tree(gix_hash::Kind::Sha1)])
    }

    #[test]
    fn both_versions_have_their_own_head() {
        assert_eq!(head(&plain()).unwrap(), b"000dpackfile\n");
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
        assert_eq!(head(&version_0).unwrap(), b"0008NAK\n");
        version_0.upload_pack = Some(UploadPackOptions {
            side_band: SideBand::Small,
            ..agreed
        });
        assert_eq!(head(&version_0), None);
    }

    #[test]
    fn whatever_asks_for_less_or_otherwise_is_no_full_clone() {
        let other: [fn(&mut FetchRequest); 9] = [
            |request| request.haves = request.wants.clone(),
            |request| request.shallow = request.wants.clone(),
            |request| request.deepen = Some(1),
            |request| request.deepen_not = vec!["main".into()],
            |request| request.filter = Some("blob:none".into()),
            |request| request.ofs_delta = false,
            |request| request.sideband_all = true,
            |request| request.ending = Ending::Flush,
            |request| request.wants.clear(),
        ];
        for change in other {
            let mut request = plain();
            change(&mut request);
            assert_eq!(head(&request), None, "{request:?}");
        }
    }
}
