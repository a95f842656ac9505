//! Patches, byte for byte as `git diff` prints them (`builtin_diff` of git's `diff.c`;
//! <https://git-scm.com/docs/diff-format#generate_patch_text_with_p>).
//!
//! Ids are shortened as git does it by itself: by the number of objects that are stored here. A
//! clone may have fewer, and show a digit less, if many objects are stored that no ref reaches.
//!
//! Attributes are not looked at: no file is text or binary because `.gitattributes` says so. A file
//! that is too large to be compared is shown as a binary one, as git does it above
//! `core.bigFileThreshold`.

use gix_object::tree::EntryKind;

use super::super::limits::Limits;
use super::super::store::ObjectSource;
use super::abbreviate::{Abbreviation, ObjectNames};
use super::binary;
use super::content::Content;
use super::error::CompareError;
use super::quote::{write_path, write_prefixed};
use super::text::{TextDiff, Whitespace};
use super::tree::{Change, Side};
use super::unified::Unified;

/// Bytes that are noted of a line while two files are compared, at most.
const LINE_BYTES: u64 = 64;

/// Writes the patches of some changes, one after the other.
#[derive(Debug)]
pub struct Patches {
    changes: std::vec::IntoIter<Change>,
    current: Option<Current>,
    abbreviation: Option<Abbreviation>,
    context: u32,
    with_binary: bool,
    by_words: bool,
    whitespace: Whitespace,
    limits: Limits,
}

/// The file whose patch is written.
#[derive(Debug)]
struct Current {
    change: Change,
    /// The work that is left for it.
    left: Left,
}

#[derive(Debug)]
enum Left {
    /// All of it.
    Whole,
    /// Another kind of file took its place: the patch that deletes the old one was begun.
    Deletion(Option<Box<Unified>>),
    /// The only patch was begun, or the one that creates the new file.
    Rest(Option<Box<Unified>>),
}

impl Patches {
    /// Patches with this many lines of context; git shows three.
    pub fn new(changes: Vec<Change>, context: u32, limits: &Limits) -> Self {
        Self {
            changes: changes.into_iter(),
            current: None,
            abbreviation: None,
            context,
            with_binary: false,
            by_words: false,
            whitespace: Whitespace::Counts,
            limits: *limits,
        }
    }

    /// The same with lines that differ shown by their words (`git diff --word-diff`).
    #[must_use]
    pub fn by_words(self) -> Self {
        Self {
            by_words: true,
            ..self
        }
    }

    /// The same where white space counts or not (`git diff -w`).
    #[must_use]
    pub fn by_whitespace(self, whitespace: Whitespace) -> Self {
        Self { whitespace, ..self }
    }

    /// The same with the contents of binary files (`git diff --binary`), so that they can be applied.
    #[must_use]
    pub fn with_binary(self) -> Self {
        Self {
            with_binary: true,
            ..self
        }
    }

