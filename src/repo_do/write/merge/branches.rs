//! `POST …/merge`: one branch merged into another.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::body::{BODY_BYTES_MAX, Branch, MergeBody, MergeFrom, Strategy, guard, person};
use super::conflicts::{Sides, conflicted};
use super::outcome::Outcome;
use super::picks::{Chain, Pick};
use super::workbench::{self, Workbench, result};
use crate::git::compare::history::CommonHistory;
use crate::git::edit::commit::NewCommit;
use crate::git::edit::message;
use crate::git::edit::person::Person;
use crate::git::merge::commits::CommitMerge;
use crate::git::merge::replay::Direction;
use crate::git::merge::tree::{BranchNames, Favor};
use crate::git::object::ObjectKind;
use crate::git::receive_pack::secrets::Allowed;
use crate::git::refname;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::neighbour::asked::{self, Found};
use crate::repo_do::neighbour::asking::Fields;
use crate::repo_do::neighbour::bringing;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::write::body;
use crate::repo_do::write::commits::invalid;
use crate::repo_do::write::push_options;
use crate::repo_do::write::request::WriteRequest;
use serde_json::json;

/// Commits that one rebase repeats.
const REBASED_MAX: u64 = 500;

/// Digits of a merge base's id in a marker.
const BASE_DIGITS: usize = 7;

/// The fields that name what is merged from another repository.
const FIELDS: Fields = Fields {
    both: "/from",
    repository: "/from/repository",
    revision: "/from/ref",
};

/// A merge that was asked for, checked as far as that needs no repository.
struct Asked {
    into: Branch,
    from: MergeFrom,
    strategy: Strategy,
    guard: Option<ObjectId>,
    message: Option<String>,
    author: Person,
    committer: Person,
    favor: Favor,
    dry_run: bool,
    push_options: Vec<BString>,
}

/// Both sides, and where their histories meet.
struct Met {
    ours: ObjectId,
    theirs: ObjectId,
    merge_bases: Vec<ObjectId>,
    history: CommonHistory,
    from: Source,
}

/// The commits to merge.
enum Source {
    /// A revision of this repository.
    Here(String),
    /// A commit of another one.
    Elsewhere(Found),
}

impl Source {
    /// How it is called in markers and messages.
    fn label(&self) -> String {
        match self {
            Self::Here(revision) => revision.clone(),
            Self::Elsewhere(found) => found.label.clone(),
        }
    }
}

/// Brings the commits from another repository, and begins. The branch is read first, so that no fetch is
/// wasted.
async fn begin(write: &WriteRequest, asked: &Asked) -> Result<(Workbench, Source), ErrorReply> {
    let asking = write.asking(FIELDS);
    let elsewhere = match &asked.from {
        MergeFrom::Revision(revision) => return here(write, revision).await,
        MergeFrom::Elsewhere(from) if asking.is_here(from) => {
            return here(write, &from.revision).await;
        }
        MergeFrom::Elsewhere(elsewhere) => elsewhere,
    };
    let ours = workbench::head(&write.store, &asked.into, asked.guard)?;
    let found = asked::find(&asking, elsewhere).await?;
    let allowed = Allowed::of(&asked.push_options);
    let brought = bringing::bring(&asking, &found, Some(ours), &allowed).await?;
    let mut bench = Workbench::begin_with(write, brought).await?;
    bench.neighbour = Some(found.neighbour.clone());
    Ok((bench, Source::Elsewhere(found)))
}

async fn here(write: &WriteRequest, revision: &str) -> Result<(Workbench, Source), ErrorReply> {
    let bench = Workbench::begin(write).await?;
    Ok((bench, Source::Here(revision.to_owned())))
}

