//! Why credentials cannot be used.

use super::github_app::settings::AppError;
use super::key_ring::{KEY, KeyError, PREVIOUS_KEY};

/// Why credentials cannot be used. No message has anything of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key that sealed them is gone.
    #[error(
        "the credentials were sealed with a key that is neither {KEY} nor {PREVIOUS_KEY}: give them again"
    )]
    UnknownKey,
    /// They do not open: they were changed, or belong to another mirror.
    #[error("the stored credentials do not belong to this mirror: give them again")]
    NotOurs,
    /// The mirror's URL is another one than that they were given for.
    #[error("the credentials were given for another url: give them again")]
    OtherUrl,
    /// There is no GitHub App.
    #[error(transparent)]
    App(#[from] AppError),
    /// The URL is none of a repository of the app's GitHub, which alone is sent its tokens.
    #[error("the url is no repository of the GitHub that CAIRN_GITHUB_API names")]
    NotOfGithub,
    /// The platform does not sign with the app's key.
    #[error("CAIRN_GITHUB_APP_KEY is no RSA key: {0}")]
    AppKey(String),
    /// GitHub makes no token for the installation.
    #[error("GitHub made no token for the installation: {status} {message}")]
    AppRefused {
        /// The status of its answer.
        status: u16,
        /// Its words.
        message: String,
    },
    /// GitHub did not answer.
    #[error("GitHub made no token for the installation: {0}")]
    GithubUnavailable(String),
    /// The platform failed, in its words.
    #[error("{0}")]
    Platform(String),
}

impl CredentialsError {
    /// Whether the same may do later, without anybody changing anything.
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
