//! The URL under which clients reach the deployment: the operator sets `CAIRN_PUBLIC_URL`.
//! Without it, links begin with the `Host` of the request, and a client that can choose that
//! `Host` chooses the links.

use url::Url;

/// The variable.
pub(crate) const PUBLIC_URL: &str = "CAIRN_PUBLIC_URL";

/// The variable is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CAIRN_PUBLIC_URL must be http(s)://host[:port][/path], without a query: {0}")]
pub(crate) struct PublicUrlError(String);

/// The beginning of links: scheme, authority, and the path under which a proxy hands requests on,
/// without a slash at its end.
pub(crate) fn parse(text: &str) -> Result<String, PublicUrlError> {
    let wrong = |why: &str| PublicUrlError(why.to_owned());
    let url = Url::parse(text.trim()).map_err(|error| PublicUrlError(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("the scheme is not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has a credential"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    let origin = url.origin().ascii_serialization();
    Ok(format!("{origin}{}", url.path().trim_end_matches('/')))
}

/// Scheme and authority of a URL that [`parse`] gave.
#[must_use]
pub(crate) fn origin(public: &str) -> &str {
    super::target::Target::of(public).origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin_and_perhaps_a_path() {
        for (text, url, of) in [
            (
                "https://git.example",
                "https://git.example",
                "https://git.example",
            ),
            (
                "https://git.example/",
                "https://git.example",
                "https://git.example",
            ),
            (" http://Host:8080 ", "http://host:8080", "http://host:8080"),
            ("https://a.b:443/cairn/", "https://a.b/cairn", "https://a.b"),
            ("http://[::1]:9", "http://[::1]:9", "http://[::1]:9"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(url), "{text}");
            assert_eq!(origin(url), of);
        }
    }

    #[test]
    fn what_is_no_public_url_is_refused() {
        for text in [
            "",
            "git.example",
            "ftp://git.example",
            "https://",
            "https://user@git.example",
            "https://:secret@git.example",
            "https://git.example?x",
            "https://git.example/#x",
            "javascript:alert(1)",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
