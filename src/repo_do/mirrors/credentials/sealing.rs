//! Seals and opens credentials.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::error::CredentialsError;
use super::github_app::minting;
use super::github_app::settings::{AppError, GithubApp};
use super::key_ring::{KeyError, KeyRing};
use super::place::Place;
use super::sealed::SealedCredentials;
use crate::repo_do::contract::{
    Actor, Credentials, ErrorCode, ErrorReply, GivenCredentials, with_token,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::{random, web_crypto};

/// The field of a request body that holds the credentials.
const POINTER: &str = "/credentials";

/// The content of a sealed text.
#[derive(Serialize, Deserialize)]
struct Content {
    /// The only URL that may get these credentials.
    url: String,
    given: GivenCredentials,
}

/// Credentials that can be sent.
pub(crate) struct Opened {
    /// The name and the password to send.
    pub(crate) credentials: Credentials,
    /// The same credentials, sealed with the operator's new key. They replace the old text in the
    /// database.
    pub(crate) resealed: Option<SealedCredentials>,
}

/// Seals the credentials that a caller gives for a mirror. Only the operator may give a GitHub App's
/// installation: the app's key opens every installation, and only the operator knows who owns each.
pub(crate) async fn seal(
    object: &RepoObject,
    place: &Place<'_>,
    given: GivenCredentials,
    caller: Actor,
) -> Result<SealedCredentials, ErrorReply> {
    if matches!(given, GivenCredentials::GithubApp { .. }) && caller != Actor::Operator {
        let message = "only the operator may name an installation of the GitHub App";
        return Err(ErrorReply::at(ErrorCode::Forbidden, POINTER, message));
    }
    let keys = key_ring(object).map_err(|error| refused(&error.into()))?;
    if matches!(given, GivenCredentials::GithubApp { .. }) {
        let app = github_app(object).map_err(|error| refused(&error.into()))?;
        if app.repository_of(place.url).is_none() {
            return Err(refused(&CredentialsError::NotOfGithub));
        }
    }
    let content = Content {
        url: place.url.to_string(),
        given,
    };
    let sealed = sealed(&keys, place, &content).await;
    sealed.map_err(|error| match error {
        CredentialsError::Platform(_) => ErrorReply::internal("credentials", &error),
        _ => refused(&error),
    })
}

/// Opens the credentials of a mirror.
pub(crate) async fn open(
    object: &RepoObject,
    place: &Place<'_>,
    stored: &SealedCredentials,
) -> Result<Opened, CredentialsError> {
    let keys = key_ring(object)?;
    let content = opened(&keys, place, stored).await?;
    let resealed = if stored.key_id == keys.current().id {
        None
    } else {
        Some(sealed(&keys, place, &content).await?)
    };
    let (username, password) = match content.given {
        GivenCredentials::Basic { username, password } => (username, password),
        GivenCredentials::Token(token) => with_token(token),
        GivenCredentials::GithubApp { installation_id } => {
            let app = github_app(object)?;
            with_token(minting::token(&app, installation_id, place).await?)
        }
    };
    Ok(Opened {
        credentials: Credentials { username, password },
        resealed,
    })
}

/// Notes that the remote server refused these credentials. A token that was made for the mirror is not
/// used again.
pub(crate) fn refused_there(credentials: &Credentials) {
    minting::forget(&credentials.password);
}

/// Checks whether a mirror may keep its credentials with this URL; a changed URL needs new ones.
pub(crate) async fn check_url(
    object: &RepoObject,
    place: &Place<'_>,
    stored: &SealedCredentials,
) -> Result<(), ErrorReply> {
    let keys = key_ring(object).map_err(|error| refused(&error.into()))?;
    let opened = opened(&keys, place, stored).await;
    opened.map(drop).map_err(|error| refused(&error))
}

fn key_ring(object: &RepoObject) -> Result<KeyRing, KeyError> {
    KeyRing::read(|name| secret(object, name))
}

/// A secret of the operator, if it is set.
fn secret(object: &RepoObject, name: &str) -> Option<String> {
    object.env.secret(name).ok().map(|value| value.to_string())
}

fn github_app(object: &RepoObject) -> Result<GithubApp, AppError> {
    let allow_private = object.allows_private_remotes();
    GithubApp::read(|name| secret(object, name), allow_private)
}

fn refused(error: &CredentialsError) -> ErrorReply {
    ErrorReply::at(ErrorCode::Unprocessable, POINTER, error.to_string())
}

async fn sealed(
    keys: &KeyRing,
    place: &Place<'_>,
    content: &Content,
) -> Result<SealedCredentials, CredentialsError> {
    let failed = |error: &dyn Display| CredentialsError::Platform(error.to_string());
    let kind = content.given.kind();
    let content = serde_json::to_vec(content).map_err(|error| failed(&error))?;
    let nonce = random::bytes().map_err(|error| failed(&error))?;
    let key = keys.current();
    let sealed = web_crypto::seal(&key.bytes, &nonce, &place.bound_to(kind), &content).await;
    let sealed = sealed.map_err(|error| failed(&error))?;
    Ok(SealedCredentials::new(kind, key.id, nonce, sealed))
}

async fn opened(
    keys: &KeyRing,
    place: &Place<'_>,
    stored: &SealedCredentials,
) -> Result<Content, CredentialsError> {
    let key = keys.of_id(stored.key_id);
    let key = key.ok_or(CredentialsError::UnknownKey)?;
    let bound_to = place.bound_to(stored.kind());
    let content = web_crypto::open(&key.bytes, &stored.nonce, &bound_to, &stored.ciphertext).await;
    let content = content.ok_or(CredentialsError::NotOurs)?;
    let content: Content =
        serde_json::from_slice(&content).map_err(|_| CredentialsError::NotOurs)?;
    if content.url != place.url.to_string() {
        return Err(CredentialsError::OtherUrl);
    }
    Ok(content)
}
