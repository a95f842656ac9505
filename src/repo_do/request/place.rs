//! Whether the repository that an object has is the one that a request names.
//!
//! A repository keeps its object when its name changes. So the object of a name may hold a repository
//! that goes by another one, and requests for the name that it left or never had arrive here, too.

use serde_json::json;
use worker::Request;

use crate::repo_do::contract::{ErrorCode, ErrorReply, Forwarding, forwarded, header, object_name};
use crate::storage::repository::store::RepositoryRecord;

/// The place of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The repository here is meant.
    Here,
    /// The repository here was meant, and has another name by now.
    Moved,
    /// The repository here is not meant.
    Elsewhere,
}

impl Place {
    /// The place of a request that names this repository, or another one. Only where it names another one
    /// is it asked by which way the request came.
    fn of(
        record: &RepositoryRecord,
        named: Option<&str>,
        passed_on: impl FnOnce() -> Option<Forwarding>,
    ) -> Self {
        if named.is_none_or(|named| goes_by(record, named)) {
            return Self::Here;
        }
        match passed_on() {
            Some(forwarding) if forwarding.repository_id != record.id => Self::Elsewhere,
            _ => Self::Moved,
        }
    }
}

/// Whether a repository goes by this name, which is `<namespace>/<repo>`.
pub(crate) fn goes_by(record: &RepositoryRecord, named: &str) -> bool {
    named.split_once('/').is_some_and(|(namespace, name)| {
        namespace.eq_ignore_ascii_case(&record.namespace) && name.eq_ignore_ascii_case(&record.name)
    })
}

/// The place of a request.
pub(crate) fn place(request: &Request, record: &RepositoryRecord) -> Place {
    let named = header_of(request, header::REPOSITORY);
    Place::of(record, named.as_deref(), || passed_on(request))
}

/// By which way a request came here, if another object passed it on.
pub(crate) fn passed_on(request: &Request) -> Option<Forwarding> {
    forwarded(&header_of(request, header::FORWARDED)?)
}

/// The name of the object that a request was meant for: an object is called as its repository is.
pub(crate) fn named_object(request: &Request) -> Option<String> {
    let named = header_of(request, header::REPOSITORY)?;
    let (namespace, name) = named.split_once('/')?;
    Some(object_name(namespace, name))
}

/// The name of the object in which a request arrived.
pub(crate) fn own_name(request: &Request) -> Option<String> {
    match passed_on(request) {
        Some(forwarding) => Some(forwarding.object_name),
        None => named_object(request),
    }
}

/// Tells the caller where the repository is now.
pub(crate) fn moved(record: &RepositoryRecord) -> ErrorReply {
    let (namespace, name) = (&record.namespace, &record.name);
    let message = format!("the repository has moved to {namespace}/{name}");
    let details = json!({"namespace": namespace, "name": name});
    ErrorReply::new(ErrorCode::Moved, message).with_details(details)
}

fn header_of(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_where_its_name_leads() {
        let record = RepositoryRecord {
            id: "0123456789abcdef".to_owned(),
            namespace: "Acme".to_owned(),
            name: "Gadget".to_owned(),
            ..RepositoryRecord::default()
        };
        let told = |id: &str| Forwarding::beside("acme/widget", id);
        let this = told("0123456789abcdef");
        let other = told("0123456789abcde0");
        for forwarding in [None, Some(&this), Some(&other)] {
            let place = |named| Place::of(&record, named, || forwarding.cloned());
            assert_eq!(place(Some("acme/GADGET")), Place::Here);
            assert_eq!(place(None), Place::Here);
        }
        let place = |forwarding: Option<&Forwarding>| {
            Place::of(&record, Some("acme/widget"), || forwarding.cloned())
        };
        assert_eq!(place(None), Place::Moved);
        assert_eq!(place(Some(&this)), Place::Moved);
        assert_eq!(place(Some(&other)), Place::Elsewhere);
    }
}
