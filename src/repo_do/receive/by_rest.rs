//! Refs changed by REST: a push without Git's words. The same code checks, judges and publishes it as Git's
//! pushes, so a caller that may push may do this, and nobody else.

use std::rc::Rc;

use futures::FutureExt as _;
use gix_object::bstr::BString;

use super::finish::PushJob;
use super::kept_answer::{KeptAnswer, rejections};
use super::progress::ProgressSink;
use super::push::Push;
use crate::git::limits::Limits;
use crate::git::protocol::push_commands::{PushCapabilities, PushCommand, PushCommands};
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::intake::new_pack::NewPack;
use crate::repo_do::neighbour::brought::BroughtPack;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::once::Once;
use crate::repo_do::state::store::Store;

pub(crate) use super::kept_answer::AnswerOf;

/// Changes of refs that a caller asks for.
#[derive(Clone, Default)]
pub(crate) struct RefChanges {
    /// The changes, each of another ref.
    pub(crate) commands: Vec<PushCommand>,
    /// All or none.
    pub(crate) atomic: bool,
    /// As `git push -o` sends them.
    pub(crate) push_options: Vec<BString>,
    /// The answer. A request with an `Idempotency-Key` has it kept with the changes.
    pub(crate) answer: Option<AnswerOf>,
}

/// The caller that changes refs, and the repository.
pub(crate) struct Writer<'a> {
    /// The repository's object.
    pub(crate) object: &'a Rc<RepoObject>,
    /// Its store.
    pub(crate) store: &'a Rc<Store>,
    /// The caller, who may push.
    pub(crate) authorized: &'a Authorized,
    /// The account of the request's costs.
    pub(crate) account: &'a Rc<Account>,
    /// Whether the request is done once.
    pub(crate) once: &'a Rc<Once>,
}

/// Changes refs; says of each, in order, why it was refused. An error means that nothing was changed.
/// Packs that no ref came to name leave nothing. The new objects and the refs may build on the pack
/// `brought`.
pub(crate) async fn change_refs(
    writer: &Writer<'_>,
    changes: RefChanges,
    new_pack: Option<NewPack>,
    brought: Option<BroughtPack>,
) -> Result<Vec<Option<Rejection>>, ErrorReply> {
    let commands = PushCommands {
        commands: changes.commands.into_iter().map(Rc::new).collect(),
        capabilities: PushCapabilities {
            atomic: changes.atomic,
            ..PushCapabilities::default()
        },
        push_options: changes.push_options,
        ..PushCommands::default()
    };
    if let Err(error) = commands.check_names_differ() {
        let message = error.to_string();
        return Err(ErrorReply::new(ErrorCode::InvalidInput, message));
    }
    let mut push = Push::new(
        Rc::clone(writer.object),
        Rc::clone(writer.store),
        Rc::new(commands),
        writer.authorized.clone(),
        Limits::DEFAULT,
        Rc::clone(writer.account),
    );
    push.kept_answer = Some(KeptAnswer::new(writer.once, changes.answer));
    push.brought = brought;
    push.judge();
    let mut memory = None;
    if let Some(new_pack) = new_pack {
        push.quarantined = new_pack.quarantined;
        push.arrived = Some(Ok(new_pack.arrived));
        let held = memory.insert(new_pack.memory);
        if let Err(error) = held.hold_work(push.pack_counts()).await {
            push.quarantined.discard();
            return Err(error);
        }
    }
    let mut job = PushJob::new(push, ProgressSink::to_nobody());
    match job.settle().boxed_local().await {
        Ok(settled) => settled?,
        Err(_) => return Err(ErrorReply::new(ErrorCode::InternalError, "internal error")),
    }
    Ok(rejections(&job.push.updates))
}
