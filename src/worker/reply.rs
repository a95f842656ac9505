//! An answer before it becomes a platform response: status, headers, a short body.

use crate::repo_do::contract::{ErrorCode, ErrorReply, GitPost};

/// Asks for a user and a password.
pub(crate) const BASIC: &str = r#"Basic realm="cairn""#;
/// Asks for a token.
pub(crate) const BEARER: &str = r#"Bearer realm="cairn""#;

/// An answer whose body is made here (streams pass by this type).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers, names in lower case.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body; empty for 204.
    pub(crate) body: String,
}

impl Reply {
    /// An answer with a body of a type.
    #[must_use]
    pub(crate) fn new(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The value of a header.
    #[cfg(test)]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value.as_str())
    }

    /// The headers that an error asks for beside its body: how to authenticate, when to retry.
    #[must_use]
    pub(crate) fn with_error_headers(self, error: &ErrorReply, challenges: &[&str]) -> Self {
        let challenges = match error.code {
            ErrorCode::Unauthorized => challenges,
            _ => &[],
        };
        let reply = challenges.iter().fold(self, |reply, challenge| {
            reply.with_header("www-authenticate", *challenge)
        });
        match error.retry_after_seconds {
            Some(seconds) => reply.with_header("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

/// An error on a git path. Git shows the text of a `text/plain` error to its user, each line
/// after `remote: `.
#[must_use]
pub(crate) fn git_error(error: &ErrorReply) -> Reply {
    Reply::new(
        error.code.status(),
        "text/plain; charset=utf-8",
        format!("{}\n", error.message),
    )
    .with_header("cache-control", "no-cache, no-transform")
    .with_header("x-content-type-options", "nosniff")
    // Basic first: a client that reads one challenge alone asks for a password.
    .with_error_headers(error, &[BASIC, BEARER])
}

/// A refusal of a fetch or a push, told in-band.
#[must_use]
pub(crate) fn git_in_band(post: GitPost, message: &str) -> Reply {
    let body = String::from_utf8_lossy(&post.refusal(message)).into_owned();
    Reply::new(200, post.answer_type(), body)
        .with_header("cache-control", "no-cache, no-transform")
        .with_header("x-content-type-options", "nosniff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_asks_its_credential_helper_after_401() {
        let reply = git_error(&ErrorReply::new(
            ErrorCode::Unauthorized,
            "authentication required",
        ));
        assert_eq!(reply.status, 401);
        let challenges = reply.headers.iter();
        let challenges = challenges.filter(|(name, _)| *name == "www-authenticate");
        let challenges: Vec<_> = challenges.map(|(_, value)| value.as_str()).collect();
        assert_eq!(challenges, [BASIC, BEARER]);
        assert_eq!(reply.body, "authentication required\n");
    }

    #[test]
    fn only_401_challenges_and_only_busy_says_when() {
        let reply = git_error(&ErrorReply::new(ErrorCode::Forbidden, "no"));
        assert_eq!(
            (reply.status, reply.header("www-authenticate")),
            (403, None)
        );
        let reply = git_error(&ErrorReply::busy(7, "importing"));
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (503, Some("7"))
        );
    }
}
