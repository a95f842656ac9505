//! Queries of the content routes, read strictly: each route takes its own parameters and no
//! others.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::parameters::{self, bounded, within};
use crate::repo_do::contract::archive::{ArchiveFormat, path as archive_path};
use crate::repo_do::contract::compare::path as compare;
use crate::repo_do::contract::content::{ContentQuery, LOG_CURSOR_CHARACTERS, path};
use crate::repo_do::contract::explore::path as explore;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::route::Content;

const REFS_MAX: u32 = 1000;
/// The most refs of a page whose commits are counted.
const COUNTED_REFS_MAX: u32 = 100;
const COMMITS_MAX: u32 = 1000;
const OFFSET_MAX: u32 = 1_000_000_000;
const REF_CHARACTERS_MAX: usize = 1024;
/// Two revisions and the dots between them.
const SPEC_CHARACTERS_MAX: usize = 2 * REF_CHARACTERS_MAX + 3;
const PATH_CHARACTERS_MAX: usize = 4096;
const CURSOR_CHARACTERS_MAX: usize = 6000;
const ID_DIGITS: usize = 40;

/// Path and query at the repository's object.
pub(crate) fn target(content: &Content, query: &str) -> Result<String, ErrorReply> {
    if content.is_compared() {
        return compared(content, query);
    }
    if let Content::Archive(file) = content {
        return archive(file, query);
    }
    if let Content::Blame(place) = content {
        return explored(explore::BLAME, place, query);
    }
    if *content == Content::Grep {
        return Ok(format!("{}?{query}", explore::GREP));
    }
    if *content == Content::Search {
        return Ok(format!("{}?{query}", explore::SEARCH));
    }
    let query = checked(parameters::query::<ContentQuery>(query)?)?;
    allowed(content, &query)?;
    let (path, query) = match content {
        Content::Refs => {
            let is_counted = query.ahead_behind.is_some();
            let path = if is_counted {
                explore::AHEAD_BEHIND
            } else {
                path::REFS
            };
            (path.to_owned(), query)
        }
        Content::Log => {
            let first_parent = flag("first_parent", query.first_parent.as_deref())?;
            let query = ContentQuery {
                first_parent,
                ..query
            };
            (path::LOG.to_owned(), query)
        }
        Content::Commit(id) => (format!("{}{}", path::COMMIT, hash(id)?), query),
        Content::Tree(id) => {
            let recursive = flag("recursive", query.recursive.as_deref())?;
            let last_commit = flag("last_commit", query.last_commit.as_deref())?;
            let above = tree(recursive.is_some(), last_commit.is_some(), &query)?;
            let query = ContentQuery {
                recursive,
                last_commit: None,
                ..query
            };
            (format!("{above}{}", hash(id)?), query)
        }
        Content::Blob(id) => (format!("{}{}", path::BLOB, hash(id)?), large(query)?),
        Content::File => (path::FILE.to_owned(), file(large(query)?)?),
        Content::Lfs => (path::LFS.to_owned(), query),
        Content::Raw(rest) => {
            let rest = bounded("path", PATH_CHARACTERS_MAX, Some(rest.clone()))?;
            let query = ContentQuery {
                path: rest,
                ..large(query)?
            };
            (path::RAW.to_owned(), query)
        }
        Content::Compare(_)
        | Content::CommitPatch(_)
        | Content::CommitDiff(_)
        | Content::Diff
        | Content::MergeBase
        | Content::Reflog
        | Content::Notes => return compared(content, ""),
        Content::Archive(file) => return archive(file, ""),
        Content::Blame(place) => return explored(explore::BLAME, place, ""),
        Content::Grep => (explore::GREP.to_owned(), query),
        Content::Search => (explore::SEARCH.to_owned(), query),
    };
    let query = serde_urlencoded::to_string(&query)
        .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    Ok(format!("{path}?{query}"))
}

