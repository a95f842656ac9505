//! A fetch: the request read, the answer streamed as the client takes it.

use std::rc::Rc;
use std::task::Poll;

use futures::stream::{self, StreamExt as _};
use worker::Request;

use super::bundle_uri;
use super::planned::{NoAnswer, plan};
use super::reach::Visible;
use super::refs;
use super::sender::{self, Sender};
use crate::git::limits::Limits;
use crate::git::pack::reader::LivePacks;
use crate::git::protocol::advertise::{Service, Version};
use crate::git::protocol::capabilities::Offer;
use crate::git::protocol::command_request::{Command, CommandRequestReader};
use crate::git::protocol::fetch_request::FetchRequest;
use crate::git::protocol::object_info::ObjectInfoRequest;
use crate::git::protocol::pktline;
use crate::git::protocol::upload_request::UploadRequestReader;
use crate::git::store::{Nameable, ReadError};
use crate::git::upload_pack::answer::Answer;
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};
use crate::repo_do::events::fetches;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::usage;
use crate::repo_do::fetch::ready::{self, Served};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::{self, Faults};
use crate::repo_do::request::account::{self, Account, fault};
use crate::repo_do::request::answer::Answer as Reply;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::refuse;
use crate::repo_do::runtime::admission::{grow, reserve_share};
use crate::repo_do::runtime::body::{Body, BodyError};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::{
    FETCH_REQUEST_FACTOR, REQUEST_FREE_BYTES, Reservation, SENDING_BYTES,
};
use crate::repo_do::runtime::reply::Media;
use crate::repo_do::state::fetch_counts::Counted;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;

/// Answers one request of `git-upload-pack`.
pub(crate) async fn upload_pack(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    authorized: &Authorized,
    account: &Rc<Account>,
) -> Reply {
    let version = refs::version(&request, Service::UploadPack);
    let mut body = match Body::of(&request) {
        Ok(body) => body,
        Err(error) => return refused(account, &error.to_string()),
    };
    let remote = request.headers().get(header::REMOTE).ok().flatten();
    let asked = (&mut body, version, remote.as_deref());
    match take(object, store, asked, authorized, account).await {
        Ok(response) => Ok(response),
        Err(error) => refuse::fetch(account, &mut body, &error).await,
    }
}

async fn take(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    (body, version, remote): (&mut Body, Version, Option<&str>),
    authorized: &Authorized,
    account: &Rc<Account>,
) -> Reply {
    let limits = Limits::DEFAULT;
    let offer = object.fetch_extensions.offer();
    let audience = Audience::of(authorized.actor);
    // A request that has not come yet costs nothing; nor does a small one.
    let mut reservation = Reservation::empty_share();
    let asked = match version {
        Version::V2 => commands(body, offer, &limits, &mut reservation).await?,
        Version::V0 | Version::V1 => fetches(body, offer, &limits, &mut reservation).await?,
    };
    body.drain().await;
    account.received(body.received_bytes());
    match asked {
        Asked::Nothing => whole(account, Vec::new()),
        Asked::Refused(message) => refused(account, &message),
        Asked::Command(Command::LsRefs(request)) => {
            refs::ls_refs(store, request, authorized, account).await
        }
        Asked::Command(Command::ObjectInfo(request)) => {
            let visible = Visible::to(object, store, audience);
            let mut faults = Faults::default();
            // A tag may have to be read, whose bytes are cold.
            let out = loop {
                match object_info(store, &request, &limits, &visible) {
                    Ok(out) => break out,
                    Err(error) => {
                        let chunk = error.cold().ok_or(error)?;
                        faults.fetch_cold_chunk(object, store, chunk).await?;
                    }
                }
            };
            whole(account, out)
        }
        Asked::Command(Command::BundleUri) => {
            let record = &authorized.record;
            let out = bundle_uri::command(object, store, record, remote).await?;
            whole(account, out)
        }
        Asked::Command(Command::Fetch(request)) => {
            let visible = Visible::to(object, store, audience);
            fetch(
                object,
                store,
                (&request, &visible),
                &limits,
                reservation,
                (account, authorized),
            )
            .await
        }
    }
}

/// The request in a body.
enum Asked {
    Nothing,
    Refused(String),
    Command(Command),
}

async fn commands(
    body: &mut Body,
    offer: Offer<'_>,
    limits: &Limits,
    reservation: &mut Reservation,
) -> Result<Asked, ErrorReply> {
    let mut reader = CommandRequestReader::new(offer, limits);
    let read = each_piece(body, reservation, |piece| reader.feed(piece)).await?;
    Ok(match read.and_then(|()| reader.finish()) {
        Ok(Some(request)) => Asked::Command(request.command),
        Ok(None) => Asked::Nothing,
        Err(error) => Asked::Refused(error.to_string()),
    })
}

async fn fetches(
    body: &mut Body,
    offer: Offer<'_>,
    limits: &Limits,
    reservation: &mut Reservation,
) -> Result<Asked, ErrorReply> {
    let mut reader = UploadRequestReader::new(offer, limits);
    let read = each_piece(body, reservation, |piece| reader.feed(piece)).await?;
    Ok(match read.and_then(|()| reader.finish()) {
        Ok(request) if request.fetch.wants.is_empty() => Asked::Nothing,
        Ok(request) => Asked::Command(Command::Fetch(Box::new(request.fetch))),
        Err(error) => Asked::Refused(error.to_string()),
    })
}

