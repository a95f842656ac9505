//! Tokens of repositories and of namespaces: made, listed, revoked.

use worker::Request;

use super::body::body_below;
use crate::repo_do::contract::{
    Access, Actor, CreateToken, ErrorCode, ErrorReply, RefRules, RepositoryInfo, RevokedToken,
    Scope, TokenHash, TokenPage, TokenPlace, TokenRecord, is_public_id, path,
};
use crate::worker::call::Call;
use crate::worker::credentials::Identity;
use crate::worker::envelope;
use crate::worker::grant::Grant;
use crate::worker::names::{NamespaceName, RepositoryName, RepositoryPath};
use crate::worker::namespace::contract::{ListTokens, MakeToken};
use crate::worker::namespace::directory;
use crate::worker::namespace::once::Purpose;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{
    self, NewToken, PageAsked, Subject, TokenFilter, TokenQuery,
};
use crate::worker::rest::resources::{CreatedToken, Gone, ListedToken, with_token};
use crate::worker::visit::Visit;
use crate::worker::{admission, grants, id};

/// A token that its owner has not seen yet.
pub(crate) struct FreshToken {
    /// The record that the store keeps.
    pub(crate) record: TokenRecord,
    /// The secret that the caller gets.
    pub(crate) plaintext: String,
}

/// A token that somebody wants.
pub(crate) struct WantedToken {
    /// The access that it gives.
    pub(crate) scope: Scope,
    /// Seconds that it lives.
    pub(crate) ttl_seconds: u32,
    /// The owner's note.
    pub(crate) label: Option<String>,
    /// Its rules about refs.
    pub(crate) refs: RefRules,
}

/// Draws a token for a repository.
pub(crate) fn draw(
    visit: &Visit,
    repository_id: &str,
    wanted: WantedToken,
) -> Result<FreshToken, ErrorReply> {
    let token = id::token(visit.entropy(Purpose::Token)?);
    // Whole seconds, since KV knows no more of a token.
    let expires_at = visit
        .now_ms
        .div_euclid(1000)
        .saturating_add(i64::from(wanted.ttl_seconds));
    let record = TokenRecord {
        token_id: id::token_id(repository_id, visit.entropy(Purpose::TokenId)?),
        sha256: token.hash(),
        scope: wanted.scope,
        label: wanted.label,
        created_at_ms: visit.now_ms,
        expires_at_ms: expires_at.saturating_mul(1000),
        revoked_at_ms: None,
        last_used_at_ms: None,
        refs: wanted.refs,
    };
    Ok(FreshToken {
        record,
        plaintext: token.reveal().to_owned(),
    })
}

/// `POST /namespaces/:ns/tokens`
pub(crate) async fn create(
    visit: &Visit,
    request: Request,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    let new: NewToken = body_below(visit, namespace, request).await?;
    let (subject, scope) = new.subject()?;
    let wanted = WantedToken {
        scope,
        ttl_seconds: parameters::ttl(new.ttl)?,
        refs: new.ref_rules(scope)?,
        label: parameters::label(new.label)?,
    };
    let name = match subject {
        Subject::Repository(name) => name,
        Subject::Namespace(repos) => {
            if scope == Scope::Admin {
                admission::to_operate(visit, namespace).await?;
            }
            let names = repos.as_deref();
            return create_shared(visit, namespace, names, wanted).await;
        }
    };
    let path = RepositoryPath {
        namespace: namespace.clone(),
        name,
    };

    let response =
        objects::repository(visit, &path, Actor::Operator, Call::get(path::INFO)).await?;
    let info: RepositoryInfo = objects::read(response).await?;
    let fresh = draw(visit, &info.repository_id, wanted)?;
    let call = Call::post(
        path::TOKENS,
        &CreateToken {
            token: fresh.record.clone(),
        },
    )?;
    let response = objects::repository(visit, &path, Actor::Operator, call).await?;
    let record: TokenRecord = match objects::read(response).await {
        // Made by this very request, which was begun before: nobody else draws the same.
        Err(error) if error.code == ErrorCode::AlreadyExists && visit.seed.get().is_some() => {
            fresh.record
        }
        made => made?,
    };
    let grant = Grant::new(&path, &info.repository_id, &record);
    grants::remember(visit, &record.sha256, &grant).await;
    let remote = visit.remote(&info.namespace, &info.name);
    let clone_url = with_token(&remote, &fresh.plaintext);
    let shown = visit.shown_token(fresh.plaintext, record.expires_at_ms);
    let created = CreatedToken::of_repository(record, shown, clone_url);
    envelope::success(201, &created)
}

/// A token of the namespace's own, for every repository or for some.
async fn create_shared(
    visit: &Visit,
    namespace: &NamespaceName,
    repos: Option<&[RepositoryName]>,
    wanted: WantedToken,
) -> Result<Reply, ErrorReply> {
    // No repository's: the id says nothing.
    let prefix = id::repository_id(visit.entropy(Purpose::Repository)?);
    let fresh = draw(visit, &prefix, wanted)?;
    let names =
        |names: &[RepositoryName]| names.iter().map(|name| name.as_str().to_owned()).collect();
    let asked = MakeToken {
        token: fresh.record,
        repos: repos.map(names),
    };
    let made = directory::make_token(visit, namespace, &asked).await?;
    let grant = Grant::of_namespace(namespace, &made.token);
    grants::remember(visit, &made.token.sha256, &grant).await;
    let shown = visit.shown_token(fresh.plaintext, made.token.expires_at_ms);
    envelope::success(201, &CreatedToken::of_namespace(made, shown))
}

