//! `GET …/archive/:ref.:format`

use futures::future::LocalBoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use gix_hash::ObjectId;
use gix_object::bstr::BString;
use sha2::{Digest as _, Sha256};
use worker::{Headers, Response};

use super::files::{Files, LargeFiles};
use super::frame::Frame;
use super::known::ArchivedCommit;
use super::query::ArchiveQuery;
use super::sink::{Sink, pieces};
use super::{tar, zip};
use crate::git::archive::walk::ArchiveWalk;
use crate::git::content::lookup;
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::store::ReadError;
use crate::repo_do::compare::request::CompareRequest;
use crate::repo_do::compare::revisions::{Revision, begin};
use crate::repo_do::content::answers::{no_path, no_route, parse};
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::archive::{ArchiveFormat, path};
use crate::repo_do::contract::conditions::{self, Wanted};
use crate::repo_do::contract::{ErrorReply, header};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::storage::fault_log;

/// How the paths begin that are answered here.
pub(crate) const PATHS: &str = path::ARCHIVE;

/// Hexadecimal digits of the part of an entity tag that stands for the query.
const TAG_DIGITS: usize = 16;

/// Answers a request for an archive. Boxed: otherwise the object's dispatch would hold all of this.
pub(crate) fn answer(asked: CompareRequest) -> LocalBoxFuture<'static, Answer> {
    archive(asked).boxed_local()
}

async fn archive(asked: CompareRequest) -> Answer {
    let route = asked.request.path();
    let named = route.strip_prefix(path::ARCHIVE);
    let (format, revision) = named
        .and_then(|named| named.split_once('/'))
        .ok_or_else(no_route)?;
    let format = ArchiveFormat::of_extension(format).ok_or_else(no_route)?;
    let revision = percent_encoding::percent_decode_str(revision).decode_utf8();
    let revision = revision.map_err(|_| no_route())?;
    let query_text = asked.query();
    let query = ArchiveQuery::read(&query_text)?;
    let mut reading = begin(&asked).await?;
    let found = Revision::find(&mut reading, "ref", &revision).await?;
    let tree = found.tree(&mut reading).await?;
    let tree = tree.unwrap_or_else(|| ObjectId::empty_tree(gix_hash::Kind::Sha1));
    let commit = commit_of(&mut reading, found.id(), &asked.record.head).await?;
    check_places(&mut reading, tree, &query).await?;

    let named = commit.as_ref().map_or(tree, |commit| commit.id);
    let etag = etag(named, format, &query_text);
    let headers = Headers::new();
    headers.set("etag", &etag)?;
    headers.set("content-type", format.content_type())?;
    headers.set(
        "content-disposition",
        &disposition(&asked, &revision, format),
    )?;
    let given = |name: &str| asked.request.headers().get(name).ok().flatten();
    let is_known = matches!(conditions::wanted(given, &etag, 1), Wanted::NotModified);
    if is_known || given(header::HEAD).is_some() {
        let status = if is_known { 304 } else { 200 };
        return Ok(Response::empty()?.with_headers(headers).with_status(status));
    }
    let time_seconds = match &commit {
        Some(commit) => parse(commit.id, &commit.content)?.committer.time_seconds,
        None => now_ms().checked_div(1000).unwrap_or(0),
    };
    let root = reading.until(|packs| lookup::peel(packs, tree, ObjectKind::Tree));
    let what = "it was found, and is not here";
    let root = root.await?.ok_or(ReadError::Corrupt { id: tree, what })?;
    let files = Files {
        walk: ArchiveWalk::new(root, query.limits(), &Limits::DEFAULT),
        commit,
        lfs: query.with_large_files.then(|| LargeFiles {
            env: asked.object.env.clone(),
            network_id: asked.record.network().to_owned(),
        }),
        entries: 0,
        reading,
    };
    let frame = Frame {
        prefix: query.prefix,
        tree,
        time_seconds,
    };
    let is_zip = format == ArchiveFormat::Zip;
    send(headers, move |sink| {
        if is_zip {
            zip::write(files, frame, sink).boxed_local()
        } else {
            tar::write(files, frame, sink).boxed_local()
        }
    })
    .await
}

/// The commit that a revision leads to; `None` if it leads to a tree alone.
async fn commit_of(
    reading: &mut Reading,
    id: ObjectId,
    head: &BString,
) -> Result<Option<ArchivedCommit>, ErrorReply> {
    if id.is_empty_tree() {
        return Ok(None);
    }
    let commit = reading.until(|packs| lookup::peel(packs, id, ObjectKind::Commit));
    let found = commit.await?;
    Ok(found.map(|(id, content)| ArchivedCommit::new(id, content, head.to_owned())))
}

/// Refuses a path at which the tree has nothing.
async fn check_places(
    reading: &mut Reading,
    tree: ObjectId,
    query: &ArchiveQuery,
) -> Result<(), ErrorReply> {
    for (path, place) in query.places() {
        let found = reading.until(|packs| lookup::at_path(packs, tree, &place));
        if found.await?.is_none() {
            return Err(no_path(&format!(
                "the tree has nothing at the path '{path}'"
            )));
        }
    }
    Ok(())
}

/// The same for the same commit, format and query.
fn etag(id: ObjectId, format: ArchiveFormat, query: &str) -> String {
    let digest = Sha256::digest(query.as_bytes());
    let digits = faster_hex::hex_string(&digest);
    let digits = digits.get(..TAG_DIGITS).unwrap_or_default();
    format!("\"{id}.{}.{digits}\"", format.extension())
}

/// The name under which a browser keeps the file: that of the repository and of the revision.
fn disposition(asked: &CompareRequest, revision: &str, format: ArchiveFormat) -> String {
    let name = format!("{}-{revision}", asked.record.name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let plain: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect();
    let extension = format.extension();
    format!("attachment; filename=\"{plain}.{extension}\"")
}

/// Sends the bytes that `make` writes. A fault before the first piece becomes the answer's status; a later
/// failure breaks the answer off.
async fn send(
    headers: Headers,
    make: impl FnOnce(Sink) -> LocalBoxFuture<'static, Result<(), ErrorReply>> + 'static,
) -> Answer {
    let mut pieces = pieces(make).boxed_local();
    let first = pieces.next().await.transpose()?.unwrap_or_default();
    let rest = pieces.map(|piece| {
        piece.map_err(|error: ErrorReply| {
            fault_log::error("archive", &error.cause());
            worker::Error::RustError(error.message)
        })
    });
    let all = stream::once(async move { Ok(first) }).chain(rest);
    let response = Response::builder().with_headers(headers);
    Ok(response.from_stream(Lease::current().stream(all))?)
}
