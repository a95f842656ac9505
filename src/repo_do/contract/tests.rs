use super::actor::BadActor;
use super::*;

const NOW_MS: i64 = 1_800_000_000_000;

fn token(scope: Scope) -> TokenRecord {
    TokenRecord {
        token_id: "0123456789abcdef".into(),
        sha256: TokenHash::new([7; 32]),
        scope,
        label: None,
        created_at_ms: NOW_MS - 1,
        expires_at_ms: NOW_MS + 1,
        revoked_at_ms: None,
        last_used_at_ms: None,
        refs: RefRules::default(),
    }
}

#[test]
fn actors_survive_their_header() {
    let actors = [
        Actor::Anonymous,
        Actor::Operator,
        Actor::NamespaceAdmin,
        Actor::NamespaceToken,
        Actor::Token(TokenHash::new([0xa5; 32])),
    ];
    for actor in actors {
        assert_eq!(actor.to_string().parse(), Ok(actor));
    }
    for text in ["", "operator ", "token", "token ", "token zz", "Token 00"] {
        assert_eq!(text.parse::<Actor>(), Err(BadActor), "{text:?}");
    }
    let too_long = format!("token {}", "a".repeat(66));
    assert_eq!(too_long.parse::<Actor>(), Err(BadActor));
}

type Case<'a> = (
    Actor,
    Option<bool>,
    Option<&'a TokenRecord>,
    Access,
    Result<(), Refusal>,
);

