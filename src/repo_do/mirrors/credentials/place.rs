//! The mirror that credentials belong to.

use crate::repo_do::contract::{CredentialsKind, RemoteUrl};

/// The purpose of all that is bound to such a place. A change of the form gets another number.
const PURPOSE: &str = "cairn mirror credentials 1";

/// Which way a mirror works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    /// It reads from its upstream.
    Upstream,
    /// It writes to a downstream.
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
    /// The id of the repository here.
    pub(crate) repository_id: &'a str,
    /// Which way the mirror works.
    pub(crate) direction: Direction,
    /// The repository there.
    pub(crate) url: &'a RemoteUrl,
}

impl Place<'_> {
    /// The bytes that a sealed text is bound to. The URL is inside it, so that another one is told as
    /// such.
    pub(super) fn bound_to(&self, kind: CredentialsKind) -> Vec<u8> {
        let parts = [
            PURPOSE,
            self.direction.name(),
            kind.name(),
            self.repository_id,
        ];
        // No part has a zero byte, and no two lists of parts make the same bytes.
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
