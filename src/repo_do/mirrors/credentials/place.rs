//! The mirror that credentials belong to.

use crate::repo_do::contract::{CredentialsKind, RemoteUrl};

/// The label of every byte string that binds a sealed text. A change of the format needs a new number.
const PURPOSE: &str = "cairn mirror credentials 1";

/// The direction in which a mirror works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    /// The mirror reads from its upstream.
    Upstream,
    /// The mirror writes to a downstream.
    Downstream,
}

impl Direction {
    const fn name(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        }
    }
}

/// The mirror that credentials belong to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The id of this repository.
    pub(crate) repository_id: &'a str,
    /// The mirror's direction.
    pub(crate) direction: Direction,
    /// The URL of the remote repository.
    pub(crate) url: &'a RemoteUrl,
}

impl Place<'_> {
    /// The bytes that a sealed text is bound to. The sealed content holds the URL, so a changed URL gets
    /// an error of its own.
    pub(super) fn bound_to(&self, kind: CredentialsKind) -> Vec<u8> {
        let parts = [
            PURPOSE,
            self.direction.name(),
            kind.name(),
            self.repository_id,
        ];
        // No part has a zero byte, so two different lists never make the same bytes.
        parts.join("\0").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_and_kind_is_bound_to_bytes_of_its_own() {
        let (url, _) = RemoteUrl::parse("https://git.example/a", false).unwrap();
        let mut all = Vec::new();
        for direction in [Direction::Upstream, Direction::Downstream] {
            for repository_id in ["0123456789abcdef", "fedcba9876543210"] {
                let place = Place {
                    repository_id,
                    direction,
                    url: &url,
                };
                all.push(place.bound_to(CredentialsKind::Basic));
                all.push(place.bound_to(CredentialsKind::GithubApp));
            }
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8);
    }
}
