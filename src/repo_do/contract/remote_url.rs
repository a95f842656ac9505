//! The hosts from which an import may fetch.
//!
//! The caller chooses the URL and can read everything that is fetched from it. So the URL may name only
//! hosts of the public internet: no address of a private, local or special network in any
//! notation, and no name that exists only inside one. The import checks each redirect in the same
//! way. (This code cannot see that a public name resolves to a private address; the platform's
//! own fetch refuses to connect there.)

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Bytes of a URL that a caller names.
const URL_BYTES_MAX: usize = 2048;

/// Bytes of a URL that a remote names: a signed one holds a token beside its signature.
const LINK_BYTES_MAX: usize = 8192;

/// Ends of names that exist inside a network only (RFC 6761, 6762, 8375, 9476 and custom).
const LOCAL_NAMES: [&str; 11] = [
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "home.arpa",
    "onion",
    "alt",
];

/// Why a URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RemoteUrlError {
    /// It cannot be parsed.
    #[error("the url is malformed")]
    Malformed,
    /// It is longer than URLs may be.
    #[error("the url has more than {0} bytes")]
    TooLong(usize),
    /// It is not `https`.
    #[error("only https is supported")]
    Scheme,
    /// It has a query or a fragment, which Git could not keep.
    #[error("the url must not have a query or a fragment")]
    Query,
    /// The host is not on the public internet.
    #[error("the url's host is not one of the public internet")]
    Host,
    /// It has a user or a password, which a webhook's must not: they would be sent to nobody.
    #[error("the url must not have a user or a password")]
    Credentials,
    /// It has a fragment, which is never sent.
    #[error("the url must not have a fragment")]
    Fragment,
    /// The port is not one of a web server.
    #[error("the url's port is not allowed: 443, or one from 1024 on")]
    Port,
}

/// Credentials for a remote. Never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The user's name, possibly empty.
    pub(crate) username: String,
    /// The password or token.
    pub(crate) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// A remote repository's URL, without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteUrl {
    url: Url,
    allow_private: bool,
}

impl RemoteUrl {
    /// Reads a URL, and takes the credentials out of it. `allow_private`: the operator allows
    /// `http` and private hosts, for development.
    pub(crate) fn parse(
        text: &str,
        allow_private: bool,
    ) -> Result<(Self, Option<Credentials>), RemoteUrlError> {
        let mut url = parse(text, URL_BYTES_MAX)?;
        let decoded = |part: &str| {
            percent_encoding::percent_decode_str(part)
                .decode_utf8_lossy()
                .into_owned()
        };
        let credentials =
            (!url.username().is_empty() || url.password().is_some()).then(|| Credentials {
                username: decoded(url.username()),
                password: decoded(url.password().unwrap_or_default()),
            });
        // Neither fails where there is a host, and without one the URL is refused below.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if url.query().is_some() || url.fragment().is_some() {
            return Err(RemoteUrlError::Query);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        check(&url, allow_private)?;
        Ok((Self { url, allow_private }, credentials))
    }

    /// The URL of a service of this remote, such as `/info/refs?service=git-upload-pack`.
    #[must_use]
    pub(crate) fn service(&self, path_and_query: &str) -> String {
        format!("{self}{path_and_query}")
    }

    /// Follows a redirect of `from`, which `service` gave for this path and query: the remote that
    /// it leads to, when its target is the same service elsewhere.
    pub(crate) fn redirected(
        &self,
        location: &str,
        path_and_query: &str,
    ) -> Result<Self, RemoteUrlError> {
        let target = if location.starts_with("//") {
            format!("{}:{location}", self.url.scheme())
        } else if location.starts_with('/') {
            format!("{}{location}", self.url.origin().ascii_serialization())
        } else {
            location.to_owned()
        };
        let base = target
            .strip_suffix(path_and_query)
            .ok_or(RemoteUrlError::Query)?;
        // Credentials that a redirect brings are not ours, and are left out.
        Self::parse(base, self.allow_private).map(|(url, _)| url)
    }

