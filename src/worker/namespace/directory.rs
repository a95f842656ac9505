//! The Worker's calls to the namespaces' objects: names reserved, entries repaired, lists.

use futures::future::join_all;
use serde::Serialize;

use super::contract::{
    AskUsage, ByName, ByPrefix, Candidate, Confirm, CreateNamespace, Done, Entry, ListTokens,
    Listing, MakeToken, NamespaceAct, NamespaceInfo, NamespaceTotals, NamespaceUsage, REGISTRY,
    Registration, Registry, Relist, Relisted, Reserve, Reserved, Revoke, SharedToken, SharedTokens,
    UpdateNamespace, path,
};
use crate::repo_do::contract::{
    CreateRepository, ErrorCode, ErrorReply, NAMESPACE_RELEASE, NAMESPACE_TOUCH, ReleaseName,
    RepositoryInfo, RevokedToken, Standing, TouchRepository, token_id_prefix,
};
use crate::storage::jurisdiction::Jurisdiction;
use crate::storage::namespace::quotas::Quotas;
use crate::worker::call::Call;
use crate::worker::credentials::Identity;
use crate::worker::names::{NamespaceName, RepositoryPath};
use crate::worker::objects;
use crate::worker::rest::parameters::ListQuery;
use crate::worker::visit::Visit;
use crate::worker::wake;

/// The name that a repository about to be made wants. `comes_with_bytes` says how many bytes it comes
/// with at least, if it comes with any.
pub(crate) fn wanted(create: &CreateRepository, comes_with_bytes: Option<u64>) -> Reserve {
    Reserve {
        namespace: create.namespace.clone(),
        name: create.name.clone(),
        repository_id: create.repository_id.clone(),
        replaces: None,
        description: create.description.clone(),
        default_branch: create.default_branch.clone(),
        read_only: create.read_only,
        public: create.public,
        source: create.source.clone(),
        comes_with_bytes,
        now_ms: create.now_ms,
    }
}

/// Takes a name for a repository.
pub(crate) async fn reserve(
    visit: &Visit,
    path: &RepositoryPath,
    wanted: &Reserve,
) -> Result<Reserved, ErrorReply> {
    announce(visit, &path.namespace, visit.now_ms).await?;
    let reserved: Reserved = post(visit, &path.namespace, path::RESERVE, wanted).await?;
    if let Reserved::Won {
        new_namespace: Some(info),
        ..
    } = &reserved
    {
        register(visit, info, Some(NamespaceAct::Created)).await;
    }
    Ok(reserved)
}

/// Lists a repository that was made, under the entry that was reserved for `reserved_id`.
pub(crate) async fn confirm(
    visit: &Visit,
    path: &RepositoryPath,
    info: &RepositoryInfo,
    reserved_id: &str,
) -> Result<(), ErrorReply> {
    let confirm = Confirm {
        info: info.clone(),
        reserved_id: reserved_id.to_owned(),
    };
    let Done {} = post(visit, &path.namespace, path::CONFIRM, &confirm).await?;
    Ok(())
}

/// Brings an entry up to date.
pub(crate) async fn touch(
    visit: &Visit,
    path: &RepositoryPath,
    touch: &TouchRepository,
) -> Result<(), ErrorReply> {
    let Done {} = post(visit, &path.namespace, NAMESPACE_TOUCH, touch).await?;
    Ok(())
}

/// Frees a name, if it is still that repository's.
pub(crate) async fn release(
    visit: &Visit,
    path: &RepositoryPath,
    repository_id: &str,
) -> Result<(), ErrorReply> {
    let release = ReleaseName {
        name: path.name.as_str().to_owned(),
        repository_id: repository_id.to_owned(),
        now_ms: visit.now_ms,
    };
    let Done {} = post(visit, &path.namespace, NAMESPACE_RELEASE, &release).await?;
    Ok(())
}

/// The entry of a name.
pub(crate) async fn entry(visit: &Visit, path: &RepositoryPath) -> Result<Entry, ErrorReply> {
    let query = ByName {
        name: path.name.as_str().to_owned(),
    };
    get(visit, &path.namespace.folded(), path::REPOSITORY, &query).await
}

/// The repositories of which one may have that token.
pub(crate) async fn candidates(
    visit: &Visit,
    namespace: &NamespaceName,
    token_id: &str,
) -> Result<Vec<Candidate>, ErrorReply> {
    let query = ByPrefix {
        prefix: token_id_prefix(token_id).to_owned(),
    };
    get(visit, &namespace.folded(), path::CANDIDATES, &query).await
}

