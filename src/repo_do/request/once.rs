//! A write with an `Idempotency-Key` is done once
//! ([ADR 72](../../../docs/adr/0072-a-write-with-a-key-is-done-once.md)).
//!
//! Nothing is written before the request is done: the transaction that publishes its change keeps
//! its answer too. A request that changes nothing keeps nothing.

use std::rc::Rc;

use sha2::{Digest as _, Sha256};
use worker::{Request, Response};

use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::running_requests::RunningRequest;
use crate::repo_do::state::store::Store;
use crate::storage::repository::idempotency::{Digest, DoneRequest};

/// When to send a request again that is being done.
const RETRY_AFTER_SECONDS: u32 = 1;

/// What is to be done with a request.
pub(crate) enum Begun {
    /// It is done now.
    ToDo(Once),
    /// One with its key was done before: [`Before::answer`] answers it.
    Before(Before),
}

/// A request that is being done. Without a key it costs nothing.
pub(crate) struct Once(Option<(RunningRequest, RequestDigest)>);

/// A request whose key was used before.
pub(crate) struct Before {
    done: DoneRequest,
    digest: RequestDigest,
}

/// SHA-256 of path and body, as far as the body was read.
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
            return Ok(Begun::ToDo(Self(None)));
        };
        let key = key_of(&given)?;
        let running = object.running_requests.begin(key).ok_or_else(running)?;
        let digest = RequestDigest::of_path(&request.path());
        Ok(match store.find_done(running.key(), now_ms())? {
            Some(done) => Begun::Before(Before { done, digest }),
            None => Begun::ToDo(Self(Some((running, digest)))),
        })
    }

    /// Notes bytes of the body, which are read to its end before anything is published.
    pub(crate) fn note_body(&mut self, bytes: &[u8]) {
        if let Some((_, digest)) = &mut self.0 {
            digest.feed(bytes);
        }
    }

    /// Keeps the answer: in the transaction that publishes what the request changes.
    pub(crate) fn keep(&self, store: &Store, status: u16, answer: &str) -> Result<(), StoreError> {
        let Some((running, digest)) = &self.0 else {
            return Ok(());
        };
        let done = DoneRequest {
            request: digest.so_far(),
            status,
            answer: answer.to_owned(),
        };
        store.keep_done(running.key(), &done, now_ms())
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
        let answer = Response::builder()
            .with_status(self.done.status)
            .with_header("content-type", "application/json")?
            .with_header(header::REPLAYED, "true")?;
        Ok(answer.from_bytes(self.done.answer.into_bytes())?)
    }
}

impl RequestDigest {
    fn of_path(path: &str) -> Self {
        // Of a fixed length, so that no path and body are another path and body together.
        Self(Sha256::new().chain_update(Sha256::digest(path)))
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
            let mut digest = RequestDigest::of_path(path);
            pieces
                .iter()
                .for_each(|piece| digest.feed(piece.as_bytes()));
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