    /// Whether credentials for this remote may be sent to that one.
    #[must_use]
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    /// Its scheme, host and port.
    #[must_use]
    pub(crate) fn origin(&self) -> url::Origin {
        self.url.origin()
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

/// Checks the URL to which a webhook's events are sent: an address where an import may fetch, and
/// it may have a query.
pub(crate) fn check_webhook_url(text: &str, allow_private: bool) -> Result<(), RemoteUrlError> {
    check_link(text, URL_BYTES_MAX, allow_private).map(drop)
}

/// Checks the URL of an action that a remote names, or that it redirects to: an address where an
/// import may fetch, and it may have a query.
pub(super) fn check_remote_link(text: &str, allow_private: bool) -> Result<Url, RemoteUrlError> {
    check_link(text, LINK_BYTES_MAX, allow_private)
}

fn check_link(text: &str, bytes_max: usize, allow_private: bool) -> Result<Url, RemoteUrlError> {
    let url = parse(text, bytes_max)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RemoteUrlError::Credentials);
    }
    if url.fragment().is_some() {
        return Err(RemoteUrlError::Fragment);
    }
    check(&url, allow_private)?;
    Ok(url)
}

/// Parses a URL of the plain form `scheme://user:password@host:port/path`. Other forms that the URL standard
/// lets through (white space, backslashes, missing slashes, hosts that are encoded) are refused: nobody needs
/// them, and each is a way to mean two things.
fn parse(text: &str, bytes_max: usize) -> Result<Url, RemoteUrlError> {
    if text.len() > bytes_max {
        return Err(RemoteUrlError::TooLong(bytes_max));
    }
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let (scheme, rest) = text.split_once("://").ok_or(RemoteUrlError::Malformed)?;
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Err(RemoteUrlError::Scheme);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if !text.bytes().all(is_plain) || !host.bytes().all(is_of_host) {
        return Err(RemoteUrlError::Malformed);
    }
    Url::parse(text).map_err(|_| RemoteUrlError::Malformed)
}

fn check(url: &Url, allow_private: bool) -> Result<(), RemoteUrlError> {
    let host = url.host().ok_or(RemoteUrlError::Malformed)?;
    if allow_private {
        return Ok(());
    }
    if url.scheme() != "https" {
        return Err(RemoteUrlError::Scheme);
    }
    let is_public = match host {
        Host::Ipv4(address) => is_public_v4(address),
        Host::Ipv6(address) => is_public_v6(address),
        Host::Domain(name) => is_public_name(name),
    };
    if !is_public {
        return Err(RemoteUrlError::Host);
    }
    match url.port() {
        None | Some(443 | 1024..) => Ok(()),
        Some(_) => Err(RemoteUrlError::Port),
    }
}

/// A name with a dot, under none of the local ends. Numbers were addresses to the URL's parser,
/// whatever their notation.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_below = |end: &str| {
        let front = name.strip_suffix(end);
        front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    name.contains('.') && !name.ends_with('.') && !LOCAL_NAMES.into_iter().any(is_below)
}

/// Networks that are not of the public internet (RFC 6890 and its successors), each with the bits
/// of its prefix.
const SPECIAL_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // carrier-grade NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local: metadata services
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // AS112
    ([192, 52, 193, 0], 24), // AMT
    ([192, 88, 99, 0], 24),  // 6to4 relays
    ([192, 168, 0, 0], 16),  // private
    ([192, 175, 48, 0], 24), // AS112
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 3),     // multicast, reserved, broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in = |(network, bits): &([u8; 4], u32)| {
        let differing = u32::from(address) ^ u32::from_be_bytes(*network);
        differing.leading_zeros() >= *bits
    };
    !SPECIAL_V4.iter().any(is_in)
}

/// Global unicast, less the ranges that are set aside or embed an IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    match (a, b) {
        // Teredo, benchmarks, ORCHID and other protocol assignments; documentation; 6to4.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff) => false,
        _ => (0x2000..=0x3fff).contains(&a),
    }
}

#[cfg(test)]
mod tests;
