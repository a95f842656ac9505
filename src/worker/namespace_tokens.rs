//! The tokens that administer a namespace, as its object keeps them. Their authority is here: what
//! KV knows of them is never more than a no, and with the namespace they are gone.

use super::namespace_contract::Revoke;
use super::namespace_steps::StepError;
use crate::repo_do::contract::{
    Admit, Admitted, ErrorCode, ErrorReply, RevokedToken, TokenHash, TokenPage, TokenRecord,
    TokenState,
};
use crate::storage::namespace::NamespaceStore;
use crate::storage::sql::Database;

/// Whether a token is one of the namespace's that holds now; its use is noted.
pub fn admit<D: Database>(store: &NamespaceStore<D>, asked: &Admit) -> Result<Admitted, StepError> {
    if store.shown_name()?.is_none() {
        return Ok(Admitted { token: None });
    }
    let tokens = store.tokens();
    let found = tokens.find(asked.sha256.as_bytes())?.map(TokenRecord::from);
    let token = found.filter(|token| token.state(asked.now_ms) == TokenState::Active);
    if let Some(token) = &token {
        tokens.touch(&token.token_id, token.last_used_at_ms, asked.now_ms)?;
    }
    Ok(Admitted { token })
}

/// Keeps a new token; the same one again changes nothing.
pub fn make<D: Database>(
    store: &NamespaceStore<D>,
    token: TokenRecord,
) -> Result<TokenRecord, StepError> {
    exists(store)?;
    let tokens = store.tokens();
    let kept = tokens.find(token.sha256.as_bytes())?;
    if kept.is_none_or(|kept| kept.id != token.token_id) {
        tokens.insert(&token.to_insert())?;
    }
    Ok(token)
}

/// A page of the tokens in one state, or in any.
pub fn list<D: Database>(
    store: &NamespaceStore<D>,
    state: Option<TokenState>,
    (page, per_page): (u32, u32),
    now_ms: i64,
) -> Result<TokenPage, StepError> {
    exists(store)?;
    let offset = page.saturating_sub(1).saturating_mul(per_page);
    let page = store
        .tokens()
        .list(state.map(Into::into), now_ms, offset, per_page)?;
    Ok(page.into())
}

/// Takes a token back; a second time answers the same.
pub fn revoke<D: Database>(
    store: &NamespaceStore<D>,
    asked: &Revoke,
) -> Result<RevokedToken, StepError> {
    let unknown = || ErrorReply::new(ErrorCode::NotFound, "the namespace has no such token");
    if store.shown_name()?.is_none() {
        return Err(unknown().into());
    }
    let tokens = store.tokens();
    let token = tokens.find_by_id(&asked.token_id)?.ok_or_else(unknown)?;
    tokens.revoke(&asked.token_id, asked.now_ms)?;
    Ok(RevokedToken {
        token_id: token.id,
        sha256: TokenHash::new(token.sha256),
    })
}

fn exists<D: Database>(store: &NamespaceStore<D>) -> Result<(), StepError> {
    match store.shown_name()? {
        Some(_) => Ok(()),
        None => Err(ErrorReply::new(ErrorCode::NotFound, "there is no such namespace").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::Scope;
    use crate::storage::rusqlite_db::RusqliteDatabase;

    const HOUR: i64 = 3_600_000;
    const NOW: i64 = 1_700_000_000_000;

    fn store() -> NamespaceStore<RusqliteDatabase> {
        NamespaceStore::new(RusqliteDatabase::in_memory().unwrap())
    }

    fn token(number: u8) -> TokenRecord {
        TokenRecord {
            token_id: format!("{number:0>16}"),
            sha256: TokenHash::new([number; 32]),
            scope: Scope::Admin,
            label: Some("a platform".into()),
            created_at_ms: NOW,
            expires_at_ms: NOW + HOUR,
            revoked_at_ms: None,
            last_used_at_ms: None,
        }
    }

    fn admitted(store: &NamespaceStore<RusqliteDatabase>, number: u8, now_ms: i64) -> bool {
        let sha256 = TokenHash::new([number; 32]);
        admit(store, &Admit { sha256, now_ms })
            .unwrap()
            .token
            .is_some()
    }

    #[test]
    fn where_no_namespace_is_nothing_holds_and_nothing_is_written() {
        let store = store();
        assert!(!admitted(&store, 1, NOW));
        let not_found = |error: StepError| matches!(error, StepError::Refused(reply) if reply.code == ErrorCode::NotFound);
        assert!(not_found(make(&store, token(1)).unwrap_err()));
        assert!(not_found(list(&store, None, (1, 10), NOW).unwrap_err()));
        let asked = Revoke {
            token_id: token(1).token_id,
            now_ms: NOW,
        };
        assert!(not_found(revoke(&store, &asked).unwrap_err()));
        assert_eq!(store.database().rows_written(), 0);
    }

    #[test]
    fn a_token_holds_from_its_making_to_its_end() {
        let store = store();
        assert_eq!(store.create("Acme", NOW), Ok(true));
        assert!(!admitted(&store, 1, NOW));
        make(&store, token(1)).unwrap();
        assert!(admitted(&store, 1, NOW));
        let before = store.database().rows_written();
        make(&store, token(1)).unwrap();
        assert_eq!(store.database().rows_written(), before);
        assert!(!admitted(&store, 2, NOW));
        assert!(admitted(&store, 1, NOW + HOUR - 1));
        assert!(!admitted(&store, 1, NOW + HOUR));
        let listed = list(&store, Some(TokenState::Expired), (1, 10), NOW + HOUR).unwrap();
        assert_eq!(listed.total_count, 1);
        assert_eq!(listed.tokens[0].last_used_at_ms, Some(NOW));
        assert_eq!(listed.tokens[0].scope, Scope::Admin);
    }

    #[test]
    fn a_revoked_one_is_dead_at_once_and_stays_listed() {
        let store = store();
        store.create("Acme", NOW).unwrap();
        for number in [1, 2] {
            make(&store, token(number)).unwrap();
        }
        let asked = Revoke {
            token_id: token(1).token_id,
            now_ms: NOW,
        };
        for _ in 0..2 {
            assert_eq!(revoke(&store, &asked).unwrap().sha256, token(1).sha256);
            assert!(!admitted(&store, 1, NOW));
        }
        assert!(admitted(&store, 2, NOW));
        let ids = |state| -> Vec<String> {
            let page = list(&store, state, (1, 10), NOW).unwrap();
            page.tokens
                .into_iter()
                .map(|token| token.token_id)
                .collect()
        };
        assert_eq!(ids(Some(TokenState::Revoked)), [token(1).token_id]);
        assert_eq!(ids(Some(TokenState::Active)), [token(2).token_id]);
        assert_eq!(ids(None).len(), 2);
        assert_eq!(list(&store, None, (2, 1), NOW).unwrap().tokens.len(), 1);
    }

    #[test]
    fn a_use_costs_a_row_an_hour() {
        let store = store();
        store.create("Acme", NOW).unwrap();
        make(&store, token(1)).unwrap();
        let before = store.database().rows_written();
        for now_ms in [NOW, NOW + 1, NOW + HOUR - 1] {
            assert!(admitted(&store, 1, now_ms));
        }
        assert_eq!(store.database().rows_written() - before, 1);
    }
}
