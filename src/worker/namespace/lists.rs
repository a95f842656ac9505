//! Lists: the repositories of a namespace, and the names in the registry of namespaces.

use serde::{Deserialize, Serialize};

use super::step_error::StepError;
use crate::repo_do::contract::ErrorReply;
use crate::storage::db::sql::Database;
use crate::storage::namespace::listing;
use crate::storage::namespace::registry::RegistryStore;
use crate::storage::namespace::store::{ListedRepository, NamespaceStore};
use crate::worker::rest::parameters::{self, Direction, ListQuery, Sort};

/// A repository as the list shows it. Figures and settings may lag behind its own object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its id.
    pub(crate) repository_id: String,
    /// Its name, as shown.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: Option<String>,
    /// A branch's short name.
    pub(crate) default_branch: String,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: i64,
    /// Milliseconds since 1970.
    pub(crate) updated_at_ms: i64,
    /// Milliseconds since 1970.
    pub(crate) last_push_at_ms: Option<i64>,
    /// URL from which its content came.
    pub(crate) source: Option<String>,
    /// Whether pushes are refused.
    pub(crate) read_only: bool,
    /// Whether every client may fetch.
    pub(crate) public: bool,
    /// Bytes of its live packs.
    pub(crate) size_bytes: u64,
    /// Objects in them.
    pub(crate) object_count: u64,
    /// Bytes of its objects of Git LFS.
    pub(crate) lfs_bytes: u64,
    /// When it deletes itself, in milliseconds since 1970.
    pub(crate) expires_at_ms: Option<i64>,
}

/// Answer of `GET /list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    /// The namespace's name, as shown; `None` when none was made here.
    pub(crate) namespace: Option<String>,
    /// One page.
    pub(crate) repositories: Vec<Listed>,
    /// Cursor of the next page; the last page has none.
    pub(crate) cursor: Option<String>,
    /// Entries on all pages, if a page was asked for by its number.
    #[serde(default)]
    pub(crate) total_count: Option<u64>,
}

/// Answer of `GET /registry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registry {
    /// One page of names, as shown.
    pub(crate) namespaces: Vec<String>,
    /// Cursor of the next page; the last page has none.
    pub(crate) cursor: Option<String>,
    /// Entries on all pages, if a page was asked for by its number.
    #[serde(default)]
    pub(crate) total_count: Option<u64>,
}

/// A page of the repositories.
pub(crate) fn list<D: Database>(
    store: &NamespaceStore<D>,
    query: &ListQuery,
    limit: u32,
) -> Result<Listing, StepError> {
    let Some(namespace) = store.shown_name()? else {
        return Ok(Listing {
            namespace: None,
            repositories: Vec::new(),
            cursor: None,
            total_count: query.page.map(|_| 0),
        });
    };
    let sort = query.sort.unwrap_or_default();
    let default_direction = if sort == Sort::Name {
        Direction::Asc
    } else {
        Direction::Desc
    };
    let page = store.list(&listing::ListQuery {
        filter: listing::Filter {
            search: query.search.as_deref(),
            last_push_before: moment("last_push_before", query.last_push_before.as_deref())?,
            last_push_after: moment("last_push_after", query.last_push_after.as_deref())?,
            size_min: query.size_min,
            size_max: query.size_max,
            public: query.public,
            read_only: query.read_only,
            expires: query.expires,
        },
        sort: match sort {
            Sort::CreatedAt => listing::Sort::CreatedAt,
            Sort::UpdatedAt => listing::Sort::UpdatedAt,
            Sort::LastPushAt => listing::Sort::LastPushAt,
            Sort::Size => listing::Sort::Size,
            Sort::Name => listing::Sort::Name,
        },
        direction: match query.direction.unwrap_or(default_direction) {
            Direction::Asc => listing::Direction::Ascending,
            Direction::Desc => listing::Direction::Descending,
        },
        cursor: query.cursor.as_deref(),
        // A page by its number is the end of a longer list, which has a bound.
        limit: limit.saturating_add(query.skipped(limit)),
    })?;
    let total_count = match query.page {
        Some(_) => Some(store.count(query.search.as_deref())?),
        None => None,
    };
    let repositories = page.repositories.into_iter().map(listed);
    let skipped = usize::try_from(query.skipped(limit)).unwrap_or(usize::MAX);
    Ok(Listing {
        namespace: Some(namespace),
        repositories: repositories.skip(skipped).collect(),
        cursor: page.cursor,
        total_count,
    })
}

fn listed(repository: ListedRepository) -> Listed {
    Listed {
        repository_id: repository.id,
        name: repository.name,
        description: Some(repository.description).filter(|text| !text.is_empty()),
        default_branch: repository.default_branch,
        created_at_ms: repository.created_at,
        updated_at_ms: repository.updated_at,
        last_push_at_ms: repository.last_push_at,
        source: repository.source,
        read_only: repository.read_only,
        public: repository.public,
        size_bytes: repository.figures.size_bytes,
        object_count: repository.figures.object_count,
        lfs_bytes: repository.figures.lfs_bytes,
        expires_at_ms: repository.figures.expires_at,
    }
}

/// A page of the registry; its cursor is the page's last name.
pub(crate) fn registry<D: Database>(
    store: &RegistryStore<D>,
    query: &ListQuery,
    limit: u32,
) -> Result<Registry, StepError> {
    let skipped = query.skipped(limit);
    let to_end = limit.saturating_add(skipped);
    let more = to_end.saturating_add(1);
    let found = store.list(query.search.as_deref(), query.cursor.as_deref(), more)?;
    let is_last = found.len() as u64 <= u64::from(to_end);
    let page = usize::try_from(to_end).unwrap_or(usize::MAX);
    let namespaces: Vec<String> = found
        .into_iter()
        .map(|found| found.name)
        .take(page)
        .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
        .collect();
    let cursor = if is_last {
        None
    } else {
        namespaces.last().cloned()
    };
    let total_count = match query.page {
        Some(_) => Some(store.count(query.search.as_deref())?),
        None => None,
    };
    Ok(Registry {
        namespaces,
        cursor,
        total_count,
    })
}

/// A time of the query, in milliseconds since 1970.
fn moment(field: &str, text: Option<&str>) -> Result<Option<i64>, ErrorReply> {
    text.map(|text| parameters::time(field, text)).transpose()
}
