//! What a namespace keeps about signed tokens: the issuers that it trusts, and the tokens that were taken
//! back before their time.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, query_first};

/// Tokens of one namespace that are kept as revoked at a time.
pub(crate) const REVOKED_MAX: u64 = 10_000;

/// What decides about a signed token beside its claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedTrust {
    /// The namespace's name.
    pub(crate) name: String,
    /// Unix milliseconds: what was issued before is revoked.
    pub(crate) token_epoch: i64,
    /// The issuers, as JSON.
    pub(crate) issuers: Option<String>,
}

impl<D: Database> NamespaceStore<D> {
    /// What decides about signed tokens; `None` where no namespace is.
    pub(crate) fn signed_trust(&self) -> Result<Option<SignedTrust>, StoreError> {
        if !schema::is_created(self.database())? {
            return Ok(None);
        }
        let sql = "SELECT name, token_epoch, issuers FROM namespace";
        Ok(query_first(self.database(), sql, &[], |row| {
            Ok(SignedTrust {
                name: row.text(0)?,
                token_epoch: row.integer(1)?,
                issuers: row.text_or_null(2)?,
            })
        })?)
    }

    /// Sets the issuers, as JSON; `None`: there are none.
    pub(crate) fn set_issuers(&self, issuers: Option<&str>) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET issuers = ?1";
        self.database().execute(sql, &[Value::text(issuers)])?;
        Ok(())
    }

    /// Whether a token was taken back.
    pub(crate) fn is_signed_revoked(&self, issuer: &str, jti: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM revoked_signed_token WHERE issuer = ?1 AND jti = ?2";
        let found = query_first(self.database(), sql, &[issuer.into(), jti.into()], |row| {
            row.integer(0)
        })?;
        Ok(found.is_some())
    }

    /// Takes a token back; false, and nothing kept, when too many are kept already. Those that have ended
    /// by themselves go.
    pub(crate) fn revoke_signed(
        &self,
        issuer: &str,
        jti: &str,
        now_ms: i64,
        expires_at: i64,
    ) -> Result<bool, StoreError> {
        let db = self.database();
        let sql = "DELETE FROM revoked_signed_token WHERE expires_at <= ?1";
        db.execute(sql, &[now_ms.into()])?;
        let sql = "SELECT count(*) FROM revoked_signed_token";
        let count = query_first(db, sql, &[], |row| row.unsigned(0))?;
        if count.unwrap_or_default() >= REVOKED_MAX {
            return Ok(false);
        }
        let sql = "INSERT INTO revoked_signed_token (issuer, jti, revoked_at, expires_at)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (issuer, jti) DO UPDATE SET expires_at = max(expires_at, ?4)";
        let params = [issuer.into(), jti.into(), now_ms.into(), expires_at.into()];
        db.execute(sql, &params)?;
        Ok(true)
    }
}
