//! Repositories that are imported from another Git server.

use worker::Request;

use super::body::body_below;
use super::making::Draft;
use crate::repo_do::contract::{
    Credentials, ErrorCode, ErrorReply, ImportRepository, RemoteUrl, checked_ref_rules, path,
};
use crate::worker::call::Call;
use crate::worker::names::RepositoryPath;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{self, Lifetime, NewImport};
use crate::worker::visit::Visit;

/// The variable that allows `http` and private hosts, for development.
const ALLOW_PRIVATE: &str = "CAIRN_IMPORT_ALLOW_PRIVATE";

/// How the `source` of a repository begins that was imported; the URL follows.
pub(super) const IMPORTED: &str = "git:";

/// `POST …/repos/:name/import`
///
/// Made like any repository ([`Draft`]), but that its object first asks the remote for its
/// refs. The answer comes when the import has begun; `GET …/repos/:name` tells how far it is.
pub(crate) async fn import(
    visit: &Visit,
    request: Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let new: NewImport = body_below(visit, &path.namespace, request).await?;
    let (url, credentials) = remote(visit, &new)?;
    let branch = new.branch.as_deref();
    let branch = branch
        .map(|branch| parameters::branch("/branch", branch))
        .transpose()?;
    let depth = parameters::depth(new.depth)?;
    let refs = parameters::import_refs(new.refs.clone(), branch)?;
    let expires_at = new.expires_at.clone();
    let lifetime = Lifetime::of_new(new.ttl_seconds, expires_at, new.idle_ttl_seconds);
    let lifetime = lifetime.checked(visit.now_ms)?;
    let mut draft = Draft::new(visit, path)?;
    draft.location = parameters::location(new.location_hint.as_deref())?;
    draft.comes_with_bytes = Some(0);
    let create = &mut draft.create;
    create.description = parameters::description(new.description)?;
    if let Some(branch) = branch {
        branch.clone_into(&mut create.default_branch);
    }
    create.read_only = new.read_only;
    create.lifetime = lifetime;
    create.ref_rules = checked_ref_rules("/ref_rules", new.ref_rules)?;
    create.fsck_strict = new.fsck.strict;
    create.source = Some(format!("{IMPORTED}{url}"));
    draft.reserve(visit, ErrorCode::CreateInProgress).await?;
    let import = ImportRepository {
        create: draft.create.clone(),
        url: url.to_string(),
        username: credentials.as_ref().map(|given| given.username.clone()),
        password: credentials.map(|given| given.password),
        branch: branch.map(str::to_owned),
        depth,
        refs,
        lfs: new.lfs,
    };
    let call = Call::post(path::IMPORT, &import)?;
    draft.make(visit, call).await?.reply(visit, None)
}

/// Whether the operator allows remotes, and receivers of webhooks, on private networks.
pub(super) fn allows_private(visit: &Visit) -> bool {
    let allowed = visit.env.var(ALLOW_PRIVATE);
    allowed.is_ok_and(|value| value.to_string() == "true")
}

/// The remote, and the credentials for it: from the URL or from their own fields.
fn remote(visit: &Visit, new: &NewImport) -> Result<(RemoteUrl, Option<Credentials>), ErrorReply> {
    let (url, in_url) = RemoteUrl::parse(&new.url, allows_private(visit))
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
