//! The commit that a revision stands for, as another repository's object asks for it.

use gix_object::bstr::{BStr, ByteSlice as _};

use super::answers::no_ref;
use super::reading::Reading;
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::git::store::RefSource as _;
use crate::repo_do::contract::content::{ContentQuery, Named};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::reply;
use crate::storage::repository::store::RepositoryRecord;

/// `/content/revision?ref`
pub(super) async fn named(
    mut reading: Reading,
    record: &RepositoryRecord,
    query: &ContentQuery,
) -> Answer {
    let revision = BStr::new(query.revision.as_deref().unwrap_or("HEAD"));
    let (mut name, mut found) = (None, oid_hex::parse(revision));
    if found.is_none() {
        for candidate in refname::candidates(revision) {
            found = reading.store().ref_target(candidate.as_bstr())?;
            if found.is_some() {
                name = Some(candidate);
                break;
            }
        }
    }
    let id = found.ok_or_else(no_ref)?;
    reading.check_visible(id, no_ref).await?;
    let commit = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    let (commit, _) = commit.ok_or_else(no_ref)?;
    let name = match name {
        Some(head) if head == "HEAD" => Some(record.head.clone()),
        name => name,
    };
    reply::json(&Named {
        commit: commit.to_string(),
        name: name.and_then(|name| String::from_utf8(name.into()).ok()),
    })
}
