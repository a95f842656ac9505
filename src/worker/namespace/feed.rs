//! The namespace's feed of events.

use std::rc::Rc;

use worker::{Request, Response};

use super::events::token_of;
use super::state::NamespaceState;
use super::step_error::{StepError, no_namespace};
use super::{signed, tokens};
use crate::repo_do::contract::{ErrorReply, Refusal, Scope, Signed, header};
use crate::repo_do::feed::answer;
use crate::repo_do::feed::arrivals::Arrivals;
use crate::repo_do::feed::places::Places;
use crate::repo_do::feed::source::Source;
use crate::storage::db::sql::Database;
use crate::storage::event_feed::{FeedOf, Look, Looked, look};
use crate::storage::namespace::store::NamespaceStore;
use crate::worker::durable::alarm::now_ms;

/// The events of one namespace.
struct NamespaceEvents {
    state: Rc<NamespaceState>,
    /// The credential by which they are read.
    reader: Reader,
}

/// The reader's credential.
enum Reader {
    /// The operator's key.
    Operator,
    /// A token that the namespace keeps, by its id.
    Token(String),
    /// A signed token.
    Signed(Signed),
}

impl Reader {
    /// A reader that stays for minutes may have lost its right.
    fn check<D: Database>(&self, store: &NamespaceStore<D>) -> Result<(), StepError> {
        let holds = match self {
            Self::Operator => true,
            Self::Token(token_id) => {
                let found = store.tokens().find_by_id(token_id)?;
                tokens::holding(store, found, now_ms())?.is_some()
            }
            Self::Signed(token) => signed::holding(store, token, now_ms())?
                .is_some_and(|holding| holding.granted.scope == Scope::Admin),
        };
        if holds {
            return Ok(());
        }
        Err(ErrorReply::from(Refusal::TokenInvalid).into())
    }
}

impl Source for NamespaceEvents {
    fn look(&self, asked: &Look) -> Result<Looked, ErrorReply> {
        let store = self.state.store()?.ok_or_else(no_namespace)?;
        self.reader.check(&store)?;
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
    let header = |name| request.headers().get(name).ok().flatten();
    let (actor, signed) = (header(header::ACTOR), header(header::SIGNED));
    let token_id = actor.as_deref().and_then(token_of);
    let reader = match (token_id, signed.and_then(|text| text.parse().ok())) {
        (_, Some(signed)) => Reader::Signed(signed),
        (Some(token_id), None) => Reader::Token(token_id.to_owned()),
        (None, None) => Reader::Operator,
    };
    let source = Rc::new(NamespaceEvents {
        state: Rc::clone(state),
        reader,
    });
    let prefix = answer::prefix(|name| state.variable(name));
    answer::answer(source, prefix, request).await
}
