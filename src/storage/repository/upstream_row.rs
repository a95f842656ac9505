//! The rows of the upstream, and of the refs that diverged from it.

use gix_object::bstr::{BString, ByteSlice as _};

use super::policies::{json, to_json};
use super::store::RepoStore;
use super::upstream::{Diverged, Upstream, UpstreamPolicy};
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;
use crate::storage::webhook::definition::Secret;

impl<D: Database> RepoStore<D> {
    /// The upstream, if there is one.
    pub fn upstream(&self) -> Result<Option<Upstream>, StoreError> {
        if !self.is_created()? {
            return Ok(None);
        }
        let sql = "SELECT url, refs, policy, interval_seconds, prune, credentials, webhook_secret,
                created_at, updated_at
            FROM upstream";
        Ok(query_first(&self.db, sql, &[], read_upstream)?)
    }

    /// Sets the upstream. Ends unfinished syncs with this reason.
    pub fn set_upstream(&self, new: &Upstream, ended: &str) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.end_open_syncs(ended, new.updated_at)?;
            let sql = "INSERT INTO upstream (singleton, url, refs, policy, interval_seconds, prune,
                    credentials, webhook_secret, created_at, updated_at)
                VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                ON CONFLICT (singleton) DO UPDATE SET url = ?1, refs = ?2, policy = ?3,
                    interval_seconds = ?4, prune = ?5, credentials = ?6, webhook_secret = ?7,
                    updated_at = ?9";
            let refs = to_json(&new.refs)?;
            let secret = new.webhook_secret.as_ref().map(Secret::reveal);
            self.db.execute(
                sql,
                &[
                    new.url.as_str().into(),
                    refs.as_str().into(),
                    new.policy.name().into(),
                    Value::integer(new.interval_seconds.map(i64::from)),
                    new.prune.into(),
                    Value::text(new.credentials.as_deref()),
                    Value::text(secret),
                    new.created_at.into(),
                    new.updated_at.into(),
                ],
            )?;
            Ok(())
        })
    }

    /// Stores the same credentials, sealed with another key.
    pub fn reseal_upstream(&self, credentials: &str) -> Result<(), StoreError> {
        let sql = "UPDATE upstream SET credentials = ?1";
        self.db.execute(sql, &[credentials.into()])?;
        Ok(())
    }

    /// Removes the upstream and the history of syncs; the refs stay as they are.
    pub fn remove_upstream(&self) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.db.execute("DELETE FROM upstream_diverged", &[])?;
            self.db.execute("DELETE FROM upstream_sync", &[])?;
            self.db.execute("DELETE FROM upstream", &[])?;
            Ok(())
        })
    }

    /// The diverged refs, by name.
    pub fn diverged(&self, limit: u32) -> Result<Vec<Diverged>, StoreError> {
        let sql = "SELECT name, here, there, since FROM upstream_diverged ORDER BY name LIMIT ?1";
        Ok(query_all(&self.db, sql, &[limit.into()], |row| {
            Ok(Diverged {
                name: row.blob(0)?.into(),
                here: row.object_id(1)?,
                there: row.object_id(2)?,
                since: row.integer(3)?,
            })
        })?)
    }

    /// Notes a diverged ref.
    pub fn note_diverged(&self, found: &Diverged) -> Result<(), StoreError> {
        let sql = "INSERT INTO upstream_diverged (name, here, there, since) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (name) DO UPDATE SET here = ?2, there = ?3, since = ?4";
        let params = [
            found.name.as_bytes().into(),
            Value::id(Some(&found.here)),
            Value::id(Some(&found.there)),
            found.since.into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Notes that a ref no longer diverges from upstream's.
    pub fn forget_diverged(&self, name: &BString) -> Result<(), StoreError> {
        let sql = "DELETE FROM upstream_diverged WHERE name = ?1";
        self.db.execute(sql, &[name.as_bytes().into()])?;
        Ok(())
    }
}

fn read_upstream(row: &dyn Row) -> Result<Upstream, SqlError> {
    let wrong = |column, expected| SqlError::Column { column, expected };
    let interval = row.integer_or_null(3)?;
    let interval = interval.map(u32::try_from).transpose();
    Ok(Upstream {
        url: row.text(0)?,
        refs: json(row, 1)?.ok_or(wrong(1, "refspecs"))?,
        policy: UpstreamPolicy::named(&row.text(2)?).ok_or(wrong(2, "policy"))?,
        interval_seconds: interval.map_err(|_| wrong(3, "seconds"))?,
        prune: row.truth(4)?,
        credentials: row.text_or_null(5)?,
        webhook_secret: row.text_or_null(6)?.map(Secret::new),
        created_at: row.integer(7)?,
        updated_at: row.integer(8)?,
    })
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;

    use super::*;
    use crate::git::refspec::Refspecs;
    use crate::storage::repository::testing::store;
    use crate::storage::repository::upstream_syncs::AskedBy;

    fn upstream(now_ms: i64) -> Upstream {
        Upstream {
            url: "https://git.example/a".to_owned(),
            refs: Refspecs::default(),
            policy: UpstreamPolicy::ReadOnly,
            interval_seconds: Some(900),
            prune: true,
            credentials: Some("basic.AAAA".to_owned()),
            webhook_secret: Some(Secret::new("s3cret".to_owned())),
            created_at: now_ms,
            updated_at: now_ms,
        }
    }

    #[test]
    fn the_row_gives_back_what_was_set_and_the_record_knows_what_every_push_needs() {
        let store = store();
        let followed = || store.load().unwrap().unwrap().policies.upstream;
        assert_eq!((store.upstream(), followed()), (Ok(None), None));
        store.set_upstream(&upstream(1), "").unwrap();
        assert_eq!(store.upstream(), Ok(Some(upstream(1))));
        let known = followed().unwrap();
        assert_eq!(known.read_only(), Some(&Refspecs::default()));
        let other = Upstream {
            policy: UpstreamPolicy::Force,
            interval_seconds: None,
            credentials: None,
            webhook_secret: None,
            ..upstream(2)
        };
        store.set_upstream(&other, "").unwrap();
        let kept = store.upstream().unwrap().unwrap();
        assert_eq!((kept.created_at, kept.updated_at), (1, 2));
        assert_eq!(followed().unwrap().read_only(), None);
        assert!(!format!("{:?}", upstream(1)).contains("s3cret"));
        store.reseal_upstream("token.BBBB").unwrap();
        let resealed = store.upstream().unwrap().unwrap().credentials;
        assert_eq!(resealed.as_deref(), Some("token.BBBB"));
        store.remove_upstream().unwrap();
        assert_eq!((store.upstream(), followed()), (Ok(None), None));
    }

    #[test]
    fn a_ref_that_stands_apart_is_on_record_until_it_does_not() {
        let store = store();
        store.set_upstream(&upstream(1), "").unwrap();
        store.begin_sync(AskedBy::Settings, 1).unwrap();
        let id = |byte: u8| ObjectId::from([byte; 20]);
        let found = Diverged {
            name: "refs/heads/main".into(),
            here: id(1),
            there: id(2),
            since: 5,
        };
        store.note_diverged(&found).unwrap();
        assert_eq!(store.diverged(9), Ok(vec![found.clone()]));
        let moved = Diverged {
            there: id(3),
            since: 6,
            ..found.clone()
        };
        store.note_diverged(&moved).unwrap();
        assert_eq!(store.diverged(9), Ok(vec![moved]));
        store.forget_diverged(&found.name).unwrap();
        assert_eq!(store.diverged(9), Ok(vec![]));
    }
}
