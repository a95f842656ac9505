use super::*;
use crate::repo_do::contract::RefRules;
use crate::storage::db::row::Value;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::db::schema;
use crate::storage::namespace::testing::{Store, acme, hold, nowhere};

const HOUR: i64 = 3_600_000;
const NOW: i64 = 1_700_000_000_000;

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
        refs: RefRules::default(),
    }
}

fn admin(number: u8) -> MakeToken {
    MakeToken {
        token: token(number),
        repos: None,
    }
}

fn shared_with(number: u8, scope: Scope, repos: Option<&[&str]>) -> MakeToken {
    MakeToken {
        token: TokenRecord {
            scope,
            ..token(number)
        },
        repos: repos.map(|names| names.iter().map(ToString::to_string).collect()),
    }
}

fn make_it(store: &Store, asked: MakeToken) -> Result<SharedToken, StepError> {
    make(store, asked, &Author::system(NOW))
}

fn revoke_it(store: &Store, asked: &Revoke) -> Result<RevokedToken, StepError> {
    revoke(store, asked, &Author::system(NOW))
}

fn every(state: Option<TokenState>) -> ListTokens {
    ListTokens {
        state,
        admin_too: true,
        page: 1,
        per_page: 10,
        behind: None,
    }
}

fn revocation(number: u8) -> Revoke {
    Revoke {
        token_id: token(number).token_id,
        admin_too: true,
        now_ms: NOW,
    }
}

fn opened(store: &Store, number: u8, id: &str) -> bool {
    let sha256 = TokenHash::new([number; 32]);
    let admitted = admit(
        store,
        &Admit {
            sha256,
            signed: None,
            now_ms: NOW,
        },
    )
    .unwrap();
    admitted.token.is_some() && admitted.opens(Some(id))
}

fn admitted(store: &Store, number: u8, now_ms: i64) -> bool {
    let asked = Admit {
        sha256: TokenHash::new([number; 32]),
        signed: None,
        now_ms,
    };
    admit(store, &asked).unwrap().token.is_some()
}

#[test]
fn where_no_namespace_is_nothing_holds_and_nothing_is_written() {
    let store = nowhere();
    assert!(!admitted(&store, 1, NOW));
    let not_found = |error: StepError| matches!(error, StepError::Refused(reply) if reply.code == ErrorCode::NotFound);
    assert!(not_found(make_it(&store, admin(1)).unwrap_err()));
    assert!(not_found(list(&store, &every(None), NOW).unwrap_err()));
    let asked = revocation(1);
    assert!(not_found(revoke_it(&store, &asked).unwrap_err()));
    assert_eq!(store.database().rows_written(), 0);
}

#[test]
fn a_token_holds_from_its_making_to_its_end() {
    let store = acme(NOW);
    assert!(!admitted(&store, 1, NOW));
    make_it(&store, admin(1)).unwrap();
    assert!(admitted(&store, 1, NOW));
    let before = store.database().rows_written();
    make_it(&store, admin(1)).unwrap();
    assert_eq!(store.database().rows_written(), before);
    assert!(!admitted(&store, 2, NOW));
    assert!(admitted(&store, 1, NOW + HOUR - 1));
    assert!(!admitted(&store, 1, NOW + HOUR));
    let listed = list(&store, &every(Some(TokenState::Expired)), NOW + HOUR).unwrap();
    assert_eq!(listed.total_count, 1);
    let SharedToken { token, repos } = &listed.tokens[0];
    assert_eq!(
        (token.last_used_at_ms, token.scope),
        (Some(NOW), Scope::Admin)
    );
    assert_eq!(*repos, None);
}

#[test]
fn a_revoked_one_is_dead_at_once_and_stays_listed() {
    let store = acme(NOW);
    for number in [1, 2] {
        make_it(&store, admin(number)).unwrap();
    }
    let asked = revocation(1);
    for _ in 0..2 {
        assert_eq!(revoke_it(&store, &asked).unwrap().sha256, token(1).sha256);
        assert!(!admitted(&store, 1, NOW));
    }
    assert!(admitted(&store, 2, NOW));
    let ids = |state| -> Vec<String> {
        let page = list(&store, &every(state), NOW).unwrap();
        let tokens = page.tokens.into_iter();
        tokens.map(|shared| shared.token.token_id).collect()
    };
    assert_eq!(ids(Some(TokenState::Revoked)), [token(1).token_id]);
    assert_eq!(ids(Some(TokenState::Active)), [token(2).token_id]);
    assert_eq!(ids(None).len(), 2);
    let second = ListTokens {
        page: 2,
        per_page: 1,
        ..every(None)
    };
    assert_eq!(list(&store, &second, NOW).unwrap().tokens.len(), 1);
}

