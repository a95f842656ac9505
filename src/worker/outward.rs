//! Requests to servers of others, whose answers are read whole and have bounds.

use futures::TryStreamExt as _;
use worker::{AbortSignal, Fetch, Request};

/// How long another server may take to answer: Prometheus, which may wait for it, waits ten seconds.
const TIMEOUT_MS: u32 = 5_000;

/// The body of the answer, if its status is 200 and it has at most so many bytes.
pub(crate) async fn body_of(request: Request, bytes_max: usize) -> Result<Vec<u8>, String> {
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(TIMEOUT_MS));
    let sent = Fetch::Request(request).send_with_signal(&signal).await;
    let mut response = sent.map_err(|error| error.to_string())?;
    let status = response.status_code();
    if status != 200 {
        return Err(format!("the answer has status {status}"));
    }
    let mut stream = response.stream().map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.try_next().await.map_err(|error| error.to_string())? {
        if bytes.len().saturating_add(piece.len()) > bytes_max {
            return Err(format!("the answer has more than {bytes_max} bytes"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
