//! Makes the list of a namespace again after the namespace's object has lost it.
//!
//! The repositories still exist, each in its own object. R2 has a record of each repository that has
//! settled; the operator can name the others.

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use worker::Request;

use super::body::body;
use crate::repo_do::contract::{Actor, ErrorCode, ErrorReply, RepositoryInfo, is_public_id, path};
use crate::storage::r2::bucket::{Bucket as _, BucketError, RECORDS_PREFIX, record_key};
use crate::storage::r2::recovery_record_head::{RECORD_HEAD_BYTES, RecordHead};
use crate::worker::call::Call;
use crate::worker::credentials::Identity;
use crate::worker::fault::fault;
use crate::worker::names::{NamespaceName, RepositoryName, RepositoryPath};
use crate::worker::namespace::contract::NamespaceAct;
use crate::worker::namespace::directory;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::visit::Visit;
use crate::worker::{admission, envelope};

/// Records that one request reads: each is a call of its own, and the Free plan has 50 a request.
const RECORDS_DEFAULT: u32 = 20;
const RECORDS_MAX: u32 = 200;
/// Names that one request may give.
const NAMES_MAX: usize = 100;
/// Objects that are asked at a time.
const ASKED_AT_ONCE: usize = 6;

/// Body of `POST /namespaces/:ns/relist`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRelisting {
    /// The cursor that the previous request returned.
    cursor: Option<String>,
    /// How many records to read.
    limit: Option<u32>,
    /// Names of the repositories to ask, instead of those in R2's records.
    names: Option<Vec<String>>,
}

/// The work of one request.
#[derive(Debug, Serialize)]
struct Relisting {
    /// How many records were read, of all namespaces.
    records: usize,
    /// Names of the repositories that this request added to the list.
    listed: Vec<String>,
    /// Repositories whose objects are lost too; `recover` brings them back.
    lost: Vec<Lost>,
    /// The cursor for the next request; empty at the end.
    cursor: String,
}

/// A repository whose object is empty.
#[derive(Debug, Serialize)]
struct Lost {
    /// Its id; missing if the operator gave its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Its name.
    name: String,
}

/// `POST /namespaces/:ns/relist`: for the operator alone.
pub(crate) async fn relist(
    visit: &Visit,
    request: Request,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_administer(visit).await?;
    if visit.identity != Identity::Operator {
        let message = "only the operator lists repositories again";
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    let new: NewRelisting = body(request).await?;
    let mut found = match &new.names {
        Some(names) => named(names)?,
        None => recorded(visit, namespace, &new).await?,
    };
    let mut infos = Vec::new();
    let mut lost = Vec::new();
    let sought = std::mem::take(&mut found.sought);
    for group in sought.chunks(ASKED_AT_ONCE) {
        let asked = group
            .iter()
            .map(|sought| ask(visit, namespace, &sought.name));
        for (sought, info) in group.iter().zip(join_all(asked).await) {
            match info? {
                Some(info) => infos.push(info),
                None => lost.push(Lost {
                    id: sought.id.clone(),
                    name: sought.name.as_str().to_owned(),
                }),
            }
        }
    }
    let listed = list(visit, namespace, infos).await?;
    envelope::success(
        200,
        &Relisting {
            records: found.records,
            listed,
            lost,
            cursor: found.cursor,
        },
    )
}

/// Repositories that may exist, and how far the search came.
struct Found {
    records: usize,
    sought: Vec<Sought>,
    cursor: String,
}

struct Sought {
    id: Option<String>,
    name: RepositoryName,
}

fn named(names: &[String]) -> Result<Found, ErrorReply> {
    if names.len() > NAMES_MAX {
        let message = format!(
            "names has at most {NAMES_MAX} names, this has {}",
            names.len()
        );
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/names", message));
    }
    let sought = names.iter().enumerate().map(|(at, name)| {
        let name = parameters::repository(&format!("/names/{at}"), name)?;
        Ok(Sought { id: None, name })
    });
    Ok(Found {
        records: 0,
        sought: sought.collect::<Result<_, ErrorReply>>()?,
        cursor: String::new(),
    })
}

/// The repositories of the namespace among the next records. A recovered repository has a new record
/// instead of its old one, so its name comes once.
async fn recorded(
    visit: &Visit,
    namespace: &NamespaceName,
    new: &NewRelisting,
) -> Result<Found, ErrorReply> {
    let limit = parameters::within("limit", RECORDS_MAX, RECORDS_DEFAULT, new.limit)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let failed = |error: BucketError| fault("r2", &error);
    let bucket = objects::bucket(visit, namespace).await?;
    let after = match new.cursor.as_deref() {
        None | Some("") => None,
        Some(id) if is_public_id(id) => Some(record_key(id)),
        Some(_) => return Err(parameters::foreign_cursor()),
    };
    let keys = bucket.list(RECORDS_PREFIX, after.as_deref()).await;
    let mut keys = keys.map_err(failed)?;
    let is_last = keys.len() <= limit;
    keys.truncate(limit);
    let last = keys
        .last()
        .and_then(|(key, _)| key.strip_prefix(RECORDS_PREFIX));
    let cursor = last.filter(|_| !is_last).unwrap_or_default().to_owned();
    let mut sought = Vec::new();
    for group in keys.chunks(ASKED_AT_ONCE) {
        let heads = group.iter().map(|(key, bytes)| {
            let end = RECORD_HEAD_BYTES.min(*bytes);
            bucket.read(key, 0..end)
        });
        for head in join_all(heads).await {
            let head = match head {
                Ok(bytes) => RecordHead::parse(&bytes),
                // Deleted since it was listed.
                Err(BucketError::Missing { .. }) => None,
                Err(error) => return Err(failed(error)),
            };
            let here = |head: &RecordHead| head.namespace.eq_ignore_ascii_case(namespace.as_str());
            let Some(head) = head.filter(here) else {
                continue;
            };
            if let Ok(name) = RepositoryName::parse(&head.name) {
                let id = Some(head.id);
                sought.push(Sought { id, name });
            }
        }
    }
    Ok(Found {
        records: keys.len(),
        sought,
        cursor,
    })
}

/// Asks the repository's own object for the repository; `None` if the object has none.
async fn ask(
    visit: &Visit,
    namespace: &NamespaceName,
    name: &RepositoryName,
) -> Result<Option<RepositoryInfo>, ErrorReply> {
    let path = RepositoryPath {
        namespace: namespace.clone(),
        name: name.clone(),
    };
    let call = Call::get(path::INFO);
    let response = objects::repository(visit, &path, Actor::Operator, call).await?;
    match objects::read(response).await {
        Ok(info) => Ok(Some(info)),
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Moved) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Adds these to the list, and returns the names of those that it lacked.
async fn list(
    visit: &Visit,
    namespace: &NamespaceName,
    infos: Vec<RepositoryInfo>,
) -> Result<Vec<String>, ErrorReply> {
    let Some(first) = infos.first() else {
        return Ok(Vec::new());
    };
    // The name as its creator spelled it.
    let shown = NamespaceName::parse(&first.namespace);
    let shown = shown.unwrap_or_else(|_| namespace.clone());
    let asked: Vec<_> = infos.iter().map(|info| info.name.clone()).collect();
    let relisted = directory::relist(visit, &shown, infos, Some(NamespaceAct::Relisted)).await?;
    let listed = asked.into_iter().zip(relisted.is_new);
    Ok(listed
        .filter_map(|(name, is_new)| is_new.then_some(name))
        .collect())
}
