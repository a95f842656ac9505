use super::*;
use crate::repo_do::contract::{
    Admit, ErrorCode, RefRules, Scope, TokenHash, TokenRecord, TokenState,
};
use crate::storage::namespace::audit::AuditQuery;
use crate::storage::namespace::store::RepositoryState;
use crate::storage::namespace::testing::{Store, acme, candidate};
use crate::worker::namespace::contract::{ListTokens, MakeToken};
use crate::worker::namespace::tokens;
use crate::worker::signed::issuer::Issuer;

const NOW: i64 = 1_700_000_000_000;

fn store() -> Store {
    acme(NOW - 10)
}

fn author() -> Author {
    Author::system(NOW)
}

fn make_token(store: &Store, number: u8, created_at_ms: i64) {
    let token = TokenRecord {
        token_id: format!("{number:0>16}"),
        sha256: TokenHash::new([number; 32]),
        scope: Scope::Write,
        label: None,
        created_at_ms,
        expires_at_ms: NOW + 3_600_000,
        revoked_at_ms: None,
        last_used_at_ms: None,
        refs: RefRules::default(),
    };
    tokens::make(store, MakeToken { token, repos: None }, &author()).unwrap();
}

fn admitted(store: &Store, number: u8) -> Result<bool, StepError> {
    let asked = Admit {
        sha256: TokenHash::new([number; 32]),
        now_ms: NOW + 5,
        signed: None,
    };
    Ok(tokens::admit(store, &asked)?.token.is_some())
}

fn hold(store: &Store, name: &str) {
    let id = format!("{name:0>16}").to_ascii_lowercase();
    store.reserve(&candidate(name, &id, NOW), 0).unwrap();
}

#[test]
fn revoke_all_is_one_row_and_ends_every_token_made_before_it() {
    let store = store();
    for number in 1..=100 {
        make_token(&store, number, NOW);
    }
    let before = store.database().rows_written();
    assert!(
        store
            .change_standing(&StandingChange {
                token_epoch_ms: Some(NOW + 1),
                ..StandingChange::default()
            })
            .unwrap()
    );
    assert_eq!(store.database().rows_written() - before, 1);
    assert!((1..=100).all(|number| !admitted(&store, number).unwrap()));

    make_token(&store, 101, NOW + 1);
    assert!(admitted(&store, 101).unwrap());
    let list = |state| {
        let asked = ListTokens {
            state: Some(state),
            admin_too: true,
            page: 1,
            per_page: 10,
            behind: None,
        };
        tokens::list(&store, &asked, NOW).unwrap().total_count
    };
    assert_eq!(
        (list(TokenState::Active), list(TokenState::Revoked)),
        (1, 100)
    );
}

#[test]
fn revoke_all_takes_the_tokens_of_this_very_millisecond_and_is_told() {
    let store = store();
    make_token(&store, 1, NOW);
    let info = revoke_all(&store, &author(), NOW).unwrap();
    assert_eq!(
        (info.standing.token_epoch_ms, info.standing.version),
        (NOW + 1, 1)
    );
    assert!(!admitted(&store, 1).unwrap());
    // A clock that runs behind revokes no less than before.
    let info = revoke_all(&store, &author(), NOW - 50).unwrap();
    assert_eq!(info.standing.token_epoch_ms, NOW + 1);
}

#[test]
fn a_suspended_namespace_admits_nobody_and_says_why() {
    let store = store();
    make_token(&store, 1, NOW);
    let change = |suspended| UpdateNamespace {
        suspended: Some(suspended),
        ..UpdateNamespace::default()
    };
    assert!(
        update(&store, &change(true), &author())
            .unwrap()
            .standing
            .suspended
    );
    let Err(StepError::Refused(refusal)) = admitted(&store, 1) else {
        panic!("a token of a suspended namespace was judged");
    };
    assert_eq!(refusal.code, ErrorCode::Forbidden);
    assert_eq!(refusal.message, "the namespace is suspended");
    assert!(
        !admitted(&store, 2).unwrap(),
        "an unknown one stays unknown"
    );
    update(&store, &change(false), &author()).unwrap();
    assert!(admitted(&store, 1).unwrap());
}

