//! Errors of a mirror's credentials.

use super::github_app::settings::AppError;
use super::key_ring::{KEY, KeyError, PREVIOUS_KEY};

/// The reason why credentials cannot be used. No message contains any part of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// The operator has set no usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The operator no longer has the key that sealed the credentials.
    #[error(
        "the credentials were sealed with a key that is neither {KEY} nor {PREVIOUS_KEY}: give them again"
    )]
    UnknownKey,
    /// The credentials do not open: somebody changed them, or they belong to another mirror.
    #[error("the stored credentials do not belong to this mirror: give them again")]
    NotOurs,
    /// The mirror's URL differs from the URL that the credentials were given for.
    #[error("the credentials were given for another url: give them again")]
    OtherUrl,
    /// The operator has set no usable GitHub App.
    #[error(transparent)]
    App(#[from] AppError),
    /// The URL names no repository of the app's GitHub. Cairn sends the app's tokens to no other server.
    #[error("the url is no repository of the GitHub that CAIRN_GITHUB_API names")]
    NotOfGithub,
    /// The platform cannot sign with the app's key.
    #[error("CAIRN_GITHUB_APP_KEY is no RSA key: {0}")]
    AppKey(String),
    /// GitHub refuses to make a token for the installation.
    #[error("GitHub made no token for the installation: {status} {message}")]
    AppRefused {
        /// The status of its answer.
        status: u16,
        /// GitHub's message.
        message: String,
    },
    /// GitHub did not answer.
    #[error("GitHub made no token for the installation: {0}")]
    GithubUnavailable(String),
    /// The platform failed, with its message.
    #[error("{0}")]
    Platform(String),
}

impl CredentialsError {
    /// Whether a later attempt may succeed, although nobody changes anything.
    #[must_use]
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::GithubUnavailable(_) | Self::Platform(_) => true,
            Self::Key(_)
            | Self::UnknownKey
            | Self::NotOurs
            | Self::OtherUrl
            | Self::App(_)
            | Self::NotOfGithub
            | Self::AppKey(_)
            | Self::AppRefused { .. } => false,
        }
    }
}
