//! The routes of a repository's upstream.

/// The part behind the repository's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpstreamRoute {
    /// `/upstream`
    Settings,
    /// `/upstream/sync`
    Sync,
    /// `/upstream/syncs`
    Syncs,
    /// `/upstream/hook`
    Hook,
}

impl UpstreamRoute {
    /// The route of the segments from `upstream` on.
    #[must_use]
    pub(crate) fn parse(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            ["upstream"] => Self::Settings,
            ["upstream", "sync"] => Self::Sync,
            ["upstream", "syncs"] => Self::Syncs,
            ["upstream", "hook"] => Self::Hook,
            _ => return None,
        })
    }

    /// The methods that the route serves.
    #[must_use]
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Settings => &["GET", "PUT", "DELETE"],
            Self::Sync | Self::Hook => &["POST"],
            Self::Syncs => &["GET"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_an_upstream() {
        let parse = |path: &str| UpstreamRoute::parse(&path.split('/').collect::<Vec<_>>());
        assert_eq!(parse("upstream"), Some(UpstreamRoute::Settings));
        assert_eq!(parse("upstream/sync"), Some(UpstreamRoute::Sync));
        assert_eq!(parse("upstream/syncs"), Some(UpstreamRoute::Syncs));
        assert_eq!(parse("upstream/hook"), Some(UpstreamRoute::Hook));
        for path in ["upstreams", "upstream/", "upstream/sync/1", "x/upstream"] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