fn check_answers(cases: &[Case<'_>]) {
    for (actor, public, token, access, answer) in cases {
        let case = format!("{actor} {public:?} {token:?} {access:?}");
        assert_eq!(
            authorize(actor, *public, *token, *access, NOW_MS),
            *answer,
            "{case}"
        );
    }
}

fn expired(token: &TokenRecord) -> TokenRecord {
    TokenRecord {
        expires_at_ms: NOW_MS,
        ..token.clone()
    }
}

fn revoked(token: &TokenRecord) -> TokenRecord {
    TokenRecord {
        revoked_at_ms: Some(NOW_MS - 1),
        ..token.clone()
    }
}

#[test]
fn the_table_of_answers() {
    use Access::{Administer, Push, Read};
    use Actor::{Anonymous, NamespaceAdmin, Operator};
    use Refusal::{CredentialRequired, NotAdministrator, NotFound, ReadToken, TokenInvalid};

    let read = token(Scope::Read);
    let write = token(Scope::Write);
    let (expired, revoked) = (expired(&write), revoked(&write));
    let other = TokenRecord {
        sha256: TokenHash::new([8; 32]),
        ..write.clone()
    };
    let bearer = Actor::Token(write.sha256);
    let (private, public) = (Some(false), Some(true));
    check_answers(&[
        (Anonymous, private, None, Read, Err(CredentialRequired)),
        (Anonymous, public, None, Read, Ok(())),
        (Anonymous, public, None, Push, Err(CredentialRequired)),
        (Anonymous, public, None, Administer, Err(CredentialRequired)),
        (Anonymous, None, None, Read, Err(CredentialRequired)),
        (Operator, None, None, Read, Err(NotFound)),
        (Operator, private, None, Administer, Ok(())),
        (NamespaceAdmin, private, None, Push, Ok(())),
        (bearer, private, Some(&read), Read, Ok(())),
        (bearer, private, Some(&read), Push, Err(ReadToken)),
        (bearer, private, Some(&write), Push, Ok(())),
        (
            bearer,
            private,
            Some(&write),
            Administer,
            Err(NotAdministrator),
        ),
        (bearer, public, None, Read, Err(TokenInvalid)),
        (bearer, private, Some(&expired), Read, Err(TokenInvalid)),
        (bearer, private, Some(&revoked), Read, Err(TokenInvalid)),
        (bearer, private, Some(&other), Read, Err(TokenInvalid)),
        (bearer, None, Some(&write), Read, Err(TokenInvalid)),
    ]);
}

#[test]
fn the_table_of_answers_to_tokens_of_a_namespace() {
    use Access::{Administer, Push, Read};
    use Refusal::{NotAdministrator, NotFound, ReadToken, TokenInvalid};

    let read = token(Scope::Read);
    let write = token(Scope::Write);
    let (expired, revoked) = (expired(&write), revoked(&write));
    let shared = Actor::NamespaceToken;
    let (private, public) = (Some(false), Some(true));
    check_answers(&[
        (shared, private, Some(&read), Read, Ok(())),
        (shared, private, Some(&read), Push, Err(ReadToken)),
        (shared, private, Some(&write), Push, Ok(())),
        (
            shared,
            private,
            Some(&write),
            Administer,
            Err(NotAdministrator),
        ),
        (shared, public, Some(&expired), Read, Err(TokenInvalid)),
        (shared, public, Some(&revoked), Read, Err(TokenInvalid)),
        (shared, public, None, Read, Err(TokenInvalid)),
        // It opens everything in the namespace, and so may hear that there is nothing.
        (shared, None, Some(&write), Read, Err(NotFound)),
    ]);
}

#[test]
fn a_token_opens_the_repositories_that_it_lists_or_every_one() {
    let listed = |ids: &[&str]| Admitted {
        token: Some(token(Scope::Read)),
        repository_ids: Some(ids.iter().map(ToString::to_string).collect()),
    };
    assert!(listed(&["a", "b"]).opens(Some("b")));
    assert!(!listed(&["a", "b"]).opens(Some("c")));
    assert!(!listed(&["a", "b"]).opens(None));
    assert!(!listed(&[]).opens(Some("")));
    let every = Admitted {
        token: None,
        repository_ids: None,
    };
    assert!(every.opens(Some("a")) && every.opens(None));
}

#[test]
fn a_description_can_be_taken_away_or_left() {
    let taken: UpdateRepository = serde_json::from_str(r#"{"description":null}"#).unwrap();
    assert_eq!(taken.description, Some(None));
    assert_eq!(
        serde_json::to_string(&taken).unwrap(),
        r#"{"description":null}"#
    );
    let left: UpdateRepository = serde_json::from_str("{}").unwrap();
    assert_eq!(left.description, None);
    assert_eq!(serde_json::to_string(&left).unwrap(), "{}");
}

#[test]
fn token_paths_carry_ids_and_nothing_else() {
    assert_eq!(
        path::token_id(&path::token("0123456789abcdef")),
        Some("0123456789abcdef")
    );
    for path in [
        "/tokens",
        "/tokens/",
        "/tokens/0123",
        "/tokens/0123456789abcdeF",
        "/tokensx/",
    ] {
        assert_eq!(path::token_id(path), None, "{path}");
    }
}

#[test]
fn error_replies_survive_json() {
    let reply = ErrorReply::at(ErrorCode::InvalidRepoName, "/name", "name is empty");
    let json = serde_json::to_string(&reply).unwrap();
    assert_eq!(
        json,
        r#"{"code":"INVALID_REPO_NAME","message":"name is empty","pointer":"/name"}"#
    );
    assert_eq!(serde_json::from_str::<ErrorReply>(&json).unwrap(), reply);
}

#[test]
fn a_suspended_namespace_serves_the_operator_alone() {
    let suspended = Standing {
        suspended: true,
        ..Standing::default()
    };
    let others = [
        (Actor::Anonymous, Refusal::CredentialRequired),
        (Actor::NamespaceAdmin, Refusal::Suspended),
        (Actor::NamespaceToken, Refusal::Suspended),
        (Actor::Token(TokenHash::new([7; 32])), Refusal::Suspended),
    ];
    for (actor, refusal) in others {
        assert_eq!(check_standing(&actor, &suspended), Err(refusal), "{actor}");
        assert_eq!(check_standing(&actor, &Standing::default()), Ok(()));
    }
    assert_eq!(check_standing(&Actor::Operator, &suspended), Ok(()));
}
