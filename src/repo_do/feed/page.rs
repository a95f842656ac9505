//! An answer of a feed in JSON, perhaps after a wait for its events.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use futures::stream;
use worker::Response;

use super::places::Place;
use super::source::{Feed, Reader};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::content::{ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::event_query::EventQuery;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::storage::event_feed::Looked;

/// Bytes after which an answer ends, though there is more.
const PAGE_BYTES: usize = 1 << 20;

/// How long an answer of several pieces may take a client.
const SENT_MS: i64 = 5 * 60_000;

/// Answers a reader, at once if there is something for it, else when something arrives or its time
/// is up. Boxed: it is awaited within large futures.
pub(crate) fn answer(
    feed: Feed,
    query: EventQuery,
) -> LocalBoxFuture<'static, Result<Response, ErrorReply>> {
    answered(feed, query).boxed_local()
}

async fn answered(feed: Feed, query: EventQuery) -> Result<Response, ErrorReply> {
    let mut reader = Reader::new(feed, &query);
    let until_ms = now_ms().saturating_add(i64::from(query.wait_ms));
    let mut place = None;
    let first = loop {
        let seen = reader.seen();
        let looked = reader.look(query.limit)?;
        if !looked.events.is_empty() {
            break looked;
        }
        let now_ms = now_ms();
        if looked.after < looked.newest {
            reader.pause().await?;
        } else if now_ms < until_ms {
            if place.is_none() {
                place = Some(reader.feed.source.places().take(now_ms, until_ms)?);
            }
            reader.wait(seen, until_ms.saturating_sub(now_ms)).await?;
        } else {
            break looked;
        }
    };
    drop(place);
    let mut page = Page::begin(reader, query.limit);
    page.add(&first)?;
    if page.is_whole(&first) {
        page.end(&first);
        let builder = Response::builder().with_header("content-type", "application/json")?;
        return Ok(builder.fixed(page.text.into_bytes()));
    }
    let now_ms = now_ms();
    let until_ms = now_ms.saturating_add(SENT_MS);
    let place = page.reader.feed.source.places().take(now_ms, until_ms)?;
    page.in_pieces(place)
}

/// A page being written.
struct Page {
    reader: Reader,
    limit: u32,
    count: u32,
    bytes: usize,
    /// Text that was not sent yet.
    text: String,
}

impl Page {
    fn begin(reader: Reader, limit: u32) -> Self {
        Self {
            reader,
            limit,
            count: 0,
            bytes: 0,
            text: format!("{ENVELOPE_OPEN}["),
        }
    }

    fn add(&mut self, looked: &Looked) -> Result<(), ErrorReply> {
        let before = self.text.len();
        for placed in &looked.events {
            if self.count > 0 {
                self.text.push(',');
            }
            self.text.push_str(&self.reader.feed.shown(placed)?.1);
            self.count = self.count.saturating_add(1);
        }
        let added = self.text.len().saturating_sub(before);
        self.bytes = self.bytes.saturating_add(added);
        Ok(())
    }

    /// Whether nothing more belongs on the page.
    fn is_whole(&self, looked: &Looked) -> bool {
        self.count >= self.limit || self.bytes >= PAGE_BYTES || looked.after >= looked.newest
    }

    fn end(&mut self, looked: &Looked) {
        let Looked { oldest, newest, .. } = looked;
        let after = self.reader.after;
        let info = format!(r#"{{"after":{after},"newest":{newest},"oldest":{oldest}}}"#);
        self.text.push(']');
        self.text.push_str(&envelope_close(Some(&info)));
    }

    /// The page in pieces, each read when the client has taken the one before.
    fn in_pieces(self, place: Place) -> Result<Response, ErrorReply> {
        let pieces = stream::unfold(Some((self, place)), |state| async move {
            let (mut page, place) = state?;
            match page.next_piece().await {
                Ok((text, true)) => Some((Ok(text), None)),
                Ok((text, false)) => Some((Ok(text), Some((page, place)))),
                Err(error) => {
                    let error = worker::Error::RustError(error.to_string());
                    Some((Err(error), None))
                }
            }
        });
        let builder = Response::builder().with_header("content-type", "application/json")?;
        Ok(builder.from_stream(Lease::current().stream(pieces))?)
    }

    /// The next piece, and whether it is the last one.
    async fn next_piece(&mut self) -> Result<(Vec<u8>, bool), ErrorReply> {
        let mut is_last = false;
        if self.text.is_empty() {
            self.reader.pause().await?;
            let looked = self.reader.look(self.limit.saturating_sub(self.count))?;
            self.add(&looked)?;
            if self.is_whole(&looked) {
                self.end(&looked);
                is_last = true;
            }
        }
        let mut text = std::mem::take(&mut self.text);
        if text.is_empty() {
            // A stretch in which everything was left out; an empty piece would end the stream.
            text.push(' ');
        }
        Ok((text.into_bytes(), is_last))
    }
}
