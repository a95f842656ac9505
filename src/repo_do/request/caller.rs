//! The caller, as far as the object can tell, and its rights.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use worker::{Env, Request};

use crate::repo_do::contract::{
    Access, Actor, Admit, Admitted, ErrorCode, ErrorReply, NAMESPACE_ADMIT, Refusal, Scope, Signed,
    TokenHash, TokenRecord, TokenState, authorize, check_standing, header, lfs, unopened,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::place::{Place, moved, place};
use crate::repo_do::request::quota::Quota;
use crate::repo_do::request::room_hold::{ClaimError, Claimant, RoomHold};
use crate::repo_do::request::{namespace, tokens};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// A request and its caller.
pub(crate) struct Caller {
    /// The caller.
    pub(crate) actor: Actor,
    /// The record of the actor's token: the object's own or, for a namespace's token, the namespace's.
    pub(crate) token: Option<TokenRecord>,
    /// The repository's record; `None` if there is no repository.
    pub(crate) record: Option<RepositoryRecord>,
    /// The reason of a failed import or recovery, if that is why there is no repository.
    failure: Option<String>,
    /// Whether the repository has another name than the one that was asked for.
    is_moved: bool,
    /// The namespace to ask again about the token; `None` when the token is not a namespace's.
    vouched: Option<Vouched>,
}

/// A token that the namespace's object knows, and this object does not.
#[derive(Debug, Clone)]
struct Vouched {
    namespace: String,
    sha256: TokenHash,
    /// For a signed token: the claims that the Worker found good.
    signed: Option<Signed>,
}

impl Caller {
    /// Finds out who the caller is. If the repository does not know the token, it asks the
    /// namespace's object.
    pub(crate) async fn identify(
        object: &RepoObject,
        request: &Request,
    ) -> Result<Self, ErrorReply> {
        let caller = Self::of(request, &*object.store()?)?;
        let admit = |is_known| {
            if is_known && lfs::path::goes_on(&request.path()) {
                return Ok(());
            }
            object.rates.admit(is_known, now_ms())
        };
        let hash = match caller.actor {
            Actor::Token(hash) if caller.token.is_none() => hash,
            // Git asks everything once without a credential, its owners' git too: a request that is answered
            // with 401 never hears that strangers were too many.
            Actor::Anonymous if !caller.is_public() => return Ok(caller),
            _ => {
                admit(caller.is_known())?;
                return Ok(caller);
            }
        };
        let seen = &object.seen_tokens;
        let signed = signed(request);
        // The rights of a signed token change with the namespace's settings: a refusal is not final.
        let was_refused = signed.is_none() && seen.was_refused(&hash, now_ms());
        let is_in_kv = request.headers().has(header::KNOWN_TOKEN).unwrap_or(false);
        let is_known = !was_refused && (is_in_kv || seen.was_admitted(&hash));
        admit(is_known)?;
        if was_refused {
            return Ok(caller);
        }
        let Some(namespace) = namespace_of(request).filter(|it| caller.is_within(it)) else {
            return Ok(caller);
        };
        let vouched = Vouched {
            namespace,
            sha256: hash,
            signed,
        };
        let answered = admitted(&object.env, &vouched).await;
        match &answered {
            Ok(admitted) => seen.note(hash, admitted.token.is_some(), now_ms()),
            // The caller hears the reason: its namespace is suspended, or its claims open nothing here.
            // Either may change, so the next request asks again.
            Err(error) if is_refusal(error) => seen.forget(&hash),
            Err(_) => {}
        }
        let admitted = answered?;
        // The repository may be another one after the wait.
        let caller = Self::of(request, &*object.store()?)?;
        caller.with_namespace_token(admitted, vouched)
    }

    /// The caller, once its namespace has said which token it has, if it has one of the namespace's.
    fn with_namespace_token(
        self,
        admitted: Admitted,
        vouched: Vouched,
    ) -> Result<Self, ErrorReply> {
        let here = self.record.as_ref().map(|record| record.id.as_str());
        let opens = admitted.opens(here);
        let Some(token) = admitted.token else {
            return Ok(self);
        };
        let actor = vouched_actor(token.scope);
        if actor == Actor::NamespaceToken && !opens {
            // The same answer for a missing repository, so that nobody learns which ones exist.
            return Err(Refusal::OtherRepository.into());
        }
        Ok(Self {
            actor,
            token: Some(token),
            vouched: Some(vouched),
            ..self
        })
    }

    /// Whether the repository, if there is one, is in that namespace: one that has left it does not
    /// tell the namespace's tokens where to.
    fn is_within(&self, namespace: &str) -> bool {
        let here = self.record.as_ref();
        here.is_none_or(|here| here.namespace.eq_ignore_ascii_case(namespace))
    }

    /// Whether every client may read the repository.
    fn is_public(&self) -> bool {
        self.record
            .as_ref()
            .is_some_and(|record| record.settings.public)
    }

    /// Whether the repository, or the whole deployment, knows the caller for one of its own.
    fn is_known(&self) -> bool {
        let holds = |token: &TokenRecord| token.state(now_ms()) == TokenState::Active;
        match self.actor {
            Actor::Operator | Actor::NamespaceAdmin | Actor::NamespaceToken => true,
            Actor::Token(_) => self.token.as_ref().is_some_and(holds),
            Actor::Anonymous => false,
        }
    }

    fn of(request: &Request, store: &Store) -> Result<Self, ErrorReply> {
        let actor = actor(request)?;
        // Every caller finds a repository gone that was deleted, or whose time is up.
        let is_here = |record: &RepositoryRecord| {
            matches!(record.phase, Phase::Ready | Phase::Forking) && !record.is_over(now_ms())
        };
        let record = store.load()?.filter(is_here);
        let place = record.as_ref().map(|record| place(request, record));
        let record = record.filter(|_| place != Some(Place::Elsewhere));
        let token = match (&actor, &record) {
            (Actor::Token(hash), Some(_)) => tokens::token_by_hash(store, hash)?,
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
            is_moved: place == Some(Place::Moved),
            vouched: None,
        })
    }

    /// Whether the caller may make repositories.
    pub(crate) fn check_maker(&self) -> Result<(), ErrorReply> {
        if matches!(self.actor, Actor::Operator | Actor::NamespaceAdmin) {
            return Ok(());
        }
        let message = "only administrators make repositories";
        Err(ErrorReply::new(ErrorCode::Forbidden, message))
    }

    /// The repository, for a client with a URL that opens it. Nobody learns from another URL which bundles
    /// are here.
    pub(crate) fn repository_of_url(
        self,
        opens: impl FnOnce(&str) -> bool,
    ) -> Result<RepositoryRecord, ErrorReply> {
        let record = self.record.filter(|record| opens(&record.id));
        let record = record.ok_or_else(unopened)?;
        check_standing(&Actor::Anonymous, &record.policies.standing)?;
        Ok(record)
    }

    /// The repository, if the caller may do this to it.
    pub(crate) fn repository(self, access: Access) -> Result<Authorized, ErrorReply> {
        let public = self.record.as_ref().map(|record| record.settings.public);
        let token = self.token.as_ref();
        let authorized = authorize(&self.actor, public, token, access, now_ms());
        if let (Err(Refusal::NotFound), Some(reason)) = (authorized, &self.failure) {
            let message = format!("{}: {reason}", Refusal::NotFound);
            return Err(ErrorReply::new(ErrorCode::NotFound, message));
        }
        authorized?;
        let record = self.record.ok_or(Refusal::NotFound)?;
        check_standing(&self.actor, &record.policies.standing)?;
        if self.is_moved {
            return Err(moved(&record));
        }
        Ok(Authorized {
            record,
            token: self.token,
            actor: self.actor,
            quota: Quota::default(),
            hold: None,
            vouched: self.vouched,
        })
    }
}

