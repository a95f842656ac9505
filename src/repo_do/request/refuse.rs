//! Refusals of fetches and pushes, told in Git's protocol: the body is read to its end, or Git
//! would see a broken pipe and not the answer. A push that is too large is refused before ([`large_push`]).

use std::rc::Rc;

use futures::{StreamExt as _, future, stream};
use worker::Request;

use super::account::{self, Account};
use super::answer::Answer;
use crate::git::limits::Limits;
use crate::git::protocol::advertise::Service;
use crate::git::protocol::capabilities::Offer;
use crate::git::protocol::push_commands::{PushCapabilities, PushCommands, PushCommandsReader};
use crate::git::protocol::refusal;
use crate::git::protocol::sideband::SideBand;
use crate::repo_do::contract::{Actor, ErrorReply, GitPost, header, path};
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::reply::{self, Media};
use crate::repo_do::runtime::timer;

/// Bytes of commands that are read of a push that is refused before it has memory of its own: some
/// thousand refs. A client that sends more is refused without a report.
const COMMAND_BYTES_MAX: usize = 256 << 10;

/// Bytes that are still read of a push by git which was refused while it came: most pushes end within
/// them, and then git shows its usual report.
const LEFT_BYTES_MAX: u64 = 8 << 20;

/// Milliseconds that git has to read the refusal before the connection is closed.
const READ_MS: u32 = 2_000;

/// The facts known about a push when it is refused.
#[derive(Default)]
pub(crate) enum Asked {
    /// Nothing was read.
    #[default]
    Nothing,
    /// Some of the commands were read.
    Begun(PushCapabilities),
    /// All of them were.
    Commands(Rc<PushCommands>),
}

impl Asked {
    /// Whether git itself pushes.
    fn is_gits(&self) -> bool {
        let capabilities = match self {
            Self::Nothing => return false,
            Self::Begun(capabilities) => capabilities,
            Self::Commands(push) => &push.capabilities,
        };
        let agent = capabilities.client.agent.as_deref();
        agent.is_some_and(|agent| agent.starts_with("git/"))
    }
}

/// The request of Git's that this is, if it has a body.
pub(crate) fn posted(request: &Request) -> Option<GitPost> {
    match request.path().as_str() {
        path::UPLOAD_PACK => Some(GitPost::UploadPack),
        path::RECEIVE_PACK => Some(GitPost::ReceivePack),
        _ => None,
    }
}

/// Whether the client reads the refusal of this request in-band.
pub(crate) fn is_in_band(request: &web_sys::Request, error: &ErrorReply) -> bool {
    let actor = request.headers().get(header::ACTOR).ok().flatten();
    let actor = actor.and_then(|actor| actor.parse::<Actor>().ok());
    let is_anonymous = actor.is_none_or(|actor| actor.is_anonymous());
    error.code.is_told_in_band(is_anonymous)
}

/// Refuses a request whose body was not touched.
pub(crate) async fn untouched(
    post: GitPost,
    request: &Request,
    account: &Account,
    error: &ErrorReply,
) -> Answer {
    let route = match post {
        GitPost::UploadPack => "/git/:ns/:repo/git-upload-pack",
        GitPost::ReceivePack => "/git/:ns/:repo/git-receive-pack",
    };
    account.log_as("POST", route);
    let Ok(mut body) = Body::of(request) else {
        reply::log_fault(error);
        account.failed(error.code.label());
        let out = post.refusal(&account.named(&error.message));
        return account::whole(account, service(post), Media::Result, out);
    };
    match post {
        GitPost::UploadPack => fetch(account, &mut body, error).await,
        GitPost::ReceivePack => push(account, &mut body, Asked::Nothing, error).await,
    }
}

fn service(post: GitPost) -> Service {
    match post {
        GitPost::UploadPack => Service::UploadPack,
        GitPost::ReceivePack => Service::ReceivePack,
    }
}

