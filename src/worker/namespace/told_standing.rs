//! The objects of the namespace's repositories, told how the namespace stands.
//!
//! They hear of it a page at a time, in the order of their names; how far that has come stands in the
//! namespace's row, so that the alarm goes on where an object ended. An object that does not answer
//! holds the place, but does not hold up those behind it.

use std::rc::Rc;

use futures::future::join_all;
use worker::Env;
use worker::wasm_bindgen_futures::spawn_local;

use super::contract::CREATE_SECONDS_MAX;
use super::state::NamespaceState;
use crate::repo_do::contract::{
    Actor, ErrorCode, ErrorReply, Standing, StandingTaken, TakeStanding, ToldBytes, header,
    object_name, path,
};
use crate::repo_do::runtime::timer;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::fault_log;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::standing::Untold;
use crate::storage::namespace::store::{NamespaceStore, RepositoryState};
use crate::worker::durable::alarm::now_ms;
use crate::worker::durable::message;

type Store = NamespaceStore<ObjectDatabase>;

/// The binding of the repositories' objects.
const REPOSITORIES: &str = "REPO";

/// Objects that get messages at the same time.
const AT_ONCE: u32 = 16;

/// Objects that one run tells: a request of the platform's may make a thousand.
const RUN_OBJECTS_MAX: usize = 512;

/// How long an object may take to answer.
const ANSWER_MS: u32 = 10_000;

/// How long a request waits for the objects to be told.
const REQUEST_MS: i64 = 10_000;

/// When a run goes on that has told as many as it may.
const GO_ON_MS: i64 = 1;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Every repository knows how the namespace stands.
    AllKnow,
    /// There are more.
    More,
    /// Some did not answer.
    SomeFailed,
}

/// Whether any repository is still to be told.
pub(crate) fn has_work(store: &Store) -> Result<bool, EntryError> {
    Ok(store.standing_told()?.is_some())
}

/// Tells the repositories while a request waits for it, as long as a request may wait. The object tells the
/// rest afterwards. Its turn keeps the background from telling them a second time.
pub(crate) async fn tell_now(state: &NamespaceState) {
    let turn = state.standing.begin(now_ms());
    let until_ms = now_ms().saturating_add(REQUEST_MS);
    let ended = run(state, until_ms).await;
    // Another run that is under way orders the next run by itself.
    if turn.is_some() {
        order_next(state, ended).await;
    } else if let Err(error) = ended {
        fault_log::error("standing", &error);
    }
}

/// Begins to tell them while nobody waits.
pub(crate) fn begin(state: &Rc<NamespaceState>) {
    let state = Rc::clone(state);
    spawn_local(async move { go_on(&state).await });
}

async fn go_on(state: &NamespaceState) {
    let Some(_run) = state.standing.begin(now_ms()) else {
        return;
    };
    let ended = run(state, i64::MAX).await;
    order_next(state, ended).await;
}

/// Sets the alarm if a run has left work.
async fn order_next(state: &NamespaceState, ended: Result<End, EntryError>) {
    let after_ms = match ended {
        Ok(End::AllKnow) => return state.standing.backoff.succeeded(),
        Ok(End::More) => GO_ON_MS,
        Ok(End::SomeFailed) => state.standing.backoff.failed(),
        Err(error) => {
            fault_log::error("standing", &error);
            state.standing.backoff.failed()
        }
    };
    if let Err(error) = state.wake_by(now_ms().saturating_add(after_ms)).await {
        fault_log::error("alarm", &error);
    }
}

/// Tells page after page. Another version that comes meanwhile begins it from the first name.
async fn run(state: &NamespaceState, until_ms: i64) -> Result<End, EntryError> {
    let mut told = 0_usize;
    loop {
        let Some(pass) = Pass::begin(state)? else {
            return Ok(End::AllKnow);
        };
        if let Some(end) = pass.run(state, until_ms, &mut told).await? {
            return Ok(end);
        }
    }
}

/// A walk over the names with one version.
struct Pass {
    namespace: String,
    standing: Standing,
    /// As it is noted: everybody up to here knows the version.
    noted: String,
    /// The name behind which the next page begins.
    place: String,
    has_failures: bool,
}

