//! Names that people give to commits: full and short refnames, `HEAD`, ids
//! (<https://git-scm.com/docs/gitrevisions>; `~`, `^` and `@` are not understood).

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

use super::ref_record::RefRecord;
use super::store::RepoStore;
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::git::store::{RefSource, StoreError};
use crate::storage::db::sql::Database;

/// Prefixes of refs with short names, in the order in which git tries them.
const FOLDERS: [&str; 5] = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

/// A revision at the start of a text, and the path behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split<'a> {
    /// The object that the revision names.
    pub(crate) id: ObjectId,
    /// The path after the revision and a slash.
    pub(crate) path: &'a BStr,
}

impl<D: Database> RepoStore<D> {
    /// The object that a name stands for: an id of forty digits, or a ref.
    pub(crate) fn resolve(&self, name: &BStr) -> Result<Option<ObjectId>, StoreError> {
        if let Some(id) = oid_hex::parse(name) {
            return Ok(Some(id));
        }
        for candidate in refname::candidates(name) {
            if let Some(id) = self.ref_target(candidate.as_bstr())? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// A revision and a path in one, with a slash between them: the longest name that stands for
    /// something is the revision. Asks little however many slashes there are.
    pub(crate) fn split_revision<'a>(
        &self,
        text: &'a BStr,
    ) -> Result<Option<Split<'a>>, StoreError> {
        let Some((first, _)) = text.split_once_str("/") else {
            return Ok(None);
        };
        let mut longest: Option<(usize, ObjectId)> = None;
        let mut offer = |bytes: usize, id: ObjectId| {
            if longest.is_none_or(|(before, _)| bytes > before) {
                longest = Some((bytes, id));
            }
        };
        if first == b"HEAD" {
            if let Some(id) = self.ref_target(first.as_bstr())? {
                offer(first.len(), id);
            }
        } else if let Some(id) = oid_hex::parse(first) {
            offer(first.len(), id);
        }
        for folder in FOLDERS {
            if let Some(record) = self.ref_at_start(folder, text)? {
                offer(
                    record.name.len().saturating_sub(folder.len()),
                    record.target,
                );
            }
        }
        let Some((bytes, id)) = longest else {
            return Ok(None);
        };
        let path = text.get(bytes..).and_then(|rest| rest.strip_prefix(b"/"));
        Ok(path.map(|path| Split {
            id,
            path: path.as_bstr(),
        }))
    }

    /// The ref in a folder whose name, less the folder's, begins the text and ends at a slash.
    fn ref_at_start(&self, folder: &str, text: &BStr) -> Result<Option<RefRecord>, StoreError> {
        let full = BString::from([folder.as_bytes(), text.as_bytes()].concat());
        match self.find_ref_above(full.as_bstr())? {
            Some(name) if name.len() > folder.len() => self.find_ref(name.as_bstr()),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::repository::testing::new_repository;

    fn id(number: u8) -> ObjectId {
        ObjectId::try_from(&[number; 20][..]).unwrap()
    }

    fn store(refs: &[(&str, u8)]) -> RepoStore<RusqliteDatabase> {
        let db = RusqliteDatabase::in_memory().unwrap();
        let store = RepoStore::new(db, Box::new(|| 0));
        let new = new_repository(1);
        store.create(&new).unwrap();
        for (name, number) in refs {
            let sql = "INSERT INTO ref (name, target) VALUES (?1, ?2)";
            let target = id(*number);
            let params = [name.as_bytes().into(), target.as_slice().into()];
            store.database().execute(sql, &params).unwrap();
        }
        store
    }

    #[test]
    fn names_are_tried_as_git_tries_them() {
        let store = store(&[
            ("refs/heads/main", 1),
            ("refs/heads/v1", 2),
            ("refs/tags/v1", 3),
            ("refs/changes/x", 4),
        ]);
        let resolve = |name: &str| store.resolve(name.into()).unwrap();
        assert_eq!(resolve("main"), Some(id(1)));
        assert_eq!(resolve("HEAD"), Some(id(1)));
        assert_eq!(resolve("v1"), Some(id(3)), "tags come first");
        assert_eq!(resolve("heads/v1"), Some(id(2)));
        assert_eq!(resolve("refs/changes/x"), Some(id(4)));
        assert_eq!(resolve("changes/x"), Some(id(4)));
        assert_eq!(resolve(&"05".repeat(20)), Some(id(5)));
        for nothing in ["", "x", "refs/heads", "main/", "refs", "/"] {
            assert_eq!(resolve(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_longest_ref_wins() {
        let store = store(&[
            ("refs/heads/main", 1),
            ("refs/heads/a", 2),
            ("refs/tags/a/b", 3),
            ("refs/heads/f/g/h", 4),
        ]);
        let split = |text: &'static str| {
            let split = store.split_revision(text.into()).unwrap();
            split.map(|split| (split.id, split.path.to_string()))
        };
        let found = |number, path: &str| Some((id(number), path.to_owned()));
        assert_eq!(split("main/x/y"), found(1, "x/y"));
        assert_eq!(split("HEAD/x"), found(1, "x"));
        assert_eq!(split("a/x"), found(2, "x"));
        assert_eq!(split("a/b/x"), found(3, "x"));
        assert_eq!(split("f/g/h/i"), found(4, "i"));
        assert_eq!(split("refs/heads/f/g/h/i/j"), found(4, "i/j"));
        assert_eq!(split("heads/a/b/x"), found(2, "b/x"));
        let by_id = "0606060606060606060606060606060606060606/x";
        assert_eq!(split(by_id), found(6, "x"));
        for nothing in ["", "/", "main", "f/g/x", "x/main", "a"] {
            assert_eq!(split(nothing), None, "{nothing}");
        }
        assert_eq!(split("a/"), found(2, ""));
    }
}
