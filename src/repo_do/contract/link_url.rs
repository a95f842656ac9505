//! URLs that a remote names beside its own: where it lets an object of Git LFS be fetched, and where
//! it redirects to. They may lead to another host, and never to one where an import may not fetch.

use std::fmt;

use url::{Origin, Url};

use super::remote_url::{RemoteUrlError, check_remote_link};

/// A URL that a remote named, checked as the remote's own was.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LinkUrl {
    url: Url,
    allow_private: bool,
}

impl LinkUrl {
    /// Reads a URL. `allow_private`: the operator allows `http` and private hosts, for development.
    pub(crate) fn parse(text: &str, allow_private: bool) -> Result<Self, RemoteUrlError> {
        let url = check_remote_link(text, allow_private)?;
        Ok(Self { url, allow_private })
    }

    /// Where a redirect from here leads to.
    pub(crate) fn redirected(&self, location: &str) -> Result<Self, RemoteUrlError> {
        let is_whole = location
            .split_once("://")
            .is_some_and(|(scheme, _)| is_scheme(scheme));
        if is_whole {
            return Self::parse(location, self.allow_private);
        }
        let target = self.url.join(location);
        let target = target.map_err(|_| RemoteUrlError::Malformed)?;
        Self::parse(target.as_str(), self.allow_private)
    }

    /// The URL, which may be a secret: it often is signed.
    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Its scheme, host and port: a secret for one origin never goes to another.
    pub(crate) fn origin(&self) -> Origin {
        self.url.origin()
    }
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Without its signature.
impl fmt::Debug for LinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkUrl({}…)", self.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_no_private_host() {
        let parse = |text: &str| LinkUrl::parse(text, false).map(drop);
        assert_eq!(parse("https://media.example.com/o?X-Sig=a%2Fb&e=1"), Ok(()));
        let long = format!("https://media.example.com/o?X-Token={}", "a".repeat(4000));
        assert_eq!(parse(&long), Ok(()));
        let too_long = format!("{long}{}", "a".repeat(5000));
        for (text, refused) in [
            ("http://media.example.com/o", RemoteUrlError::Scheme),
            ("file:///etc/passwd", RemoteUrlError::Scheme),
            ("https://127.0.0.1/o", RemoteUrlError::Host),
            ("https://169.254.169.254/latest", RemoteUrlError::Host),
            ("https://2130706433/o", RemoteUrlError::Host),
            ("https://[::1]/o", RemoteUrlError::Host),
            ("https://media/o", RemoteUrlError::Host),
            ("https://db.internal/o", RemoteUrlError::Host),
            ("https://media.example.com:22/o", RemoteUrlError::Port),
            (
                "https://me@media.example.com/o",
                RemoteUrlError::Credentials,
            ),
            ("https://media.example.com/o#x", RemoteUrlError::Fragment),
            ("https://media.example.com/o x", RemoteUrlError::Malformed),
            (too_long.as_str(), RemoteUrlError::TooLong(8192)),
        ] {
            assert_eq!(parse(text), Err(refused), "{text}");
        }
    }

    #[test]
    fn a_redirect_is_checked_like_a_link() {
        let link = LinkUrl::parse("https://media.example.com/a/o?x=1", false).unwrap();
        let led = |location: &str| {
            let link = link.redirected(location)?;
            Ok::<_, RemoteUrlError>(link.as_str().to_owned())
        };
        for (location, target) in [
            ("/b?y=2", "https://media.example.com/b?y=2"),
            (
                "b?then=https://c.example",
                "https://media.example.com/a/b?then=https://c.example",
            ),
            ("https://other.example.com/c", "https://other.example.com/c"),
            ("//other.example.com/c", "https://other.example.com/c"),
        ] {
            assert_eq!(led(location).as_deref(), Ok(target), "{location}");
        }
        for location in [
            "http://other.example.com/c",
            "https://10.0.0.1/c",
            "//10.0.0.1/c",
            "https://localhost/c",
            "//me:secret@other.example.com/c",
            "ftp://other.example.com/c",
        ] {
            assert!(led(location).is_err(), "{location}");
        }
    }
}
