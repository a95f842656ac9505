//! The remote's server of Git LFS over HTTP. Credentials of the import go to the remote's own origin
//! only, and the headers of an action only to the origin of its URL.

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Origin;
use wasm_bindgen::JsValue;
use worker::web_sys::ReadableStream;
use worker::{
    AbortController, AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect,
    Response, ResponseBody,
};

use super::super::error::ImportError;
use super::super::remote::{HOPS_MAX, in_time, location, unavailable};
use super::batch::{self, Answer, Link, shown};
use crate::git::lfs::Pointer;
use crate::repo_do::contract::{Credentials, LinkUrl, RemoteUrl};
use crate::repo_do::runtime::body::Body;

/// Bytes of a remote's answer about a page of objects: signed URLs have some thousands each.
const ANSWER_BYTES_MAX: usize = 2 << 20;

/// Bytes of an error's body that are read for its message.
const ERROR_BYTES_MAX: usize = 16 << 10;

/// Requests to other hosts that one run of the alarm may make on the platform's free plan, less some
/// to spare.
const REQUESTS_MAX: u32 = 45;

const JSON_TYPE: &str = "application/vnd.git-lfs+json";
const USER_AGENT: &str = concat!("git-lfs/3.6.1 (cairn/", env!("CARGO_PKG_VERSION"), ")");

/// Why an object was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// It will not come.
    Refused(String),
    /// A later request for it may succeed.
    Later(String),
}

/// The remote's server of Git LFS.
pub(super) struct LfsRemote {
    batch_url: LinkUrl,
    /// The origin of the remote itself.
    origin: Origin,
    credentials: Option<Credentials>,
    allow_private: bool,
    requests: Cell<u32>,
}

impl LfsRemote {
    /// The server of this remote, or the one that its `.lfsconfig` names.
    pub(super) fn new(
        remote: &RemoteUrl,
        configured: Option<&str>,
        credentials: Option<Credentials>,
        allow_private: bool,
    ) -> Result<Self, ImportError> {
        let server = configured.map_or_else(|| guessed(&remote.to_string()), str::to_owned);
        let url = format!("{}/objects/batch", server.trim_end_matches('/'));
        let batch_url = LinkUrl::parse(&url, allow_private).map_err(|error| {
            ImportError::GivenUp(format!(
                "the url of the remote's lfs server is refused: {error}"
            ))
        })?;
        Ok(Self {
            batch_url,
            origin: remote.origin(),
            credentials,
            allow_private,
            requests: Cell::new(0),
        })
    }

    /// Whether this run may make further requests.
    pub(super) fn may_ask(&self) -> bool {
        self.requests.get() < REQUESTS_MAX
    }

    /// Asks where these objects can be fetched; the answers are in their order.
    pub(super) async fn batch(&self, objects: &[Pointer]) -> Result<Vec<Answer>, ImportError> {
        let question = batch::question(objects);
        let mut url = self.batch_url.clone();
        for _ in 0..=HOPS_MAX {
            let response = self.ask(&url, &question).await?;
            // As git-lfs does, the question is sent again, after any status.
            if let Some(location) = location(&response)? {
                url = url.redirected(&location).map_err(ImportError::Redirect)?;
                continue;
            }
            let status = response.status_code();
            if status != 200 {
                let words = read(&response, ERROR_BYTES_MAX).await.unwrap_or_default();
                return Err(batch_refused(status, &words));
            }
            let body = read(&response, ANSWER_BYTES_MAX).await?;
            let answers = batch::read(&body, objects, self.allow_private);
            return answers.map_err(|error| ImportError::GivenUp(error.to_string()));
        }
        let message = format!("the remote's lfs server redirects more than {HOPS_MAX} times");
        Err(ImportError::GivenUp(message))
    }

    async fn ask(&self, url: &LinkUrl, question: &str) -> Result<Response, ImportError> {
        let failed = |error: worker::Error| unavailable(&error);
        let headers = self.headers(url, true).map_err(failed)?;
        headers.set("accept", JSON_TYPE).map_err(failed)?;
        headers.set("content-type", JSON_TYPE).map_err(failed)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post)
            .with_body(Some(JsValue::from_str(question)));
        self.send(url, init, headers, None).await
    }

    /// Fetches an object; gives the stream of its bytes, if it has any. `abort` ends it.
    pub(super) async fn open(
        &self,
        link: &Link,
        abort: &AbortController,
    ) -> Result<Option<ReadableStream>, Miss> {
        let signal = abort.signal();
        let mut url = link.url.clone();
        for _ in 0..=HOPS_MAX {
            let headers = self.object_headers(&url, link);
            let headers = headers.map_err(|error| Miss::Refused(error.to_string()))?;
            let sent = self.send(&url, RequestInit::new(), headers, Some(&signal));
            let response = sent.await.map_err(|error| Miss::Later(error.to_string()))?;
            let led = location(&response).map_err(|error| Miss::Refused(error.to_string()))?;
            if let Some(location) = led {
                url = url.redirected(&location).map_err(|error| {
                    Miss::Refused(format!(
                        "the remote redirects to a url that is refused: {error}"
                    ))
                })?;
                continue;
            }
            return body_of(&response, link.bytes);
        }
        Err(Miss::Refused(format!("more than {HOPS_MAX} redirects")))
    }

    fn object_headers(&self, url: &LinkUrl, link: &Link) -> worker::Result<Headers> {
        let is_its_own = url.origin() == link.url.origin();
        let authorizes = |(name, _): &(String, String)| name == "authorization";
        let is_open = link.is_authenticated || link.headers.iter().any(authorizes);
        let headers = self.headers(url, !is_open)?;
        for (name, value) in link.headers.iter().filter(|_| is_its_own) {
            headers.set(name, value)?;
        }
        Ok(headers)
    }

    /// The headers of every request; with the import's credentials, if the URL is on the remote's own
    /// origin.
    fn headers(&self, url: &LinkUrl, with_credentials: bool) -> worker::Result<Headers> {
        let headers = Headers::new();
        headers.set("user-agent", USER_AGENT)?;
        headers.set("cache-control", "no-cache")?;
        let credentials = self.credentials.as_ref();
        let credentials = credentials.filter(|_| with_credentials && url.origin() == self.origin);
        if let Some(Credentials { username, password }) = credentials {
            let basic = STANDARD.encode(format!("{username}:{password}"));
            headers.set("authorization", &format!("Basic {basic}"))?;
        }
        Ok(headers)
    }

    async fn send(
        &self,
        url: &LinkUrl,
        mut init: RequestInit,
        headers: Headers,
        signal: Option<&AbortSignal>,
    ) -> Result<Response, ImportError> {
        self.requests.set(self.requests.get().saturating_add(1));
        init.with_headers(headers)
            .with_redirect(RequestRedirect::Manual);
        let request = Request::new_with_init(url.as_str(), &init);
        let fetch = Fetch::Request(request.map_err(|error| unavailable(&error))?);
        let response = match signal {
            Some(signal) => in_time(fetch.send_with_signal(signal)).await?,
            None => in_time(fetch.send()).await?,
        };
        response.map_err(|error| unavailable(&error))
    }
}

