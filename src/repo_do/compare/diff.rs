//! `GET …/diff`

use super::bytes::{DIFF_TYPE, PatchBytes};
use super::changes;
use super::elsewhere::begin_with_head;
use super::json::{Details, FilesJson};
use super::query::{CompareQuery, needed};
use super::request::CompareRequest;
use super::revisions::Revision;
use super::stream::send;
use crate::repo_do::contract::compare::HEAD_REPOSITORY;
use crate::repo_do::request::answer::Answer;

/// The difference between two trees: as JSON, or as the bytes of `git diff`.
pub(super) async fn diff(compare: CompareRequest) -> Answer {
    let takes = [
        "base",
        "head",
        HEAD_REPOSITORY,
        "path",
        "context",
        "renames",
        "word",
        "ignore_whitespace",
    ];
    let query = CompareQuery::read(&compare.query(), &takes)?;
    let base = needed("base", query.base.as_deref())?;
    let head = needed("head", query.head.as_deref())?;
    let (mut reading, elsewhere) = begin_with_head(&compare, &query, (base, head)).await?;
    let base = Revision::find(&mut reading, "base", base).await?;
    let head = match elsewhere {
        Some(head) => head,
        None => Revision::find(&mut reading, "head", head).await?,
    };
    let trees = (
        base.tree(&mut reading).await?,
        head.tree(&mut reading).await?,
    );
    let changes = changes::find(&mut reading, trees, &query).await?;
    if compare.wants_bytes() {
        let mut patches = PatchBytes::new(reading, changes, query.context);
        patches = patches.by_whitespace(query.whitespace);
        if query.by_words {
            patches = patches.by_words();
        }
        return send(patches, DIFF_TYPE).await;
    }
    let fields = serde_json::json!({
        "base": base.id().to_string(),
        "head": head.id().to_string(),
    });
    let details = if query.by_words {
        Details::Words
    } else {
        Details::Lines
    };
    let files = FilesJson::new(reading, changes, &fields, (query.context, details));
    let files = files.by_whitespace(query.whitespace);
    send(files, "application/json").await
}