/// Feeds the body to a reader until it has enough, or refuses. A long one reserves the memory that the reader
/// makes of it.
async fn each_piece<E>(
    body: &mut Body,
    reservation: &mut Reservation,
    mut feed: impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<Result<(), E>, ErrorReply> {
    let mut piece = Vec::new();
    let mut fed_bytes = 0_u64;
    while body
        .next(&mut piece)
        .await
        .map_err(|error| broken(&error))?
    {
        fed_bytes = fed_bytes.saturating_add(piece.len() as u64);
        if fed_bytes > REQUEST_FREE_BYTES {
            let held_bytes = fed_bytes.saturating_mul(FETCH_REQUEST_FACTOR);
            grow(reservation, held_bytes).await?;
        }
        match feed(&piece) {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

fn broken(error: &BodyError) -> ErrorReply {
    ErrorReply::new(ErrorCode::InvalidInput, error.to_string())
}

fn whole(account: &Account, out: Vec<u8>) -> Reply {
    account::whole(account, Service::UploadPack, Media::Result, out)
}

fn refused(account: &Account, message: &str) -> Reply {
    account.failed(fault::REFUSED);
    let mut out = Vec::new();
    pktline::err(&account.named(message), &mut out);
    whole(account, out)
}

fn object_info(
    store: &Rc<Store>,
    request: &ObjectInfoRequest,
    limits: &Limits,
    visible: &Visible<'_>,
) -> Result<Vec<u8>, ReadError> {
    let packs = LivePacks::open(Rc::clone(store), limits)?;
    let mut out = Vec::new();
    request.write_header(&mut out);
    let hidden = visible.hidden(&request.object_ids)?;
    for id in &request.object_ids {
        let size_bytes = match packs.find(id)?.filter(|_| !hidden.contains(id)) {
            Some(at) => Some(u64::from(packs.row(at)?.size_bytes)),
            None => None,
        };
        request.write_object(id, size_bytes, &mut out);
    }
    pktline::flush(&mut out);
    Ok(out)
}

async fn fetch(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    (request, visible): (&FetchRequest, &Visible<'_>),
    limits: &Limits,
    reservation: Reservation,
    (account, authorized): (&Rc<Account>, &Authorized),
) -> Reply {
    if let Some(served) = ready::serves(object, store, request).await? {
        tell(object, store, request, authorized, account).await;
        let answer = redirected(account, served);
        usage::fetched(object, account);
        return answer;
    }
    let mut reservations = vec![reservation];
    reservations.extend(cold::reserve_for(store).await?);
    // While this reader is there, packs that other work supersedes stay.
    let mut held = (reservations, object.readers.enter(Purpose::Look, now_ms()));
    let mut room = None;
    let mut is_told = false;
    let asked = (request, visible as &dyn Nameable);
    loop {
        let Answer { head, pack } = match plan(object, store, asked, limits, reserve_share).await {
            Ok(answer) => answer,
            Err(NoAnswer::Told(message)) => return refused(account, &message),
            Err(NoAnswer::Refused(error)) => return Err(error),
        };
        let Some(pack) = pack else {
            return whole(account, head);
        };
        if !std::mem::replace(&mut is_told, true) {
            tell(object, store, request, authorized, account).await;
        }
        account.note_packs(pack.packs.records().len());
        let mut sender = Sender::new(object, Rc::clone(store), head, pack, held);
        sender.charge_to(account);
        // An answer of one piece needs no memory for as long as its client takes.
        if let Some(all) = sender.only_piece().await {
            let answer = whole(account, all);
            usage::fetched(object, account);
            return answer;
        }
        if let Some(room) = room
            .take()
            .or_else(|| Reservation::share(SENDING_BYTES).ok())
        {
            sender.hold(room);
            let pieces = stream::unfold(Some(sender), sender::next_piece);
            let ending = (Rc::clone(object), Rc::clone(account));
            let end = stream::poll_fn(move |_| {
                usage::fetched(&ending.0, &ending.1);
                Poll::Ready(None)
            });
            let pieces = pieces.chain(end);
            return account::streamed(account, Service::UploadPack, Media::Result, pieces);
        }
        // Hundreds of requests may wait for memory. None of them may hold a plan and a piece
        // meanwhile, so this one makes both again once it has room.
        held = sender.give_up();
        room = Some(reserve_share(SENDING_BYTES).await?);
    }
}

/// Tells of a fetch that gets its pack, if the repository's settings ask for it.
async fn tell(
    object: &Rc<RepoObject>,
    store: &Store,
    request: &FetchRequest,
    authorized: &Authorized,
    account: &Account,
) {
    if !authorized.record.settings.fetch_events {
        return;
    }
    let kind = if request.haves.is_empty() {
        Counted::Cloned
    } else {
        Counted::Fetched
    };
    let doer = Doer::authorized(authorized, account);
    fetches::count(object, store, kind, doer).await;
}

/// Tells the Worker that the rest is in R2: its bytes come neither here nor into the wasm there.
fn redirected(account: &Account, served: Served) -> Reply {
    let Served { head, ready } = served;
    account.sent(ready.response_bytes);
    account.note_ready_clone();
    let mut response = whole(account, head)?;
    let headers = response.headers_mut();
    headers.set(header::READY, &ready.r2_key)?;
    headers.set(header::READY_BYTES, &ready.response_bytes.to_string())?;
    Ok(response)
}
