//! A request to a feed, answered.

use std::rc::Rc;

use worker::{Request, Response};

use super::source::{Feed, Source};
use super::{page, stream};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::event_query::EventQuery;
use crate::repo_do::contract::event_types::EventPrefix;
use crate::storage::fault_log;

/// Answers a reader who may read this feed, in JSON or with a stream.
pub(crate) async fn answer(
    source: Rc<dyn Source>,
    prefix: EventPrefix,
    request: &Request,
) -> Result<Response, ErrorReply> {
    let header = |name| request.headers().get(name).ok().flatten();
    let url = request.inner().url();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let is_stream = stream::is_asked_for(header("accept").as_deref());
    let last_event_id = header("last-event-id").filter(|id| is_stream && !id.is_empty());
    let query = EventQuery::read(query, &prefix, last_event_id.as_deref())?;
    let prefix = Rc::new(prefix);
    let feed = Feed { source, prefix };
    if is_stream {
        return stream::answer(feed, &query);
    }
    page::answer(feed, query).await
}

/// The prefix that the deployment sets. One that is wrong is logged, and is as if it were not set.
pub(crate) fn prefix(variable: impl Fn(&str) -> Option<String>) -> EventPrefix {
    EventPrefix::of(variable).unwrap_or_else(|error| {
        fault_log::error("configuration", &error);
        EventPrefix::default()
    })
}
