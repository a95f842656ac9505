//! Tokens: the authoritative list, of a repository or of a namespace. Grants cached elsewhere may
//! lag; this list decides.
//!
//! The database stores only the SHA-256 of a token and looks it up as a key. A caller who times
//! that learns about a hash, from which no token follows.

use super::policies::{json, rules_json};
use crate::git::receive_pack::ref_rules::RefRules;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// A use is noted when the last one noted is this long ago: one hour.
const TOUCH_INTERVAL_MS: i64 = 3_600_000;

/// The access that a token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Fetch.
    Read,
    /// Fetch and push.
    Write,
    /// Administer the namespace; no repository has such a token.
    Admin,
}

impl Scope {
    /// As it is stored and as the API spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin]
            .into_iter()
            .find(|scope| scope.as_str() == text)
    }
}

/// A token to add. Times are unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewToken<'a> {
    /// 16 characters of `[0-9a-z]`.
    pub id: &'a str,
    /// The hash of the token's text.
    pub sha256: &'a [u8; 32],
    /// The access that it gives.
    pub scope: Scope,
    /// For people.
    pub label: &'a str,
    /// Now.
    pub created_at: i64,
    /// From when on it is refused.
    pub expires_at: i64,
    /// Its rules about refs; `None`: it has none.
    pub refs: Option<&'a RefRules>,
}

/// A token, without its secret. Times are unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// 16 characters of `[0-9a-z]`.
    pub id: String,
    /// The hash of the token's text.
    pub(crate) sha256: [u8; 32],
    /// The access that it gives.
    pub scope: Scope,
    /// For people.
    pub label: String,
    /// When it was made.
    pub created_at: i64,
    /// From when on it is refused.
    pub(crate) expires_at: i64,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// When it was used last, to the hour.
    pub last_used_at: Option<i64>,
    /// Its rules about refs.
    pub refs: RefRules,
}

/// Whether a token still holds; a revoked one is revoked even after it expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It holds.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl TokenState {
    /// As the API spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl TokenRecord {
    /// Whether the token holds at that time.
    pub fn state(&self, now_ms: i64) -> TokenState {
        if self.revoked_at.is_some() {
            TokenState::Revoked
        } else if self.expires_at <= now_ms {
            TokenState::Expired
        } else {
            TokenState::Active
        }
    }
}

/// Some of the tokens, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPage {
    /// These.
    pub tokens: Vec<TokenRecord>,
    /// How many there are in all.
    pub total_count: u64,
    /// Whether there are more behind these.
    pub has_more: bool,
}

/// Where a page of tokens begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart<'a> {
    /// Behind so many tokens: which these are changes with every new one.
    Skip(u32),
    /// Behind one token, which may be gone meanwhile.
    Behind {
        /// When it was made.
        created_at: i64,
        /// Its id.
        id: &'a str,
    },
}

/// The tokens of one database.
#[derive(Debug)]
pub struct TokenStore<'a, D> {
    db: &'a D,
    /// Tokens that were made before this time, in unix milliseconds, are revoked.
    epoch_ms: i64,
}

impl<'a, D: Database> TokenStore<'a, D> {
    /// The tokens in this database, which has a schema. Those that were made before the epoch read
    /// as revoked; their rows stay as they are.
    pub(crate) fn new(db: &'a D, epoch_ms: i64) -> Self {
        Self { db, epoch_ms }
    }

    fn read(&self, row: &dyn Row) -> Result<TokenRecord, SqlError> {
        let mut token = read_token(row)?;
        if token.created_at < self.epoch_ms {
            token.revoked_at.get_or_insert(self.epoch_ms);
        }
        Ok(token)
    }

    /// Adds a token; fails when the id or the hash is taken.
    pub fn insert(&self, new: &NewToken<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO token (sha256, id, scope, label, created_at, expires_at, refs)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let refs = new.refs.map(rules_json).transpose()?.flatten();
        self.db.execute(
            sql,
            &[
                Value::Blob(new.sha256),
                new.id.into(),
                new.scope.as_str().into(),
                new.label.into(),
                new.created_at.into(),
                new.expires_at.into(),
                Value::text(refs.as_deref()),
            ],
        )?;
        Ok(())
    }

