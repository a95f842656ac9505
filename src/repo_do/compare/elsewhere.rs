//! The head of a comparison in another repository: `head_repository=namespace/name`.
//!
//! The head's objects that are not here come into quarantine. They stay while the answer is read, and are
//! then removed
//! ([ADR 132](../../../docs/adr/0132-a-head-elsewhere-is-compared-in-quarantine.md)).

use gix_object::bstr::BStr;

use super::query::CompareQuery;
use super::request::CompareRequest;
use super::revisions::{Revision, begin};
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::git::receive_pack::secrets::Allowed;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::neighbour::asked;
use crate::repo_do::neighbour::asking::{Asking, Elsewhere, Fields};
use crate::repo_do::neighbour::bringing;
use crate::repo_do::neighbour::brought::BroughtPack;
use crate::repo_do::state::reach_cache::Audience;

/// Bytes of the pack that one comparison fetches. Every comparison fetches it again, because it is only
/// for reading.
const BROUGHT_BYTES_MAX: u64 = 64 << 20;

const FIELDS: Fields = Fields {
    both: "/head_repository",
    repository: "/head_repository",
    revision: "/head",
};

/// Begins to read the repository, with the objects of the head. The head is in another repository if the
/// query says so.
pub(super) async fn begin_with_head(
    compare: &CompareRequest,
    query: &CompareQuery,
    (base, head): (&str, &str),
) -> Result<(Reading, Option<Revision>), ErrorReply> {
    let Some(repository) = &query.head_repository else {
        return Ok((begin(compare).await?, None));
    };
    let asking = Asking {
        object: &compare.object,
        store: &compare.store,
        record: &compare.record,
        headers: compare.request.headers(),
        audience: compare.audience,
        account: &compare.account,
        fields: FIELDS,
        pack_bytes_max: BROUGHT_BYTES_MAX,
        will_stay: false,
    };
    let elsewhere = Elsewhere {
        repository: repository.clone(),
        revision: head.to_owned(),
    };
    if asking.is_here(&elsewhere) {
        return Ok((begin(compare).await?, None));
    }
    if compare.audience == Audience::Public {
        let message = "a credential is needed to compare with another repository";
        return Err(ErrorReply::at(
            ErrorCode::Unauthorized,
            "/head_repository",
            message,
        ));
    }
    let found = asked::find(&asking, &elsewhere).await?;
    let ours = commit_here(compare, base).await?;
    let brought = bringing::bring(&asking, &found, ours, &Allowed::default()).await?;
    let last = brought.as_ref().map(BroughtPack::record);
    let object = &compare.object;
    let mut reading = Reading::begin_with(object, &compare.store, compare.audience, last).await?;
    compare.account.note_packs(reading.packs().records().len());
    if let Some(brought) = brought {
        reading.keep(Box::new(brought));
    }
    Ok((reading, Some(Revision::of_neighbour(found.commit))))
}

/// The commit of the base, whose history is sampled for the other repository. A later step reports a
/// wrong name.
async fn commit_here(
    compare: &CompareRequest,
    base: &str,
) -> Result<Option<gix_hash::ObjectId>, ErrorReply> {
    let mut reading = begin(compare).await?;
    let Some(id) = reading.store().resolve(BStr::new(base))? else {
        return Ok(None);
    };
    if id.is_empty_tree() || !reading.is_visible(id).await? {
        return Ok(None);
    }
    let commit = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    Ok(commit.map(|(id, _)| id))
}
