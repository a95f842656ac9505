//! `GET …/compare/:base...:head`

use std::rc::Rc;

use gix_hash::ObjectId;
use serde_json::Value;

use super::bytes::{DIFF_TYPE, PatchBytes};
use super::changes;
use super::elsewhere::begin_with_head;
use super::json::{Details, FilesJson};
use super::merge_base::common_history;
use super::query::{self, CompareQuery};
use super::request::CompareRequest;
use super::revisions::{Revision, node};
use super::stream::send;
use crate::git::compare::history::CommonHistory;
use crate::git::content::lookup;
use crate::git::graph::commits::CommitGraph;
use crate::git::object::ObjectKind;
use crate::git::store::ReadError;
use crate::repo_do::content::answers::{form, parse};
use crate::repo_do::content::reading::Reading;
use crate::repo_do::content::shown::{self, Form};
use crate::repo_do::contract::compare::HEAD_REPOSITORY;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;

/// Bytes of JSON after which no more commits are shown.
const COMMITS_BYTES_MAX: usize = 2 << 20;

/// Compares two commits; `spec` is percent-encoded. With three dots the files are compared from
/// where the histories met, with two as the commits have them.
pub(super) async fn compare(compare: CompareRequest, spec: &str) -> Answer {
    let takes = ["path", "context", "renames", "limit", HEAD_REPOSITORY];
    let query = CompareQuery::read(&compare.query(), &takes)?;
    let (base, head, from_merge_base) = query::spec(spec)?;
    let sides = (base.as_str(), head.as_str());
    let (mut reading, elsewhere) = begin_with_head(&compare, &query, sides).await?;
    // Before anything else is awaited: the packs' own graph.
    let graph = reading.graph()?;
    let base = Revision::find(&mut reading, "base", &base).await?;
    let base = base.commit(&mut reading).await?;
    let head = match elsewhere {
        Some(head) => head,
        None => Revision::find(&mut reading, "head", &head).await?,
    };
    let head = head.commit(&mut reading).await?;
    let heads = [node(&graph, head)?];
    let (history, room) = common_history(&graph, node(&graph, base)?, &heads).await?;
    let merge_bases = history.merge_bases()?;
    let from = match (from_merge_base, merge_bases.first()) {
        (false, _) => node(&graph, base)?,
        (true, Some(merge_base)) => *merge_base,
        (true, None) => {
            let message = "base and head have no commit in common: compare them with two dots";
            return Err(ErrorReply::new(ErrorCode::NotFound, message));
        }
    };
    let trees = (
        Some(graph.tree_id(from)?),
        Some(graph.tree_id(node(&graph, head)?)?),
    );
    if compare.wants_bytes() {
        drop((history, room));
        let changes = changes::find(&mut reading, trees, &query).await?;
        return send(PatchBytes::new(reading, changes, query.context), DIFF_TYPE).await;
    }
    let merge_bases = graph.commit_ids(&merge_bases)?;
    let merge_bases: Vec<String> = merge_bases.iter().map(ToString::to_string).collect();
    let mut fields = serde_json::json!({
        "base": base.to_string(),
        "head": head.to_string(),
        "mergeBase": merge_bases.first(),
        "mergeBases": merge_bases,
        "aheadBy": history.ahead_by(),
        "behindBy": history.behind_by(),
    });
    let shown_so = (query.limit, form(&compare.request));
    let (commits, is_cut) = ahead(&mut reading, &graph, history, shown_so).await?;
    drop(room);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("commits".to_owned(), Value::Array(commits));
        fields.insert("commitsTruncated".to_owned(), is_cut.into());
    }
    let changes = changes::find(&mut reading, trees, &query).await?;
    let files = FilesJson::new(reading, changes, &fields, (query.context, Details::Counts));
    send(files, "application/json").await
}

/// The commits that the head has alone, the latest first, and whether there are more.
async fn ahead(
    reading: &mut Reading,
    graph: &Rc<CommitGraph>,
    history: CommonHistory,
    (limit, form): (u32, Form),
) -> Result<(Vec<Value>, bool), ErrorReply> {
    let all = history.ahead_by();
    let mut ahead = history.into_ahead()?;
    let mut commits = Vec::new();
    let mut bytes = 0_usize;
    while commits.len() < limit as usize && bytes < COMMITS_BYTES_MAX {
        let Some(node) = ahead.next_commit()? else {
            break;
        };
        let (commit, commit_bytes) = shown_commit(reading, graph.commit_id(node)?, form).await?;
        bytes = bytes.saturating_add(commit_bytes);
        commits.push(commit);
    }
    let is_cut = (commits.len() as u64) < all;
    Ok((commits, is_cut))
}

async fn shown_commit(
    reading: &mut Reading,
    id: ObjectId,
    form: Form,
) -> Result<(Value, usize), ErrorReply> {
    let content = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    let what = "a commit of the graph is missing";
    let (id, content) = content.ok_or(ReadError::Corrupt { id, what })?;
    let text = parse(id, &content)?;
    let shown = serde_json::to_value(shown::Commit::new(id, &text, form));
    let shown =
        shown.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    Ok((shown, content.len()))
}
