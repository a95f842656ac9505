//! The types of events: their prefix, and the patterns by which a reader or a webhook names them.

use std::fmt;

use crate::storage::event::EventKind;

/// The variable with the prefix of the types.
const PREFIX: &str = "CAIRN_EVENT_PREFIX";

const PREFIX_DEFAULT: &str = "cairn";
const PREFIX_CHARS_MAX: usize = 40;

/// The part of a type before its kind: `cairn`, or `cf.artifacts` where consumers expect Artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventPrefix(String);

/// The deployment sets a prefix that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{PREFIX} must be 1 to {PREFIX_CHARS_MAX} characters of a-z, 0-9 and '.', this has {0}")]
pub(crate) struct BadPrefix(usize);

impl Default for EventPrefix {
    fn default() -> Self {
        Self(PREFIX_DEFAULT.to_owned())
    }
}

impl fmt::Display for EventPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl EventPrefix {
    /// The deployment's.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadPrefix> {
        let Some(text) = variable(PREFIX).filter(|text| !text.is_empty()) else {
            return Ok(Self::default());
        };
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.';
        if text.len() > PREFIX_CHARS_MAX || !text.bytes().all(fits) {
            return Err(BadPrefix(text.chars().count()));
        }
        Ok(Self(text))
    }

    /// Whether it is another than Cairn's own.
    #[must_use]
    pub(crate) fn is_foreign(&self) -> bool {
        self.0 != PREFIX_DEFAULT
    }

    /// The type of a kind.
    #[must_use]
    pub(crate) fn type_of(&self, kind: EventKind) -> String {
        format!("{}.{}", self.0, kind.name())
    }

    /// The sender of events of that kind: Artifacts distinguishes acts in one repository from acts on
    /// repositories.
    #[must_use]
    pub(crate) fn source_of(&self, kind: EventKind) -> String {
        use EventKind as Kind;
        let source = self.0.strip_prefix("cf.").unwrap_or(&self.0);
        match kind {
            Kind::Pushed
            | Kind::Cloned
            | Kind::Fetched
            | Kind::DownstreamPushed
            | Kind::DownstreamFailed
            | Kind::TokenCreated
            | Kind::TokenRevoked => format!("{source}.repo"),
            _ => source.to_owned(),
        }
    }

    /// The kinds that a pattern means: a type with or without the prefix, the beginning of one before
    /// a `*`, or `*`. None if it means nothing.
    #[must_use]
    pub(crate) fn kinds(&self, pattern: &str) -> Vec<EventKind> {
        let (start, is_open) = match pattern.strip_suffix('*') {
            Some(start) => (start, true),
            None => (pattern, false),
        };
        let means = |kind: &EventKind| {
            let full = self.type_of(*kind);
            let names = [full.as_str(), kind.name()];
            names
                .iter()
                .any(|name| *name == start || (is_open && name.starts_with(start)))
        };
        EventKind::ALL.iter().copied().filter(means).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Result<EventPrefix, BadPrefix> {
        EventPrefix::of(|name| (name == PREFIX).then(|| text.to_owned()))
    }

    #[test]
    fn the_prefix_is_the_deployments() {
        assert_eq!(EventPrefix::of(|_| None), Ok(EventPrefix::default()));
        assert_eq!(prefix(""), Ok(EventPrefix::default()));
        for bad in ["Cairn", "a b", "é", &"a".repeat(41)] {
            assert!(prefix(bad).is_err(), "{bad}");
        }
        let own = EventPrefix::default();
        assert_eq!(own.type_of(EventKind::Pushed), "cairn.repo.pushed");
        assert_eq!(own.source_of(EventKind::Pushed), "cairn.repo");
        assert_eq!(own.source_of(EventKind::Created), "cairn");
        let artifacts = prefix("cf.artifacts").unwrap();
        assert_eq!(
            artifacts.type_of(EventKind::Created),
            "cf.artifacts.repo.created"
        );
        assert_eq!(artifacts.source_of(EventKind::Created), "artifacts");
        assert_eq!(artifacts.source_of(EventKind::Pushed), "artifacts.repo");
    }

    #[test]
    fn patterns_name_types_with_and_without_their_prefix() {
        use EventKind as Kind;
        let own = EventPrefix::default();
        assert_eq!(own.kinds("cairn.repo.pushed"), [Kind::Pushed]);
        assert_eq!(own.kinds("repo.pushed"), [Kind::Pushed]);
        let tokens = [Kind::TokenCreated, Kind::TokenRevoked];
        assert_eq!(own.kinds("repo.token.*"), tokens);
        assert_eq!(own.kinds("cairn.repo.token.*"), tokens);
        for all in ["*", "cairn.*", "cairn*"] {
            assert_eq!(own.kinds(all), EventKind::ALL, "{all}");
        }
        for nothing in [
            "",
            "repo",
            "repo.push",
            "cf.artifacts.repo.pushed",
            "*.pushed",
            "x*",
        ] {
            assert!(own.kinds(nothing).is_empty(), "{nothing}");
        }
        let artifacts = prefix("cf.artifacts").unwrap();
        assert_eq!(artifacts.kinds("cf.artifacts.repo.pushed"), [Kind::Pushed]);
        assert!(artifacts.kinds("cairn.repo.pushed").is_empty());
    }
}
