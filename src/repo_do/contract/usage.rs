//! The cost and the caller of a request: for the log, in a header of each answer of an object.

use std::fmt;

/// Resources that one object used to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Rows read, as billed.
    pub(crate) rows_read: u64,
    /// Rows written, as billed.
    pub(crate) rows_written: u64,
    /// Packs that were looked at.
    pub(crate) packs: u64,
    /// Bytes of an answer that the Worker passes on without looking.
    pub(crate) answer_bytes: u64,
    /// The id of the token that was shown, where the object knows it.
    pub(crate) token_id: Option<String>,
}

impl Usage {
    /// Adds what another object took.
    pub(crate) fn add(&mut self, other: Self) {
        self.rows_read = self.rows_read.saturating_add(other.rows_read);
        self.rows_written = self.rows_written.saturating_add(other.rows_written);
        self.packs = self.packs.saturating_add(other.packs);
        self.answer_bytes = other.answer_bytes;
        self.token_id = other.token_id.or(self.token_id.take());
    }

    /// Reads the text form; what cannot be read is nothing.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split(' ');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
        let (rows_read, rows_written) = (number(), number());
        let (packs, answer_bytes) = (number(), number());
        let token_id = parts.next().filter(|id| super::public_id::is_public_id(id));
        Self {
            rows_read,
            rows_written,
            packs,
            answer_bytes,
            token_id: token_id.map(str::to_owned),
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rows_read,
            rows_written,
            packs,
            answer_bytes,
            token_id,
        } = self;
        let token_id = token_id.as_deref().unwrap_or("-");
        write!(
            f,
            "{rows_read} {rows_written} {packs} {answer_bytes} {token_id}"
        )
    }
}

/// One answered request, as it is logged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RequestLine {
    /// The request id that the client was told.
    pub(crate) request_id: String,
    /// The HTTP method.
    pub(crate) method: String,
    /// The path with its names left out: `/git/:ns/:repo/info/refs`.
    pub(crate) route: String,
    /// The namespace, in lower case.
    pub(crate) namespace: Option<String>,
    /// The repository in it, in lower case.
    pub(crate) repository: Option<String>,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The error, as the name of its code.
    pub(crate) error: Option<String>,
    /// Bytes of the body that came, where they are known.
    pub(crate) bytes_in: Option<u64>,
    /// Bytes of the body that went.
    pub(crate) bytes_out: u64,
    /// From the first line to the last byte, as the platform's clock runs.
    pub(crate) wall_ms: i64,
    /// Whether a ready clone was the answer.
    pub(crate) ready: bool,
    /// Resources that the objects used.
    pub(crate) usage: Usage,
}

impl RequestLine {
    /// The texts of its data point: namespace, method, route, error.
    #[must_use]
    pub(crate) fn texts(&self) -> [&str; 4] {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let error = self.error.as_deref().unwrap_or_default();
        [namespace, &self.method, &self.route, error]
    }

    /// The numbers of its data point: status, milliseconds, bytes in and out, rows read and
    /// written.
    #[must_use]
    pub(crate) fn numbers(&self) -> [u64; 6] {
        [
            u64::from(self.status),
            u64::try_from(self.wall_ms).unwrap_or(0),
            self.bytes_in.unwrap_or(0),
            self.bytes_out,
            self.usage.rows_read,
            self.usage.rows_written,
        ]
    }

    /// One line of JSON. It has no field in which a secret could stand.
    #[must_use]
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!({
            "event": "request",
            "request_id": self.request_id,
            "method": self.method,
            "route": self.route,
            "namespace": self.namespace,
            "repository": self.repository,
            "token_id": self.usage.token_id,
            "status": self.status,
            "error": self.error,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "wall_ms": self.wall_ms,
            "rows_read": self.usage.rows_read,
            "rows_written": self.usage.rows_written,
            "packs": self.usage.packs,
            "ready": self.ready,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_one_object_on_one_line() {
        let line = RequestLine {
            request_id: "0123456789abcdef".into(),
            method: "GET".into(),
            route: "/healthz".into(),
            error: Some("NOT_FOUND".into()),
            namespace: Some("a\nb".into()),
            status: 404,
            ..RequestLine::default()
        };
        let json = line.to_json();
        assert!(!json.contains('\n'), "{json}");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["status"], 404);
        assert_eq!(value["error"], "NOT_FOUND");
        assert_eq!(value["bytes_in"], serde_json::Value::Null);
    }

    proptest! {
        #[test]
        fn usage_survives_its_header(
            rows_read in 0_u64..1 << 60, rows_written in 0_u64..1 << 60, packs in 0_u64..9999,
            answer_bytes in 0_u64..1 << 60,
            token_id in proptest::option::of("[0-9a-z]{16}"), other in any::<String>(),
        ) {
            let usage = Usage { rows_read, rows_written, packs, answer_bytes, token_id };
            prop_assert_eq!(&Usage::parse(&usage.to_string()), &usage);
            let mut sum = Usage::parse(&other);
            sum.add(usage.clone());
            prop_assert!(sum.rows_read >= usage.rows_read);
        }
    }
}