#[test]
fn a_token_opens_the_repositories_it_was_made_for_and_none_that_takes_their_name() {
    let store = acme(NOW);
    let (first, second, third) = ("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc");
    hold(&store, "App", first, NOW);
    hold(&store, "lib", second, NOW);
    let of_two = shared_with(1, Scope::Read, Some(&["LIB", "app"]));
    let made = make_it(&store, of_two.clone()).unwrap();
    assert_eq!(made.repos, Some(vec!["lib".to_owned(), "App".to_owned()]));
    let before = store.database().rows_written();
    assert_eq!(make_it(&store, of_two).unwrap(), made);
    assert_eq!(store.database().rows_written(), before, "made once");
    make_it(&store, shared_with(2, Scope::Write, None)).unwrap();
    for id in [first, second] {
        assert!(opened(&store, 1, id) && opened(&store, 2, id));
    }
    assert!(!opened(&store, 1, third) && opened(&store, 2, third));

    store.remove("lib", second, NOW).unwrap();
    hold(&store, "lib", third, NOW);
    assert!(!opened(&store, 1, third), "another repository of that name");
    let listed = list(&store, &every(None), NOW).unwrap();
    let names: Vec<_> = listed
        .tokens
        .into_iter()
        .map(|shared| shared.repos)
        .collect();
    assert_eq!(names, [Some(vec!["App".to_owned()]), None]);
}

#[test]
fn a_token_is_made_for_repositories_that_are_there() {
    let store = acme(NOW);
    hold(&store, "app", "aaaaaaaaaaaaaaaa", NOW);
    let before = store.database().rows_written();
    let refused = make_it(&store, shared_with(1, Scope::Read, Some(&["app", "lib"])));
    let Err(StepError::Refused(reply)) = refused else {
        panic!("made for what is not there");
    };
    assert_eq!(
        (reply.code, reply.pointer.as_deref()),
        (ErrorCode::NotFound, Some("/repos/1"))
    );
    assert_eq!(store.database().rows_written(), before);
}

#[test]
fn who_administers_the_namespace_neither_sees_nor_revokes_its_own_kind() {
    let store = acme(NOW);
    make_it(&store, admin(1)).unwrap();
    make_it(&store, shared_with(2, Scope::Read, None)).unwrap();
    let seen = ListTokens {
        admin_too: false,
        ..every(None)
    };
    let seen = list(&store, &seen, NOW).unwrap();
    assert_eq!(seen.total_count, 1);
    assert_eq!(seen.tokens[0].token.token_id, token(2).token_id);
    let revoked = |number| {
        let asked = Revoke {
            admin_too: false,
            ..revocation(number)
        };
        revoke_it(&store, &asked).is_ok()
    };
    assert!(!revoked(1) && revoked(2));
    assert!(admitted(&store, 1, NOW) && !admitted(&store, 2, NOW));
}

#[test]
fn tokens_of_the_older_schema_administer_as_they_did() {
    let db = RusqliteDatabase::in_memory().unwrap();
    schema::create_older(&db, schema::NAMESPACE, 2).unwrap();
    let insert = "INSERT INTO namespace (singleton, name, created_at) VALUES (1, 'Acme', 1)";
    db.execute(insert, &[]).unwrap();
    let store = NamespaceStore::new(db);
    let insert = "INSERT INTO token (sha256, id, scope, label, created_at, expires_at)
        VALUES (?1, ?2, 'admin', '', ?3, ?4)";
    let (token, sha256) = (token(1), [1; 32]);
    let params = [
        Value::Blob(&sha256),
        token.token_id.as_str().into(),
        token.created_at_ms.into(),
        token.expires_at_ms.into(),
    ];
    store.database().execute(insert, &params).unwrap();
    assert_eq!(schema::wake(store.database(), schema::NAMESPACE), Ok(true));
    assert!(opened(&store, 1, "aaaaaaaaaaaaaaaa"));
    let listed = list(&store, &every(None), NOW).unwrap();
    assert_eq!(listed.tokens[0].token.scope, Scope::Admin);
}

#[test]
fn a_use_costs_a_row_an_hour() {
    let store = acme(NOW);
    make_it(&store, admin(1)).unwrap();
    let before = store.database().rows_written();
    for now_ms in [NOW, NOW + 1, NOW + HOUR - 1] {
        assert!(admitted(&store, 1, now_ms));
    }
    assert_eq!(store.database().rows_written() - before, 1);
}
