//! The repository's feed of events.

use std::cell::RefCell;
use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
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
    repository_id: String,
    /// Replaced after the party that vouches for it was asked again.
    reader: RefCell<Authorized>,
}

impl Source for RepositoryEvents {
    fn look(&self, asked: &Look) -> Result<Looked, ErrorReply> {
        let store = self.object.store()?;
        // A reader that stays for minutes may have lost its right, and the repository may be gone.
        self.reader.borrow().judge_again(&store, Access::Read)?;
        Ok(look(store.database(), FeedOf::Repository, asked)?)
    }

    fn renew(&self) -> LocalBoxFuture<'_, Result<(), ErrorReply>> {
        let renew = async move {
            let mut reader = self.reader.borrow().clone();
            reader.renew(&self.object.env).await?;
            self.reader.replace(reader);
            Ok(())
        };
        renew.boxed_local()
    }

    fn arrivals(&self) -> &Arrivals {
        &self.object.outbox.arrivals
    }

    fn places(&self) -> &Rc<Places> {
        &self.object.places
    }

    fn repository_id(&self) -> Option<&str> {
        Some(&self.repository_id)
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
        repository_id: reader.record.id.clone(),
        reader: RefCell::new(reader),
    });
    let prefix = answer::prefix(|name| object.variable(name));
    answer::answer(source, prefix, request).await
}