/// Path and query of a comparison; the object reads the query.
fn compared(content: &Content, query: &str) -> Result<String, ErrorReply> {
    let path = match content {
        Content::Compare(spec) => {
            bounded("spec", SPEC_CHARACTERS_MAX, Some(spec.clone()))?;
            let spec = utf8_percent_encode(spec, NON_ALPHANUMERIC);
            format!("{}{spec}", compare::COMMITS)
        }
        Content::CommitPatch(id) => format!("{}{}", compare::COMMIT_PATCH, hash(id)?),
        Content::CommitDiff(id) => format!("{}{}", compare::COMMIT_DIFF, hash(id)?),
        Content::Diff => compare::DIFF.to_owned(),
        Content::MergeBase => compare::MERGE_BASE.to_owned(),
        Content::Reflog => compare::REFLOG.to_owned(),
        Content::Notes => compare::NOTES.to_owned(),
        _ => {
            let message = "this is not compared";
            return Err(ErrorReply::new(ErrorCode::InternalError, message));
        }
    };
    Ok(format!("{path}?{query}"))
}

/// Path and query of a question about a ref and a path; the object reads the query.
fn explored(above: &str, place: &str, query: &str) -> Result<String, ErrorReply> {
    bounded("path", PATH_CHARACTERS_MAX, Some(place.to_owned()))?;
    let place = utf8_percent_encode(place, NON_ALPHANUMERIC);
    Ok(format!("{above}{place}?{query}"))
}

/// Path and query of an archive; the object reads the query.
fn archive(file: &str, query: &str) -> Result<String, ErrorReply> {
    bounded("ref", REF_CHARACTERS_MAX, Some(file.to_owned()))?;
    let Some((revision, format)) = ArchiveFormat::split(file) else {
        let message = "an archive is named by a ref and .tar.gz, .tar or .zip";
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/ref", message));
    };
    let revision = utf8_percent_encode(revision, NON_ALPHANUMERIC);
    let (above, format) = (archive_path::ARCHIVE, format.extension());
    Ok(format!("{above}{format}/{revision}?{query}"))
}

/// Where a tree is listed: its entries alone, or each with its last commit.
fn tree(
    recursive: bool,
    last_commit: bool,
    query: &ContentQuery,
) -> Result<&'static str, ErrorReply> {
    let refuse = |pointer: &str, message: &str| {
        Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
    };
    match (recursive, last_commit) {
        (true, true) => refuse("/recursive", "recursive and last_commit exclude each other"),
        (_, false) if query.path.is_some() => refuse(
            "/path",
            "path is taken with last_commit alone: name the tree",
        ),
        (_, false) => Ok(path::TREE),
        (false, true) => Ok(explore::LAST_COMMITS),
    }
}

fn checked(query: ContentQuery) -> Result<ContentQuery, ErrorReply> {
    let query = checked_offset(query)?;
    if query.revision.as_deref() == Some("") {
        let message = "the ref is empty";
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/ref", message));
    }
    Ok(ContentQuery {
        revision: bounded("ref", REF_CHARACTERS_MAX, query.revision)?,
        path: bounded("path", PATH_CHARACTERS_MAX, query.path)?,
        prefix: bounded("prefix", REF_CHARACTERS_MAX, query.prefix)?,
        ahead_behind: bounded("ahead_behind", REF_CHARACTERS_MAX, query.ahead_behind)?,
        cursor: bounded("cursor", CURSOR_CHARACTERS_MAX, query.cursor)?,
        ..query
    })
}

/// The offset is a number. Once the cursor of a log was the next offset, and was sent as that: a text as long
/// as a cursor is taken for one.
fn checked_offset(mut query: ContentQuery) -> Result<ContentQuery, ErrorReply> {
    let refuse = |message: String| ErrorReply::at(ErrorCode::InvalidInput, "/offset", message);
    let Some(offset) = query.offset.take() else {
        return Ok(query);
    };
    if query
        .cursor
        .as_deref()
        .is_some_and(|given| !given.is_empty())
    {
        return Err(refuse("offset and cursor exclude each other".to_owned()));
    }
    if offset.len() == LOG_CURSOR_CHARACTERS {
        query.cursor = Some(offset);
        return Ok(query);
    }
    match offset.parse::<u32>() {
        Ok(number) if number <= OFFSET_MAX => {
            query.offset = Some(number.to_string());
            Ok(query)
        }
        _ => Err(refuse(format!("offset must be 0 to {OFFSET_MAX}"))),
    }
}

