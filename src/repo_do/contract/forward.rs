//! Requests passed on from the object of a name to the object that has the repository.

use serde::{Deserialize, Serialize};

pub(crate) use crate::storage::repository::whereabouts::Forwarding;

use super::public_id::is_public_id;
use crate::storage::repository::standing::Standing;

/// Body of `POST /rename`: the names that the repository gets, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameRepository {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// The policies of its namespace for all of its repositories, where it is another one.
    #[serde(default)]
    pub(crate) standing: Standing,
}

/// The text form, in a header: `<object name> <repository id>`.
#[must_use]
pub(crate) fn forwarded_text(forwarding: &Forwarding) -> String {
    format!("{} {}", forwarding.object_name, forwarding.repository_id)
}

/// Reads the text form.
#[must_use]
pub(crate) fn forwarded(text: &str) -> Option<Forwarding> {
    let (object_name, repository_id) = text.split_once(' ')?;
    is_public_id(repository_id).then(|| Forwarding {
        object_name: object_name.to_owned(),
        repository_id: repository_id.to_owned(),
    })
}

impl Forwarding {
    /// An object of the repository's own, for a name whose object holds another repository. No
    /// repository can be called so.
    #[must_use]
    pub(crate) fn beside(name: &str, repository_id: &str) -> Self {
        Self {
            object_name: format!("{name}~{repository_id}"),
            repository_id: repository_id.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_request_was_passed_on_goes_through_a_header() {
        let beside = Forwarding::beside("acme/widget", "0123456789abcdef");
        let text = forwarded_text(&beside);
        assert_eq!(text, "acme/widget~0123456789abcdef 0123456789abcdef");
        assert_eq!(forwarded(&text), Some(beside));
        for text in ["", "acme/widget", "acme/widget 0123", "0123456789abcdef"] {
            assert_eq!(forwarded(text), None, "{text}");
        }
    }
}
