//! `/session`: signing in to the pages, and out of them.

use serde::{Deserialize, Serialize};
use worker::Request;

use super::body::body;
use super::parameters;
use crate::repo_do::contract::content::{About, path};
use crate::repo_do::contract::{
    Actor, Asker, ErrorCode, ErrorReply, Refusal, Scope, TokenHash, present,
};
use crate::storage::fault_log;
use crate::worker::call::Call;
use crate::worker::credentials::Identity;
use crate::worker::names::{NamespaceName, RepositoryName, RepositoryPath};
use crate::worker::reply::Reply;
use crate::worker::session::ambient::{MARK, is_marked};
use crate::worker::session::cookie::{self, SessionSecret};
use crate::worker::session::held::Held;
use crate::worker::session::kept;
use crate::worker::signed::jwt::Jwt;
use crate::worker::signed::verify;
use crate::worker::time::iso_8601;
use crate::worker::visit::Visit;
use crate::worker::{envelope, grants, objects, random, wake};

/// The variable that says how many seconds a session lives.
const SESSION_SECONDS: &str = "CAIRN_SESSION_SECONDS";
const SECONDS_DEFAULT: i64 = 12 * 3600;
const SECONDS_MIN: i64 = 1;
const SECONDS_MAX: i64 = 30 * 86_400;

/// Body of `POST /session`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    token: String,
    #[serde(flatten)]
    place: Place,
}

/// Where a token is of, if neither it nor KV says so.
#[derive(Default, Deserialize)]
struct Place {
    #[serde(default, deserialize_with = "present")]
    namespace: Option<String>,
    #[serde(default, deserialize_with = "present")]
    repo: Option<String>,
}

/// Query of `GET /session`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Within {
    namespace: Option<String>,
}

/// The caller, as the session's answer shows it.
#[derive(Serialize)]
struct Who {
    kind: &'static str,
    namespace: Option<String>,
    repository: Option<String>,
    scope: Option<Scope>,
    label: Option<String>,
    expires_at: Option<String>,
    /// Whether there is a session, which can be ended.
    session: bool,
    #[serde(skip)]
    expires_at_ms: Option<i64>,
}

impl Who {
    fn of_kind(kind: &'static str) -> Self {
        Self {
            kind,
            namespace: None,
            repository: None,
            scope: None,
            label: None,
            expires_at: None,
            session: false,
            expires_at_ms: None,
        }
    }

    fn until(mut self, expires_at_ms: Option<i64>) -> Self {
        self.expires_at = expires_at_ms.map(iso_8601);
        self.expires_at_ms = expires_at_ms;
        self
    }
}