    /// The token with this hash, in any [state](TokenRecord::state).
    pub fn find(&self, sha256: &[u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        let sql =
            "SELECT id, scope, label, created_at, expires_at, revoked_at, last_used_at, sha256,
                refs
            FROM token WHERE sha256 = ?1";
        let key = [Value::Blob(sha256)];
        Ok(query_first(self.db, sql, &key, |row| self.read(row))?)
    }

    /// The token with this id, in any [state](TokenRecord::state).
    pub fn find_by_id(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        let sql =
            "SELECT id, scope, label, created_at, expires_at, revoked_at, last_used_at, sha256,
                refs
            FROM token WHERE id = ?1";
        Ok(query_first(self.db, sql, &[id.into()], |row| {
            self.read(row)
        })?)
    }

    /// Tokens in one state, or in any, newest first; those of the scope `without` are left out.
    pub fn list(
        &self,
        state: Option<TokenState>,
        without: Option<Scope>,
        now_ms: i64,
        start: PageStart<'_>,
        limit: u32,
    ) -> Result<TokenPage, StoreError> {
        let (offset, behind) = match start {
            PageStart::Skip(offset) => (offset, None),
            PageStart::Behind { created_at, id } => (0, Some((created_at, id))),
        };
        let state = Value::text(state.map(TokenState::as_str));
        let without = Value::text(without.map(Scope::as_str));
        let sql =
            "SELECT id, scope, label, created_at, expires_at, revoked_at, last_used_at, sha256,
                refs
            FROM token
            WHERE (?1 IS NULL OR ?1 = CASE
                WHEN revoked_at IS NOT NULL OR created_at < ?8 THEN 'revoked'
                WHEN expires_at <= ?2 THEN 'expired' ELSE 'active' END)
                AND scope IS NOT ?3
                AND (?6 IS NULL OR created_at < ?6 OR (created_at = ?6 AND id > ?7))
            ORDER BY created_at DESC, id LIMIT ?4 OFFSET ?5";
        let params = [
            state,
            now_ms.into(),
            without,
            limit.saturating_add(1).into(),
            offset.into(),
            Value::integer(behind.map(|(created_at, _)| created_at)),
            Value::text(behind.map(|(_, id)| id)),
            self.epoch_ms.into(),
        ];
        let mut tokens = query_all(self.db, sql, &params, |row| self.read(row))?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = tokens.len() > limit;
        tokens.truncate(limit);
        let sql = "SELECT count(*) FROM token
            WHERE (?1 IS NULL OR ?1 = CASE
                WHEN revoked_at IS NOT NULL OR created_at < ?4 THEN 'revoked'
                WHEN expires_at <= ?2 THEN 'expired' ELSE 'active' END)
                AND scope IS NOT ?3";
        let params = [state, now_ms.into(), without, self.epoch_ms.into()];
        let total = query_first(self.db, sql, &params, |row| row.unsigned(0))?;
        Ok(TokenPage {
            tokens,
            total_count: total.unwrap_or(0),
            has_more,
        })
    }

    /// Revokes a token; false if no token has this id. A second call changes nothing.
    pub fn revoke(&self, id: &str, now_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
        let written = self.db.execute(sql, &[id.into(), now_ms.into()])?;
        Ok(written > 0 || self.find_by_id(id)?.is_some())
    }

    /// Revokes the tokens that were made before this time.
    pub fn revoke_made_before(&self, epoch_ms: i64, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE token SET revoked_at = ?2 WHERE created_at < ?1 AND revoked_at IS NULL";
        self.db.execute(sql, &[epoch_ms.into(), now_ms.into()])?;
        Ok(())
    }

    /// Notes that the token was used: one row an hour at most.
    pub fn touch(
        &self,
        id: &str,
        last_used_at: Option<i64>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let noted = last_used_at.unwrap_or(i64::MIN);
        if now_ms.saturating_sub(noted) < TOUCH_INTERVAL_MS {
            return Ok(());
        }
        let sql = "UPDATE token SET last_used_at = ?2 WHERE id = ?1";
        self.db.execute(sql, &[id.into(), now_ms.into()])?;
        Ok(())
    }
}

fn read_token(row: &dyn Row) -> Result<TokenRecord, SqlError> {
    let scope = Scope::parse(&row.text(1)?);
    Ok(TokenRecord {
        id: row.text(0)?,
        scope: scope.ok_or(SqlError::Column {
            column: 1,
            expected: "scope",
        })?,
        label: row.text(2)?,
        created_at: row.integer(3)?,
        expires_at: row.integer(4)?,
        revoked_at: row.integer_or_null(5)?,
        last_used_at: row.integer_or_null(6)?,
        sha256: row.blob(7)?.try_into().map_err(|_| SqlError::Column {
            column: 7,
            expected: "sha-256",
        })?,
        refs: json(row, 8)?.unwrap_or_default(),
    })
}
