//! A push whose commands are known: its commands, and their results.

use std::collections::HashMap;
use std::rc::Rc;

use gix_object::bstr::{BString, ByteSlice as _};

use super::kept_answer::KeptAnswer;
use crate::git::limits::Limits;
use crate::git::pack::parser::error::PackError;
use crate::git::pack::reader::LivePacks;
use crate::git::protocol::push_commands::PushCommands;
use crate::git::receive_pack::ephemeral;
use crate::git::receive_pack::ref_rules::RulesInForce;
use crate::git::receive_pack::rules::{self, Rejection, Settings};
use crate::git::receive_pack::updates::PushUpdates;
use crate::git::store::StoreError;
use crate::repo_do::contract::{Access, Actor, ErrorReply};
use crate::repo_do::intake::arrival::ArrivedPack;
use crate::repo_do::intake::memory::PackCounts;
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::neighbour::brought::BroughtPack;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::quota::Bound;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::readers::{Purpose, Reader};
use crate::repo_do::state::store::Store;
use crate::storage::event_payload::PushedCommits;
use crate::storage::repository::upstream::Followed;

/// The repository's settings for the caller; `overrides`: the caller passes the rules about refs.
pub(super) fn settings(authorized: &Authorized, overrides: bool) -> Settings<'_> {
    let record = &authorized.record;
    Settings {
        read_only: record.is_read_only(),
        deny_deletes: record.settings.deny_deletes,
        deny_non_fast_forwards: record.settings.deny_non_fast_forwards,
        head: record.head.as_ref(),
        rules: RulesInForce {
            token: authorized.token.as_ref().map(|token| &token.refs),
            repository: &record.policies.ref_rules,
            overrides,
        },
        mirrored: record
            .policies
            .upstream
            .as_ref()
            .and_then(Followed::read_only),
    }
}

/// Refs of a push whose ids are looked up.
const OWN_REFS_MAX: usize = 16;

/// The push option that asks to pass the repository's rules about refs.
const OVERRIDE: &str = "cairn.override";

/// Whether the operator asks to pass the repository's rules. Nobody else can, and neither can the operator
/// on behalf of somebody.
fn asks_to_override(commands: &PushCommands, authorized: &Authorized, account: &Account) -> bool {
    let is_operator = authorized.actor == Actor::Operator && account.behalf().is_none();
    is_operator && commands.push_options.iter().any(|given| given == OVERRIDE)
}

/// The commits of a push by ref.
pub(crate) type CommitsByRef = HashMap<BString, PushedCommits>;

/// A push whose commands were read.
pub(super) struct Push {
    pub(super) object: Rc<RepoObject>,
    pub(super) store: Rc<Store>,
    pub(super) commands: Rc<PushCommands>,
    pub(super) authorized: Authorized,
    pub(super) limits: Limits,
    pub(super) account: Rc<Account>,
    /// The result of each ref, as far as it is known.
    pub(super) updates: PushUpdates,
    pub(super) quarantined: QuarantinedPack,
    /// Live packs that were looked into must stay while the push runs.
    _reader: Reader,
    /// The pack, once it has arrived whole.
    pub(super) arrived: Option<Result<ArrivedPack, PackError>>,
    /// The bound on bytes by which its pack is cut off, if there is one.
    pub(super) bound: Option<Bound>,
    /// The commits that each ref gets, for its event.
    pub(super) commits: CommitsByRef,
    /// Another pack in quarantine, on which this one and the updates build.
    pub(super) brought: Option<BroughtPack>,
    /// The answer that is kept with the published refs: a request by REST has one.
    pub(super) kept_answer: Option<KeptAnswer>,
    /// The operator passes the repository's rules about refs.
    pub(super) overrides: bool,
}

impl Push {
    /// Nothing is judged yet, and no pack is here.
    pub(super) fn new(
        object: Rc<RepoObject>,
        store: Rc<Store>,
        commands: Rc<PushCommands>,
        authorized: Authorized,
        limits: Limits,
        account: Rc<Account>,
    ) -> Self {
        let quarantined = QuarantinedPack::new(Rc::clone(&object), Rc::clone(&store));
        let reader = object.readers.enter(Purpose::Push, now_ms());
        let updates = PushUpdates::new(&commands);
        let overrides = asks_to_override(&commands, &authorized, &account);
        Self {
            object,
            store,
            commands,
            authorized,
            limits,
            account,
            updates,
            quarantined,
            _reader: reader,
            arrived: None,
            bound: None,
            commits: CommitsByRef::new(),
            brought: None,
            kept_answer: None,
            overrides,
        }
    }

    /// Judges the pusher and, as far as that needs no pack, each update, by the present state of the
    /// database. This is done when the push begins, and again in the step that publishes it.
    pub(super) fn judge(&mut self) {
        match self.authorized.judge_again(&self.store, Access::Push) {
            Ok(record) => self.authorized.record = record,
            Err(refused) => return self.refuse_all(&refused),
        }
        let settings = settings(&self.authorized, self.overrides);
        let options = &self.commands.push_options;
        self.updates.judge(|update| {
            let command = &update.command;
            let judged = rules::before_pack(command, &settings, &self.limits);
            let lives = || ephemeral::check(command, options).map_err(Rejection::Lifetime);
            judged.and_then(|()| lives()).err()
        });
    }

    /// Judges the moves by the rules as [`Self::judge`] last read them. A move counts as forced if nobody
    /// asked: the rule that asks came while the push ran.
    pub(super) fn judge_moves(&mut self) {
        let settings = settings(&self.authorized, self.overrides);
        self.updates.judge(|update| {
            if update.is_forced == Some(false) {
                return None;
            }
            rules::forced(&update.command, &settings).err()
        });
    }

    /// Asks the party that vouched for the token again, if that is not this object.
    pub(super) async fn renew(&mut self) {
        if let Err(refused) = self.authorized.renew(&self.object.env).await {
            self.refuse_all(&refused);
        }
    }

    /// Refuses every command: the pusher may not push.
    fn refuse_all(&mut self, refused: &ErrorReply) {
        reply::log_fault(refused);
        let reason = refused.message.clone();
        self.updates
            .reject_open(&Rejection::NotPermitted { reason });
    }

    /// Notes the ids that the refs of the push name, so that its bases are found without a look at all refs.
    pub(super) fn note_own_refs(&self) -> Result<(), StoreError> {
        let mut open = self.updates.open().take(OWN_REFS_MAX);
        open.try_for_each(|update| self.store.note_target_of(update.command.name.as_bstr()))
    }

    /// The packs that its objects may build on.
    pub(super) fn packs(&self) -> Result<LivePacks<Rc<Store>>, StoreError> {
        let brought = self.brought.as_ref().map(BroughtPack::record);
        LivePacks::open_with(Rc::clone(&self.store), &self.limits, brought)
    }

    /// The counts by which memory is reserved for its pack, if that has arrived.
    pub(super) fn pack_counts(&self) -> PackCounts {
        match &self.arrived {
            Some(Ok(arrived)) => arrived.counts(),
            _ => PackCounts::default(),
        }
    }
}
