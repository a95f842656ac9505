//! Which objects refs name, asked without a look at all refs: out of the [known
//! ones](super::known_targets), else by SQLite alone.

use std::collections::HashSet;
use std::ops::ControlFlow;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice as _};

use super::packed_refs::decode;
use super::ref_cache::State;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, query_all, query_first};

/// Ids looked for one by one; for more than that, all refs are read once.
const LOOKED_FOR_MAX: usize = 64;

impl<D: Database> RepoStore<D> {
    /// Notes the object that this ref names, so that [`Self::without_targets`] need not look for it.
    pub(crate) fn note_target_of(&self, name: &BStr) -> Result<(), StoreError> {
        if let Some(found) = self.shown_ref(name)? {
            self.known_targets.note(found.target);
        }
        Ok(())
    }

    /// The noted targets, and that of HEAD.
    pub(crate) fn some_targets(&self) -> Result<Vec<ObjectId>, StoreError> {
        self.note_target_of(self.head()?.as_bstr())?;
        Ok(self.known_targets.all())
    }

    /// Those of the ids that no ref names.
    pub(crate) fn without_targets(
        &self,
        ids: &[ObjectId],
    ) -> Result<HashSet<ObjectId>, StoreError> {
        let mut left: HashSet<ObjectId> = ids.iter().copied().collect();
        if left.is_empty() {
            return Ok(left);
        }
        let is_kept = matches!(*self.kept_refs.state.borrow(), State::Read(_));
        if !is_kept {
            self.note_target_of(self.head()?.as_bstr())?;
            left.retain(|id| !self.known_targets.has(id));
        }
        if is_kept || left.len() > LOOKED_FOR_MAX {
            self.visit_refs(b"refs/", |record| {
                left.remove(&record.target);
                if left.is_empty() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
            return Ok(left);
        }
        for id in left.iter().copied().collect::<Vec<_>>() {
            if self.is_target(&id)? {
                self.known_targets.note(id);
                left.remove(&id);
            }
        }
        Ok(left)
    }

    /// Whether a ref names this object. SQLite looks through its rows for it: for half a million
    /// refs that takes some 50 ms, and nothing is held.
    fn is_target(&self, id: &ObjectId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM ref WHERE target = ?1 LIMIT 1";
        let target = Value::id(Some(id));
        if query_first(&self.db, sql, &[target], |row| row.integer(0))?.is_some() {
            return Ok(true);
        }
        if !self.has_packed_refs()? {
            return Ok(false);
        }
        // The bytes may be those of a name, or of two ids together.
        let sql = "SELECT refs FROM packed_refs WHERE instr(refs, ?1) > 0 LIMIT 8";
        let pages = query_all(&self.db, sql, &[target], |row| row.blob(0))?;
        let names_it = |page: &Vec<u8>| {
            let refs = decode(page).unwrap_or_default();
            refs.iter().any(|record| record.target == *id)
        };
        Ok(pages.iter().any(names_it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::repository::publication::{Publication, RefUpdate};
    use crate::storage::repository::ref_record::RefRecord;
    use crate::storage::repository::testing::store;

    fn id(number: u32) -> ObjectId {
        let mut bytes = [7; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        bytes.into()
    }

    fn update(name: &str, old: Option<u32>, new: Option<u32>) -> Publication {
        let update = RefUpdate {
            name: name.into(),
            old: old.map(id),
            new: new.map(id),
            peeled: None,
        };
        Publication {
            updates: vec![update],
            ..Publication::default()
        }
    }

    /// A repository whose refs are too many to be kept: it has a loose one and 60,000 packed ones.
    fn crowded() -> RepoStore<impl Database> {
        let store = store();
        let names: Vec<u32> = (0..60_000).collect();
        for page in names.chunks(256) {
            let record = |number: &u32| RefRecord {
                name: format!("refs/pull/{number:06}/head").into(),
                target: id(*number),
                peeled: None,
            };
            let page: Vec<_> = page.iter().map(record).collect();
            store.put_packed_page(&page).unwrap();
        }
        store
            .publish(&update("refs/heads/a", None, Some(70_000)))
            .unwrap();
        store
    }

    #[test]
    fn a_target_is_found_without_a_look_at_all_refs() {
        let store = crowded();
        let is_target = |number: u32| store.without_targets(&[id(number)]).unwrap().is_empty();
        let before = store.database().statements();
        for (number, expect) in [(70_000, true), (59_999, true), (3, true), (60_000, false)] {
            assert_eq!(is_target(number), expect, "{number}");
        }
        let statements = store.database().statements() - before;
        assert!(statements < 40, "{statements}");
    }

    #[test]
    fn an_id_is_no_target_once_its_ref_has_moved_or_gone() {
        let store = crowded();
        let is_target = |number: u32| store.without_targets(&[id(number)]).unwrap().is_empty();
        assert!(is_target(70_000) && is_target(5));
        store
            .publish(&update("refs/heads/a", Some(70_000), Some(70_001)))
            .unwrap();
        store
            .publish(&update("refs/pull/000005/head", Some(5), None))
            .unwrap();
        assert!(!is_target(70_000) && !is_target(5));
        assert!(is_target(70_001) && is_target(6));
        // Bytes of a name, or of two ids that stand side by side, are not a target.
        let name = [b"refs/heads/", id(0x4142_4344).as_slice()].concat();
        store
            .put_packed_page(&[RefRecord {
                name: name.into(),
                target: id(9),
                peeled: None,
            }])
            .unwrap();
        assert!(!is_target(0x4142_4344));
    }

    #[test]
    fn many_ids_are_looked_for_together() {
        let store = crowded();
        let ids: Vec<_> = (59_900..60_100).map(id).collect();
        let left = store.without_targets(&ids).unwrap();
        assert_eq!(left.len(), 100);
        assert!(!left.contains(&id(59_999)) && left.contains(&id(60_000)));
    }
}
