//! The commit, once its tree is known, and the answer.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;
use serde::Serialize;
use serde_json::json;

use super::draft::Draft;
use super::ground::Ground;
use super::large::{LargeFiles, ShownFile};
use super::people::Words;
use crate::git::edit::commit::NewCommit;
use crate::git::protocol::push_commands::PushCommand;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::receive::by_rest::{AnswerOf, RefChanges};
use crate::repo_do::request::answer::{self, Answer};

/// A commit was made.
const STATUS: u16 = 201;

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Committed {
    commit: String,
    tree: String,
    branch: String,
    old_head: Option<String>,
    new_head: String,
    files_changed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lfs: Option<Vec<ShownFile>>,
}

/// The commit that was made.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) commit: ObjectId,
    pub(super) tree: ObjectId,
    pub(super) files_changed: u64,
    /// The files that went through Git LFS, if that was asked for.
    pub(super) large: Option<&'a LargeFiles>,
}

/// The content of the commit.
pub(super) fn content(ground: &Ground, tree: ObjectId, words: &Words) -> Vec<u8> {
    let parents: Vec<ObjectId> = ground.parent.into_iter().collect();
    let commit = NewCommit {
        tree,
        parents: &parents,
        author: words.author.as_bstr(),
        committer: words.committer.as_bstr(),
        message: words.message.as_bytes().as_bstr(),
    };
    commit.content()
}

/// Refuses a commit whose tree is its parent's.
pub(super) fn check_changes(
    ground: &Ground,
    tree: ObjectId,
    allow_empty: bool,
) -> Result<(), ErrorReply> {
    let empty = ObjectId::empty_tree(gix_hash::Kind::Sha1);
    if allow_empty || ground.tree.unwrap_or(empty) != tree {
        return Ok(());
    }
    let message = "the commit would change nothing: allow_empty makes it all the same";
    let head = ground.head.map(|head| head.to_string());
    let details = json!({"head": head, "tree": tree.to_string()});
    Err(ErrorReply::new(ErrorCode::NoChange, message).with_details(details))
}

/// The change of the branch.
pub(super) fn changes(draft: &Draft, ground: &Ground, made: Made<'_>) -> RefChanges {
    let command = PushCommand {
        name: draft.name.clone(),
        old: ground.head,
        new: Some(made.commit),
    };
    let answer = answer::envelope(&committed(draft, ground, made));
    RefChanges {
        commands: vec![command],
        push_options: draft.push_options.clone(),
        answer: answer.ok().map(|body| AnswerOf::fixed(STATUS, body)),
        ..RefChanges::default()
    }
}

/// 201, with the commit.
pub(super) fn answer(draft: &Draft, ground: &Ground, made: Made<'_>) -> Answer {
    let committed = committed(draft, ground, made);
    Ok(answer::enveloped(&committed)?.with_status(STATUS))
}

fn committed(draft: &Draft, ground: &Ground, made: Made<'_>) -> Committed {
    Committed {
        commit: made.commit.to_string(),
        tree: made.tree.to_string(),
        branch: draft.branch.clone(),
        old_head: ground.head.map(|id| id.to_string()),
        new_head: made.commit.to_string(),
        files_changed: made.files_changed,
        lfs: made.large.map(|large| large.shown(draft)),
    }
}
