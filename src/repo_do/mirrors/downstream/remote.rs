//! A downstream's server over HTTP: its refs, and a push with its report.

use std::pin::pin;

use futures::future::{Either, select};
use worker::{
    AbortController, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response,
};

use super::body::{Pulled, PushBody};
use super::error::PushError;
use crate::git::limits::Limits;
use crate::git::refspec::Refspecs;
use crate::git::send_client::advertisement::{Advertisement, AdvertisementReader};
use crate::git::send_client::report::{Report, ReportReader};
use crate::git::send_client::request::PROBE;
use crate::repo_do::contract::{Credentials, RemoteUrl, retry};
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::lifecycle::import::remote::{
    HOPS_MAX, check, headers, location, read, send, unavailable,
};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer;

const INFO_REFS: &str = "/info/refs?service=git-receive-pack";
const RECEIVE_PACK: &str = "/git-receive-pack";
const ADVERTISEMENT_TYPE: &str = "application/x-git-receive-pack-advertisement";
const REQUEST_TYPE: &str = "application/x-git-receive-pack-request";
const RESULT_TYPE: &str = "application/x-git-receive-pack-result";

/// How long the remote may take nothing of a push and say nothing, in milliseconds. Git's server speaks
/// every five seconds, once it has the pack.
const SILENCE_MS: i64 = 120_000;

/// How often Cairn looks for such a silence.
const LOOK_MS: u32 = 5_000;

/// How long a push may take.
const PUSH_MINUTES_MAX: i64 = 12;

/// A remote that has told its refs.
pub(super) struct Remote {
    url: RemoteUrl,
    credentials: Option<Credentials>,
    /// Its refs and capabilities.
    pub(super) advertisement: Advertisement,
}

impl Remote {
    /// Asks for the refs, following redirects.
    pub(super) async fn discover(
        url: &RemoteUrl,
        credentials: Option<&Credentials>,
        refspecs: &Refspecs,
    ) -> Result<Self, PushError> {
        let mut at = url.clone();
        for _ in 0..=HOPS_MAX {
            // A redirect may lead to another owner's server.
            let credentials = credentials.filter(|_| at.same_origin(url));
            let headers = own_headers(credentials)?;
            let response = send(&at.service(INFO_REFS), RequestInit::new(), headers).await?;
            if let Some(location) = location(&response)? {
                let redirected = at.redirected(&location, INFO_REFS);
                at = redirected.map_err(ImportError::Redirect)?;
                continue;
            }
            check_busy(&response)?;
            check(&response, ADVERTISEMENT_TYPE)?;
            let mut reader = AdvertisementReader::new(refspecs, &Limits::DEFAULT);
            read::<PushError>(&response, |piece| Ok(reader.feed(piece)?)).await?;
            return Ok(Self {
                url: at,
                credentials: credentials.cloned(),
                advertisement: reader.finish()?,
            });
        }
        let message = format!("more than {HOPS_MAX} redirects");
        Err(ImportError::NotGit(message).into())
    }

    /// Sends a push; gives the report, and how many bytes it took.
    pub(super) async fn push(&self, body: PushBody) -> Result<(Report, u64), PushError> {
        if body.is_streamed() {
            // Git does so before a long body: a server that refuses the push refuses this request at once.
            let (probe, _) = self.post(PushBody::whole(PROBE.to_vec())).await?;
            check(&probe, RESULT_TYPE)?;
            read::<PushError>(&probe, |_| Ok(())).await?;
        }
        let (response, pulled) = self.post(body).await?;
        check(&response, RESULT_TYPE)?;
        let mut reader = ReportReader::new(self.advertisement.features);
        read::<PushError>(&response, |piece| Ok(reader.feed(piece)?)).await?;
        Ok((reader.finish()?, pulled.bytes()))
    }

    async fn post(&self, body: PushBody) -> Result<(Response, Pulled), PushError> {
        let failed = |error: worker::Error| unavailable(&error);
        let headers = own_headers(self.credentials.as_ref())?;
        headers.set("content-type", REQUEST_TYPE).map_err(failed)?;
        headers.set("accept", RESULT_TYPE).map_err(failed)?;
        let (body, pulled) = body.into_js().map_err(failed)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post)
            .with_headers(headers)
            .with_redirect(RequestRedirect::Manual)
            .with_body(Some(body));
        let url = self.url.service(RECEIVE_PACK);
        let request = Request::new_with_init(&url, &init).map_err(failed)?;
        let response = answered(request, &pulled).await?;
        check_busy(&response)?;
        match response.status_code() {
            413 => Err(PushError::TooLarge {
                bytes: pulled.bytes(),
            }),
            _ => Ok((response, pulled)),
        }
    }
}

/// Waits for the answer's head, as long as the remote takes bytes of the body.
async fn answered(request: Request, pulled: &Pulled) -> Result<Response, PushError> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let request = Fetch::Request(request);
    let mut sending = pin!(request.send_with_signal(&signal));
    let until_ms = now_ms().saturating_add(PUSH_MINUTES_MAX * 60_000);
    loop {
        match select(sending.as_mut(), pin!(timer::after(LOOK_MS))).await {
            Either::Left((Ok(response), _)) => return Ok(response),
            Either::Left((Err(error), _)) => {
                return Err(match pulled.fault() {
                    Some(fault) => fault,
                    None => unavailable(&error).into(),
                });
            }
            Either::Right(_) if now_ms() > until_ms => {
                abort.abort();
                return Err(PushError::TooSlow {
                    minutes: PUSH_MINUTES_MAX,
                });
            }
            Either::Right(_) if now_ms().saturating_sub(pulled.last_ms()) > SILENCE_MS => {
                abort.abort();
                let message = "the remote does not answer".to_owned();
                return Err(ImportError::Unavailable(message).into());
            }
            Either::Right(_) => {}
        }
    }
}

fn own_headers(credentials: Option<&Credentials>) -> Result<Headers, ImportError> {
    let headers = headers(credentials).map_err(|error| unavailable(&error))?;
    // A push is of version 0, and git's client asks for no other.
    let deleted = headers.delete("git-protocol");
    deleted.map_err(|error| unavailable(&error))?;
    Ok(headers)
}

/// Fails if the remote has no time, and notes when it may have some.
fn check_busy(response: &Response) -> Result<(), PushError> {
    let status = response.status_code();
    if !matches!(status, 429 | 503) {
        return Ok(());
    }
    let header = response.headers().get("retry-after").ok().flatten();
    Err(PushError::Busy {
        status,
        retry_at_ms: header.and_then(|header| retry::retry_at_ms(&header, now_ms())),
    })
}
