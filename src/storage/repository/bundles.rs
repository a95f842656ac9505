//! The bundle that `bundle-uri` offers: a whole repository as one file in R2.
//!
//! Its name says all that there is to know, so it needs no row but that of the release: a bundle is an
//! object that may go when its time is up. The bundle that is offered stays without an end; one that is
//! being written, or that another has replaced, may go within the grace.

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Value};
use crate::storage::db::sql::{Database, in_transaction, query_first};
use crate::storage::r2::bucket::bundles_prefix;

/// How long an R2 object that nobody needs any longer stays for its present readers.
pub const BUNDLE_GRACE_MS: i64 = 60 * 60 * 1000;

/// The time of a bundle that is offered.
const NEVER: i64 = INTEGER_MAX;

/// A bundle in R2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBundle {
    /// The R2 object.
    pub r2_key: String,
    /// Unix milliseconds: its name for clients, and its `creationToken`.
    pub made_at: i64,
    /// Bytes before its pack: the refs.
    pub head_bytes: u64,
    /// All its bytes.
    pub bytes: u64,
    /// Bytes of the repository's packs when it was made.
    pub packed_bytes: u64,
}

impl StoredBundle {
    /// A bundle of this repository.
    pub fn new(
        repository_id: &str,
        made_at: i64,
        (head_bytes, bytes): (u64, u64),
        packed_bytes: u64,
    ) -> Self {
        // In the order of their names they are in the order of their times.
        let name = format!("{made_at:015}-{head_bytes}-{bytes}-{packed_bytes}");
        Self {
            r2_key: format!("{}{name}", bundles_prefix(repository_id)),
            made_at,
            head_bytes,
            bytes,
            packed_bytes,
        }
    }

    fn of_key(r2_key: String) -> Option<Self> {
        let (_, name) = r2_key.rsplit_once('/')?;
        let mut numbers = name.split('-');
        let made_at = numbers.next()?.parse().ok()?;
        let mut number = || numbers.next()?.parse::<u64>().ok();
        let (head_bytes, bytes, packed_bytes) = (number()?, number()?, number()?);
        numbers.next().is_none().then_some(Self {
            r2_key,
            made_at,
            head_bytes,
            bytes,
            packed_bytes,
        })
    }
}

impl<D: Database> RepoStore<D> {
    /// The bundle that may be offered.
    pub fn bundle(&self, repository_id: &str) -> Result<Option<StoredBundle>, StoreError> {
        let (from, to) = range(repository_id);
        let sql = "SELECT r2_key FROM r2_release
            WHERE r2_key > ?1 AND r2_key < ?2 AND not_before = ?3
            ORDER BY r2_key DESC LIMIT 1";
        let params = [from.as_str().into(), to.as_str().into(), NEVER.into()];
        let key = query_first(&self.db, sql, &params, |row| row.text(0))?;
        Ok(key.and_then(StoredBundle::of_key))
    }

    /// Offers a bundle that is written, in place of those before, which may go after the grace.
    pub fn set_bundle(
        &self,
        repository_id: &str,
        bundle: &StoredBundle,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.drop_bundles(repository_id, now_ms.saturating_add(BUNDLE_GRACE_MS))?;
            let sql = "INSERT INTO r2_release (r2_key, not_before) VALUES (?1, ?2)
                ON CONFLICT (r2_key) DO UPDATE SET not_before = excluded.not_before";
            let params = [Value::text(Some(&bundle.r2_key)), NEVER.into()];
            self.db.execute(sql, &params)?;
            Ok(())
        })
    }

    /// Offers no bundle from now on; their objects may go at `not_before`.
    pub fn drop_bundles(&self, repository_id: &str, not_before: i64) -> Result<(), StoreError> {
        let (from, to) = range(repository_id);
        let sql = "UPDATE r2_release SET not_before = ?3
            WHERE r2_key > ?1 AND r2_key < ?2 AND not_before > ?3";
        let params = [from.as_str().into(), to.as_str().into(), not_before.into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }
}

/// Between which two texts the keys of a repository's bundles lie.
fn range(repository_id: &str) -> (String, String) {
    let from = bundles_prefix(repository_id);
    // No character of a name is above this one.
    let to = format!("{from}~");
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::repository::testing::store;

    #[test]
    fn the_newest_bundle_is_offered_until_another_takes_its_place() {
        let store = store();
        let (old, new) = (
            StoredBundle::new("r", 999, (90, 1000), 900),
            StoredBundle::new("r", 1_000_000, (80, 2000), 1900),
        );
        assert_eq!(store.bundle("r"), Ok(None));
        store.set_bundle("r", &old, 1000).unwrap();
        assert_eq!(store.bundle("r"), Ok(Some(old.clone())));
        assert_eq!(store.bundle("other"), Ok(None));
        // It may never go by itself, and no alarm waits for that; a purge finds it.
        assert_eq!(store.next_release(), Ok(None));
        assert_eq!(store.releases_due(NEVER - 1), Ok(vec![]));
        assert_eq!(store.releases_due(NEVER).unwrap().len(), 1);
        store.set_bundle("r", &new, 1_000_000).unwrap();
        assert_eq!(store.bundle("r"), Ok(Some(new)));
        let due = store.releases_due(1_000_000 + BUNDLE_GRACE_MS).unwrap();
        assert_eq!(due.len(), 1, "{due:?}");
        assert_eq!(due[0].r2_key, old.r2_key);
    }

    #[test]
    fn a_bundle_that_is_being_written_or_was_dropped_is_not_offered() {
        let store = store();
        let bundle = StoredBundle::new("r", 7, (90, 1000), 900);
        let grace = 7 + BUNDLE_GRACE_MS;
        store.release_later(&bundle.r2_key, grace).unwrap();
        assert_eq!(store.bundle("r"), Ok(None));
        store.set_bundle("r", &bundle, 7).unwrap();
        assert!(store.bundle("r").unwrap().is_some());
        store.drop_bundles("r", grace).unwrap();
        assert_eq!(store.bundle("r"), Ok(None));
        // Dropping once more does not keep it longer.
        store.drop_bundles("r", grace + 9).unwrap();
        assert_eq!(store.next_release(), Ok(Some(grace)));
    }
}