/// The server of a remote that names none, as git-lfs guesses it.
fn guessed(remote: &str) -> String {
    let base = remote.strip_suffix(".git").unwrap_or(remote);
    format!("{base}.git/info/lfs")
}

/// The server does not answer the question.
fn batch_refused(status: u16, body: &[u8]) -> ImportError {
    let words: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let words = words.get("message").and_then(serde_json::Value::as_str);
    let words = words.map(|words| format!(": {}", shown(words)));
    let words = words.unwrap_or_default();
    match status {
        401 | 403 | 407 => ImportError::Credentials,
        408 | 425 | 429 | 500 | 502..=506 => {
            ImportError::Unavailable(format!("the remote's lfs server says {status}{words}"))
        }
        404 | 405 | 406 | 410 | 501 => ImportError::GivenUp(format!(
            "the remote has no lfs server: it says {status}{words}"
        )),
        _ => ImportError::GivenUp(format!("the remote's lfs server says {status}{words}")),
    }
}

/// The bytes of an object, if the answer is one.
fn body_of(response: &Response, bytes: u64) -> Result<Option<ReadableStream>, Miss> {
    let status = response.status_code();
    let refusal = format!("the remote answers with status {status}");
    match status {
        200 => {}
        400 | 404 | 405 | 410 | 422 => return Err(Miss::Refused(refusal)),
        // The signature of a URL may have expired.
        _ => return Err(Miss::Later(refusal)),
    }
    let header = |name| response.headers().get(name).ok().flatten();
    let length = header("content-length").and_then(|length| length.parse::<u64>().ok());
    if let Some(length) = length.filter(|_| header("content-encoding").is_none())
        && length != bytes
    {
        let message = format!("the remote sends {length} bytes where it has {bytes}");
        return Err(Miss::Later(message));
    }
    match response.body() {
        ResponseBody::Stream(stream) => Ok(Some(stream.clone())),
        _ if bytes == 0 => Ok(None),
        _ => Err(Miss::Later("the remote's answer has no body".to_owned())),
    }
}

/// Reads a whole answer of a bounded size.
async fn read(response: &Response, bytes_max: usize) -> Result<Vec<u8>, ImportError> {
    let mut body = Body::of_response(response).map_err(|error| unavailable(&error))?;
    let (mut whole, mut piece) = (Vec::new(), Vec::new());
    while in_time(body.next(&mut piece))
        .await?
        .map_err(|error| unavailable(&error))?
    {
        whole.extend_from_slice(&piece);
        if whole.len() > bytes_max {
            body.cancel();
            let message =
                format!("the remote's lfs server answers with more than {bytes_max} bytes");
            return Err(ImportError::GivenUp(message));
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_guessed_as_git_lfs_does() {
        let server = "https://example.com/foo/bar.git/info/lfs";
        assert_eq!(guessed("https://example.com/foo/bar"), server);
        assert_eq!(guessed("https://example.com/foo/bar.git"), server);
    }

    #[test]
    fn credentials_may_go_to_the_remote_alone() {
        let (remote, _) = RemoteUrl::parse("https://git.example.com/x", false).unwrap();
        let refused = |server: &str| {
            let made = LfsRemote::new(&remote, Some(server), None, false);
            made.err().map(|error| error.to_string())
        };
        for server in [
            "http://a.example/x",
            "https://10.0.0.1/x",
            "ssh://a.example/x",
            "x",
        ] {
            assert!(refused(server).unwrap().contains("is refused"), "{server}");
        }
        assert_eq!(refused("https://a.example/x/"), None);
        let own = LinkUrl::parse("https://git.example.com/y?z", false).unwrap();
        let other = LinkUrl::parse("https://git.example.com:8443/y", false).unwrap();
        assert!(own.origin() == remote.origin() && other.origin() != remote.origin());
    }

    #[test]
    fn a_remote_without_lfs_is_told_from_one_that_is_busy() {
        let told = |status| batch_refused(status, br#"{"message": "why\r\nnot"}"#);
        assert!(matches!(told(401), ImportError::Credentials));
        assert!(matches!(told(503), ImportError::Unavailable(_)));
        assert!(matches!(told(429), ImportError::Unavailable(_)));
        assert_eq!(
            told(404).to_string(),
            "the remote has no lfs server: it says 404: whynot"
        );
        assert!(matches!(told(413), ImportError::GivenUp(_)));
    }
}
