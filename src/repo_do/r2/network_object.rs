//! The Durable Object of a fork network: a thin shell over [`NetworkStore`].

// The platform's macro makes public functions that nothing can document.
#![expect(missing_docs, reason = "made by the macro `durable_object`")]

use std::iter::repeat;
use std::panic::AssertUnwindSafe;

use worker::{DurableObject, Env, Method, Request, Response, Result, State, durable_object};

use super::network::{HELD_MAX, HeldQuery, Holders, Keys, path};
use crate::repo_do::contract::{ErrorCode, ErrorReply, Holder};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::turn::Turn;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::db::schema::{self, NETWORK};
use crate::storage::jurisdiction::env_of_object;
use crate::storage::network::store::{NetworkMember, NetworkStore, Purpose, Taking};
use crate::storage::r2::binding::R2;

type Store = NetworkStore<ObjectDatabase>;

/// The variable that says for how many seconds an R2 object outlives its last holder.
const GRACE_VARIABLE: &str = "CAIRN_R2_GRACE_SECONDS";

/// The default. A client that streams the object has finished by then.
const GRACE_SECONDS: i64 = 60 * 60;

/// R2 objects removed in one run of the alarm: R2 takes no more in one request.
const REMOVALS_MAX: u32 = 1000;

/// When to try again removals that R2 refused.
const REMOVAL_RETRY_MS: i64 = 60_000;

/// How long one removal waits for another.
const REMOVAL_WAIT_MS: i64 = 15_000;

/// When to try again steps that cannot be done now.
const RETRY_SECONDS: u32 = 2;

/// The Durable Object of one fork network. Requests interleave only at awaits, and no answer has one
/// between its first read and its last write.
#[durable_object(alarm)]
pub struct NetworkDo {
    state: State,
    env: Env,
    /// One removal at a time: two would name the same keys to R2, and the slower one could remove an object
    /// whose key was taken, and which was written, after the faster one had ended.
    removal: AssertUnwindSafe<Turn>,
}

