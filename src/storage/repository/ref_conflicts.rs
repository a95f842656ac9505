//! Refs that keep a new one from existing: `refs/heads/a` needs a directory where `refs/heads/a/b`
//! needs a ref.
//!
//! A push of ten thousand refs asks about few folders. So it remembers those above which there is no
//! ref, and then looks for each new name itself and for names below it alone.

use std::collections::HashSet;

use gix_object::bstr::{BStr, BString};

use super::refs::parent;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;

/// Bound on the folders remembered: those of ten thousand refs are seldom more.
const FOLDERS_MAX: usize = 4_096;

/// Folders that one push found not to be refs, and none above them either.
#[derive(Debug, Default)]
pub(super) struct FreeFolders(HashSet<BString>);

impl FreeFolders {
    /// The folders of a name were looked at.
    fn note_above(&mut self, name: &BStr) {
        let mut folder = parent(name);
        while let Some(free) = folder {
            if self.0.len() >= FOLDERS_MAX || !self.0.insert(free.into()) {
                return;
            }
            folder = parent(free);
        }
    }

    /// A ref of this name was made.
    pub(super) fn note_made(&mut self, name: &BStr) {
        if self.0.remove(name) {
            // Folders below it are no longer free either. Such refs are rare.
            self.0.clear();
        }
    }

    fn has(&self, folder: &BStr) -> bool {
        self.0.contains(folder)
    }
}

impl<D: Database> RepoStore<D> {
    /// A ref that keeps a new one of this name from existing.
    pub(super) fn find_conflict(
        &self,
        name: &BStr,
        folders: &mut FreeFolders,
    ) -> Result<Option<BString>, StoreError> {
        if let Some(below) = self.find_ref_below(name)? {
            return Ok(Some(below));
        }
        let above = self.find_ref_above_unless(name, |folder| folders.has(folder))?;
        if above.is_none() {
            folders.note_above(name);
        }
        Ok(above)
    }
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;

    use super::*;
    use crate::storage::repository::publication::{Publication, RefOutcome, RefUpdate};
    use crate::storage::repository::testing::store;

    fn made(names: &[&str]) -> Publication {
        let update = |name: &&str| RefUpdate {
            name: (*name).into(),
            old: None,
            new: Some(ObjectId::from([1; 20])),
            peeled: None,
        };
        Publication {
            updates: names.iter().map(update).collect(),
            ..Publication::default()
        }
    }

    #[test]
    fn a_folder_that_becomes_a_ref_in_the_same_push_is_free_no_more() {
        let store = store();
        store.publish(&made(&["refs/x/y/taken"])).unwrap();
        // The first two look at the folders of `refs/a/b/c` and find nothing.
        let push = [
            "refs/x/y",
            "refs/a/b/c/d",
            "refs/x/y/taken/e",
            "refs/a/b",
            "refs/z/c/d",
        ];
        let more = ["refs/z", "refs/z/c", "refs/a/b/c/e", "refs/q", "refs/q/r"];
        let push = [&push[..], &more].concat();
        let outcomes = store.publish(&made(&push)).unwrap();
        let conflict = |with: &str| RefOutcome::Conflict { with: with.into() };
        let expect = [
            conflict("refs/x/y/taken"),
            RefOutcome::Updated,
            conflict("refs/x/y/taken"),
            conflict("refs/a/b/c/d"),
            RefOutcome::Updated,
            conflict("refs/z/c/d"),
            conflict("refs/z/c/d"),
            RefOutcome::Updated,
            RefOutcome::Updated,
            conflict("refs/q"),
        ];
        assert_eq!(outcomes, expect);
    }

    #[test]
    fn a_ref_of_a_push_of_many_costs_few_statements() {
        let store = store();
        let names: Vec<_> = (0..2_000)
            .map(|n| format!("refs/pull/{n:05}/head"))
            .collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let before = store.database().statements();
        store.publish(&made(&names)).unwrap();
        let statements = store.database().statements() - before;
        // The name, below it, above it, the ref, its entry in the reflog.
        assert!(statements < 2_000 * 5 + 40, "{statements}");
    }
}
