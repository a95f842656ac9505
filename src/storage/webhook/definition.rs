//! A webhook as its namespace's object defines it and its own object keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A key that signs: `whsec_` and base64. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that was checked.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secret before the present one, while both sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecret {
    /// The secret.
    pub secret: Secret,
    /// Unix milliseconds: from then on it no longer signs.
    pub until_ms: i64,
}

/// The facts that a webhook's object needs to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// 16 characters of `[0-9a-z]`.
    pub id: String,
    /// The namespace, by which its object is found.
    pub namespace: String,
    /// Where events are sent.
    pub url: String,
    /// The key that signs.
    pub secret: Secret,
    /// The key before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<FormerSecret>,
    /// Whether events are sent.
    pub active: bool,
    /// Whether its repository was deleted: the object goes when everything is delivered or given up.
    pub is_ending: bool,
    /// Grows with each change.
    pub version: i64,
}

#[cfg(test)]
impl Definition {
    /// A webhook of a test.
    pub(crate) fn of_test(version: i64) -> Self {
        Self {
            id: "h".repeat(16),
            namespace: "demo".to_owned(),
            url: "https://example.com/".to_owned(),
            secret: Secret::new("whsec_".to_owned()),
            former: None,
            active: true,
            is_ending: false,
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let secret = Secret::new("whsec_c2VjcmV0".to_owned());
        let definition = Definition {
            id: "a".repeat(16),
            namespace: "demo".to_owned(),
            url: "https://example.com/".to_owned(),
            secret: secret.clone(),
            former: Some(FormerSecret {
                secret,
                until_ms: 1,
            }),
            active: true,
            is_ending: false,
            version: 1,
        };
        assert!(!format!("{definition:?}").contains("whsec_"));
        let json = serde_json::to_string(&definition).unwrap();
        let again: Definition = serde_json::from_str(&json).unwrap();
        assert_eq!(again, definition);
    }
}
