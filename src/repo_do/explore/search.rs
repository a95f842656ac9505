//! `GET …/search`

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use serde::Serialize;

use super::cursor::{CursorReader, CursorWriter, question};
use super::page;
use super::root::{Root, next_entry};
use crate::git::content::fuzzy::{TYPED_BYTES_MAX, Typed};
use crate::git::content::listing::{Listed, Listing};
use crate::git::limits::Limits;
use crate::repo_do::compare::changes::Slice;
use crate::repo_do::compare::query::number;
use crate::repo_do::compare::request::CompareRequest;
use crate::repo_do::compare::revisions::begin;
use crate::repo_do::content::answers;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::content::shown::{self, Form};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::query::{fields, unknown, wrong};
use crate::repo_do::request::answer::Answer;

/// The most files of a page, and how many it has unless the query says otherwise.
const LIMIT: (u32, u32) = (200, 50);

/// Entries that a request looks at, at most: some 2 s of CPU.
const ENTRIES_MAX: u64 = 1_000_000;

/// The most bytes of a prefix.
const PREFIX_BYTES_MAX: usize = 4_096;

/// Bytes that an entry counts as, for others to get their turn.
const ENTRY_BYTES: u64 = 500;

/// A client's wishes.
struct SearchQuery {
    revision: String,
    typed: Typed,
    prefix: String,
    limit: usize,
    cursor: Option<String>,
    asked: [u8; 20],
}

impl SearchQuery {
    fn read(text: &str) -> Result<Self, ErrorReply> {
        let (mut revision, mut cursor) = (None, None);
        let (mut typed, mut prefix) = (String::new(), String::new());
        let mut limit = LIMIT.1;
        for field in fields(text) {
            let (field, value) = field?;
            match field.as_ref() {
                "ref" => revision = Some(value.into_owned()),
                "query" => typed = bounded("query", TYPED_BYTES_MAX, &value)?,
                "prefix" => prefix = bounded("prefix", PREFIX_BYTES_MAX, &value)?,
                "limit" => limit = number("limit", &value, LIMIT.0)?.max(1),
                "cursor" => cursor = Some(value.into_owned()).filter(|text| !text.is_empty()),
                _ => return Err(unknown(&field)),
            }
        }
        let revision = revision.unwrap_or_else(|| "HEAD".to_owned());
        let parts = [
            b"search",
            revision.as_bytes(),
            typed.as_bytes(),
            prefix.as_bytes(),
        ];
        Ok(Self {
            asked: question(&parts),
            typed: Typed::new(&typed),
            limit: limit as usize,
            revision,
            prefix,
            cursor,
        })
    }

    /// Whether there may be something below a directory.
    fn may_be_below(&self, directory: &[u8]) -> bool {
        let prefix = self.prefix.as_bytes();
        let is_inside = directory.starts_with(prefix);
        let rest = prefix.strip_prefix(directory);
        is_inside || rest.is_some_and(|rest| rest.starts_with(b"/"))
    }
}

fn bounded(field: &str, bytes_max: usize, value: &str) -> Result<String, ErrorReply> {
    let bytes = value.len();
    if bytes > bytes_max {
        let message = format!("{field} has {bytes_max} bytes at most, this one {bytes}");
        return Err(wrong(field, message));
    }
    Ok(value.to_owned())
}

/// A file as shown.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    entry: shown::Entry<'a>,
    score: i32,
}

/// `…/search?ref&query&prefix&limit&cursor`
pub(super) async fn search(asked: CompareRequest) -> Answer {
    let query = SearchQuery::read(&asked.query())?;
    let mut reading = begin(&asked).await?;
    let place = match &query.cursor {
        Some(text) => {
            let mut cursor = CursorReader::new(text, query.asked)?;
            Some((cursor.id()?, BString::from(cursor.bytes()?)))
        }
        None => None,
    };
    let begun = place.as_ref().map(|(id, _)| *id);
    let root = Root::find(&mut reading, &query.revision, begun).await?;
    let mut listing = Listing::new(root.content, true, &Limits::DEFAULT).without_bound();
    if let Some((_, path)) = &place {
        listing = listing.behind(path.as_bstr());
    }
    let (found, is_cut) = find(&mut reading, &mut listing, &query).await?;
    let cursor = is_cut.then(|| next_cursor(&query, root.id, listing.last_path()));
    let cursor = cursor.unwrap_or_default();
    let files = found.iter().map(|(score, listed)| Shown {
        entry: shown::Entry::new(listed, Form::Own),
        score: *score,
    });
    let files: Vec<_> = files.collect();
    let out = page::envelope(&files, files.len(), &cursor)?;
    Ok(answers::page(out, &cursor)?)
}

fn next_cursor(query: &SearchQuery, id: ObjectId, path: &[u8]) -> String {
    let mut cursor = CursorWriter::new(query.asked);
    cursor.id(id);
    cursor.bytes(path);
    cursor.text()
}

/// The files that answer best, the best first, and whether there may be more behind the last entry that
/// was looked at. Where nothing was typed these are the first ones.
async fn find(
    reading: &mut Reading,
    listing: &mut Listing,
    query: &SearchQuery,
) -> Result<(Vec<(i32, Listed)>, bool), ErrorReply> {
    // The worst is on top: a low score or, of equal ones, the later path.
    let mut best: BinaryHeap<Reverse<(i32, Reverse<u64>)>> = BinaryHeap::new();
    let mut files = std::collections::HashMap::new();
    let mut slice = Slice::default();
    let mut is_cut = true;
    while listing.given() < ENTRIES_MAX {
        if query.typed.is_empty() && best.len() >= query.limit {
            break;
        }
        let Some(listed) = next_entry(reading, listing).await? else {
            is_cut = false;
            break;
        };
        slice.worked(ENTRY_BYTES).await;
        if listed.mode.is_tree() {
            if !query.may_be_below(&listed.path) {
                listing.skip_below();
            }
            continue;
        }
        if !listed.path.starts_with(query.prefix.as_bytes()) {
            continue;
        }
        let Some(score) = query.typed.score(&listed.path) else {
            continue;
        };
        let number = listing.given();
        best.push(Reverse((score, Reverse(number))));
        files.insert(number, listed);
        if best.len() > query.limit
            && let Some(Reverse((_, Reverse(worst)))) = best.pop()
        {
            files.remove(&worst);
        }
    }
    let ranked = best.into_sorted_vec().into_iter();
    let found = ranked.filter_map(|Reverse((score, Reverse(number)))| {
        files.remove(&number).map(|listed| (score, listed))
    });
    Ok((found.collect(), is_cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_named() {
        for (text, pointer) in [
            ("limit=201", "/limit"),
            ("query=a&query=b", "/query"),
            ("colour=red", "/colour"),
            (&format!("query={}", "a".repeat(257)), "/query"),
        ] {
            let error = SearchQuery::read(text).err().unwrap();
            assert_eq!(error.pointer.unwrap(), pointer, "{text}");
        }
    }

    #[test]
    fn directories_outside_the_prefix_are_left_out() {
        let query = SearchQuery::read("prefix=src/net/t").unwrap();
        for (directory, expected) in [
            ("src", true),
            ("src/net", true),
            ("src/net/tcp", true),
            ("src/netx", false),
            ("docs", false),
        ] {
            assert_eq!(
                query.may_be_below(directory.as_bytes()),
                expected,
                "{directory}"
            );
        }
    }
}
