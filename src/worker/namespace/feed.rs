//! The namespace's feed of events.

use std::rc::Rc;

use worker::{Request, Response};

use super::events::token_of;
use super::state::NamespaceState;
use crate::repo_do::contract::{ErrorCode, ErrorReply, Refusal, TokenRecord, TokenState, header};
use crate::repo_do::feed::answer;
use crate::repo_do::feed::arrivals::Arrivals;
use crate::repo_do::feed::places::Places;
use crate::repo_do::feed::source::Source;
use crate::storage::event_feed::{FeedOf, Look, Looked, look};
use crate::worker::durable::alarm::now_ms;

/// The events of one namespace.
struct NamespaceEvents {
    state: Rc<NamespaceState>,
    /// The token by which they are read; `None`: the operator's key.
    token_id: Option<String>,
}

impl Source for NamespaceEvents {
    fn look(&self, asked: &Look) -> Result<Looked, ErrorReply> {
        let gone = || ErrorReply::new(ErrorCode::NotFound, "there is no such namespace");
        let store = self.state.store()?.ok_or_else(gone)?;
        if let Some(token_id) = &self.token_id {
            // Whoever reads for minutes may have lost the right to.
            let token = store.tokens().find_by_id(token_id)?.map(TokenRecord::from);
            let holds = |token: &TokenRecord| token.state(now_ms()) == TokenState::Active;
            token.filter(holds).ok_or(Refusal::TokenInvalid)?;
            if store.standing()?.suspended {
                return Err(Refusal::Suspended.into());
            }
        }
        Ok(look(store.database(), FeedOf::Namespace, asked)?)
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
    let reader = request.headers().get(header::ACTOR).ok().flatten();
    let token_id = reader.as_deref().and_then(token_of).map(str::to_owned);
    let source = Rc::new(NamespaceEvents {
        state: Rc::clone(state),
        token_id,
    });
    let prefix = answer::prefix(|name| state.variable(name));
    answer::answer(source, prefix, request).await
}
