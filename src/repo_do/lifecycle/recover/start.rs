//! `POST /recover`: the record read, then the repository made, empty, with its recovery left to the
//! alarm. A failure before that has written nothing.

use std::rc::Rc;

use worker::Request;

use super::super::{deletion, filling};
use super::error::RecoverError;
use super::lost;
use crate::repo_do::contract::{
    Actor, CreateRepository, ErrorCode, ErrorReply, RecoverRepository, object_name,
};
use crate::repo_do::lifecycle::init;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::request::caller::Caller;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;

/// Makes the repository and begins its recovery.
pub(crate) async fn start(object: &Rc<RepoObject>, caller: &Caller, request: Request) -> Answer {
    if caller.actor != Actor::Operator {
        let message = "only the operator recovers repositories";
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    let new: RecoverRepository = answer::body(request).await?;
    deletion::settle(object).await?;
    if object.store()?.load()?.is_none() {
        let looked = look(object, &new).await;
        looked.map_err(RecoverError::reply)?;
        let store = object.store()?;
        make(&store, &new.create, &new.lost_id)?;
        filling::begin(object).await?;
    }
    filling::made(object, &new.create.repository_id)
}

/// Reads the record, and looks whether the repository is lost.
async fn look(object: &RepoObject, new: &RecoverRepository) -> Result<(), RecoverError> {
    let record = lost::record(object, &new.lost_id).await?;
    let was = object_name(&record.repository.namespace, &record.repository.name);
    if was == object_name(&new.create.namespace, &new.create.name) {
        // It was in this very object, which is empty.
        return Ok(());
    }
    lost::check_lost(object, &record).await
}

/// Makes the repository, unless another request has made one meanwhile.
fn make(store: &Store, create: &CreateRepository, lost_id: &str) -> Result<(), ErrorReply> {
    if store.load()?.is_some() {
        return Ok(());
    }
    Ok(in_transaction(store.database(), || {
        init::create(store, create)?;
        store.begin_recovery(lost_id, now_ms())
    })?)
}
