//! The attributes of paths in the order of a walk over a tree: it holds the files of the directories that the
//! walk is in.

use std::collections::HashMap;

use gix_object::bstr::{BStr, ByteSlice as _};

use super::file::{AttributesFile, Line, Setting};
use super::lookup::{Macros, State, fill, git_macros, state_of};

/// Lines that are held at most. A path may be compared with each of them.
const LINES_MAX: usize = 10_000;

/// The files on the way are too many lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the .gitattributes files on one path have {lines} lines, at most {LINES_MAX} are read")]
pub(crate) struct TooManyLines {
    lines: usize,
}

/// The files of the directories that a walk is in.
#[derive(Debug)]
pub(crate) struct AttributesStack {
    levels: Vec<Level>,
    macros: Macros,
    lines: usize,
}

#[derive(Debug)]
struct Level {
    /// Bytes of a path before the part that the patterns of this file are about.
    path_bytes: usize,
    lines: Vec<Line>,
}

impl AttributesStack {
    /// No directory was entered yet.
    pub(crate) fn new() -> Self {
        Self {
            levels: Vec::new(),
            macros: git_macros(),
            lines: 0,
        }
    }

    /// Enters a directory that has a file. Its path has `path_bytes`, the slash behind it included: 0 for
    /// the root.
    pub(crate) fn enter(
        &mut self,
        path_bytes: usize,
        file: AttributesFile,
    ) -> Result<(), TooManyLines> {
        let lines = self.lines.saturating_add(file.lines.len());
        if lines > LINES_MAX {
            return Err(TooManyLines { lines });
        }
        self.lines = lines;
        self.macros.extend(file.macros);
        self.levels.push(Level {
            path_bytes,
            lines: file.lines,
        });
        Ok(())
    }

    /// Leaves the directories whose path is longer than that of the directory the walk is in.
    pub(crate) fn leave(&mut self, path_bytes: usize) {
        while let Some(last) = self.levels.pop_if(|last| last.path_bytes > path_bytes) {
            self.lines = self.lines.saturating_sub(last.lines.len());
        }
    }

    /// How many lines a path is compared with, at most.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// The states of attributes of the entry at a path, which has no slash at its end.
    pub(crate) fn states<const N: usize>(
        &self,
        path: &BStr,
        is_directory: bool,
        names: [&str; N],
    ) -> [State<'_>; N] {
        let mut known: HashMap<&BStr, &Setting> = HashMap::new();
        'levels: for level in self.levels.iter().rev() {
            let below = path.get(level.path_bytes..).unwrap_or_default().as_bstr();
            for line in level.lines.iter().rev() {
                if !line.pattern.matches_entry(below, is_directory) {
                    continue;
                }
                fill(&line.assignments, &self.macros, &mut known);
                if names.iter().all(|name| known.contains_key(BStr::new(name))) {
                    break 'levels;
                }
            }
        }
        names.map(|name| match known.get(BStr::new(name)) {
            Some(setting) => state_of(setting),
            None => State::Unspecified,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, is_root: bool) -> AttributesFile {
        AttributesFile::parse(text.as_bytes(), is_root)
    }

    #[test]
    fn a_file_below_has_its_way_until_its_directory_is_left() {
        let mut stack = AttributesStack::new();
        let root =
            "*.c eol=crlf\nsub/ export-ignore\n[attr]both export-ignore export-subst\nx both\n";
        stack.enter(0, file(root, true)).unwrap();
        stack.enter(2, file("*.c !eol\n", false)).unwrap();
        let eol =
            |stack: &AttributesStack, path: &str| match stack.states(path.into(), false, ["eol"]) {
                [State::Value(value)] => value.to_string(),
                _ => String::new(),
            };
        assert_eq!(eol(&stack, "d/a.c"), "");
        stack.leave(0);
        assert_eq!(eol(&stack, "a.c"), "crlf");
        let both = ["export-ignore", "export-subst"];
        assert_eq!(
            stack.states("x".into(), false, both),
            [State::Set, State::Set]
        );
        assert_eq!(stack.states("sub".into(), true, both)[0], State::Set);
        assert_eq!(
            stack.states("sub".into(), false, both)[0],
            State::Unspecified
        );
    }

    #[test]
    fn too_many_lines_are_refused() {
        let mut stack = AttributesStack::new();
        let text = "a b\n".repeat(LINES_MAX);
        stack.enter(0, file(&text, true)).unwrap();
        let lines = LINES_MAX + 1;
        assert_eq!(
            stack.enter(2, file("a b", false)),
            Err(TooManyLines { lines })
        );
        stack.enter(2, AttributesFile::default()).unwrap();
    }
}
