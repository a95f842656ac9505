//! The repositories of a namespace, listed page by page.
//!
//! A page continues after the last row of the previous page, found by that row's sort value and name. So
//! repositories that come or go meanwhile shift nothing. The cursor holds these two values, and is opaque
//! to its bearer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::figures::integer;
use super::store::{ListedRepository, NamespaceStore, name_key, read_listed};
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Value};
use crate::storage::db::sql::{Database, query_all, query_first};

/// The sort value of a list; repositories with equal values are sorted by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When it was created.
    #[default]
    CreatedAt,
    /// When it changed.
    UpdatedAt,
    /// When it was last pushed to; a repository without a push comes before all others.
    LastPushAt,
    /// The bytes of its packs and large files together.
    Size,
    /// The name, without regard to case.
    Name,
}

/// The direction of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest, oldest first.
    Ascending,
    /// Greatest, newest first.
    #[default]
    Descending,
}

/// Which repositories a list leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Only names that contain this, without regard to case.
    pub search: Option<&'a str>,
    /// Only those whose last push is older, in unix milliseconds. For a repository without a push, the
    /// time of its creation counts.
    pub last_push_before: Option<i64>,
    /// Only those whose last push is not older.
    pub last_push_after: Option<i64>,
    /// Only those whose packs and large files have at least so many bytes.
    pub size_min: Option<u64>,
    /// Only those that have at most so many.
    pub size_max: Option<u64>,
    /// Only those that everybody may read, or only the others.
    pub public: Option<bool>,
    /// Only those that take no pushes, or only the others.
    pub read_only: Option<bool>,
    /// Only those that delete themselves at a time that is set, or only the others.
    pub expires: Option<bool>,
}

/// Which repositories to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery<'a> {
    /// Which ones to leave out.
    pub filter: Filter<'a>,
    /// The sort value.
    pub sort: Sort,
    /// Which end first.
    pub direction: Direction,
    /// The cursor that the previous page returned.
    pub cursor: Option<&'a str>,
    /// Rows of the page.
    pub limit: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// The repositories, all live.
    pub repositories: Vec<ListedRepository>,
    /// Cursor of the next page; `None` on the last one.
    pub cursor: Option<String>,
}

/// A page could not be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The cursor is not one that a list of this order gave.
    #[error("cursor does not belong to this list")]
    InvalidCursor,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One of the ten orders as one constant statement: ?1 and ?5 to ?11 are filters or NULL, ?2 and ?3
/// are the last row's sort value and name.
macro_rules! list_sql {
    ($sort_value:literal, $follows:literal, $direction:literal) => {
        concat!(
            "SELECT name, id, state, description, default_branch, read_only, public,
                source, created_at, updated_at, last_push_at, size_bytes, object_count, lfs_bytes,
                database_bytes, r2_bytes, expires_at
            FROM repository
            WHERE state = 'live' AND (?1 IS NULL OR instr(name_key, ?1) > 0)
                AND (?5 IS NULL OR coalesce(last_push_at, created_at) < ?5)
                AND (?6 IS NULL OR coalesce(last_push_at, created_at) >= ?6)
                AND (?7 IS NULL OR size_bytes + lfs_bytes >= ?7)
                AND (?8 IS NULL OR size_bytes + lfs_bytes <= ?8)
                AND (?9 IS NULL OR public = ?9)
                AND (?10 IS NULL OR read_only = ?10)
                AND (?11 IS NULL OR (expires_at IS NOT NULL) = ?11)
                AND (",
            $sort_value,
            ", name_key) ",
            $follows,
            " (?2, ?3)
            ORDER BY ",
            $sort_value,
            " ",
            $direction,
            ", name_key ",
            $direction,
            "
            LIMIT ?4"
        )
    };
}

impl<D: Database> NamespaceStore<D> {
    /// A page of the live repositories.
    pub fn list(&self, query: &ListQuery<'_>) -> Result<ListPage, ListError> {
        let after = match query.cursor {
            Some(cursor) => Position::decode(cursor, query).ok_or(ListError::InvalidCursor)?,
            None => Position::before_all(query.direction),
        };
        let filter = &query.filter;
        let search = filter.search.map(name_key);
        // Reading one row more shows whether another page follows.
        let limit = query.limit.saturating_add(1);
        let name_after = after.name_key.as_str();
        let sort_value = match query.sort {
            Sort::Name => Value::Text(name_after),
            _ => Value::Integer(after.value),
        };
        let params = [
            Value::text(search.as_deref()),
            sort_value,
            name_after.into(),
            limit.into(),
            Value::integer(filter.last_push_before),
            Value::integer(filter.last_push_after),
            Value::integer(filter.size_min.map(integer)),
            Value::integer(filter.size_max.map(integer)),
            Value::integer(filter.public.map(i64::from)),
            Value::integer(filter.read_only.map(i64::from)),
            Value::integer(filter.expires.map(i64::from)),
        ];
        let sql = statement(query.sort, query.direction);
        let rows = query_all(&self.db, sql, &params, read_listed);
        let mut repositories = rows.map_err(StoreError::from)?;
        let mut cursor = None;
        if repositories.len() as u64 > u64::from(query.limit) {
            repositories.pop();
            cursor = repositories
                .last()
                .map(|last| Position::of(last, query.sort).encode(query));
        }
        Ok(ListPage {
            repositories,
            cursor,
        })
    }

    /// How many live repositories the search finds.
    pub fn count(&self, search: Option<&str>) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM repository
            WHERE state = 'live' AND (?1 IS NULL OR instr(name_key, ?1) > 0)";
        let search = search.map(name_key);
        let params = [Value::text(search.as_deref())];
        Ok(query_first(&self.db, sql, &params, |row| row.unsigned(0))?.unwrap_or(0))
    }
}