/// Merges.
pub(super) async fn merge(write: WriteRequest) -> Answer {
    let (body, _held): (MergeBody, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let asked = Asked::new(&write, body)?;
    let (mut bench, from) = Box::pin(begin(&write, &asked)).await?;
    let ours = bench.head(&asked.into, asked.guard)?;
    let theirs = match &from {
        Source::Here(revision) => bench.commit_of(revision, "/from").await?,
        Source::Elsewhere(found) => found.commit,
    };
    let history = bench.common_history(ours, theirs).await?;
    let merge_bases = bench.graph.commit_ids(&history.merge_bases()?)?;
    let met = Met {
        ours,
        theirs,
        merge_bases,
        history,
        from,
    };
    if met.merge_bases.is_empty() {
        let message = format!("the histories of {ours} and {theirs} have no commit in common");
        return Err(ErrorReply::at(ErrorCode::Conflict, "/from", message));
    }
    if met.merge_bases.contains(&theirs) {
        return outcome(&bench, &asked, &met, "up_to_date", ours, None)?.unchanged();
    }
    let may_forward = met.merge_bases.contains(&ours);
    match asked.strategy {
        Strategy::FfOnly if !may_forward => Err(no_fast_forward(&asked, &met)),
        Strategy::FfOnly | Strategy::FfPrefer if may_forward => {
            let commits = Some(Vec::new());
            let outcome = outcome(&bench, &asked, &met, "fast_forward", theirs, commits)?;
            outcome.finish(&write, bench).await
        }
        Strategy::Rebase => Box::pin(rebase(&write, bench, asked, met)).await,
        Strategy::Merge | Strategy::FfPrefer | Strategy::FfOnly | Strategy::Squash => {
            Box::pin(merge_or_squash(&write, bench, asked, met)).await
        }
    }
}

fn no_fast_forward(asked: &Asked, met: &Met) -> ErrorReply {
    let message = format!(
        "{} has commits that {} lacks",
        asked.into.short,
        met.from.label()
    );
    let merge_base = met.merge_bases.first().map(ToString::to_string);
    let refused = ErrorReply::at(ErrorCode::Conflict, "/strategy", message);
    refused.with_details(json!({"mergeBase": merge_base}))
}

async fn merge_or_squash(
    write: &WriteRequest,
    mut bench: Workbench,
    asked: Asked,
    met: Met,
) -> Answer {
    let names = [asked.into.short.clone(), met.from.label()].map(BString::from);
    let [our_name, their_name] = names.clone();
    let sides = [met.ours, met.theirs];
    let merge = CommitMerge::new(&*bench.graph, sides, &met.merge_bases, names, asked.favor);
    let mut merge = merge.map_err(|error| ErrorReply::internal("merge", &error))?;
    bench.run(&mut merge).await?;
    let merged = result(merge.into_result())?;
    if !merged.is_clean {
        let base = match met.merge_bases.as_slice() {
            [base] => base.to_hex_with_len(BASE_DIGITS).to_string(),
            _ => "merged common ancestors".to_owned(),
        };
        let sides = Sides {
            names: BranchNames {
                base: base.into(),
                ours: our_name,
                theirs: their_name,
            },
            merge_bases: &met.merge_bases,
            commit: None,
        };
        return conflicted(
            &mut bench,
            &asked.into,
            met.ours,
            asked.dry_run,
            &merged,
            &sides,
        )
        .await;
    }
    let is_squash = asked.strategy == Strategy::Squash;
    let both = [met.ours, met.theirs];
    let message = asked
        .message
        .clone()
        .unwrap_or_else(|| default_message(&bench, &asked, &met.from));
    let (author, committer) = (asked.author.line(), asked.committer.line());
    let [ours, _] = both;
    let commit = NewCommit {
        tree: merged.tree,
        parents: if is_squash { &[ours] } else { &both },
        author: author.as_bstr(),
        committer: committer.as_bstr(),
        message: message.as_bytes().as_bstr(),
    };
    let commit = bench.add(ObjectKind::Commit, commit.content())?;
    let status = if is_squash { "squashed" } else { "merged" };
    let mut outcome = outcome(&bench, &asked, &met, status, met.ours, Some(vec![commit]))?;
    outcome.new_head = commit;
    outcome.tree = merged.tree;
    outcome.finish(write, bench).await
}

/// Repeats the commits that `from` has alone, without merges.
async fn rebase(write: &WriteRequest, bench: Workbench, asked: Asked, met: Met) -> Answer {
    let ahead_by = met.history.ahead_by();
    if ahead_by > REBASED_MAX {
        let message =
            format!("{ahead_by} commits are to be repeated, at most {REBASED_MAX} are at once");
        return Err(ErrorReply::at(ErrorCode::MemoryLimit, "/from", message));
    }
    let mut nodes = Vec::new();
    let mut parents = Vec::new();
    let Met {
        ours,
        theirs,
        merge_bases,
        history,
        ..
    } = met;
    let mut ahead = history.into_ahead()?;
    while let Some(node) = ahead.next_commit()? {
        bench.graph.parents(node, &mut parents)?;
        if parents.len() < 2 {
            nodes.push((bench.graph.generation(node)?, node));
        }
    }
    nodes.reverse();
    // A parent before its children, whatever their dates say.
    nodes.sort_by_key(|(generation, _)| *generation);
    let nodes: Vec<_> = nodes.into_iter().map(|(_, node)| node).collect();
    let picks = bench.graph.commit_ids(&nodes)?.into_iter().map(|id| Pick {
        id,
        mainline: None,
        pointer: "/from".to_owned(),
    });
    let chain = Chain {
        picks: picks.collect(),
        branch: asked.into,
        head: ours,
        direction: Direction::Pick,
        favor: asked.favor,
        author: None,
        committer: asked.committer,
        keeps_empty: false,
        drops_empty: true,
        merge_bases,
        dry_run: asked.dry_run,
        push_options: asked.push_options,
        status: "rebased",
        forward_to: Some(theirs),
    };
    Box::pin(chain.run(write, bench)).await
}

/// `Merge branch 'x' into y`, or `Merge branch 'x' of a/b into y`, as git says it.
fn default_message(bench: &Workbench, asked: &Asked, from: &Source) -> String {
    let verb = match asked.strategy {
        Strategy::Squash => "Squash",
        _ => "Merge",
    };
    let what = match from {
        Source::Here(revision) => what_is(bench, revision),
        Source::Elsewhere(found) => format!("{} of {}", found.what, found.neighbour.path()),
    };
    format!("{verb} {what} into {}\n", asked.into.short)
}

/// A revision of this repository in words: `branch 'x'`.
fn what_is(bench: &Workbench, from: &str) -> String {
    let is_ref = |folder: &str| {
        let short = from.strip_prefix(folder).unwrap_or(from);
        let name = format!("{folder}{short}");
        let found = bench.reading.store().find_ref(name.as_bytes().as_bstr());
        found
            .is_ok_and(|found| found.is_some())
            .then(|| short.to_owned())
    };
    match (is_ref(refname::HEADS), is_ref("refs/tags/")) {
        (Some(branch), _) => format!("branch '{branch}'"),
        (None, Some(tag)) => format!("tag '{tag}'"),
        (None, None) => format!("commit '{from}'"),
    }
}

fn outcome(
    bench: &Workbench,
    asked: &Asked,
    met: &Met,
    status: &'static str,
    new_head: ObjectId,
    commits: Option<Vec<ObjectId>>,
) -> Result<Outcome, ErrorReply> {
    Ok(Outcome {
        status,
        branch: asked.into.clone(),
        old_head: Some(met.ours),
        new_head,
        tree: bench.tree(new_head)?,
        old_tree: Some(bench.tree(met.ours)?),
        commits,
        merge_bases: Some(met.merge_bases.clone()),
        push_options: asked.push_options.clone(),
        dry_run: asked.dry_run,
    })
}

impl Asked {
    fn new(write: &WriteRequest, body: MergeBody) -> Result<Self, ErrorReply> {
        let makes_commit = !matches!(body.strategy, Strategy::FfOnly | Strategy::Rebase);
        if body.message.is_some() && !makes_commit {
            let message = "ff_only and rebase take no message";
            return Err(invalid("/message", message));
        }
        if body.author.is_some() && !makes_commit {
            return Err(invalid("/author", "ff_only and rebase take no author"));
        }
        let message = body
            .message
            .map(|given| message::clean(given.as_bytes()))
            .transpose();
        Ok(Self {
            into: Branch::new(&body.into, "/into")?,
            from: body.from,
            strategy: body.strategy,
            guard: guard(body.expected_head.as_ref())?,
            message: message.map_err(|fault| invalid("/message", fault.to_string()))?,
            author: person(write, body.author.as_ref(), "/author")?,
            committer: person(write, body.committer.as_ref(), "/committer")?,
            favor: body.on_conflict.favor(),
            dry_run: body.dry_run,
            push_options: push_options::checked(body.push_options, "/push_options")?,
        })
    }
}
