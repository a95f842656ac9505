//! A whole patch, file by file; other text between them is passed over, as in a mail.

use gix_object::bstr::ByteSlice;

use super::binary::{self, Binary};
use super::error::{PatchError, SyntaxFault};
use super::header::{Header, Lines};
use super::hunk::{self, Hunk};

/// Bytes of a line at least in which git looks for a header, and those behind it that must follow.
const LINE_BYTES_MIN: usize = 6;

/// Bytes that the shortest header of a hunk has.
const HUNK_HEADER_BYTES_MIN: usize = 14;

/// Bounds of a patch.
#[expect(clippy::struct_field_names, reason = "each is a bound")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) bytes_max: u64,
    pub(super) files_max: usize,
    /// Bytes of one content.
    pub(super) content_bytes_max: u64,
}

/// The part of a patch that is for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePatch<'a> {
    pub(super) header: Header<'a>,
    pub(super) body: Body<'a>,
}

/// The change to the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body<'a> {
    Text(Vec<Hunk<'a>>),
    Binary(Binary),
    /// `Binary files a/x and b/x differ`.
    BinaryWithoutData,
}

/// Reads a patch.
pub(super) fn parse<'a>(text: &'a [u8], bounds: &Bounds) -> Result<Vec<FilePatch<'a>>, PatchError> {
    let (bytes, limit) = (text.len() as u64, bounds.bytes_max);
    if bytes > limit {
        return Err(PatchError::TooLong { bytes, limit });
    }
    let mut lines = Lines {
        rest: text,
        number: 1,
    };
    let mut files = Vec::new();
    while let Some(header) = find_header(&mut lines)? {
        if files.len() >= bounds.files_max {
            let limit = bounds.files_max;
            return Err(PatchError::TooManyFiles { limit });
        }
        files.push(take_file(header, &mut lines, bounds)?);
    }
    if files.is_empty() {
        return Err(PatchError::NoPatch);
    }
    Ok(files)
}

/// Passes over lines up to a header, and takes it (git's `find_header`).
fn find_header<'a>(lines: &mut Lines<'a>) -> Result<Option<Header<'a>>, PatchError> {
    // Where a `diff --git` line has no header behind it.
    let mut empty_header = None;
    while let Some(line) = lines.peek() {
        if line.len() < LINE_BYTES_MIN {
            lines.take();
            continue;
        }
        if hunk::ranges(line).is_some() {
            return Err(lines.fault(SyntaxFault::NoHeader));
        }
        if lines.rest.len() < line.len().saturating_add(LINE_BYTES_MIN) {
            break;
        }
        if line.starts_with(b"diff --git ") {
            let fault = lines.fault(SyntaxFault::EmptyHeader);
            match Header::take_git(lines)? {
                Some(header) => return empty_header.map_or(Ok(Some(header)), Err),
                None => empty_header = Some(fault),
            }
            continue;
        }
        if is_traditional(lines) {
            let header = Header::take_traditional(lines)?;
            return empty_header.map_or(Ok(Some(header)), Err);
        }
        lines.take();
    }
    Ok(None)
}

/// `---`, `+++` and a hunk come next.
fn is_traditional(lines: &Lines<'_>) -> bool {
    let mut behind = *lines;
    let old = behind.take().unwrap_or_default();
    let new = behind.take().unwrap_or_default();
    old.starts_with(b"--- ")
        && new.starts_with(b"+++ ")
        && behind.rest.starts_with(b"@@ -")
        && behind.rest.len() >= HUNK_HEADER_BYTES_MIN
}

/// Takes the body behind a header (git's `parse_chunk`).
fn take_file<'a>(
    mut header: Header<'a>,
    lines: &mut Lines<'a>,
    bounds: &Bounds,
) -> Result<FilePatch<'a>, PatchError> {
    let mut hunks = Vec::new();
    while lines.rest.starts_with(b"@@ -") {
        hunks.push(Hunk::take(lines)?);
    }
    settle(&mut header, &hunks).map_err(|fault| lines.fault(fault))?;
    let body = match lines.peek() {
        _ if !hunks.is_empty() => Body::Text(hunks),
        Some(b"GIT binary patch\n") => {
            lines.take();
            Body::Binary(binary::take(lines, bounds.content_bytes_max)?)
        }
        Some(line) if is_binary_notice(line) => {
            lines.take();
            Body::BinaryWithoutData
        }
        _ if header.changes_more_than_lines() => Body::Text(hunks),
        _ => return Err(lines.fault(SyntaxFault::OnlyGarbage)),
    };
    Ok(FilePatch { header, body })
}

/// Fills in from the hunks the facts that a header leaves open (git's `parse_single_patch`).
fn settle(header: &mut Header<'_>, hunks: &[Hunk<'_>]) -> Result<(), SyntaxFault> {
    let has_old = hunks.iter().any(|hunk| hunk.old_lines > 0);
    let has_new = hunks.iter().any(|hunk| hunk.new_lines > 0);
    let is_many = hunks.len() > 1;
    if header.is_new.is_none() && (has_old || is_many) {
        header.is_new = Some(false);
    }
    if header.is_delete.is_none() && (has_new || is_many) {
        header.is_delete = Some(false);
    }
    if header.is_new == Some(true) && has_old {
        return Err(SyntaxFault::NewWithOldLines);
    }
    if header.is_delete == Some(true) && has_new {
        return Err(SyntaxFault::DeletedWithNewLines);
    }
    Ok(())
}

fn is_binary_notice(line: &[u8]) -> bool {
    let line = line.as_bstr();
    let starts = line.starts_with(b"Binary files ") || line.starts_with(b"Files ");
    starts && line.ends_with(b" differ\n")
}
