//! A feed as server-sent events:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::fmt::Write as _;

use futures::{StreamExt as _, stream};
use worker::Response;

use super::places::Place;
use super::source::{Feed, Reader};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::event_query::EventQuery;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::repo_do::runtime::reply;
use crate::storage::event_feed::Looked;

/// How long a stream lasts, so that a forgotten reader does not keep the object awake.
const STREAM_MS: i64 = 5 * 60_000;

/// How long it is silent at most.
const HEARTBEAT_MS: i64 = 15_000;

/// When a client connects again.
const RETRY: &str = "retry: 1000\n\n";

/// The media type.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// Whether a reader asks for a stream.
pub(crate) fn is_asked_for(accept: Option<&str>) -> bool {
    let types = accept.unwrap_or_default().split(',');
    types
        .filter_map(|kind| kind.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case(EVENT_STREAM))
}

/// Answers a reader with a stream.
pub(crate) fn answer(feed: Feed, query: &EventQuery) -> Result<Response, ErrorReply> {
    let mut reader = Reader::new(feed, query);
    let begun_ms = now_ms();
    let until_ms = begun_ms.saturating_add(STREAM_MS);
    let place = reader.feed.source.places().take(begun_ms, until_ms)?;
    let seen = reader.seen();
    // A place that is not within the feed is refused before the stream begins.
    let first = reader.look(u32::MAX)?;
    let mut text = RETRY.to_owned();
    add(&reader, &first, &mut text)?;
    let running = Running {
        told: reader.after,
        may_wait: first.after >= first.newest,
        reader,
        seen,
        until_ms,
        _place: place,
    };
    let begin = stream::iter([Ok(text.into_bytes())]);
    let pieces = stream::unfold(Some(running), |running| async move {
        let mut running = running?;
        match running.next_piece().await {
            Ok(Some(text)) => Some((Ok(text.into_bytes()), Some(running))),
            Ok(None) => Some((Ok(RETRY.as_bytes().to_vec()), None)),
            Err(error) => {
                // A client that connects again hears of it.
                reply::log_fault(&error);
                None
            }
        }
    });
    let builder = Response::builder().with_header("content-type", EVENT_STREAM)?;
    Ok(builder.from_stream(Lease::current().stream(begin.chain(pieces)))?)
}

struct Running {
    reader: Reader,
    /// The last place that the client knows of.
    told: i64,
    seen: u64,
    /// Whether all that there was has been looked at.
    may_wait: bool,
    until_ms: i64,
    _place: Place,
}

impl Running {
    /// The next text for the client; `None` when the stream's time is up.
    async fn next_piece(&mut self) -> Result<Option<String>, ErrorReply> {
        let silent_ms = now_ms().saturating_add(HEARTBEAT_MS);
        loop {
            let now_ms = now_ms();
            if now_ms >= self.until_ms {
                return Ok(None);
            }
            if now_ms >= silent_ms {
                return Ok(Some(self.heartbeat()));
            }
            if self.may_wait {
                let wait_ms = silent_ms.min(self.until_ms).saturating_sub(now_ms);
                self.reader.wait(self.seen, wait_ms).await?;
            } else {
                self.reader.pause().await?;
            }
            self.seen = self.reader.seen();
            let looked = self.reader.look(u32::MAX)?;
            self.may_wait = looked.after >= looked.newest;
            if !looked.events.is_empty() {
                let mut text = String::new();
                add(&self.reader, &looked, &mut text)?;
                self.told = self.reader.after;
                return Ok(Some(text));
            }
        }
    }

    /// A comment; with it the client learns how far events that it does not want have come, and so is
    /// not too late for the next one that it wants.
    fn heartbeat(&mut self) -> String {
        let after = self.reader.after;
        if after == self.told {
            return ": \n\n".to_owned();
        }
        self.told = after;
        format!(": \nid: {after}\n\n")
    }
}

fn add(reader: &Reader, looked: &Looked, text: &mut String) -> Result<(), ErrorReply> {
    for placed in &looked.events {
        let (kind, json) = reader.feed.shown(placed)?;
        let place = placed.place;
        // Ours is one line: JSON has no line break but in a string, where it is escaped.
        let _ = write!(text, "id: {place}\nevent: {kind}\ndata: {json}\n\n");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_asked_for;

    #[test]
    fn a_stream_is_asked_for_by_its_media_type() {
        for accept in ["text/event-stream", "a/b, Text/Event-Stream;q=0.5"] {
            assert!(is_asked_for(Some(accept)), "{accept}");
        }
        for accept in [None, Some(""), Some("*/*"), Some("text/event-streams")] {
            assert!(!is_asked_for(accept), "{accept:?}");
        }
    }
}
