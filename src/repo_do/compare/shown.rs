//! The shapes of the JSON. Text of a repository need not be UTF-8: other text is shown with replacement
//! characters, and beside it in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix_object::bstr::ByteSlice as _;
use serde::Serialize;

use super::hunk_words::{self, write_head};
use crate::git::compare::file_diff::FileDiff;
use crate::git::compare::hunks::{Hunk, Hunks};
use crate::git::compare::patch::mode_of;
use crate::git::compare::text::TextDiff;
use crate::git::compare::tree::{Change, Side};

/// A file that differs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path_base64: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<u16>,
    old_mode: Option<&'static str>,
    new_mode: Option<&'static str>,
    old_hash: Option<String>,
    new_hash: Option<String>,
    additions: u64,
    deletions: u64,
    binary: bool,
    too_large: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_size: Option<u64>,
}

impl File {
    /// A change and the findings in the file.
    pub(super) fn new(change: &Change, diff: &FileDiff) -> Self {
        let base64 = |path: &[u8]| path.to_str().is_err().then(|| STANDARD.encode(path));
        let old_path = change.renamed.as_ref().map(|renamed| &renamed.from);
        let mode = |side: Option<Side>| side.map(|side| mode_of(side.kind));
        let hash = |side: Option<Side>| side.map(|side| side.id.to_string());
        let (additions, deletions) = diff.counts();
        let sizes = match diff {
            FileDiff::Binary(sizes) | FileDiff::TooLarge(sizes) => Some(*sizes),
            FileDiff::Same | FileDiff::Text(_) => None,
        };
        Self {
            path: change.path.to_str_lossy().into_owned(),
            path_base64: base64(&change.path),
            old_path: old_path.map(|path| path.to_str_lossy().into_owned()),
            old_path_base64: old_path.and_then(|path| base64(path)),
            status: status(change),
            similarity: change.similarity_percent(),
            old_mode: mode(change.old),
            new_mode: mode(change.new),
            old_hash: hash(change.old),
            new_hash: hash(change.new),
            additions,
            deletions,
            binary: matches!(diff, FileDiff::Binary(_)),
            too_large: matches!(diff, FileDiff::TooLarge(_)),
            old_size: sizes
                .filter(|_| change.old.is_some())
                .map(|sizes| sizes.old_bytes),
            new_size: sizes
                .filter(|_| change.new.is_some())
                .map(|sizes| sizes.new_bytes),
        }
    }
}

fn status(change: &Change) -> &'static str {
    match (&change.renamed, change.old, change.new) {
        (Some(_), ..) => "renamed",
        (None, None, _) => "added",
        (None, _, None) => "deleted",
        (None, Some(old), Some(new)) if old.kind != new.kind && !both_regular(old, new) => {
            "type_changed"
        }
        _ => "modified",
    }
}

fn both_regular(old: Side, new: Side) -> bool {
    old.is_regular() && new.is_regular()
}

/// A file's hunks, one after the other.
pub(super) struct HunkWriter {
    diff: TextDiff,
    hunks: Hunks,
    by_words: bool,
    is_first: bool,
}

impl HunkWriter {
    /// Hunks with this many lines of context.
    pub(super) fn new(diff: TextDiff, context: u32, by_words: bool) -> Self {
        Self {
            diff,
            hunks: Hunks::new(context),
            by_words,
            is_first: true,
        }
    }

    /// Appends the next hunk; `false` when there is none.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> serde_json::Result<bool> {
        let Some(hunk) = self.hunks.next(&self.diff) else {
            return Ok(false);
        };
        if !std::mem::take(&mut self.is_first) {
            out.push(b',');
        }
        if self.by_words {
            hunk_words::write(&self.diff, &hunk, out)?;
        } else {
            write_hunk(&self.diff, &hunk, out)?;
        }
        Ok(true)
    }
}

fn write_hunk(diff: &TextDiff, hunk: &Hunk, out: &mut Vec<u8>) -> serde_json::Result<()> {
    write_head(hunk, out)?;
    out.extend_from_slice(b",\"lines\":[");
    let mut lines = Lines {
        out,
        is_first: true,
    };
    let mut number = hunk.new.start;
    for change in diff.changes.get(hunk.changes.clone()).unwrap_or_default() {
        for line in number..change.new.start {
            lines.write("context", diff.new.line(line))?;
        }
        for line in change.old.clone() {
            lines.write("deleted", diff.old.line(line))?;
        }
        for line in change.new.clone() {
            lines.write("added", diff.new.line(line))?;
        }
        number = change.new.end;
    }
    for line in number..hunk.new.end {
        lines.write("context", diff.new.line(line))?;
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

/// A line without the newline that ends it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    r#type: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The file ends here, without a newline.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_newline: bool,
}

struct Lines<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl Lines<'_> {
    fn write(&mut self, r#type: &'static str, line: &[u8]) -> serde_json::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        let ended = line.strip_suffix(b"\n");
        let bytes = ended.unwrap_or(line);
        let text = bytes.to_str_lossy();
        let shown = Line {
            r#type,
            text: &text,
            base64: bytes.to_str().is_err().then(|| STANDARD.encode(bytes)),
            no_newline: ended.is_none(),
        };
        serde_json::to_writer(&mut *self.out, &shown)
    }
}
