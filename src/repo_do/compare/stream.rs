//! Answers sent piece by piece, as the client takes them.

use futures::stream;
use worker::Response;

use crate::repo_do::contract::ErrorReply;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::lease::Lease;
use crate::storage::fault_log;

/// Bytes of a piece.
pub(super) const PIECE_BYTES: usize = 128 << 10;

/// An answer that is made piece by piece.
pub(super) trait Pieces {
    /// Appends a piece of some [`PIECE_BYTES`]; `false` when no more follows.
    async fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool, ErrorReply>;
}

/// Sends an answer. A fault before the first piece is full becomes the answer's status; later a failure
/// breaks the answer off.
pub(super) async fn send<P: Pieces + 'static>(mut pieces: P, content_type: &str) -> Answer {
    let mut first = Vec::new();
    let has_more = pieces.fill(&mut first).await?;
    let builder = Response::builder()
        .with_header("content-type", content_type)?
        .with_header("vary", "accept")?;
    if !has_more {
        return Ok(builder.fixed(first));
    }
    let state = (first, Some(pieces));
    let stream = stream::unfold(Some(state), next_piece);
    Ok(builder.from_stream(Lease::current().stream(stream))?)
}

type State<P> = Option<(Vec<u8>, Option<P>)>;

async fn next_piece<P: Pieces>(state: State<P>) -> Option<(worker::Result<Vec<u8>>, State<P>)> {
    let (ready, pieces) = state?;
    if !ready.is_empty() {
        return Some((Ok(ready), Some((Vec::new(), pieces))));
    }
    let mut pieces = pieces?;
    let mut piece = Vec::new();
    match pieces.fill(&mut piece).await {
        Ok(true) => Some((Ok(piece), Some((Vec::new(), Some(pieces))))),
        Ok(false) => Some((Ok(piece), None)),
        Err(error) => {
            fault_log::error("compare", &error.cause());
            Some((Err(worker::Error::RustError(error.message)), None))
        }
    }
}
