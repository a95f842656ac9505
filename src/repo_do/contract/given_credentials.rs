//! The credentials that a caller gives for a mirror.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Characters of a name, a password or a token.
const CHARACTERS_MAX: usize = 4096;

/// The user's name for a token without one. GitHub, GitLab, Gitea and Cairn accept the token under any
/// name.
const TOKEN_USERNAME: &str = "x-access-token";

/// Credentials from a caller. No code prints them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub(crate) enum GivenCredentials {
    /// `{"username", "password"}`
    Basic {
        /// The user's name.
        username: String,
        /// The password, or a token in its place.
        password: String,
    },
    /// `{"token"}`
    Token(String),
    /// `{"github_app": {"installation_id"}}`: Cairn requests a token when it needs one.
    GithubApp {
        /// The installation of the operator's GitHub App.
        installation_id: u64,
    },
}

/// The kind of credentials. Every user who may see the mirror may see the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialsKind {
    /// A name and a password.
    Basic,
    /// A token.
    Token,
    /// Tokens of a GitHub App's installation.
    GithubApp,
}

impl CredentialsKind {
    /// Every kind.
    const ALL: [Self; 3] = [Self::Basic, Self::Token, Self::GithubApp];

    /// The kind's name in answers.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Token => "token",
            Self::GithubApp => "github_app",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl GivenCredentials {
    /// The kind of these credentials.
    #[must_use]
    pub(crate) const fn kind(&self) -> CredentialsKind {
        match self {
            Self::Basic { .. } => CredentialsKind::Basic,
            Self::Token(_) => CredentialsKind::Token,
            Self::GithubApp { .. } => CredentialsKind::GithubApp,
        }
    }
}

/// The user's name and the password that carry a token.
#[must_use]
pub(crate) fn with_token(token: String) -> (String, String) {
    (TOKEN_USERNAME.to_owned(), token)
}

impl fmt::Debug for GivenCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GivenCredentials({})", self.kind().name())
    }
}

/// The credentials' form in JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    github_app: Option<Installation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Installation {
    installation_id: u64,
}

/// The reason why credentials are refused. It never repeats the caller's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum CredentialsFault {
    #[error("credentials are a username and a password, a token, or a github_app: one of these")]
    Form,
    #[error("a {field} has 1 to {CHARACTERS_MAX} characters")]
    Length { field: &'static str },
    #[error("a {field} has no control characters")]
    Control { field: &'static str },
    #[error("a username has no colon: it ends where the first one stands")]
    Colon,
}

impl TryFrom<Fields> for GivenCredentials {
    type Error = CredentialsFault;

    fn try_from(fields: Fields) -> Result<Self, CredentialsFault> {
        match (
            fields.username,
            fields.password,
            fields.token,
            fields.github_app,
        ) {
            (Some(username), Some(password), None, None) => {
                if username.contains(':') {
                    return Err(CredentialsFault::Colon);
                }
                Ok(Self::Basic {
                    username: checked("username", username)?,
                    password: checked("password", password)?,
                })
            }
            (None, None, Some(token), None) => Ok(Self::Token(checked("token", token)?)),
            (None, None, None, Some(Installation { installation_id })) => {
                Ok(Self::GithubApp { installation_id })
            }
            _ => Err(CredentialsFault::Form),
        }
    }
}

impl From<GivenCredentials> for Fields {
    fn from(given: GivenCredentials) -> Self {
        match given {
            GivenCredentials::Basic { username, password } => Self {
                username: Some(username),
                password: Some(password),
                ..Self::default()
            },
            GivenCredentials::Token(token) => Self {
                token: Some(token),
                ..Self::default()
            },
            GivenCredentials::GithubApp { installation_id } => Self {
                github_app: Some(Installation { installation_id }),
                ..Self::default()
            },
        }
    }
}

fn checked(field: &'static str, text: String) -> Result<String, CredentialsFault> {
    if text.is_empty() || text.chars().count() > CHARACTERS_MAX {
        return Err(CredentialsFault::Length { field });
    }
    // A line break would end the HTTP header, and no server has a password with one.
    if text.chars().any(char::is_control) {
        return Err(CredentialsFault::Control { field });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<GivenCredentials, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn credentials_have_one_of_three_forms() {
        for (value, kind) in [
            (json!({"username": "u", "password": "p:q"}), "basic"),
            (json!({"token": "t"}), "token"),
            (json!({"github_app": {"installation_id": 7}}), "github_app"),
        ] {
            let given = read(value.clone()).unwrap();
            assert_eq!(given.kind().name(), kind);
            assert_eq!(CredentialsKind::named(kind), Some(given.kind()));
            assert_eq!(serde_json::to_value(&given).unwrap(), value);
            assert_eq!(format!("{given:?}"), format!("GivenCredentials({kind})"));
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_what_was_given() {
        for value in [
            json!({}),
            json!({"username": "s3cret"}),
            json!({"username": "s3cret", "password": "s3cret", "token": "s3cret"}),
            json!({"username": "s3c:ret", "password": "s3cret"}),
            json!({"username": "", "password": "s3cret"}),
            json!({"token": "s3cret\n"}),
            json!({"token": "s3cret".repeat(1000)}),
            json!({"github_app": {"installation_id": 7}, "token": "s3cret"}),
        ] {
            let refused = read(value.clone()).unwrap_err();
            assert!(!refused.contains("s3c"), "{refused}");
        }
    }
}
