//! A write with an `Idempotency-Key` is done once
//! ([ADR 72](../../../docs/adr/0072-a-write-with-a-key-is-done-once.md)).
//!
//! Nothing is written before the request is done: the transaction that publishes its change keeps
//! its answer too. A request that changes nothing keeps nothing.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};
use worker::Request;

use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::running_requests::RunningRequest;
use crate::repo_do::state::store::Store;
use crate::storage::repository::idempotency::{Digest, DoneRequest};

/// When to send a request again that is being done.
const RETRY_AFTER_SECONDS: u32 = 1;

/// A request at its beginning: a first one, or one that was done before.
pub(crate) enum Begun {
    /// It is done now.
    ToDo(Once),
    /// One with its key was done before: [`Before::answer`] answers it.
    Before(Before),
}

/// A request that is being done. Without a key it costs nothing.
#[derive(Default)]
pub(crate) struct Once(Option<Keyed>);

struct Keyed {
    running: RunningRequest,
    digest: RefCell<RequestDigest>,
}

/// A request whose key was used before.
pub(crate) struct Before {
    done: DoneRequest,
    digest: RequestDigest,
}

/// SHA-256 of method, path and body, as far as the body was read.
struct RequestDigest(Sha256);

impl Once {
    /// Begins a request. Its body is still to be read.
    pub(crate) fn begin(
        object: &Rc<RepoObject>,
        store: &Store,
        request: &Request,
    ) -> Result<Begun, ErrorReply> {
        let given = request.headers().get(header::ONCE).ok().flatten();
        let Some(given) = given else {
            return Ok(Begun::ToDo(Self::default()));
        };
        let key = key_of(&given)?;
        let running = object.running_requests.begin(key).ok_or_else(running)?;
        let digest = RequestDigest::of_route(request.method().as_ref(), &request.path());
        Ok(match store.find_done(running.key(), now_ms())? {
            Some(done) => Begun::Before(Before { done, digest }),
            None => Begun::ToDo(Self(Some(Keyed {
                running,
                digest: RefCell::new(digest),
            }))),
        })
    }

    /// Whether the request has a key.
    pub(crate) fn has_key(&self) -> bool {
        self.0.is_some()
    }

    /// Notes bytes of the body, which are read to its end before anything is published.
    pub(crate) fn note_body(&self, bytes: &[u8]) {
        if let Some(keyed) = &self.0 {
            keyed.digest.borrow_mut().feed(bytes);
        }
    }

    /// Keeps the answer: in the transaction that publishes the request's changes.
    pub(crate) fn keep(
        &self,
        store: &Store,
        answer: Option<(u16, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let Some(keyed) = &self.0 else {
            return Ok(());
        };
        let unfit = |what: &str| StoreError::Failed(format!("an answer to be kept {what}"));
        let (status, answer) = answer.ok_or_else(|| unfit("cannot be written"))?;
        let answer = String::from_utf8(answer).map_err(|_| unfit("is no text"))?;
        let done = DoneRequest {
            request: keyed.digest.borrow().so_far(),
            status,
            answer,
        };
        store.keep_done(keyed.running.key(), &done, now_ms())
    }
}

impl Before {
    /// Gives the first answer again, if this is the same request.
    pub(crate) async fn answer(mut self, request: &Request) -> Answer {
        let unread = |error| ErrorReply::new(ErrorCode::InvalidInput, format!("{error}"));
        let mut body = Body::of(request).map_err(unread)?;
        let mut piece = Vec::new();
        while body.next(&mut piece).await.map_err(unread)? {
            self.digest.feed(&piece);
        }
        if self.digest.so_far() != self.done.request {
            let message = "the Idempotency-Key was sent with another request";
            return Err(ErrorReply::new(ErrorCode::KeyReused, message));
        }
        let mut answer = answer::json(self.done.answer.into_bytes())?;
        answer.headers_mut().set(header::REPLAYED, "true")?;
        Ok(answer.with_status(self.done.status))
    }
}

impl RequestDigest {
    fn of_route(method: &str, path: &str) -> Self {
        // The hash has a fixed length, so that no other route and body give the same bytes.
        let route = Sha256::digest(format!("{method} {path}"));
        Self(Sha256::new().chain_update(route))
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn so_far(&self) -> Digest {
        self.0.clone().finalize().into()
    }
}

fn key_of(hex: &str) -> Result<Digest, ErrorReply> {
    let mut key = [0; 32];
    let read =
        hex.len() == 2 * key.len() && faster_hex::hex_decode(hex.as_bytes(), &mut key).is_ok();
    let bad = || {
        ErrorReply::new(
            ErrorCode::InternalError,
            "the worker sent a key that is none",
        )
    };
    read.then_some(key).ok_or_else(bad)
}

fn running() -> ErrorReply {
    let message = "the same request is being done";
    ErrorReply {
        retry_after_seconds: Some(RETRY_AFTER_SECONDS),
        ..ErrorReply::new(ErrorCode::CreateInProgress, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_of_the_path_and_of_the_body_however_it_comes() {
        let digest = |path: &str, pieces: &[&str]| {
            let mut digest = RequestDigest::of_route("POST", path);
            for piece in pieces {
                digest.feed(piece.as_bytes());
            }
            digest.so_far()
        };
        assert_eq!(digest("/a", &["bc", "", "d"]), digest("/a", &["bcd"]));
        let others = [("/a", "bce"), ("/ab", "cd"), ("/a", ""), ("/b", "bcd")];
        for (path, body) in others {
            assert_ne!(
                digest("/a", &["bcd"]),
                digest(path, &[body]),
                "{path} {body}"
            );
        }
    }

    #[test]
    fn a_key_is_32_bytes_in_hex() {
        assert_eq!(key_of(&"0f".repeat(32)).unwrap(), [15; 32]);
        for wrong in ["", "0f", &"0g".repeat(32), &"0f".repeat(33)] {
            let error = key_of(wrong).unwrap_err();
            assert_eq!(error.code, ErrorCode::InternalError);
        }
    }
}
