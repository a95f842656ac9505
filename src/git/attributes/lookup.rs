//! The state of one attribute, by the files of a tree together: a file below has its way over one
//! above, a later line over an earlier one, and a macro stands for the attributes that it sets.

use std::collections::{BTreeMap, HashMap, HashSet};

use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::file::{Assignment, AttributesFile, Line, Setting};

/// The one macro that git itself defines, and the attributes that it sets.
const BINARY: (&str, [&str; 3]) = ("binary", ["diff", "merge", "text"]);

/// The state of an attribute of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// No line says anything.
    Unspecified,
    /// It is set, without a value.
    Set,
    /// It is unset.
    Unset,
    /// It has this value.
    Value(&'a BStr),
}

/// The lines of a tree's files that bear on one attribute.
#[derive(Debug)]
pub struct Lookup {
    name: BString,
    /// The lines by their directory, the root's under the empty path.
    directories: BTreeMap<BString, Vec<Line>>,
    macros: Macros,
}

/// The attributes that each macro sets.
pub(super) type Macros = HashMap<BString, Vec<Assignment>>;

impl Lookup {
    /// Looks for an attribute in these files, each with its directory: without a slash at its end, the
    /// root empty.
    pub fn new(name: &str, files: impl IntoIterator<Item = (BString, AttributesFile)>) -> Self {
        let mut directories: BTreeMap<BString, Vec<Line>> = BTreeMap::new();
        let mut macros = git_macros();
        for (directory, file) in files {
            directories.insert(directory, file.lines);
            // The last definition counts, also for the lines before it.
            macros.extend(file.macros);
        }
        let bearing = bearing(name, &macros);
        let bears = |assignment: &Assignment| bearing.contains(assignment.name.as_bstr());
        for lines in directories.values_mut() {
            for line in lines.iter_mut() {
                line.assignments.retain(bears);
            }
            lines.retain(|line| !line.assignments.is_empty());
        }
        directories.retain(|_, lines| !lines.is_empty());
        let mut kept = macros.clone();
        for assignments in kept.values_mut() {
            assignments.retain(bears);
        }
        Self {
            name: name.into(),
            directories,
            macros: kept,
        }
    }

    /// Whether no path has the attribute, because no line names it.
    pub fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// How many lines a path is compared with, at most.
    pub fn lines(&self) -> usize {
        self.directories.values().map(Vec::len).sum()
    }

    /// The state of the attribute of a file.
    pub fn state(&self, path: &BStr) -> State<'_> {
        let mut known: HashMap<&BStr, &Setting> = HashMap::new();
        for directory in directories_of(path) {
            let Some(lines) = self.directories.get(directory) else {
                continue;
            };
            let start = match directory.len() {
                0 => 0,
                length => length.saturating_add(1),
            };
            let below = path.get(start..).unwrap_or_default().as_bstr();
            let matching = lines
                .iter()
                .rev()
                .filter(|line| line.pattern.matches(below));
            for line in matching {
                fill(&line.assignments, &self.macros, &mut known);
                if let Some(setting) = known.get(self.name.as_bstr()) {
                    return state_of(setting);
                }
            }
        }
        State::Unspecified
    }
}

/// The macros that are there before any file is read.
pub(super) fn git_macros() -> Macros {
    let (binary, sets) = BINARY;
    let unset = |name: &str| Assignment {
        name: name.into(),
        setting: Setting::Unset,
    };
    HashMap::from([(binary.into(), sets.map(unset).to_vec())])
}

/// Notes a line's values of attributes that no line named before. A macro that is set is
/// replaced at once, before attributes further to the left.
pub(super) fn fill<'a>(
    line: &'a [Assignment],
    macros: &'a Macros,
    known: &mut HashMap<&'a BStr, &'a Setting>,
) {
    let mut left = vec![line.iter()];
    while let Some(open) = left.last_mut() {
        let Some(Assignment { name, setting }) = open.next_back() else {
            left.pop();
            continue;
        };
        let name = name.as_bstr();
        if known.contains_key(name) {
            continue;
        }
        known.insert(name, setting);
        if let (Setting::Set, Some(sets)) = (setting, macros.get(name)) {
            left.push(sets.iter());
        }
    }
}

pub(super) fn state_of(setting: &Setting) -> State<'_> {
    match setting {
        Setting::Set => State::Set,
        Setting::Unset => State::Unset,
        Setting::Unspecified => State::Unspecified,
        Setting::Value(value) => State::Value(value.as_bstr()),
    }
}

/// The attribute itself and the macros that lead to it.
fn bearing<'a>(name: &'a str, macros: &'a Macros) -> HashSet<&'a BStr> {
    let mut setters: HashMap<&BStr, Vec<&BStr>> = HashMap::new();
    for (setter, sets) in macros {
        for assignment in sets {
            let setters = setters.entry(assignment.name.as_bstr()).or_default();
            setters.push(setter.as_bstr());
        }
    }
    let mut bearing = HashSet::new();
    let mut left = vec![BStr::new(name)];
    while let Some(name) = left.pop() {
        if bearing.insert(name) {
            left.extend(setters.get(name).into_iter().flatten());
        }
    }
    bearing
}

/// The directories of a file, the deepest first; the root is the empty path.
pub fn directories_of(path: &BStr) -> impl Iterator<Item = &BStr> {
    let slashes = path.rfind_iter(b"/");
    let parents = slashes.map(|end| path.get(..end).unwrap_or_default().as_bstr());
    parents.chain(std::iter::once(BStr::new(b"")))
}