/// Refuses a fetch.
pub(crate) async fn fetch(account: &Account, body: &mut Body, error: &ErrorReply) -> Answer {
    reply::log_fault(error);
    body.drain().await;
    account.received(body.received_bytes());
    account.failed(error.code.label());
    let mut out = Vec::new();
    refusal::upload_pack(&account.named(&error.message), &mut out);
    account::whole(account, Service::UploadPack, Media::Result, out)
}

/// Refuses a push.
pub(crate) async fn push(
    account: &Account,
    body: &mut Body,
    asked: Asked,
    error: &ErrorReply,
) -> Answer {
    let asked = match asked {
        Asked::Nothing => read(body).await,
        asked => asked,
    };
    reply::log_fault(error);
    body.drain().await;
    account.received(body.received_bytes());
    account.failed(error.code.label());
    let out = told(account, &asked, error);
    account::whole(account, Service::ReceivePack, Media::Result, out)
}

/// The text for a client whose push is refused.
fn told(account: &Account, asked: &Asked, error: &ErrorReply) -> Vec<u8> {
    let named = account.named(&error.message);
    let mut out = Vec::new();
    match asked {
        Asked::Commands(push) => {
            refusal::receive_pack(&error.message, &named, push, &mut out);
        }
        Asked::Begun(capabilities) => {
            refusal::unread_push(&named, capabilities.side_band, &mut out);
        }
        Asked::Nothing => refusal::unread_push(&named, SideBand::Large, &mut out),
    }
    out
}

/// Refuses a push that is larger than pushes may be, while the client is still sending it.
///
/// The refusal is sent at once. The rest of the client's pack is read and dropped, so that it sees the report
/// and no broken pipe. Git reads the answer while it sends; where much more than
/// [`LEFT_BYTES_MAX`] follows, it has the refusal, and the connection is closed. Other clients read
/// nothing before they have sent everything, so everything is read.
pub(crate) fn large_push(
    account: &Rc<Account>,
    body: Body,
    asked: &Asked,
    error: &ErrorReply,
) -> Answer {
    reply::log_fault(error);
    account.failed(error.code.label());
    let refused = stream::iter([Ok(told(account, asked, error))]);
    let left_bytes_max = if asked.is_gits() {
        LEFT_BYTES_MAX
    } else {
        u64::MAX
    };
    let end = stream::once(end_of_large_push(Rc::clone(account), body, left_bytes_max));
    let end = end.filter_map(|end| future::ready(end.err().map(Err)));
    let pieces = refused.chain(Box::pin(end));
    account::streamed(account, Service::ReceivePack, Media::Result, pieces)
}

/// Reads the rest of a push that was refused; an error closes the connection.
async fn end_of_large_push(
    account: Rc<Account>,
    mut body: Body,
    left_bytes_max: u64,
) -> worker::Result<()> {
    let is_read = body.drain_up_to(left_bytes_max).await;
    account.received(body.received_bytes());
    if is_read {
        return Ok(());
    }
    // Closing would take the refusal away from a client that has not read it yet.
    timer::after(READ_MS).await;
    body.cancel();
    Err(worker::Error::from("the push was refused"))
}

/// Reads the commands, to name the refs in the report.
async fn read(body: &mut Body) -> Asked {
    let limits = Limits {
        command_bytes_max: COMMAND_BYTES_MAX,
        ..Limits::DEFAULT
    };
    let mut reader = PushCommandsReader::new(Offer::DEFAULT, &limits);
    let mut piece = Vec::new();
    while let Ok(true) = body.next(&mut piece).await {
        match reader.feed(&mut piece.as_slice()) {
            Ok(false) => {}
            Ok(true) => break,
            Err(_) => return Asked::Begun(reader.capabilities().clone()),
        }
    }
    let capabilities = reader.capabilities().clone();
    match reader.finish() {
        Ok(push) => Asked::Commands(Rc::new(push)),
        Err(_) => Asked::Begun(capabilities),
    }
}