/// Refuses parameters that the route does not take.
fn allowed(content: &Content, query: &ContentQuery) -> Result<(), ErrorReply> {
    let takes: &[&str] = match content {
        Content::Refs => &["prefix", "limit", "cursor", "ahead_behind"],
        Content::Log => &["ref", "path", "limit", "offset", "first_parent", "cursor"],
        Content::Tree(_) => &["recursive", "last_commit", "path", "cursor"],
        Content::File => &["ref", "path", "lfs"],
        Content::Blob(_) | Content::Raw(_) => &["lfs"],
        Content::Lfs => &["limit", "cursor"],
        _ => &[],
    };
    let given = [
        ("ref", query.revision.is_some()),
        ("path", query.path.is_some()),
        ("prefix", query.prefix.is_some()),
        ("cursor", query.cursor.is_some()),
        ("limit", query.limit.is_some()),
        ("offset", query.offset.is_some()),
        ("recursive", query.recursive.is_some()),
        ("first_parent", query.first_parent.is_some()),
        ("last_commit", query.last_commit.is_some()),
        ("ahead_behind", query.ahead_behind.is_some()),
        ("lfs", query.lfs.is_some()),
    ];
    for (field, _) in given.iter().filter(|(_, given)| *given) {
        if !takes.contains(field) {
            let message = format!("this route takes no parameter {field}");
            let pointer = format!("/{field}");
            return Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
        }
    }
    let max = match content {
        Content::Log => COMMITS_MAX,
        _ => REFS_MAX,
    };
    let max = match query.ahead_behind {
        Some(_) => COUNTED_REFS_MAX,
        None => max,
    };
    within("limit", max, 1, query.limit).map(|_| ())
}

/// The switch by which a large file is asked for.
fn large(query: ContentQuery) -> Result<ContentQuery, ErrorReply> {
    let lfs = flag("lfs", query.lfs.as_deref())?;
    Ok(ContentQuery { lfs, ..query })
}

fn file(query: ContentQuery) -> Result<ContentQuery, ErrorReply> {
    match query.path.as_deref() {
        None | Some("") => {
            let message = "the path of a file is needed";
            Err(ErrorReply::at(ErrorCode::InvalidInput, "/path", message))
        }
        Some(_) => Ok(query),
    }
}

/// A switch as the object reads it: there or not.
fn flag(field: &str, given: Option<&str>) -> Result<Option<String>, ErrorReply> {
    match given {
        None | Some("false" | "0") => Ok(None),
        Some("" | "true" | "1") => Ok(Some("true".to_owned())),
        Some(_) => {
            let (pointer, message) = (
                format!("/{field}"),
                format!("{field} must be true or false"),
            );
            Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
        }
    }
}

