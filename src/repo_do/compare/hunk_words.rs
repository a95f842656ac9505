//! The head of a hunk as JSON, and a hunk by its words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix_object::bstr::ByteSlice as _;
use serde::Serialize;

use crate::git::compare::hunks::Hunk;
use crate::git::compare::text::TextDiff;
use crate::git::compare::words::{RunKind, WordDiff};

/// The head of a hunk, as its JSON begins.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    old_start: u32,
    old_lines: u32,
    new_start: u32,
    new_lines: u32,
    section: &'a str,
}

/// Writes the head of a hunk without the brace at its end: the object goes on with its lines.
pub(super) fn write_head(hunk: &Hunk, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let count = |range: &std::ops::Range<u32>| range.end.saturating_sub(range.start);
    // Without lines git names the line before.
    let start =
        |range: &std::ops::Range<u32>| range.start.saturating_add(u32::from(count(range) > 0));
    let section = hunk.function.to_str_lossy();
    let head = Head {
        old_start: start(&hunk.old),
        old_lines: count(&hunk.old),
        new_start: start(&hunk.new),
        new_lines: count(&hunk.new),
        section: &section,
    };
    serde_json::to_writer(&mut *out, &head)?;
    out.pop();
    Ok(())
}

/// A stretch of text; the newlines in it are part of it.
#[derive(Debug, Serialize)]
struct Run<'a> {
    r#type: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// Writes the hunk: `words` stand in place of `lines`. The words that both sides share before a change, in it
/// and behind it are one stretch.
pub(super) fn write(diff: &TextDiff, hunk: &Hunk, out: &mut Vec<u8>) -> serde_json::Result<()> {
    write_head(hunk, out)?;
    out.extend_from_slice(b",\"words\":[");
    let mut runs = Runs {
        out,
        common: Vec::new(),
        is_first: true,
    };
    let mut number = hunk.new.start;
    for change in diff.changes.get(hunk.changes.clone()).unwrap_or_default() {
        for line in number..change.new.start {
            runs.common.extend_from_slice(diff.new.line(line));
        }
        for (kind, bytes) in WordDiff::of(diff, change).runs() {
            match kind {
                RunKind::Context => runs.common.extend_from_slice(bytes),
                RunKind::Deleted => runs.write("deleted", bytes)?,
                RunKind::Added => runs.write("added", bytes)?,
            }
        }
        number = change.new.end;
    }
    for line in number..hunk.new.end {
        runs.common.extend_from_slice(diff.new.line(line));
    }
    runs.write_common()?;
    out.extend_from_slice(b"]}");
    Ok(())
}

struct Runs<'a> {
    out: &'a mut Vec<u8>,
    /// The words in common since the last word that differs.
    common: Vec<u8>,
    is_first: bool,
}

impl Runs<'_> {
    fn write(&mut self, r#type: &'static str, bytes: &[u8]) -> serde_json::Result<()> {
        self.write_common()?;
        self.write_run(r#type, bytes)
    }

    fn write_common(&mut self) -> serde_json::Result<()> {
        let common = std::mem::take(&mut self.common);
        if common.is_empty() {
            return Ok(());
        }
        self.write_run("context", &common)
    }

    fn write_run(&mut self, r#type: &'static str, bytes: &[u8]) -> serde_json::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        let shown = Run {
            r#type,
            text: &bytes.to_str_lossy(),
            base64: bytes.to_str().is_err().then(|| STANDARD.encode(bytes)),
        };
        serde_json::to_writer(&mut *self.out, &shown)
    }
}
