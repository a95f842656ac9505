//! The branch moved, and the caller's answer.

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use serde_json::{Map, Value, json};

use super::body::Branch;
use super::large_files;
use super::workbench::Workbench;
use crate::git::protocol::push_commands::PushCommand;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::receive::by_rest::{AnswerOf, RefChanges};
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::write::files_changed::files_changed;
use crate::repo_do::write::publish::publish_onto;
use crate::repo_do::write::refusal;
use crate::repo_do::write::request::WriteRequest;

/// The result of a request.
pub(super) struct Outcome {
    /// `merged`, say.
    pub(super) status: &'static str,
    pub(super) branch: Branch,
    /// The old head; `None`: the branch did not exist.
    pub(super) old_head: Option<ObjectId>,
    /// The new head.
    pub(super) new_head: ObjectId,
    /// The tree of that.
    pub(super) tree: ObjectId,
    /// The tree before.
    pub(super) old_tree: Option<ObjectId>,
    /// The commits that were made, the oldest first.
    pub(super) commits: Option<Vec<ObjectId>>,
    /// The merge bases, the youngest first.
    pub(super) merge_bases: Option<Vec<ObjectId>>,
    pub(super) push_options: Vec<BString>,
    pub(super) dry_run: bool,
}

impl Outcome {
    /// Moves the branch and answers 201; a dry run answers 200 and moves nothing.
    pub(super) async fn finish(self, write: &WriteRequest, mut bench: Workbench) -> Answer {
        let trees = [self.old_tree, Some(self.tree)];
        let files_changed = files_changed(trees, &bench.objects, &mut bench.reading).await?;
        let mut told = self.told();
        told.insert("filesChanged".to_owned(), json!(files_changed));
        let Workbench {
            objects,
            mut reading,
            brought,
            neighbour,
            ..
        } = bench;
        if self.dry_run {
            return Ok(answer::enveloped(&Value::Object(told))?);
        }
        if let (Some(neighbour), Some(_)) = (&neighbour, &brought) {
            Box::pin(large_files::take_over(write, neighbour, &mut reading)).await?;
        }
        drop(reading);
        let told = answer::envelope(&Value::Object(told)).map_err(worker::Error::from)?;
        let changes = RefChanges {
            answer: Some(AnswerOf::fixed(201, told.clone())),
            commands: vec![PushCommand {
                name: self.branch.name.clone(),
                old: self.old_head,
                new: Some(self.new_head),
            }],
            atomic: false,
            push_options: self.push_options,
        };
        let writer = write.writer();
        let outcomes = Box::pin(publish_onto(&writer, &objects, changes, brought)).await?;
        match outcomes.into_iter().next() {
            Some(None) => Ok(answer::json(told)?.with_status(201)),
            Some(Some(rejection)) => {
                let pointer = self.branch.pointer;
                Err(refusal::reply(&rejection, pointer, "/expected_head"))
            }
            None => Err(ErrorReply::new(ErrorCode::InternalError, "internal error")),
        }
    }

    /// The branch has all of it already: 200.
    pub(super) fn unchanged(self) -> Answer {
        let mut told = self.told();
        told.insert("filesChanged".to_owned(), json!(0));
        Ok(answer::enveloped(&Value::Object(told))?)
    }

    fn told(&self) -> Map<String, Value> {
        let id = |id: &ObjectId| Value::String(id.to_string());
        let ids = |ids: &[ObjectId]| Value::Array(ids.iter().map(id).collect());
        let made = |made: &ObjectId| if self.dry_run { Value::Null } else { id(made) };
        let mut told = Map::new();
        let mut put = |name: &str, value: Value| told.insert(name.to_owned(), value);
        if self.dry_run {
            put("dryRun", Value::Bool(true));
        }
        put("status", self.status.into());
        put("branch", self.branch.short.as_str().into());
        put("commit", made(&self.new_head));
        put("tree", id(&self.tree));
        put("oldHead", self.old_head.as_ref().map_or(Value::Null, id));
        put("newHead", made(&self.new_head));
        if let Some(bases) = &self.merge_bases {
            put("mergeBase", bases.first().map_or(Value::Null, id));
            put("mergeBases", ids(bases));
        }
        if let Some(commits) = self.commits.as_ref().filter(|_| !self.dry_run) {
            put("commits", ids(commits));
        }
        told
    }
}

/// A dry run that meets conflicts: 200, with the content of a 409.
pub(super) fn dry_conflicts(
    branch: &Branch,
    old_head: ObjectId,
    tree: ObjectId,
    details: Map<String, Value>,
) -> Answer {
    let mut told = Map::new();
    let mut put = |name: &str, value: Value| told.insert(name.to_owned(), value);
    put("dryRun", Value::Bool(true));
    put("status", "conflicts".into());
    put("branch", branch.short.as_str().into());
    put("commit", Value::Null);
    put("tree", tree.to_string().into());
    put("oldHead", old_head.to_string().into());
    put("newHead", Value::Null);
    told.extend(details);
    Ok(answer::enveloped(&Value::Object(told))?)
}
