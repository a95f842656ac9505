//! `GET …/refs`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::answers::page;
use super::shown;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::contract::content::{ContentQuery, ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::state::store::Store;
use crate::storage::repository::ref_record::RefRecord;
use crate::storage::repository::store::RepositoryRecord;

const REFS_DEFAULT: u32 = 100;

/// A ref as it is shown.
pub(crate) struct ListedRef {
    /// Its shape.
    pub(crate) shown: shown::Ref,
    /// The object that it names or, of an annotated tag, that the tag leads to.
    pub(crate) leads_to: ObjectId,
    /// Where a page behind it begins.
    name: BString,
}

/// Refs, and where the next ones begin.
pub(crate) struct RefPage {
    /// Those of this page.
    pub(crate) refs: Vec<ListedRef>,
    /// The cursor of the next page; empty if there is none.
    pub(crate) cursor: String,
    /// The most refs that a page has.
    limit: u32,
}

/// `…/refs`: `HEAD` first, then by name.
pub(super) fn list(store: &Store, record: &RepositoryRecord, query: &ContentQuery) -> Answer {
    RefPage::read(store, record, query)?.answer()
}

impl RefPage {
    /// The page that a query asks for.
    pub(crate) fn read(
        store: &Store,
        record: &RepositoryRecord,
        query: &ContentQuery,
    ) -> Result<Self, ErrorReply> {
        let limit = query.limit.unwrap_or(REFS_DEFAULT);
        let prefix = query.prefix.as_deref().unwrap_or_default().as_bytes();
        let after = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
        let after = after.map(decode_cursor).transpose()?;
        let head_name = record.head.as_bstr();
        let head = match after {
            None if b"HEAD".starts_with(prefix) => store.shown_ref(head_name)?,
            _ => None,
        };
        let mut refs: Vec<_> = Vec::new();
        refs.extend(head.map(|head| ListedRef {
            shown: shown::Ref::head(&head, head_name),
            leads_to: head.peeled.unwrap_or(head.target),
            // Behind HEAD all names begin.
            name: "refs/".into(),
        }));
        let rest = limit.saturating_sub(u32::from(!refs.is_empty()));
        // One more tells whether another page follows.
        let after = after.as_ref().map(|after| after.as_bstr());
        let mut found = listed_refs(store, prefix, after, rest.saturating_add(1))?;
        let has_more = found.len() as u64 > u64::from(rest);
        if has_more {
            found.pop();
        }
        refs.extend(found.into_iter().map(|found| ListedRef {
            shown: shown::Ref::of(&found),
            leads_to: found.peeled.unwrap_or(found.target),
            name: found.name,
        }));
        let mut page = Self {
            refs,
            cursor: String::new(),
            limit,
        };
        if has_more {
            page.end_here();
        }
        Ok(page)
    }

    /// Tells where the refs behind the last one begin.
    fn end_here(&mut self) {
        let last = self.refs.last();
        self.cursor = last.map_or_else(String::new, |last| URL_SAFE_NO_PAD.encode(&*last.name));
    }

    /// Leaves all behind the first refs, at least one, to the next page.
    pub(crate) fn end_behind(&mut self, refs: usize) {
        if refs >= self.refs.len() {
            return;
        }
        self.refs.truncate(refs.max(1));
        self.end_here();
    }

    /// The page as it is sent.
    pub(crate) fn answer(&self) -> Answer {
        let info = serde_json::json!({
            "cursor": self.cursor, "per_page": self.limit, "count": self.refs.len(),
        });
        let mut out = Vec::from(ENVELOPE_OPEN);
        let shown: Vec<_> = self.refs.iter().map(|listed| &listed.shown).collect();
        let written = serde_json::to_writer(&mut out, &shown);
        written.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
        out.extend_from_slice(envelope_close(Some(&info.to_string())).as_bytes());
        Ok(page(out, &self.cursor)?)
    }
}

/// Refs by name. Those under `refs/ephemeral/` are listed if the client asks for nothing else.
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
