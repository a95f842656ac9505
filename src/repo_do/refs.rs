//! Refs shown to clients: the advertisement of `info/refs`, and `ls-refs`.

use std::ops::ControlFlow;

use gix_object::bstr::{BStr, ByteSlice};
use worker::{Request, Response};

use super::account::{self, Account, fault};
use super::caller::Authorized;
use super::contract::{ErrorCode, ErrorReply, header};
use super::object::Store;
use super::reply::Media;
use crate::git::protocol::advertise::{
    AdvertisedRef, RefAdvertisement, Service, Version, version_2,
};
use crate::git::protocol::capabilities::Offer;
use crate::git::protocol::ls_refs::LsRefsRequest;
use crate::git::protocol::pktline;
use crate::git::protocol::refusal;
use crate::git::store::StoreError;
use crate::storage::refs::RefRecord;

/// The service that an `info/refs` request of the Worker's names.
pub fn service(request: &Request) -> Result<Service, ErrorReply> {
    let bad = |message: &str| ErrorReply::new(ErrorCode::InvalidInput, message);
    let url = request.inner().url();
    let name = url.split_once("?service=").map(|(_, name)| name);
    let name = name.ok_or_else(|| bad("the dumb http protocol is not served"))?;
    Service::from_name(name).ok_or_else(|| bad("the service is not served"))
}

/// The version of the protocol that the client asks for.
pub fn version(request: &Request, service: Service) -> Version {
    let asked = request.headers().get(header::GIT_PROTOCOL).ok().flatten();
    Version::requested(&asked.unwrap_or_default(), service)
}

/// `GET /git/info/refs`.
pub fn advertise(
    store: &Store,
    service: Service,
    request: &Request,
    authorized: &Authorized,
    account: &Account,
) -> Result<worker::Result<Response>, ErrorReply> {
    let mut out = Vec::new();
    let version = version(request, service);
    if version == Version::V2 {
        version_2(Offer::DEFAULT, &mut out);
    } else {
        advertise_refs(store, service, version, authorized, &mut out)?;
    }
    Ok(account::whole(account, service, Media::Advertisement, out))
}

/// `GET /git/info/refs` of what takes no request for the service now.
pub fn refuse(service: Service, account: &Account, reason: &str) -> worker::Result<Response> {
    account.failed(fault::REFUSED);
    let mut out = Vec::new();
    refusal::advertisement(service, &account.named(reason), &mut out);
    account::whole(account, service, Media::Advertisement, out)
}

fn advertise_refs(
    store: &Store,
    service: Service,
    version: Version,
    authorized: &Authorized,
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let head_name = authorized.record.head.as_bstr();
    let head = store.shown_ref(head_name)?;
    let head_target = head.as_ref().map(|_| head_name);
    let mut list = RefAdvertisement::begin(service, version, Offer::DEFAULT, head_target, out);
    if let Some(head) = &head {
        list.push(&shown(head, "HEAD".into()), out);
    }
    store.visit_refs(b"refs/", |record| {
        list.push(&shown(record, record.name.as_bstr()), out);
        ControlFlow::Continue(())
    })?;
    for commit_id in store.shallow_commits()? {
        list.shallow(&commit_id, out);
    }
    list.finish(out);
    Ok(())
}

/// The answer to `ls-refs`.
pub fn ls_refs(
    store: &Store,
    request: &LsRefsRequest,
    authorized: &Authorized,
) -> Result<Vec<u8>, StoreError> {
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
    let every = [b"refs/".as_bstr().to_owned()];
    let prefixes = if request.prefixes().is_empty() {
        &every
    } else {
        request.prefixes()
    };
    for prefix in prefixes {
        store.visit_refs(prefix, |record| {
            request.write_ref(&shown(record, record.name.as_bstr()), None, &mut out);
            ControlFlow::Continue(())
        })?;
    }
    pktline::flush(&mut out);
    Ok(out)
}

fn shown<'a>(record: &RefRecord, name: &'a BStr) -> AdvertisedRef<'a> {
    AdvertisedRef {
        name,
        target: record.target,
        peeled: record.peeled,
    }
}