impl Pass {
    fn begin(state: &NamespaceState) -> Result<Option<Self>, EntryError> {
        let Some(store) = state.store()? else {
            return Ok(None);
        };
        let Some(noted) = store.standing_told()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            namespace: store.shown_name()?.unwrap_or_default(),
            standing: store.standing()?,
            place: noted.clone(),
            noted,
            has_failures: false,
        }))
    }

    /// `None` when it must begin again.
    async fn run(
        mut self,
        state: &NamespaceState,
        until_ms: i64,
        told: &mut usize,
    ) -> Result<Option<End>, EntryError> {
        loop {
            // The namespace may be gone since the last page.
            let Some(store) = state.store()? else {
                return Ok(Some(End::AllKnow));
            };
            let page = store.untold_standing(&self.place, AT_ONCE)?;
            let Some(last) = page.last() else {
                if self.has_failures {
                    return Ok(Some(End::SomeFailed));
                }
                store.note_standing_told_to_all(self.standing.version, &self.noted)?;
                // Unless the place went back, or there is another version.
                return Ok(None);
            };
            self.place.clone_from(&last.name_key);
            let answers = page.iter().map(|untold| self.tell(&state.env, untold));
            let answers = join_all(answers).await;
            *told = told.saturating_add(page.len());
            let Some(store) = state.store()? else {
                return Ok(Some(End::AllKnow));
            };
            for answer in answers {
                match answer {
                    Ok(None) => {}
                    Ok(Some(told)) => {
                        let ToldBytes {
                            repository_id: id,
                            size_bytes,
                            lfs_bytes,
                        } = told;
                        store.note_quota_bytes(&id, size_bytes, lfs_bytes)?;
                    }
                    Err(error) => {
                        fault_log::warning("standing", &error.cause());
                        self.has_failures = true;
                    }
                }
            }
            if !self.has_failures {
                let span = (self.noted.as_str(), self.place.as_str());
                store.note_standing_told(self.standing.version, span)?;
                self.noted.clone_from(&self.place);
            }
            if *told >= RUN_OBJECTS_MAX || now_ms() >= until_ms {
                return Ok(Some(End::More));
            }
            let is_as_noted = store.standing_told()?.as_ref() == Some(&self.noted);
            if store.standing()?.version != self.standing.version || !is_as_noted {
                return Ok(None);
            }
        }
    }

    /// Tells one repository; its bytes, if the namespace must count them. One that is being made hears of it
    /// when it is there: it may have begun with an older version.
    async fn tell(&self, env: &Env, untold: &Untold) -> Result<Option<ToldBytes>, ErrorReply> {
        let name = object_name(&self.namespace, &untold.name_key);
        let taken = post(env, &name, &self.message()).await?;
        let age_ms = now_ms().saturating_sub(untold.created_at);
        let is_being_made = untold.state == RepositoryState::Creating
            && age_ms < CREATE_SECONDS_MAX.saturating_mul(1000);
        if !taken.is_here && is_being_made {
            return Err(no_answer(&format!("{name} is being made")));
        }
        Ok(taken.bytes)
    }

    fn message(&self) -> TakeStanding {
        TakeStanding {
            namespace: self.namespace.clone(),
            standing: self.standing,
        }
    }
}

async fn post(env: &Env, name: &str, told: &TakeStanding) -> Result<StandingTaken, ErrorReply> {
    let actor = Actor::Operator.to_string();
    // By its name the object of a repository that was renamed finds where it is.
    let headers = [(header::ACTOR, actor.as_str()), (header::REPOSITORY, name)];
    let sent = message::post_with(env, (REPOSITORIES, name), path::STANDING, told, &headers);
    let answer = timer::within(ANSWER_MS, sent).await;
    let answer = answer.ok_or_else(|| no_answer(&format!("{name} took more than {ANSWER_MS} ms")));
    match answer?.map_err(|error| no_answer(&format!("{name}: {error}")))? {
        (200, body) => message::read(&body),
        (status, _) => Err(no_answer(&format!("{name}: status {status}"))),
    }
}

fn no_answer(cause: &str) -> ErrorReply {
    let message = "a repository's object did not answer";
    ErrorReply::new(ErrorCode::Unavailable, message).caused_by("standing", &cause)
}
