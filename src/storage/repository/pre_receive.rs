//! The hook that is asked before a push is published: a column of the repository's row, as JSON.

use gix_object::bstr::BStr;
use serde::{Deserialize, Serialize};

use crate::storage::webhook::definition::Secret;

/// The hook of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreReceive {
    /// Where the question is sent.
    pub url: String,
    /// How long the hook may take to answer.
    pub timeout_ms: u32,
    /// The fate of a push that the hook did not judge.
    pub on_failure: OnFailure,
    /// Patterns of the refs that it judges; every ref unless given.
    #[serde(default)]
    pub refs: Option<Vec<String>>,
    /// The key that signs the question.
    pub secret: Secret,
}

/// The fate of a push when its hook gives no judgement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The push is refused.
    #[default]
    Refuse,
    /// The push goes on.
    Accept,
}

impl PreReceive {
    /// Whether the hook judges changes of this ref.
    #[must_use]
    pub fn judges(&self, name: &BStr) -> bool {
        let matches = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning.as_bytes()),
            None => name == pattern.as_bytes(),
        };
        let patterns = self.refs.as_ref();
        patterns.is_none_or(|patterns| patterns.iter().any(matches))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(refs: Option<&[&str]>) -> PreReceive {
        let owned = |refs: &[&str]| refs.iter().map(|text| (*text).to_owned()).collect();
        PreReceive {
            url: "https://example.com/hook".to_owned(),
            timeout_ms: 5000,
            on_failure: OnFailure::Accept,
            refs: refs.map(owned),
            secret: Secret::new("whsec_c2VjcmV0".to_owned()),
        }
    }

    #[test]
    fn a_hook_judges_the_refs_that_it_names() {
        let some = hook(Some(&["refs/heads/main", "refs/tags/*"]));
        for (name, is_judged) in [
            ("refs/heads/main", true),
            ("refs/heads/mainly", false),
            ("refs/tags/v1", true),
            ("refs/tags", false),
        ] {
            assert_eq!(some.judges(name.into()), is_judged, "{name}");
            assert!(hook(None).judges(name.into()), "{name}");
        }
    }
}
