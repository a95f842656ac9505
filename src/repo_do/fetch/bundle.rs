//! The repository as one file, as `git bundle create --all` makes it, sent as the client takes it.
//!
//! Format: `gitformat-bundle(5)`, version 2: a signature, no prerequisites, the refs, an empty line,
//! the pack. Its pack is made by the very path of a fetch.

use std::ops::ControlFlow;
use std::rc::Rc;

use futures::{FutureExt as _, stream};
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice as _};
use worker::{Headers, Response};

use super::sender::{self, Sender};
use crate::git::limits::Limits;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::git::upload_pack::answer::{Answer, Outgoing, answer};
use crate::git::upload_pack::error::FetchError;
use crate::git::upload_pack::full_clone;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::{self, Faults};
use crate::repo_do::request::account::Account;
use crate::repo_do::request::answer::Answer as Reply;
use crate::repo_do::runtime::admission::reserve_share;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::repo_do::runtime::memory::{FETCH_BYTES, Reservation};
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;

/// The first line.
const SIGNATURE: &[u8] = b"# v2 git bundle\n";

/// Seconds after which there may be room for a bundle with many refs.
const RETRY_SECONDS: u32 = 5;

/// `GET /bundle`.
pub(crate) async fn bundle(object: &Rc<RepoObject>, store: &Rc<Store>, account: &Account) -> Reply {
    let mut reservations = vec![reserve_share(FETCH_BYTES).await?];
    reservations.extend(cold::reserve_for(store).await?);
    // Packs that are superseded meanwhile stay.
    let reader = object.readers.enter(Purpose::Look, now_ms());
    let (head, pack) = begin(object, store).boxed_local().await?;
    // A bundle has no place for an error.
    cold::check_present(object, store).await?;
    account.note_packs(pack.packs.records().len());
    // Once here and once as it is handed over.
    let room = Reservation::new((head.len() as u64).saturating_mul(2));
    reservations.push(room.map_err(|error| ErrorReply::busy(RETRY_SECONDS, error.to_string()))?);
    let sender = Sender::bare(object, Rc::clone(store), head, pack, (reservations, reader));
    let pieces = stream::unfold(Some(sender), sender::next_piece);
    let headers = Headers::new();
    let built = headers
        .set("cache-control", "no-cache, no-transform")
        .and_then(|()| {
            Response::builder()
                .with_headers(headers)
                .from_stream(Lease::current().stream(pieces))
        });
    Ok(built?)
}

/// The bundle's header and its pack: refs and packs of one moment.
async fn begin(
    object: &RepoObject,
    store: &Rc<Store>,
) -> Result<(Vec<u8>, Outgoing<Rc<Store>>), ErrorReply> {
    let mut faults = Faults::default();
    loop {
        if !store.shallow_commits()?.is_empty() {
            return Err(refused(
                "the repository is shallow: a bundle would not be whole",
            ));
        }
        let (head, tips) = contents(store)?;
        if tips.is_empty() {
            return Err(refused(
                "the repository is empty: there is nothing to bundle",
            ));
        }
        let graph = object.graph.current(store)?;
        match answer(store, graph, &full_clone::request(tips), &Limits::DEFAULT) {
            Ok(Answer { pack, .. }) => {
                let none = || broken("a full clone without a pack");
                return Ok((head, pack.ok_or_else(none)?));
            }
            Err(error) => {
                let chunk = error.cold().ok_or_else(|| unreadable(error))?;
                faults.fetch_cold_chunk(object, store, chunk).await?;
            }
        }
    }
}

/// The bundle up to its pack, and the objects that its refs name, each once. As in git, HEAD comes
/// last, if it names anything.
fn contents(store: &Store) -> Result<(Vec<u8>, Vec<ObjectId>), StoreError> {
    let (mut head, mut tips) = (SIGNATURE.to_vec(), Vec::new());
    store.visit_refs(b"refs/", |found| {
        if refname::is_ephemeral(found.name.as_bstr()) {
            return ControlFlow::Continue(());
        }
        line(&found.target, found.name.as_bstr(), &mut head);
        tips.push(found.target);
        ControlFlow::Continue(())
    })?;
    if let Some(found) = store.find_ref(store.head()?.as_bstr())? {
        line(&found.target, "HEAD".into(), &mut head);
    }
    head.push(b'\n');
    tips.sort_unstable();
    tips.dedup();
    Ok((head, tips))
}

fn line(id: &ObjectId, name: &BStr, out: &mut Vec<u8>) {
    out.extend_from_slice(id.to_hex().to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(name);
    out.push(b'\n');
}

fn refused(message: &str) -> ErrorReply {
    ErrorReply::new(ErrorCode::InvalidInput, message)
}

fn broken(message: &str) -> ErrorReply {
    ErrorReply::new(ErrorCode::InternalError, message)
}

fn unreadable(error: FetchError) -> ErrorReply {
    match error {
        FetchError::Read(error) => error.into(),
        error => broken(&error.to_string()),
    }
}
