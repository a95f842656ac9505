//! `GET …/reflog`: the moves of refs, each with its actor, its time, and both ids.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::request::CompareRequest;
use crate::git::refname;
use crate::repo_do::content::shown::iso_8601_ms;
use crate::repo_do::contract::content::{ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::{ErrorCode, ErrorReply, strict};
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::state::reach_cache::Audience;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::repository::reflog_page::ReflogEntry;
use crate::storage::repository::store::RepositoryRecord;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
/// Characters of `ref`.
const REF_CHARACTERS_MAX: usize = 4096;
/// How a cursor begins, so that it is not taken for a number to count with.
const CURSOR: &str = "r1_";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    #[serde(rename = "ref")]
    name: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// An entry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: i64,
    push: i64,
    r#ref: String,
    old: Option<String>,
    new: Option<String>,
    at: String,
    actor: ShownActor,
    push_options: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownActor {
    token_id: Option<String>,
    label: Option<String>,
}

/// A page of the reflog, the newest entries first.
pub(super) fn reflog(compare: &CompareRequest) -> Answer {
    if compare.audience == Audience::Public {
        // It names tokens, and the ids that refs named before.
        let message = "the reflog is for those who hold a token of the repository";
        return Err(ErrorReply::new(ErrorCode::Unauthorized, message));
    }
    let query: Query = strict::query(&compare.query())?;
    let limit = checked_limit(query.limit)?;
    let before = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let before = before.map(read_cursor).transpose()?;
    let name = query.name.as_deref();
    let name = name
        .map(|name| full_name(name, &compare.record))
        .transpose()?;
    let name = name.as_ref().map(|name| name.as_bstr());
    let page = compare.store.reflog_page(name, before, limit)?;
    let entries: Vec<Shown> = page.entries.into_iter().map(shown).collect();
    let next = page.next.map(cursor).unwrap_or_default();
    let info = json!({
        "cursor": next,
        "per_page": limit,
        "count": entries.len(),
    });
    let mut out = Vec::from(ENVELOPE_OPEN);
    let written = serde_json::to_writer(&mut out, &entries);
    written.map_err(|error| ErrorReply::internal("response", &error))?;
    out.extend_from_slice(envelope_close(Some(&info.to_string())).as_bytes());
    Ok(answer::page(out, &next)?)
}

fn checked_limit(given: Option<u32>) -> Result<u32, ErrorReply> {
    match given.unwrap_or(LIMIT_DEFAULT) {
        limit if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        limit => {
            let message = format!("limit must be 1 to {LIMIT_MAX}, this is {limit}");
            Err(ErrorReply::at(ErrorCode::InvalidInput, "/limit", message))
        }
    }
}

/// A ref's full name. The ref need not exist: its entries say who deleted it.
fn full_name(given: &str, record: &RepositoryRecord) -> Result<BString, ErrorReply> {
    let refuse = |message: String| ErrorReply::at(ErrorCode::InvalidInput, "/ref", message);
    let characters = given.chars().count();
    if characters > REF_CHARACTERS_MAX {
        let message = format!("ref has {characters} characters, at most {REF_CHARACTERS_MAX}");
        return Err(refuse(message));
    }
    let name = match given {
        "HEAD" => record.head.clone(),
        full if full.starts_with(refname::REFS) => full.into(),
        short => format!("{}{short}", refname::HEADS).into(),
    };
    if refname::is_valid(name.as_bstr()) {
        return Ok(name);
    }
    Err(refuse(format!("'{given}' is no name of a ref")))
}

fn cursor(before: i64) -> String {
    format!("{CURSOR}{before:x}")
}

fn read_cursor(cursor: &str) -> Result<i64, ErrorReply> {
    let digits = cursor.strip_prefix(CURSOR);
    let before = digits.and_then(|digits| i64::from_str_radix(digits, 16).ok());
    let before = before.filter(|before| (1..=INTEGER_MAX).contains(before));
    before.ok_or_else(|| {
        let message = "the cursor does not belong to this list";
        ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message)
    })
}

fn shown(entry: ReflogEntry) -> Shown {
    let id = |id: Option<ObjectId>| id.map(|id| id.to_string());
    Shown {
        id: entry.seq,
        push: entry.push_seq,
        r#ref: entry.name.to_str_lossy().into_owned(),
        old: id(entry.old),
        new: id(entry.new),
        at: iso_8601_ms(entry.at_ms),
        actor: ShownActor {
            token_id: entry.actor.token_id,
            label: entry.actor.label,
        },
        push_options: entry.push_options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_again_and_nothing_else_is() {
        for before in [1, 7, 300, INTEGER_MAX] {
            assert_eq!(read_cursor(&cursor(before)).unwrap(), before);
        }
        for wrong in [
            "1",
            "r1_",
            "r1_0",
            "r1_-5",
            "r1_g",
            "r1_ffffffffffffffff",
            "x",
        ] {
            let error = read_cursor(wrong).unwrap_err();
            assert_eq!(error.pointer.as_deref(), Some("/cursor"), "{wrong}");
        }
    }

    #[test]
    fn a_page_has_a_bounded_length() {
        assert_eq!(checked_limit(None).unwrap(), LIMIT_DEFAULT);
        assert_eq!(checked_limit(Some(LIMIT_MAX)).unwrap(), LIMIT_MAX);
        for wrong in [0, LIMIT_MAX + 1] {
            let error = checked_limit(Some(wrong)).unwrap_err();
            assert_eq!(error.pointer.as_deref(), Some("/limit"));
        }
    }
}
