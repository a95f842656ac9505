//! Refs shown to clients: the advertisement of `info/refs`, and `ls-refs`.

use std::ops::ControlFlow;
use std::rc::Rc;

use futures::{StreamExt as _, stream};
use gix_object::bstr::{BStr, BString, ByteSlice};
use worker::Request;

use crate::git::protocol::advertise::{
    AdvertisedRef, RefAdvertisement, Service, Version, version_2,
};
use crate::git::protocol::capabilities::Offer;
use crate::git::protocol::ls_refs::LsRefsRequest;
use crate::git::protocol::{pktline, refusal};
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};
use crate::repo_do::request::account::{self, Account, fault};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::runtime::admission::reserve_share;
use crate::repo_do::runtime::memory::REFS_BYTES;
use crate::repo_do::runtime::reply::Media;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;
use crate::storage::repository::ref_record::RefRecord;

/// Bytes of a piece of a list, from which on it is no longer sent whole: about 3,600 refs.
const PIECE_BYTES: usize = 256 << 10;

/// Bytes of nearly every line.
const LINE_BYTES: usize = 1 << 10;

/// The service that an `info/refs` request of the Worker's names.
pub(crate) fn service(request: &Request) -> Result<Service, ErrorReply> {
    let bad = |message: &str| ErrorReply::new(ErrorCode::InvalidInput, message);
    let url = request.inner().url();
    let name = url.split_once("?service=").map(|(_, name)| name);
    let name = name.ok_or_else(|| bad("the dumb http protocol is not served"))?;
    Service::from_name(name).ok_or_else(|| bad("the service is not served"))
}

/// The version of the protocol that the client asks for.
pub(crate) fn version(request: &Request, service: Service) -> Version {
    let asked = request.headers().get(header::GIT_PROTOCOL).ok().flatten();
    Version::requested(&asked.unwrap_or_default(), service)
}

/// `GET /git/info/refs` while the repository takes no request for the service.
pub(crate) fn refuse(service: Service, account: &Account, reason: &str) -> Answer {
    account.failed(fault::REFUSED);
    let mut out = Vec::new();
    refusal::advertisement(service, &account.named(reason), &mut out);
    account::whole(account, service, Media::Advertisement, out)
}

/// `GET /git/info/refs`.
pub(crate) async fn advertise(
    store: &Rc<Store>,
    service: Service,
    request: &Request,
    authorized: &Authorized,
    offer: Offer<'_>,
    account: &Rc<Account>,
) -> Answer {
    let mut out = Vec::new();
    let version = version(request, service);
    if version == Version::V2 {
        version_2(offer, &mut out);
        return account::whole(account, service, Media::Advertisement, out);
    }
    let head_name = authorized.record.head.as_bstr();
    let head = store.shown_ref(head_name)?;
    let head_target = head.as_ref().map(|_| head_name);
    let mut list = RefAdvertisement::begin(service, version, offer, head_target, &mut out);
    if let Some(head) = &head {
        list.push(&shown(head, "HEAD".into()), &mut out);
    }
    let listing = Listing::new(store, Lines::Advertisement(list));
    answer(listing, out, (service, Media::Advertisement), account).await
}

/// The answer to `ls-refs`.
pub(crate) async fn ls_refs(
    store: &Rc<Store>,
    request: LsRefsRequest,
    authorized: &Authorized,
    account: &Rc<Account>,
) -> Answer {
    let mut out = Vec::new();
    let head_name = authorized.record.head.as_bstr();
    if request.wants("HEAD".into()) {
        match store.shown_ref(head_name)? {
            Some(head) => {
                request.write_ref(&shown(&head, "HEAD".into()), Some(head_name), &mut out);
            }
            None => request.write_unborn_head(head_name, &mut out),
        }
    }
    let listing = Listing::new(store, Lines::LsRefs(request));
    let face = (Service::UploadPack, Media::Result);
    answer(listing, out, face, account).await
}

