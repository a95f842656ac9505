//! The content of a repository, as REST shows it: refs, commits, trees, blobs.
//!
//! | file | what |
//! |---|---|
//! | `about` | what the repository says of itself |
//! | `reading` | objects read while some are cold |
//! | `notes` | notes, with the memory that many of them take |
//! | `shown` | the shapes of the JSON |
//! | `history`, `log_cursor` | the log |
//! | `named` | the commit that a revision stands for |
//! | `tree` | a tree's entries, streamed |
//! | `bytes` | a blob's bytes, streamed |
//! | `large` | the bytes that a pointer of Git LFS stands for |

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};
use worker::Request;

use self::reading::Reading;
use self::shown::Form;
use super::contract::content::{ContentQuery, ENVELOPE_OPEN, envelope_close, path};
use super::contract::{ErrorCode, ErrorReply};
use super::object::RepoObject;
use super::request::account::Account;
use super::request::answer::Answer;
use super::state::reach_cache::Audience;
use super::state::store::Store;
use crate::git::content::lookup::{self, TreePath};
use crate::git::object::ObjectKind;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::content::answers::{
    enveloped, form, named, no_object, no_path, no_ref, no_route, page, parse, revision,
};
use crate::storage::repository::ref_record::RefRecord;
use crate::storage::repository::store::RepositoryRecord;

mod about;
pub(crate) mod answers;
mod bytes;
mod history;
mod large;
mod log_cursor;
mod named;
pub(crate) mod notes;
pub(crate) mod reading;
pub(crate) mod shown;
mod tree;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::CONTENT;

const REFS_DEFAULT: u32 = 100;

/// Answers a request for content. In a box: the object's dispatch would else hold all of this.
pub(crate) fn answer<'a>(
    object: &'a Rc<RepoObject>,
    store: &'a Rc<Store>,
    request: Request,
    shown: (RepositoryRecord, Audience),
    account: &'a Account,
) -> LocalBoxFuture<'a, Answer> {
    dispatch(object, store, request, shown, account).boxed_local()
}

async fn dispatch(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    (record, audience): (RepositoryRecord, Audience),
    account: &Account,
) -> Answer {
    let query: ContentQuery = request
        .query()
        .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    let route = request.path();
    if route == path::REFS {
        return refs(store, &record, &query);
    }
    if route == path::LFS {
        return large::list(store, audience, &query);
    }
    let mut reading = Reading::begin(object, store, audience).await?;
    account.note_packs(reading.packs().records().len());
    if route == path::ABOUT {
        return about::about(reading, record).await;
    }
    if route == path::LOG {
        return history::log(reading, &query, form(&request)).await;
    }
    if route == path::REVISION {
        return named::named(reading, &record, &query).await;
    }
    if let Some(id) = route.strip_prefix(path::COMMIT) {
        let id = named(id)?;
        reading.check_visible(id, || no_object("commit")).await?;
        return commit(reading, id, form(&request)).await;
    }
    if let Some(id) = route.strip_prefix(path::TREE) {
        let id = named(id)?;
        reading.check_visible(id, || no_object("tree")).await?;
        return tree::list(reading, id, &query, form(&request)).await;
    }
    let blob_id = if let Some(id) = route.strip_prefix(path::BLOB) {
        let id = named(id)?;
        reading.check_visible(id, || no_object("blob")).await?;
        id
    } else {
        let (id, file) = match route.as_str() {
            path::RAW => raw(&reading, &query)?,
            path::FILE => file(&reading, &query)?,
            _ => return Err(no_route()),
        };
        reading.check_visible(id, no_ref).await?;
        blob_at(&mut reading, id, &file).await?
    };
    if query.lfs.is_some()
        && let Some(pointer) = large::pointer(&mut reading, blob_id).await?
    {
        return large::named(store, &record, &pointer, &request);
    }
    bytes::send(reading, blob_id, &request).await
}

