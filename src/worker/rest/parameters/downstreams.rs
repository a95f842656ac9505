//! Parameters of the routes of downstreams.

use serde::Deserialize;

use super::page_limit;
use super::receivers::refused;
use super::webhooks::read_cursor;
use crate::repo_do::contract::downstream::{DownstreamChange, ListPushes, NewDownstream};
use crate::repo_do::contract::{
    ErrorCode, ErrorReply, GivenCredentials, REFSPECS_MAX, Refspecs, RemoteUrl, RemoteUrlError,
    present,
};

/// The default refspecs.
const REFS_DEFAULT: [&str; 2] = ["refs/heads/*", "refs/tags/*"];

/// Body of `POST …/downstreams`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    /// The remote.
    url: String,
    /// Refspecs; branches and tags unless given.
    refs: Option<Vec<String>>,
    /// Whether refs there may lose commits.
    #[serde(default)]
    force: bool,
    /// Whether pushes delete refs there that no ref here leads to.
    #[serde(default)]
    prune: bool,
    /// Whether a push changes all refs there or none.
    #[serde(default)]
    atomic: bool,
    /// Whether Cairn pushes to it; true unless given.
    active: Option<bool>,
    /// The credentials for the remote.
    credentials: Option<GivenCredentials>,
}

impl Given {
    /// The downstream, which gets this id.
    pub(crate) fn checked(
        self,
        id: String,
        allow_private: bool,
    ) -> Result<NewDownstream, ErrorReply> {
        let default = || REFS_DEFAULT.map(str::to_owned).to_vec();
        Ok(NewDownstream {
            id,
            url: url(&self.url, allow_private)?,
            refs: refs(self.refs.unwrap_or_else(default))?,
            force: self.force,
            prune: self.prune,
            atomic: self.atomic,
            active: self.active.unwrap_or(true),
            credentials: self.credentials,
        })
    }
}

/// Body of `PATCH …/downstreams/:id`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changed {
    #[serde(default, deserialize_with = "present")]
    url: Option<String>,
    #[serde(default, deserialize_with = "present")]
    refs: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    force: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    prune: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    atomic: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    active: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and credentials differ")]
    credentials: Option<Option<GivenCredentials>>,
}

impl Changed {
    /// The change.
    pub(crate) fn checked(self, allow_private: bool) -> Result<DownstreamChange, ErrorReply> {
        let url = self.url.as_deref().map(|text| url(text, allow_private));
        Ok(DownstreamChange {
            url: url.transpose()?,
            refs: self.refs.map(refs).transpose()?,
            force: self.force,
            prune: self.prune,
            atomic: self.atomic,
            active: self.active,
            credentials: self.credentials,
        })
    }
}

/// Query of `GET …/downstreams/:id/pushes`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

impl PushQuery {
    /// The checked query.
    pub(crate) fn checked(self) -> Result<ListPushes, ErrorReply> {
        Ok(ListPushes {
            before: read_cursor(self.cursor)?,
            limit: page_limit(self.limit)?,
        })
    }
}

/// The remote's URL, in the form that is stored.
fn url(text: &str, allow_private: bool) -> Result<String, ErrorReply> {
    let refused =
        |error: RemoteUrlError| ErrorReply::at(ErrorCode::InvalidUrl, "/url", error.to_string());
    match RemoteUrl::parse(text, allow_private).map_err(refused)? {
        (url, None) => Ok(url.to_string()),
        (_, Some(_)) => Err(refused(RemoteUrlError::Credentials)),
    }
}

fn refs(given: Vec<String>) -> Result<Vec<String>, ErrorReply> {
    let count = given.len();
    if count == 0 || count > REFSPECS_MAX {
        let message = format!("{count} refspecs, from 1 to {REFSPECS_MAX} are taken");
        return Err(refused("/refs", message));
    }
    match Refspecs::parse(given) {
        Ok(refspecs) => Ok(refspecs.into()),
        Err((at, fault)) => Err(refused(&format!("/refs/{at}"), fault.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(body: serde_json::Value) -> Result<NewDownstream, ErrorReply> {
        let given: Given = serde_json::from_value(body).unwrap();
        given.checked("0123456789abcdef".to_owned(), false)
    }

    #[test]
    fn what_is_not_said_is_careful() {
        let new = checked(json!({"url": "https://example.com/a.git/"})).unwrap();
        assert_eq!(new.url, "https://example.com/a.git");
        assert_eq!(new.refs, REFS_DEFAULT);
        assert!(!new.force && !new.prune && !new.atomic && new.active);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, pointer) in [
            (json!({"url": "https://u:p@example.com/a"}), "/url"),
            (json!({"url": "https://localhost/a"}), "/url"),
            (json!({"url": "https://example.com/a", "refs": []}), "/refs"),
            (
                json!({"url": "https://example.com/a", "refs": ["refs/heads/*", "main"]}),
                "/refs/1",
            ),
            (
                json!({"url": "https://example.com/a", "refs": ["^refs/heads/x"]}),
                "/refs/0",
            ),
        ] {
            let refused = checked(body).unwrap_err();
            assert_eq!(refused.pointer.as_deref(), Some(pointer));
        }
    }
}
