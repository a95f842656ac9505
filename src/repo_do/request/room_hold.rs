//! Bytes claimed at the namespace: it counts them as the repository's from the answer on, until the
//! request is over. So requests at the same moment cannot exceed its bound together.
//!
//! Where the namespace has no bound, nothing is asked and nothing is held.

use std::collections::HashSet;
use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::Env;
use worker::wasm_bindgen_futures::spawn_local;

use super::quota::{Quota, QuotaExceeded};
use crate::git::lfs::Pointer;
use crate::git::store::StoreError;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::quota::{
    AskClaim, AskRoom, CLAIM_MS, NAMESPACE_ROOM, NAMESPACE_ROOM_TOLD, Room, TellRoom,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::namespace::{ask_namespace, tell_namespace};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;
use crate::storage::repository::store::RepositoryRecord;

/// A claim, until it is dropped: then the namespace hears the repository's sizes.
pub(crate) struct RoomHold {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    namespace: String,
    repository_id: String,
    number: i64,
    bytes: u64,
    since_ms: i64,
    /// The namespace has refused it, and so counts nothing.
    is_refused: bool,
}

/// Why bytes could not be claimed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// The namespace has no room for them.
    #[error(transparent)]
    Exceeded(#[from] QuotaExceeded),
    /// The namespace does not answer, or the store fails.
    #[error("{}", .0.message)]
    Failed(ErrorReply),
}

impl From<ErrorReply> for ClaimError {
    fn from(error: ErrorReply) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for ClaimError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ClaimError> for ErrorReply {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Exceeded(error) => error.into(),
            ClaimError::Failed(error) => error,
        }
    }
}

/// The repository that claims.
#[derive(Clone, Copy)]
pub(crate) struct Claimant<'a> {
    pub(crate) object: &'a Rc<RepoObject>,
    pub(crate) store: &'a Rc<Store>,
    pub(crate) record: &'a RepositoryRecord,
}

impl Claimant<'_> {
    /// Asks how many bytes the namespace has, and claims those that a client announces. If they are too
    /// many, nothing is held, and the quota says so later.
    pub(crate) async fn ask(
        self,
        announced: Option<u64>,
    ) -> Result<(Quota, Option<RoomHold>), ErrorReply> {
        if !self.record.policies.standing.has_quota {
            return Ok((Quota::default(), None));
        }
        let here = self.store.quota_bytes()?;
        let (room, hold) = self.send(here, announced).await?;
        Ok((Quota::of(&room), hold))
    }

    /// Claims bytes that are about to be published.
    pub(crate) async fn claim(self, more: u64) -> Result<Option<RoomHold>, ClaimError> {
        if !self.record.policies.standing.has_quota || more == 0 {
            return Ok(None);
        }
        self.claim_beside(self.store.quota_bytes()?, more).await
    }

    /// Claims the bytes of those objects of Git LFS that the repository lacks.
    pub(crate) async fn claim_objects(
        self,
        objects: impl IntoIterator<Item = Pointer>,
    ) -> Result<Option<RoomHold>, ClaimError> {
        if !self.record.policies.standing.has_quota {
            return Ok(None);
        }
        let more = lacking_bytes(self.store, objects)?;
        self.claim(more).await
    }

    /// Claims all bytes of a repository that the namespace does not count yet.
    pub(crate) async fn claim_all(self) -> Result<Option<RoomHold>, ClaimError> {
        let here = self.store.quota_bytes()?;
        if !self.record.policies.standing.has_quota || here == 0 {
            return Ok(None);
        }
        self.claim_beside(0, here).await
    }

    /// Claims bytes beside those that the namespace counts as the repository's.
    async fn claim_beside(self, here: u64, more: u64) -> Result<Option<RoomHold>, ClaimError> {
        let (room, hold) = self.send(here, Some(more)).await?;
        if !room.is_granted
            && let Some(bound) = Quota::of(&room).namespace_bound(here)
        {
            bound.check(more)?;
        }
        Ok(hold)
    }

    fn send(
        self,
        here: u64,
        more: Option<u64>,
    ) -> LocalBoxFuture<'static, Result<(Room, Option<RoomHold>), ErrorReply>> {
        let mut hold = more.map(|bytes| RoomHold::begin(self, bytes));
        let since_ms = now_ms().saturating_sub(CLAIM_MS);
        let question = AskRoom {
            repository_id: self.record.id.clone(),
            here,
            claim: hold.as_ref().map(RoomHold::asked),
            running: self.object.room_claims.running(since_ms),
        };
        let (env, namespace) = (self.object.env.clone(), self.record.namespace.clone());
        let sent = async move {
            let asked = ask_namespace(&env, &namespace, NAMESPACE_ROOM, &question);
            let room: Room = asked.await?;
            if !room.is_granted
                && let Some(mut refused) = hold.take()
            {
                refused.is_refused = true;
            }
            Ok((room, hold))
        };
        sent.boxed_local()
    }
}

/// The bytes of those objects that the repository lacks.
pub(crate) fn lacking_bytes(
    store: &Store,
    objects: impl IntoIterator<Item = Pointer>,
) -> Result<u64, StoreError> {
    let (mut seen, mut more) = (HashSet::new(), 0_u64);
    for Pointer { oid, size } in objects {
        if seen.insert(oid) && store.stored_lfs_object(&oid)?.is_none() {
            more = more.saturating_add(size);
        }
    }
    Ok(more)
}

impl RoomHold {
    fn begin(claimant: Claimant<'_>, bytes: u64) -> Self {
        let Claimant {
            object,
            store,
            record,
        } = claimant;
        let since_ms = now_ms();
        Self {
            object: Rc::clone(object),
            store: Rc::clone(store),
            namespace: record.namespace.clone(),
            repository_id: record.id.clone(),
            number: object.room_claims.begin(since_ms),
            bytes,
            since_ms,
            is_refused: false,
        }
    }

    fn asked(&self) -> AskClaim {
        AskClaim {
            number: self.number,
            bytes: self.bytes,
        }
    }

    /// Whether it has so many bytes, and for some time yet.
    pub(crate) fn covers(&self, bytes: u64) -> bool {
        let age_ms = now_ms().saturating_sub(self.since_ms);
        bytes <= self.bytes && age_ms < CLAIM_MS / 2
    }

    /// The message to the namespace; `None` if the repository is gone.
    fn outcome(&self) -> Result<Option<TellRoom>, StoreError> {
        if !self.object.is_open(&self.store) {
            return Ok(None);
        }
        let (size_bytes, _) = self.store.live_sizes()?;
        Ok(Some(TellRoom {
            repository_id: self.repository_id.clone(),
            number: self.number,
            size_bytes,
            lfs_bytes: self.store.lfs_totals()?.bytes,
        }))
    }
}

impl Drop for RoomHold {
    fn drop(&mut self) {
        self.object.room_claims.end(self.number);
        if self.is_refused {
            return;
        }
        let env = self.object.env.clone();
        let namespace = std::mem::take(&mut self.namespace);
        match self.outcome() {
            Ok(None) => {}
            Ok(Some(told)) => spawn_local(async move { tell(&env, &namespace, &told).await }),
            Err(error) => fault_log::error("store", &error),
        }
    }
}

/// A claim that the namespace is not told of ends when its time is up, or with the next one.
async fn tell(env: &Env, namespace: &str, told: &TellRoom) {
    let sent = tell_namespace(env, namespace, NAMESPACE_ROOM_TOLD, told);
    if let Err(error) = sent.await {
        fault_log::warning("quota", &error);
    }
}