/// `…/refs`: `HEAD` first, then by name.
fn refs(store: &Store, record: &RepositoryRecord, query: &ContentQuery) -> Answer {
    let limit = query.limit.unwrap_or(REFS_DEFAULT);
    let prefix = query.prefix.as_deref().unwrap_or_default().as_bytes();
    let after = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let after = after.map(decode_cursor).transpose()?;
    let head_name = record.head.as_bstr();
    let head = match after {
        None if b"HEAD".starts_with(prefix) => store.shown_ref(head_name)?,
        _ => None,
    };
    let mut listed: Vec<_> = Vec::new();
    listed.extend(head.map(|head| shown::Ref::head(&head, head_name)));
    let rest = limit.saturating_sub(u32::from(!listed.is_empty()));
    // One more tells whether another page follows.
    let after = after.as_ref().map(|after| after.as_bstr());
    let mut found = listed_refs(store, prefix, after, rest.saturating_add(1))?;
    let has_more = found.len() as u64 > u64::from(rest);
    if has_more {
        found.pop();
    }
    let cursor = match (has_more, found.last()) {
        (true, Some(last)) => URL_SAFE_NO_PAD.encode(last.name.as_slice()),
        // HEAD alone fills the page: the next begins before all names.
        (true, None) => URL_SAFE_NO_PAD.encode("refs/"),
        (false, _) => String::new(),
    };
    listed.extend(found.iter().map(shown::Ref::of));
    let info = serde_json::json!({
        "cursor": cursor, "per_page": limit, "count": listed.len(),
    });
    let mut out = Vec::from(ENVELOPE_OPEN);
    let written = serde_json::to_writer(&mut out, &listed);
    written.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    out.extend_from_slice(envelope_close(Some(&info.to_string())).as_bytes());
    Ok(page(out, &cursor)?)
}

/// Refs by name. Those under `refs/ephemeral/` are listed to who asks for nothing else.
fn listed_refs(
    store: &Store,
    prefix: &[u8],
    after: Option<&BStr>,
    limit: u32,
) -> Result<Vec<RefRecord>, StoreError> {
    let mut listed = store.refs(prefix, after, limit)?;
    let is_hidden = |found: &RefRecord| refname::is_ephemeral(found.name.as_bstr());
    let first = listed.iter().position(is_hidden);
    let Some(first) = first.filter(|_| !refname::is_ephemeral(prefix.into())) else {
        return Ok(listed);
    };
    listed.truncate(first);
    let left = u32::try_from(first).map_or(0, |count| limit.saturating_sub(count));
    let behind = Some(refname::BEHIND_EPHEMERAL.into());
    listed.extend(store.refs(prefix, behind, left)?);
    Ok(listed)
}

fn decode_cursor(cursor: &str) -> Result<BString, ErrorReply> {
    let name = URL_SAFE_NO_PAD.decode(cursor).ok();
    let name = name.filter(|name| name.starts_with(b"refs/"));
    name.map(BString::from).ok_or_else(|| {
        let message = "the cursor does not belong to this list";
        ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message)
    })
}

/// `…/commit/:hash`; of a tag, the commit that it leads to.
async fn commit(mut reading: Reading, id: ObjectId, form: Form) -> Answer {
    let found = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    let (id, content) = found.ok_or_else(|| no_object("commit"))?;
    let text = parse(id, &content)?;
    Ok(enveloped(&shown::Commit::new(id, &text, form))?)
}

/// `…/file?ref&path`
fn file(reading: &Reading, query: &ContentQuery) -> Result<(ObjectId, TreePath), ErrorReply> {
    let id = revision(reading, query)?.ok_or_else(no_ref)?;
    let path = TreePath::new(query.path.as_deref().unwrap_or_default().as_bytes());
    Ok((id, path))
}

/// `…/raw/:ref/:path`
fn raw(reading: &Reading, query: &ContentQuery) -> Result<(ObjectId, TreePath), ErrorReply> {
    let text = BStr::new(query.path.as_deref().unwrap_or_default());
    let split = reading.store().split_revision(text)?;
    let split = split.ok_or_else(|| {
        let message = "the path begins with no ref of the repository";
        ErrorReply::new(ErrorCode::NotFound, message)
    })?;
    let path = TreePath::new(split.path);
    Ok((split.id, path))
}

async fn blob_at(
    reading: &mut Reading,
    id: ObjectId,
    path: &TreePath,
) -> Result<ObjectId, ErrorReply> {
    let tree = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Tree))
        .await?;
    let (tree_id, _) = tree.ok_or_else(no_ref)?;
    let found = reading
        .until(|packs| lookup::at_path(packs, tree_id, path))
        .await?;
    let found = found.ok_or_else(|| no_path("there is no file at this path"))?;
    if found.mode.is_tree() {
        return Err(no_path("the path names a directory"));
    }
    if found.mode.is_gitlink() {
        return Err(no_path("the path names a submodule"));
    }
    Ok(found.id)
}