/// Sends a list: in one piece if it is one; else as the client takes it.
async fn answer(
    mut listing: Listing,
    mut first: Vec<u8>,
    (service, media): (Service, Media),
    account: &Rc<Account>,
) -> Answer {
    listing.fill(&mut first)?;
    if listing.ended {
        return account::whole(account, service, media, first);
    }
    let reservation = reserve_share(REFS_BYTES).await?;
    let rest = stream::unfold((listing, reservation), |(mut listing, reservation)| async {
        if listing.ended {
            return None;
        }
        let mut piece = Vec::with_capacity(PIECE_BYTES + LINE_BYTES);
        let filled = listing.fill(&mut piece).map(|()| piece).map_err(|error| {
            listing.ended = true;
            fault_log::error("refs", &error);
            worker::Error::RustError("the list of refs broke off".to_owned())
        });
        Some((filled, (listing, reservation)))
    });
    let pieces = stream::once(async move { Ok(first) }).chain(rest);
    account::streamed(account, service, media, pieces)
}

/// How refs are shown.
enum Lines {
    Advertisement(RefAdvertisement),
    LsRefs(LsRefsRequest),
}

/// A list on its way: the memory is one page. Refs may change between two pieces; each is
/// shown as it is when its piece is made, as git's own server does.
struct Listing {
    store: Rc<Store>,
    lines: Lines,
    /// The beginnings of the names that follow, the next one last.
    prefixes: Vec<BString>,
    /// The last ref that was shown of those names.
    after: Option<BString>,
    ended: bool,
}

impl Listing {
    fn new(store: &Rc<Store>, lines: Lines) -> Self {
        let mut prefixes = match &lines {
            Lines::LsRefs(request) => request.prefixes().to_vec(),
            Lines::Advertisement(_) => Vec::new(),
        };
        if prefixes.is_empty() {
            prefixes.push("refs/".into());
        }
        prefixes.reverse();
        Self {
            store: Rc::clone(store),
            lines,
            prefixes,
            after: None,
            ended: false,
        }
    }

    /// Writes refs up to a piece, or to the end.
    fn fill(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        while let Some(prefix) = self.prefixes.last() {
            let hides = self.lines.hide_ephemeral(prefix.as_bstr());
            let (lines, mut last) = (&mut self.lines, None);
            let after = self.after.as_ref().map(|after| after.as_bstr());
            self.store.visit_refs_after(prefix, after, |record| {
                if hides && refname::is_ephemeral(record.name.as_bstr()) {
                    return ControlFlow::Continue(());
                }
                lines.push(&shown(record, record.name.as_bstr()), out);
                if out.len() < PIECE_BYTES {
                    return ControlFlow::Continue(());
                }
                last = Some(record.name.clone());
                ControlFlow::Break(())
            })?;
            self.after = last;
            if self.after.is_some() {
                return Ok(());
            }
            self.prefixes.pop();
        }
        self.ended = true;
        match &mut self.lines {
            Lines::Advertisement(list) => {
                for commit_id in self.store.shallow_commits()? {
                    list.shallow(&commit_id, out);
                }
                list.finish(out);
            }
            Lines::LsRefs(_) => pktline::flush(out),
        }
        Ok(())
    }
}

impl Lines {
    /// Whether refs under `refs/ephemeral/` are left out of the refs that begin with `prefix`. A fetch sees
    /// them if it asks for nothing else; a push does, since it has to say where a ref is that it moves.
    fn hide_ephemeral(&self, prefix: &BStr) -> bool {
        match self {
            Self::Advertisement(list) => list.is_to_fetch(),
            Self::LsRefs(_) => !refname::is_ephemeral(prefix),
        }
    }

    fn push(&mut self, shown: &AdvertisedRef<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Advertisement(list) => list.push(shown, out),
            Self::LsRefs(request) => request.write_ref(shown, None, out),
        }
    }
}

fn shown<'a>(record: &RefRecord, name: &'a BStr) -> AdvertisedRef<'a> {
    AdvertisedRef {
        name,
        target: record.target,
        peeled: record.peeled,
    }
}