/// Keeps a token of the namespace's.
pub(crate) async fn make_token(
    visit: &Visit,
    namespace: &NamespaceName,
    asked: &MakeToken,
) -> Result<SharedToken, ErrorReply> {
    post(visit, namespace, path::MAKE_TOKEN, asked).await
}

/// A page of the namespace's tokens.
pub(crate) async fn tokens(
    visit: &Visit,
    namespace: &NamespaceName,
    asked: &ListTokens,
) -> Result<SharedTokens, ErrorReply> {
    get(visit, &namespace.folded(), path::TOKENS, asked).await
}

/// Takes a token of the namespace's back; [`ErrorCode::NotFound`] when it has none of this id that
/// the caller may take back.
pub(crate) async fn revoke_token(
    visit: &Visit,
    namespace: &NamespaceName,
    token_id: &str,
) -> Result<RevokedToken, ErrorReply> {
    let revoke = Revoke {
        token_id: token_id.to_owned(),
        admin_too: visit.identity == Identity::Operator,
        now_ms: visit.now_ms,
    };
    post(visit, namespace, path::REVOKE, &revoke).await
}

/// Lists repositories that are there; the act, if that is one on the namespace as a whole.
pub(crate) async fn relist(
    visit: &Visit,
    namespace: &NamespaceName,
    infos: Vec<RepositoryInfo>,
    act: Option<NamespaceAct>,
) -> Result<Relisted, ErrorReply> {
    announce(visit, namespace, visit.now_ms).await?;
    let relist = Relist {
        namespace: namespace.as_str().to_owned(),
        infos,
        now_ms: visit.now_ms,
    };
    let relisted: Relisted = post(visit, namespace, path::RELIST, &relist).await?;
    register(visit, &relisted.namespace, act).await;
    Ok(relisted)
}

/// A page of the namespace's repositories.
pub(crate) async fn list(
    visit: &Visit,
    namespace: &NamespaceName,
    limit: u32,
    query: &ListQuery,
) -> Result<Listing, ErrorReply> {
    let query = ListQuery {
        limit: Some(limit),
        ..query.clone()
    };
    get(visit, &namespace.folded(), path::LIST, &query).await
}

/// How much a namespace uses.
pub(crate) async fn usage(
    visit: &Visit,
    namespace: &NamespaceName,
    asked: &AskUsage,
) -> Result<NamespaceUsage, ErrorReply> {
    get(visit, &namespace.folded(), path::USAGE, asked).await
}