/// Answers a request for the session. It is kept apart from writes that are done once: their answers are
/// stored, and this one has a secret.
pub(crate) async fn answer(
    visit: &mut Visit,
    request: Request,
    method: &str,
    query: &str,
) -> Result<Reply, ErrorReply> {
    if method == "GET" {
        return show(visit, query).await;
    }
    parameters::no_parameters(query)?;
    let mark = request.headers().get(MARK).ok().flatten();
    if !is_marked(mark.as_deref()) {
        let message = format!("signing in and out needs the header {MARK}: 1");
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    if method == "POST" {
        sign_in(visit, request).await
    } else {
        sign_out(visit).await
    }
}

/// `GET /session`: a credential that is not accepted any more is nobody's.
async fn show(visit: &mut Visit, query: &str) -> Result<Reply, ErrorReply> {
    let Within { namespace } = parameters::query(query)?;
    let session = visit.session.as_ref().map(|session| {
        let (secret, held) = (session.secret.clone(), &session.held);
        let (namespace, repo) = (held.namespace.clone(), held.repository.clone());
        (secret, Place { namespace, repo }, held.expires_at)
    });
    let Some((secret, place, expires_at)) = session else {
        let place = Place {
            namespace,
            repo: None,
        };
        return match whose(visit, place).await {
            Err(error) if visit.is_ambient && is_refusal(&error) => nobody(),
            who => envelope::success(200, &who?),
        };
    };
    match whose(visit, place).await {
        Ok(who) => {
            let mut who = who.until(Some(expires_at.saturating_mul(1000)));
            who.session = true;
            envelope::success(200, &who)
        }
        Err(error) if error.code == ErrorCode::Unauthorized => {
            kept::end(visit, &secret).await?;
            Ok(nobody()?.with_header("set-cookie", cookie::clear()))
        }
        Err(error) if is_refusal(&error) => nobody(),
        Err(error) => Err(error),
    }
}

fn nobody() -> Result<Reply, ErrorReply> {
    envelope::success(200, &Who::of_kind("anonymous"))
}

fn is_refusal(error: &ErrorReply) -> bool {
    (400..429).contains(&error.code.status())
}

/// `POST /session`
async fn sign_in(visit: &mut Visit, request: Request) -> Result<Reply, ErrorReply> {
    let SignIn { token, place } = body(request).await?;
    let before = visit.session.take();
    visit.believe(Some(&format!("Bearer {token}")));
    let mut who = whose(visit, place).await?;
    let now = visit.now_ms.div_euclid(1000);
    let end = now.saturating_add(seconds(visit));
    let of_token = who.expires_at_ms.map(|at| at.div_euclid(1000));
    let expires_at = of_token.map_or(end, |at| at.min(end));
    let secret = SessionSecret::new(random::bytes()?);
    let held = Held {
        token: token.trim().to_owned(),
        namespace: who.namespace.clone(),
        repository: who.repository.clone(),
        expires_at,
    };
    kept::keep(visit, &secret, &held).await?;
    if let Some(before) = before {
        kept::end(visit, &before.secret).await?;
    }
    who = who.until(Some(expires_at.saturating_mul(1000)));
    who.session = true;
    let cookie = secret.set(expires_at.saturating_sub(now));
    Ok(envelope::success(200, &who)?.with_header("set-cookie", cookie))
}

/// `DELETE /session`
async fn sign_out(visit: &Visit) -> Result<Reply, ErrorReply> {
    if let Some(session) = &visit.session {
        kept::end(visit, &session.secret).await?;
    }
    Ok(envelope::no_content().with_header("set-cookie", cookie::clear()))
}

/// How long a session lives at most.
fn seconds(visit: &Visit) -> i64 {
    let Ok(set) = visit.env.var(SESSION_SECONDS) else {
        return SECONDS_DEFAULT;
    };
    let seconds = set.to_string().parse().ok();
    let seconds = seconds.filter(|seconds| (SECONDS_MIN..=SECONDS_MAX).contains(seconds));
    seconds.unwrap_or_else(|| {
        let message = format!("{SESSION_SECONDS} is no number from {SECONDS_MIN} to {SECONDS_MAX}");
        fault_log::error("configuration", &message);
        SECONDS_DEFAULT
    })
}

/// The owner of the credential, if its object accepts it now.
async fn whose(visit: &mut Visit, mut place: Place) -> Result<Who, ErrorReply> {
    if let Some(text) = &visit.unverified {
        let claimed = claimed(text);
        if claimed.namespace.is_some() {
            place = claimed;
        }
        let Some(namespace) = &place.namespace else {
            return match visit.identity {
                Identity::Anonymous => Ok(Who::of_kind("anonymous")),
                _ if Jwt::parse(text).is_err() => Err(Refusal::TokenInvalid.into()),
                _ => {
                    let message = "the signed token names no namespace: say in which it is taken";
                    Err(ErrorReply::at(
                        ErrorCode::InvalidInput,
                        "/namespace",
                        message,
                    ))
                }
            };
        };
        let namespace = parameters::namespace("/namespace", namespace)?;
        verify::identify_in(visit, &namespace).await?;
    }
    match visit.identity {
        Identity::Anonymous => Ok(Who::of_kind("anonymous")),
        Identity::Operator => Ok(Who::of_kind("operator")),
        Identity::Unrecognised => Err(Refusal::TokenInvalid.into()),
        Identity::Token(hash) => of_token(visit, hash, place).await,
    }
}

/// The place that a signed token names, not checked yet.
fn claimed(text: &str) -> Place {
    let Ok(jwt) = Jwt::parse(text) else {
        return Place::default();
    };
    let owned = |text: &str| Some(text.to_owned());
    match jwt
        .claims
        .text("repo")
        .and_then(|repo| repo.split_once('/'))
    {
        Some((namespace, repo)) => Place {
            namespace: owned(namespace),
            repo: owned(repo),
        },
        None => Place {
            namespace: jwt.claims.text("namespace").and_then(owned),
            repo: None,
        },
    }
}

async fn of_token(visit: &Visit, hash: TokenHash, place: Place) -> Result<Who, ErrorReply> {
    let grant = grants::find(visit, &hash).await;
    let invalid = || ErrorReply::from(Refusal::TokenInvalid);
    if grant
        .as_ref()
        .is_some_and(|grant| grant.is_expired(visit.now_ms))
    {
        return Err(invalid());
    }
    let granted = grant
        .as_ref()
        .and_then(|grant| grant.repository.split_once('/'));
    let (namespace, repo) = match granted {
        Some((namespace, "*")) => (namespace, None),
        Some((namespace, repo)) => (namespace, Some(repo)),
        None => (
            place.namespace.as_deref().ok_or_else(invalid)?,
            place.repo.as_deref(),
        ),
    };
    let namespace = NamespaceName::parse(namespace).map_err(|_| invalid())?;
    if granted.is_none() || repo.is_none() {
        let admitted = wake::admitted(visit, &namespace, hash).await?;
        if let Some(token) = admitted.token {
            visit.costs.note_token(&token.token_id);
            visit.costs.note_asker(Asker::NamespaceToken);
            // A signed token that names one repository says so itself.
            let one = repo.filter(|_| visit.signed.is_some() && admitted.repository_ids.is_some());
            return Ok(Who {
                namespace: Some(namespace.as_str().to_owned()),
                repository: one.map(str::to_owned),
                scope: Some(token.scope),
                label: token.label,
                ..Who::of_kind(if one.is_some() { "token" } else { "namespace" })
            }
            .until(Some(token.expires_at_ms)));
        }
    }
    let name = repo.and_then(|repo| RepositoryName::parse(repo).ok());
    let name = name.ok_or_else(invalid)?;
    let path = accepted_by(visit, hash, RepositoryPath { namespace, name }).await?;
    let expires_at_ms = grant
        .as_ref()
        .map(|grant| grant.expires_at.saturating_mul(1000));
    Ok(Who {
        namespace: Some(path.namespace.as_str().to_owned()),
        repository: Some(path.name.as_str().to_owned()),
        scope: grant.map(|grant| grant.scope),
        ..Who::of_kind("token")
    }
    .until(expires_at_ms))
}

/// The repository that accepts its own token, under the name that it has by now.
async fn accepted_by(
    visit: &Visit,
    hash: TokenHash,
    path: RepositoryPath,
) -> Result<RepositoryPath, ErrorReply> {
    let ask = async |path: &RepositoryPath| -> Result<About, ErrorReply> {
        let call = Call::get(path::ABOUT);
        let asked = objects::repository(visit, path, Actor::Token(hash), call).await?;
        objects::read(asked).await
    };
    let Err(error) = ask(&path).await else {
        return Ok(path);
    };
    let details = error.details.as_deref();
    let named = |field| details.and_then(|details| details.get(field)?.as_str());
    let moved = named("namespace").zip(named("name"));
    let Some((namespace, name)) = moved.filter(|_| error.code == ErrorCode::Moved) else {
        return Err(error);
    };
    let path = RepositoryPath {
        namespace: parameters::namespace("/namespace", namespace)?,
        name: parameters::repository("/repo", name)?,
    };
    ask(&path).await.map(|_| path)
}