impl DurableObject for NetworkDo {
    fn new(state: State, env: Env) -> Self {
        Self {
            env: env_of_object(&state, env),
            state,
            removal: AssertUnwindSafe(Turn::of_an_alarm()),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        match self.answer(request).await {
            Ok(response) => Ok(response),
            Err(refused) => reply::refusal(&refused),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        let failed = |error: ErrorReply| {
            reply::log_fault(&error);
            worker::Error::RustError(error.message)
        };
        let store = self.store().map_err(failed)?;
        match self.remove_due(&store).await {
            Ok(()) => self.schedule(&store).await.map_err(failed)?,
            Err(error) => {
                reply::log_fault(&error);
                // Not left to the platform, which gives up after some attempts.
                self.state.storage().set_alarm(REMOVAL_RETRY_MS).await?;
            }
        }
        Response::ok("")
    }
}

impl NetworkDo {
    async fn answer(&self, mut request: Request) -> std::result::Result<Response, ErrorReply> {
        if request.method() == Method::Get && request.path() == path::HELD {
            let asked: HeldQuery = request.query().map_err(|error| internal(&error))?;
            let held = self
                .store()?
                .held_after(&asked.repository_id, &asked.after, HELD_MAX)?;
            return answered(held);
        }
        let asked: Keys = request.json().await.map_err(|error| internal(&error))?;
        let store = self.store()?;
        let (id, keys) = (asked.repository_id.as_str(), asked.keys.as_slice());
        let now_ms = now_ms();
        let due_at = now_ms.saturating_add(self.grace_ms());
        let decided = asked.at.iter().copied().chain(repeat(INTEGER_MAX));
        let releases = keys.iter().map(String::as_str).zip(decided);
        // A request that takes several keys takes them at one time.
        let taken_at = asked.at.first().copied().unwrap_or(0);
        match request.path().as_str() {
            path::TAKE => granted(store.take_at(id, keys, Purpose::Write, taken_at)?)?,
            path::SHARE => granted(store.take_at(id, keys, Purpose::Share, taken_at)?)?,
            path::SHARED => return answered(store.shared(id, keys)?),
            path::UNNAMED => return answered(store.unnamed(keys)?),
            path::UNHELD => return answered(store.unheld(id, keys)?),
            path::PURGE => {
                store.release_decided(id, releases, now_ms)?;
                store.hasten(now_ms)?;
                self.schedule(&store).await?;
                self.remove_due(&store).await?;
                self.schedule(&store).await?;
                let holders = holders(&store, id, keys)?;
                return reply::json(&Holders { holders });
            }
            path::RELEASE => store.release_decided(id, releases, due_at)?,
            path::LEAVE => store.leave(id, now_ms, due_at)?,
            path => {
                let message = format!("a network's object does not serve {path}");
                return Err(ErrorReply::new(ErrorCode::NotFound, message));
            }
        }
        if let (path::TAKE | path::SHARE, Some((namespace, name))) =
            (request.path().as_str(), asked.path)
        {
            store.note_member(&NetworkMember {
                repository_id: asked.repository_id,
                namespace,
                name,
            })?;
        }
        self.schedule(&store).await?;
        reply::json(&())
    }

    fn store(&self) -> std::result::Result<Store, ErrorReply> {
        let db = ObjectDatabase::new(&self.state.storage());
        let db = db.map_err(|error| internal(&error))?;
        schema::wake(&db, NETWORK).map_err(|error| internal(&error))?;
        Ok(NetworkStore::new(db))
    }

    fn grace_ms(&self) -> i64 {
        let set = self.env.var(GRACE_VARIABLE).ok();
        let set = set.and_then(|seconds| seconds.to_string().parse().ok());
        set.filter(|seconds| *seconds >= 0)
            .unwrap_or(GRACE_SECONDS)
            .saturating_mul(1000)
    }

    /// Removes from R2 the objects that nobody named for long enough. The next run does failed removals
    /// again: nobody gets the key in between.
    async fn remove_due(&self, store: &Store) -> std::result::Result<(), ErrorReply> {
        if store.next_due()?.is_none() {
            return Ok(());
        }
        let Some(_taken) = self.removal.take_within(REMOVAL_WAIT_MS).await else {
            let message = "objects of the network are being removed, try again";
            return Err(ErrorReply::busy(RETRY_SECONDS, message));
        };
        let keys = store.begin_removal(now_ms(), REMOVALS_MAX)?;
        if !keys.is_empty() {
            let bucket = R2::of(&self.env).map_err(|error| internal(&error))?;
            let deleted = bucket.delete_all(keys.clone()).await;
            deleted.map_err(|error| internal(&error))?;
            store.removed(&keys, now_ms())?;
        }
        Ok(store.forget_departures(now_ms())?)
    }

    /// Sets the alarm for the next removal; if nothing is left, empties the database.
    async fn schedule(&self, store: &Store) -> std::result::Result<(), ErrorReply> {
        let storage = self.state.storage();
        let done = match store.next_due()? {
            // The platform takes a number as a time from now.
            Some(due_at) => {
                let wait_ms = due_at.saturating_sub(now_ms()).max(0);
                storage.set_alarm(wait_ms).await
            }
            None if schema::is_created(store.database()).map_err(|error| internal(&error))?
                && store.is_over()? =>
            {
                storage.delete_all().await
            }
            None => Ok(()),
        };
        done.map_err(|error| internal(&error))
    }
}

/// The repositories that may still hold this one's objects: those with packs that it does not name, and
/// those that name these keys, which it gave up.
fn holders(
    store: &Store,
    id: &str,
    keys: &[String],
) -> std::result::Result<Vec<Holder>, ErrorReply> {
    let mut members = store.may_still_hold(id)?;
    members.extend(store.other_holders(id, keys)?);
    members.sort_unstable_by(|one, other| one.repository_id.cmp(&other.repository_id));
    members.dedup();
    Ok(members.into_iter().map(Into::into).collect())
}

fn answered(keys: Vec<String>) -> std::result::Result<Response, ErrorReply> {
    reply::json(&Keys {
        repository_id: String::new(),
        keys,
        at: Vec::new(),
        path: None,
    })
}

fn granted(taking: Taking) -> std::result::Result<(), ErrorReply> {
    match taking {
        Taking::Taken => Ok(()),
        Taking::Departed => {
            let message = "the repository was deleted";
            Err(ErrorReply::new(ErrorCode::NotFound, message))
        }
        Taking::Removing(key) => {
            let message = format!("the object {key} is being removed");
            Err(ErrorReply::busy(RETRY_SECONDS, message))
        }
        Taking::Unknown(key) => {
            // The source has merged its packs meanwhile: asked again, it names others.
            let message = format!("nobody names the object {key} any more");
            Err(ErrorReply::busy(RETRY_SECONDS, message))
        }
    }
}

fn internal(error: &dyn std::fmt::Display) -> ErrorReply {
    ErrorReply::new(
        ErrorCode::InternalError,
        "the account of shared packs failed",
    )
    .caused_by("network", error)
}
