//! The rows of a namespace about signed tokens: the issuers that it trusts, and the tokens that were
//! taken back before their time.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, query_first};

/// Tokens of one namespace that are kept as revoked at a time.
pub(crate) const REVOKED_MAX: u64 = 10_000;

/// The namespace's facts that decide about a signed token, beside the token's claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedTrust {
    /// The namespace's name.
    pub(crate) name: String,
    /// Unix milliseconds: tokens issued before are revoked.
    pub(crate) token_epoch: i64,
    /// Whether nobody but the operator gets anything.
    pub(crate) suspended: bool,
    /// The issuers, as JSON.
    pub(crate) issuers: Option<String>,
}

impl<D: Database> NamespaceStore<D> {
    /// The facts that decide about signed tokens; `None` where no namespace is.
    pub(crate) fn signed_trust(&self) -> Result<Option<SignedTrust>, StoreError> {
        if !schema::is_created(self.database())? {
            return Ok(None);
        }
        let sql = "SELECT name, token_epoch, suspended, issuers FROM namespace";
        Ok(query_first(self.database(), sql, &[], |row| {
            Ok(SignedTrust {
                name: row.text(0)?,
                token_epoch: row.integer(1)?,
                suspended: row.truth(2)?,
                issuers: row.text_or_null(3)?,
            })
        })?)
    }

    /// Sets the issuers, as JSON; `None`: none. The same ones again write nothing.
    pub(crate) fn set_issuers(&self, issuers: Option<&str>) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET issuers = ?1 WHERE issuers IS NOT ?1";
        self.database().execute(sql, &[Value::text(issuers)])?;
        Ok(())
    }

    /// Until when the revocation of a token is kept, in unix milliseconds; `None`: it was not taken back.
    pub(crate) fn signed_revoked_until(
        &self,
        issuer: &str,
        jti: &str,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT expires_at FROM revoked_signed_token WHERE issuer = ?1 AND jti = ?2";
        let params = [issuer.into(), jti.into()];
        let found = query_first(self.database(), sql, &params, |row| row.integer(0));
        Ok(found?)
    }

    /// Takes a token back that was not; false, and nothing kept, when too many are kept already. Those that
    /// have ended by themselves go.
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
            VALUES (?1, ?2, ?3, ?4)";
        let params = [issuer.into(), jti.into(), now_ms.into(), expires_at.into()];
        db.execute(sql, &params)?;
        Ok(true)
    }

    /// Keeps the revocation of a token until this time.
    pub(crate) fn revoke_signed_longer(
        &self,
        issuer: &str,
        jti: &str,
        expires_at: i64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE revoked_signed_token SET expires_at = ?3 WHERE issuer = ?1 AND jti = ?2";
        let params = [issuer.into(), jti.into(), expires_at.into()];
        self.database().execute(sql, &params)?;
        Ok(())
    }
}
