//! One page of an import's objects of Git LFS: the remote is asked for all of them at once, and each
//! is streamed from there to R2, which checks its digest.

use std::pin::pin;

use futures::{StreamExt as _, stream};
use worker::AbortController;

use super::super::attempt::{Attempt, busy};
use super::super::error::ImportError;
use super::batch::{Answer, Link};
use super::remote::{LfsRemote, Miss};
use crate::git::lfs::{LfsOid, Pointer};
use crate::repo_do::lfs::keys::take_keys;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer;
use crate::storage::db::sql::in_transaction;
use crate::storage::fault_log;
use crate::storage::network::store::Purpose;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{BucketError, lfs_key};
use crate::storage::repository::store::RepositoryRecord;

/// Bytes that a page holds: the remote's answer as text and as values, and then the links of it. The
/// objects themselves never come here.
const ANSWER_BYTES: u64 = 6 << 20;
const LINKS_BYTES: u64 = 1 << 20;

/// Objects on their way at once: each has two of the six connections that the platform allows.
const AT_ONCE: usize = 3;

/// How long a page begins objects. An object that begins last may take [`OBJECT_MS_MAX`], and an alarm has 15
/// minutes.
const BEGIN_MS: i64 = 60_000;

/// How long one object may take: a minute, and its bytes at 64 KiB a second.
const OBJECT_MS: u64 = 60_000;
const OBJECT_BYTES_PER_MS: u64 = 64;
const OBJECT_MS_MAX: u64 = 10 * 60_000;

/// How often the alarm checks whether the import is still wanted.
const ALIVE_MS: u32 = 2_000;

/// Bytes that an import takes in all.
const IMPORT_BYTES_MAX: u64 = 1 << 40;

/// The variables that set another first part of that time, and another bound of bytes.
const OBJECT_MS_VARIABLE: &str = "CAIRN_IMPORT_LFS_OBJECT_MS";
const IMPORT_BYTES_VARIABLE: &str = "CAIRN_IMPORT_LFS_BYTES_MAX";

/// The result of a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The last object that was asked for: all before it were, too. `None`: no time was left.
    pub(super) last: Option<LfsOid>,
    /// Objects that are here now.
    pub(super) taken: u64,
    /// Objects that will not come, and why.
    pub(super) refused: Vec<(LfsOid, String)>,
    /// Objects that may come later, and why not now.
    pub(super) later: Vec<(LfsOid, String)>,
}

/// The result for one object.
enum Taken {
    Here,
    Missed(Miss),
    /// There was no time left to begin it.
    NotBegun,
}

/// The surroundings that the objects of a page share.
struct Surroundings<'a> {
    record: &'a RepositoryRecord,
    remote: &'a LfsRemote,
    bucket: &'a R2,
    begin_until_ms: i64,
}

impl Surroundings<'_> {
    fn key(&self, oid: &LfsOid) -> String {
        lfs_key(self.record.network(), oid)
    }
}

impl Attempt {
    /// Takes as many of these objects as it can.
    pub(super) async fn take_page(
        &self,
        remote: &LfsRemote,
        objects: &[Pointer],
    ) -> Result<Page, ImportError> {
        let mut reservation = reserve(ANSWER_BYTES).await.map_err(busy)?;
        self.check_alive()?;
        let answers = remote.batch(objects).await?;
        self.check_alive()?;
        reservation.shrink_to(LINKS_BYTES);
        let record = self.store.load()?.ok_or(ImportError::Deleted)?;
        let bucket = R2::of(&self.object.env);
        let bucket = bucket.map_err(|error| ImportError::GivenUp(error.to_string()))?;
        let around = Surroundings {
            record: &record,
            remote,
            bucket: &bucket,
            begin_until_ms: now_ms().saturating_add(BEGIN_MS),
        };
        let mut page = Page::default();
        let mut links = Vec::new();
        let bytes_max = self
            .number(IMPORT_BYTES_VARIABLE)
            .unwrap_or(IMPORT_BYTES_MAX);
        let mut bytes = self.store.lfs_totals()?.bytes;
        let bound = self.bound().await?;
        let mut added = 0_u64;
        for (pointer, answer) in objects.iter().zip(answers) {
            match answer {
                Answer::Link(link) if bytes.saturating_add(link.bytes) > bytes_max => {
                    let reason = format!("an import takes at most {bytes_max} bytes of git lfs");
                    page.refused.push((pointer.oid, reason));
                }
                Answer::Link(link) => {
                    let more = added.saturating_add(link.bytes);
                    if let Some(Err(exceeded)) = bound.map(|bound| bound.check(more)) {
                        page.refused.push((pointer.oid, exceeded.to_string()));
                        continue;
                    }
                    added = more;
                    bytes = bytes.saturating_add(link.bytes);
                    links.push(link);
                }
                Answer::Refused(reason) => page.refused.push((pointer.oid, reason)),
                Answer::Later(reason) => page.later.push((pointer.oid, reason)),
            }
        }
        let _hold = match self.claim_room(added).await {
            Err(ImportError::Quota(exceeded)) => {
                let refused = links.drain(..).map(|link| (link.oid, exceeded.to_string()));
                page.refused.extend(refused);
                None
            }
            claimed => claimed?,
        };
        self.begin(&around, &links).await?;
        let taking = links.iter().map(|link| self.take(&around, link));
        let mut taking = stream::iter(taking).buffer_unordered(AT_ONCE);
        let mut first_left: Option<LfsOid> = None;
        while let Some((oid, taken)) = taking.next().await {
            self.check_alive()?;
            match taken? {
                Taken::Here => page.taken = page.taken.saturating_add(1),
                Taken::Missed(Miss::Refused(reason)) => page.refused.push((oid, reason)),
                Taken::Missed(Miss::Later(reason)) => page.later.push((oid, reason)),
                Taken::NotBegun => {
                    first_left = Some(first_left.map_or(oid, |first| first.min(oid)));
                }
            }
        }
        // They are asked for, and begun, in the order of their names.
        let is_asked = |oid: &LfsOid| first_left.is_none_or(|first| *oid < first);
        page.refused.retain(|(oid, _)| is_asked(oid));
        page.later.retain(|(oid, _)| is_asked(oid));
        let asked = objects.iter().map(|object| object.oid).filter(is_asked);
        page.last = asked.max();
        Ok(page)
    }

