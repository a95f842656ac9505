//! Which pages of other origins may use this server from a browser: `CAIRN_CORS_ORIGINS`.
//!
//! Specification: <https://fetch.spec.whatwg.org/#http-cors-protocol>. No answer ever has
//! `Access-Control-Allow-Credentials`: a page sends its token in a header, and a browser adds nothing
//! that it keeps.

use url::Url;

use super::reply::Reply;

/// The variable.
pub(crate) const CORS_ORIGINS: &str = "CAIRN_CORS_ORIGINS";

/// Answers to the pages that may read them differ by it.
pub(crate) const VARY: &str = "origin";

/// The headers of answers that a page may read, beside those that it always may.
pub(crate) const EXPOSED_HEADERS: &str = "accept-ranges, allow, content-disposition, content-length, \
    content-range, etag, idempotent-replayed, lfs-authenticate, link, location, ratelimit, \
    ratelimit-policy, retry-after, server-timing, www-authenticate, x-request-id";

/// The headers that Git, Git LFS and clients of REST send.
const REQUEST_HEADERS: &str = "accept, authorization, content-encoding, content-type, git-protocol, \
    idempotency-key, if-match, if-none-match, if-range, last-event-id, range, x-request-id";

/// All that some path serves: the request that follows learns the methods of this path.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// How long a browser may remember a preflight; Chromium remembers none for longer.
const MAX_AGE_SECONDS: &str = "7200";

/// The variable is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "CAIRN_CORS_ORIGINS must be * or origins such as https://app.example.com between commas; \
     pages of other origins get nothing until it is: {given}: {why}"
)]
pub(crate) struct CorsError {
    given: String,
    why: &'static str,
}

/// The origins whose pages may use this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    /// Every page, also one whose origin is `null`.
    Every,
    /// Origins as browsers write them.
    Listed(Vec<String>),
}

impl Origins {
    /// Reads the variable. One wrong entry makes the whole of it wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, CorsError> {
        if text.trim() == "*" {
            return Ok(Self::Every);
        }
        let entries = text.split(',').map(str::trim);
        let entries = entries.filter(|entry| !entry.is_empty());
        entries
            .map(origin)
            .collect::<Result<_, _>>()
            .map(Self::Listed)
    }

    /// The value of `Access-Control-Allow-Origin` for a request with this `Origin`, if its page may
    /// read the answer. Browsers write an origin in one way, so that other spellings are not theirs.
    pub(crate) fn allowed(&self, origin: &str) -> Option<&str> {
        match self {
            Self::Every => Some("*"),
            Self::Listed(listed) => {
                let mut listed = listed.iter().map(String::as_str);
                listed.find(|listed| *listed == origin)
            }
        }
    }
}

/// An entry as browsers write that origin: in lower case, without a default port or a slash.
fn origin(entry: &str) -> Result<String, CorsError> {
    let wrong = |why| CorsError {
        given: entry.to_owned(),
        why,
    };
    if entry.contains('*') {
        return Err(wrong("* stands alone, and is no part of an origin"));
    }
    let url = Url::parse(entry).map_err(|_| wrong("it is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("the scheme is not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has a credential"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("an origin ends with its host or port"));
    }
    Ok(url.origin().ascii_serialization())
}

/// The answer to a browser that asks which requests a page may send.
#[must_use]
pub(crate) fn preflight() -> Reply {
    let reply = Reply {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    };
    reply
        .with_header("access-control-allow-methods", METHODS)
        .with_header("access-control-allow-headers", REQUEST_HEADERS)
        .with_header("access-control-max-age", MAX_AGE_SECONDS)
        .with_header("cache-control", "no-store")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Origins {
        Origins::parse(text).unwrap()
    }

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        for (text, origin) in [
            ("https://app.example", "https://app.example"),
            (" https://App.Example:443/ ", "https://app.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("https://other.example, http://[::1]:9,", "http://[::1]:9"),
        ] {
            assert_eq!(listed(text).allowed(origin), Some(origin), "{text}");
        }
    }

    #[test]
    fn another_origin_gets_nothing() {
        let origins = listed("https://app.example,http://localhost:5173");
        for origin in [
            "",
            "null",
            "*",
            "https://app.example.evil.example",
            "https://sub.app.example",
            "https://app.example:8443",
            "https://app.example/",
            "https://app.example, https://evil.example",
            "http://app.example",
            "http://localhost",
            "https://localhost:5173",
        ] {
            assert_eq!(origins.allowed(origin), None, "{origin}");
        }
        assert_eq!(listed("").allowed(""), None);
    }

    #[test]
    fn a_star_is_every_page_and_names_none() {
        for origin in ["https://app.example", "null"] {
            assert_eq!(listed(" * ").allowed(origin), Some("*"));
        }
    }

    #[test]
    fn one_wrong_entry_closes_all() {
        for entry in [
            "null",
            "*",
            "app.example",
            "localhost:5173",
            "https://*.example",
            "https://app.example/path",
            "https://app.example?x",
            "https://app.example/#x",
            "https://user@app.example",
            "file:///tmp",
            "tauri://localhost",
        ] {
            let text = format!("https://app.example,{entry}");
            let error = Origins::parse(&text).unwrap_err();
            assert_eq!(error.given, entry);
            assert!(error.to_string().starts_with(CORS_ORIGINS), "{error}");
        }
    }
}
