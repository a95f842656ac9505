//! The REST envelope: `{result, success, errors, messages, result_info?}`.

use serde::Serialize;
use serde_json::Value;

use super::reply::{BEARER, Reply};
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};

/// On every REST answer: it may hold a secret or private content and is never to be rendered.
/// Pages of other origins read one only where the operator lists theirs (`super::cors`).
pub(crate) const HEADERS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'; sandbox",
    ),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

#[derive(Serialize)]
struct Envelope<'a, T> {
    result: Option<T>,
    success: bool,
    errors: Vec<ShownError<'a>>,
    messages: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    result_info: Option<ResultInfo>,
}

#[derive(Serialize)]
struct ShownError<'a> {
    code: u32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
}

#[derive(Serialize)]
struct Source<'a> {
    pointer: &'a str,
}

/// Facts about a list, beside its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum ResultInfo {
    /// A list read on by cursor; an empty cursor is the end.
    Cursor {
        /// Cursor of the next page.
        cursor: String,
        /// Entries asked for.
        per_page: u32,
        /// Entries given.
        count: usize,
    },
    /// A list read by cursor or by page number.
    Page {
        /// This page, from 1; `None` behind a cursor.
        #[serde(skip_serializing_if = "Option::is_none")]
        page: Option<u32>,
        /// Entries asked for.
        per_page: u32,
        /// Pages altogether; `None` behind a cursor.
        #[serde(skip_serializing_if = "Option::is_none")]
        total_pages: Option<u64>,
        /// Entries given.
        count: usize,
        /// Entries altogether.
        total_count: u64,
        /// Cursor of the next page; empty at the end.
        cursor: String,
    },
}

impl ResultInfo {
    /// One page of `total_count` entries, by its number or behind a cursor.
    #[must_use]
    pub(crate) fn page(
        page: Option<u32>,
        per_page: u32,
        count: usize,
        total_count: u64,
        cursor: String,
    ) -> Self {
        let total_pages = total_count.div_ceil(u64::from(per_page.max(1)));
        Self::Page {
            page,
            per_page,
            total_pages: page.map(|_| total_pages),
            count,
            total_count,
            cursor,
        }
    }
}

/// An answer with a result.
pub(crate) fn success<T: Serialize>(status: u16, result: &T) -> Result<Reply, ErrorReply> {
    enveloped(status, Some(result), Vec::new(), None)
}

/// An answer with one page of a list that is read on by cursor; without one it is the last page.
pub(crate) fn page<T: Serialize>(
    entries: &[T],
    per_page: u32,
    cursor: Option<String>,
) -> Result<Reply, ErrorReply> {
    let info = ResultInfo::Cursor {
        cursor: cursor.unwrap_or_default(),
        per_page,
        count: entries.len(),
    };
    list(entries, info)
}

/// An answer with one page of a list: the one of this number, if one was asked for and all entries
/// were counted, and otherwise one behind a cursor.
pub(crate) fn numbered_page<T: Serialize>(
    entries: &[T],
    per_page: u32,
    number: Option<u32>,
    total_count: Option<u64>,
    cursor: Option<String>,
) -> Result<Reply, ErrorReply> {
    let Some((number, total_count)) = number.zip(total_count) else {
        return page(entries, per_page, cursor);
    };
    let (count, cursor) = (entries.len(), cursor.unwrap_or_default());
    let info = ResultInfo::page(Some(number), per_page, count, total_count, cursor);
    list(entries, info)
}

/// An answer with one page of a list.
pub(crate) fn list<T: Serialize>(entries: &[T], info: ResultInfo) -> Result<Reply, ErrorReply> {
    let (ResultInfo::Cursor { cursor, .. } | ResultInfo::Page { cursor, .. }) = &info;
    let next = cursor.clone();
    let reply = enveloped(200, Some(entries), Vec::new(), Some(info))?;
    Ok(reply.with_header(header::NEXT, next))
}

/// An answer that was made before.
#[must_use]
pub(crate) fn verbatim(status: u16, body: String) -> Reply {
    with_headers(Reply::new(status, "application/json", body))
}