    /// Notes the objects, and then has the network's account name their keys.
    async fn begin(&self, around: &Surroundings<'_>, links: &[Link]) -> Result<(), ImportError> {
        let begun = in_transaction(self.store.database(), || {
            let begin = |link: &Link| {
                let (named, key) = ((&link.oid, link.bytes), around.key(&link.oid));
                self.store.begin_lfs_object(named, &key, now_ms())
            };
            links.iter().map(begin).collect::<Result<Vec<_>, _>>()
        })?;
        let taken = take_keys(
            &self.object.env,
            &self.store,
            around.record,
            (&begun, Purpose::Write),
        )
        .await;
        self.check_alive()?;
        taken.map_err(|error| ImportError::Unavailable(error.message))
    }

    /// Streams one object to R2; once it is there, the repository has it.
    async fn take(
        &self,
        around: &Surroundings<'_>,
        link: &Link,
    ) -> (LfsOid, Result<Taken, ImportError>) {
        (link.oid, self.try_take(around, link).await)
    }

    async fn try_take(&self, around: &Surroundings<'_>, link: &Link) -> Result<Taken, ImportError> {
        if now_ms() > around.begin_until_ms || !around.remote.may_ask() {
            return Ok(Taken::NotBegun);
        }
        let abort = AbortController::default();
        let allowed_ms = self.allowed_ms(link.bytes);
        let stored = self.within(allowed_ms, store(around, link, &abort)).await;
        let Some(stored) = stored else {
            abort.abort();
            self.check_alive()?;
            let reason = format!("the remote sends too slowly: it took more than {allowed_ms} ms");
            return Ok(Taken::Missed(Miss::Later(reason)));
        };
        self.check_alive()?;
        if let Err(miss) = stored {
            return Ok(Taken::Missed(miss));
        }
        let named = (&link.oid, link.bytes);
        self.store.finish_wanted_lfs_object(named, now_ms())?;
        self.object.import.update(|progress| {
            progress.lfs_objects = progress.lfs_objects.saturating_add(1);
            progress.lfs_bytes = progress.lfs_bytes.saturating_add(link.bytes);
        });
        Ok(Taken::Here)
    }

    /// The output of a future; `None` if it takes longer, or if nobody wants it any more.
    async fn within<T>(&self, milliseconds: u32, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut left_ms = milliseconds;
        while left_ms > 0 && self.check_alive().is_ok() {
            let slice_ms = left_ms.min(ALIVE_MS);
            if let Some(output) = timer::within(slice_ms, future.as_mut()).await {
                return Some(output);
            }
            left_ms = left_ms.saturating_sub(slice_ms);
        }
        None
    }

    fn allowed_ms(&self, bytes: u64) -> u32 {
        let own_ms = self.number(OBJECT_MS_VARIABLE).unwrap_or(OBJECT_MS);
        let allowed_ms = own_ms.saturating_add(bytes / OBJECT_BYTES_PER_MS);
        u32::try_from(allowed_ms.min(OBJECT_MS_MAX)).unwrap_or(u32::MAX)
    }

    fn number(&self, variable: &str) -> Option<u64> {
        let variable = self.object.variable(variable);
        variable.and_then(|text| text.parse().ok())
    }
}

/// Streams an object from the remote to R2. No byte of it comes here.
async fn store(
    around: &Surroundings<'_>,
    link: &Link,
    abort: &AbortController,
) -> Result<(), Miss> {
    let body = around.remote.open(link, abort).await?;
    let key = around.key(&link.oid);
    let put = around
        .bucket
        .put_verified(&key, body, link.bytes, link.oid.as_bytes());
    put.await.map_err(|error| missed(&error, link.bytes))
}

/// R2 did not take the bytes; the key in its words would say nothing to a reader of this.
fn missed(error: &BucketError, bytes: u64) -> Miss {
    match error {
        BucketError::OtherDigest { .. } => {
            Miss::Refused("the remote sends other bytes: their sha-256 differs".to_owned())
        }
        BucketError::OtherLength { .. } => Miss::Later(format!(
            "the remote does not send the {bytes} bytes that it has"
        )),
        error => {
            fault_log::warning("import", error);
            Miss::Later("its transfer from the remote to r2 broke off".to_owned())
        }
    }
}