    /// Appends a piece of the patches to `out`; `false` when all is written. A piece is a header, or
    /// lines of at most some `bytes`. After an error the same can be asked again.
    pub fn step(
        &mut self,
        objects: &(impl ObjectSource + ObjectNames),
        bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, CompareError> {
        let abbreviation = match self.abbreviation {
            Some(abbreviation) => abbreviation,
            None => *self.abbreviation.insert(Abbreviation::of(objects)?),
        };
        if self.current.is_none() {
            self.current = self.changes.next().map(|change| Current {
                change,
                left: Left::Whole,
            });
        }
        let Some(current) = &mut self.current else {
            return Ok(false);
        };
        let change = &current.change;
        let begin = FilePatch {
            change,
            old: change.old,
            new: change.new,
            abbreviation,
            context: self.context,
            with_binary: self.with_binary,
            by_words: self.by_words,
            whitespace: self.whitespace,
            limits: &self.limits,
        };
        if let Left::Deletion(Some(text)) | Left::Rest(Some(text)) = &mut current.left
            && text.write(bytes, out)
        {
            return Ok(true);
        }
        match &current.left {
            Left::Whole if is_of_two_kinds(change) => {
                let deletion = FilePatch { new: None, ..begin };
                current.left = Left::Deletion(deletion.begin(objects, out)?);
            }
            Left::Whole => current.left = Left::Rest(begin.begin(objects, out)?),
            Left::Deletion(_) => {
                let creation = FilePatch { old: None, ..begin };
                current.left = Left::Rest(creation.begin(objects, out)?);
            }
            Left::Rest(_) => self.current = None,
        }
        Ok(true)
    }

    /// Bytes that the next step may hold beside its output.
    pub fn next_bytes(&self, objects: &impl ObjectSource) -> Result<u64, CompareError> {
        let current = self.current.as_ref().map(|current| &current.change);
        match current.or_else(|| self.changes.as_slice().first()) {
            Some(change) => compared_bytes(change, objects, &self.limits),
            None => Ok(0),
        }
    }
}

/// Bytes that a file takes while its lines are compared: both its sides, and the notes about each line.
pub fn compared_bytes(
    change: &Change,
    objects: &impl ObjectSource,
    limits: &Limits,
) -> Result<u64, CompareError> {
    let mut bytes = 0_u64;
    for side in change.old.iter().chain(&change.new) {
        if side.kind == EntryKind::Commit {
            continue;
        }
        let size = objects.size_bytes(&side.id)?.unwrap_or(0);
        if size <= limits.diff_bytes_max {
            let lines = size.min(limits.diff_lines_max);
            let noted = lines.saturating_mul(LINE_BYTES);
            bytes = bytes.saturating_add(size).saturating_add(noted);
        }
    }
    Ok(bytes)
}

/// Whether a file of another kind took the place of one: git shows a deletion and a creation.
pub(super) fn is_of_two_kinds(change: &Change) -> bool {
    let kind = |side: Side| match side.kind {
        EntryKind::BlobExecutable => EntryKind::Blob,
        other => other,
    };
    let kinds = change.old.map(kind).zip(change.new.map(kind));
    kinds.is_some_and(|(old, new)| old != new)
}

/// The patch of one file, or a half of that where it is of two kinds.
struct FilePatch<'a> {
    change: &'a Change,
    old: Option<Side>,
    new: Option<Side>,
    abbreviation: Abbreviation,
    context: u32,
    with_binary: bool,
    by_words: bool,
    whitespace: Whitespace,
    limits: &'a Limits,
}

