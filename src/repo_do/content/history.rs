//! The log: a page of it, made while other requests of the object run.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;
use worker::Response;

use super::super::contract::content::{ContentQuery, ENVELOPE_OPEN, envelope_close};
use super::super::contract::{ErrorCode, ErrorReply};
use super::super::request::answer::Answer;
use super::super::runtime::timer::pause;
use super::answers::{self, no_ref, parse, revision};
use super::log_cursor::LogCursor;
use super::reading::Reading;
use super::shown::{self, Form};
use crate::git::content::log::{Log, Step};
use crate::git::content::lookup::{self, TreePath};
use crate::git::graph::commits::CommitNode;
use crate::git::object::ObjectKind;
use crate::git::store::ReadError;

const LIMIT_DEFAULT: u32 = 50;

/// Bytes of JSON after which a page ends, however few its commits are.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// Commits that the log of a path looks at, at most: each costs the trees along the path.
const LOOKED_AT_MAX: u64 = 50_000;

/// Bytes of trees that it reads for that, at most: some 10 s of CPU.
const READ_BYTES_MAX: u64 = 1 << 30;

/// Commits between two pauses: with a path, and without.
const STEPS: (u64, u64) = (256, 16_384);

/// `…/log?ref&path&limit&offset&cursor&first_parent`
pub(crate) async fn log(reading: Reading, query: &ContentQuery, form: Form) -> Answer {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let cursor = cursor.map(|cursor| {
        let message = "the cursor does not belong to this list";
        let foreign = || ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message);
        LogCursor::parse(cursor, query).ok_or_else(foreign)
    });
    let cursor = cursor.transpose()?;
    let number = |offset: &String| offset.parse().ok();
    let offset = query.offset.as_ref().and_then(number).unwrap_or(0);
    let offset = cursor.map_or(offset, |cursor| cursor.offset);
    let Some((walk, start)) = begin(reading, query, cursor, form).await? else {
        return Ok(shown_page(&Page::default(), limit, "")?);
    };
    let page = fill(walk, limit, offset).await?;
    let next = page.next.map(|offset| LogCursor { start, offset });
    let next = next.map(|next| next.text(query)).unwrap_or_default();
    Ok(shown_page(&page, limit, &next)?)
}

/// A log under way.
struct Walk {
    reading: Reading,
    log: Log,
    has_path: bool,
    looked_at: u64,
    form: Form,
}

/// Finds the commit to begin at, and gives it too. HEAD of a repository without commits has no log.
async fn begin(
    mut reading: Reading,
    query: &ContentQuery,
    cursor: Option<LogCursor>,
    form: Form,
) -> Result<Option<(Walk, ObjectId)>, ErrorReply> {
    let id = match cursor {
        Some(cursor) => cursor.start,
        None => match (revision(&reading, query)?, query.revision.as_deref()) {
            (Some(id), _) => id,
            (None, None | Some("HEAD")) => return Ok(None),
            (None, Some(_)) => return Err(no_ref()),
        },
    };
    let no_ref = || {
        if cursor.is_none() {
            return no_ref();
        }
        let message = "the history that the cursor began in is gone: begin again";
        ErrorReply::at(ErrorCode::NotFound, "/cursor", message)
    };
    // Before anything is awaited: the packs' own graph.
    let graph = reading.graph()?;
    reading.check_visible(id, no_ref).await?;
    let commit = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    let (id, _) = commit.ok_or_else(no_ref)?;
    let start = graph.lookup(&id)?.ok_or_else(no_ref)?;
    let path = TreePath::new(query.path.as_deref().unwrap_or_default().as_bytes());
    let has_path = !path.is_root();
    let log = Log::new(graph, start, path)?;
    let walk = Walk {
        reading,
        has_path,
        log: match query.first_parent {
            Some(_) => log.of_first_parents(),
            None => log,
        },
        looked_at: 0,
        form,
    };
    Ok(Some((walk, id)))
}

impl Walk {
    /// The next commit of the log; `None` at its end or at the bound.
    async fn next(&mut self) -> Result<Option<CommitNode>, ErrorReply> {
        let steps = if self.has_path { STEPS.0 } else { STEPS.1 };
        while !self.is_cut() {
            let Self { reading, log, .. } = self;
            let step = reading.until(|packs| log.step(packs)).await?;
            self.looked_at = self.looked_at.saturating_add(1);
            if self.looked_at.is_multiple_of(steps) {
                pause().await;
            }
            match step {
                Step::Shown(node) => return Ok(Some(node)),
                Step::Passed => {}
                Step::Ended => return Ok(None),
            }
        }
        Ok(None)
    }

    fn is_cut(&self) -> bool {
        let is_spent = self.looked_at >= LOOKED_AT_MAX || self.log.read_bytes() >= READ_BYTES_MAX;
        self.has_path && is_spent && !self.log.is_ended()
    }
}

/// A page of the log.
#[derive(Default)]
struct Page {
    /// The commits' JSON, with commas between them.
    commits: Vec<u8>,
    count: u32,
    /// Offset of the next page, if there may be one.
    next: Option<u32>,
    /// The bound was reached; the log leaves out older commits.
    truncated: bool,
}

async fn fill(mut walk: Walk, limit: u32, offset: u32) -> Result<Page, ErrorReply> {
    let mut page = Page::default();
    for _ in 0..offset {
        if walk.next().await?.is_none() {
            break;
        }
    }
    while page.count < limit && page.commits.len() < PAGE_BYTES_MAX {
        let Some(node) = walk.next().await? else {
            break;
        };
        if page.count > 0 {
            page.commits.push(b',');
        }
        write(&mut walk, node, &mut page.commits).await?;
        page.count = page.count.saturating_add(1);
    }
    page.truncated = walk.is_cut();
    if page.truncated && page.count == 0 {
        let message = format!(
            "the log of a path looks at {LOOKED_AT_MAX} commits and reads {READ_BYTES_MAX} bytes of \
             trees, and this page lies behind them: name an older ref"
        );
        return Err(ErrorReply::at(ErrorCode::MemoryLimit, "/path", message));
    }
    if !page.truncated && !walk.log.is_ended() {
        page.next = Some(offset.saturating_add(page.count));
    }
    Ok(page)
}

async fn write(walk: &mut Walk, node: CommitNode, out: &mut Vec<u8>) -> Result<(), ErrorReply> {
    let id = walk.log.graph().commit_id(node)?;
    let missing = ReadError::Corrupt {
        id,
        what: "a commit of the graph is missing",
    };
    let content = walk
        .reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    let (id, content) = content.ok_or(missing)?;
    let text = parse(id, &content)?;
    let written = serde_json::to_writer(out, &shown::Commit::new(id, &text, walk.form));
    written.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))
}

fn shown_page(page: &Page, limit: u32, cursor: &str) -> worker::Result<Response> {
    let mut info = serde_json::json!({
        "cursor": cursor, "per_page": limit, "count": page.count,
    });
    if page.truncated
        && let Some(info) = info.as_object_mut()
    {
        info.insert("truncated".to_owned(), true.into());
    }
    let mut out = Vec::from(ENVELOPE_OPEN);
    out.push(b'[');
    out.extend_from_slice(page.commits.as_bytes());
    out.push(b']');
    out.extend_from_slice(envelope_close(Some(&info.to_string())).as_bytes());
    answers::page(out, cursor)
}
