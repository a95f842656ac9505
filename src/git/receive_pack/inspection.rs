//! Reads each object of an incoming pack once, while its content is in memory: runs git's fsck, keeps
//! the facts of commits that the connectivity walk will need, and searches blobs for secrets where the
//! repository asks for that.

use std::collections::BTreeSet;
use std::ops::Range;

use gix_hash::ObjectId;

use super::super::object::ObjectKind;
use super::super::object::facts::{self, CommitFacts};
use super::super::object::fsck::{self, Special, Strictness};
use super::super::pack::incoming::objects::Observer;
use super::super::pack::parser::error::Refusal;
use super::findings::{Findings, Found, FsckRefusal, FsckWarnings};
use super::secrets::SecretSearch;

/// Blobs that may be noted for a check of their own, some 40 bytes each: hostile trees could name
/// millions. A push that names more is refused, since none may pass unchecked.
const SPECIALS_MAX: usize = 50_000;

/// Commits whose facts are held, 68 bytes each and more for merges: 4 MiB. Those of more are read again
/// from the pack when they are asked for.
pub(crate) const COMMITS_HELD_MAX: usize = 1 << 16;

/// The observer of one push.
#[derive(Debug, Default)]
pub struct Inspection {
    commits: Vec<CommitRow>,
    /// Commits seen, those included that are not held.
    commit_count: usize,
    parents: Vec<ObjectId>,
    findings: Findings,
    specials: BTreeSet<(Special, ObjectId)>,
    secrets: Option<Box<SecretSearch>>,
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
    /// The observer of a push to a repository that is as strict as this; the default is lenient.
    pub fn new(strictness: Strictness) -> Self {
        Self {
            findings: Findings::new(strictness),
            ..Self::default()
        }
    }

    /// Sets whether blobs are searched for secrets.
    #[must_use]
    pub fn searching_for_secrets(self, is_on: bool) -> Self {
        let secrets = is_on.then(|| Box::new(SecretSearch::new()));
        Self { secrets, ..self }
    }

    /// The search for secrets, if there is one.
    pub(crate) fn secrets(&self) -> Option<&SecretSearch> {
        self.secrets.as_deref()
    }

    /// The search for secrets, to continue it.
    pub(crate) fn secrets_mut(&mut self) -> Option<&mut SecretSearch> {
        self.secrets.as_deref_mut()
    }

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
    pub(crate) fn commit_count(&self) -> usize {
        self.commit_count
    }

    /// The facts of the commit at this position of the pack, if they are held. Finds nothing before
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

    /// Checks an object that a tree names as special.
    pub fn check_special(
        &mut self,
        special: Special,
        id: &ObjectId,
        kind: ObjectKind,
        content: &[u8],
    ) {
        let mut found = Found::default();
        if kind == ObjectKind::Blob {
            fsck::check_special(special, content, &mut |finding| found.hear(finding));
        } else {
            found.hear(special.not_a_blob());
        }
        self.findings.note(*id, kind, found);
    }

    /// Notes a special blob that is too large to be checked.
    pub(crate) fn refuse_large_special(&mut self, special: Special, id: &ObjectId) {
        let mut found = Found::default();
        found.hear(special.too_large());
        self.findings.note(*id, ObjectKind::Blob, found);
    }

    /// The reason to refuse the push because of its objects, as far as they were seen.
    pub fn refusal(&self) -> Option<&FsckRefusal> {
        self.findings.refusal()
    }

    /// Git's warnings, for the client to read.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        self.findings.warnings()
    }

    /// The same, counted by message, for callers that store it.
    pub fn warned(&self) -> &FsckWarnings {
        self.findings.warned()
    }

    fn note_commit(&mut self, position: u32, content: &[u8]) -> Result<(), Refusal> {
        let commit = facts::commit(content).map_err(|error| Refusal(error.to_string()))?;
        self.commit_count = self.commit_count.saturating_add(1);
        if self.commits.len() >= COMMITS_HELD_MAX {
            return Ok(());
        }
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
    fn blob(&mut self, position: u32, content: &[u8]) {
        if let Some(secrets) = &mut self.secrets {
            secrets.search(position, content);
        }
    }

    fn object(
        &mut self,
        position: u32,
        id: &ObjectId,
        kind: ObjectKind,
        content: &[u8],
    ) -> Result<(), Refusal> {
        let mut found = Found::default();
        let specials = &mut self.specials;
        let mut too_many = false;
        fsck::check(
            kind,
            content,
            self.findings.strictness(),
            &mut |finding| found.hear(finding),
            &mut |special, blob_id| {
                if specials.len() < SPECIALS_MAX {
                    specials.insert((special, blob_id));
                } else {
                    too_many |= !specials.contains(&(special, blob_id));
                }
            },
        );
        if too_many {
            let message =
                format!("more than {SPECIALS_MAX} versions of .gitmodules and .gitattributes");
            return Err(Refusal(message));
        }
        let is_refused = self.findings.note(*id, kind, found);
        // A refused object may not even parse.
        if kind == ObjectKind::Commit && !is_refused {
            self.note_commit(position, content)?;
        }
        Ok(())
    }
}
