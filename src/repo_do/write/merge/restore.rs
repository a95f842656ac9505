//! `POST …/restore`: a branch brought back to an earlier state.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;
use serde_json::json;

use super::body::{BODY_BYTES_MAX, Branch, How, RestoreBody, RestoreTo, guard, person};
use super::outcome::Outcome;
use super::workbench::Workbench;
use crate::git::content::lookup;
use crate::git::edit::commit::NewCommit;
use crate::git::edit::message;
use crate::git::object::ObjectKind;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::write::body;
use crate::repo_do::write::commits::invalid;
use crate::repo_do::write::push_options;
use crate::repo_do::write::refusal;
use crate::repo_do::write::request::WriteRequest;

/// Digits of an id in a message.
const ID_DIGITS: usize = 7;

/// Restores.
pub(super) async fn restore(write: WriteRequest) -> Answer {
    let (body, _held): (RestoreBody, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let branch = Branch::new(&body.branch, "/branch")?;
    let expected = body.expected_head.as_ref();
    let expected = expected.map(|id| guard(id.as_ref())).transpose()?;
    let takes_words = body.how == How::Commit;
    let given = [
        ("/message", body.message.is_some()),
        ("/author", body.author.is_some()),
        ("/committer", body.committer.is_some()),
    ];
    if let Some((field, _)) = given.iter().find(|(_, given)| *given && !takes_words) {
        return Err(invalid(*field, "a move makes no commit"));
    }
    let cleaned = body
        .message
        .as_ref()
        .map(|given| message::clean(given.as_bytes()));
    let message = cleaned.transpose();
    let message = message.map_err(|fault| invalid("/message", fault.to_string()))?;
    let author = person(&write, body.author.as_ref(), "/author")?;
    let committer = person(&write, body.committer.as_ref(), "/committer")?;
    let push_options = push_options::checked(body.push_options, "/push_options")?;
    let mut bench = Workbench::begin(&write).await?;
    let found = bench.reading.store().find_ref(branch.name.as_bstr())?;
    let head = found.map(|found| found.target);
    if let Some(expected) = expected
        && expected != head
    {
        return Err(refusal::moved("/expected_head", head));
    }
    let to = find(&mut bench, &branch, &body.to).await?;
    let tree = bench.tree(to)?;
    let old_tree = match head {
        Some(head) => tree_of(&mut bench, head).await?,
        None => None,
    };
    let mut outcome = Outcome {
        status: "moved",
        branch: branch.clone(),
        old_head: head,
        new_head: to,
        tree,
        old_tree,
        commits: None,
        merge_bases: None,
        push_options,
        dry_run: false,
    };
    if body.how == How::Move {
        if head == Some(to) {
            return Err(no_change(to, tree));
        }
        return outcome.finish(&write, bench).await;
    }
    let Some(head) = head else {
        let message = format!("there is no branch {}: a move makes it again", branch.short);
        return Err(ErrorReply::at(ErrorCode::NotFound, "/branch", message));
    };
    if old_tree == Some(tree) {
        return Err(no_change(head, tree));
    }
    let short = to.to_hex_with_len(ID_DIGITS);
    let message = message.unwrap_or_else(|| format!("Restore {} to {short}\n", branch.short));
    let (author, committer) = (author.line(), committer.line());
    let commit = NewCommit {
        tree,
        parents: &[head],
        author: author.as_bstr(),
        committer: committer.as_bstr(),
        message: message.as_bytes().as_bstr(),
    };
    outcome.new_head = bench.add(ObjectKind::Commit, commit.content())?;
    outcome.status = "restored";
    outcome.finish(&write, bench).await
}

/// The commit to go back to.
async fn find(
    bench: &mut Workbench,
    branch: &Branch,
    to: &RestoreTo,
) -> Result<ObjectId, ErrorReply> {
    let seq = match to {
        RestoreTo::Revision(revision) => return bench.commit_of(revision, "/to").await,
        RestoreTo::Reflog(entry) => entry.reflog,
    };
    let missing = || {
        let message = format!("the reflog has no entry {seq}");
        ErrorReply::at(ErrorCode::NotFound, "/to/reflog", message)
    };
    let entry = bench
        .reading
        .store()
        .reflog_entry(seq)?
        .ok_or_else(missing)?;
    if entry.name != branch.name {
        let message = format!("entry {seq} is of {}, not of {}", entry.name, branch.name);
        return Err(invalid("/to/reflog", message));
    }
    let id = entry.new.ok_or_else(|| {
        let message = format!("entry {seq} deleted the branch");
        invalid("/to/reflog", message)
    })?;
    bench.graph.lookup(&id)?.map(|_| id).ok_or_else(missing)
}

/// The tree of the object that a branch names, which may not be a commit of the graph.
async fn tree_of(bench: &mut Workbench, id: ObjectId) -> Result<Option<ObjectId>, ErrorReply> {
    let tree = bench
        .reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Tree));
    Ok(tree.await?.map(|(tree, _)| tree))
}

fn no_change(head: ObjectId, tree: ObjectId) -> ErrorReply {
    let message = "the branch is like that already";
    let refused = ErrorReply::at(ErrorCode::NoChange, "/to", message);
    refused.with_details(json!({"head": head.to_string(), "tree": tree.to_string()}))
}
