//! `GET …/grep`

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use gix_object::tree::EntryKind;
use serde_json::{Value, json};

use super::cursor::{CursorReader, CursorWriter, foreign, question};
use super::grep_query::GrepQuery;
use super::page;
use super::root::{Root, next_entry};
use crate::git::compare::paths::{Cover, PathLimits};
use crate::git::content::listing::{Listed, Listing};
use crate::git::content::lookup::{self, TreePath};
use crate::git::grep::{Lines, Pattern, grep};
use crate::git::limits::Limits;
use crate::git::store::{ObjectSource as _, ReadError};
use crate::repo_do::compare::changes::Slice;
use crate::repo_do::compare::request::CompareRequest;
use crate::repo_do::compare::revisions::begin;
use crate::repo_do::content::answers;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::memory::Reservation;

/// Bytes of files that a request searches, at most: some 2 s of CPU. An entry counts as some bytes.
const SEARCHED_BYTES_MAX: u64 = 192 << 20;
const ENTRY_BYTES: u64 = 200;

/// Bytes of a file that is searched.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Bytes of a file for which no room is reserved.
const SMALL_BYTES: u64 = 256 << 10;

/// Bytes of a line that are shown.
const LINE_BYTES_MAX: usize = 2_000;

/// Bytes of found lines after which a page ends, each counted as the memory that it takes beside its text.
const PAGE_BYTES_MAX: usize = 4 << 20;
const LINE_BYTES: usize = 400;

/// `…/grep?ref&pattern&fixed&ignore_case&path&context&limit&cursor`
pub(super) async fn search(asked: CompareRequest) -> Answer {
    let query = GrepQuery::read(&asked.query())?;
    let mut reading = begin(&asked).await?;
    reading.reserve(Pattern::HELD_BYTES).await?;
    let question = question(&[b"grep", query.revision.as_bytes(), query.asked.as_bytes()]);
    let place = query
        .cursor
        .as_deref()
        .map(|text| Place::read(text, question));
    let place = place.transpose()?;
    let begun = place.as_ref().map(|place| place.id);
    let root = Root::find(&mut reading, &query.revision, begun).await?;
    let limits = query.limits();
    let mut search = Search {
        listing: listing(&root),
        root,
        query,
        limits,
        files: Vec::new(),
        too_large: Vec::new(),
        matches: 0,
        searched: 0,
        shown_bytes: 0,
        room: None,
        room_bytes: SMALL_BYTES,
    };
    let next = search.run(&mut reading, place.as_ref()).await?;
    let cursor = next.map(|next| next.text(question)).unwrap_or_default();
    let result = json!({ "files": search.files, "tooLarge": search.too_large });
    let out = page::envelope(&result, search.matches, &cursor)?;
    Ok(answers::page(out, &cursor)?)
}

/// The entries of the whole tree.
fn listing(root: &Root) -> Listing {
    Listing::new(root.content.clone(), true, &Limits::DEFAULT).without_bound()
}

/// Where a page begins: behind a line of a file, or behind the file.
struct Place {
    /// The ref's id when the first page was made.
    id: ObjectId,
    path: BString,
    /// 0 begins the file; without a number it is done.
    line: Option<u32>,
}

impl Place {
    fn read(text: &str, question: [u8; 20]) -> Result<Self, ErrorReply> {
        let mut cursor = CursorReader::new(text, question)?;
        Ok(Self {
            id: cursor.id()?,
            path: cursor.bytes()?.into(),
            line: cursor.number()?.checked_sub(1),
        })
    }

    fn text(&self, question: [u8; 20]) -> String {
        let mut cursor = CursorWriter::new(question);
        cursor.id(self.id);
        cursor.bytes(&self.path);
        cursor.number(self.line.map_or(0, |line| line.saturating_add(1)));
        cursor.text()
    }
}

/// A search under way.
struct Search {
    query: GrepQuery,
    limits: PathLimits,
    root: Root,
    listing: Listing,
    files: Vec<Value>,
    too_large: Vec<Value>,
    matches: usize,
    searched: u64,
    shown_bytes: usize,
    room: Option<Reservation>,
    room_bytes: u64,
}

