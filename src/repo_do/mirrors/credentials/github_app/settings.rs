//! The GitHub App, from the operator's secrets.

use url::Url;

use super::private_key::pkcs8_of;
use crate::repo_do::contract::{RemoteUrl, check_webhook_url};

/// The app's id, or its client id.
const ID: &str = "CAIRN_GITHUB_APP_ID";

/// Its private key, in PEM.
const KEY: &str = "CAIRN_GITHUB_APP_KEY";

/// URL of GitHub's REST API, or of a GitHub Enterprise Server's: `https://HOST/api/v3`.
const API: &str = "CAIRN_GITHUB_API";

const GITHUB_API: &str = "https://api.github.com";

/// Characters of an id.
const ID_CHARACTERS_MAX: usize = 64;

/// The reason why there is no app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppError {
    /// The operator has set no app.
    #[error("this server has no GitHub App: {0} is not set")]
    Unset(&'static str),
    /// The app's id is malformed.
    #[error("{ID} must be the id of a GitHub App, or its client id")]
    Id,
    /// The app's key is malformed.
    #[error("{KEY} must be a private key in PEM, as GitHub hands it out")]
    Key,
    /// The API's URL is malformed or not allowed.
    #[error("{API} is wrong: {0}")]
    Api(String),
}

/// The app.
pub(crate) struct GithubApp {
    pub(super) id: String,
    /// Its key, in PKCS#8.
    pub(super) key: Vec<u8>,
    /// The beginning of the API's URLs.
    pub(super) api: String,
    /// The host, with its port, of the repositories that the app's tokens open.
    host: String,
    port: Option<u16>,
}

impl GithubApp {
    /// Reads the settings. An empty or blank setting counts as unset.
    pub(crate) fn read(
        secret: impl Fn(&str) -> Option<String>,
        allow_private: bool,
    ) -> Result<Self, AppError> {
        let set = |name| {
            let text = secret(name).map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty())
        };
        let id = set(ID).ok_or(AppError::Unset(ID))?;
        if id.len() > ID_CHARACTERS_MAX || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(AppError::Id);
        }
        let key = set(KEY).ok_or(AppError::Unset(KEY))?;
        let key = pkcs8_of(&key).ok_or(AppError::Key)?;
        let api = set(API).unwrap_or_else(|| GITHUB_API.to_owned());
        let wrong = |error: &dyn std::fmt::Display| AppError::Api(error.to_string());
        check_webhook_url(&api, allow_private).map_err(|error| wrong(&error))?;
        let url = Url::parse(&api).map_err(|error| wrong(&error))?;
        if url.query().is_some() {
            return Err(wrong(&"it has a query"));
        }
        let host = url.host_str().unwrap_or_default();
        Ok(Self {
            id,
            key,
            api: api.trim_end_matches('/').to_owned(),
            host: host.strip_prefix("api.").unwrap_or(host).to_owned(),
            port: url.port_or_known_default(),
        })
    }

    /// The name of the repository in the URL, if the URL is on this app's GitHub. Cairn sends the app's
    /// tokens to no other server.
    #[must_use]
    pub(crate) fn repository_of(&self, url: &RemoteUrl) -> Option<String> {
        let url = Url::parse(&url.to_string()).ok()?;
        if url.host_str() != Some(&self.host) || url.port_or_known_default() != self.port {
            return None;
        }
        let parts: Vec<&str> = url.path_segments()?.collect();
        let [_owner, name] = parts.as_slice() else {
            return None;
        };
        let name = name.strip_suffix(".git").unwrap_or(name);
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(is_of_name);
        is_name.then(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----";

    fn app(id: &str, key: &str, api: &str) -> Result<GithubApp, AppError> {
        let secret = |name: &str| match name {
            ID => Some(id.to_owned()),
            KEY => Some(key.to_owned()),
            API => Some(api.to_owned()),
            _ => None,
        };
        GithubApp::read(secret, false)
    }

    #[test]
    fn a_setting_that_is_wrong_is_named() {
        let wrong = |id: &str, key: &str, api: &str| app(id, key, api).err().unwrap().to_string();
        assert!(wrong("", PEM, "").contains("CAIRN_GITHUB_APP_ID is not set"));
        assert!(wrong("12\n3", PEM, "").contains("CAIRN_GITHUB_APP_ID must"));
        assert!(wrong("12", " ", "").contains("CAIRN_GITHUB_APP_KEY is not set"));
        assert!(wrong("12", "hunter2", "").contains("CAIRN_GITHUB_APP_KEY must"));
        for api in ["http://ghe.example/api/v3", "https://127.0.0.1", "x"] {
            assert!(wrong("12", PEM, api).contains("CAIRN_GITHUB_API is wrong"));
        }
        let asks = wrong("12", PEM, "https://ghe.example/api?x");
        assert_eq!(asks, "CAIRN_GITHUB_API is wrong: it has a query");
    }

    #[test]
    fn only_repositories_of_this_github_have_a_token() {
        let named = |api: &str, url: &str| {
            let (url, _) = RemoteUrl::parse(url, true).unwrap();
            app("Iv1abc", PEM, api).unwrap().repository_of(&url)
        };
        let is = |name: &str| Some(name.to_owned());
        assert_eq!(named("", "https://github.com/o/r.git"), is("r"));
        assert_eq!(named("", "https://github.com/o/a.b-c"), is("a.b-c"));
        let enterprise = "https://ghe.example/api/v3";
        assert_eq!(named(enterprise, "https://ghe.example/o/r"), is("r"));
        for url in [
            "https://github.com.evil.example/o/r",
            "https://evil.example/github.com/o/r",
            "https://api.github.com/o/r",
            "https://github.com:8443/o/r",
            "http://github.com/o/r",
            "https://github.com/o",
            "https://github.com/o/r/s",
            "https://github.com/o/.git",
            "https://github.com/o/%22",
        ] {
            assert_eq!(named("", url), None, "{url}");
        }
    }
}
