//! The owners of feeds, and one look at their events.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::{Either, LocalBoxFuture, ready, select};

use super::arrivals::Arrivals;
use super::places::Places;
use crate::repo_do::contract::event_query::EventQuery;
use crate::repo_do::contract::event_shown::Shown;
use crate::repo_do::contract::event_types::EventPrefix;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::{self, Timer};
use crate::storage::event_feed::{Look, Looked, Placed};

/// Bytes of bodies that are read and sent at once; one event may have more.
pub(crate) const PIECE_BYTES: usize = 64 << 10;

/// Events that are read at once.
const PIECE_ROWS: u32 = 100;

/// How old the word of the party that vouches for a reader may be while it reads without waiting.
const RENEWED_MS: i64 = 1000;

/// An object with events.
pub(crate) trait Source {
    /// Reads events; fails where they are gone together with their repository or namespace.
    fn look(&self, asked: &Look) -> Result<Looked, ErrorReply>;

    /// Asks the party that vouches for the reader again, if that is another object.
    fn renew(&self) -> LocalBoxFuture<'_, Result<(), ErrorReply>> {
        ready(Ok(())).boxed_local()
    }

    /// The events as they come.
    fn arrivals(&self) -> &Arrivals;

    /// The places of those who wait for them.
    fn places(&self) -> &Rc<Places>;

    /// The id of the repository whose feed it is; `None`: a namespace's feed.
    fn repository_id(&self) -> Option<&str>;
}

/// A feed and how it is shown.
#[derive(Clone)]
pub(crate) struct Feed {
    /// The owner of the events.
    pub(crate) source: Rc<dyn Source>,
    /// The prefix of their types.
    pub(crate) prefix: Rc<EventPrefix>,
}

/// A reader on its way through a feed.
pub(crate) struct Reader {
    /// The feed.
    pub(crate) feed: Feed,
    /// The last place that it has seen.
    pub(crate) after: i64,
    kinds: Option<String>,
    /// When it was known last that it may read.
    renewed_ms: i64,
}

impl Reader {
    /// A reader that begins where the query says.
    pub(crate) fn new(feed: Feed, query: &EventQuery) -> Self {
        Self {
            feed,
            after: query.after,
            kinds: query.kinds_json(),
            renewed_ms: now_ms(),
        }
    }

    /// Looks once, and goes on to where it looked; refuses a place that is not within the feed.
    pub(crate) fn look(&mut self, rows_max: u32) -> Result<Looked, ErrorReply> {
        let looked = self.feed.source.look(&Look {
            after: self.after,
            kinds: self.kinds.clone(),
            rows_max: rows_max.min(PIECE_ROWS),
            bytes_max: PIECE_BYTES,
        })?;
        check_place(self.after, &looked)?;
        debug_assert!(looked.after >= self.after, "a reader never goes back");
        self.after = looked.after;
        Ok(looked)
    }

    /// Waits until something arrives, `milliseconds` at most. Fails if the reader may not read any more.
    pub(crate) async fn wait(&mut self, seen: u64, milliseconds: i64) -> Result<(), ErrorReply> {
        let milliseconds = u32::try_from(milliseconds.max(0)).unwrap_or(u32::MAX);
        let arrived = self.feed.source.arrivals().changed(seen);
        let turn_ms = self.feed.source.places().turn_ms(arrived.number());
        if let Either::Left(_) = select(arrived, Timer::new(milliseconds)).await {
            timer::after(turn_ms).await;
        }
        self.renew(0).await
    }

    /// Lets others have their turn within a long way through events that are left out. Fails as a wait
    /// does.
    pub(crate) async fn pause(&mut self) -> Result<(), ErrorReply> {
        timer::pause().await;
        self.renew(RENEWED_MS).await
    }

    /// Asks the party that vouches for the reader again, if that was longer ago.
    async fn renew(&mut self, age_ms: i64) -> Result<(), ErrorReply> {
        let now_ms = now_ms();
        if now_ms.saturating_sub(self.renewed_ms) >= age_ms {
            self.feed.source.renew().await?;
            self.renewed_ms = now_ms;
        }
        Ok(())
    }

    /// The number of arrivals so far.
    pub(crate) fn seen(&self) -> u64 {
        self.feed.source.arrivals().count()
    }
}

impl Feed {
    /// The type of an event, and the event as JSON.
    pub(crate) fn shown(&self, placed: &Placed) -> Result<(String, String), ErrorReply> {
        let of_repository = self.source.repository_id();
        let shown = Shown {
            event: &placed.event,
            repository_id: of_repository.unwrap_or(&placed.repository_id),
            namespace_sequence: of_repository.is_none().then_some(placed.place),
        };
        let json = shown.json(&self.prefix);
        let json = json.map_err(|error| ErrorReply::internal("event", &error))?;
        Ok((shown.kind(&self.prefix), json))
    }
}

fn check_place(after: i64, looked: &Looked) -> Result<(), ErrorReply> {
    let Looked { oldest, newest, .. } = *looked;
    if after > newest {
        let message = format!("the newest event is {newest}, and after is {after}");
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/after", message));
    }
    if after.saturating_add(1) < oldest {
        let message = format!(
            "events up to {} were removed: the oldest is {oldest}",
            oldest - 1
        );
        let details = serde_json::json!({ "oldest": oldest, "newest": newest });
        let gone = ErrorReply::at(ErrorCode::EventsGone, "/after", message);
        return Err(gone.with_details(details));
    }
    Ok(())
}
