//! Requests that change something and that a page of another site made its visitor's browser send.
//!
//! A browser keeps a Basic credential and sends it along with any form. It asks before it sends
//! `application/json` elsewhere, and no answer here says yes, but to pages of the origins that the
//! operator lists ([`super::cors`]). So a body must be of that type ([`check_type`]), and a request that a
//! browser calls another site's is refused even without a body. A listed page is let in where it sends a
//! credential that no browser adds by itself: a form on that page has none.

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// The headers that say which site a request comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Source<'a> {
    /// `Sec-Fetch-Site`, which browsers alone send.
    pub(crate) fetch_site: Option<&'a str>,
    /// `Origin`, which browsers send with each request that changes something.
    pub(crate) origin: Option<&'a str>,
    /// The origins under which this server is known: scheme and authority.
    pub(crate) own_origins: &'a [&'a str],
    /// Whether a program on a page that the operator lists sends it, with a credential of its own.
    pub(crate) is_let_in: bool,
}

/// Refuses the type of a body that a form can have.
pub(crate) fn check_type(content_type: Option<&str>) -> Result<(), ErrorReply> {
    let essence = content_type.and_then(|given| given.split(';').next());
    if essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let message = "the content type of the body must be application/json";
    Err(ErrorReply::new(ErrorCode::UnsupportedMediaType, message))
}

impl Source<'_> {
    /// Refuses a request that a page of another site could have sent.
    pub(crate) fn check(&self, method: &str) -> Result<(), ErrorReply> {
        if matches!(method, "GET" | "HEAD") {
            return Ok(());
        }
        if self.is_of_another_site() && !self.is_let_in {
            let message = "requests of other sites are not accepted";
            return Err(ErrorReply::new(ErrorCode::Forbidden, message));
        }
        Ok(())
    }

    fn is_of_another_site(&self) -> bool {
        let is_ours = |origin: &str| {
            let mut own = self.own_origins.iter();
            own.any(|own| own.eq_ignore_ascii_case(origin))
        };
        match (self.fetch_site, self.origin) {
            (Some("same-origin" | "none"), _) | (None, None) => false,
            (Some(_), _) => true,
            // Older browsers, and those of plain http.
            (None, Some(origin)) => !is_ours(origin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[&str] = &["https://git.example"];

    fn code(method: &str, source: Source<'_>) -> Option<ErrorCode> {
        let source = Source {
            own_origins: OWN,
            ..source
        };
        source.check(method).err().map(|error| error.code)
    }

    #[test]
    fn a_body_is_json_and_no_form() {
        for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(check_type(Some(content_type)).is_ok(), "{content_type}");
        }
        for content_type in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("text/plain; application/json"),
        ] {
            let code = check_type(content_type).unwrap_err().code;
            assert_eq!(code, ErrorCode::UnsupportedMediaType, "{content_type:?}");
        }
    }

    #[test]
    fn a_page_of_another_site_changes_nothing() {
        let of = |fetch_site, origin| Source {
            fetch_site,
            origin,
            ..Source::default()
        };
        for source in [
            of(None, None),
            of(Some("same-origin"), Some("https://git.example")),
            of(Some("none"), None),
            of(None, Some("https://GIT.example")),
        ] {
            assert_eq!(code("POST", source), None, "{source:?}");
        }
        for source in [
            of(Some("cross-site"), None),
            of(Some("same-site"), Some("https://git.example")),
            of(None, Some("https://evil.example")),
            of(None, Some("http://git.example")),
            of(None, Some("null")),
        ] {
            for method in ["POST", "PATCH", "DELETE"] {
                assert_eq!(
                    code(method, source),
                    Some(ErrorCode::Forbidden),
                    "{source:?}"
                );
            }
            assert_eq!(code("GET", source), None);
            let is_let_in = true;
            let source = Source {
                is_let_in,
                ..source
            };
            assert_eq!(code("POST", source), None, "{source:?}");
        }
    }
}
