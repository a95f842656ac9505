//! The query of a list: its page, its order and its filters.

use serde::{Deserialize, Serialize};

use super::bounds::{
    PER_PAGE_DEFAULT, PER_PAGE_MAX, THRESHOLD_BYTES_MAX, at_most, bounded, cursor, page_limit,
    within,
};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::time::parse_rfc_3339;

const SEARCH_CHARACTERS_MAX: usize = 100;
/// The last entry that a page's number leads to.
const BY_NUMBER_MAX: u32 = 10_000;

/// The key by which a list is ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    /// When made.
    #[default]
    CreatedAt,
    /// When changed.
    UpdatedAt,
    /// When pushed to; never comes last.
    LastPushAt,
    /// By the bytes of packs and large files together.
    Size,
    /// By name, without regard to case.
    Name,
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// Characters of a time; RFC 3339 needs no more.
const TIME_CHARACTERS_MAX: usize = 40;

/// A time as RFC 3339 writes it, in milliseconds since 1970.
pub(crate) fn time(field: &str, text: &str) -> Result<i64, ErrorReply> {
    let is_short = text.len() <= TIME_CHARACTERS_MAX;
    let time = is_short.then(|| parse_rfc_3339(text)).flatten();
    time.ok_or_else(|| {
        let shown: String = text.chars().take(TIME_CHARACTERS_MAX).collect();
        let message = format!(
            "{field} must be a time from 1970 on as in 2026-11-29T06:40:56Z, this is '{shown}'"
        );
        ErrorReply::at(ErrorCode::InvalidInput, format!("/{field}"), message)
    })
}

/// Query of `GET /namespaces/:ns/repos` and `GET /namespaces`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Entries a page.
    pub(crate) limit: Option<u32>,
    /// The same, as Artifacts' clients call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) per_page: Option<u32>,
    /// In place of a cursor: the page's number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<u32>,
    /// Cursor at which the page before ended.
    pub(crate) cursor: Option<String>,
    /// Part of the name.
    pub(crate) search: Option<String>,
    /// `created_at` unless given.
    pub(crate) sort: Option<Sort>,
    /// `desc` unless given; `asc` for names.
    pub(crate) direction: Option<Direction>,
    /// Last pushed to before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_push_before: Option<String>,
    /// Last pushed to at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_push_after: Option<String>,
    /// Bytes at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size_min: Option<u64>,
    /// Bytes at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size_max: Option<u64>,
    /// Whether everybody may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public: Option<bool>,
    /// Whether it takes no pushes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_only: Option<bool>,
    /// Whether it deletes itself at a time that is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<bool>,
}

impl ListQuery {
    /// The page's size, and the texts within their bounds.
    pub(crate) fn checked(self) -> Result<(u32, Self), ErrorReply> {
        let limit = match (self.per_page, self.limit) {
            (Some(_), Some(_)) => return Err(refused("/per_page", "limit is the same: give one")),
            (Some(_), None) => within("per_page", PER_PAGE_MAX, PER_PAGE_DEFAULT, self.per_page)?,
            (None, limit) => page_limit(limit)?,
        };
        self.check_page(limit)?;
        let cursor = cursor(self.cursor)?;
        let search =
            bounded("search", SEARCH_CHARACTERS_MAX, self.search)?.filter(|s| !s.is_empty());
        for (field, text) in [
            ("last_push_before", &self.last_push_before),
            ("last_push_after", &self.last_push_after),
        ] {
            text.as_deref().map(|text| time(field, text)).transpose()?;
        }
        at_most("size_min", THRESHOLD_BYTES_MAX, self.size_min)?;
        at_most("size_max", THRESHOLD_BYTES_MAX, self.size_max)?;
        Ok((
            limit,
            Self {
                per_page: None,
                cursor,
                search,
                ..self
            },
        ))
    }
}

impl ListQuery {
    /// Entries on the pages before the one that is asked for by its number.
    #[must_use]
    pub(crate) fn skipped(&self, limit: u32) -> u32 {
        let before = self.page.unwrap_or(1).saturating_sub(1);
        before.saturating_mul(limit)
    }

