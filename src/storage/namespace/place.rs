//! Where the namespace of this name is kept, if that is not here.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, in_transaction, query_first};

/// A place that the name of a namespace has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlaceRecord {
    /// Cloudflare's name of the jurisdiction.
    pub(crate) jurisdiction: String,
    /// Until when the name gets no other one, in unix milliseconds; `None`: for ever.
    pub(crate) until: Option<i64>,
}

impl<D: Database> NamespaceStore<D> {
    /// The place of the name, if somebody has said one.
    pub(crate) fn place(&self) -> Result<Option<PlaceRecord>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(None);
        }
        let sql = "SELECT jurisdiction, until FROM place";
        Ok(query_first(&self.db, sql, &[], |row| {
            Ok(PlaceRecord {
                jurisdiction: row.text(0)?,
                until: row.integer_or_null(1)?,
            })
        })?)
    }

    /// Gives the name a place, instead of the one that it had.
    pub(crate) fn set_place(&self, place: &PlaceRecord) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, schema::NAMESPACE)?;
            let sql = "INSERT INTO place (singleton, jurisdiction, until) VALUES (1, ?1, ?2)
                ON CONFLICT (singleton) DO UPDATE
                SET jurisdiction = excluded.jurisdiction, until = excluded.until";
            let name = place.jurisdiction.as_str().into();
            self.db.execute(sql, &[name, Value::integer(place.until)])?;
            Ok(())
        })
    }
}
