//! Files that differ as JSON: their counts, and their hunks if these are asked for.

use serde_json::Value;

use super::changes::{Changes, Comparing};
use super::shown::{File, HunkWriter};
use super::stream::{PIECE_BYTES, Pieces};
use crate::git::compare::file_diff::FileDiff;
use crate::git::compare::text::Whitespace;
use crate::git::compare::tree::Change;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::content::{ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::memory::Reservation;

/// The part of a text that differs, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Details {
    /// How many lines.
    Counts,
    /// Hunks with their lines.
    Lines,
    /// Hunks with their words.
    Words,
}

/// An answer with files, under way.
pub(super) struct FilesJson {
    reading: Reading,
    changes: std::vec::IntoIter<Change>,
    comparing: Comparing,
    context: u32,
    whitespace: Whitespace,
    details: Details,
    /// The JSON before the files: the fields of the result, without the last brace.
    head: Option<Vec<u8>>,
    rename_limit_needed: Option<u32>,
    /// The hunks of the file that was begun.
    hunks: Option<HunkWriter>,
    files: u64,
    additions: u64,
    deletions: u64,
    _changes: Reservation,
}

impl FilesJson {
    /// The files behind these fields of the result.
    pub(super) fn new(
        reading: Reading,
        changes: Changes,
        head: &Value,
        (context, details): (u32, Details),
    ) -> Self {
        Self {
            reading,
            changes: changes.files.into_iter(),
            comparing: Comparing::default(),
            context,
            whitespace: Whitespace::Counts,
            details,
            head: Some(head.to_string().into_bytes()),
            rename_limit_needed: changes.rename_limit_needed,
            hunks: None,
            files: 0,
            additions: 0,
            deletions: 0,
            _changes: changes.reservation,
        }
    }

    /// The same where white space counts or not. A file that differs in nothing else has no hunks.
    pub(super) fn by_whitespace(self, whitespace: Whitespace) -> Self {
        Self { whitespace, ..self }
    }

    fn write_head(&mut self, out: &mut Vec<u8>) {
        let Some(mut head) = self.head.take() else {
            return;
        };
        out.extend_from_slice(ENVELOPE_OPEN.as_bytes());
        head.pop();
        out.append(&mut head);
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.extend_from_slice(b"\"files\":[");
    }

    /// Compares the next file and writes it, up to its hunks; `false` behind the last one.
    async fn begin_file(&mut self, out: &mut Vec<u8>) -> Result<bool, ErrorReply> {
        let Some(change) = self.changes.next() else {
            return Ok(false);
        };
        let diff = self
            .comparing
            .compare(&mut self.reading, &change, (self.context, self.whitespace))
            .await?;
        if self.files > 0 {
            out.push(b',');
        }
        let (additions, deletions) = diff.counts();
        self.files = self.files.saturating_add(1);
        self.additions = self.additions.saturating_add(additions);
        self.deletions = self.deletions.saturating_add(deletions);
        serde_json::to_writer(&mut *out, &File::new(&change, &diff))
            .map_err(|error| fault(&error))?;
        let by_words = match self.details {
            Details::Counts => return Ok(true),
            Details::Lines => false,
            Details::Words => true,
        };
        if let FileDiff::Text(text) = diff {
            // The object goes on with its hunks.
            out.pop();
            out.extend_from_slice(b",\"hunks\":[");
            self.hunks = Some(HunkWriter::new(text, self.context, by_words));
        }
        Ok(true)
    }

    fn write_tail(&self, out: &mut Vec<u8>) {
        let stats = serde_json::json!({
            "files": self.files,
            "additions": self.additions,
            "deletions": self.deletions,
        });
        out.extend_from_slice(format!("],\"stats\":{stats}").as_bytes());
        if let Some(needed) = self.rename_limit_needed {
            out.extend_from_slice(format!(",\"renameLimitNeeded\":{needed}").as_bytes());
        }
        out.push(b'}');
        out.extend_from_slice(envelope_close(None).as_bytes());
    }
}

impl Pieces for FilesJson {
    async fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool, ErrorReply> {
        self.write_head(out);
        while out.len() < PIECE_BYTES {
            match &mut self.hunks {
                Some(hunks) => {
                    if !hunks.write(out).map_err(|error| fault(&error))? {
                        out.extend_from_slice(b"]}");
                        self.hunks = None;
                    }
                }
                None => {
                    if !self.begin_file(out).await? {
                        self.write_tail(out);
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

fn fault(error: &serde_json::Error) -> ErrorReply {
    ErrorReply::new(ErrorCode::InternalError, error.to_string())
}