/// 204: done, and nothing to say.
#[must_use]
pub(crate) fn no_content() -> Reply {
    with_headers(Reply {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    })
}

/// An error's answer.
#[must_use]
pub(crate) fn failure(error: &ErrorReply) -> Reply {
    let shown = ShownError {
        code: error.code.number(),
        message: &error.message,
        source: error.pointer.as_deref().map(|pointer| Source { pointer }),
        details: error.details.as_deref(),
    };
    let status = error.code.status();
    enveloped::<()>(status, None, vec![shown], None)
        .unwrap_or_else(|_| Reply::new(500, "application/json", String::new()))
        .with_error_headers(error, &[BEARER])
}

fn enveloped<T: Serialize + ?Sized>(
    status: u16,
    result: Option<&T>,
    errors: Vec<ShownError<'_>>,
    result_info: Option<ResultInfo>,
) -> Result<Reply, ErrorReply> {
    let success = errors.is_empty();
    let envelope = Envelope {
        result,
        success,
        errors,
        messages: [],
        result_info,
    };
    let body = serde_json::to_string(&envelope)
        .map_err(|_| ErrorReply::new(ErrorCode::InternalError, "the answer cannot be written"))?;
    Ok(with_headers(Reply::new(status, "application/json", body)))
}

/// Adds the headers that every answer of REST has.
#[must_use]
pub(crate) fn with_headers(reply: Reply) -> Reply {
    HEADERS
        .into_iter()
        .fold(reply, |reply, (name, value)| reply.with_header(name, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(reply: &Reply) -> Value {
        serde_json::from_str(&reply.body).unwrap()
    }

    #[test]
    fn a_result_and_a_list() {
        let reply = success(201, &json!({"id": "x"})).unwrap();
        assert_eq!(reply.status, 201);
        assert_eq!(
            body(&reply),
            json!({"result": {"id": "x"}, "success": true, "errors": [], "messages": []})
        );
        let info = ResultInfo::page(Some(2), 2, 2, 5, "x".to_owned());
        let reply = list(&[1, 2], info).unwrap();
        assert_eq!(
            body(&reply),
            json!({
                "result": [1, 2], "success": true, "errors": [], "messages": [],
                "result_info": {
                    "page": 2, "per_page": 2, "total_pages": 3, "count": 2, "total_count": 5,
                    "cursor": "x",
                },
            })
        );
        let info = ResultInfo::page(None, 2, 1, 5, String::new());
        let reply = list(&[5], info).unwrap();
        assert_eq!(
            body(&reply)["result_info"],
            json!({"per_page": 2, "count": 1, "total_count": 5, "cursor": ""})
        );
    }

    #[test]
    fn an_error_names_its_field() {
        let reply = failure(&ErrorReply::at(
            ErrorCode::InvalidRepoName,
            "/name",
            "the name is empty",
        ));
        assert_eq!(reply.status, 400);
        let body = body(&reply);
        assert_eq!(body["success"], false);
        assert_eq!(body["result"], Value::Null);
        assert_eq!(body["errors"][0]["code"], 10_101);
        assert_eq!(body["errors"][0]["source"]["pointer"], "/name");
    }

    #[test]
    fn an_error_tells_the_present_value() {
        let error = ErrorReply::at(
            ErrorCode::Conflict,
            "/expected_head",
            "the branch has moved",
        );
        let reply = failure(&error.with_details(json!({"actual": null})));
        assert_eq!(reply.status, 409);
        let error = &body(&reply)["errors"][0];
        assert_eq!(error["code"], 10_310);
        assert_eq!(error["details"], json!({"actual": null}));
    }

    #[test]
    fn answers_are_never_cached_rendered_or_shared() {
        let replies = [
            success(200, &()).unwrap(),
            failure(&ErrorReply::new(ErrorCode::NotFound, "x")),
            no_content(),
        ];
        for reply in replies {
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
    }

    #[test]
    fn rest_is_challenged_as_bearer() {
        let reply = failure(&ErrorReply::new(ErrorCode::Unauthorized, "x"));
        assert_eq!(
            reply.header("www-authenticate"),
            Some(r#"Bearer realm="cairn""#)
        );
    }
}
