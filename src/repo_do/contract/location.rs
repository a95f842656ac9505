//! Where the platform is asked to make the object of a new repository.

use std::fmt;

/// A region, by Cloudflare's name
/// (<https://developers.cloudflare.com/durable-objects/reference/data-location/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocationHint(&'static str);

impl LocationHint {
    /// All of them.
    pub(crate) const ALL: [&'static str; 9] = [
        "wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me",
    ];

    /// The region of this name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hint| *hint == name).map(Self)
    }

    /// Its name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for LocationHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_names() {
        for name in LocationHint::ALL {
            assert_eq!(LocationHint::named(name).unwrap().to_string(), name);
        }
        for other in ["", "WEUR", "eu", "weur "] {
            assert_eq!(LocationHint::named(other), None, "{other}");
        }
    }
}
