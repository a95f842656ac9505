//! The request that asks another repository.

use std::rc::Rc;

use serde::Deserialize;
use worker::Headers;

use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply, object_name};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// Characters of a revision.
const REVISION_CHARACTERS_MAX: usize = 1024;

/// A revision of another repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Elsewhere {
    /// `namespace/name`.
    pub(crate) repository: String,
    /// The revision.
    #[serde(rename = "ref")]
    pub(crate) revision: String,
}

/// The fields of a request that name another repository's revision, as JSON pointers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// The field that holds both parts.
    pub(crate) both: &'static str,
    /// The field of the repository.
    pub(crate) repository: &'static str,
    /// The field of the revision.
    pub(crate) revision: &'static str,
}

/// The request that asks another repository, with the repository here.
pub(crate) struct Asking<'a> {
    /// The object of the repository here.
    pub(crate) object: &'a Rc<RepoObject>,
    /// The store of the repository here.
    pub(crate) store: &'a Rc<Store>,
    /// The record of the repository here.
    pub(crate) record: &'a RepositoryRecord,
    /// The headers of the request.
    pub(crate) headers: &'a Headers,
    /// The objects that the caller may see.
    pub(crate) audience: Audience,
    /// The account that the request's costs go to.
    pub(crate) account: &'a Account,
    /// Where errors point.
    pub(crate) fields: Fields,
    /// The bytes of the largest pack that a revision may need; a revision that needs more is refused.
    pub(crate) pack_bytes_max: u64,
    /// Whether the objects may stay. Then they are searched for secrets, and judged like a push's.
    pub(crate) will_stay: bool,
}

impl Asking<'_> {
    /// Whether `from` names this repository itself.
    #[must_use]
    pub(crate) fn is_here(&self, from: &Elsewhere) -> bool {
        from.repository.to_ascii_lowercase()
            == object_name(&self.record.namespace, &self.record.name)
    }

    /// Begins to read the repository here.
    pub(super) async fn reading(&self) -> Result<Reading, ErrorReply> {
        let reading = Reading::begin(self.object, self.store, self.audience).await?;
        self.account.note_packs(reading.packs().records().len());
        Ok(reading)
    }
}

/// Refuses a revision that is empty or too long.
pub(crate) fn check_revision(revision: &str, pointer: &str) -> Result<(), ErrorReply> {
    let characters = revision.chars().count();
    if !(1..=REVISION_CHARACTERS_MAX).contains(&characters) {
        let message = format!(
            "a revision has 1 to {REVISION_CHARACTERS_MAX} characters, this one {characters}"
        );
        return Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
    }
    Ok(())
}
