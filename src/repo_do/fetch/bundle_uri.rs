//! The bundle that is kept in R2, told to clients: the command `bundle-uri` of version 2, the same as a
//! list that any URL may name, and where its bytes are.
//!
//! Specification: <https://git-scm.com/docs/bundle-uri>.
//!
//! A bundle stays when refs move on, as long as they reach all that it has. So nobody gets anything by
//! it that a clone would not give, and it lacks everything that a rewritten branch or a purge has taken away.

use std::rc::Rc;

use gix_hash::ObjectId;
use worker::Response;

use super::bundle::tips_of;
use super::signed_url::{self, Signed};
use crate::git::protocol::pktline;
use crate::git::upload_pack::full_clone;
use crate::repo_do::contract::{BundlePlace, ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::schedule;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{Bucket as _, BucketError};
use crate::storage::repository::bundles::StoredBundle;
use crate::storage::repository::store::RepositoryRecord;

/// The settings of the list.
const SETTINGS: [(&str, &str); 3] = [
    ("version", "1"),
    ("mode", "all"),
    ("heuristic", "creationToken"),
];

/// The answer to the command `bundle-uri`. Git takes a relative URI of this answer for a file of its own,
/// so it gets whole ones, below the repository's URL.
pub(crate) async fn command(
    object: &RepoObject,
    store: &Rc<Store>,
    record: &RepositoryRecord,
    remote: Option<&str>,
) -> Result<Vec<u8>, ErrorReply> {
    let mut out = Vec::new();
    if let Some(bundle) = offered(object, store, record).await? {
        for (key, value) in SETTINGS {
            pktline::text(&[format!("bundle.{key}={value}").as_bytes()], &mut out);
        }
        let remote = remote
            .map(|remote| format!("{remote}/"))
            .unwrap_or_default();
        let uri = format!("{remote}{}", uri(object, record, &bundle)?);
        // In lower case as git's server sends it, and as git reads it here, though not in a list.
        for (key, value) in [("uri", uri), ("creationtoken", bundle.made_at.to_string())] {
            let line = format!("bundle.{}.{key}={value}", name(&bundle));
            pktline::text(&[line.as_bytes()], &mut out);
        }
    }
    pktline::flush(&mut out);
    Ok(out)
}

/// `GET /git/bundles`: the same in the form of Git's configuration, with a URI that is relative to the
/// list's URL: it needs no setting, and passes every proxy. Without a bundle the list is empty.
pub(crate) async fn list(
    object: &RepoObject,
    store: &Rc<Store>,
    record: &RepositoryRecord,
) -> Answer {
    let mut lines = vec!["[bundle]\n".to_owned()];
    lines.extend(SETTINGS.map(|(key, value)| format!("\t{key} = {value}\n")));
    if let Some(bundle) = offered(object, store, record).await? {
        let (name, uri) = (name(&bundle), uri(object, record, &bundle)?);
        let made_at = bundle.made_at;
        lines.push(format!(
            "[bundle \"{name}\"]\n\turi = {uri}\n\tcreationToken = {made_at}\n"
        ));
    }
    Ok(Response::ok(lines.concat())?)
}

/// `GET /git/bundles/<time>`: where the bytes of the bundle are that is offered, for a caller who may have
/// it.
pub(crate) async fn place(
    object: &RepoObject,
    store: &Rc<Store>,
    record: &RepositoryRecord,
    made_at: i64,
) -> Answer {
    let gone = || ErrorReply::new(ErrorCode::NotFound, "there is no such bundle any more");
    let offered = offered(object, store, record).await?;
    let bundle = offered
        .filter(|bundle| bundle.made_at == made_at)
        .ok_or_else(gone)?;
    let bucket = R2::of(&object.env).map_err(SnapshotError::from)?;
    let found = bucket.look(&bundle.r2_key).await;
    match found.map_err(SnapshotError::from)? {
        Some((bytes, etag)) if bytes == bundle.bytes => reply::json(&BundlePlace {
            r2_key: bundle.r2_key,
            bytes,
            etag,
            is_public: record.settings.public,
        }),
        found => {
            let message = format!(
                "bundle {} is not as it was written: {found:?}",
                bundle.r2_key
            );
            forget(object, store, record, &message).await?;
            Err(gone())
        }
    }
}

/// Whether a query opens a bundle of this repository.
pub(crate) fn is_opened_by(
    object: &RepoObject,
    repository_id: &str,
    made_at: i64,
    query: &str,
) -> bool {
    let signed = Signed {
        repository_id,
        made_at,
        life_seconds: life_seconds(object),
    };
    let key = object.bundle.url_key();
    key.is_ok_and(|key| signed.is_opened_by(query, &key, now_ms()))
}

/// Where a bundle is, relative to the repository's URL.
fn uri(
    object: &RepoObject,
    record: &RepositoryRecord,
    bundle: &StoredBundle,
) -> Result<String, ErrorReply> {
    let made_at = bundle.made_at;
    let mut uri = format!("bundles/{made_at}");
    if !record.settings.public {
        let repository_id = &record.id;
        let signed = Signed {
            repository_id,
            made_at,
            life_seconds: life_seconds(object),
        };
        if let Some(query) = signed.query(&object.bundle.url_key()?, now_ms()) {
            uri.push('?');
            uri.push_str(&query);
        }
    }
    Ok(uri)
}

/// How long the URLs of this deployment open a bundle.
fn life_seconds(object: &RepoObject) -> i64 {
    signed_url::life_seconds(object.variable(signed_url::LIFE_VARIABLE).as_deref())
}

/// The name of a bundle in the list.
fn name(bundle: &StoredBundle) -> String {
    format!("all-{}", bundle.made_at)
}

/// The bundle that is there, if refs reach all that it has.
async fn offered(
    object: &RepoObject,
    store: &Rc<Store>,
    record: &RepositoryRecord,
) -> Result<Option<StoredBundle>, ErrorReply> {
    let Some(bundle) = store.bundle(&record.id)? else {
        return Ok(None);
    };
    let is_reached = is_reached(object, store, record, &bundle).await?;
    Ok(Some(bundle).filter(|_| is_reached))
}

/// Whether branches and tags reach now all that the bundle has. One that cannot be read is forgotten.
pub(crate) async fn is_reached(
    object: &RepoObject,
    store: &Rc<Store>,
    record: &RepositoryRecord,
    bundle: &StoredBundle,
) -> Result<bool, ErrorReply> {
    let named = match object.bundle.tips(&bundle.r2_key) {
        Some(tips) => tips,
        None => match read_tips(object, bundle).await {
            Ok(tips) => tips,
            Err(error) => {
                forget(object, store, record, &error.to_string()).await?;
                return Ok(false);
            }
        },
    };
    // Refs as they are after the wait.
    let tips = store.cloned_tips()?;
    Ok(full_clone::has_all(
        &object.graph.current(store)?,
        &tips,
        &named,
    )?)
}

/// Reads which objects the refs of a bundle name.
async fn read_tips(
    object: &RepoObject,
    bundle: &StoredBundle,
) -> Result<Rc<[ObjectId]>, BucketError> {
    let key = &bundle.r2_key;
    let head = R2::of(&object.env)?.read(key, 0..bundle.head_bytes).await?;
    let tips = tips_of(&head).ok_or_else(|| BucketError::Short {
        key: key.clone(),
        start: 0,
        end: bundle.head_bytes,
    })?;
    let tips = Rc::from(tips);
    object.bundle.note_tips(key, &tips);
    Ok(tips)
}

/// Forgets a bundle that R2 has lost or has other bytes of; the alarm makes another.
async fn forget(
    object: &RepoObject,
    store: &Store,
    record: &RepositoryRecord,
    why: &str,
) -> Result<(), ErrorReply> {
    fault_log::error("r2", &why);
    let now_ms = now_ms();
    if object.is_open(store) {
        store.drop_bundles(&record.id, now_ms)?;
        schedule::copies_due(object, now_ms);
        schedule::wake_or_log(object, now_ms).await;
    }
    Ok(())
}
