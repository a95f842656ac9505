//! Signs of life in the answer to a push, while the work on it has nothing to say.
//!
//! A client that pushes quietly hears nothing until the report. No client hears anything during the
//! check of connectivity. A proxy takes minutes of silence for a dead server, and ends the connection.

use std::task::Poll;

use futures::{FutureExt as _, Stream, StreamExt as _, stream};

use crate::git::protocol::sideband::{SideBand, keepalive};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::timer::Timer;

/// The variable with the milliseconds of silence after which the answer to a push shows life.
const KEEPALIVE_MS: &str = "CAIRN_KEEPALIVE_MS";

/// Five seconds, as `receive.keepAlive` of git.
const KEEPALIVE_MS_DEFAULT: u32 = 5_000;

/// How long the answers of this deployment may be silent, in milliseconds.
pub(crate) fn silence_ms_max(object: &RepoObject) -> u32 {
    let set = object.variable(KEEPALIVE_MS);
    let set = set.and_then(|text| text.parse().ok());
    set.unwrap_or(KEEPALIVE_MS_DEFAULT)
}

/// The pieces of an answer, each a number of whole packets, with an empty packet wherever none came
/// for so long. Without side-bands no packet can be empty, and the pieces stay as they are.
pub(crate) fn kept_alive(
    mut pieces: impl Stream<Item = worker::Result<Vec<u8>>> + Unpin,
    side_band: SideBand,
    silence_ms_max: u32,
) -> impl Stream<Item = worker::Result<Vec<u8>>> {
    let mut empty = Vec::new();
    keepalive(side_band, &mut empty);
    let mut silence = Timer::new(silence_ms_max);
    stream::poll_fn(move |context| {
        if let Poll::Ready(piece) = pieces.poll_next_unpin(context) {
            silence = Timer::new(silence_ms_max);
            return Poll::Ready(piece);
        }
        if empty.is_empty() || silence.poll_unpin(context).is_pending() {
            return Poll::Pending;
        }
        silence = Timer::new(silence_ms_max);
        Poll::Ready(Some(Ok(empty.clone())))
    })
}