/// `GET /namespaces/:ns/tokens`: the namespace's own. Those that administer it are the operator's to
/// see.
pub(crate) async fn list_shared(
    visit: &Visit,
    query: &str,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let query: TokenQuery = parameters::query(query)?;
    if query.token.is_some() {
        let message = "the namespace's own tokens are not looked up one by one";
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/token", message));
    }
    let page = query.page()?;
    let asked = ListTokens {
        state: query.state.unwrap_or_default().state(),
        admin_too: visit.identity == Identity::Operator,
        page: page.number,
        per_page: page.per_page,
        behind: page.behind.as_ref().map(TokenPlace::cursor),
    };
    let found = directory::tokens(visit, namespace, &asked).await?;
    let last = found.tokens.last().map(|shared| &shared.token);
    let info = page.info(found.tokens.len(), found.total_count, last, found.has_more);
    let tokens = found.tokens.into_iter();
    let tokens: Vec<_> = tokens
        .map(|listed| ListedToken::of_namespace(listed, visit.now_ms))
        .collect();
    envelope::list(&tokens, info)
}

fn paged(visit: &Visit, found: TokenPage, page: &PageAsked) -> Result<Reply, ErrorReply> {
    let last = found.tokens.last();
    let info = page.info(found.tokens.len(), found.total_count, last, found.has_more);
    let tokens: Vec<_> = found
        .tokens
        .into_iter()
        .map(|record| ListedToken::new(record, visit.now_ms))
        .collect();
    envelope::list(&tokens, info)
}

/// `GET …/repos/:name/tokens`
pub(crate) async fn list(
    visit: &Visit,
    query: &str,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let query: TokenQuery = parameters::query(query)?;
    let page = query.page()?;
    // The object knows the states that a token can be in, and lists all when none is named.
    let state = match query.state.unwrap_or_default() {
        TokenFilter::All => String::new(),
        state => format!("state={}&", state.name()),
    };
    let token = match &query.token {
        Some(token) => format!("token={}&", id_or_hash(token)?),
        None => String::new(),
    };
    let behind = match &page.behind {
        Some(place) => format!("behind={}&", place.cursor()),
        None => String::new(),
    };
    let target = format!(
        "{}?{state}{token}{behind}page={}&per_page={}",
        path::TOKENS,
        page.number,
        page.per_page
    );
    let response = objects::repository(visit, path, actor, Call::get(target)).await?;
    let found: TokenPage = objects::read(response).await?;
    paged(visit, found, &page)
}

/// Reads an id or a hash that names a token in a query. It takes no plaintext, because URLs stand
/// in logs.
fn id_or_hash(text: &str) -> Result<&str, ErrorReply> {
    if is_public_id(text) || text.parse::<TokenHash>().is_ok() {
        return Ok(text);
    }
    let message = "token is neither an id nor a SHA-256 in hex";
    Err(ErrorReply::at(ErrorCode::InvalidInput, "/token", message))
}

/// `DELETE /namespaces/:ns/tokens/:id`
///
/// The id names no repository, but starts like the id of its own; where several start alike, each
/// is asked. Tokens that administer the namespace are the operator's to take back.
pub(crate) async fn revoke(
    visit: &Visit,
    namespace: &NamespaceName,
    token_id: &str,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    for candidate in directory::candidates(visit, namespace, token_id).await? {
        let Ok(name) = RepositoryName::parse(&candidate.name) else {
            continue;
        };
        let path = RepositoryPath {
            namespace: namespace.clone(),
            name,
        };
        let call = Call::delete(path::token(token_id));
        let response = objects::repository(visit, &path, Actor::Operator, call).await?;
        match objects::read::<RevokedToken>(response).await {
            Ok(revoked) => return forgotten(visit, revoked).await,
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let unknown = || {
        let message = "there is no such token in the namespace";
        ErrorReply::new(ErrorCode::NotFound, message)
    };
    match directory::revoke_token(visit, namespace, token_id).await {
        Ok(revoked) => forgotten(visit, revoked).await,
        Err(error) if error.code == ErrorCode::NotFound => Err(unknown()),
        Err(error) => Err(error),
    }
}

/// `DELETE …/repos/:name/tokens/:id`: asks the repository's object alone, so that it works where the
/// namespace's is lost.
pub(crate) async fn revoke_here(
    visit: &Visit,
    path: &RepositoryPath,
    token_id: &str,
) -> Result<Reply, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let call = Call::delete(path::token(token_id));
    let response = objects::repository(visit, path, actor, call).await?;
    forgotten(visit, objects::read(response).await?).await
}

async fn forgotten(visit: &Visit, revoked: RevokedToken) -> Result<Reply, ErrorReply> {
    grants::forget(visit, &revoked.sha256).await;
    let id = revoked.token_id;
    envelope::success(200, &Gone { id })
}
