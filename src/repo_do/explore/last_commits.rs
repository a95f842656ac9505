//! `GET …/tree/:hash?last_commit`

use gix_hash::ObjectId;
use serde::Serialize;

use super::cursor::{CursorReader, CursorWriter, foreign, gone, question};
use super::kept::Place;
use super::page;
use crate::git::content::last_commits::{DirectoryEntry, LastCommits, directory_entries};
use crate::git::content::listing::Listed;
use crate::git::content::lookup::{self, TreePath};
use crate::git::graph::commits::CommitNode;
use crate::git::object::ObjectKind;
use crate::git::store::{ObjectSource as _, ReadError, Shared};
use crate::repo_do::compare::changes::Slice;
use crate::repo_do::compare::request::CompareRequest;
use crate::repo_do::compare::revisions::{begin, node};
use crate::repo_do::content::answers::{self, named, no_object, no_path, parse};
use crate::repo_do::content::reading::Reading;
use crate::repo_do::content::shown::{self, Form};
use crate::repo_do::contract::content::{ContentQuery, ENVELOPE_OPEN};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;

/// Entries of a page.
const PAGE_ENTRIES: usize = 1_000;

/// Bytes of JSON after which a page ends, however few its entries are.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// Commits that a request looks at, at most: each costs the directory in its parents.
const LOOKED_AT_MAX: u64 = 20_000;

/// Bytes of trees that it reads for that, at most: some 3 s of CPU.
const READ_BYTES_MAX: u64 = 256 << 20;

/// Bytes of a place in a cursor, at most: for a commit and a count, and for a number.
const CURSOR_BYTES: (usize, usize) = (22, 2);

/// An entry and its commit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dated<'a> {
    #[serde(flatten)]
    entry: shown::Entry<'a>,
    last_commit: shown::Commit<'a>,
}

/// `…/tree/:hash?last_commit&path&cursor`
pub(super) async fn list(asked: CompareRequest, id: &str) -> Answer {
    let query: ContentQuery = asked
        .request
        .query()
        .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    let mut reading = begin(&asked).await?;
    // Before anything else is awaited: the packs' own graph.
    let graph = reading.graph()?;
    let commit = commit(&mut reading, named(id)?).await?;
    let tip = node(&graph, commit)?;
    let directory = query.path.unwrap_or_default();
    let question = question(&[b"last commits", commit.as_slice(), directory.as_bytes()]);
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    let place = Place::of(&asked.object, &reading, question)?;
    if let (None, Some(answer)) = (&cursor, place.answer()) {
        return answer;
    }
    let content = directory_of(&mut reading, graph.tree_id(tip)?, &directory).await?;
    let left = match &cursor {
        Some(text) => Left::read(CursorReader::new(text, question)?)?,
        None => Left::default(),
    };
    let mut entries = directory_entries(&content).skip(left.first as usize);
    let page: Vec<_> = entries.by_ref().take(PAGE_ENTRIES).collect();
    let has_more = entries.next().is_some();
    let entries = u32::try_from(page.len()).unwrap_or(u32::MAX);
    let mut walk = LastCommits::new(graph, directory.as_bytes(), page);
    left.stand(&mut reading, &mut walk, (tip, entries)).await?;
    run(&mut reading, &mut walk).await?;

    let mut out = Vec::from(ENVELOPE_OPEN);
    let (count, groups) = write(&mut reading, &walk, &mut out).await?;
    let is_cut = has_more || !groups.is_empty();
    let first = if groups.is_empty() {
        left.first.saturating_add(entries)
    } else {
        left.first
    };
    let next = is_cut.then(|| Left { first, groups }.text(question, commit));
    let next = next.unwrap_or_default();
    page::close(&mut out, count as usize, &next);
    if cursor.is_none() && !is_cut {
        place.keep(&out);
    }
    Ok(answers::page(out, &next)?)
}

/// The commit that an id leads to.
async fn commit(reading: &mut Reading, id: ObjectId) -> Result<ObjectId, ErrorReply> {
    reading.check_visible(id, || no_object("commit")).await?;
    let commit = reading.until(|packs| lookup::peel(packs, id, ObjectKind::Commit));
    commit.await?.map(|(id, _)| id).ok_or_else(|| {
        let message = "only in the tree of a commit have entries a last commit: name the commit";
        ErrorReply::at(ErrorCode::InvalidInput, "/last_commit", message)
    })
}

/// The content of a directory.
async fn directory_of(
    reading: &mut Reading,
    tree: ObjectId,
    path: &str,
) -> Result<Shared, ErrorReply> {
    let place = TreePath::new(path.as_bytes());
    let found = reading.until(|packs| lookup::at_path(packs, tree, &place));
    let found = found.await?.filter(|found| found.mode.is_tree());
    let id = found
        .ok_or_else(|| no_path("there is no directory at this path"))?
        .id;
    let content = reading.until(|packs| packs.read(&id)).await?;
    let what = "a tree names it, and it is not here";
    let (_, content) = content.ok_or(ReadError::Corrupt { id, what })?;
    Ok(content)
}

/// Walks until all is found or the budget is used up.
async fn run(reading: &mut Reading, walk: &mut LastCommits) -> Result<(), ErrorReply> {
    let mut slice = Slice::default();
    loop {
        let before = walk.read_bytes();
        if !reading.until(|packs| walk.step(packs)).await? {
            return Ok(());
        }
        slice.worked(walk.read_bytes().saturating_sub(before)).await;
        if walk.looked_at() >= LOOKED_AT_MAX || walk.read_bytes() >= READ_BYTES_MAX {
            return Ok(());
        }
    }
}

