//! The log line of a request.

use super::refs_changed::RefsChanged;
use super::usage::Usage;

/// One answered request, as it is logged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RequestLine {
    /// The request id that the client got.
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
    /// The session that stood for the credential: a name that opens nothing.
    pub(crate) session: Option<String>,
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

    /// One line of JSON.
    #[must_use]
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!({
            "event": "request",
            "request_id": self.request_id,
            "method": self.method,
            "route": self.route,
            "namespace": self.namespace,
            "repository": self.repository,
            "actor": self.usage.asker.name(),
            "token_id": self.usage.token_id,
            "session": self.session,
            "status": self.status,
            "error": self.error,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "wall_ms": self.wall_ms,
            "rows_read": self.usage.rows_read,
            "rows_written": self.usage.rows_written,
            "packs": self.usage.packs,
            "refs_changed": self.usage.refs_changed.as_ref().map(RefsChanged::to_json),
            "ready": self.ready,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(value["refs_changed"], serde_json::Value::Null);
        assert_eq!(value["actor"], "anonymous");
    }
}
