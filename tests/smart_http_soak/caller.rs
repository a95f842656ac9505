//! Requests that a worker repeats until it knows the answer. An idempotency key makes the repetition
//! harmless.

use std::time::Duration;

use serde_json::Value;
use ureq::http::Method;

use super::support::rest::Answer;
use super::support::wait::{until, until_true};
use super::world::World;

/// The time that the server may take to answer a request.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// The pause before a repetition.
pub const PAUSE: Duration = Duration::from_millis(150);

/// The answer to a request.
#[derive(Debug)]
pub struct Known {
    pub answer: Answer,
    /// Earlier sendings of the request. If there are any, one of them may have done the work.
    pub repeated: usize,
}

impl World {
    pub fn get(&self, path: &str) -> Answer {
        self.definitely(Method::GET, path, None, "").answer
    }

    /// Sends a request with this key until an answer settles its result.
    pub fn definitely(&self, method: Method, path: &str, body: Option<&Value>, key: &str) -> Known {
        let text = body.map_or(String::new(), Value::to_string);
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        ];
        let headers = if key.is_empty() {
            &headers[..1]
        } else {
            &headers
        };
        self.definitely_bytes(method, path, headers, text.as_bytes())
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "each caller makes the method for the call"
    )]
    pub fn definitely_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Known {
        let mut repeated = 0;
        let what = format!("a known answer to {method} {path}");
        let answer = until(&what, PATIENCE, || {
            let since = self.calm();
            let sent = self.rest.try_send(method.clone(), path, headers, body);
            match sent {
                Ok(answer) if is_known(&answer) => return Some(answer),
                Ok(answer) => self.judge(&format!("{method} {path}"), &answer, since),
                Err(error) if self.was_calm(since) => {
                    self.fault(format!("{method} {path}: {error}"));
                }
                Err(_) => self.count("requests broken off"),
            }
            repeated += 1;
            pass(PAUSE);
            None
        });
        Known { answer, repeated }
    }

    /// Judges an answer that asks for a retry, or reports a fault.
    fn judge(&self, what: &str, answer: &Answer, since: Option<u64>) {
        let status = answer.status;
        self.count(&format!("answers {status} to REST"));
        let is_honest = status < 500 || (status == 503 && !answer.header("retry-after").is_empty());
        if !is_honest && self.was_calm(since) {
            self.fault(format!("{what}: {status} {}", answer.text()));
        }
    }
}

fn is_known(answer: &Answer) -> bool {
    let is_under_way = answer.status == 409 && !answer.header("retry-after").is_empty();
    answer.status < 500 && answer.status != 429 && !is_under_way
}

/// Lets some time pass.
pub fn pass(time: Duration) {
    let begun = std::time::Instant::now();
    until_true("time passes", time + PATIENCE, || begun.elapsed() >= time);
}
