//! Requests a token: `POST /app/installations/:id/access_tokens`.

use std::cell::RefCell;
use std::fmt::Display;

use serde::Deserialize;
use serde_json::json;
use worker::{Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response};

use super::jwt;
use super::kept::{Grant, KeptTokens, Minted};
use super::settings::GithubApp;
use crate::repo_do::mirrors::credentials::error::CredentialsError;
use crate::repo_do::mirrors::credentials::place::{Direction, Place};
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer;
use crate::storage::time::parse_rfc_3339;

/// Milliseconds that GitHub may take to answer.
const SILENCE_MS: u32 = 10_000;

/// Bytes of an answer; GitHub's answer has some 2,000.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Characters of GitHub's message that an error repeats.
const MESSAGE_CHARACTERS_MAX: usize = 200;

const USER_AGENT: &str = concat!("Cairn/", env!("CARGO_PKG_VERSION"));

thread_local! {
    static TOKENS: RefCell<KeptTokens> = const { RefCell::new(KeptTokens::new()) };
}

/// The token for the mirror's remote repository: one from memory, or a new one.
pub(in super::super) async fn token(
    app: &GithubApp,
    installation_id: u64,
    place: &Place<'_>,
) -> Result<String, CredentialsError> {
    let repository = app.repository_of(place.url);
    let grant = Grant {
        api: app.api.clone(),
        app_id: app.id.clone(),
        installation_id,
        repository: repository.ok_or(CredentialsError::NotOfGithub)?,
        direction: place.direction,
    };
    let kept = TOKENS.with_borrow_mut(|tokens| tokens.find(&grant, now_ms()));
    if let Some(token) = kept {
        return Ok(token);
    }
    let minted = mint(app, &grant).await?;
    let token = minted.token.clone();
    TOKENS.with_borrow_mut(|tokens| tokens.keep(grant, minted));
    Ok(token)
}

/// Forgets a token that a server refused: it may have been revoked.
pub(in super::super) fn forget(token: &str) {
    TOKENS.with_borrow_mut(|tokens| tokens.forget(token));
}

async fn mint(app: &GithubApp, grant: &Grant) -> Result<Minted, CredentialsError> {
    let proof = jwt::sign(app, now_ms()).await;
    let proof = proof.map_err(|error| CredentialsError::AppKey(error.to_string()))?;
    let request = request(app, grant, &proof).map_err(|error| unavailable(&error))?;
    let answered = async {
        let response = Fetch::Request(request).send().await;
        let response = response.map_err(|error| unavailable(&error))?;
        let body = body_of(&response).await?;
        Ok::<_, CredentialsError>((response.status_code(), body))
    };
    let answered = timer::within(SILENCE_MS, answered).await;
    let (status, body) = answered.ok_or_else(|| unavailable(&"it says nothing"))??;
    read(status, &body)
}

fn request(app: &GithubApp, grant: &Grant, proof: &str) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("authorization", &format!("Bearer {proof}"))?;
    headers.set("accept", "application/vnd.github+json")?;
    headers.set("content-type", "application/json")?;
    headers.set("x-github-api-version", "2022-11-28")?;
    headers.set("user-agent", USER_AGENT)?;
    let mut body = json!({"repositories": [grant.repository]});
    if grant.direction == Direction::Upstream
        && let Some(body) = body.as_object_mut()
    {
        body.insert("permissions".to_owned(), json!({"contents": "read"}));
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(body.to_string().into()));
    let url = format!(
        "{}/app/installations/{}/access_tokens",
        app.api, grant.installation_id
    );
    Request::new_with_init(&url, &init)
}

async fn body_of(response: &Response) -> Result<Vec<u8>, CredentialsError> {
    let mut body = Body::of_response(response).map_err(|error| unavailable(&error))?;
    let (mut bytes, mut piece) = (Vec::new(), Vec::new());
    while body
        .next(&mut piece)
        .await
        .map_err(|error| unavailable(&error))?
    {
        if bytes.len().saturating_add(piece.len()) > ANSWER_BYTES_MAX {
            body.cancel();
            return Err(unavailable(&"its answer is too long"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Reads GitHub's answer.
fn read(status: u16, body: &[u8]) -> Result<Minted, CredentialsError> {
    #[derive(Deserialize)]
    struct Answer {
        token: String,
        expires_at: String,
    }
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    if status == 201 {
        let answer: Option<Answer> = serde_json::from_slice(body).ok();
        let minted = answer.and_then(|answer| {
            Some(Minted {
                ends_ms: parse_rfc_3339(&answer.expires_at)?,
                token: answer.token,
            })
        });
        return minted.ok_or_else(|| unavailable(&"its answer has no token"));
    }
    let refusal = serde_json::from_slice::<Refusal>(body).ok();
    let message = refusal.map_or_else(String::new, |refusal| refusal.message);
    let is_shown = |character: &char| !character.is_control();
    let message: String = message.chars().filter(is_shown).collect();
    let message: String = message.chars().take(MESSAGE_CHARACTERS_MAX).collect();
    match status {
        // GitHub also sends 403 for too many requests, which is no fault of the app.
        403 if message.to_ascii_lowercase().contains("rate limit") => Err(unavailable(&message)),
        400..=499 if status != 429 => Err(CredentialsError::AppRefused { status, message }),
        _ => Err(unavailable(&format_args!("its answer has status {status}"))),
    }
}

fn unavailable(cause: &dyn Display) -> CredentialsError {
    CredentialsError::GithubUnavailable(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_with_its_end() {
        let body = br#"{"token":"ghs_x","expires_at":"2026-07-11T22:14:10Z","permissions":{}}"#;
        let minted = read(201, body).unwrap();
        assert_eq!(minted.token, "ghs_x");
        assert_eq!(minted.ends_ms, 1_783_808_050_000);
    }

    #[test]
    fn a_refusal_is_told_and_what_may_pass_is_tried_again() {
        let error = read(404, b"{\"message\":\"Not\\u0007 Found\"}")
            .err()
            .unwrap();
        assert!(!error.is_temporary());
        assert!(error.to_string().contains("404 Not Found"), "{error}");
        for (status, body) in [
            (500, &b""[..]),
            (429, b""),
            (403, br#"{"message": "API rate limit exceeded"}"#),
            (201, b"{}"),
            (201, br#"{"token": "ghs_x", "expires_at": "soon"}"#),
            (302, b""),
        ] {
            let error = read(status, body).err().unwrap();
            assert!(error.is_temporary(), "{error}");
            assert!(!error.to_string().contains("ghs_x"));
        }
    }
}
