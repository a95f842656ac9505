//! The namespace's feed of events.

use std::rc::Rc;

use worker::{Request, Response};

use super::state::NamespaceState;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::feed::answer;
use crate::repo_do::feed::arrivals::Arrivals;
use crate::repo_do::feed::places::Places;
use crate::repo_do::feed::source::Source;
use crate::storage::event_feed::{FeedOf, Look, Looked, look};

/// The events of one namespace.
struct NamespaceEvents {
    state: Rc<NamespaceState>,
}

impl Source for NamespaceEvents {
    fn look(&self, asked: &Look) -> Result<Looked, ErrorReply> {
        let store = self.state.store()?;
        let gone = || ErrorReply::new(ErrorCode::NotFound, "there is no such namespace");
        Ok(look(
            store.ok_or_else(gone)?.database(),
            FeedOf::Namespace,
            asked,
        )?)
    }

    fn arrivals(&self) -> &Arrivals {
        &self.state.arrivals
    }

    fn places(&self) -> &Rc<Places> {
        &self.state.places
    }

    fn repository_id(&self) -> Option<&str> {
        None
    }
}

/// `GET /events`.
pub(crate) async fn answer(
    state: &Rc<NamespaceState>,
    request: &Request,
) -> Result<Response, ErrorReply> {
    let source = Rc::new(NamespaceEvents {
        state: Rc::clone(state),
    });
    let prefix = answer::prefix(|name| state.variable(name));
    answer::answer(source, prefix, request).await
}
