//! Refs whose names differ from another one in case alone, found without a look at all refs.

use gix_object::bstr::{BStr, BString, ByteSlice};

use super::ref_cache::RefList;
use super::ref_record::NameRange;
use super::store::RepoStore;
use crate::git::refname::REFS;
use crate::git::refname::case::Spellings;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, query_first};

impl<D: Database> RepoStore<D> {
    /// A ref whose name differs from this one in case alone: out of the list, if that is kept, else
    /// by a few look-ups.
    pub(crate) fn find_other_case(&self, name: &BStr) -> Result<Option<BString>, StoreError> {
        let kept = self.kept_refs_if_read(name)?;
        Spellings::of(name).find_other(name, |from| match &kept {
            Some(list) => Ok(first_kept(list, from)),
            None => self.first_ref_from(from),
        })
    }

    /// The first ref whose name is not less than `from`.
    fn first_ref_from(&self, from: &BStr) -> Result<Option<BString>, StoreError> {
        let sql = "SELECT name FROM ref WHERE name >= ?1 ORDER BY name LIMIT 1";
        let loose = query_first(&self.db, sql, &[from.as_bytes().into()], |row| row.blob(0))?;
        let mut range = NameRange::new(REFS.as_bytes(), None);
        range.start = from.to_vec();
        let mut packed = self.packed_refs(range)?;
        let packed = packed.next_before(None)?.map(|record| record.name.clone());
        let names = [loose.map(BString::from), packed];
        Ok(names.into_iter().flatten().min())
    }
}

fn first_kept(list: &RefList, from: &BStr) -> Option<BString> {
    list.first_from(from).map(|record| record.name.clone())
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;

    use super::*;
    use crate::storage::repository::publication::{Publication, RefUpdate};
    use crate::storage::repository::ref_record::RefRecord;
    use crate::storage::repository::testing::store;

    fn record(name: &str) -> RefRecord {
        RefRecord {
            name: name.into(),
            target: ObjectId::from([1; 20]),
            peeled: None,
        }
    }

    #[test]
    fn loose_and_packed_refs_are_found_whether_they_are_kept_or_not() {
        let store = store();
        let page = ["refs/heads/Packed", "refs/heads/a", "refs/heads/z"];
        store.put_packed_page(&page.map(record)).unwrap();
        let update = |name: &str| RefUpdate {
            name: name.into(),
            old: None,
            new: Some(ObjectId::from([2; 20])),
            peeled: None,
        };
        let publication = Publication {
            updates: ["refs/heads/LOOSE", "refs/heads/main"].map(update).into(),
            ..Publication::default()
        };
        store.publish(&publication).unwrap();
        let check = || {
            let find = |name: &str| store.find_other_case(name.into()).unwrap();
            assert_eq!(find("refs/heads/packed"), Some("refs/heads/Packed".into()));
            assert_eq!(find("refs/heads/loose"), Some("refs/heads/LOOSE".into()));
            assert_eq!(find("refs/heads/MAIN"), Some("refs/heads/main".into()));
            assert_eq!(find("refs/heads/main"), None);
            assert_eq!(find("refs/heads/other"), None);
        };
        check();
        store
            .visit_refs(b"refs/", |_| std::ops::ControlFlow::Continue(()))
            .unwrap();
        check();
    }

    #[test]
    fn a_look_does_not_cost_more_in_a_large_repository() {
        let store = store();
        let names: Vec<_> = (0..4000)
            .map(|n| format!("refs/heads/topic-{n:05}"))
            .collect();
        for page in names.chunks(256) {
            let page: Vec<_> = page.iter().map(|name| record(name)).collect();
            store.put_packed_page(&page).unwrap();
        }
        let before = store.database().statements();
        let found = store
            .find_other_case("refs/heads/Topic-02345".into())
            .unwrap();
        assert_eq!(found, Some("refs/heads/topic-02345".into()));
        let statements = store.database().statements() - before;
        assert!(statements < 60, "{statements}");
    }
}