fn statement(sort: Sort, direction: Direction) -> &'static str {
    use Direction::{Ascending, Descending};
    match (sort, direction) {
        (Sort::CreatedAt, Ascending) => list_sql!("created_at", ">", "ASC"),
        (Sort::CreatedAt, Descending) => list_sql!("created_at", "<", "DESC"),
        (Sort::UpdatedAt, Ascending) => list_sql!("updated_at", ">", "ASC"),
        (Sort::UpdatedAt, Descending) => list_sql!("updated_at", "<", "DESC"),
        (Sort::LastPushAt, Ascending) => list_sql!("coalesce(last_push_at, 0)", ">", "ASC"),
        (Sort::LastPushAt, Descending) => list_sql!("coalesce(last_push_at, 0)", "<", "DESC"),
        (Sort::Size, Ascending) => list_sql!("size_bytes + lfs_bytes", ">", "ASC"),
        (Sort::Size, Descending) => list_sql!("size_bytes + lfs_bytes", "<", "DESC"),
        (Sort::Name, Ascending) => list_sql!("name_key", ">", "ASC"),
        (Sort::Name, Descending) => list_sql!("name_key", "<", "DESC"),
    }
}

/// A place between two rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    /// The sort value, a time or a size; 0 in a list by name.
    value: i64,
    name_key: String,
}

impl Position {
    fn before_all(direction: Direction) -> Self {
        match direction {
            Direction::Ascending => Self {
                value: -1,
                name_key: String::new(),
            },
            // Names are ASCII, so this follows them all.
            Direction::Descending => Self {
                value: INTEGER_MAX,
                name_key: "\u{80}".to_owned(),
            },
        }
    }

    fn of(row: &ListedRepository, sort: Sort) -> Self {
        let value = match sort {
            Sort::CreatedAt => row.created_at,
            Sort::UpdatedAt => row.updated_at,
            Sort::LastPushAt => row.last_push_at.unwrap_or(0),
            Sort::Size => integer(row.figures.quota_bytes()),
            Sort::Name => 0,
        };
        Self {
            value,
            name_key: name_key(&row.name),
        }
    }

    fn encode(&self, query: &ListQuery<'_>) -> String {
        let text = format!("{}:{}:{}", order_code(query), self.value, self.name_key);
        URL_SAFE_NO_PAD.encode(text)
    }

    fn decode(cursor: &str, query: &ListQuery<'_>) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (order, rest) = text.split_once(':')?;
        let (value, name) = rest.split_once(':')?;
        let value = value
            .parse()
            .ok()
            .filter(|value| (0..=INTEGER_MAX).contains(value))?;
        let belongs = order == order_code(query) && name.is_ascii();
        belongs.then(|| Self {
            value,
            name_key: name.to_owned(),
        })
    }
}

/// The order of a list, for its cursors.
fn order_code(query: &ListQuery<'_>) -> &'static str {
    use Direction::{Ascending, Descending};
    match (query.sort, query.direction) {
        (Sort::CreatedAt, Ascending) => "c+",
        (Sort::CreatedAt, Descending) => "c-",
        (Sort::UpdatedAt, Ascending) => "u+",
        (Sort::UpdatedAt, Descending) => "u-",
        (Sort::LastPushAt, Ascending) => "p+",
        (Sort::LastPushAt, Descending) => "p-",
        (Sort::Size, Ascending) => "s+",
        (Sort::Size, Descending) => "s-",
        (Sort::Name, Ascending) => "n+",
        (Sort::Name, Descending) => "n-",
    }
}
