//! The repositories of a namespace, listed page by page.
//!
//! A page continues after the last row of the one before it, by that row's sort value and name:
//! what was added or removed meanwhile shifts nothing. The cursor holds these two and is opaque
//! to its bearer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::store::{ListedRepository, NamespaceStore, name_key, read_listed};
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Value};
use crate::storage::db::sql::{Database, query_all, query_first};

/// By what a list is sorted; equals are sorted by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When it was created.
    #[default]
    CreatedAt,
    /// When it changed.
    UpdatedAt,
    /// When it was pushed to; never counts as first of all times.
    LastPushAt,
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

/// Which repositories to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery<'a> {
    /// Only names that contain this, without regard to case.
    pub search: Option<&'a str>,
    /// By what to sort.
    pub sort: Sort,
    /// Which end first.
    pub direction: Direction,
    /// Cursor at which the page before ended.
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

/// One of the eight orders as one constant statement: ?1 is the search or NULL, ?2 and ?3 are
/// the last row's sort value and name.
macro_rules! list_sql {
    ($sort_value:literal, $follows:literal, $direction:literal) => {
        concat!(
            "SELECT name, id, state, description, default_branch, read_only, public,
                source, created_at, updated_at, last_push_at
            FROM repository
            WHERE state = 'live' AND (?1 IS NULL OR instr(name_key, ?1) > 0)
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
        let search = query.search.map(name_key);
        // One row more tells whether another page follows.
        let limit = query.limit.saturating_add(1);
        let name_after = after.name_key.as_str();
        let sort_value = match query.sort {
            Sort::Name => Value::Text(name_after),
            _ => Value::Integer(after.time),
        };
        let params = [
            Value::text(search.as_deref()),
            sort_value,
            name_after.into(),
            limit.into(),
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
        (Sort::Name, Ascending) => list_sql!("name_key", ">", "ASC"),
        (Sort::Name, Descending) => list_sql!("name_key", "<", "DESC"),
    }
}

/// A place between two rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    /// The sort value; 0 in a list by name.
    time: i64,
    name_key: String,
}

impl Position {
    fn before_all(direction: Direction) -> Self {
        match direction {
            Direction::Ascending => Self {
                time: -1,
                name_key: String::new(),
            },
            // Names are ASCII, so this follows them all.
            Direction::Descending => Self {
                time: INTEGER_MAX,
                name_key: "\u{80}".to_owned(),
            },
        }
    }

    fn of(row: &ListedRepository, sort: Sort) -> Self {
        let time = match sort {
            Sort::CreatedAt => row.created_at,
            Sort::UpdatedAt => row.updated_at,
            Sort::LastPushAt => row.last_push_at.unwrap_or(0),
            Sort::Name => 0,
        };
        Self {
            time,
            name_key: name_key(&row.name),
        }
    }

    fn encode(&self, query: &ListQuery<'_>) -> String {
        let text = format!("{}:{}:{}", order_code(query), self.time, self.name_key);
        URL_SAFE_NO_PAD.encode(text)
    }

    fn decode(cursor: &str, query: &ListQuery<'_>) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (order, rest) = text.split_once(':')?;
        let (time, name) = rest.split_once(':')?;
        let time = time
            .parse()
            .ok()
            .filter(|time| (0..=INTEGER_MAX).contains(time))?;
        let belongs = order == order_code(query) && name.is_ascii();
        belongs.then(|| Self {
            time,
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
        (Sort::Name, Ascending) => "n+",
        (Sort::Name, Descending) => "n-",
    }
}
