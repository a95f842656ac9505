//! The body of a request that writes, as JSON.

use serde::de::DeserializeOwned;
use worker::Request;

use super::request::WriteRequest;
use crate::repo_do::contract::{ErrorCode, ErrorReply, strict};
use crate::repo_do::runtime::admission;
use crate::repo_do::runtime::body::{Body, BodyError};
use crate::repo_do::runtime::memory::{REQUEST_FREE_BYTES, Reservation};

/// Bytes of memory for each byte of a JSON body: the body, the values read from it, and the contents
/// of files beside their names.
const JSON_FACTOR: u64 = 3;

/// Bytes of a refused body that is read to its end all the same: the most that the platform takes.
const DRAINED_BYTES_MAX: u64 = 500 << 20;

/// Memory that a body holds, for as long as its request runs.
pub(crate) struct HeldBody(Reservation);

impl HeldBody {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self(Reservation::empty_share())
    }

    /// Reserves memory for this many bytes of JSON.
    pub(crate) async fn hold(&mut self, json_bytes: usize) -> Result<(), ErrorReply> {
        let bytes = json_bytes as u64;
        if bytes <= REQUEST_FREE_BYTES {
            return Ok(());
        }
        admission::grow(&mut self.0, bytes.saturating_mul(JSON_FACTOR)).await
    }
}

/// Reads a body of at most `bytes_max` bytes, strictly. The caller keeps the value beside it while the
/// request runs.
pub(crate) async fn json<T: DeserializeOwned>(
    write: &WriteRequest,
    bytes_max: usize,
) -> Result<(T, HeldBody), ErrorReply> {
    let mut held = HeldBody::new();
    let bytes = whole(write, bytes_max, &mut held).await?;
    Ok((strict::object(&bytes)?, held))
}

/// Reads a body of at most `bytes_max` bytes.
async fn whole(
    write: &WriteRequest,
    bytes_max: usize,
    held: &mut HeldBody,
) -> Result<Vec<u8>, ErrorReply> {
    let request = &write.request;
    let mut body = Body::of(request).map_err(|error| unreadable(&error))?;
    let read = match check_told(request, bytes_max as u64) {
        Ok(_) => read(&mut body, bytes_max, held).await,
        Err(error) => Err(error),
    };
    match &read {
        Ok(bytes) => write.once.note_body(bytes),
        Err(_) => give_up(&mut body, request).await,
    }
    read
}

async fn read(
    body: &mut Body,
    bytes_max: usize,
    held: &mut HeldBody,
) -> Result<Vec<u8>, ErrorReply> {
    let (mut bytes, mut piece) = (Vec::new(), Vec::new());
    while body
        .next(&mut piece)
        .await
        .map_err(|error| unreadable(&error))?
    {
        let all = bytes.len().saturating_add(piece.len());
        if all > bytes_max {
            return Err(strict::too_large(bytes_max));
        }
        held.hold(all).await?;
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Reads the rest of a body that is refused, because many clients read no answer before they have
/// sent everything. One that says that it is longer than the platform takes is not read.
pub(crate) async fn give_up(body: &mut Body, request: &Request) {
    match check_told(request, DRAINED_BYTES_MAX) {
        Ok(_) => body.drain().await,
        Err(_) => body.cancel(),
    }
}

/// Refuses a body that says that it is too long before it is read.
pub(crate) fn check_told(request: &Request, bytes_max: u64) -> Result<Option<u64>, ErrorReply> {
    let told = request.headers().get("content-length").ok().flatten();
    let told = told.and_then(|told| told.parse::<u64>().ok());
    match told {
        Some(told) if told > bytes_max => {
            let message = format!("the body has {told} bytes, at most {bytes_max} are taken");
            Err(ErrorReply::new(ErrorCode::MemoryLimit, message))
        }
        told => Ok(told),
    }
}

/// The body broke off, or comes too slowly.
pub(crate) fn unreadable(error: &BodyError) -> ErrorReply {
    ErrorReply::new(ErrorCode::InvalidInput, error.to_string())
}
