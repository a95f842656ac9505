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

use super::planned::full_clone;
use super::sender::{self, Sender};
use crate::git::refname;
use crate::git::store::StoreError;
use crate::git::upload_pack::answer::Outgoing;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold;
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
    if !store.shallow_commits()?.is_empty() {
        return Err(refused(
            "the repository is shallow: a bundle would not be whole",
        ));
    }
    let (head, tips) = contents(store, &[b"refs/"])?;
    if tips.is_empty() {
        return Err(refused(
            "the repository is empty: there is nothing to bundle",
        ));
    }
    Ok((head, full_clone(object, store, tips, reserve_share).await?))
}

/// The bundle up to its pack, and the objects that its refs name, each once: refs that begin so, but no
/// ephemeral ones. As in git, HEAD comes last, if it names anything.
pub(crate) fn contents(
    store: &Store,
    prefixes: &[&[u8]],
) -> Result<(Vec<u8>, Vec<ObjectId>), StoreError> {
    let (mut head, mut tips) = (SIGNATURE.to_vec(), Vec::new());
    for prefix in prefixes {
        store.visit_refs(prefix, |found| {
            if refname::is_ephemeral(found.name.as_bstr()) {
                return ControlFlow::Continue(());
            }
            line(&found.target, found.name.as_bstr(), &mut head);
            tips.push(found.target);
            ControlFlow::Continue(())
        })?;
    }
    if let Some(found) = store.find_ref(store.head()?.as_bstr())? {
        line(&found.target, "HEAD".into(), &mut head);
    }
    head.push(b'\n');
    tips.sort_unstable();
    tips.dedup();
    Ok((head, tips))
}

/// The objects that the refs of such a head name, each once; `None` if the head is not whole.
pub(crate) fn tips_of(head: &[u8]) -> Option<Vec<ObjectId>> {
    let refs = head.strip_prefix(SIGNATURE)?.strip_suffix(b"\n")?;
    let mut tips = Vec::new();
    for line in refs.lines() {
        let (id, _) = line.split_once_str(" ")?;
        tips.push(ObjectId::from_hex(id).ok()?);
    }
    tips.sort_unstable();
    tips.dedup();
    Some(tips)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tips_of_a_head_are_those_of_its_lines() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let head = format!(
            "# v2 git bundle\n{two} refs/heads/a b\n{one} refs/tags/\u{e9}\n{two} HEAD\n\n"
        );
        let tips = tips_of(head.as_bytes()).unwrap();
        let tips: Vec<_> = tips.iter().map(ToString::to_string).collect();
        assert_eq!(tips, [one, two]);
        for cut in 1..head.len() - 1 {
            let is_whole_line = head.as_bytes()[cut - 1] == b'\n';
            let tips = tips_of(&head.as_bytes()[..cut]);
            assert!(tips.is_none() || !is_whole_line || cut > 16, "{cut}");
        }
        assert_eq!(tips_of(b"# v3 git bundle\n\n"), None);
    }
}
