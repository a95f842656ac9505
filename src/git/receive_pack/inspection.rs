//! What is looked at once in each commit, tree and tag of an incoming pack, while its content is
//! at hand: git's fsck, and the facts of commits that the connectivity walk will ask for.

use std::collections::BTreeSet;
use std::ops::Range;

use gix_hash::ObjectId;

use super::super::object::ObjectKind;
use super::super::object::facts::{self, CommitFacts};
use super::super::object::fsck::{self, Finding, Special};
use super::super::pack::incoming::objects::Observer;
use super::super::pack::parser::error::Refusal;

/// Warnings kept for the pusher to read.
const WARNINGS_MAX: usize = 20;

/// Blobs that may be noted for a check of their own: hostile trees could name millions.
const SPECIALS_MAX: usize = 10_000;

/// The observer of one push.
#[derive(Debug, Default)]
pub struct Inspection {
    commits: Vec<CommitRow>,
    parents: Vec<ObjectId>,
    warnings: Vec<String>,
    warnings_left_out: usize,
    specials: BTreeSet<(Special, ObjectId)>,
}

/// A commit's facts, 48 bytes and 20 a parent.
#[derive(Debug)]
struct CommitRow {
    position: u32,
    tree: ObjectId,
    time: u64,
    parents: Range<u32>,
}

impl Inspection {
    /// Ends the inspection: facts can be looked up from now on.
    pub fn finish(&mut self) {
        self.commits.sort_unstable_by_key(|row| row.position);
        self.commits.shrink_to_fit();
        self.parents.shrink_to_fit();
    }

    /// Bytes that it holds for the commits seen.
    pub fn held_bytes(&self) -> u64 {
        let commits = self
            .commits
            .capacity()
            .saturating_mul(size_of::<CommitRow>());
        let parents = self
            .parents
            .capacity()
            .saturating_mul(size_of::<ObjectId>());
        commits.saturating_add(parents) as u64
    }

    /// Commits seen.
    pub fn commit_count(&self) -> usize {
        self.commits.len()
    }

    /// The facts of the commit at this position of the pack. Finds nothing before
    /// [`Inspection::finish`].
    pub fn commit(&self, position: u32) -> Option<CommitFacts> {
        let at = self
            .commits
            .binary_search_by_key(&position, |row| row.position)
            .ok()?;
        let row = self.commits.get(at)?;
        let parents = row.parents.start as usize..row.parents.end as usize;
        Some(CommitFacts {
            tree: row.tree,
            parents: self.parents.get(parents)?.into(),
            time: row.time,
        })
    }

    /// Blobs that trees name as `.gitmodules` or `.gitattributes`.
    pub fn specials(&self) -> impl Iterator<Item = (Special, ObjectId)> + '_ {
        self.specials.iter().copied()
    }

    /// Checks a blob that was named as special.
    pub fn check_special(
        &mut self,
        special: Special,
        id: &ObjectId,
        content: &[u8],
    ) -> Result<(), Refusal> {
        let mut judge = Judge::new(*id);
        fsck::check_special(special, content, &mut |finding| judge.hear(&finding));
        self.judged(judge)
    }

    /// What git would warn of, for the pusher to read.
    pub fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        let more = self.warnings_left_out;
        let more = (more > 0).then(|| format!("warning: and {more} more warnings"));
        self.warnings.iter().cloned().chain(more)
    }

    fn judged(&mut self, judge: Judge) -> Result<(), Refusal> {
        for warning in judge.warnings {
            if self.warnings.len() < WARNINGS_MAX {
                self.warnings.push(warning);
            } else {
                self.warnings_left_out += 1;
            }
        }
        judge.refusal.map_or(Ok(()), Err)
    }

    fn note_commit(&mut self, position: u32, content: &[u8]) -> Result<(), Refusal> {
        let commit = facts::commit(content).map_err(|error| Refusal(error.to_string()))?;
        let start = self.parents.len() as u64;
        self.parents.extend_from_slice(&commit.parents);
        let end = u32::try_from(self.parents.len());
        let end = end.map_err(|_| Refusal("too many parents in one push".to_owned()))?;
        self.commits.push(CommitRow {
            position,
            tree: commit.tree,
            time: commit.time,
            // `start` is below `end`, which fits.
            parents: u32::try_from(start).unwrap_or(end)..end,
        });
        Ok(())
    }
}

impl Observer for Inspection {
    fn object(
        &mut self,
        position: u32,
        id: &ObjectId,
        kind: ObjectKind,
        content: &[u8],
    ) -> Result<(), Refusal> {
        let mut judge = Judge::new(*id);
        let specials = &mut self.specials;
        fsck::check(
            kind,
            content,
            &mut |finding| judge.hear(&finding),
            &mut |special, blob_id| {
                if specials.len() < SPECIALS_MAX {
                    specials.insert((special, blob_id));
                }
            },
        );
        self.judged(judge)?;
        if kind == ObjectKind::Commit {
            self.note_commit(position, content)?;
        }
        Ok(())
    }
}

/// The findings about one object, sorted into a refusal and warnings.
struct Judge {
    id: ObjectId,
    refusal: Option<Refusal>,
    warnings: Vec<String>,
}

impl Judge {
    fn new(id: ObjectId) -> Self {
        Self {
            id,
            refusal: None,
            warnings: Vec::new(),
        }
    }

    fn hear(&mut self, finding: &Finding) {
        if finding.severity.is_refused_on_receive() {
            self.refusal
                .get_or_insert_with(|| Refusal(finding.to_string()));
        } else if self.warnings.len() < WARNINGS_MAX {
            self.warnings
                .push(format!("warning: object {}: {finding}", self.id));
        }
    }
}