#[test]
fn a_change_is_told_from_the_first_name_and_an_unchanged_setting_to_nobody() {
    let store = store();
    for name in ["a", "b", "c"] {
        hold(&store, name);
    }
    assert_eq!(store.standing_told(), Ok(None));
    let read_only = UpdateNamespace {
        read_only: Some(true),
        ..UpdateNamespace::default()
    };
    let info = update(&store, &read_only, &author()).unwrap();
    assert_eq!((info.standing.version, info.untold_count), (1, 3));
    let before = store.database().rows_written();
    update(&store, &read_only, &author()).unwrap();
    assert_eq!(store.database().rows_written(), before);

    let page = store.untold_standing("", 2).unwrap();
    let names: Vec<_> = page.iter().map(|untold| untold.name_key.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(page[0].state, RepositoryState::Creating);
    store.note_standing_told(1, ("", "b")).unwrap();
    assert_eq!(store.standing_progress().unwrap().left, 1);

    // Another version begins from the first name, and messages about the older one no longer count.
    store.tell_all_standing().unwrap();
    store.note_standing_told(1, ("b", "c")).unwrap();
    store.note_standing_told_to_all(1, "b").unwrap();
    assert_eq!(store.standing_told(), Ok(Some(String::new())));
    store.note_standing_told_to_all(2, "").unwrap();
    assert_eq!(store.standing_told(), Ok(None));
}

#[test]
fn a_repository_with_an_older_version_is_told_again() {
    let store = store();
    for name in ["a", "B", "c"] {
        hold(&store, name);
    }
    store.tell_all_standing().unwrap();
    store.note_standing_told_to_all(1, "").unwrap();
    store.tell_standing_again("B").unwrap();
    assert_eq!(store.standing_told(), Ok(Some("a".to_owned())));
    store.tell_standing_again("c").unwrap();
    assert_eq!(
        store.standing_told(),
        Ok(Some("a".to_owned())),
        "not forward"
    );
    store.tell_standing_again("a").unwrap();
    assert_eq!(store.standing_told(), Ok(Some(String::new())));
    // A run that was behind "a" does not skip it.
    store.note_standing_told(1, ("a", "c")).unwrap();
    store.note_standing_told_to_all(1, "a").unwrap();
    assert_eq!(store.standing_told(), Ok(Some(String::new())));
}

#[test]
fn a_repository_begins_with_how_its_namespace_stands() {
    use crate::repo_do::contract::Standing;
    use crate::worker::namespace::contract::{Reserve, Reserved};
    let store = store();
    revoke_all(&store, &author(), NOW).unwrap();
    let wanted = Reserve {
        namespace: "acme".into(),
        name: "app".into(),
        repository_id: "aaaaaaaaaaaaaaaa".into(),
        replaces: None,
        description: None,
        default_branch: "main".into(),
        read_only: false,
        public: false,
        source: None,
        comes_with_bytes: None,
        now_ms: NOW,
    };
    let reserved = crate::worker::namespace::steps::reserve(&store, &wanted).unwrap();
    let Reserved::Won { standing, .. } = reserved else {
        panic!("the name was free");
    };
    let expected = Standing {
        version: 1,
        token_epoch_ms: NOW + 1,
        ..Standing::default()
    };
    assert_eq!(standing, expected);
}

#[test]
fn a_namespace_that_was_lost_tells_more_than_its_repositories_knew() {
    let store = store();
    store.raise_standing_version(7).unwrap();
    store.raise_standing_version(3).unwrap();
    assert_eq!(store.standing_told(), Ok(None), "nothing is told by that");
    let read_only = UpdateNamespace {
        read_only: Some(true),
        ..UpdateNamespace::default()
    };
    let info = update(&store, &read_only, &author()).unwrap();
    assert_eq!(info.standing.version, 8);
}

#[test]
fn one_change_of_issuers_and_of_other_settings_is_one_event() {
    let store = store();
    let issuer = |audience: &str| -> Issuer {
        let issuer = json!({
            "issuer": "https://i.example", "audience": audience, "jwks_url": "https://i.example/k",
        });
        serde_json::from_value(issuer).unwrap()
    };
    let told = |audience: &str, read_only| {
        let change = UpdateNamespace {
            read_only,
            issuers: Some(vec![issuer(audience)]),
            ..UpdateNamespace::default()
        };
        update(&store, &change, &author()).unwrap();
        let page = store.audit(&AuditQuery::default(), 10).unwrap();
        let details = page.entries[0].body.details.get();
        let details: Value = serde_json::from_str(details).unwrap();
        (page.entries.len(), details)
    };
    let both = json!({
        "changed": ["issuers", "read_only"], "issuers": ["https://i.example"], "read_only": true,
    });
    assert_eq!(told("cairn", Some(true)), (1, both.clone()));
    let written = store.database().rows_written();
    assert_eq!(told("cairn", None), (1, both));
    assert_eq!(store.database().rows_written(), written);
    // Another audience of the same issuer is a change as well.
    let again = json!({ "changed": ["issuers"], "issuers": ["https://i.example"] });
    assert_eq!(told("other", None), (2, again));
}
