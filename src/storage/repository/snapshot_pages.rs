//! Pages of the refs of one moment: see [`ref_snapshot`](super::ref_snapshot).

use std::ops::{Bound, ControlFlow};
use std::rc::Rc;

use gix_object::bstr::BStr;

use super::ref_record::RefRecord;
use super::ref_snapshot::{CHANGED_MAX, RefSnapshot};
use super::store::RepoStore;
use crate::git::refname::REFS;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// The refs as they are now, to be read later.
    pub(crate) fn snapshot_refs(&self) -> Rc<RefSnapshot> {
        self.snapshots.begin()
    }

    /// A ref is about to change. If the change is undone, the note holds as well.
    pub(super) fn note_before_change(&self, name: &BStr) -> Result<(), StoreError> {
        let snapshots = self.snapshots.without(name);
        if snapshots.is_empty() {
            return Ok(());
        }
        let before = self.find_ref(name)?;
        for snapshot in snapshots {
            let mut noted = snapshot.before.borrow_mut();
            noted.insert(name.to_owned(), before.clone());
        }
        Ok(())
    }

    /// Up to `limit` refs of the moment that follow `after`, by name; none after the last.
    pub(crate) fn snapshot_page(
        &self,
        snapshot: &RefSnapshot,
        after: Option<&BStr>,
        limit: usize,
    ) -> Result<Vec<RefRecord>, StoreError> {
        let before = snapshot.before.borrow();
        if before.len() > CHANGED_MAX {
            let text = format!("more than {CHANGED_MAX} refs changed while refs were read");
            return Err(StoreError::Failed(text));
        }
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut changed = before.range::<BStr, _>((from, Bound::Unbounded)).peekable();
        let mut page = Vec::new();
        self.read_refs_after(REFS.as_bytes(), after, &mut |record| {
            while let Some((_, was)) = changed.next_if(|(name, _)| **name < record.name) {
                page.extend(was.clone());
            }
            match changed.next_if(|(name, _)| **name == record.name) {
                Some((_, was)) => page.extend(was.clone()),
                None => page.push(record.clone()),
            }
            if page.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if page.len() < limit {
            page.extend(changed.filter_map(|(_, was)| was.clone()));
        }
        page.truncate(limit);
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;
    use gix_object::bstr::ByteSlice as _;

    use super::*;
    use crate::storage::repository::publication::{Publication, RefOutcome, RefUpdate};
    use crate::storage::repository::testing::store;

    fn update(name: &str, old: Option<u8>, new: Option<u8>) -> RefUpdate {
        let id = |byte: u8| ObjectId::from([byte; 20]);
        RefUpdate {
            name: name.into(),
            old: old.map(id),
            new: new.map(id),
            peeled: new.filter(|_| name.contains("tags")).map(id),
        }
    }

    fn publish<D: Database>(store: &RepoStore<D>, updates: Vec<RefUpdate>) {
        let publication = Publication {
            updates,
            ..Publication::default()
        };
        let outcomes = store.publish(&publication).unwrap();
        let is_done = |outcome: &RefOutcome| *outcome == RefOutcome::Updated;
        assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    }

    #[test]
    fn a_moment_is_read_as_it_was_whatever_is_pushed_meanwhile() {
        let store = store();
        let name = |number: u8| format!("refs/tags/{number:03}");
        let made = (0..200).map(|number| update(&name(number), None, Some(number)));
        publish(&store, made.collect());
        let expect = store.refs(b"refs/", None, 1000).unwrap();
        for limit in [1, 7, 60, 300] {
            let snapshot = store.snapshot_refs();
            let (mut read, mut round) = (Vec::<RefRecord>::new(), 0);
            loop {
                let after = read.last().map(|last| last.name.clone());
                let after = after.as_ref().map(|after| after.as_bstr());
                let page = store.snapshot_page(&snapshot, after, limit).unwrap();
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                read.extend(page);
                // Moved, deleted, made: before and behind the rows that were read, and back again.
                let moves = [(3, 7), (100, 9), (199, 1)].map(|(number, new)| {
                    let old = if round % 2 == 0 { number } else { new };
                    let new = if round % 2 == 0 { new } else { number };
                    update(&name(number), Some(old), Some(new))
                });
                publish(&store, moves.into());
                let gone = [2, 101, 198].map(|number| {
                    if round % 2 == 0 {
                        update(&name(number), Some(number), None)
                    } else {
                        update(&name(number), None, Some(number))
                    }
                });
                publish(&store, gone.into());
                let new = ["refs/heads/a", "refs/tags/1000", "refs/x"].map(|name| {
                    if round % 2 == 0 {
                        update(name, None, Some(1))
                    } else {
                        update(name, Some(1), None)
                    }
                });
                publish(&store, new.into());
                round += 1;
            }
            assert_eq!(read, expect, "pages of {limit}");
            drop(snapshot);
            if round % 2 == 1 {
                // As at first, for the next size of pages.
                publish(
                    &store,
                    vec![
                        update(&name(3), Some(7), Some(3)),
                        update(&name(100), Some(9), Some(100)),
                        update(&name(199), Some(1), Some(199)),
                        update(&name(2), None, Some(2)),
                        update(&name(101), None, Some(101)),
                        update(&name(198), None, Some(198)),
                        update("refs/heads/a", Some(1), None),
                        update("refs/tags/1000", Some(1), None),
                        update("refs/x", Some(1), None),
                    ],
                );
            }
        }
    }

    #[test]
    fn a_push_notes_nothing_for_a_moment_that_nobody_reads() {
        let store = store();
        drop(store.snapshot_refs());
        publish(&store, vec![update("refs/heads/a", None, Some(1))]);
        let snapshot = store.snapshot_refs();
        assert!(snapshot.before.borrow().is_empty());
        publish(&store, vec![update("refs/heads/a", Some(1), None)]);
        assert_eq!(snapshot.before.borrow().len(), 1);
    }
}
