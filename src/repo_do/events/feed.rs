//! The repository's feed of events.

use std::rc::Rc;

use worker::Request;

use crate::repo_do::contract::{Access, Actor, ErrorReply, Refusal};
use crate::repo_do::feed::answer;
use crate::repo_do::feed::arrivals::Arrivals;
use crate::repo_do::feed::places::Places;
use crate::repo_do::feed::source::Source;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::request::caller::Authorized;
use crate::storage::event_feed::{FeedOf, Look, Looked, look};

/// The events of one repository.
struct RepositoryEvents {
    object: Rc<RepoObject>,
    reader: Authorized,
}

impl Source for RepositoryEvents {
    fn look(&self, asked: &Look) -> Result<Looked, ErrorReply> {
        let store = self.object.store()?;
        // Whoever reads for minutes may have lost the right to, and the repository may be gone.
        self.reader.judge_again(&store, Access::Read)?;
        Ok(look(store.database(), FeedOf::Repository, asked)?)
    }

    fn arrivals(&self) -> &Arrivals {
        &self.object.outbox.arrivals
    }

    fn places(&self) -> &Rc<Places> {
        &self.object.places
    }

    fn repository_id(&self) -> Option<&str> {
        Some(&self.reader.record.id)
    }
}

/// `GET /events`: never without a credential, since labels of tokens are in it.
pub(crate) async fn answer(
    object: &Rc<RepoObject>,
    request: &Request,
    reader: Authorized,
) -> Answer {
    if reader.actor == Actor::Anonymous {
        return Err(Refusal::CredentialRequired.into());
    }
    let source = Rc::new(RepositoryEvents {
        object: Rc::clone(object),
        reader,
    });
    let prefix = answer::prefix(|name| object.variable(name));
    answer::answer(source, prefix, request).await
}
