//! Takes a push: feeds the body to the engine as it arrives, runs the engine's steps while the client
//! reads their progress, publishes in one synchronous transaction, and reports.

use std::rc::Rc;

use finish::PushJob;
use futures::{StreamExt as _, future, stream};
use progress::ProgressSink;
use push::Push;
use worker::Request;

use super::contract::{ErrorCode, ErrorReply};
use super::intake::arrival::ArrivingPack;
use super::intake::hooks::Unwatched;
use super::intake::memory::PackMemory;
use super::object::RepoObject;
use super::request::account::{self, Account, fault};
use super::request::answer::Answer;
use super::request::caller::Authorized;
use super::request::refuse::{self, Asked};
use super::runtime::body::Body;
use super::runtime::memory::{COMMANDS_FACTOR, REQUEST_FREE_BYTES};
use super::runtime::reply::Media;
use super::state::store::Store;
use crate::git::limits::Limits;
use crate::git::object::fsck::Strictness;
use crate::git::protocol::advertise::Service;
use crate::git::protocol::capabilities::Offer;
use crate::git::protocol::pktline::PktLineError;
use crate::git::protocol::push_commands::{PushCommandsError, PushCommandsReader};
use crate::git::protocol::sideband::SideBand;
use crate::git::protocol::{pktline, refusal};

pub(crate) mod by_rest;
pub(crate) mod check;
pub(crate) mod commits;
pub(crate) mod dry_run;

mod alive;
mod closure;
mod ephemeral;
mod finish;
mod kept_answer;
mod overrides;
mod pre_receive;
mod progress;
pub(crate) mod push;
mod refused;
mod room;
mod secrets;
mod told;

/// Takes one push.
pub(crate) async fn receive_pack(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    authorized: Authorized,
    account: &Rc<Account>,
) -> Answer {
    let mut body = match Body::of(&request) {
        Ok(body) => body,
        Err(error) => return fatal(account, SideBand::Large, &error.to_string()),
    };
    let mut asked = Asked::default();
    let told_bytes = told_bytes(&request);
    let arriving = (&mut body, told_bytes, &mut asked);
    match take(object, store, arriving, authorized, account).await {
        Ok(response) => Ok(response),
        Err(error) if error.code == ErrorCode::MemoryLimit => {
            refuse::large_push(account, body, &asked, &error)
        }
        Err(error) => refuse::push(account, &mut body, asked, &error).await,
    }
}

/// The length of the body, if the client tells it.
fn told_bytes(request: &Request) -> Option<u64> {
    let told = request.headers().get("content-length").ok().flatten();
    told.and_then(|bytes| bytes.parse().ok())
}

/// A body that is shorter has no pack that is worth a claim: git's probe, or a deletion.
const CLAIMED_BYTES_MIN: u64 = 256;

/// The bytes that a push is about to bring, if the client tells them.
pub(crate) fn announced_bytes(request: &Request) -> Option<u64> {
    told_bytes(request).filter(|bytes| *bytes >= CLAIMED_BYTES_MIN)
}

/// The body, its length if the client told it, and the push as far as it is known: a refusal tells its reason
/// by it.
type Arriving<'a> = (&'a mut Body, Option<u64>, &'a mut Asked);

async fn take(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    (body, told_bytes, asked): Arriving<'_>,
    authorized: Authorized,
    account: &Rc<Account>,
) -> Answer {
    // A push that has not come yet costs nothing.
    let mut memory = PackMemory::of_client();
    let mut command_bytes = 0_u64;
    let bad =
        |error: &dyn std::error::Error| ErrorReply::new(ErrorCode::InvalidInput, error.to_string());
    let limits = limits(object);
    let mut reader = PushCommandsReader::new(Offer::DEFAULT, &limits);
    let mut piece = Vec::new();
    let mut first = Vec::new();
    while body.next(&mut piece).await.map_err(|error| bad(&error))? {
        command_bytes = command_bytes.saturating_add(piece.len() as u64);
        memory.hold_beside(held_by_commands(command_bytes)).await?;
        let mut rest = piece.as_slice();
        let fed = reader.feed(&mut rest);
        *asked = Asked::Begun(reader.capabilities().clone());
        match fed {
            Ok(true) => {
                first = rest.to_vec();
                break;
            }
            Ok(false) => {}
            Err(error) => {
                if reader.has_all_commands() {
                    *asked = Asked::Commands(Rc::new(reader.into_commands()));
                }
                return Err(unread(&error));
            }
        }
    }
    let commands = Rc::new(reader.finish().map_err(|error| bad(&error))?);
    *asked = Asked::Commands(Rc::clone(&commands));
    let side_band = commands.capabilities.side_band;
    if commands.commands.is_empty() {
        return probed(account, side_band);
    }
    commands.check_names_differ().map_err(|error| bad(&error))?;
    check_length(told_bytes, limits.pack_bytes_max)?;
    let mut push = Push::new(
        Rc::clone(object),
        Rc::clone(store),
        commands,
        authorized,
        limits,
        Rc::clone(account),
    );
    push.judge();
    let pack_bytes = told_bytes.map(|bytes: u64| bytes.saturating_sub(command_bytes));
    let told_bytes = pack_bytes.map(|bytes| bytes.saturating_add(first.len() as u64));
    if push.bound_pack(told_bytes)? {
        receive(&mut push, first, body, &mut memory).await?;
    }
    body.drain().await;
    account.received(body.received_bytes());
    // From here on nothing waits for the client.
    if let Err(error) = memory.hold_work(push.pack_counts()).await {
        push.quarantined.discard();
        return Err(error);
    }
    answer(push, memory)
}

