//! Whether there is anything to wake: where the objects' databases are files, as under workerd by
//! itself, an object that is asked for gets its file even if it writes nothing. So a deployment may
//! have names looked up before their objects are asked
//! ([ADR 63](../../docs/adr/0063-names-looked-up-before-objects-are-woken.md)).
//!
//! The registry tells which namespaces there are, and a namespace's object which names are taken in
//! it. An isolate does not ask again for a name that it has found, so that requests to existing repositories
//! cost nothing. A list may be lost while its repositories exist. So the operator passes, and a caller with a
//! token that KV knows for the repository's own, and everybody where a list is empty that was not.

use std::cell::RefCell;

use serde::de::DeserializeOwned;

use super::call::Call;
use super::credentials::Identity;
use super::fault::fault;
use super::grant::Grant;
use super::grants;
use super::known_names::KnownNames;
use super::names::{NamespaceName, RepositoryPath};
use super::namespace::contract::{ByName, Entry, Holds, REGISTRY, path};
use super::objects::{self, Asked};
use super::visit::Visit;
use crate::repo_do::contract::{Admit, Admitted, ErrorReply, NAMESPACE_ADMIT, Refusal, TokenHash};
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{Bucket as _, RECORDS_PREFIX};

/// The variable that has names looked up.
const LOOK_UP_NAMES: &str = "CAIRN_LOOK_UP_NAMES";

thread_local! {
    // Data alone: no request waits for another.
    static KNOWN: RefCell<KnownNames> = const { RefCell::new(KnownNames::new()) };
}

fn is_known(object_name: &str) -> bool {
    KNOWN.with_borrow(|known| known.contains(object_name))
}

/// Remembers that the object of this name exists, or is about to.
pub(crate) fn note(object_name: &str) {
    KNOWN.with_borrow_mut(|known| known.insert(object_name));
}

/// Whether the deployment has names looked up.
fn looks_up(visit: &Visit) -> bool {
    let variable = visit.env.var(LOOK_UP_NAMES);
    variable.is_ok_and(|value| value.to_string() == "true")
}

/// Refuses a request to a repository whose name nobody has taken, as the repository's own object
/// would.
pub(crate) fn check<'a>(
    visit: &'a Visit,
    path: &'a RepositoryPath,
) -> Asked<'a, Result<(), ErrorReply>> {
    let checked = async move {
        let object_name = path.object_name();
        if visit.identity == Identity::Operator || is_known(&object_name) || !looks_up(visit) {
            return Ok(());
        }
        match holds(visit, path).await? {
            Holds::Held => note(&object_name),
            Holds::Nothing => {}
            Holds::Free if is_granted(visit, |grant, now_ms| grant.names(path, now_ms)).await => {}
            Holds::Free => return Err(absent(visit, path).await),
        }
        Ok(())
    };
    Box::pin(checked)
}

/// Whether the namespace exists. Where names are not looked up, the caller must ask its object.
pub(crate) fn namespace_exists<'a>(
    visit: &'a Visit,
    namespace: &'a NamespaceName,
) -> Asked<'a, Result<bool, ErrorReply>> {
    let found = async move {
        let object_name = namespace.folded();
        if visit.identity == Identity::Operator || is_known(&object_name) || !looks_up(visit) {
            return Ok(true);
        }
        let registered: Holds = ask(visit, REGISTRY, path::REGISTERED, &object_name).await?;
        if registered == Holds::Held {
            note(&object_name);
            return Ok(true);
        }
        let is_here = |grant: &Grant, now_ms| grant.is_within(namespace, now_ms);
        Ok(is_granted(visit, is_here).await
            || (registered == Holds::Nothing && was_used(visit).await))
    };
    Box::pin(found)
}

/// Whether KV knows the caller's token for one of the names it looks for.
async fn is_granted(visit: &Visit, is_it: impl Fn(&Grant, i64) -> bool) -> bool {
    let Identity::Token(hash) = visit.identity else {
        return false;
    };
    let grant = grants::find(visit, &hash).await;
    grant.is_some_and(|grant| is_it(&grant, visit.now_ms))
}

/// Whether anything was ever made in a deployment whose registry is empty.
async fn was_used(visit: &Visit) -> bool {
    if grants::any(visit).await {
        return true;
    }
    let Ok(bucket) = R2::of(&visit.env) else {
        return false;
    };
    let records = bucket.list(RECORDS_PREFIX, None).await;
    records.is_ok_and(|records| !records.is_empty())
}

/// Whether the registry must record a namespace before its object makes it.
pub(crate) fn must_be_announced(visit: &Visit, namespace: &NamespaceName) -> bool {
    !is_known(&namespace.folded()) && looks_up(visit)
}

async fn holds(visit: &Visit, path: &RepositoryPath) -> Result<Holds, ErrorReply> {
    if !namespace_exists(visit, &path.namespace).await? {
        return Ok(Holds::Free);
    }
    let name = path.name.as_str();
    ask(visit, &path.namespace.folded(), path::HOLDS, name).await
}

/// The answer that the object would give this caller for a name that nobody has taken.
async fn absent(visit: &Visit, path: &RepositoryPath) -> ErrorReply {
    let refusal = match visit.identity {
        Identity::Anonymous => Refusal::CredentialRequired,
        Identity::Operator => Refusal::NotFound,
        Identity::Unrecognised => Refusal::TokenInvalid,
        Identity::Token(hash) => match admitted(visit, &path.namespace, hash).await {
            Err(error) => return error,
            Ok(Admitted { token: None, .. }) => Refusal::TokenInvalid,
            Ok(admitted) if admitted.opens(None) => Refusal::NotFound,
            Ok(_) => Refusal::OtherRepository,
        },
    };
    refusal.into()
}

/// Asks the namespace's object whether a token is one of its own and valid.
pub(crate) async fn admitted(
    visit: &Visit,
    namespace: &NamespaceName,
    sha256: TokenHash,
) -> Result<Admitted, ErrorReply> {
    if !namespace_exists(visit, namespace).await? {
        return Ok(Admitted::nobody());
    }
    let admit = Admit {
        sha256,
        signed: visit.signed.clone(),
        now_ms: visit.now_ms,
    };
    let call = Call::post(NAMESPACE_ADMIT, &admit)?;
    objects::read(objects::namespace(visit, &namespace.folded(), call).await?).await
}

/// Whether this repository has the name; `false` also where its namespace does not answer.
pub(crate) async fn has_name(visit: &Visit, path: &RepositoryPath, repository_id: &str) -> bool {
    // A namespace's token has no repository.
    if repository_id.is_empty() {
        return false;
    }
    if !matches!(namespace_exists(visit, &path.namespace).await, Ok(true)) {
        return false;
    }
    let (object_name, name) = (path.namespace.folded(), path.name.as_str());
    let entry: Result<Entry, _> = ask(visit, &object_name, path::REPOSITORY, name).await;
    entry.is_ok_and(|entry| entry.repository_id == repository_id)
}

async fn ask<A: DeserializeOwned>(
    visit: &Visit,
    object_name: &str,
    path: &str,
    name: &str,
) -> Result<A, ErrorReply> {
    let query = ByName {
        name: name.to_owned(),
    };
    let query = serde_urlencoded::to_string(query).map_err(|error| fault("query", &error))?;
    let call = Call::get(format!("{path}?{query}"));
    objects::read(objects::namespace(visit, object_name, call).await?).await
}
