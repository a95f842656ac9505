//! `POST …/cherry-pick` and `POST …/revert`: the changes of commits made once more on a branch, or
//! taken back. A rebase is a chain of the first.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use serde_json::json;

use super::body::{BODY_BYTES_MAX, Branch, PicksBody, guard, person};
use super::conflicts::{Sides, conflicted};
use super::outcome::Outcome;
use super::workbench::{Workbench, result};
use crate::git::edit::person::Person;
use crate::git::merge::replay::{Direction, Replayed};
use crate::git::merge::tree::{Favor, TreeMerge, TreeMergeLimits, TreeMergeOptions};
use crate::git::object::ObjectKind;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::write::body;
use crate::repo_do::write::commits::invalid;
use crate::repo_do::write::push_options;
use crate::repo_do::write::request::WriteRequest;

/// Commits of one request.
const PICKS_MAX: usize = 100;

/// A commit to be replayed.
pub(super) struct Pick {
    pub(super) id: ObjectId,
    /// For a merge: the number of the parent, from 1, against which its changes count.
    pub(super) mainline: Option<u32>,
    /// The field that named it.
    pub(super) pointer: String,
}

/// Commits to be replayed, one on top of the other.
pub(super) struct Chain {
    pub(super) picks: Vec<Pick>,
    pub(super) branch: Branch,
    pub(super) head: ObjectId,
    pub(super) direction: Direction,
    pub(super) favor: Favor,
    /// The author of a revert; a pick keeps its own.
    pub(super) author: Option<Person>,
    pub(super) committer: Person,
    /// Commits that change nothing any more are made.
    pub(super) keeps_empty: bool,
    /// They are left out; if neither, they are refused.
    pub(super) drops_empty: bool,
    pub(super) merge_bases: Vec<ObjectId>,
    pub(super) dry_run: bool,
    pub(super) push_options: Vec<BString>,
    pub(super) status: &'static str,
    /// The id to which the branch moves if nothing has to be repeated: in a rebase whose branch has no
    /// commits of its own.
    pub(super) forward_to: Option<ObjectId>,
}