fn hash(text: &str) -> Result<String, ErrorReply> {
    if text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    let message = format!("an object id has {ID_DIGITS} hexadecimal digits");
    Err(ErrorReply::at(ErrorCode::InvalidInput, "/hash", message))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391";

    fn blamed(content: &Content, query: &str) -> String {
        let error = target(content, query).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{query}");
        error.pointer.unwrap_or_default()
    }

    #[test]
    fn routes_and_their_parameters() {
        let is = |content: Content, query: &str, expected: &str| {
            assert_eq!(target(&content, query).unwrap(), expected);
        };
        is(Content::Refs, "", "/content/refs?");
        is(
            Content::Refs,
            "prefix=refs%2Ftags&limit=1000&cursor=x",
            "/content/refs?prefix=refs%2Ftags&cursor=x&limit=1000",
        );
        is(
            Content::Log,
            "ref=a/b&path=c+d&limit=1&offset=5",
            "/content/log?ref=a%2Fb&path=c+d&limit=1&offset=5",
        );
        for (query, shown) in [
            ("first_parent", "first_parent=true"),
            ("first_parent=0", ""),
        ] {
            is(Content::Log, query, &format!("/content/log?{shown}"));
        }
        let id = ID.to_ascii_lowercase();
        is(
            Content::Commit(ID.into()),
            "",
            &format!("/content/commit/{id}?"),
        );
        for (query, shown) in [
            ("recursive", "recursive=true"),
            ("recursive=1", "recursive=true"),
            ("recursive=false", ""),
            ("", ""),
        ] {
            let expected = format!("/content/tree/{id}?{shown}");
            is(Content::Tree(ID.into()), query, &expected);
        }
        is(
            Content::Tree(ID.into()),
            "last_commit&path=a%2Fb&cursor=x",
            &format!("/explore/last-commits/{id}?path=a%2Fb&cursor=x"),
        );
        is(
            Content::Blame("main/a b".into()),
            "range=1,2",
            "/explore/blame/main%2Fa%20b?range=1,2",
        );
        is(Content::File, "path=a", "/content/file?path=a");
        is(
            Content::Raw("main/a b".into()),
            "",
            "/content/raw?path=main%2Fa+b",
        );
    }

    #[test]
    fn queries_that_are_refused() {
        for (query, pointer) in [
            ("limit=0", "/limit"),
            ("limit=1001", "/limit"),
            ("limit=x", "/limit"),
            ("offset=-1", "/offset"),
            ("offset=1000000001", "/offset"),
            ("ref=", "/ref"),
            ("ref=%00", "/ref"),
            ("prefix=x", "/prefix"),
            ("recursive", "/recursive"),
        ] {
            assert_eq!(blamed(&Content::Log, query), pointer, "{query}");
        }
        assert_eq!(blamed(&Content::Log, "colour=red"), "/colour");
        blamed(&Content::Log, "limit=1&limit=2");
        assert_eq!(blamed(&Content::Log, "offset=1&cursor=x"), "/offset");
        let cursor = "c".repeat(LOG_CURSOR_CHARACTERS);
        let old = target(&Content::Log, &format!("offset={cursor}")).unwrap();
        assert_eq!(old, format!("/content/log?cursor={cursor}"));
        assert_eq!(blamed(&Content::Refs, "ref=x"), "/ref");
        assert_eq!(blamed(&Content::File, ""), "/path");
        assert_eq!(blamed(&Content::File, "path="), "/path");
        let long = format!("path={}", "p".repeat(4097));
        assert_eq!(blamed(&Content::File, &long), "/path");
        assert_eq!(blamed(&Content::Raw("r".repeat(4097)), ""), "/path");
        assert_eq!(
            blamed(&Content::Tree(ID.into()), "recursive=yes"),
            "/recursive"
        );
        for (query, pointer) in [
            ("last_commit=yes", "/last_commit"),
            ("last_commit&recursive", "/recursive"),
            ("path=a", "/path"),
            ("last_commit=0&path=a", "/path"),
        ] {
            assert_eq!(blamed(&Content::Tree(ID.into()), query), pointer);
        }
        assert_eq!(blamed(&Content::Log, "first_parent=2"), "/first_parent");
        for id in ["", "e69de29", &"g".repeat(40), &"0".repeat(64)] {
            assert_eq!(blamed(&Content::Blob(id.into()), ""), "/hash");
            assert_eq!(blamed(&Content::CommitDiff(id.into()), ""), "/hash");
        }
    }

    proptest! {
        #[test]
        fn no_query_panics(query in any::<String>(), rest in any::<String>()) {
            let _ = target(&Content::Log, &query);
            let _ = target(&Content::Raw(rest), &query);
        }
    }
}