impl Search {
    /// Searches file by file; gives the place where the next page begins, if there may be one.
    async fn run(
        &mut self,
        reading: &mut Reading,
        place: Option<&Place>,
    ) -> Result<Option<Place>, ErrorReply> {
        let mut begun = match place {
            Some(place) => self.resume(reading, place).await?,
            None => None,
        };
        let mut slice = Slice::default();
        loop {
            let next = match begun.take() {
                Some(begun) => Some(begun),
                None => next_entry(reading, &mut self.listing)
                    .await?
                    .map(|listed| (listed, 0)),
            };
            let Some((listed, behind)) = next else {
                return Ok(None);
            };
            let before = self.searched;
            self.searched = self.searched.saturating_add(ENTRY_BYTES);
            let line = self.search_entry(reading, &listed, behind).await?;
            let is_spent = self.searched >= SEARCHED_BYTES_MAX
                || self.shown_bytes >= PAGE_BYTES_MAX
                || self.matches >= self.query.limit;
            if is_spent || line.is_some() {
                let path = listed.path;
                let id = self.root.id;
                return Ok(Some(Place { id, path, line }));
            }
            slice.worked(self.searched.saturating_sub(before)).await;
        }
    }

    /// Goes on where a page ended: in a file, or behind an entry.
    async fn resume(
        &mut self,
        reading: &mut Reading,
        place: &Place,
    ) -> Result<Option<(Listed, u64)>, ErrorReply> {
        self.listing = listing(&self.root).behind(place.path.as_bstr());
        let Some(line) = place.line else {
            return Ok(None);
        };
        let path = TreePath::new(&place.path);
        let found = reading.until(|packs| lookup::at_path(packs, self.root.tree, &path));
        let found = found.await?.ok_or_else(foreign)?;
        let listed = Listed {
            path: place.path.clone(),
            mode: found.mode,
            id: found.id,
        };
        Ok(Some((listed, u64::from(line))))
    }

    /// Searches an entry behind a line; gives the last line of the page if there may be more in it.
    async fn search_entry(
        &mut self,
        reading: &mut Reading,
        listed: &Listed,
        behind: u64,
    ) -> Result<Option<u32>, ErrorReply> {
        let is_directory = listed.mode.is_tree() || listed.mode.is_gitlink();
        let cover = self.limits.cover(&listed.path, is_directory);
        if listed.mode.is_tree() && cover == Cover::Outside {
            self.listing.skip_below();
        }
        let is_file = matches!(
            listed.mode.kind(),
            EntryKind::Blob | EntryKind::BlobExecutable
        );
        if !is_file || cover == Cover::Outside {
            return Ok(None);
        }
        let id = listed.id;
        let what = "a tree names it, and it is no blob here";
        let bytes = reading.until(|packs| packs.size_bytes(&id)).await?;
        let bytes = bytes.ok_or(ReadError::Corrupt { id, what })?;
        if bytes > FILE_BYTES_MAX {
            self.too_large.push(json!({
                "path": listed.path.to_str_lossy(), "hash": id.to_string(), "size": bytes,
            }));
            self.shown_bytes = self.shown_bytes.saturating_add(listed.path.len());
            return Ok(None);
        }
        if bytes > self.room_bytes {
            reading.grow_room(&mut self.room, bytes).await?;
            self.room_bytes = bytes;
        }
        let content = reading.until(|packs| packs.read(&id)).await?;
        let (_, content) = content.ok_or(ReadError::Corrupt { id, what })?;
        self.searched = self.searched.saturating_add(bytes);
        Ok(self.search_content(listed, &content, behind))
    }

    fn search_content(&mut self, listed: &Listed, content: &[u8], behind: u64) -> Option<u32> {
        let most = self.query.limit.saturating_sub(self.matches);
        let place = (behind, most);
        let found = grep(&mut self.query.pattern, content, place, self.query.context);
        let (lines, is_binary, has_more) = match found {
            Lines::Binary => (Vec::new(), true, false),
            Lines::Text(lines, has_more) => (lines, false, has_more),
        };
        if lines.is_empty() && !is_binary {
            return None;
        }
        let matched = lines.iter().filter(|line| line.is_match);
        let last = matched.clone().next_back().map_or(0, |line| line.number);
        let count = matched.count().saturating_add(usize::from(is_binary));
        self.matches = self.matches.saturating_add(count);
        let mut shown = Vec::with_capacity(lines.len());
        for line in &lines {
            let text = line.text.get(..LINE_BYTES_MAX).unwrap_or(line.text);
            self.shown_bytes = self
                .shown_bytes
                .saturating_add(text.len())
                .saturating_add(LINE_BYTES);
            shown.push(json!({
                "line": line.number,
                "text": text.to_str_lossy(),
                "match": line.is_match,
                "truncated": text.len() < line.text.len(),
            }));
        }
        self.shown_bytes = self.shown_bytes.saturating_add(listed.path.len());
        self.files.push(json!({
            "path": listed.path.to_str_lossy(),
            "hash": listed.id.to_string(),
            "binary": is_binary,
            "lines": shown,
        }));
        has_more.then(|| u32::try_from(last).unwrap_or(u32::MAX))
    }
}
