//! The steps of a namespace's object, or of the registry, for requests with an `Idempotency-Key`.

use super::contract::{BeginOnce, EndOnce, OnceBegun};
use super::step_error::StepError;
use crate::storage::db::schema::Schema;
use crate::storage::db::sql::Database;
use crate::storage::namespace::idempotency::{Attempt, Begun, IdempotencyStore};

/// Begins a request.
pub(crate) fn begin<D: Database>(
    db: &D,
    schema: Schema,
    begin: &BeginOnce,
) -> Result<OnceBegun, StepError> {
    let attempt = Attempt {
        key: begin.key,
        request: begin.request,
        salt: begin.salt,
        now_ms: begin.now_ms,
    };
    let store = IdempotencyStore::new(db, schema);
    Ok(match store.begin(&attempt, begin.may_create)? {
        Begun::Yours { salt } => OnceBegun::Yours { salt },
        Begun::Answered {
            salt,
            status,
            answer,
        } => OnceBegun::Answered {
            salt,
            status,
            answer,
        },
        Begun::Running => OnceBegun::Running,
        Begun::AnotherRequest => OnceBegun::AnotherRequest,
        Begun::NoPlace => OnceBegun::NoPlace,
    })
}

/// Ends it: its answer is kept, or it may be done again.
pub(crate) fn end<D: Database>(db: &D, schema: Schema, end: &EndOnce) -> Result<(), StepError> {
    let store = IdempotencyStore::new(db, schema);
    let ended = match &end.answer {
        Some((status, answer)) => store.finish(&end.key, *status, answer),
        None => store.give_up(&end.key),
    };
    Ok(ended?)
}
