//! Repositories that are imported from another Git server.

use worker::Request;

use super::body;
use super::repos::{self, DEFAULT_BRANCH};
use super::tokens::draw;
use crate::repo_do::contract::{
    CreateRepository, Credentials, ErrorCode, ErrorReply, ImportRepository, RemoteUrl, Scope, path,
};
use crate::worker::admission;
use crate::worker::id;
use crate::worker::names::RepositoryPath;
use crate::worker::objects::Call;
use crate::worker::once::Purpose;
use crate::worker::parameters::{self, NewImport};
use crate::worker::reply::Reply;
use crate::worker::visit::Visit;

/// The variable that allows `http` and private hosts, for development.
const ALLOW_PRIVATE: &str = "CAIRN_IMPORT_ALLOW_PRIVATE";

/// `POST …/repos/:name/import`
///
/// Made like any repository ([`repos::create`]), but that its object first asks the remote for its
/// refs. The answer comes when the import has begun; `GET …/repos/:name` tells how far it is.
pub async fn import(
    visit: &Visit,
    request: Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, &path.namespace).await?;
    let new: NewImport = body(request).await?;
    let (url, credentials) = remote(visit, &new)?;
    let branch = new.branch.as_deref();
    let branch = branch
        .map(|branch| parameters::branch("/branch", branch))
        .transpose()?;
    let repository_id = id::repository_id(visit.entropy(Purpose::Repository)?);
    let ttl_seconds = parameters::ttl(None)?;
    let first_token = draw(visit, &repository_id, Scope::Write, ttl_seconds, None)?;
    let mut import = ImportRepository {
        create: CreateRepository {
            repository_id,
            namespace: path.namespace.as_str().to_owned(),
            name: path.name.as_str().to_owned(),
            description: parameters::description(new.description)?,
            default_branch: branch.unwrap_or(DEFAULT_BRANCH).to_owned(),
            read_only: new.read_only,
            public: false,
            source: Some(format!("git:{url}")),
            token: first_token.record.clone(),
            now_ms: visit.now_ms,
        },
        url: url.to_string(),
        username: credentials.as_ref().map(|given| given.username.clone()),
        password: credentials.map(|given| given.password),
        branch: branch.map(str::to_owned),
        depth: parameters::depth(new.depth)?,
    };
    let in_progress = ErrorCode::CreateInProgress;
    import.create.namespace = repos::reserve(visit, path, &import.create, in_progress).await?;
    let call = Call::post(path::IMPORT, &import)?;
    let info = repos::init(visit, path, &import.create.repository_id, call).await?;
    repos::settle(visit, path, &info, &first_token).await;
    repos::created(visit, info, first_token, None)
}

/// The remote, and the credentials for it: from the URL or from their own fields.
fn remote(visit: &Visit, new: &NewImport) -> Result<(RemoteUrl, Option<Credentials>), ErrorReply> {
    let allowed = visit.env.var(ALLOW_PRIVATE).map(|value| value.to_string());
    let allow_private = allowed.is_ok_and(|value| value == "true");
    let (url, in_url) = RemoteUrl::parse(&new.url, allow_private)
        .map_err(|error| ErrorReply::at(ErrorCode::InvalidUrl, "/url", error.to_string()))?;
    let username = parameters::credential("username", new.username.clone())?;
    let password = parameters::credential("password", new.password.clone())?;
    let in_fields = (username.is_some() || password.is_some()).then(|| Credentials {
        username: username.unwrap_or_default(),
        password: password.unwrap_or_default(),
    });
    if in_url.is_some() && in_fields.is_some() {
        let message = "credentials stand in the url and in fields of their own";
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/url", message));
    }
    Ok((url, in_url.or(in_fields)))
}
