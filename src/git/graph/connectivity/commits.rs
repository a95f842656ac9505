//! Commits in an order in which parents come first, without recursion.

use gix_hash::{Kind, ObjectId, oid};

use super::super::super::object::ObjectKind;
use super::super::super::object::facts::{self, CommitFacts};
use super::super::super::store::StoreError;
use super::super::segment::{NewCommit, NewParent};
use super::error::malformed;
use super::lists::LIST_BYTES_MAX;
use super::path::Waiting;
use super::{Connectivity, ConnectivityError, OUTSIDE};

impl Connectivity<'_> {
    /// Goes to the next unproved parent of the last commit of the path, or proves the commit.
    pub(super) fn advance_path(&mut self) -> Result<(), ConnectivityError> {
        let child = self.path.child();
        let child_id = child.and_then(|child| self.waiting_id(child));
        let child_id = child_id.unwrap_or_else(|| ObjectId::null(Kind::Sha1));
        let Some(waiting) = self.path.last() else {
            return Ok(());
        };
        let Some(commit_id) = self.waiting_id(waiting) else {
            debug_assert!(false, "what waits has an id");
            self.path.pop()?;
            return Ok(());
        };
        let parents_done = usize::try_from(waiting.parents_done).unwrap_or(usize::MAX);
        if self.bad_commits.contains(&commit_id) {
            return Err(ConnectivityError::Incomplete { id: commit_id });
        }
        if self.proved_number(&commit_id)?.is_some() {
            self.path.pop()?;
            return Ok(());
        }
        let facts = self.commit_facts(commit_id, child_id)?;
        let mut unproved = None;
        for (at, parent) in facts.parents.iter().enumerate().skip(parents_done) {
            if self.bad_commits.contains(parent)
                || self.proved_number(parent)?.is_none() && self.known(parent)?.is_none()
            {
                unproved = Some((at, parent));
                break;
            }
        }
        if let Some((at, parent_id)) = unproved {
            if let Some(waiting) = self.path.last_mut() {
                waiting.parents_done = u32::try_from(at).unwrap_or(u32::MAX);
            }
            self.let_wait(*parent_id)?;
            return Ok(());
        }
        self.path.pop()?;
        self.commit_id = Some(commit_id);
        self.start_commit(commit_id, &facts)
    }

    /// Puts a commit at the end of the path.
    pub(super) fn let_wait(&mut self, commit_id: ObjectId) -> Result<(), StoreError> {
        let in_pack = self.incoming.locate(&commit_id);
        let in_pack = in_pack.filter(|(position, _)| *position < OUTSIDE);
        let place = if let Some((position, _)) = in_pack {
            position
        } else {
            let place = u32::try_from(self.waiting_outside.len()).unwrap_or(u32::MAX);
            self.waiting_outside.push(commit_id);
            OUTSIDE | place
        };
        self.path.push(Waiting {
            place,
            parents_done: 0,
        })
    }

    pub(super) fn waiting_id(&self, waiting: Waiting) -> Option<ObjectId> {
        if waiting.place < OUTSIDE {
            return self.incoming.id(waiting.place);
        }
        let place = usize::try_from(waiting.place & !OUTSIDE).ok()?;
        self.waiting_outside.get(place).copied()
    }

    /// Gives the commit its number and prepares the walk of its tree.
    fn start_commit(
        &mut self,
        commit_id: ObjectId,
        facts: &CommitFacts,
    ) -> Result<(), ConnectivityError> {
        let mut parents = Vec::with_capacity(facts.parents.len());
        let mut roots = Vec::with_capacity(facts.parents.len());
        for parent_id in &facts.parents {
            let (parent, root) =
                self.proved_parent(parent_id)?
                    .ok_or(ConnectivityError::Missing {
                        id: *parent_id,
                        kind: ObjectKind::Commit,
                        referred_by: commit_id,
                    })?;
            parents.push(parent);
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        let commit = NewCommit {
            commit_id,
            tree_id: facts.tree,
            time_seconds: facts.time,
        };
        let full = ConnectivityError::TooManyIntroduced {
            limit: LIST_BYTES_MAX,
        };
        // This stands before the commit has a number: a failed look-up is tried again.
        self.overlaps |= self.graph.lookup(&commit_id)?.is_some();
        let number = self.segment.push(&commit, &parents)?.ok_or(full)?;

        self.lists.open(number);
        self.lists
            .introduce(commit_id, ObjectKind::Commit, commit_id)?;
        if self.incoming.locate(&commit_id).is_none() {
            self.stray_commits.insert(commit_id, number);
        }
        if !roots.contains(&facts.tree)
            && self
                .lists
                .introduce(facts.tree, ObjectKind::Tree, commit_id)?
        {
            self.trees.push(facts.tree, commit_id, &roots, 1);
        }
        Ok(())
    }

    /// The number of a commit that this walk has proved.
    fn proved_number(&self, commit_id: &oid) -> Result<Option<u32>, StoreError> {
        match self.incoming.locate(commit_id) {
            Some((position, ObjectKind::Commit)) => self.lists.introducer(position),
            Some(_) => Ok(None),
            None => Ok(self.stray_commits.get(commit_id).copied()),
        }
    }

    fn proved_parent(
        &self,
        commit_id: &ObjectId,
    ) -> Result<Option<(NewParent, ObjectId)>, StoreError> {
        if let Some(number) = self.proved_number(commit_id)? {
            let tree_id = self.segment.tree_id(number)?;
            return Ok(tree_id.map(|tree_id| (NewParent::Local(number), tree_id)));
        }
        let Some(node) = self.known(commit_id)? else {
            return Ok(None);
        };
        let generation = self.graph.generation(node)?;
        let parent = NewParent::External {
            commit_id: *commit_id,
            generation,
        };
        Ok(Some((parent, self.graph.tree_id(node)?)))
    }

    fn commit_facts(
        &self,
        commit_id: ObjectId,
        referred_by: ObjectId,
    ) -> Result<CommitFacts, ConnectivityError> {
        let mut facts = if let Some(facts) = self.incoming.commit(&commit_id) {
            facts
        } else {
            let content = self.read(commit_id, ObjectKind::Commit, referred_by)?;
            facts::commit(&content).map_err(|problem| malformed(commit_id, problem))?
        };
        if self.shallow.contains(&commit_id) {
            facts.parents.clear();
        }
        Ok(facts)
    }
}
