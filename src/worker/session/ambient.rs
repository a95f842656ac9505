//! Requests for which a credential counts that a browser adds by itself: the cookie of a session, or the
//! token of Cloudflare Access.
//!
//! A page of another site can have such a request sent, so the browser must say that a page of ours sends
//! it, or for a read that somebody typed its address. A request that changes something also has a header that no
//! form sends, and for which a browser asks first; no answer here allows it to another origin.

/// The header that our pages send along.
pub(crate) const MARK: &str = "x-cairn-session";

/// The facts about a request that its headers tell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// The HTTP method.
    pub(crate) method: &'a str,
    /// `Sec-Fetch-Site`, which browsers alone send, and no script can set.
    pub(crate) fetch_site: Option<&'a str>,
    /// `Origin`.
    pub(crate) origin: Option<&'a str>,
    /// The value of [`MARK`].
    pub(crate) mark: Option<&'a str>,
    /// The origins under which this server is known.
    pub(crate) own_origins: &'a [&'a str],
}

impl Asked<'_> {
    /// Whether such a credential counts.
    #[must_use]
    pub(crate) fn counts(&self) -> bool {
        let is_read = is_read(self.method);
        let is_ours = |origin: &str| {
            let mut own = self.own_origins.iter();
            own.any(|own| own.eq_ignore_ascii_case(origin))
        };
        match (self.fetch_site, self.origin) {
            (Some("none" | "same-origin"), None) => is_read,
            (Some("same-origin"), Some(origin)) => {
                is_ours(origin) && (is_read || is_marked(self.mark))
            }
            _ => false,
        }
    }
}

/// Whether a method changes nothing.
#[must_use]
pub(crate) fn is_read(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// Whether the header [`MARK`] has the value that our pages send.
#[must_use]
pub(crate) fn is_marked(mark: Option<&str>) -> bool {
    mark == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[&str] = &["https://git.example"];

    fn counts(method: &str, fetch_site: Option<&str>, origin: Option<&str>, mark: bool) -> bool {
        let mark = mark.then_some("1");
        let own_origins = OWN;
        let asked = Asked {
            method,
            fetch_site,
            origin,
            mark,
            own_origins,
        };
        asked.counts()
    }

    #[test]
    fn our_pages_read_and_write() {
        let ours = Some("https://git.example");
        assert!(counts("GET", Some("same-origin"), None, false));
        assert!(counts("HEAD", Some("none"), None, false), "typed by hand");
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert!(counts(method, Some("same-origin"), ours, true));
            assert!(!counts(method, Some("same-origin"), ours, false), "no mark");
            assert!(
                !counts(method, Some("same-origin"), None, true),
                "no origin"
            );
            assert!(!counts(method, Some("none"), None, true));
        }
    }

    #[test]
    fn pages_of_others_and_programs_do_not() {
        let other = Some("https://evil.example");
        for method in ["GET", "POST"] {
            for site in [None, Some("cross-site"), Some("same-site"), Some("")] {
                for origin in [None, other, Some("null"), Some("https://git.example")] {
                    assert!(!counts(method, site, origin, true), "{site:?} {origin:?}");
                }
            }
            for origin in [other, Some("null"), Some("http://git.example")] {
                assert!(!counts(method, Some("same-origin"), origin, true));
                assert!(!counts(method, Some("none"), origin, true));
            }
        }
    }
}
