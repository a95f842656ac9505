//! The routes of downstreams, below a repository.

use crate::repo_do::contract::is_public_id;

/// The part behind the repository's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DownstreamRoute {
    /// `/downstreams`
    All,
    /// `/downstreams/:id`
    One(String),
    /// `/downstreams/:id/push`
    Push(String),
    /// `/downstreams/:id/pushes`
    Pushes(String),
}

impl DownstreamRoute {
    /// The route of the segments from `downstreams` on.
    #[must_use]
    pub(crate) fn parse(segments: &[&str]) -> Option<Self> {
        let ["downstreams", rest @ ..] = segments else {
            return None;
        };
        let [id, rest @ ..] = rest else {
            return Some(Self::All);
        };
        if !is_public_id(id) {
            return None;
        }
        let id = (*id).to_owned();
        Some(match rest {
            [] => Self::One(id),
            ["push"] => Self::Push(id),
            ["pushes"] => Self::Pushes(id),
            _ => return None,
        })
    }

    /// The methods that the route serves.
    #[must_use]
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::All => &["GET", "POST"],
            Self::One(_) => &["GET", "PATCH", "DELETE"],
            Self::Push(_) => &["POST"],
            Self::Pushes(_) => &["GET"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_downstreams() {
        let id = "0123456789abcdef";
        let parse = |path: &str| DownstreamRoute::parse(&path.split('/').collect::<Vec<_>>());
        let own = || id.to_owned();
        for (path, route) in [
            ("downstreams".to_owned(), DownstreamRoute::All),
            (format!("downstreams/{id}"), DownstreamRoute::One(own())),
            (
                format!("downstreams/{id}/push"),
                DownstreamRoute::Push(own()),
            ),
            (
                format!("downstreams/{id}/pushes"),
                DownstreamRoute::Pushes(own()),
            ),
        ] {
            assert_eq!(parse(&path), Some(route), "{path}");
        }
        for path in [
            "downstream",
            "downstreams/",
            "downstreams/x",
            "downstreams/x/push",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