/// Makes a namespace.
pub(crate) async fn create_namespace(
    visit: &Visit,
    namespace: &NamespaceName,
    fsck_strict: bool,
) -> Result<NamespaceInfo, ErrorReply> {
    let create = CreateNamespace {
        namespace: namespace.as_str().to_owned(),
        fsck_strict,
        now_ms: visit.now_ms,
    };
    announce(visit, namespace, visit.now_ms).await?;
    let info = match post(visit, namespace, path::CREATE, &create).await {
        Ok(info) => info,
        Err(error) if error.code == ErrorCode::AlreadyExists => {
            // The registry may have missed it: a second try repairs that.
            if let Ok(info) = show_namespace(visit, namespace).await {
                register(visit, &info, None).await;
            }
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    register(visit, &info, Some(NamespaceAct::Created)).await;
    placed(visit, namespace, info).await
}

/// A namespace.
pub(crate) async fn show_namespace(
    visit: &Visit,
    namespace: &NamespaceName,
) -> Result<NamespaceInfo, ErrorReply> {
    let call = Call::get(path::SUMMARY);
    let info = objects::read(objects::namespace(visit, &namespace.folded(), call).await?).await?;
    placed(visit, namespace, info).await
}

/// A namespace, with the jurisdiction in which it was found.
async fn placed(
    visit: &Visit,
    namespace: &NamespaceName,
    info: NamespaceInfo,
) -> Result<NamespaceInfo, ErrorReply> {
    let jurisdiction = objects::place(visit, &namespace.folded()).await?;
    Ok(NamespaceInfo {
        jurisdiction,
        ..info
    })
}

/// Changes a namespace's settings.
pub(crate) async fn update_namespace(
    visit: &Visit,
    namespace: &NamespaceName,
    change: &UpdateNamespace,
) -> Result<NamespaceInfo, ErrorReply> {
    let info = post(visit, namespace, path::UPDATE, change).await?;
    placed(visit, namespace, info).await
}

/// Takes back every token of the namespace and of its repositories.
pub(crate) async fn revoke_all(
    visit: &Visit,
    namespace: &NamespaceName,
) -> Result<NamespaceInfo, ErrorReply> {
    post(visit, namespace, path::REVOKE_ALL, &Done {}).await
}

/// Deletes a namespace in which no name is taken.
pub(crate) async fn delete_namespace(
    visit: &Visit,
    namespace: &NamespaceName,
) -> Result<(), ErrorReply> {
    let info: NamespaceInfo = post(visit, namespace, path::DELETE, &Done {}).await?;
    let registration = Registration {
        info,
        act: Some(NamespaceAct::Deleted),
    };
    let call = Call::post(path::UNREGISTER, &registration)?;
    let Done {} = objects::read(objects::namespace(visit, REGISTRY, call).await?).await?;
    Ok(())
}

/// A page of namespaces, each as its own object knows it, and where the next page starts.
pub(crate) async fn namespaces(
    visit: &Visit,
    limit: u32,
    query: &ListQuery,
) -> Result<(Vec<NamespaceInfo>, Option<u64>, Option<String>), ErrorReply> {
    let query = ListQuery {
        limit: Some(limit),
        page: query.page,
        cursor: query.cursor.clone(),
        search: query.search.clone(),
        ..ListQuery::default()
    };
    let registry: Registry = get(visit, REGISTRY, path::REGISTRY, &query).await?;
    let names: Vec<_> = registry
        .namespaces
        .iter()
        .filter_map(|name| NamespaceName::parse(name).ok())
        .collect();
    let infos = join_all(names.iter().map(|name| show_namespace(visit, name))).await;
    let infos = infos
        .into_iter()
        .filter(|info| !matches!(info, Err(error) if error.code == ErrorCode::NotFound))
        .collect::<Result<_, _>>()?;
    Ok((infos, registry.total_count, registry.cursor))
}

/// Tells the registry of a namespace before it is made, where names that it does not know are taken
/// for free. So it may know one that was not made; lists leave that out.
pub(crate) async fn announce(
    visit: &Visit,
    namespace: &NamespaceName,
    created_at_ms: i64,
) -> Result<(), ErrorReply> {
    if !wake::must_be_announced(visit, namespace) {
        return Ok(());
    }
    let info = NamespaceInfo {
        namespace: namespace.as_str().to_owned(),
        jurisdiction: Jurisdiction::Unrestricted,
        repo_count: 0,
        created_at_ms,
        updated_at_ms: created_at_ms,
        // The registry lists names alone.
        fsck_strict: false,
        totals: NamespaceTotals::default(),
        quotas: Quotas::default(),
        standing: Standing::default(),
        untold_count: 0,
        issuers: Vec::new(),
    };
    let call = Call::post(path::ANNOUNCE, &info)?;
    let Done {} = objects::read(objects::namespace(visit, REGISTRY, call).await?).await?;
    wake::note(&namespace.folded());
    Ok(())
}

/// Tells the registry. When it cannot be told, the namespace exists all the same, unlisted until
/// somebody tries to make it again.
async fn register(visit: &Visit, info: &NamespaceInfo, act: Option<NamespaceAct>) {
    let registration = Registration {
        info: info.clone(),
        act,
    };
    if let Ok(call) = Call::post(path::REGISTER, &registration)
        && let Ok(response) = objects::namespace(visit, REGISTRY, call).await
    {
        let _ = objects::accept(response).await;
    }
}

/// Asks a namespace's object to do something.
pub(crate) async fn post<B: Serialize, T: serde::de::DeserializeOwned>(
    visit: &Visit,
    namespace: &NamespaceName,
    path: &str,
    body: &B,
) -> Result<T, ErrorReply> {
    let call = Call::post(path, body)?;
    objects::read(objects::namespace(visit, &namespace.folded(), call).await?).await
}

/// Asks the object of that name for something.
pub(crate) async fn get<Q: Serialize, T: serde::de::DeserializeOwned>(
    visit: &Visit,
    object_name: &str,
    path: &str,
    query: &Q,
) -> Result<T, ErrorReply> {
    let call = Call::get(objects::target(path, query)?);
    objects::read(objects::namespace(visit, object_name, call).await?).await
}