    /// A filter other than `search` that was given.
    #[must_use]
    pub(crate) fn filter_given(&self) -> Option<&'static str> {
        let filters = [
            ("/last_push_before", self.last_push_before.is_some()),
            ("/last_push_after", self.last_push_after.is_some()),
            ("/size_min", self.size_min.is_some()),
            ("/size_max", self.size_max.is_some()),
            ("/public", self.public.is_some()),
            ("/read_only", self.read_only.is_some()),
            ("/expires", self.expires.is_some()),
        ];
        let given = filters.iter().find(|(_, given)| *given);
        given.map(|(pointer, _)| *pointer)
    }

    /// Checks a page's number. Its list is read from the start, so it has a bound; its entries are
    /// counted by name alone, so other filters need a cursor.
    fn check_page(&self, limit: u32) -> Result<(), ErrorReply> {
        let Some(page) = self.page else {
            return Ok(());
        };
        within("page", BY_NUMBER_MAX, 1, Some(page))?;
        let cursor = self.cursor.as_ref().map(|_| "/cursor");
        if let Some(pointer) = cursor.or_else(|| self.filter_given()) {
            return Err(refused(pointer, "it cannot be given beside page"));
        }
        if page.saturating_mul(limit) > BY_NUMBER_MAX {
            let message =
                format!("pages by number end at entry {BY_NUMBER_MAX}: go on with the cursor");
            return Err(refused("/page", &message));
        }
        Ok(())
    }
}

fn refused(pointer: &str, message: &str) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, pointer, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(query: ListQuery) -> Option<String> {
        query.checked().err().and_then(|error| error.pointer)
    }

    #[test]
    fn a_time_is_one_of_a_calendar() {
        assert_eq!(time("t", "1970-01-01T00:00:01+00:00"), Ok(1000));
        assert_eq!(time("t", "1970-01-01T01:00:00.5+01:00"), Ok(500));
        for text in [
            "",
            "yesterday",
            "1969-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
        ] {
            assert!(time("t", text).is_err(), "{text}");
        }
        let long = "2".repeat(1000);
        assert!(time("t", &long).unwrap_err().message.len() < 200);
    }

    #[test]
    fn a_page_by_number_has_an_end_and_excludes_cursors_and_filters() {
        let page = |page, per_page| ListQuery {
            page: Some(page),
            per_page: Some(per_page),
            ..ListQuery::default()
        };
        let (limit, query) = page(100, 100).checked().unwrap();
        assert_eq!(
            (limit, query.per_page, query.skipped(limit)),
            (100, None, 9900)
        );
        assert_eq!(pointer(page(0, 100)).as_deref(), Some("/page"));
        assert_eq!(pointer(page(101, 100)).as_deref(), Some("/page"));
        assert_eq!(pointer(page(1, 201)).as_deref(), Some("/per_page"));
        let query = ListQuery {
            limit: Some(1),
            ..page(1, 1)
        };
        assert_eq!(pointer(query).as_deref(), Some("/per_page"));
        let query = ListQuery {
            cursor: Some("x".into()),
            ..page(1, 1)
        };
        assert_eq!(pointer(query).as_deref(), Some("/cursor"));
        let query = ListQuery {
            size_min: Some(1),
            ..page(1, 1)
        };
        assert_eq!(pointer(query).as_deref(), Some("/size_min"));
    }

    #[test]
    fn a_wrong_filter_is_named() {
        let query = ListQuery {
            last_push_before: Some("soon".into()),
            ..ListQuery::default()
        };
        assert_eq!(pointer(query).as_deref(), Some("/last_push_before"));
        let query = ListQuery {
            size_min: Some(THRESHOLD_BYTES_MAX + 1),
            ..ListQuery::default()
        };
        assert_eq!(pointer(query).as_deref(), Some("/size_min"));
        let query = ListQuery {
            last_push_after: Some("2026-11-29T06:40:56Z".into()),
            size_max: Some(0),
            ..ListQuery::default()
        };
        assert_eq!(pointer(query), None);
    }
}
