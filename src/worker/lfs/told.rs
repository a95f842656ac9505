//! Answers and errors as the specification has them
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md#response-errors>).

use serde::Serialize;

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::fault::fault;
use crate::worker::reply::{BASIC, BEARER, Reply};

/// The media type of every JSON body.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// The server has no room for the object.
const INSUFFICIENT_STORAGE: u16 = 507;

/// An answer in JSON.
pub(crate) fn json<T: Serialize>(status: u16, body: &T) -> Result<Reply, ErrorReply> {
    let body = serde_json::to_string(body).map_err(|error| fault("lfs answer", &error))?;
    Ok(with_headers(Reply::new(status, MEDIA_TYPE, body)))
}

/// An error.
#[must_use]
pub(crate) fn error(error: &ErrorReply, request_id: &str) -> Reply {
    let body = serde_json::json!({ "message": error.message, "request_id": request_id });
    let status = match error.code {
        // The specification has a status of its own for this; git-lfs takes 403 for a wrong credential.
        ErrorCode::QuotaExceeded => INSUFFICIENT_STORAGE,
        code => code.status(),
    };
    let reply = with_headers(Reply::new(status, MEDIA_TYPE, body.to_string()))
        .with_error_headers(error, &[BASIC, BEARER]);
    match error.code {
        // git-lfs looks here first; in a browser it opens no dialog.
        ErrorCode::Unauthorized => reply.with_header("lfs-authenticate", BASIC),
        _ => reply,
    }
}

/// A batch's answer may hold the caller's credential.
fn with_headers(reply: Reply) -> Reply {
    reply
        .with_header("cache-control", "no-store, no-transform")
        .with_header("x-content-type-options", "nosniff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_json_that_names_the_request() {
        let reply = error(&ErrorReply::new(ErrorCode::Forbidden, "no"), "r1");
        assert_eq!(reply.status, 403);
        assert_eq!(reply.header("content-type"), Some(MEDIA_TYPE));
        assert_eq!(reply.header("lfs-authenticate"), None);
        let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({ "message": "no", "request_id": "r1" })
        );
    }

    #[test]
    fn credentials_are_asked_for_in_both_headers() {
        let reply = error(&ErrorReply::new(ErrorCode::Unauthorized, "who"), "r1");
        assert_eq!(reply.status, 401);
        let basic = Some(r#"Basic realm="cairn""#);
        assert_eq!(reply.header("lfs-authenticate"), basic);
        assert_eq!(reply.header("www-authenticate"), basic);
        let busy = error(&ErrorReply::busy(3, "later"), "r1");
        let full = error(&ErrorReply::new(ErrorCode::QuotaExceeded, "full"), "r1");
        assert_eq!(full.status, 507);
        assert_eq!((busy.status, busy.header("retry-after")), (503, Some("3")));
    }
}