/// A caller with the right to its request.
#[derive(Clone)]
pub(crate) struct Authorized {
    /// The repository.
    pub(crate) record: RepositoryRecord,
    /// The token that let it in; `None` for the operator and for the public.
    pub(crate) token: Option<TokenRecord>,
    /// The role in which it was let in.
    pub(crate) actor: Actor,
    /// The bound of the namespace on bytes, once it was asked.
    pub(crate) quota: Quota,
    /// The bytes that the request has claimed at the namespace.
    pub(crate) hold: Option<Rc<RoomHold>>,
    vouched: Option<Vouched>,
}

impl Authorized {
    /// Asks the namespace how many bytes the repository may still take, if there is a bound. Those that
    /// the client announces are claimed.
    pub(crate) async fn with_quota(
        mut self,
        object: &Rc<RepoObject>,
        store: &Rc<Store>,
        announced: Option<u64>,
    ) -> Result<Self, ErrorReply> {
        let (quota, hold) = self.claimant(object, store).ask(announced).await?;
        self.quota = quota;
        self.hold = hold.map(Rc::new);
        Ok(self)
    }

    /// Claims bytes that are about to be published, unless the request has claimed them before. Then
    /// only the repository's own bound is left to be judged.
    pub(crate) async fn claim_room(
        &mut self,
        object: &Rc<RepoObject>,
        store: &Rc<Store>,
        more: u64,
    ) -> Result<(), ClaimError> {
        if more == 0 {
            return Ok(());
        }
        if !self.hold.as_ref().is_some_and(|hold| hold.covers(more)) {
            // The one before ends first: it must not count beside the new one.
            self.hold = None;
            let hold = self.claimant(object, store).claim(more).await?;
            self.hold = hold.map(Rc::new);
        }
        self.quota = Quota::default();
        Ok(())
    }