impl FilePatch<'_> {
    /// Writes the header; gives the text that is to follow. On an error nothing is written.
    fn begin(
        &self,
        objects: &(impl ObjectSource + ObjectNames),
        out: &mut Vec<u8>,
    ) -> Result<Option<Box<Unified>>, CompareError> {
        let mut header = Vec::new();
        if self.old.map(|side| side.id) == self.new.map(|side| side.id) {
            self.write_header(objects, self.abbreviation, &mut header)?;
            out.append(&mut header);
            return Ok(None);
        }
        let old = Content::read(objects, self.old, self.limits)?;
        let new = Content::read(objects, self.new, self.limits)?;
        if self.with_binary
            && (old.text().is_none() || new.text().is_none())
            && let (Some(old), Some(new)) = (old.whole(), new.whole())
        {
            self.write_header(objects, Abbreviation::NONE, &mut header)?;
            out.append(&mut header);
            binary::write(old, new, out);
            return Ok(None);
        }
        self.write_header(objects, self.abbreviation, &mut header)?;
        let (Some(old), Some(new)) = (old.text(), new.text()) else {
            header.extend_from_slice(b"Binary files ");
            self.write_old_name(&mut header);
            header.extend_from_slice(b" and ");
            self.write_new_name(&mut header);
            header.extend_from_slice(b" differ\n");
            out.append(&mut header);
            return Ok(None);
        };
        let (old, new) = (old.clone(), new.clone());
        let diff = TextDiff::by(self.whitespace, old, new, self.context);
        if diff.changes.is_empty() && !self.is_told_without_lines() {
            return Ok(None);
        }
        if !diff.changes.is_empty() {
            write_name_line(b"--- ", |out| self.write_old_name(out), &mut header);
            write_name_line(b"+++ ", |out| self.write_new_name(out), &mut header);
        }
        out.append(&mut header);
        let text = Unified::new(diff, self.context, self.by_words);
        Ok(Some(Box::new(text)))
    }

    /// Whether the header alone tells a change: a file that came, went, moved or has another mode.
    fn is_told_without_lines(&self) -> bool {
        let kind = |side: Option<Side>| side.map(|side| side.kind);
        kind(self.old) != kind(self.new) || self.change.renamed.is_some()
    }

    fn write_header(
        &self,
        names: &impl ObjectNames,
        abbreviation: Abbreviation,
        out: &mut Vec<u8>,
    ) -> Result<(), CompareError> {
        out.extend_from_slice(b"diff --git ");
        write_prefixed("a/", self.change.old_path(), out);
        out.push(b' ');
        write_prefixed("b/", &self.change.path, out);
        out.push(b'\n');
        let is_same_mode = match (self.old, self.new) {
            (None, Some(new)) => {
                write_mode("new file mode ", new, out);
                false
            }
            (Some(old), None) => {
                write_mode("deleted file mode ", old, out);
                false
            }
            (Some(old), Some(new)) if old.kind != new.kind => {
                write_mode("old mode ", old, out);
                write_mode("new mode ", new, out);
                false
            }
            _ => true,
        };
        if let Some(renamed) = &self.change.renamed {
            let percent = super::score::percent(renamed.score);
            out.extend_from_slice(format!("similarity index {percent}%\nrename from ").as_bytes());
            write_path(&renamed.from, out);
            out.extend_from_slice(b"\nrename to ");
            write_path(&self.change.path, out);
            out.push(b'\n');
        }
        let (old, new) = (self.old.map(|side| side.id), self.new.map(|side| side.id));
        if old != new {
            out.extend_from_slice(b"index ");
            abbreviation.write(names, old, out)?;
            out.extend_from_slice(b"..");
            abbreviation.write(names, new, out)?;
            match self.new {
                Some(new) if is_same_mode => write_mode(" ", new, out),
                _ => out.push(b'\n'),
            }
        }
        Ok(())
    }

    fn write_old_name(&self, out: &mut Vec<u8>) {
        match self.old {
            Some(_) => write_prefixed("a/", self.change.old_path(), out),
            None => out.extend_from_slice(b"/dev/null"),
        }
    }

    fn write_new_name(&self, out: &mut Vec<u8>) {
        match self.new {
            Some(_) => write_prefixed("b/", &self.change.path, out),
            None => out.extend_from_slice(b"/dev/null"),
        }
    }
}

/// The mode of a file as Git spells it.
pub fn mode_of(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Blob => "100644",
        EntryKind::BlobExecutable => "100755",
        EntryKind::Link => "120000",
        EntryKind::Commit => "160000",
        EntryKind::Tree => "040000",
    }
}

fn write_mode(what: &str, side: Side, out: &mut Vec<u8>) {
    out.extend_from_slice(what.as_bytes());
    out.extend_from_slice(mode_of(side.kind).as_bytes());
    out.push(b'\n');
}

/// A line with a name; one that has a space is ended by a tab, for `patch`.
fn write_name_line(what: &[u8], name: impl Fn(&mut Vec<u8>), out: &mut Vec<u8>) {
    out.extend_from_slice(what);
    let start = out.len();
    name(out);
    if out.get(start..).is_some_and(|name| name.contains(&b' ')) {
        out.push(b'\t');
    }
    out.push(b'\n');
}