/// Replays commits.
pub(super) async fn replay(write: WriteRequest, direction: Direction) -> Answer {
    let (body, _held): (PicksBody, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let count = body.commits.len();
    if !(1..=PICKS_MAX).contains(&count) {
        let message = format!("{count} commits, 1 to {PICKS_MAX} are taken");
        let code = if count == 0 {
            ErrorCode::InvalidInput
        } else {
            ErrorCode::MemoryLimit
        };
        return Err(ErrorReply::at(code, "/commits", message));
    }
    if body.author.is_some() && direction == Direction::Pick {
        return Err(invalid("/author", "a cherry-pick keeps the author"));
    }
    let branch = Branch::new(&body.onto, "/onto")?;
    let guard = guard(body.expected_head.as_ref())?;
    let committer = person(&write, body.committer.as_ref(), "/committer")?;
    let author = match direction {
        Direction::Pick => None,
        Direction::Revert => Some(person(&write, body.author.as_ref(), "/author")?),
    };
    let push_options = push_options::checked(body.push_options, "/push_options")?;
    let mut bench = Workbench::begin(&write).await?;
    let head = bench.head(&branch, guard)?;
    let mut picks = Vec::with_capacity(count);
    for (at, revision) in body.commits.iter().enumerate() {
        let pointer = format!("/commits/{at}");
        picks.push(Pick {
            id: bench.commit_of(revision, &pointer).await?,
            mainline: body.mainline,
            pointer,
        });
    }
    let chain = Chain {
        picks,
        branch,
        head,
        direction,
        favor: body.on_conflict.favor(),
        author,
        committer,
        keeps_empty: body.allow_empty,
        drops_empty: false,
        merge_bases: Vec::new(),
        dry_run: body.dry_run,
        push_options,
        status: match direction {
            Direction::Pick => "cherry_picked",
            Direction::Revert => "reverted",
        },
        forward_to: None,
    };
    Box::pin(chain.run(&write, bench)).await
}

impl Chain {
    /// Replays all, and moves the branch.
    pub(super) async fn run(self, write: &WriteRequest, mut bench: Workbench) -> Answer {
        let old_tree = bench.tree(self.head)?;
        let (mut head, mut tree) = (self.head, old_tree);
        let mut commits = Vec::new();
        // A branch without commits of its own takes those of a rebase as they are.
        if let Some(theirs) = self
            .forward_to
            .filter(|_| self.merge_bases.contains(&self.head))
        {
            let outcome = self.outcome(old_tree, theirs, Vec::new(), &bench)?;
            return outcome.finish(write, bench).await;
        }
        for pick in &self.picks {
            let replayed = bench.replayed(pick.id).await?;
            let parent = parent_of(pick, &replayed)?;
            let parent_tree = match parent {
                Some(parent) => bench.tree(parent)?,
                None => ObjectId::empty_tree(gix_hash::Kind::Sha1),
            };
            let names = replayed.names(self.branch.short.as_bytes().as_bstr(), self.direction);
            let trees = replayed.trees(parent_tree, tree, self.direction);
            let options = TreeMergeOptions {
                names: names.clone(),
                favor: self.favor,
                depth: 0,
                limits: TreeMergeLimits::default(),
            };
            let mut merge = TreeMerge::new(trees, options);
            bench.run(&mut merge).await?;
            let merged = result(merge.into_result())?;
            if !merged.is_clean {
                let bases: Vec<ObjectId> = parent.into_iter().collect();
                let sides = Sides {
                    names,
                    merge_bases: if self.merge_bases.is_empty() {
                        &bases
                    } else {
                        &self.merge_bases
                    },
                    commit: Some(pick.id),
                };
                let (branch, dry_run) = (&self.branch, self.dry_run);
                return conflicted(&mut bench, branch, self.head, dry_run, &merged, &sides).await;
            }
            if merged.tree == tree && !self.keeps_empty {
                if self.drops_empty && replayed.tree != parent_tree {
                    continue;
                }
                if !self.drops_empty {
                    return Err(no_change(pick, head, tree));
                }
            }
            let author = self.author.as_ref().map(Person::line);
            let content = replayed.commit(
                merged.tree,
                head,
                replayed.message(parent, self.direction).as_bstr(),
                author.as_ref().map(|author| author.as_bstr()),
                self.committer.line().as_bstr(),
            );
            head = bench.add(ObjectKind::Commit, content)?;
            tree = merged.tree;
            commits.push(head);
        }
        let mut outcome = self.outcome(old_tree, self.head, commits, &bench)?;
        if outcome.commits.as_ref().is_some_and(Vec::is_empty) {
            outcome.status = "up_to_date";
            return outcome.unchanged();
        }
        outcome.new_head = head;
        outcome.tree = tree;
        outcome.finish(write, bench).await
    }

    fn outcome(
        &self,
        old_tree: ObjectId,
        new_head: ObjectId,
        commits: Vec<ObjectId>,
        bench: &Workbench,
    ) -> Result<Outcome, ErrorReply> {
        Ok(Outcome {
            status: self.status,
            branch: self.branch.clone(),
            old_head: Some(self.head),
            new_head,
            tree: bench.tree(new_head)?,
            old_tree: Some(old_tree),
            commits: Some(commits),
            merge_bases: Some(self.merge_bases.clone()).filter(|bases| !bases.is_empty()),
            push_options: self.push_options.clone(),
            dry_run: self.dry_run,
        })
    }
}

/// The parent that a commit changed; `None` for one without parents.
fn parent_of(pick: &Pick, replayed: &Replayed) -> Result<Option<ObjectId>, ErrorReply> {
    let parents = &replayed.parents;
    match (pick.mainline, parents.len()) {
        (None, 0 | 1) => Ok(parents.first().copied()),
        (None, count) => {
            let message = format!(
                "commit {} is a merge of {count} parents: mainline says which one is its base",
                pick.id
            );
            Err(invalid(&pick.pointer, message))
        }
        (Some(_), 0 | 1) => {
            let message = format!("commit {} is no merge: mainline is for merges", pick.id);
            Err(invalid("/mainline", message))
        }
        (Some(number), count) => {
            let at = usize::try_from(number)
                .ok()
                .and_then(|number| number.checked_sub(1));
            let parent = at.and_then(|at| parents.get(at).copied());
            let beyond = || {
                let message = format!("commit {} has {count} parents, no number {number}", pick.id);
                invalid("/mainline", message)
            };
            parent.map(Some).ok_or_else(beyond)
        }
    }
}

fn no_change(pick: &Pick, head: ObjectId, tree: ObjectId) -> ErrorReply {
    let message = format!(
        "commit {} changes nothing here: allow_empty repeats it",
        pick.id
    );
    let refused = ErrorReply::at(ErrorCode::NoChange, &pick.pointer, message);
    refused.with_details(json!({"head": head.to_string(), "tree": tree.to_string()}))
}
