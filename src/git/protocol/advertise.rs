//! The answer to `info/refs`: <https://git-scm.com/docs/gitprotocol-http#_smart_server_response>,
//! <https://git-scm.com/docs/gitprotocol-v2#_capability_advertisement>.

use gix_hash::{ObjectId, oid};
use gix_object::bstr::BStr;

use super::capabilities::Offer;
use super::oid_hex::{self, ZERO_HEX};
use super::pktline;

/// The service that the client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Fetch.
    UploadPack,
    /// Push.
    ReceivePack,
}

impl Service {
    /// The service of this name, as in `info/refs?service=<name>`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "git-upload-pack" => Some(Self::UploadPack),
            "git-receive-pack" => Some(Self::ReceivePack),
            _ => None,
        }
    }

    /// The service's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}

/// The version of the protocol that both sides speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Version {
    /// The original protocol.
    #[default]
    V0,
    /// The original protocol behind a line that says so.
    V1,
    /// Commands.
    V2,
}

impl Version {
    /// The highest version that the client's `Git-Protocol` header names, for this service:
    /// there is no version 2 of pushing, so that is version 0.
    pub(crate) fn requested(git_protocol: &str, service: Service) -> Self {
        let version = git_protocol
            .split(':')
            .filter_map(|word| match word.strip_prefix("version=")? {
                "1" => Some(Self::V1),
                "2" => Some(Self::V2),
                _ => None,
            })
            .max()
            .unwrap_or_default();
        match (service, version) {
            (Service::ReceivePack, Self::V2) => Self::V0,
            _ => version,
        }
    }
}

/// A ref as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdvertisedRef<'a> {
    /// Its full name, or `HEAD`.
    pub name: &'a BStr,
    /// The object that it points to.
    pub target: ObjectId,
    /// The peeled target, when that is a tag object.
    pub peeled: Option<ObjectId>,
}

/// Writes the list of refs of versions 0 and 1, ref by ref, so that the caller can send the first refs before
/// the list is whole.
#[derive(Debug)]
pub(crate) struct RefAdvertisement {
    service: Service,
    /// The capabilities behind the name on the first line, until that is written.
    capabilities: Option<Vec<u8>>,
}

impl RefAdvertisement {
    /// Writes the lines before the refs.
    ///
    /// `head_target` is the branch that `HEAD` is a symref to, if that branch exists.
    pub(crate) fn begin(
        service: Service,
        version: Version,
        offer: Offer<'_>,
        head_target: Option<&BStr>,
        out: &mut Vec<u8>,
    ) -> Self {
        pktline::text(&[b"# service=", service.name().as_bytes()], out);
        pktline::flush(out);
        if version == Version::V1 {
            pktline::text(&[b"version 1"], out);
        }
        Self {
            service,
            capabilities: Some(capabilities(service, offer, head_target)),
        }
    }

    /// Whether a fetch reads it, and no push.
    pub(crate) fn is_to_fetch(&self) -> bool {
        self.service == Service::UploadPack
    }

    /// Writes one ref. They come sorted by name, `HEAD` first.
    ///
    /// To a push neither `HEAD` nor peeled tags are shown.
    pub(crate) fn push(&mut self, shown: &AdvertisedRef<'_>, out: &mut Vec<u8>) {
        let to_push = self.service == Service::ReceivePack;
        if to_push && shown.name == "HEAD" {
            return;
        }
        let target = oid_hex::hex(&shown.target);
        self.line(&target, shown.name, out);
        if let (Some(peeled), false) = (shown.peeled, to_push) {
            pktline::text(&[&oid_hex::hex(&peeled), b" ", shown.name, b"^{}"], out);
        }
    }

    /// Writes, after the refs, that this commit is here without its parents.
    pub(crate) fn shallow(&mut self, commit_id: &oid, out: &mut Vec<u8>) {
        self.without_refs(out);
        pktline::text(&[b"shallow ", &oid_hex::hex(commit_id)], out);
    }

    /// Writes the end; a list without refs still carries the capabilities.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.without_refs(out);
        pktline::flush(out);
    }

    fn without_refs(&mut self, out: &mut Vec<u8>) {
        if self.capabilities.is_some() {
            self.line(&ZERO_HEX, b"capabilities^{}", out);
        }
    }

    fn line(&mut self, target: &[u8], name: &[u8], out: &mut Vec<u8>) {
        match self.capabilities.take() {
            Some(list) => pktline::text(&[target, b" ", name, b"\0", &list], out),
            None => pktline::text(&[target, b" ", name], out),
        }
    }
}

fn capabilities(service: Service, offer: Offer<'_>, head_target: Option<&BStr>) -> Vec<u8> {
    let words = match service {
        Service::UploadPack => offer.upload_pack,
        Service::ReceivePack => offer.receive_pack,
    };
    let mut list = words.join(" ").into_bytes();
    let mut word = |name: &[u8], value: &[u8]| {
        if !list.is_empty() {
            list.push(b' ');
        }
        list.extend_from_slice(name);
        list.extend_from_slice(value);
    };
    if let (Service::UploadPack, Some(head_target)) = (service, head_target) {
        word(b"symref=HEAD:", head_target);
    }
    if let Some(session_id) = offer.session_id {
        word(b"session-id=", session_id.as_bytes());
    }
    word(b"object-format=", b"sha1");
    word(b"agent=", offer.agent.as_bytes());
    list
}

/// Writes the whole answer of versions 0 and 1: [`RefAdvertisement`] in one call.
#[cfg(test)]
pub(crate) fn refs<'r>(
    service: Service,
    version: Version,
    offer: Offer<'_>,
    head_target: Option<&BStr>,
    shown: impl IntoIterator<Item = AdvertisedRef<'r>>,
    out: &mut Vec<u8>,
) {
    let mut advertisement = RefAdvertisement::begin(service, version, offer, head_target, out);
    for shown in shown {
        advertisement.push(&shown, out);
    }
    advertisement.finish(out);
}

/// Writes the answer of version 2: the commands of a request, and no refs.
pub(crate) fn version_2(offer: Offer<'_>, out: &mut Vec<u8>) {
    pktline::text(&[b"version 2"], out);
    pktline::text(&[b"agent=", offer.agent.as_bytes()], out);
    command("ls-refs", offer.ls_refs, out);
    command("fetch", offer.fetch, out);
    pktline::text(&[b"server-option"], out);
    pktline::text(&[b"object-format=sha1"], out);
    if let Some(session_id) = offer.session_id {
        pktline::text(&[b"session-id=", session_id.as_bytes()], out);
    }
    for name in offer.commands {
        pktline::text(&[name.as_bytes()], out);
    }
    pktline::flush(out);
}

fn command(name: &str, features: &[&str], out: &mut Vec<u8>) {
    let features = features.join(" ");
    let equals: &[u8] = if features.is_empty() { b"" } else { b"=" };
    pktline::text(&[name.as_bytes(), equals, features.as_bytes()], out);
}

#[cfg(test)]
mod tests;