/// The commands cannot be read, or are too many.
fn unread(error: &PushCommandsError) -> ErrorReply {
    match error {
        PushCommandsError::TooManyCommands { .. } => {
            ErrorReply::new(ErrorCode::MemoryLimit, error.to_string())
        }
        PushCommandsError::PktLine(PktLineError::MessageTooLong { bytes_max }) => {
            let message = format!(
                "the ref updates of one push have more than {bytes_max} bytes: push the refs in groups"
            );
            ErrorReply::new(ErrorCode::MemoryLimit, message)
        }
        _ => ErrorReply::new(ErrorCode::InvalidInput, error.to_string()),
    }
}

/// Memory that the commands of a push hold once this many of their bytes came.
fn held_by_commands(bytes: u64) -> u64 {
    if bytes <= REQUEST_FREE_BYTES {
        return 0;
    }
    bytes.saturating_mul(COMMANDS_FACTOR)
}

/// The variable with the bound on the bytes of one push, where the platform takes no more.
const PUSH_BYTES_MAX: &str = "CAIRN_PUSH_BYTES_MAX";

/// The variable with the bound on the objects of one push.
const PUSH_OBJECTS_MAX: &str = "CAIRN_PUSH_OBJECTS_MAX";

fn limits(object: &RepoObject) -> Limits {
    let bytes_max = object.variable(PUSH_BYTES_MAX);
    let bytes_max = bytes_max.and_then(|text| text.parse().ok());
    let objects_max = object.variable(PUSH_OBJECTS_MAX);
    let objects_max = objects_max.and_then(|text| text.parse().ok());
    let limits = Limits::DEFAULT;
    Limits {
        pack_bytes_max: bytes_max.unwrap_or(u64::MAX).min(limits.pack_bytes_max),
        objects_max: objects_max.unwrap_or(u32::MAX).min(limits.objects_max),
        ..limits
    }
}

/// Refuses a push that announces its length, before its pack is read. Git tells the length of a push
/// that fits its buffer (`http.postBuffer`); for other pushes the parser counts the bytes.
fn check_length(told_bytes: Option<u64>, bytes_max: u64) -> Result<(), ErrorReply> {
    match told_bytes {
        Some(bytes) if bytes > bytes_max => {
            let message = format!(
                "the push has {bytes} bytes, at most {bytes_max} are taken at once: push the \
                 history in parts, older commits first"
            );
            Err(ErrorReply::new(ErrorCode::MemoryLimit, message))
        }
        _ => Ok(()),
    }
}

/// Git's probe of the connection, before it sends a body that it cannot send again.
fn probed(account: &Account, side_band: SideBand) -> Answer {
    let mut out = Vec::new();
    if side_band != SideBand::None {
        pktline::flush(&mut out);
    }
    account::whole(account, Service::ReceivePack, Media::Result, out)
}

/// The request cannot be read.
fn fatal(account: &Account, side_band: SideBand, message: &str) -> Answer {
    account.failed(fault::REFUSED);
    let mut out = Vec::new();
    refusal::unread_push(&account.named(message), side_band, &mut out);
    account::whole(account, Service::ReceivePack, Media::Result, out)
}

/// Takes the pack as it arrives. After an error, or when nothing can come of it, the rest of
/// the body is left to be drained.
async fn receive(
    push: &mut Push,
    first: Vec<u8>,
    body: &mut Body,
    memory: &mut PackMemory,
) -> Result<(), ErrorReply> {
    if !push
        .updates
        .open()
        .any(|update| update.command.new.is_some())
    {
        return Ok(());
    }
    let strictness = Strictness::of(push.authorized.record.fsck_strict);
    let protects = push.authorized.record.settings.push_protection;
    let arriving = ArrivingPack::new(push.limits, strictness);
    let mut arriving = arriving.searching_for_secrets(protects);
    let mut piece = first;
    loop {
        if let Err(error) = arriving.feed(&piece, &push.quarantined) {
            if push.is_too_large(&error) {
                push.quarantined.discard();
                return Err(ErrorReply::new(ErrorCode::MemoryLimit, error.to_string()));
            }
            push.arrived = Some(Err(error));
            return Ok(());
        }
        // While its pack arrives, a client sends and does not listen.
        if let Err(error) = arriving.settle(&push.quarantined, memory, &Unwatched).await {
            push.quarantined.discard();
            return Err(error.into());
        }
        match body.next(&mut piece).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                push.quarantined.discard();
                return Err(ErrorReply::new(ErrorCode::InvalidInput, error.to_string()));
            }
        }
    }
    push.arrived = Some(arriving.finish());
    Ok(())
}

/// The response: progress while the rest of the work is done, then the report.
fn answer(push: Push, memory: PackMemory) -> Answer {
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    let account = Rc::clone(&push.account);
    let side_band = push.commands.capabilities.side_band;
    let silence_ms_max = alive::silence_ms_max(&push.object);
    let progress = ProgressSink::new(sender, &push.commands.capabilities);
    let work = async move {
        PushJob::new(push, progress).run().await;
        drop(memory);
    };
    // The work goes on while the client reads; when it hangs up, both are dropped.
    let work = stream::once(work).filter_map(|()| future::ready(None));
    let work = Box::pin(work);
    let pieces = stream::select(receiver.map(Ok::<Vec<u8>, worker::Error>), work);
    let pieces = alive::kept_alive(pieces, side_band, silence_ms_max);
    account::streamed(&account, Service::ReceivePack, Media::Result, pieces)
}