/// By commit, the entries that stand there.
type Groups = Vec<(ObjectId, Vec<u32>)>;

/// Writes the entries that were found; gives their number, and where the others stand.
async fn write(
    reading: &mut Reading,
    walk: &LastCommits,
    out: &mut Vec<u8>,
) -> Result<(u32, Groups), ErrorReply> {
    let mut groups = Groups::new();
    for (node, numbers) in walk.left() {
        groups.push((walk.graph().commit_id(node)?, numbers.to_vec()));
    }
    let mut slice = Slice::default();
    let mut count = 0_u32;
    out.push(b'[');
    for (number, entry) in (0..).zip(walk.entries()) {
        let Some(node) = walk.found(number) else {
            continue;
        };
        let id = walk.graph().commit_id(node)?;
        if out.len() >= PAGE_BYTES_MAX {
            groups.push((id, vec![number]));
            continue;
        }
        if count > 0 {
            out.push(b',');
        }
        let before = out.len();
        write_entry(reading, entry, id, out).await?;
        count = count.saturating_add(1);
        slice.worked(out.len().saturating_sub(before) as u64).await;
    }
    out.push(b']');
    Ok((count, groups))
}

async fn write_entry(
    reading: &mut Reading,
    entry: &DirectoryEntry,
    id: ObjectId,
    out: &mut Vec<u8>,
) -> Result<(), ErrorReply> {
    let content = reading.until(|packs| lookup::peel(packs, id, ObjectKind::Commit));
    let what = "a commit of the graph is missing";
    let (id, content) = content.await?.ok_or(ReadError::Corrupt { id, what })?;
    let listed = Listed {
        path: entry.name.clone(),
        mode: entry.mode,
        id: entry.id,
    };
    let dated = Dated {
        entry: shown::Entry::new(&listed, Form::Own),
        last_commit: shown::Commit::new(id, &parse(id, &content)?, Form::Own),
    };
    let written = serde_json::to_writer(out, &dated);
    written.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))
}

/// The place where a page begins: the number of its first entry in the directory, and if some of its
/// entries were given, where the others stand.
#[derive(Default)]
struct Left {
    first: u32,
    /// Numbers from the first entry on.
    groups: Groups,
}

impl Left {
    fn read(mut cursor: CursorReader) -> Result<Self, ErrorReply> {
        let first = cursor.number()?;
        let mut groups = Groups::new();
        while !cursor.is_at_end() {
            let id = cursor.id()?;
            let mut numbers = Vec::new();
            for _ in 0..cursor.number()? {
                numbers.push(cursor.number()?);
            }
            groups.push((id, numbers));
        }
        Ok(Self { first, groups })
    }

    /// As a client gets it. Entries for which it has no room begin at the tip again.
    fn text(&self, question: [u8; 20], tip: ObjectId) -> String {
        let mut cursor = CursorWriter::new(question);
        cursor.number(self.first);
        let left: usize = self.groups.iter().map(|(_, numbers)| numbers.len()).sum();
        let mut reserved = left
            .saturating_mul(CURSOR_BYTES.1)
            .saturating_add(CURSOR_BYTES.0);
        let mut again = Vec::new();
        for (id, numbers) in &self.groups {
            reserved = reserved.saturating_add(CURSOR_BYTES.0);
            if cursor.has_room(reserved) {
                write_group(&mut cursor, *id, numbers);
                reserved = reserved.saturating_sub(CURSOR_BYTES.0);
                let own = numbers.len().saturating_mul(CURSOR_BYTES.1);
                reserved = reserved.saturating_sub(own);
            } else {
                reserved = reserved.saturating_sub(CURSOR_BYTES.0);
                again.extend_from_slice(numbers);
            }
        }
        if !again.is_empty() {
            write_group(&mut cursor, tip, &again);
        }
        cursor.text()
    }

    /// Puts the entries where they stand; all of a new page stand at the tip.
    async fn stand(
        &self,
        reading: &mut Reading,
        walk: &mut LastCommits,
        (tip, entries): (CommitNode, u32),
    ) -> Result<(), ErrorReply> {
        if self.groups.is_empty() {
            let all: Vec<u32> = (0..entries).collect();
            return Ok(walk.stand(tip, &all)?);
        }
        for (id, numbers) in &self.groups {
            if numbers.iter().any(|number| *number >= entries) {
                return Err(foreign());
            }
            reading.check_visible(*id, gone).await?;
            let node = walk.graph().lookup(id)?.ok_or_else(gone)?;
            walk.stand(node, numbers)?;
        }
        Ok(())
    }
}

fn write_group(cursor: &mut CursorWriter, id: ObjectId, numbers: &[u32]) {
    cursor.id(id);
    cursor.number(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
    for number in numbers {
        cursor.number(*number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_room_for_every_entry() {
        let question = question(&[b"x"]);
        let id = |number: u8| ObjectId::from([number; 20]);
        let left = Left {
            first: 3_000_000,
            groups: (0..200)
                .map(|at| (id(at), (0..5).map(|n| u32::from(at) * 5 + n).collect()))
                .collect(),
        };
        let text = left.text(question, id(255));
        assert!(text.len() <= 6000, "{}", text.len());
        let read = Left::read(CursorReader::new(&text, question).unwrap()).unwrap();
        assert_eq!(read.first, left.first);
        let mut numbers: Vec<u32> = read
            .groups
            .iter()
            .flat_map(|(_, all)| all.clone())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..1000).collect::<Vec<u32>>());
        let kept = read
            .groups
            .iter()
            .filter(|(group, _)| *group != id(255))
            .count();
        assert!(kept > 60, "{kept}");
    }
}
