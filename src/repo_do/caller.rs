//! Who asks, as far as the object can tell, and what that one may do.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::Request;

use super::admin;
use super::contract::{
    Access, Actor, Admit, Admitted, ErrorCode, ErrorReply, NAMESPACE_ADMIT, Refusal, TokenHash,
    TokenRecord, TokenState, authorize, header,
};
use super::object::{RepoObject, Store, now_ms};
use crate::storage::life::Phase;
use crate::storage::repository::RepositoryRecord;

/// One request, and who it is from.
pub struct Caller {
    /// Who asks.
    pub actor: Actor,
    /// The record of the actor's token: the object's own or, of a namespace's token, the
    /// namespace's.
    pub token: Option<TokenRecord>,
    /// The repository's record; `None` while there is none.
    pub record: Option<RepositoryRecord>,
    /// Why there is none, when an import or a recovery has failed.
    failure: Option<String>,
}

impl Caller {
    /// Finds out who asks. A token that is none of the repository's may be its namespace's, whose
    /// object is asked then.
    pub async fn identify(object: &RepoObject, request: &Request) -> Result<Self, ErrorReply> {
        let caller = Self::of(request, &*object.store()?)?;
        let hash = match caller.actor {
            Actor::Token(hash) if caller.token.is_none() => hash,
            _ => {
                object.rates.admit(caller.is_known(), now_ms())?;
                return Ok(caller);
            }
        };
        object.rates.admit(false, now_ms())?;
        let admitted = admitted(object, request, hash).await?;
        // That was awaited: the repository may be another by now.
        let caller = Self::of(request, &*object.store()?)?;
        Ok(match admitted {
            Some(token) => Self {
                actor: Actor::NamespaceAdmin,
                token: Some(token),
                ..caller
            },
            None => caller,
        })
    }

    /// Whether the repository, or the whole deployment, knows the caller for one of its own.
    fn is_known(&self) -> bool {
        let holds = |token: &TokenRecord| token.state(now_ms()) == TokenState::Active;
        match self.actor {
            Actor::Operator | Actor::NamespaceAdmin => true,
            Actor::Token(_) => self.token.as_ref().is_some_and(holds),
            Actor::Anonymous => false,
        }
    }

    fn of(request: &Request, store: &Store) -> Result<Self, ErrorReply> {
        let actor = request
            .headers()
            .get(header::ACTOR)
            .ok()
            .flatten()
            .unwrap_or_default();
        let actor = actor
            .parse::<Actor>()
            .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
        // What is being deleted is gone for everybody.
        let record = store.load()?;
        let record = record.filter(|record| record.phase != Phase::Deleting);
        let token = match (&actor, &record) {
            (Actor::Token(hash), Some(_)) => admin::token_by_hash(store, hash)?,
            _ => None,
        };
        let failure = match record {
            Some(_) => None,
            None => store.import_failure()?,
        };
        Ok(Self {
            actor,
            token,
            record,
            failure: failure.map(|failure| failure.reason),
        })
    }

    /// Whether the caller may make repositories.
    pub fn check_maker(&self) -> Result<(), ErrorReply> {
        if matches!(self.actor, Actor::Operator | Actor::NamespaceAdmin) {
            return Ok(());
        }
        let message = "only administrators make repositories";
        Err(ErrorReply::new(ErrorCode::Forbidden, message))
    }

    /// The repository, if the caller may do this to it.
    pub fn repository(self, access: Access) -> Result<Authorized, ErrorReply> {
        let public = self.record.as_ref().map(|record| record.public);
        let token = self.token.as_ref();
        let authorized = authorize(&self.actor, public, token, access, now_ms());
        if let (Err(Refusal::NotFound), Some(reason)) = (authorized, &self.failure) {
            let message = format!("{}: {reason}", Refusal::NotFound);
            return Err(ErrorReply::new(ErrorCode::NotFound, message));
        }
        authorized?;
        let record = self.record.ok_or(Refusal::NotFound)?;
        Ok(Authorized {
            record,
            token: self.token,
        })
    }
}

/// A caller who may do what it asks for.
pub struct Authorized {
    /// The repository.
    pub record: RepositoryRecord,
    /// The token that let it in; `None` for the operator and for the public.
    pub token: Option<TokenRecord>,
}

/// The namespace's token of that hash, if it is one that holds.
fn admitted<'a>(
    object: &'a RepoObject,
    request: &'a Request,
    sha256: TokenHash,
) -> LocalBoxFuture<'a, Result<Option<TokenRecord>, ErrorReply>> {
    let ask = async move {
        let spelled = request.headers().get(header::REPOSITORY).ok().flatten();
        let Some((namespace, _)) = spelled.as_deref().and_then(|path| path.split_once('/')) else {
            return Ok(None);
        };
        let admit = Admit {
            sha256,
            now_ms: now_ms(),
        };
        let asked = admin::ask_namespace(object, namespace, NAMESPACE_ADMIT, &admit);
        let admitted: Admitted = asked.await?;
        Ok(admitted.token)
    };
    ask.boxed_local()
}
