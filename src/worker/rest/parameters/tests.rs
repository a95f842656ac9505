use proptest::prelude::*;

use super::*;
use crate::repo_do::contract::{Scope, TokenPlace};

fn refused<T: std::fmt::Debug>(answer: Result<T, ErrorReply>) -> (ErrorCode, Option<String>) {
    let error = answer.unwrap_err();
    (error.code, error.pointer)
}

fn at(pointer: &str) -> (ErrorCode, Option<String>) {
    (ErrorCode::InvalidInput, Some(pointer.to_owned()))
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    for bytes in [
        r#"["w"]"#,
        "[]",
        "null",
        "\"w\"",
        "1",
        "\u{feff}{}",
        "{",
        "{}{}",
    ] {
        assert!(body::<NewRepository>(bytes.as_bytes()).is_err(), "{bytes}");
    }
}

#[test]
fn a_body_in_full_and_at_its_least() {
    let least: NewRepository = body(br#"{"name":"w"}"#).unwrap();
    assert_eq!(
        least,
        NewRepository {
            name: "w".into(),
            description: None,
            default_branch: None,
            read_only: false,
            public: false,
            fsck: FsckChange::default(),
            ttl_seconds: None,
            expires_at: None,
            idle_ttl_seconds: None,
            location_hint: None,
            ref_rules: RefRules::default(),
        }
    );
    let token: NewToken = body(br#" {"repo":"w","scope":"read","ttl":60,"label":"ci"} "#).unwrap();
    assert_eq!((token.scope, token.ttl), (Some(Scope::Read), Some(60)));
    assert_eq!(
        body::<RepositoryChange>(b"").unwrap(),
        RepositoryChange::default()
    );
}

#[test]
fn a_token_is_for_one_repository_for_some_or_for_all_of_a_namespace() {
    let subject = |text: &str| body::<NewToken>(text.as_bytes()).unwrap().subject();
    let name = |text| RepositoryName::parse(text).unwrap();
    let of = |subject, scope| Ok((subject, scope));
    for (text, expected) in [
        (
            r#"{"repo":"w"}"#,
            of(Subject::Repository(name("w")), Scope::Write),
        ),
        (
            r#"{"repos":["a","b"],"scope":"read"}"#,
            of(
                Subject::Namespace(Some(vec![name("a"), name("b")])),
                Scope::Read,
            ),
        ),
        (
            r#"{"repos":["a"]}"#,
            of(Subject::Namespace(Some(vec![name("a")])), Scope::Write),
        ),
        (
            r#"{"scope":"read"}"#,
            of(Subject::Namespace(None), Scope::Read),
        ),
        (
            r#"{"scope":"admin"}"#,
            of(Subject::Namespace(None), Scope::Admin),
        ),
    ] {
        assert_eq!(subject(text), expected, "{text}");
    }
    let many = serde_json::json!({ "repos": vec!["a"; 101] }).to_string();
    for (text, pointer) in [
        ("{}", "/repo"),
        (r#"{"repo":"a","repos":["b"]}"#, "/repos"),
        (r#"{"repos":[]}"#, "/repos"),
        (&many, "/repos"),
        (r#"{"repos":["a"],"scope":"admin"}"#, "/scope"),
        (r#"{"repo":"a","scope":"admin"}"#, "/scope"),
    ] {
        assert_eq!(refused(subject(text)), at(pointer), "{text}");
    }
    let bad_name = refused(subject(r#"{"repos":["a","../b"]}"#));
    assert_eq!(bad_name.1.as_deref(), Some("/repos/1"));
}

#[test]
fn the_field_at_fault_is_named() {
    assert_eq!(
        refused(body::<NewRepository>(br#"{"name":"w","nmae":1}"#)),
        at("/nmae")
    );
    assert_eq!(
        refused(body::<NewRepository>(br#"{"name":1}"#)),
        at("/name")
    );
    assert_eq!(
        refused(body::<NewRepository>(br#"{"name":"w","public":null}"#)),
        at("/public")
    );
    assert_eq!(
        refused(body::<NewRepository>(br#"{"a/b~c":1}"#)),
        at("/a~1b~0c")
    );
    assert_eq!(
        refused(body::<NewToken>(br#"{"repo":"w","scope":"root"}"#)),
        at("/scope")
    );
    assert_eq!(
        refused(body::<NewToken>(br#"{"repo":"w","ttl":-1}"#)),
        at("/ttl")
    );
    assert_eq!(
        refused(body::<NewToken>(br#"{"repo":"w","ttl":4294967296}"#)),
        at("/ttl")
    );
    assert_eq!(
        refused(body::<RepositoryChange>(br#"{"read_only":null}"#)),
        at("/read_only")
    );
    assert_eq!(
        refused(body::<RepositoryChange>(br#"{"fsck":{"strict":null}}"#)),
        at("/fsck/strict")
    );
    assert_eq!(
        refused(body::<NewNamespace>(
            br#"{"namespace":"a","fsck":{"lax":true}}"#
        )),
        at("/fsck/lax")
    );
    for fsck in ["[true]", "true", "null"] {
        let bytes = format!("{{\"fsck\":{fsck}}}");
        let refused = refused(body::<RepositoryChange>(bytes.as_bytes()));
        assert_eq!(refused, at("/fsck"), "{fsck}");
    }
    let strict: RepositoryChange = body(br#"{"fsck":{"strict":true}}"#).unwrap();
    assert_eq!(strict.fsck.strict, Some(true));
}

#[test]
fn bodies_that_are_not_one_object_of_the_right_size() {
    let large = vec![b' '; BODY_BYTES_MAX + 1];
    assert_eq!(
        refused(body::<RepositoryChange>(&large)).0,
        ErrorCode::MemoryLimit
    );
    let deep = [b'['; 10_000];
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\"name\"",
        b"\xff\xfe",
        &deep,
        br#"{"name":"a","name":"b"}"#,
    ];
    for bytes in bodies {
        assert_eq!(
            refused(body::<NewRepository>(bytes)).0,
            ErrorCode::InvalidInput
        );
    }
    let two = body::<NewRepository>(br#"{"name":"a"}{"name":"b"}"#);
    assert_eq!(refused(two), (ErrorCode::InvalidInput, None));
}

fn page(number: u32, per_page: u32, behind: Option<TokenPlace>) -> PageAsked {
    PageAsked {
        number,
        per_page,
        behind,
    }
}

#[test]
fn queries_are_read_as_strictly() {
    let list: ListQuery = query("limit=7&sort=last_push_at&direction=asc&search=a%20b").unwrap();
    let (limit, list) = list.checked().unwrap();
    assert_eq!((limit, list.sort), (7, Some(Sort::LastPushAt)));
    assert_eq!(
        (list.direction, list.search.as_deref()),
        (Some(Direction::Asc), Some("a b"))
    );
    assert_eq!(query::<ListQuery>("").unwrap().checked().unwrap().0, 50);

    assert_eq!(refused(query::<ListQuery>("limit=x")), at("/limit"));
    assert_eq!(refused(query::<ListQuery>("sort=colour")), at("/sort"));
    assert_eq!(refused(query::<ListQuery>("unknown=1")), at("/unknown"));
    for text in ["limit=0", "limit=201"] {
        let list: ListQuery = query(text).unwrap();
        assert_eq!(refused(list.checked()), at("/limit"), "{text}");
    }
    let long: ListQuery = query(&format!("cursor={}", "c".repeat(513))).unwrap();
    assert_eq!(refused(long.checked()), at("/cursor"));

    let tokens: TokenQuery = query("state=all&page=2").unwrap();
    assert_eq!(
        (tokens.state, tokens.page()),
        (Some(TokenFilter::All), Ok(page(2, 50, None)))
    );
    let behind = TokenPlace {
        created_at_ms: 1_700_000_000_123,
        token_id: "0123456789abcdef".to_owned(),
    };
    let text = format!("limit=7&cursor={}", behind.cursor());
    let tokens: TokenQuery = query(&text).unwrap();
    assert_eq!(tokens.page(), Ok(page(1, 7, Some(behind))));
    for (text, pointer) in [
        ("page=0", "/page"),
        ("limit=201", "/limit"),
        ("per_page=201", "/per_page"),
        ("per_page=1&limit=1", "/limit"),
        ("cursor=x", "/cursor"),
        ("cursor=MS4w", "/cursor"),
        ("page=1&cursor=x", "/page"),
    ] {
        let tokens = query::<TokenQuery>(text).unwrap();
        assert_eq!(refused(tokens.page()), at(pointer), "{text}");
    }
    assert_eq!(refused(query::<TokenQuery>("state=gone")), at("/state"));
}

#[test]
fn branches_follow_gits_rules() {
    for name in [
        "main",
        "feature/x",
        "a.b",
        "übung",
        "@",
        "HEADx",
        "refs/heads/main",
    ] {
        assert_eq!(branch("/branch", name), Ok(name));
    }
    let long = "b".repeat(256);
    for name in [
        "", "HEAD", "-x", "a..b", "a b", "a~", "a^", "a:", "a?", "a*", "a[", "a\\", "/a", "a/",
        "a//b", ".a", "a/.b", "a.", "a.lock", "a@{b", "a\x7f", "a\0", "a\n", &long,
    ] {
        assert_eq!(refused(branch("/branch", name)), at("/branch"), "{name:?}");
    }
}

#[test]
fn a_life_has_bounds() {
    assert_eq!(ttl(None), Ok(86_400));
    assert_eq!(ttl(Some(60)), Ok(60));
    assert_eq!(ttl(Some(31_536_000)), Ok(31_536_000));
    for seconds in [0, 59, 31_536_001, u32::MAX] {
        assert_eq!(
            refused(ttl(Some(seconds))),
            (ErrorCode::InvalidTtl, Some("/ttl".into()))
        );
    }
}

#[test]
fn settings_have_bounds() {
    assert_eq!(kept("kept", None), Ok(None));
    assert_eq!(kept("kept", Some(315_360_000)), Ok(Some(315_360_000)));
    assert_eq!(refused(kept("kept", Some(315_360_001))), at("/kept"));
    let most = 1_125_899_906_842_624;
    assert_eq!(threshold("bytes", Some(most)), Ok(Some(most)));
    for beyond in [most + 1, u64::MAX] {
        assert_eq!(refused(threshold("bytes", Some(beyond))), at("/bytes"));
    }
}

#[test]
fn texts_have_bounds_in_characters() {
    for character in ["x", "é", "🦀"] {
        let (longest, longer) = (character.repeat(1024), character.repeat(1025));
        assert_eq!(description(Some(longest.clone())), Ok(Some(longest)));
        assert_eq!(refused(description(Some(longer))), at("/description"));
    }
    assert_eq!(refused(label(Some("x".repeat(101)))), at("/label"));
    assert_eq!(refused(label(Some("a\0b".into()))), at("/label"));
}

proptest! {
    #[test]
    fn no_input_panics(bytes in any::<Vec<u8>>(), text in any::<String>()) {
        let _ = body::<NewRepository>(&bytes);
        let _ = body::<RepositoryChange>(text.as_bytes());
        let _ = query::<ListQuery>(&text);
        let _ = query::<TokenQuery>(&text);
        let _ = branch("/branch", &text);
    }
}

#[test]
fn a_route_without_parameters_names_the_first_one_given() {
    assert!(no_parameters("").is_ok());
    let pointer = |query: &str| no_parameters(query).unwrap_err().pointer.unwrap();
    assert_eq!(pointer("x=1&y=2"), "/x");
    assert_eq!(pointer("a%2Fb"), "/a~1b");
}
