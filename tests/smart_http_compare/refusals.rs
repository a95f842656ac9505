//! Refused requests, and the fields that they name.

use crate::support::rest::Answer;
use crate::support::scratch::Scratch;
use crate::{get, rest, with_commits};

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;

fn blamed(answer: &Answer, status: u16) -> (u64, String) {
    let code = answer.error_code(status);
    let pointer = answer.json()["errors"][0]["source"]["pointer"].clone();
    (code, pointer.as_str().unwrap_or("").to_owned())
}

#[test]
fn each_wrong_field_is_named() {
    let scratch = Scratch::new();
    let (hosted, _) = with_commits(&scratch, "wrong", &[&[("a", b"1\n")]]);
    for (query, status, code, pointer) in [
        ("/diff?head=main", 400, INVALID_INPUT, "/base"),
        ("/diff?base=main", 400, INVALID_INPUT, "/head"),
        ("/diff?base=main&head=x", 404, NOT_FOUND, "/head"),
        (
            "/diff?base=main&head=main&context=1001",
            400,
            INVALID_INPUT,
            "/context",
        ),
        (
            "/diff?base=main&head=main&word=2",
            400,
            INVALID_INPUT,
            "/word",
        ),
        (
            "/diff?base=main&head=main&ignore_whitespace=2",
            400,
            INVALID_INPUT,
            "/ignore_whitespace",
        ),
        ("/refs?ahead_behind=x", 404, NOT_FOUND, "/ahead_behind"),
        ("/refs?ahead_behind=", 400, INVALID_INPUT, "/ahead_behind"),
        (
            "/refs?ahead_behind=main&limit=101",
            400,
            INVALID_INPUT,
            "/limit",
        ),
        (
            "/log?ahead_behind=main",
            400,
            INVALID_INPUT,
            "/ahead_behind",
        ),
        (
            "/diff?base=main&head=main&colour=red",
            400,
            INVALID_INPUT,
            "/colour",
        ),
        ("/commit/main.diff", 400, INVALID_INPUT, "/hash"),
        ("/commit/0123", 400, INVALID_INPUT, "/hash"),
        ("/tree/main", 400, INVALID_INPUT, "/hash"),
        (
            "/diff?base=main&head=main&path=",
            400,
            INVALID_INPUT,
            "/path",
        ),
        (
            "/diff?base=main&base=main&head=main",
            400,
            INVALID_INPUT,
            "/base",
        ),
        ("/compare/main", 400, INVALID_INPUT, "/spec"),
        ("/compare/main...x", 404, NOT_FOUND, "/head"),
        (
            "/compare/main...main?limit=1001",
            400,
            INVALID_INPUT,
            "/limit",
        ),
        ("/merge-base", 400, INVALID_INPUT, "/refs"),
        ("/merge-base?refs=main", 400, INVALID_INPUT, "/refs"),
        ("/merge-base?refs=main,x", 404, NOT_FOUND, "/refs"),
    ] {
        let answer = get(&hosted, query);
        assert_eq!(
            blamed(&answer, status),
            (code, pointer.to_owned()),
            "{query}"
        );
    }
    let unknown = "0123456789012345678901234567890123456789";
    for path in [
        format!("/commit/{unknown}.diff"),
        format!("/commit/{unknown}.patch"),
    ] {
        assert_eq!(get(&hosted, &path).error_code(404), NOT_FOUND);
    }
}

#[test]
fn histories_without_a_common_commit_are_compared_with_two_dots() {
    let scratch = Scratch::new();
    let (hosted, work) = with_commits(&scratch, "unrelated", &[&[("a", b"1\n")]]);
    work.run(&["checkout", "--quiet", "--orphan", "other"]);
    work.commit("another root");
    work.run(&["push", "--quiet", &hosted.url(), "other"]);
    assert_eq!(
        get(&hosted, "/compare/main...other").error_code(404),
        NOT_FOUND
    );
    let result = get(&hosted, "/compare/main..other").result(200);
    assert!(result["mergeBase"].is_null());
    assert_eq!(
        (&result["aheadBy"], &result["behindBy"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn nothing_is_compared_for_strangers_or_of_what_no_ref_reaches() {
    let scratch = Scratch::new();
    let (hosted, work) = with_commits(&scratch, "private", &[&[("a", b"1\n")], &[("a", b"2\n")]]);
    let path = hosted.path("/diff?base=main&head=main");
    assert_eq!(rest().anonymous().get(&path).status, 401);
    // An object that is here, but that nobody may name any more, counts as missing.
    let secret = rest().create_repository("compare", "secret");
    let other = secret.path(&format!(
        "/diff?base={}&head=main",
        work.run(&["rev-parse", "main"])
    ));
    let client = rest().with_bearer(&secret.token);
    assert_eq!(blamed(&client.get(&other), 404).1, "/base");
}
