//! The judgement in a hook's answer.

use serde::Deserialize;
use serde_json::Value;

/// Bytes of a hook's message that are passed on.
const MESSAGE_BYTES_MAX: usize = 1000;

/// A hook's judgement of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be published.
    Pass,
    /// It may not; the message is safe to print on a terminal.
    Refused(String),
    /// The hook gave no judgement; why, for the pusher and the log.
    Failed(String),
}

/// A whole answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    /// Whether the body is plain text.
    pub(super) is_text: bool,
    /// The body.
    pub(super) body: &'a [u8],
}

/// A judgement as JSON. Other fields mean nothing.
#[derive(Deserialize)]
struct Judgement {
    #[serde(default)]
    refuse: Value,
}

impl Answer<'_> {
    /// The judgement. A refusal is never taken for a pass: if a body begins like JSON and does not parse,
    /// the hook has failed.
    pub(super) fn verdict(&self) -> Verdict {
        let status = self.status;
        match (status, self.judgement()) {
            (200..=299, Err(())) => {
                Verdict::Failed(format!("its answer has status {status} and malformed JSON"))
            }
            (200..=299, Ok(None | Some(Value::Null))) => Verdict::Pass,
            (200..=299 | 400..=499, Ok(Some(Value::String(message)))) => refused(&message),
            (200..=299, Ok(Some(_))) => {
                Verdict::Failed("the field refuse of its answer is no text".to_owned())
            }
            (400..=499, _) if self.is_text => refused(&String::from_utf8_lossy(self.body)),
            (400..=499, _) => Verdict::Refused(format!("the hook answered with status {status}")),
            _ => Verdict::Failed(format!("it answered with status {status}")),
        }
    }

    /// The field `refuse`, where the body is a JSON object.
    fn judgement(&self) -> Result<Option<Value>, ()> {
        // Some servers begin their JSON with a byte order mark.
        let body = self.body.strip_prefix(b"\xef\xbb\xbf");
        let body = body.unwrap_or(self.body);
        if !body.trim_ascii_start().starts_with(b"{") {
            return Ok(None);
        }
        let judgement: Judgement = serde_json::from_slice(body).map_err(|_| ())?;
        Ok(Some(judgement.refuse))
    }
}

fn refused(message: &str) -> Verdict {
    let message = printable(message);
    if message.is_empty() {
        return Verdict::Refused("the hook gave no reason".to_owned());
    }
    Verdict::Refused(message)
}

/// The text without characters that could change a terminal or the order of the letters, at most
/// [`MESSAGE_BYTES_MAX`] bytes of it. Its lines stay.
fn printable(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.trim().chars() {
        let letter = if letter == '\t' { ' ' } else { letter };
        if letter != '\n' && (letter.is_control() || is_mark(letter)) {
            continue;
        }
        if shown.len().saturating_add(letter.len_utf8()) > MESSAGE_BYTES_MAX {
            break;
        }
        shown.push(letter);
    }
    shown.trim().to_owned()
}

/// Whether a letter reverses the direction of the text behind it, or shows nothing.
fn is_mark(letter: char) -> bool {
    matches!(
        letter,
        '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, is_text: bool, body: &str, expect: &Verdict) {
        let body = body.as_bytes();
        let answer = Answer {
            status,
            is_text,
            body,
        };
        assert_eq!(answer.verdict(), *expect);
    }

    #[test]
    fn a_hook_passes_refuses_or_fails() {
        let refused = |text: &str| Verdict::Refused(text.to_owned());
        let failed = |text: &str| Verdict::Failed(text.to_owned());
        for (status, body) in [(200, ""), (204, ""), (200, "ok"), (201, "{}"), (200, "[1]")] {
            check(status, true, body, &Verdict::Pass);
        }
        check(200, false, r#"{"refuse": null, "note": 1}"#, &Verdict::Pass);
        let no = r#" {"refuse": "no pushes on Friday"}"#;
        for status in [200, 299, 400, 403, 499] {
            check(status, false, no, &refused("no pushes on Friday"));
        }
        check(422, true, "not today\n", &refused("not today"));
        check(403, true, " ", &refused("the hook gave no reason"));
        let bare = refused("the hook answered with status 404");
        check(404, false, "<h1>Not Found</h1>", &bare);
        check(404, false, "{", &bare);
        let malformed = failed("its answer has status 200 and malformed JSON");
        check(200, false, r#"{"refuse": "no"#, &malformed);
        let no_text = failed("the field refuse of its answer is no text");
        check(200, false, r#"{"refuse": true}"#, &no_text);
        for status in [100, 302, 500, 503] {
            let expect = failed(&format!("it answered with status {status}"));
            check(status, false, no, &expect);
        }
    }

    #[test]
    fn a_refusal_behind_a_byte_order_mark_refuses() {
        let no = "\u{feff}{\"refuse\": \"no\"}";
        check(200, false, no, &Verdict::Refused("no".to_owned()));
    }

    #[test]
    fn a_message_cannot_change_a_terminal() {
        let message = "\u{1b}[2Jfirst\r\nsecond\u{202e}\u{0} \u{9b}third\t.\n\n";
        assert_eq!(printable(message), "[2Jfirst\nsecond third .");
        let long = "é".repeat(600);
        assert_eq!(printable(&long), "é".repeat(500));
    }
}
