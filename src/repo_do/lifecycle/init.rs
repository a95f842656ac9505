//! A repository is made.

use std::rc::Rc;

use serde_json::{Value, json};
use worker::Request;

use super::{deletion, expiry};
use crate::git::refname::HEADS;
use crate::git::store::StoreError;
use crate::repo_do::contract::{CreateRepository, ErrorCode, ErrorReply};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::caller::Caller;
use crate::repo_do::request::info::info;
use crate::repo_do::request::tokens::insert_token;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::NewRepository;

/// `POST /init`.
pub(crate) async fn init(
    object: &Rc<RepoObject>,
    caller: &Caller,
    request: Request,
    account: &Account,
) -> Answer {
    caller.check_maker()?;
    let new: CreateRepository = body(request).await?;
    deletion::settle(object).await?;
    tell::prepare(object).await;
    // All of that was awaited: another request may have made the repository meanwhile.
    let store = &*object.store()?;
    if store.load()?.is_none() {
        let doer = Doer::caller(caller, account);
        in_transaction(store.database(), || {
            create(store, &new)?;
            let more = first_token(&new);
            tell::append_repository(store, EventKind::Created, doer.clone(), &more)
        })?;
        tell::written_and_sent(object).await;
        expiry::arm(object, store).await;
    }
    let record = store
        .load()?
        .filter(|record| record.id == new.repository_id && record.phase == Phase::Ready);
    let taken = || ErrorReply::new(ErrorCode::AlreadyExists, "the repository exists already");
    info(object, store, record.ok_or_else(taken)?)
}

/// Makes the repository, with its first token.
pub(crate) fn create(store: &Store, new: &CreateRepository) -> Result<(), StoreError> {
    let head = head_of(new);
    in_transaction(store.database(), || {
        store.create(&new_repository(new, &head))?;
        store.set_standing(&new.standing)?;
        store.set_lifetime(&new.lifetime)?;
        set_rules(store, new)?;
        insert_token(store, &new.token)
    })
}

/// Sets the rules about refs that a new repository begins with.
pub(crate) fn set_rules(store: &Store, new: &CreateRepository) -> Result<(), StoreError> {
    if new.ref_rules.is_empty() {
        return Ok(());
    }
    store.set_ref_rules(&new.ref_rules, new.now_ms)
}

/// The first token of a new repository, as the repository's event tells it.
pub(crate) fn first_token(new: &CreateRepository) -> Value {
    json!({"tokenId": new.token.token_id})
}

/// The full refname in a new repository's HEAD.
pub(crate) fn head_of(new: &CreateRepository) -> String {
    format!("{HEADS}{}", new.default_branch)
}

/// The record of a new repository.
pub(crate) fn new_repository<'a>(new: &'a CreateRepository, head: &'a str) -> NewRepository<'a> {
    NewRepository {
        id: &new.repository_id,
        namespace: &new.namespace,
        name: &new.name,
        description: new.description.as_deref().unwrap_or_default(),
        head: head.into(),
        read_only: new.read_only,
        public: new.public,
        fsck_strict: new.fsck_strict.unwrap_or_default(),
        source: new.source.as_deref(),
        now_ms: new.now_ms,
    }
}
