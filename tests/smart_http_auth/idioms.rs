//! Credentials as people and programs of other hosts write them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::json;
use ureq::http::Method;

use super::support::git::Git;
use super::support::scratch::Scratch;
use super::support::server::server;
use super::{CHALLENGE, FETCH, UNKNOWN, advertisement, anonymous, bearer, create};

#[test]
fn every_answer_that_hands_a_token_out_has_a_url_that_git_clones() {
    let operator = server().rest();
    let hosted = create("handed-out");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    let namespace = "/api/v1/namespaces/auth";
    let made = [
        operator.post(
            &format!("{namespace}/repos"),
            &json!({ "name": "handed-out-new" }),
        ),
        operator.post(&hosted.path("/fork"), &json!({ "name": "handed-out-fork" })),
        operator.post(
            &format!("{namespace}/tokens"),
            &json!({ "repo": "handed-out" }),
        ),
    ];
    for (number, answer) in made.iter().enumerate() {
        let result = answer.result(201);
        let token = result.get("token").or(result.get("plaintext"));
        let token = token.and_then(|token| token.as_str()).unwrap();
        assert!(!token.contains('?'), "{token}");
        assert!(result["expires_at"].is_string(), "{result}");
        let url = result["clone_url"].as_str().unwrap();
        assert!(url.contains(&format!("://x:{token}@")), "{url}");
        scratch
            .git()
            .run(&["clone", "--quiet", url, &format!("clone-{number}")]);
    }
}

#[test]
fn the_idioms_of_github_and_gitlab_work_in_urls_and_headers() {
    let hosted = create("idioms");
    let token = hosted.token.as_str();
    let scratch = Scratch::new();
    for user_info in [
        format!("{token}:x-oauth-basic"),
        format!("{token}:"),
        format!("x-access-token:{token}"),
        format!("oauth2:{token}"),
        format!("{token}:{token}"),
    ] {
        let url = hosted
            .remote
            .replacen("://", &format!("://{user_info}@"), 1);
        scratch.git().run(&["ls-remote", &url]);
    }
    let pair = format!("x:{token}");
    for header in [
        format!("Authorization: token {token}"),
        format!("Authorization: Token {token}"),
        format!("authorization: bearer {token}"),
        // As `echo x:TOKEN | base64` has it, and without padding.
        format!(
            "Authorization: basic {}",
            STANDARD.encode(format!("{pair}\n"))
        ),
        format!(
            "Authorization: Basic {}",
            STANDARD_NO_PAD.encode(format!("{pair}\n"))
        ),
    ] {
        let git = scratch.git().config("http.extraHeader", &header);
        git.run(&["ls-remote", &hosted.remote]);
    }
    // The name of a user is not a token where a password is given.
    let wrong = hosted
        .remote
        .replacen("://", &format!("://{token}:{UNKNOWN}@"), 1);
    scratch.git().fails(&["ls-remote", &wrong]);
}

#[test]
fn a_token_with_its_expiry_works_in_every_place_where_it_did() {
    let hosted = create("suffixed");
    let full = format!("{}?expires=1795000000", hosted.token);
    assert_eq!(advertisement(&bearer(&full), &hosted, FETCH).status, 200);
    let encoded = full.replace('?', "%3F");
    let url = hosted
        .remote
        .replacen("://", &format!("://x:{encoded}@"), 1);
    Scratch::new().git().run(&["ls-remote", &url]);
}

#[test]
fn a_401_offers_bearer_beside_basic_and_git_asks_its_helper() {
    let hosted = create("challenged");
    let path = hosted.git_path("info/refs?service=git-upload-pack");
    let answer = anonymous().send(Method::GET, &path, &[], b"");
    assert_eq!(answer.status, 401);
    let challenges = answer.headers.get_all("www-authenticate").iter();
    let challenges: Vec<_> = challenges.map(|value| value.to_str().unwrap()).collect();
    let challenges = challenges.join(", ");
    assert_eq!(challenges, format!("{CHALLENGE}, Bearer realm=\"cairn\""));

    // Git asks without a credential, is challenged, and asks its helper.
    let scratch = Scratch::new();
    let helper = |token: &str| {
        let says = format!("!f() {{ echo username=x; echo password={token}; }}; f");
        scratch.git().config("credential.helper", &says)
    };
    helper(&hosted.token).run(&["ls-remote", &hosted.remote]);
    let said = helper(UNKNOWN).fails(&["ls-remote", &hosted.remote]);
    assert!(said.contains("Authentication failed"), "{said}");
    // And prompts where it has none.
    let prompting: Git = scratch.git();
    let said = prompting.fails(&["ls-remote", &hosted.remote]);
    assert!(said.contains("could not read Username"), "{said}");
    // A user name without a password is asked for the password alone.
    let named = hosted.remote.replacen("://", "://somebody@", 1);
    let said = prompting.fails(&["ls-remote", &named]);
    assert!(said.contains("could not read Password"), "{said}");
}
