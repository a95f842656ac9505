//! The content of a repository, as REST shows it: refs, commits, trees, blobs.
//!
//! | file | what |
//! |---|---|
//! | `about` | the facts about the repository |
//! | `reading` | objects read while some are cold |
//! | `notes` | notes, with the memory that many of them take |
//! | `shown` | the shapes of the JSON |
//! | `history`, `log_cursor` | the log |
//! | `refs` | refs by name, page by page |
//! | `named` | the commit that a revision stands for |
//! | `tree` | a tree's entries, streamed |
//! | `bytes` | a blob's bytes, streamed |
//! | `large` | the bytes that a pointer of Git LFS stands for |

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use gix_hash::ObjectId;
use gix_object::bstr::BStr;
use worker::Request;

use self::reading::Reading;
use self::shown::Form;
use super::contract::content::{ContentQuery, Origin, path};
use super::contract::{ErrorCode, ErrorReply};
use super::object::RepoObject;
use super::request::account::Account;
use super::request::answer::Answer;
use super::runtime::reply;
use super::state::reach_cache::Audience;
use super::state::store::Store;
use crate::git::content::lookup::{self, TreePath};
use crate::git::object::ObjectKind;
use crate::git::refname;
use crate::repo_do::content::answers::{
    enveloped, form, named, no_object, no_path, no_ref, no_route, parse, revision,
};
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
pub(crate) mod refs;
pub(crate) mod shown;
mod tree;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::CONTENT;

/// Answers a request for content. Boxed: otherwise the object's dispatch would hold all of this.
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
        return refs::list(store, &record, &query);
    }
    if route == path::ORIGIN {
        let default_branch = refname::branch_of(record.head.as_ref());
        return reply::json(&Origin {
            source: record.source,
            default_branch,
        });
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

/// `…/commit/:hash`; for a tag, the commit that it leads to.
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
