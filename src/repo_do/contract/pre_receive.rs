//! The hook of a repository, as it is set and shown.

use serde::{Deserialize, Serialize};

use crate::storage::repository::pre_receive::{OnFailure, PreReceive};
use crate::storage::webhook::definition::Secret;

/// A hook that is asked from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewPreReceive {
    /// The hook, with a secret that the caller gave or that was made for it.
    pub(crate) hook: PreReceive,
    /// Whether the caller gave the secret. If not, a hook that is replaced leaves its own.
    pub(crate) is_secret_given: bool,
}

impl NewPreReceive {
    /// The hook that comes after this one.
    pub(crate) fn after(self, former: Option<&PreReceive>) -> PreReceive {
        let former = former.filter(|_| !self.is_secret_given);
        let former = former.map(|former| former.secret.clone());
        PreReceive {
            secret: former.unwrap_or(self.hook.secret),
            ..self.hook
        }
    }
}

/// A hook as its repository shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShownPreReceive {
    /// Where the question is sent.
    pub(crate) url: String,
    /// How long the hook may take to answer.
    pub(crate) timeout_ms: u32,
    /// The fate of a push that the hook did not judge.
    pub(crate) on_failure: OnFailure,
    /// Patterns of the refs that it judges; every ref unless given.
    pub(crate) refs: Option<Vec<String>>,
    /// The key that signs: shown once, in the answer to the change that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Secret>,
}

impl From<PreReceive> for ShownPreReceive {
    fn from(hook: PreReceive) -> Self {
        Self {
            url: hook.url,
            timeout_ms: hook.timeout_ms,
            on_failure: hook.on_failure,
            refs: hook.refs,
            secret: None,
        }
    }
}

impl ShownPreReceive {
    /// As an event shows it, which more people may read: the query of a URL may be a secret.
    pub(crate) fn for_event(self) -> Self {
        let url = self.url.split('?').next().unwrap_or_default().to_owned();
        Self { url, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(secret: &str) -> PreReceive {
        PreReceive {
            url: "https://example.com/hook?key=a".to_owned(),
            timeout_ms: 5000,
            on_failure: OnFailure::Refuse,
            refs: None,
            secret: Secret::new(secret.to_owned()),
        }
    }

    #[test]
    fn a_hook_keeps_its_secret_unless_another_is_given() {
        let new = |is_secret_given| NewPreReceive {
            hook: hook("new"),
            is_secret_given,
        };
        assert_eq!(new(false).after(Some(&hook("old"))), hook("old"));
        assert_eq!(new(true).after(Some(&hook("old"))), hook("new"));
        assert_eq!(new(false).after(None), hook("new"));
    }

    #[test]
    fn neither_the_secret_nor_a_query_is_shown_in_an_event() {
        let shown = ShownPreReceive::from(hook("whsec_x")).for_event();
        let expect = r#"{"url":"https://example.com/hook","timeout_ms":5000,"on_failure":"refuse","refs":null}"#;
        assert_eq!(serde_json::to_string(&shown).unwrap(), expect);
    }
}
