//! The query of a blame, read strictly.

use crate::git::blame::Run;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::query::{fields, unknown, wrong};

/// A client's wishes for a blame.
#[derive(Debug, Default)]
pub(super) struct BlameQuery {
    /// Where the page before ended.
    pub(super) cursor: Option<String>,
    /// The first and the last line, from 1; without a last line, to the end.
    range: Option<(u32, Option<u32>)>,
}

impl BlameQuery {
    /// Reads a query.
    pub(super) fn read(text: &str) -> Result<Self, ErrorReply> {
        let mut query = Self::default();
        for field in fields(text) {
            let (field, value) = field?;
            match field.as_ref() {
                "cursor" => query.cursor = Some(value.into_owned()).filter(|text| !text.is_empty()),
                "range" => query.range = Some(range(&value)?),
                _ => return Err(unknown(&field)),
            }
        }
        Ok(query)
    }

    /// The range, as part of the question.
    pub(super) fn bounds(&self) -> String {
        format!("{:?}", self.range)
    }

    /// The lines of a file that has so many.
    pub(super) fn run(&self, lines: u32) -> Result<Run, ErrorReply> {
        let (first, last) = self.range.unwrap_or((1, None));
        if self.range.is_some() && first > lines {
            let message = format!("the file has {lines} lines, and none of this range");
            return Err(wrong("range", message));
        }
        let start = first.saturating_sub(1);
        let end = last.unwrap_or(lines).min(lines);
        Ok(Run {
            line: start,
            lines: end.saturating_sub(start),
            original: start,
        })
    }
}

/// `10,20` or `10,`, as `git blame -L` takes it.
fn range(text: &str) -> Result<(u32, Option<u32>), ErrorReply> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
    let read = || {
        let (first, last) = text.split_once(',')?;
        let first = number(first)?;
        if last.is_empty() {
            return Some((first, None));
        }
        let last = number(last).filter(|last| *last >= first)?;
        Some((first, Some(last)))
    };
    read().ok_or_else(|| {
        let message = format!("a range is '10,20' or '10,', numbered from 1, not '{text}'");
        wrong("range", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_of_the_lines_that_are_there() {
        let lines = |text: &str| {
            let run = BlameQuery::read(text).unwrap().run(30)?;
            Ok::<_, ErrorReply>((run.line, run.lines, run.original))
        };
        assert_eq!(lines("").unwrap(), (0, 30, 0));
        assert_eq!(lines("range=10,20").unwrap(), (9, 11, 9));
        assert_eq!(lines("range=30,").unwrap(), (29, 1, 29));
        assert_eq!(lines("range=5,500&cursor=").unwrap(), (4, 26, 4));
        assert_eq!(lines("range=31,").unwrap_err().pointer.unwrap(), "/range");
        for (text, pointer) in [
            ("range=", "/range"),
            ("range=5", "/range"),
            ("range=0,3", "/range"),
            ("range=5,4", "/range"),
            ("range=1,2&range=1,2", "/range"),
            ("colour=red", "/colour"),
        ] {
            let error = BlameQuery::read(text).unwrap_err();
            assert_eq!(error.pointer.unwrap(), pointer, "{text}");
        }
    }
}