    fn claimant<'a>(&'a self, object: &'a Rc<RepoObject>, store: &'a Rc<Store>) -> Claimant<'a> {
        Claimant {
            object,
            store,
            record: &self.record,
        }
    }

    /// By which name the caller is on record as one who put a blob.
    pub(crate) fn putter(&self) -> &str {
        self.token.as_ref().map_or("", |token| &token.token_id)
    }

    /// The same caller with another token, for a judgement alone.
    pub(crate) fn with_token(&self, actor: Actor, token: TokenRecord) -> Self {
        Self {
            record: self.record.clone(),
            token: Some(token),
            actor,
            vouched: None,
            quota: Quota::default(),
            hold: None,
        }
    }

    /// Asks the namespace's object again about a token of its own: the answer may be old after a long wait.
    /// Other callers cost no call. Fails when there is no answer.
    pub(crate) async fn renew(&mut self, env: &Env) -> Result<(), ErrorReply> {
        if let Some(vouched) = &self.vouched {
            let admitted = admitted(env, vouched).await?;
            let opens = admitted.opens(Some(&self.record.id));
            let token = admitted.token.ok_or(Refusal::TokenInvalid)?;
            if !opens {
                return Err(Refusal::OtherRepository.into());
            }
            // Settings may give a signed token less than before.
            self.actor = vouched_actor(token.scope);
            self.token = Some(token);
        }
        Ok(())
    }

    /// Judges the caller by the repository and the token as the database has them now, and gives
    /// the repository. Synchronous, so that it can be asked in the transaction that it decides on.
    pub(crate) fn judge_again(
        &self,
        store: &Store,
        access: Access,
    ) -> Result<RepositoryRecord, ErrorReply> {
        let record = store.load()?;
        let record = record
            .filter(|record| record.id == self.record.id && record.phase == Phase::Ready)
            .filter(|record| !record.is_over(now_ms()))
            .ok_or(Refusal::NotFound)?;
        let own = match &self.actor {
            Actor::Token(hash) => tokens::token_by_hash(store, hash)?,
            Actor::NamespaceToken => self.token.clone(),
            _ => None,
        };
        authorize(
            &self.actor,
            Some(record.settings.public),
            own.as_ref(),
            access,
            now_ms(),
        )?;
        check_standing(&self.actor, &record.policies.standing)?;
        // A namespace that the repository has left vouches for nobody.
        let is_left =
            |vouched: &Vouched| !vouched.namespace.eq_ignore_ascii_case(&record.namespace);
        if self.vouched.as_ref().is_some_and(is_left) {
            return Err(Refusal::TokenInvalid.into());
        }
        let vouched = self.vouched.as_ref().and(self.token.as_ref());
        if vouched.is_some_and(|token| token.state(now_ms()) != TokenState::Active) {
            return Err(Refusal::TokenInvalid.into());
        }
        Ok(record)
    }
}

/// Refuses everybody but the operator, as whom other objects ask too.
pub(crate) fn check_operator(request: &Request, message: &str) -> Result<(), ErrorReply> {
    match actor(request)? {
        Actor::Operator => Ok(()),
        _ => Err(ErrorReply::new(ErrorCode::Forbidden, message)),
    }
}

fn actor(request: &Request) -> Result<Actor, ErrorReply> {
    let text = request.headers().get(header::ACTOR).ok().flatten();
    let actor = text.unwrap_or_default().parse::<Actor>();
    actor.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))
}

/// As whom a namespace's token of this scope lets its holder in.
fn vouched_actor(scope: Scope) -> Actor {
    match scope {
        Scope::Admin => Actor::NamespaceAdmin,
        Scope::Read | Scope::Write => Actor::NamespaceToken,
    }
}

/// The namespace in the path of the request, as it was spelled.
fn namespace_of(request: &Request) -> Option<String> {
    let spelled = request.headers().get(header::REPOSITORY).ok().flatten();
    let (namespace, _) = spelled.as_deref()?.split_once('/')?;
    Some(namespace.to_owned())
}

fn is_refusal(error: &ErrorReply) -> bool {
    matches!(error.code, ErrorCode::Unauthorized | ErrorCode::Forbidden)
}

/// The claims that the Worker found good in the caller's signed token, if it has one.
fn signed(request: &Request) -> Option<Signed> {
    let text = request.headers().get(header::SIGNED).ok().flatten()?;
    text.parse().ok()
}

/// The namespace's token of that hash, if it holds, and its rights.
fn admitted<'a>(
    env: &'a Env,
    vouched: &'a Vouched,
) -> LocalBoxFuture<'a, Result<Admitted, ErrorReply>> {
    let ask = async move {
        let admit = Admit {
            sha256: vouched.sha256,
            signed: vouched.signed.clone(),
            now_ms: now_ms(),
        };
        let namespace = &vouched.namespace;
        namespace::ask_namespace(env, namespace, NAMESPACE_ADMIT, &admit).await
    };
    ask.boxed_local()
}
